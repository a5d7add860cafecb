import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from skimage.feature import hog
from sklearn.base import clone
from sklearn.datasets import load_sample_image
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from skmnist._utils.backend import load_keras
from skmnist.preprocessing import (
    HOG,
    Blur,
    ColumnNormalizer,
    Deskew,
    MomentNormalizer,
    OrientedGradients,
)

TRANSFORMERS = [
    Deskew(),
    MomentNormalizer(),
    Blur(),
    ColumnNormalizer(),
    HOG(pixels_per_cell=(4, 4), cells_per_block=(1, 2)),
    OrientedGradients(),
]


def name_of(transformer):
    return type(transformer).__name__


each_transformer = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=name_of)


@pytest.fixture(scope="module")
def mnist_images(mnist):
    return mnist[0][0][:200]


@pytest.fixture(scope="module")
def colour_images():
    """Random pixels without blank edges, not square, of three channels."""
    return np.random.RandomState(0).rand(5, 13, 17, 3)


# Deskew against a loop over SciPy's affine transform


def deskewed(image):
    """Shear one image of shape (height, width, channels) about its centre of mass."""
    image = image.astype(float)
    background = image.min(axis=(0, 1))
    ink = (image - background).sum(axis=2)
    y, x = np.indices(ink.shape)
    y_mean, x_mean = ndimage.center_of_mass(ink)
    slope = ((y - y_mean) * (x - x_mean) * ink).sum() / ((y - y_mean) ** 2 * ink).sum()
    sheared = [
        ndimage.affine_transform(
            channel,
            [[1, 0], [slope, 1]],
            offset=[0, -slope * y_mean],
            order=1,
            mode="grid-constant",
            cval=darkest,
        )
        for channel, darkest in zip(np.moveaxis(image, 2, 0), background, strict=True)
    ]
    return np.stack(sheared, axis=2)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_deskew_is_the_affine_transform_of_scipy(mnist_images, dtype):
    expected = np.stack([deskewed(image)[..., 0] for image in mnist_images[..., np.newaxis]])
    tolerance = 1e-10 if dtype is np.float64 else 1e-4
    actual = Deskew().fit_transform(mnist_images.astype(dtype))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("scale", [1, -3], ids=["non-negative", "negative"])
def test_deskew_shears_all_channels_by_their_common_ink(colour_images, scale):
    images = colour_images + np.minimum(scale, 0)
    expected = np.stack([deskewed(image) for image in images])
    np.testing.assert_allclose(Deskew().fit_transform(images), expected, rtol=0, atol=1e-12)


def test_deskewed_ink_has_no_slant_and_its_mass_stays_in_place(mnist_images):
    y, x = np.indices((28, 28))
    inside = 0
    for before, after in zip(
        mnist_images.astype(float), Deskew().fit_transform(mnist_images), strict=True
    ):
        if not np.isclose(before.sum(), after.sum()):
            continue  # ink has left the image
        inside += 1
        centre = ndimage.center_of_mass(after.astype(float))
        np.testing.assert_allclose(centre, ndimage.center_of_mass(before), atol=1e-4)
        covariance = ((y - centre[0]) * (x - centre[1]) * after).sum() / after.sum()
        assert abs(covariance) < 1e-3
    assert inside > 100


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((6, 6)),
        np.full((6, 6), 7.0),
        np.eye(6)[[1]].repeat(1, 0),
        np.outer(np.arange(6) == 2, range(6)),
    ],
    ids=["empty", "full", "one row of pixels", "ink in one row"],
)
def test_deskew_leaves_an_image_without_a_slant_as_it_is(image):
    image = image.astype(float)[np.newaxis]
    np.testing.assert_allclose(Deskew().fit_transform(image), image, rtol=0, atol=1e-12)


