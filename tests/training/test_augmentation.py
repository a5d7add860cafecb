"""What augmentation does to a picture, against numpy and scipy."""

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from skmnist import Augmentation, CNNClassifier, ConvBlock, DNNClassifier
from skmnist._inputs.images import as_images
from skmnist._utils.backend import load_keras
from skmnist.training._augmentation import AUGMENTATIONS, find_augmentation
from skmnist.training._contract import epoch_generator

EVERYTHING = Augmentation(
    shift=0.1,
    rotation=10,
    zoom=0.1,
    shear=5,
    elastic=12,
    noise=0.1,
    erasing=0.25,
    horizontal_flip=True,
    vertical_flip=True,
    brightness=0.2,
    contrast=0.2,
    cutout=0.25,
)
KINDS = {
    **AUGMENTATIONS,
    "noise": Augmentation(noise=0.1),
    "erasing": Augmentation(erasing=0.25),
    "flips": Augmentation(horizontal_flip=True, vertical_flip=True),
    "light": Augmentation(brightness=0.2, contrast=0.2),
    "cutout": Augmentation(cutout=0.5),
    "everything": EVERYTHING,
}
MNIST_SIDES = (28, 28)


@pytest.fixture(scope="module")
def pictures(digits):
    return as_images(digits[0][:40], (8, 8, 1)).astype(np.float32) / 16


@pytest.fixture(scope="module")
def large_pictures(pictures):
    """The same digits in 28 x 28 pixels, strokes up to the border."""
    return np.kron(pictures, np.ones((1, 4, 4, 1), np.float32))[:, 2:30, 2:30]


def draw(augmentation, n=40, sides=MNIST_SIDES, seed=0):
    return augmentation.draw(np.random.default_rng(seed), n, sides)


def change(augmentation, images, draws):
    return np.asarray(augmentation(images, draws))


def displacements(augmentation, draws, sides=MNIST_SIDES):
    nodes = augmentation._parts(draws, sides)[1]
    fields = augmentation._displacements(nodes, sides)
    return [np.asarray(field).reshape(-1, *sides) for field in fields]


def old_places(transform, sides=MNIST_SIDES):
    """Where the new image's pixels lie in the old one: rows, columns."""
    y, x = np.indices(sides)
    a, b, x_start, c, d, y_start = transform[:6].astype(float)
    return np.stack([c * x + d * y + y_start, a * x + b * y + x_start])


# -- moved -----------------------------------------------------------------------------


def test_whole_pixel_shifts_move_the_picture_and_fill_with_background(large_pictures):
    augmentation = AUGMENTATIONS["shift"]
    draws = draw(augmentation)
    shifts = draws[:, [2, 5]].astype(int)
    assert {*shifts.ravel()} == {-2, -1, 0, 1, 2}
    moved = change(augmentation, large_pictures, draws)
    for picture, new, (dx, dy) in zip(large_pictures, moved, shifts, strict=True):
        padded = np.pad(picture, ((2, 2), (2, 2), (0, 0)))
        assert np.array_equal(new, padded[2 + dy : 30 + dy, 2 + dx : 30 + dx])


@pytest.mark.parametrize(
    "augmentation",
    [
        Augmentation(shift=0.02),  # less than a pixel
        Augmentation(rotation=30),
        Augmentation(zoom=0.3),
        Augmentation(shear=20),
        AUGMENTATIONS["affine"],
    ],
    ids=["shift", "rotation", "zoom", "shear", "affine"],
)
def test_affine_transforms_are_scipys(augmentation, large_pictures):
    draws = draw(augmentation)
    moved = change(augmentation, large_pictures, draws)
    for picture, new, t in zip(large_pictures, moved, draws.astype(float), strict=True):
        expected = ndimage.affine_transform(
            picture[..., 0],
            [[t[4], t[3]], [t[1], t[0]]],  # scipy counts rows first
            offset=[t[5], t[2]],
            order=1,
            mode="grid-constant",
        )
        np.testing.assert_allclose(new[..., 0], expected, atol=1e-3)


