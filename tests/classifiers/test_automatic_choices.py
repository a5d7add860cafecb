"""What `CNNClassifier` chooses by the images: its convolutions, its epochs and mirroring."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from skmnist import CNNClassifier, CNNRegressor, ConvBlock, PooledBlocks, VGGBlocks, load, save
from skmnist._inputs.pixels import PixelValues
from skmnist.classifiers._mirroring import mirrors_look_alike
from skmnist.networks._cnn import blocks_for

SMALL = {"conv_blocks": [ConvBlock(4, pool="max")], "epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def images():
    return load_digits().images[..., None]


@pytest.fixture(scope="module")
def target():
    return load_digits().target


@pytest.fixture(scope="module")
def symmetric(images, target):
    """Digits of which every second one is mirrored."""
    mixed = images.copy()
    mixed[::2] = mixed[::2, :, ::-1]
    return mixed, target


def alike(images, labels):
    return mirrors_look_alike(images, labels, np.arange(len(images)), seed=0)


@pytest.mark.parametrize("seed", range(5))
def test_digits_do_not_look_alike_in_a_mirror(images, target, mnist, seed):
    assert not mirrors_look_alike(images, target, np.arange(len(images)), seed)
    (X, y), _ = mnist
    assert not mirrors_look_alike(X.reshape(-1, 28, 28, 1), y, np.arange(len(X)), seed)


@pytest.mark.parametrize("seed", range(5))
def test_pictures_that_occur_in_both_directions_look_alike(symmetric, seed):
    mixed, y = symmetric
    assert mirrors_look_alike(mixed, y, np.arange(len(mixed)), seed)


def test_one_class_that_has_a_direction_is_enough_to_forbid_mirroring(symmetric, images):
    mixed, y = symmetric
    mixed = np.where((y == 2)[:, None, None, None], images, mixed)
    assert not alike(mixed, y)


def test_without_evidence_nothing_is_mirrored(symmetric):
    mixed, y = symmetric
    assert not alike(mixed[:500], y[:500])
    assert not alike(mixed, np.random.default_rng(0).permutation(y))


def test_large_and_coloured_images_are_judged_too(symmetric):
    mixed, y = symmetric
    large = np.repeat(np.repeat(mixed, 5, axis=1), 9, axis=2)
    coloured = large * np.array([1.0, 0.5, 0.2])
    assert alike(coloured[:1500], y[:1500])


def test_a_classifier_mirrors_images_only_where_they_look_alike(symmetric, images):
    mixed, y = symmetric
    found = CNNClassifier(**SMALL).fit(mixed, y).augmentation_
    assert found.horizontal_flip
    assert found.shift == 2 / 28
    assert not CNNClassifier(**SMALL).fit(images, y).augmentation_.horizontal_flip
    assert (
        not CNNClassifier(**SMALL, augmentation="shift").fit(mixed, y).augmentation_.horizontal_flip
    )


def test_several_labels_and_numbers_are_never_mirrored(symmetric):
    mixed, y = symmetric
    labels = np.column_stack([y % 2, y > 4])
    assert not CNNClassifier(**SMALL).fit(mixed, labels).augmentation_.horizontal_flip
    regressor = CNNRegressor(**SMALL, augmentation="auto").fit(mixed, y.astype(float))
    assert not regressor.augmentation_.horizontal_flip


def test_what_was_learned_is_kept_in_files_and_by_further_training(symmetric, images, tmp_path):
    mixed, y = symmetric
    classifier = CNNClassifier(**SMALL).fit(mixed, y)
    save(classifier, tmp_path / "mirrored.safetensors")
    again = load(tmp_path / "mirrored.safetensors")
    assert again.augmentation_ == classifier.augmentation_
    assert again.partial_fit(images[:200], y[:200]).augmentation_.horizontal_flip


def test_rows_held_out_for_validation_are_not_looked_at(symmetric, images, monkeypatch):
    mixed, y = symmetric
    seen = []

    def record(images, labels, rows, seed):
        seen.append(rows)
        return False

    monkeypatch.setattr("skmnist.classifiers._network_classifier.mirrors_look_alike", record)
    CNNClassifier(**SMALL, validation_fraction=0.5).fit(mixed, y)
    assert len(seen[0]) == pytest.approx(len(y) / 2, abs=10)


@pytest.mark.parametrize(
    ("image_shape", "has_margin", "expected"),
    [
        ((28, 28, 1), True, PooledBlocks(24)),
        ((8, 8, 1), False, PooledBlocks(24)),
        ((1, 100, 1), False, PooledBlocks(24)),
        ((28, 28, 1), False, VGGBlocks(16, 3)),
        ((16, 16, 1), False, VGGBlocks(16, 2)),
        ((32, 32, 3), False, VGGBlocks(20, 3)),
        ((64, 64, 1), True, VGGBlocks(16, 4)),
    ],
    ids=str,
)
def test_the_blocks_follow_the_images(image_shape, has_margin, expected):
    assert blocks_for(image_shape, has_margin) == expected


def test_mnist_has_a_margin_and_scikit_learns_digits_have_not(mnist, images):
    (X, _), _ = mnist
    assert PixelValues.of(X[..., None]).has_margin
    assert PixelValues.of(255 - X[..., None]).has_margin
    assert not PixelValues.of(images).has_margin


def test_stages_of_two_convolutions_halve_the_sides():
    blocks = VGGBlocks(8, 3)()
    assert [(block.filters, block.pool) for block in blocks] == [
        (8, "max"),
        (16, None),
        (16, "max"),
        (32, None),
        (32, "max"),
    ]


def test_many_stages_have_no_more_feature_maps_than_vgg():
    assert [block.filters for block in VGGBlocks(16, 8)()][-5:] == [512] * 5
    assert {block.filters for block in VGGBlocks(600, 3)()} == {600}


@pytest.mark.parametrize("n_stages", [0, 1.5, True, "3", 17, 10**9])
def test_a_wrong_number_of_stages_is_refused(n_stages):
    with pytest.raises(ValueError, match=r"n_stages=.*expected a whole number >= 1"):
        VGGBlocks(8, n_stages)


def test_another_name_of_blocks_is_refused():
    with pytest.raises(ValueError, match="conv_blocks"):
        CNNClassifier(conv_blocks="vgg").fit(np.eye(64), np.arange(64) % 2)