def test_deskew_moves_a_row_out_of_the_image_where_the_slant_is_steep():
    image = np.zeros((1, 3, 40))
    image[0, [0, 1, 2], [0, 20, 39]] = 1, 1000, 1
    moved = Deskew().fit_transform(image)
    np.testing.assert_allclose(moved[0], deskewed(image[0, ..., np.newaxis])[..., 0], atol=1e-9)


# MomentNormalizer against a loop over SciPy's affine transform


def normalised(image, strength, height, width):
    """Centre and scale one image of shape (height, width, channels)."""
    image = image.astype(float)
    background = image.min(axis=(0, 1))
    ink = (image - background).sum(axis=2)
    centre = np.array(ndimage.center_of_mass(ink))
    wanted = np.array([height, width]) * ink.shape
    variance = [
        np.average((where - mean) ** 2, weights=ink)
        for where, mean in zip(np.indices(ink.shape), centre, strict=True)
    ]
    step = (np.sqrt(np.array(variance) + 1 / 12) / wanted) ** strength
    offset = centre - step * (np.array(ink.shape) - 1) / 2
    scaled = [
        ndimage.affine_transform(
            channel, np.diag(step), offset, order=1, mode="grid-constant", cval=darkest
        )
        for channel, darkest in zip(np.moveaxis(image, 2, 0), background, strict=True)
    ]
    return np.stack(scaled, axis=2)


@pytest.mark.parametrize(
    ("strength", "height", "width"), [(0.75, 0.225, 0.19), (0, 0.1, 0.1), (1, 0.2, 0.25)]
)
def test_moment_normalizer_is_the_affine_transform_of_scipy(
    mnist_images, colour_images, strength, height, width
):
    transformer = MomentNormalizer(strength=strength, height=height, width=width)
    for images in (mnist_images[:50, 2:, :, np.newaxis], colour_images - 0.5):
        expected = np.stack([normalised(image, strength, height, width) for image in images])
        doubles = transformer.fit_transform(images.astype(float))
        np.testing.assert_allclose(doubles, expected, rtol=0, atol=1e-10)
        singles = transformer.fit_transform(images.astype(np.float32))
        np.testing.assert_allclose(singles, expected, rtol=0, atol=1e-3)


def test_normalised_ink_is_in_the_middle_and_has_the_wanted_size(mnist_images):
    images = MomentNormalizer(strength=1, height=0.15, width=0.15).fit_transform(mnist_images)
    for image in images.astype(float):
        np.testing.assert_allclose(ndimage.center_of_mass(image), (13.5, 13.5), atol=0.3)
        for side, at in enumerate(np.indices((28, 28))):
            assert np.average((at - 13.5) ** 2, weights=image) ** 0.5 == pytest.approx(
                4.2, rel=0.1
            ), side


def test_an_image_without_ink_keeps_its_pixels():
    images = np.full((2, 4, 6), 5.0)
    np.testing.assert_array_equal(MomentNormalizer().fit_transform(images), images)


# Blur against SciPy's filter


@pytest.mark.parametrize("sigma", [0, 0.4, 1.0, 3.0])
@pytest.mark.parametrize("mode", ["reflect", "constant", "nearest", "mirror", "wrap"])
def test_blur_is_the_gaussian_filter_of_scipy(colour_images, sigma, mode):
    blurred = Blur(sigma=sigma, mode=mode, truncate=2.5).fit_transform(colour_images)
    for image, actual in zip(colour_images, blurred, strict=True):
        expected = ndimage.gaussian_filter(image, (sigma, sigma, 0), mode=mode, truncate=2.5)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-14)


def test_bytes_are_blurred_as_numbers(mnist_images):
    blurred = Blur(sigma=0.8).fit_transform(mnist_images)
    expected = [ndimage.gaussian_filter(image.astype(float), 0.8) for image in mnist_images]
    np.testing.assert_allclose(blurred, expected, rtol=0, atol=1e-4)


# HOG against scikit-image