@pytest.mark.parametrize("sides", [(28, 28), (28, 20), (9, 28)])
@pytest.mark.parametrize(
    "augmentation",
    [Augmentation(elastic=34, elastic_sigma=4), replace(AUGMENTATIONS["elastic"], shear=10)],
    ids=["elastic", "elastic and affine"],
)
def test_elastic_pictures_are_scipys_of_the_same_field(augmentation, sides, large_pictures):
    images = np.concatenate([large_pictures, 1 - large_pictures], axis=-1)  # two channels
    images = images[:, : sides[0], : sides[1]]
    draws = draw(augmentation, sides=sides)
    dx, dy = displacements(augmentation, draws, sides)
    bent = change(augmentation, images, draws)
    for i, image in enumerate(images):
        places = old_places(draws[i], sides) + np.stack([dy[i], dx[i]])
        for channel in range(2):
            expected = ndimage.map_coordinates(
                image[..., channel], places, order=1, mode="grid-constant"
            )
            np.testing.assert_allclose(bent[i, ..., channel], expected, atol=1e-4)


def test_without_displacements_the_elastic_way_is_the_affine_way(large_pictures):
    elastic, affine = AUGMENTATIONS["elastic"], AUGMENTATIONS["affine"]
    draws = draw(elastic)
    draws[:, 8:] = 0
    np.testing.assert_allclose(
        change(elastic, large_pictures, draws),
        change(affine, large_pictures, draws[:, :8]),
        atol=1e-4,
    )


@pytest.mark.parametrize("sides", [(28, 28), (28, 21), (8, 27)])
@pytest.mark.parametrize(
    ("flips", "axes"),
    [
        ({"horizontal_flip": True}, [(), 1]),
        ({"vertical_flip": True}, [(), 0]),
        ({"horizontal_flip": True, "vertical_flip": True}, [(), 0, 1, (0, 1)]),
    ],
    ids=["horizontal", "vertical", "both"],
)
def test_flips_are_numpys_of_half_the_pictures(flips, axes, sides, large_pictures):
    images = np.concatenate([large_pictures, 1 - large_pictures], axis=-1)  # two channels
    images = np.tile(images[:, : sides[0], : sides[1]], (10, 1, 1, 1))
    augmentation = Augmentation(**flips)
    flipped = change(augmentation, images, draw(augmentation, 400, sides))
    counts = [
        sum(
            np.array_equal(new, np.flip(image, axis))
            for image, new in zip(images, flipped, strict=True)
        )
        for axis in axes
    ]
    assert sum(counts) == 400
    assert min(counts) > 0.75 * 400 / len(axes)


def test_flips_and_shifts_by_whole_pixels_need_no_interpolation(large_pictures):
    augmentation = Augmentation(shift=2 / 28, horizontal_flip=True)
    assert augmentation.by_whole_pixels(MNIST_SIDES)
    draws = draw(augmentation)
    moved = change(augmentation, large_pictures, draws)
    for picture, new, t in zip(large_pictures, moved, draws, strict=True):
        dx, dy = (t[2] - 27 if t[0] < 0 else t[2]), t[5]
        top, left = int(2 + dy), int(2 + dx)
        shifted = np.pad(picture, ((2, 2), (2, 2), (0, 0)))[top:, left:][:28, :28]
        assert np.array_equal(new, shifted[:, ::-1] if t[0] < 0 else shifted)


def test_a_flip_leaves_a_seeds_other_changes_as_they_are(large_pictures):
    plain = AUGMENTATIONS["affine"]
    flipping = replace(plain, horizontal_flip=True)
    moved, flipped = (change(each, large_pictures, draw(each)) for each in (plain, flipping))
    mirrored = draw(flipping)[:, 0] < 0
    assert 0 < mirrored.sum() < 40
    assert np.array_equal(flipped[~mirrored], moved[~mirrored])
    np.testing.assert_allclose(flipped[mirrored], moved[mirrored][:, :, ::-1], atol=1e-4)


