import pickle

import numpy as np
import pytest
from scipy.signal import correlate
from sklearn.base import clone
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skmnist._utils.backend import load_keras
from skmnist.preprocessing._convolutions import (
    ConvolutionFeatures,
    _convolve,
    _windows,
    gabor_filters,
)


@pytest.fixture(scope="module")
def images(mnist):
    """The first 300 training images."""
    return mnist[0][0][:300]


@pytest.fixture
def filters():
    return np.random.default_rng(0).normal(size=(5, 3, 7))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_convolutions_are_scipys(images, filters, dtype):
    answers = _convolve(images[:5, ..., np.newaxis].astype(dtype), filters.astype(dtype))
    assert answers.dtype == dtype
    expected = [
        [correlate(image, kernel, mode="same") for kernel in filters]
        for image in images[:5].astype(float)
    ]
    expected = np.moveaxis(expected, 1, -1)[:, :, :, np.newaxis]
    np.testing.assert_allclose(answers, expected, rtol=0, atol=3e4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("sides", [(3, 7), (4, 2)])
def test_convolutions_are_keras_own(images, sides):
    keras = load_keras()
    rng = np.random.default_rng(0)
    kernels = rng.normal(size=(*sides, 1, 4)).astype(np.float32)
    layer = keras.layers.Conv2D(4, sides, padding="same", use_bias=False)
    pixels = images[:5, ..., np.newaxis] / np.float32(255)
    layer.build(pixels.shape)
    layer.set_weights([kernels])
    expected = keras.ops.convert_to_numpy(layer(pixels))
    answers = _convolve(pixels, np.moveaxis(kernels[:, :, 0], -1, 0))
    np.testing.assert_allclose(answers[:, :, :, 0], expected, rtol=0, atol=2e-5)


def test_features_are_the_root_mean_squares_in_the_windows(images, filters):
    X = images[:3].astype(float)
    features = ConvolutionFeatures(filters=filters, grid=(2, 4)).fit_transform(X)
    features = features.reshape(3, 2, 4, 5)
    squares = correlate(X[1], filters[2], mode="same") ** 2
    weights = np.outer(_windows(28, 2)[1], _windows(28, 4)[0])
    np.testing.assert_allclose(features[1, 1, 0, 2], np.sqrt((weights * squares).sum()))


def test_windows_are_means_around_evenly_spaced_centres():
    windows = _windows(28, 6)
    np.testing.assert_allclose(windows.sum(axis=1), 1)
    np.testing.assert_allclose(windows, windows[::-1, ::-1])
    heaviest = windows.argmax(axis=1)
    assert np.abs(heaviest - ((np.arange(6) + 0.5) * 28 / 6 - 0.5)).max() <= 0.5


def test_gabor_filters_answer_to_strokes_of_their_own_direction():
    even = gabor_filters(7, wavelengths=(7,), n_orientations=4)[:4]
    vertical = np.zeros((7, 7))
    vertical[:, 2:5] = 1
    answers = (even * vertical).sum(axis=(1, 2))
    assert answers.argmax() == 0
    across = (even * vertical.T).sum(axis=(1, 2))
    assert across.argmax() == 2


def test_gabor_filters_have_no_mean_and_unit_norm():
    filters = gabor_filters()
    assert filters.shape == (32, 7, 7)
    np.testing.assert_allclose(filters.mean(axis=(1, 2)), 0, atol=1e-15)
    np.testing.assert_allclose(np.linalg.norm(filters, axis=(1, 2)), 1)


def test_features_have_the_same_bits_in_any_company(images):
    convolution = ConvolutionFeatures().fit(images)
    together = convolution.transform(images)
    for n in (1, 7, 65):
        assert np.array_equal(convolution.transform(images[:n]), together[:n])


def test_rows_and_images_are_the_same(images):
    expected = ConvolutionFeatures().fit_transform(images)
    assert expected.shape == (300, 6 * 6 * 32)
    assert expected.dtype == np.float32
    rows = images.reshape(300, -1)
    assert np.array_equal(ConvolutionFeatures().fit_transform(rows), expected)
    exact = ConvolutionFeatures().fit_transform(rows.astype(np.float64))
    assert exact.dtype == np.float64
    np.testing.assert_allclose(expected, exact, rtol=1e-3, atol=1e-3)


def test_images_are_not_changed(images):
    floats = images[:70].astype(np.float32)
    before = floats.copy()
    ConvolutionFeatures().fit_transform(floats)
    assert np.array_equal(floats, before)


def test_each_channel_is_convolved_alone(images, filters):
    colours = np.stack([images, images[::-1]], axis=-1)
    convolution = ConvolutionFeatures(filters=filters, grid=(3, 2))
    both = convolution.fit_transform(colours).reshape(300, 3, 2, 2, 5)
    one = convolution.fit_transform(images).reshape(300, 3, 2, 5)
    np.testing.assert_allclose(both[..., 0, :], one, rtol=1e-5)
    np.testing.assert_allclose(both[..., 1, :], one[::-1], rtol=1e-5)


def test_small_images_have_no_more_windows_than_pixels():
    convolution = ConvolutionFeatures().fit(np.ones((4, 3, 9)))
    assert convolution.transform(np.ones((4, 3, 9))).shape == (4, 3 * 6 * 32)
    assert len(convolution.get_feature_names_out()) == 3 * 6 * 32


def test_ridge_on_random_fourier_features_classifies_digits(mnist):
    (X, y), _ = mnist
    features = ConvolutionFeatures()
    hidden = RBFSampler(gamma="scale", n_components=500, random_state=0)
    classifier = make_pipeline(features, hidden, RidgeClassifier(alpha=0.1))
    plain = make_pipeline(RBFSampler(gamma="scale", random_state=0), RidgeClassifier(alpha=0.1))
    classifier.fit(X[:2000], y[:2000])
    plain.fit(X[:2000].reshape(2000, -1), y[:2000])
    assert classifier.score(X[-1000:], y[-1000:]) > 0.96
    assert plain.score(X[-1000:].reshape(1000, -1), y[-1000:]) < 0.9


def test_it_lives_in_scikit_learn(digits, filters):
    X, X_new, y, _ = digits
    search = GridSearchCV(
        make_pipeline(ConvolutionFeatures(), RidgeClassifier()),
        {"convolutionfeatures__filters": [None, filters], "convolutionfeatures__grid": [(3, 3)]},
        cv=2,
        n_jobs=2,
    )
    search.fit(X, y)
    assert search.best_score_ > 0.9
    copy = pickle.loads(pickle.dumps(search.best_estimator_))
    assert np.array_equal(copy.predict(X_new), search.predict(X_new))
    assert np.array_equal(clone(ConvolutionFeatures(filters=filters)).filters, filters)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"grid": (6,)}, r"grid=\(6,\); expected \(rows, columns\)"),
        ({"grid": (0, 3)}, r"grid=\(0, 3\); expected"),
        ({"grid": 6}, "grid"),
        ({"filters": np.ones((7, 7))}, r"filters has shape \(7, 7\); expected \(n_filters"),
        ({"filters": np.full((1, 3, 3), np.nan)}, "filters contains NaN"),
        ({"filters": "gabor"}, "filters"),
    ],
)
def test_a_bad_setting_is_named(digits, settings, message):
    with pytest.raises(ValueError, match=message):
        ConvolutionFeatures(**settings).fit(digits[0])