@pytest.mark.parametrize("block_norm", ["L1", "L1-sqrt", "L2", "L2-Hys"])
@pytest.mark.parametrize("transform_sqrt", [False, True])
@pytest.mark.parametrize(
    ("orientations", "pixels_per_cell", "cells_per_block"),
    [(9, (8, 8), (3, 3)), (8, (4, 4), (2, 2)), (1, (5, 7), (1, 2)), (12, (28, 3), (1, 4))],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_hog_is_that_of_scikit_image(
    mnist_images, block_norm, transform_sqrt, orientations, pixels_per_cell, cells_per_block, dtype
):
    settings = {
        "orientations": orientations,
        "pixels_per_cell": pixels_per_cell,
        "cells_per_block": cells_per_block,
        "block_norm": block_norm,
        "transform_sqrt": transform_sqrt,
    }
    images = mnist_images[:30].astype(dtype)
    expected = np.stack([hog(image, **settings) for image in images])
    # scikit-image rounds each cell's sum to float32, whatever the dtype.
    actual = HOG(**settings).fit_transform(images)
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)


@pytest.fixture(scope="module")
def photographs():
    """Parts of a photograph in colour, bytes, of 32 x 40 pixels, from all over it."""
    image = load_sample_image("china.jpg")[:416]
    parts = image.reshape(13, 32, 16, 40, 3).swapaxes(1, 2)
    return parts[::4, ::4].reshape(-1, 32, 40, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("transform_sqrt", [False, True])
def test_hog_of_photographs_is_that_of_scikit_image(photographs, dtype, transform_sqrt):
    settings = {"pixels_per_cell": (8, 5), "transform_sqrt": transform_sqrt}
    images = photographs.astype(dtype)
    expected = [hog(image, **settings, channel_axis=-1) for image in images]
    np.testing.assert_allclose(HOG(**settings).fit_transform(images), expected, atol=1e-6)


def test_hog_takes_the_strongest_channel_as_scikit_image_does(colour_images):
    settings = {"pixels_per_cell": (3, 4), "cells_per_block": (2, 2)}
    expected = [hog(image, **settings, channel_axis=-1) for image in colour_images]
    np.testing.assert_allclose(HOG(**settings).fit_transform(colour_images), expected, atol=1e-6)


def test_hog_of_blank_images_is_zero():
    assert not HOG().fit_transform(np.zeros((2, 28, 28))).any()


def test_hog_says_that_an_image_is_too_small(digits):
    with pytest.raises(ValueError, match=r"24 x 24 pixels, but an image of X only 8 x 8.*smaller"):
        HOG().fit(digits[0])


@pytest.mark.parametrize("name", ["pixels_per_cell", "cells_per_block"])
@pytest.mark.parametrize("size", [(4,), (4, 0), (2.5, 2)])
def test_hog_says_what_a_size_is(digits, name, size):
    with pytest.raises(ValueError, match=rf"{name}=.*expected \(rows, columns\)"):
        HOG(**{name: size}).fit(digits[0])


def test_hog_takes_no_square_root_of_negative_pixels(digits):
    centred = digits[0] - 8.0
    transformer = HOG(pixels_per_cell=(1, 1), cells_per_block=(1, 1)).fit(centred)
    assert np.isfinite(transformer.transform(centred)).all()
    with pytest.raises(ValueError, match=r"negative number has no square root"):
        clone(transformer).set_params(transform_sqrt=True).fit_transform(centred)


# OrientedGradients against a loop over pixels


def described(image, n_directions, grids, spread, sigma):
    """Describe one image of shape (height, width, channels), one pixel after the other."""
    height, width, channels = image.shape
    image = ndimage.gaussian_filter(image.astype(float), (sigma, sigma, 0))
    none = np.zeros(channels)
    turn_of_direction = np.arange(n_directions) * 2 * np.pi / n_directions
    features = []
    for rows, columns in grids:
        pooled = np.zeros((n_directions, rows, columns))
        for y, x in np.ndindex(height, width):
            down = image[y + 1, x] - image[y - 1, x] if 0 < y < height - 1 else none
            right = image[y, x + 1] - image[y, x - 1] if 0 < x < width - 1 else none
            longest = np.hypot(down, right).argmax()
            down, right = down[longest], right[longest]
            apart = np.abs(np.arctan2(down, right) % (2 * np.pi) - turn_of_direction)
            apart = np.minimum(apart, 2 * np.pi - apart) * n_directions / (2 * np.pi)
            votes = np.hypot(down, right) * np.maximum(0, 1 - apart)
            from_row = (y + 0.5) * rows / height - (np.arange(rows) + 0.5)
            from_column = (x + 0.5) * columns / width - (np.arange(columns) + 0.5)
            window = np.exp(-(from_row[:, None] ** 2 + from_column**2) / (2 * spread**2))
            pooled += votes[:, None, None] * window
        features.append(np.sqrt(pooled / np.linalg.norm(pooled)).ravel())
    return np.concatenate(features)


@pytest.mark.parametrize(
    ("n_directions", "cells", "spread", "sigma"),
    [(12, (4, 7), 0.5, 0.5), (7, (3,), 0.3, 0.0), (3, ((2, 5), 1), 0.8, 1.0)],
)
def test_oriented_gradients_are_the_votes_of_each_pixel(
    mnist_images, n_directions, cells, spread, sigma
):
    grids = [cell if isinstance(cell, tuple) else (cell, cell) for cell in cells]
    images = mnist_images[:5, :, 3:].astype(float)
    expected = [
        described(image, n_directions, grids, spread, sigma) for image in images[..., np.newaxis]
    ]
    transformer = OrientedGradients(
        n_directions=n_directions, cells=cells, spread=spread, sigma=sigma
    )
    np.testing.assert_allclose(transformer.fit_transform(images), expected, rtol=0, atol=1e-7)
    of_bytes = transformer.fit_transform(mnist_images[:5, :, 3:])
    np.testing.assert_allclose(of_bytes, expected, rtol=0, atol=1e-3)


def test_oriented_gradients_are_those_of_each_pixels_strongest_channel(photographs):
    expected = [described(image, 12, [(4, 4), (7, 7)], 0.5, 0.5) for image in photographs[:4]]
    transformer = OrientedGradients(ink="bright")
    of_floats = transformer.fit_transform(photographs[:4].astype(float))
    np.testing.assert_allclose(of_floats, expected, rtol=0, atol=1e-7)


def test_oriented_gradients_follow_neither_the_scale_nor_the_offset_of_pixels(mnist_images):
    images = mnist_images.astype(float)
    scaled = OrientedGradients().fit_transform(images / 127.5 - 1)
    np.testing.assert_allclose(OrientedGradients().fit_transform(images), scaled, atol=1e-6)


def test_a_blank_image_has_no_gradients():
    assert not OrientedGradients().fit_transform(np.full((2, 9, 9), 3, dtype=np.uint8)).any()


@pytest.mark.parametrize("cells", [(), (0,), (2.5,), [(4, 4, 4)], ["ab"]])
def test_oriented_gradients_say_what_cells_are(digits, cells):
    with pytest.raises(ValueError, match=r"cells=.*expected the grids"):
        OrientedGradients(cells=cells).fit(digits[0])


# All of them, as scikit-learn's transformers


@each_transformer
def test_rows_and_images_give_equal_numbers(transformer, mnist_images):
    of_images = clone(transformer).fit_transform(mnist_images)
    of_rows = clone(transformer).fit_transform(mnist_images.reshape(200, -1))
    np.testing.assert_array_equal(of_images.reshape(200, -1), of_rows)
    of_channels = clone(transformer).fit_transform(mnist_images[..., np.newaxis])
    np.testing.assert_array_equal(of_channels.reshape(200, -1), of_rows)


@each_transformer
def test_bytes_and_floats_give_equal_numbers(transformer, mnist_images):
    rows = mnist_images.reshape(200, -1)
    of_bytes = clone(transformer).fit_transform(rows)
    of_floats = clone(transformer).fit_transform(rows.astype(np.float32))
    of_doubles = clone(transformer).fit_transform(rows.astype(np.float64))
    assert (of_bytes.dtype, of_doubles.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(of_bytes, of_floats, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(of_bytes, of_doubles, rtol=1e-4, atol=1e-4)


@each_transformer
def test_an_image_becomes_the_same_in_any_company(transformer, mnist_images):
    transformer = clone(transformer).fit(mnist_images)
    together = transformer.transform(mnist_images)
    alone = np.concatenate([transformer.transform(image[np.newaxis]) for image in mnist_images])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("transformer", [HOG(), OrientedGradients()], ids=name_of)
def test_threads_give_equal_numbers(transformer, mnist_images):
    in_threads = clone(transformer).set_params(n_jobs=2).fit_transform(mnist_images)
    np.testing.assert_array_equal(in_threads, clone(transformer).fit_transform(mnist_images))


@each_transformer
def test_images_that_are_not_square_are_taken(transformer, colour_images):
    transformed = clone(transformer).fit_transform(colour_images)
    rows = colour_images.reshape(len(colour_images), -1)
    of_rows = clone(transformer).set_params(image_shape=(13, 17, 3)).fit_transform(rows)
    np.testing.assert_array_equal(transformed.reshape(of_rows.shape), of_rows)
    with pytest.raises(ValueError, match="was fitted on"):
        clone(transformer).fit(colour_images).transform(colour_images.transpose(0, 2, 1, 3))


@each_transformer
def test_pixels_are_not_changed(transformer, mnist_images):
    images = mnist_images.astype(np.float32)
    images.setflags(write=False)
    transformed = clone(transformer).fit_transform(images)
    assert not np.shares_memory(transformed, images)


@each_transformer
def test_features_have_names(transformer, digits):
    X = pd.DataFrame(digits[0][:20]).add_prefix("pixel")
    transformer = clone(transformer).set_output(transform="pandas").fit(X)
    transformed = transformer.transform(X)
    assert list(transformed.columns) == list(transformer.get_feature_names_out())
    same = transformed.shape == X.shape and not isinstance(transformer, HOG | OrientedGradients)
    assert transformed.columns[0] == ("pixel0" if same else f"{name_of(transformer).lower()}0")


@each_transformer
def test_pickled_transformers_give_equal_numbers(transformer, digits):
    transformer = clone(transformer).fit(digits[0])
    copy = pickle.loads(pickle.dumps(transformer))
    np.testing.assert_array_equal(copy.transform(digits[1]), transformer.transform(digits[1]))


def test_settings_are_searched_in_a_pipeline_in_two_processes(digits):
    X_train, X_test, y_train, y_test = digits
    pipeline = make_pipeline(
        Deskew(), OrientedGradients(), PCA(20, random_state=0), KNeighborsClassifier(3)
    )
    grid = {"orientedgradients__cells": [(2,), (3,)]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X_train[:600], y_train[:600])
    assert search.score(X_test, y_test) > 0.95


# -- columns of unit length -------------------------------------------------------------


def test_columns_are_scaled_as_keras_scales_them(mnist_images):
    keras = load_keras()
    expected = keras.utils.normalize(mnist_images.astype(np.float32), axis=1)
    np.testing.assert_allclose(ColumnNormalizer().fit_transform(mnist_images), expected, rtol=1e-6)


def test_columns_of_each_channel_are_of_unit_length(colour_images):
    scaled = ColumnNormalizer().fit_transform(colour_images)
    np.testing.assert_allclose(np.linalg.norm(scaled, axis=1), 1)