def test_far_beyond_the_picture_all_is_background():
    ones = np.ones((1, 8, 8, 1), np.float32)
    draws = draw(Augmentation(elastic=1), 1, (8, 8))
    for column in (2, 5):
        for far in (-100, 100):
            gone = draws.copy()
            gone[:, column] = far
            assert not change(Augmentation(elastic=1), ones, gone).any()


# -- the elastic field -----------------------------------------------------------------


def correlations(fields, lags=range(1, 16)):
    """The correlation of values that are so many columns apart."""
    return [np.mean(fields[..., lag:] * fields[..., :-lag]) / np.mean(fields**2) for lag in lags]


@pytest.mark.parametrize(("alpha", "sigma"), [(12, 5), (34, 4), (20, 2.5), (300, 14)])
def test_the_field_is_uniform_noise_smoothed_by_a_gaussian(alpha, sigma):
    augmentation = Augmentation(elastic=alpha, elastic_sigma=sigma)
    fields = np.concatenate(displacements(augmentation, draw(augmentation, 3000)))
    noise = np.random.default_rng(1).uniform(-1, 1, (1500, 1500))
    expected = alpha * ndimage.gaussian_filter(noise, sigma, mode="wrap")
    assert abs(fields.mean()) < 0.05 * fields.std()
    assert fields.std() == pytest.approx(expected.std(), rel=0.05)
    np.testing.assert_allclose(correlations(fields), correlations(expected), atol=0.06)


def test_the_field_is_as_strong_at_the_border_as_in_the_middle():
    augmentation = Augmentation(elastic=12)
    dx, dy = displacements(augmentation, draw(augmentation, 20_000))
    for field in (dx, dy):
        deviations = field.std(axis=0)
        np.testing.assert_allclose(deviations, deviations.mean(), rtol=0.03)
    assert abs(np.mean(dx * dy)) < 0.02 * dx.std() * dy.std()


def test_the_field_grows_with_the_picture():
    augmentation = Augmentation(elastic=12)
    at_28 = displacements(augmentation, draw(augmentation))[0]
    at_55 = displacements(augmentation, draw(augmentation, sides=(55, 55)), (55, 55))[0]
    assert at_55.std() / at_28.std() == pytest.approx(55 / 28, rel=0.1)


def test_an_epochs_draws_are_small():
    n_numbers = draw(EVERYTHING, 1).shape[1]
    assert 60_000 * n_numbers * 4 < 40e6


# -- blanked and noisy -----------------------------------------------------------------


@pytest.mark.parametrize(("part", "size"), [(0.25, (7, 5)), (0.5, (14, 10)), (0.001, (1, 1))])
def test_erasing_blanks_exactly_one_rectangle_of_the_size_asked(part, size):
    augmentation = Augmentation(erasing=part)
    ones = np.ones((300, 28, 20, 3), np.float32)
    draws = draw(augmentation, 300, (28, 20))
    for blanked, place in zip(change(augmentation, ones, draws), draws[:, 8:], strict=True):
        top, left, bottom, right = place.astype(int)
        assert (bottom - top, right - left) == size
        expected = np.ones((28, 20, 3))
        expected[top:bottom, left:right] = 0
        assert np.array_equal(blanked, expected)


