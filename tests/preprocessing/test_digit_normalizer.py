"""Photographs of digits, drawn by `photographs`, are read by a network that has seen MNIST only."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from photographs import drawn, enlarged, photograph, random_scene
from PIL import Image
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skmnist import CNNClassifier, DigitNormalizer, load, save, split_digits
from skmnist.preprocessing._characters import stroke_width

SEED = 2026
PAPER, PEN = 220, 40


@pytest.fixture(scope="module")
def reader(mnist):
    """The default network, of MNIST's first images."""
    (X, y), _ = mnist
    return CNNClassifier(epochs=2, random_state=0).fit(X[:4000], y[:4000])


def one(width=20):
    """A photograph of a vertical stroke, 140 pixels high."""
    image = np.full((200, 300), PAPER, np.uint8)
    image[30:170, 150 - width // 2 : 150 + width // 2] = PEN
    return image


CONDITIONS = [
    {"gradient": 0.7},
    {"shadow": 0.4},
    {"noise": 0.06},
    {"ruling": 0.3},
    {"ruling": 0.2, "squared": True, "ruling_distance": 24.0},
    {"negative": True},
    {"negative": True, "shadow": 0.3, "ruling": 0.25},
    {"paper": (0.2,), "ink": (0.8,)},
    {"rotation": 10.0},
    {"rotation": -10.0, "ruling": 0.3, "noise": 0.03},
]


@pytest.fixture(scope="module")
def forty(mnist):
    """Forty photographs and their labels: half of strokes, half of MNIST's last training images."""
    (X, y), _ = mnist
    images, labels = [], []
    for i in range(40):
        rng = np.random.default_rng([SEED, i])
        scene = random_scene(rng, **CONDITIONS[i // 2 % len(CONDITIONS)])
        digit = i // 4
        if i % 2:
            coverage = drawn(digit, scene, rng)
        else:
            of_digit = np.flatnonzero(y == digit)
            coverage = enlarged(X[of_digit[-1 - i // 2]], scene)
        images.append(photograph(coverage, scene, rng))
        labels.append(digit)
    return images, np.array(labels)


def test_95_percent_of_forty_photographs_are_read_right(reader, forty):
    images, labels = forty
    assert np.mean(reader.predict(DigitNormalizer().fit_transform(images)) == labels) >= 0.95


def test_mnists_own_images_stay_nearly_as_they_are(reader, mnist):
    X = mnist[0][0][-1000:]
    normalized = DigitNormalizer().fit_transform(X)
    assert np.abs(normalized.astype(float) - X).mean() < 2
    assert np.mean(np.abs(normalized.astype(float) - X).max(axis=(1, 2)) < 64) > 0.9
    assert np.mean(reader.predict(normalized) == reader.predict(X)) > 0.99


def test_colours_of_equal_brightness_are_told_apart(reader):
    rng = np.random.default_rng(SEED)
    scene = random_scene(rng, paper=(0.55, 0.6, 0.3), ink=(0.75, 0.45, 0.5))
    images = [photograph(drawn(digit, scene, rng), scene, rng) for digit in range(10)]
    assert np.mean(reader.predict(DigitNormalizer().fit_transform(images)) == range(10)) >= 0.9


@pytest.mark.parametrize("ink", ["auto", "dark"])
def test_a_character_is_scaled_into_the_inner_size_and_centred_by_mass(ink):
    (image,) = DigitNormalizer(ink=ink).fit_transform([one()])
    rows = np.flatnonzero(image.max(axis=1))
    assert (rows.min(), rows.max()) == (4, 23)
    assert np.average(np.arange(28), weights=image.sum(axis=0)) == pytest.approx(14, abs=0.51)
    assert np.average(np.arange(28), weights=image.sum(axis=1)) == pytest.approx(14, abs=0.51)
    assert image.max() == 255


def test_size_and_inner_size_are_those_of_the_result():
    (image,) = DigitNormalizer(size=40, inner_size=32).fit_transform([one()])
    assert image.shape == (40, 40)
    assert np.ptp(np.flatnonzero(image.max(axis=1))) == 31


@pytest.mark.parametrize("width", [2, 4, 8])
def test_a_thin_pen_is_thickened_and_a_thick_one_is_not(width):
    thin = DigitNormalizer(stroke_width=0).fit_transform([one(width)])[0] / np.float32(255)
    thick = DigitNormalizer(stroke_width=3).fit_transform([one(width)])[0] / np.float32(255)
    assert stroke_width(thin) < 1.6
    assert stroke_width(thick) == pytest.approx(2 * 20 * 3 / (20 + 20 + 3 + 3), abs=0.2)
    usual, wide = one(40), DigitNormalizer(stroke_width=0).fit_transform([one(40)])
    np.testing.assert_array_equal(DigitNormalizer().fit_transform([usual]), wide)


def test_every_way_to_give_photographs_gives_the_same_images():
    grey = one()
    expected = DigitNormalizer().fit_transform([grey] * 2)
    colour, alpha = np.stack([grey] * 3, axis=2), np.dstack([grey] * 3 + [np.full_like(grey, 255)])
    ways = [
        np.stack([grey] * 2),
        np.stack([grey] * 2)[..., np.newaxis],
        np.stack([colour] * 2),
        (grey, 255 - grey),
        [Image.fromarray(grey), Image.fromarray(grey).convert("P")],
        [grey.astype(float) / 255, alpha],
        pd.Series([grey, colour]),
        pd.DataFrame({"photograph": [grey, colour]}),
    ]
    for way in ways:
        np.testing.assert_allclose(DigitNormalizer().transform(way), expected, atol=1)


def test_a_photograph_is_turned_as_its_exif_data_say():
    turned = Image.fromarray(np.rot90(one()))
    turned.getexif()[0x0112] = 6  # to be turned clockwise
    expected = DigitNormalizer().transform([one()])
    np.testing.assert_array_equal(DigitNormalizer().transform([turned]), expected)


def test_photographs_of_several_sizes_are_images_of_one():
    photographs = [one(), np.kron(one(), np.ones((3, 3), np.uint8)), one()[10:190, 60:240]]
    images = DigitNormalizer().fit_transform(photographs)
    assert images.shape == (3, 28, 28)
    assert np.abs(images - images[0].astype(float)).mean() < 2


BLANK = {
    "one colour": np.full((60, 80), 7, np.uint8),
    "noise": np.random.default_rng(0).normal(200, 8, (300, 400)).round(),
    "light": np.add.outer(np.linspace(100, 200, 60), np.linspace(0, 50, 80)),
    "a shadow": np.where(np.add.outer(np.arange(150), np.arange(200)) > 300, 120, 220),
    "lines": np.where(np.arange(300)[:, np.newaxis] % 30 < 2, 150, 220).repeat(400, axis=1),
}


@pytest.mark.parametrize("blank", BLANK.values(), ids=BLANK)
def test_a_blank_photograph_is_named_and_becomes_black(blank):
    with pytest.warns(UserWarning, match=r"found in 1 of 3 photographs: X\[1\]\. Look"):
        images = DigitNormalizer().fit_transform([one(), blank, one()])
    assert [image.any() for image in images] == [True, False, True]
    with pytest.raises(ValueError, match=r"no character is found in 1 of 2 photographs: X\[0\]"):
        DigitNormalizer(on_blank="raise").fit_transform([blank, one()])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not DigitNormalizer(on_blank="ignore").fit_transform([blank]).any()


def test_of_many_blank_photographs_the_first_are_named():
    with pytest.warns(UserWarning, match=r"in 30 of 30 .* X\[9\] and 20 more\. Look"):
        DigitNormalizer().transform(np.zeros((30, 20, 20)))


BAD = {
    "a path": (["three.jpg"], TypeError, r"X\[0\] is 'three.jpg'; expected numbers"),
    "a text": ("three.jpg", TypeError, "X is 'three.jpg'; expected photographs"),
    "a generator": ((one() for _ in range(2)), TypeError, "X is <generator"),
    "a single image": (one(), ValueError, r"shape \(200, 300\).*give \[image\]"),
    "one in colour": (np.zeros((30, 40, 3)), ValueError, r"shape \(30, 40, 3\).*give \[image\]"),
    "channels first": (np.zeros((2, 3, 30, 40)), ValueError, r"X\[0\] has shape \(3, 30, 40\)"),
    "a row": ([one(), np.zeros(784)], ValueError, r"X\[1\] has shape \(784,\)"),
    "no pixels": ([np.zeros((0, 40))], ValueError, r"X\[0\] has shape \(0, 40\)"),
    "NaN": ([one(), np.full((9, 9), np.nan)], ValueError, r"X\[1\] has values that are NaN"),
    "masked": ([np.ma.masked_less(one(), 99)], ValueError, r"X\[0\] is a masked array"),
    "objects": ([np.array([[None]])], TypeError, r"X\[0\] is of dtype object"),
    "complex numbers": ([one() * 1j], TypeError, r"X\[0\] is of dtype complex128"),
    "two columns": (pd.DataFrame({"a": [1], "b": [2]}), ValueError, "table of 2 columns"),
}


@pytest.mark.parametrize(("X", "error", "message"), BAD.values(), ids=BAD)
def test_what_is_no_photograph_is_named(X, error, message):
    with pytest.raises(error, match=message):
        DigitNormalizer().transform(X)


def test_parameters_are_checked_in_fit_and_without_it():
    for wrong in ({"size": 0}, {"ink": "black"}, {"on_blank": None}, {"stroke_width": -1}):
        with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter of DigitNorm"):
            DigitNormalizer(**wrong).fit([one()])
        with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter of DigitNorm"):
            DigitNormalizer(**wrong).transform([one()])
    with pytest.raises(ValueError, match="inner_size=30 is larger than size=28"):
        DigitNormalizer(inner_size=30).fit([one()])


def test_no_photographs_are_no_images():
    assert DigitNormalizer().transform([]).shape == (0, 28, 28)


def test_clones_and_pickles_do_the_same():
    normalizer = DigitNormalizer(size=32, ink="dark")
    expected = normalizer.transform([one()])
    for other in (clone(normalizer), pickle.loads(pickle.dumps(normalizer))):
        np.testing.assert_array_equal(other.transform([one()]), expected)


def test_a_pipeline_that_begins_with_photographs_is_saved_and_loaded(tmp_path, reader):
    images = [one(), np.full((9, 9, 3), 8)]
    pipeline = make_pipeline(DigitNormalizer(stroke_width=2, on_blank="ignore"), reader)
    save(pipeline, tmp_path / "photographs.safetensors")
    again = load(tmp_path / "photographs.safetensors")
    assert again[0].get_params() == pipeline[0].get_params()
    np.testing.assert_array_equal(again.predict_proba(images), pipeline.predict_proba(images))


# -- several characters ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(mnist):
    """Two lines of six digits, on a photograph of 400 x 900, and their labels."""
    (X, y), _ = mnist
    rng = np.random.default_rng(SEED)
    coverage, labels = np.zeros((400, 900)), []
    for line in range(2):
        for place in range(6):
            digit = (6 * line + place) % 10
            image = X[np.flatnonzero(y == digit)[-1 - line]] / 255
            large = np.kron(image, np.ones((5, 5)))
            top, left = 20 + 190 * line + 6 * place, 20 + 145 * place
            coverage[top : top + 140, left : left + 140] += large
            labels.append(digit)
    light = np.linspace(0.6, 1, 900)
    pixels = 255 * light * (0.9 - 0.7 * coverage.clip(0, 1)) + rng.normal(0, 4, coverage.shape)
    return pixels.clip(0, 255).astype(np.uint8), np.array(labels)


def test_digits_of_two_slanted_lines_are_read_in_reading_order(page, reader):
    photograph, labels = page
    boxes = split_digits(photograph)
    assert len(boxes) == len(labels)
    digits = [photograph[top:bottom, left:right] for top, left, bottom, right in boxes]
    assert np.sum(reader.predict(DigitNormalizer().transform(digits)) == labels) >= 11


def test_boxes_are_whole_numbers_inside_the_photograph_and_grow_by_the_margin(page):
    photograph, _ = page
    tight, wide = split_digits(photograph, margin=0), split_digits(photograph, margin=0.5)
    assert tight.dtype.kind == "i"
    assert (wide[:, :2] < tight[:, :2]).all()
    assert (wide[:, 2:] > tight[:, 2:]).all()
    assert wide.min() >= 0
    assert (wide[:, 2] <= 400).all()
    assert (wide[:, 3] <= 900).all()


def test_the_polarity_makes_no_difference_to_the_boxes(page):
    photograph, _ = page
    difference = split_digits(255 - photograph) - split_digits(Image.fromarray(photograph))
    assert np.abs(difference).max() <= 4


def test_the_bar_of_a_five_belongs_to_it_and_specks_to_nothing():
    image = np.full((200, 300), PAPER, np.uint8)
    image[40:50, 60:110] = PEN  # the bar
    image[54:150, 60:70] = image[90:100, 60:110] = image[140:150, 60:110] = PEN
    image[30:150, 200:212] = PEN
    image[170:174, 250:254] = PEN  # a speck
    np.testing.assert_array_equal(
        split_digits(image, margin=0), [[40, 60, 150, 110], [30, 200, 150, 212]]
    )


def test_a_blank_photograph_has_no_boxes():
    assert split_digits(BLANK["noise"]).shape == (0, 4)


def test_what_cannot_be_split_is_refused():
    with pytest.raises(TypeError, match=r"image is 'page\.jpg'; expected numbers"):
        split_digits("page.jpg")
    with pytest.raises(ValueError, match=r"image has shape \(2, 30, 40, 3\)"):
        split_digits(np.zeros((2, 30, 40, 3)))
    with pytest.raises(ValueError, match="'margin' parameter of split_digits"):
        split_digits(one(), margin=-1)