@pytest.mark.parametrize("sides", [(28, 28), (20, 28), (8, 9)])
@pytest.mark.parametrize("part", [0.5, 0.25, 0.01])
def test_cutout_is_devriess_square_around_any_pixel_of_the_picture(part, sides):
    augmentation = Augmentation(cutout=part)
    size = max(1, round(part * min(sides)))
    draws = draw(augmentation, 3000, sides)
    cut = change(augmentation, np.ones((3000, *sides, 3), np.float32), draws)
    centres = draws[:, 8:10].astype(int) + size // 2
    assert len(np.unique(centres, axis=0)) > 0.9 * np.prod(sides)
    for image, (y, x) in zip(cut, centres, strict=True):
        expected = np.ones((*sides, 3))
        top, left = (np.clip(place - size // 2, 0, None) for place in (y, x))
        expected[top : y - size // 2 + size, left : x - size // 2 + size] = 0
        assert np.array_equal(image, expected)


def test_light_is_that_of_kerass_layers(pictures):
    augmentation = Augmentation(brightness=0.3, contrast=0.4)
    images = np.concatenate([pictures, pictures**2], axis=-1)  # two channels
    draws = draw(augmentation, sides=(8, 8))
    factors, differences = (draws[:, i, None, None, None] for i in (8, 9))
    layers = load_keras().layers
    wide = {"value_range": (-9, 9)}  # they would clip the pixels to 0 and 1
    expected = layers.RandomContrast(0.4, **wide).transform_images(
        images, {"contrast_factor": factors}
    )
    expected = layers.RandomBrightness(0.3, **wide).transform_images(
        expected, {"rgb_delta": differences}
    )
    expected = load_keras().ops.convert_to_numpy(expected)
    np.testing.assert_allclose(change(augmentation, images, draws), expected, atol=1e-6)


def test_light_is_uniform_within_its_limits():
    factors, differences = draw(Augmentation(brightness=0.3, contrast=0.4), 4000)[:, 8:].T
    for numbers, middle, limit in ((factors, 1, 0.4), (differences, 0, 0.3)):
        deciles = np.quantile((numbers - middle) / limit, np.linspace(0, 1, 11))
        np.testing.assert_allclose(deciles, np.linspace(-1, 1, 11), atol=0.05)
    assert abs(np.corrcoef(factors, differences)[0, 1]) < 0.05


def test_a_brighter_picture_has_a_brighter_background():
    gray = np.full((20, 8, 8), 100.0)
    gray[0, :4], gray[0, 4:] = 0, 200
    moved = Augmentation(shift=0.25, brightness=0.2).apply(gray, random_state=0)[1:]
    assert np.ptp(moved, axis=(1, 2)).max() < 1e-4
    assert np.ptp(moved, axis=0).min() > 20


def test_erased_rectangles_lie_anywhere_within_the_picture():
    tops_and_lefts = draw(Augmentation(erasing=0.5), 2000)[:, 8:10]
    assert {*np.unique(tops_and_lefts)} == set(range(15))


def test_the_noise_is_normal_and_each_pixels_own():
    augmentation = Augmentation(noise=0.1)
    gray = np.full((2000, 28, 28, 1), 0.5, np.float32)
    noise = change(augmentation, gray, draw(augmentation, 2000))[..., 0].astype(float) - 0.5
    assert abs(noise.mean()) < 0.0005
    assert noise.std() == pytest.approx(0.1, rel=0.01)
    assert np.mean(noise**3) / 0.1**3 == pytest.approx(0, abs=0.02)
    assert np.mean(noise**4) / 0.1**4 == pytest.approx(3, abs=0.05)
    for one, other in (
        (noise[:, :, 1:], noise[:, :, :-1]),  # columns
        (noise[:, 1:], noise[:, :-1]),  # rows
        (noise[1:], noise[:-1]),  # images
    ):
        assert abs(np.mean(one * other)) < 0.01 * 0.1**2


def test_channels_have_noise_of_their_own():
    augmentation = Augmentation(noise=0.1)
    noise = change(augmentation, np.zeros((100, 9, 8, 2), np.float32), draw(augmentation, 100))
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.05


def test_noise_leaves_the_blanked_rectangle_blank():
    augmentation = Augmentation(noise=0.1, erasing=0.5)
    noisy = change(augmentation, np.ones((20, 28, 28, 1), np.float32), draw(augmentation, 20))
    assert ((noisy == 0).sum(axis=(1, 2, 3)) == 14 * 14).all()


# -- the seed --------------------------------------------------------------------------


def test_nothing_asked_for_leaves_every_picture_as_it_is(pictures):
    still = Augmentation()
    assert np.array_equal(change(still, pictures, draw(still, sides=(8, 8))), pictures)
    assert np.array_equal(still.apply(pictures), pictures)


@pytest.mark.parametrize("augmentation", KINDS.values(), ids=KINDS)
def test_the_seed_decides_the_picture(augmentation, large_pictures):
    first, same, other = (augmentation.apply(large_pictures, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("augmentation", KINDS.values(), ids=KINDS)
def test_each_epoch_draws_anew(augmentation):
    first, again, second = (
        augmentation.draw(epoch_generator(0, epoch), 20, MNIST_SIDES) for epoch in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)


def test_each_picture_is_changed_in_its_own_way():
    for augmentation in (AUGMENTATIONS["affine"], AUGMENTATIONS["elastic"], EVERYTHING):
        draws = draw(augmentation, 200)
        random = np.delete(draws, [6, 7], axis=1)  # those two would bend straight lines
        assert (np.ptp(random, axis=0) > 0).all()
        assert len(np.unique(draws, axis=0)) == 200


def test_what_else_is_asked_for_does_not_change_the_affine_transforms():
    affine = draw(AUGMENTATIONS["affine"])
    assert np.array_equal(draw(AUGMENTATIONS["elastic"])[:, :8], affine)


def test_global_generators_are_left_alone(pictures):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    EVERYTHING.apply(pictures)
    EVERYTHING.apply(pictures, random_state=0)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# -- apply -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 8, 9), (3, 8, 9, 1), (3, 8, 9, 3), (0, 8, 9)])
def test_images_of_any_dtype_and_shape_keep_their_shape(dtype, shape):
    images = np.ones(shape, dtype)
    changed = EVERYTHING.apply(images, random_state=0)
    assert changed.shape == shape
    assert changed.dtype == (np.float64 if dtype is np.float64 else np.float32)
    assert np.array_equal(images, np.ones(shape, dtype))


def test_noise_is_a_part_of_the_pixels_range():
    images = np.zeros((50, 28, 28), np.uint8)
    images[:, 0] = 255
    changed = Augmentation(noise=0.1).apply(images, random_state=0)
    assert changed[:, 1:].std() == pytest.approx(25.5, rel=0.02)


def test_many_images_are_changed_as_few_are(pictures):
    many = np.tile(pictures, (60, 1, 1, 1))
    changed = EVERYTHING.apply(many, random_state=0)
    seed = np.random.RandomState(0).randint(2**31 - 1)
    draws = EVERYTHING.draw(np.random.default_rng(seed), len(many), (8, 8))
    np.testing.assert_allclose(changed, change(EVERYTHING, many, draws), atol=1e-6)


def test_rows_of_pixels_are_refused(digits):
    with pytest.raises(ValueError, match=r"images has 2 dimensions, .*; expected \(n_samples, h"):
        EVERYTHING.apply(digits[0])


def test_a_single_line_of_pixels_is_never_changed():
    assert find_augmentation("elastic", (1, 30, 1)) is None
    assert find_augmentation(EVERYTHING, (30, 1, 1)) is None
    lines = np.arange(60.0).reshape(2, 1, 30)
    assert np.array_equal(EVERYTHING.apply(lines), lines)


def test_mixing_outside_of_training_is_refused(pictures):
    augmentation = Augmentation(shift=0.2, mixup=0.2)
    with pytest.raises(ValueError, match=r"mixup=0\.2 mixes labels too.*set_params\(mixup=0\)"):
        augmentation.apply(pictures)
    unmixed = augmentation.set_params(mixup=0).apply(pictures, random_state=0)
    assert np.array_equal(unmixed, Augmentation(shift=0.2).apply(pictures, random_state=0))


# -- parameters ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "expectation"),
    [
        ({"shift": 1.0}, "0 <= shift < 1"),
        ({"rotation": -1}, "0 <= rotation < 180"),
        ({"zoom": 1}, "0 <= zoom < 1"),
        ({"shear": 90}, "0 <= shear < 90"),
        ({"elastic": -12}, "0 <= elastic < inf"),
        ({"elastic": float("inf")}, "0 <= elastic < inf"),
        ({"elastic_sigma": 1.5}, "2 <= elastic_sigma < inf"),
        ({"noise": 1}, "0 <= noise < 1"),
        ({"noise": float("nan")}, "0 <= noise < 1"),
        ({"erasing": 1}, "0 <= erasing < 1"),
        ({"erasing": "large"}, "0 <= erasing < 1"),
        ({"erasing": None}, "0 <= erasing < 1"),
        ({"brightness": -0.1}, "0 <= brightness < 1"),
        ({"contrast": 1}, "0 <= contrast < 1"),
        ({"cutout": 1.5}, "0 <= cutout < 1"),
        ({"mixup": -1}, "0 <= mixup < inf"),
        ({"mixup": "strong"}, "0 <= mixup < inf"),
        ({"horizontal_flip": 0.5}, "True or False"),
        ({"vertical_flip": "yes"}, "True or False"),
    ],
)
def test_nonsense_is_refused_by_name_value_and_expectation(parameter, expectation):
    ((name, value),) = parameter.items()
    with pytest.raises(ValueError, match=rf"{name}={value!r}; expected {expectation}\."):
        Augmentation(**parameter)


def test_augmentations_are_keys():
    assert len({Augmentation(elastic=12), Augmentation(elastic=12), Augmentation(elastic=13)}) == 2


def test_elastic_is_affine_and_light_elastic():
    assert AUGMENTATIONS["elastic"] == replace(AUGMENTATIONS["affine"], elastic=12, elastic_sigma=5)
    assert find_augmentation("elastic", (28, 28, 1)) is AUGMENTATIONS["elastic"]


# -- compiled --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("augmentation", KINDS.values(), ids=KINDS)
def test_a_graph_of_unknown_batch_size_gives_the_same_in_the_same_dtype(
    augmentation, dtype, large_pictures
):
    load_keras()  # TensorFlow starts as it does for users
    tf = pytest.importorskip("tensorflow")
    images = large_pictures.astype(dtype)
    draws = draw(augmentation)
    specs = tf.TensorSpec([None, 28, 28, 1], dtype), tf.TensorSpec([None, draws.shape[1]])
    graph = tf.function(augmentation, autograph=False).get_concrete_function(*specs)
    for n in (40, 3):
        changed = graph(tf.constant(images[:n]), tf.constant(draws[:n]))
        assert changed.dtype == dtype
        assert changed.shape[1:] == (28, 28, 1)
        np.testing.assert_allclose(changed, change(augmentation, images[:n], draws[:n]), atol=1e-5)


IN_ANOTHER_BACKEND = """
import sys
import numpy as np
from test_augmentation import KINDS
images = np.load(sys.argv[1])
changed = [kind.apply(images, random_state=0) for kind in KINDS.values()]
np.save(sys.argv[2], np.stack(changed))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_every_backend_makes_the_same_pictures(backend, large_pictures, tmp_path):
    if not find_spec(backend):
        pytest.skip(f"{backend} is not installed")
    before, after = tmp_path / "before.npy", tmp_path / "after.npy"
    np.save(before, large_pictures)
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_BACKEND, str(before), str(after)],
        cwd=str(Path(__file__).parent),
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = [kind.apply(large_pictures, random_state=0) for kind in KINDS.values()]
    np.testing.assert_allclose(np.load(after), expected, atol=1e-4)


# -- training --------------------------------------------------------------------------


def refit(classifier, digits):
    X, _, y, _ = digits
    return [classifier.fit(X[:300], y[:300]).predict_proba(X[300:400]) for _ in range(2)]


@pytest.mark.parametrize("augmentation", KINDS.values(), ids=KINDS)
def test_a_dense_network_trains_the_same_twice(augmentation, digits):
    classifier = DNNClassifier(
        hidden_units=(32,), epochs=10, augmentation=augmentation, random_state=0
    )
    first, second = refit(classifier, digits)
    assert np.array_equal(first, second)
    still = classifier.set_params(augmentation=None)
    assert not np.array_equal(first, refit(still, digits)[0])
    losses = classifier.history_["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("augmentation", ["elastic", EVERYTHING], ids=["elastic", "everything"])
def test_a_convolutional_network_trains_the_same_twice(augmentation, digits):
    classifier = CNNClassifier(
        conv_blocks=(ConvBlock(8),), epochs=6, augmentation=augmentation, random_state=0
    )
    first, second = refit(classifier, digits)
    assert np.array_equal(first, second)
    assert np.mean(first.argmax(axis=1) == digits[2][300:400]) > 0.5
