"""Images and labels of other libraries, in other layouts, read right or refused."""

import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.exceptions import DataConversionWarning
from sklearn.svm import SVC

from skmnist import (
    CNNClassifier,
    CNNFeatures,
    CNNStackingClassifier,
    CommitteeClassifier,
    DNNClassifier,
    compare,
    svm,
)
from skmnist._inputs.validation import rows_as_fitted
from skmnist.ensemble import VirtualSVC
from skmnist.preprocessing import HOG, Deskew


def cnn(**parameters):
    settings = {"conv_blocks": [4], "epochs": 1, "dtype": "float32", "random_state": 0}
    return CNNClassifier(**{**settings, "augmentation": None, **parameters})


@pytest.fixture(scope="module")
def data(digits):
    X, _, y, _ = digits
    return X[:100].reshape(-1, 8, 8), y[:100]


@pytest.fixture(scope="module")
def colour(data):
    """Images of 8 x 8 pixels in three colours."""
    X, y = data
    return np.stack([X, X // 2, 16 - X], axis=-1), y


def estimators():
    return [
        cnn(),
        CommitteeClassifier(estimators=cnn(), n_estimators=1),
        CNNStackingClassifier(network=cnn(), estimators=[("svm", SVC())], cv=2),
        CNNFeatures(cnn()),
        VirtualSVC(SVC()),
        Deskew(),
        HOG(pixels_per_cell=(4, 4), cells_per_block=(1, 1)),
    ]


def called(estimator, X):
    return estimator.predict(X) if hasattr(estimator, "predict") else estimator.transform(X)


def named(estimator):
    return type(estimator).__name__


# -- channels first --------------------------------------------------------------------


@pytest.mark.parametrize("estimator", estimators(), ids=named)
@pytest.mark.parametrize("channels", [1, 3])
def test_channels_that_come_first_are_refused_with_the_axis_to_move(
    estimator, channels, data, colour
):
    X, y = colour
    X = np.moveaxis(X, -1, 1)[:, :channels]
    match = rf"X has shape \(n, {channels}, 8, 8\).*PyTorch.*np.moveaxis\(X, 1, -1\)"
    with pytest.raises(ValueError, match=match):
        estimator.fit(X, y)


@pytest.mark.parametrize("estimator", estimators(), ids=named)
def test_colours_that_come_first_are_refused_after_a_fit_too(estimator, colour):
    X, y = colour
    estimator.fit(X, y)
    with pytest.raises(ValueError, match=r"np.moveaxis\(X, 1, -1\)"):
        called(estimator, np.moveaxis(X, -1, 1))


def test_colours_that_come_first_are_refused_in_a_validation_set(colour):
    X, y = colour
    with pytest.raises(ValueError, match=r"X_val.*np.moveaxis\(X, 1, -1\)"):
        cnn().fit(X, y, X_val=np.moveaxis(X, -1, 1), y_val=y)


@pytest.mark.parametrize("image_shape", [(8, 8), (8, 8, 1)])
def test_a_single_channel_may_come_first_where_the_shape_is_given(image_shape, data):
    X, y = data
    expected = cnn().fit(X, y).predict_proba(X)
    classifier = cnn(image_shape=image_shape).fit(X[:, np.newaxis], y)
    assert classifier.image_shape_ == (8, 8, 1)
    assert np.array_equal(classifier.predict_proba(X[:, np.newaxis]), expected)
    assert np.array_equal(classifier.predict_proba(X), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_shape_that_is_given_is_taken_as_it_is(channels, colour):
    X, y = colour
    X = np.moveaxis(X, -1, 1)[:, :channels]
    shape = (channels, 8, 8)
    classifier = cnn(conv_blocks=[{"filters": 4, "padding": "same"}], image_shape=shape).fit(X, y)
    assert classifier.image_shape_ == shape
    committee = CommitteeClassifier(estimators=classifier, n_estimators=1).fit(X, y)
    assert committee.image_shape_ == shape


def test_three_channels_that_come_first_contradict_a_shape_that_has_them_last(colour):
    X, y = colour
    with pytest.raises(ValueError, match=r"image_shape=\(8, 8, 3\), but X.*np.moveaxis\(X, 1, -1"):
        cnn(image_shape=(8, 8, 3)).fit(np.moveaxis(X, -1, 1), y)


@pytest.mark.parametrize(
    "shape", [(3, 8, 3), (1, 8, 1), (1, 8, 3), (3, 3, 8), (1, 1, 64), (2, 8, 8), (8, 8, 8)]
)
def test_real_images_of_few_rows_or_many_channels_are_no_channels_first(shape):
    X = np.random.default_rng(0).random((10, *shape))
    assert Deskew().fit(X).image_shape_ == shape


# -- flattened colours -----------------------------------------------------------------


@pytest.mark.parametrize("estimator", estimators(), ids=named)
def test_flattened_colours_are_warned_of_by_each_that_reads_images(estimator, colour):
    if isinstance(estimator, HOG | Deskew):
        estimator = Deskew()
    X, y = colour
    with pytest.warns(UserWarning, match=r"set image_shape=\(8, 8, 3\)") as caught:
        estimator.fit(X.reshape(100, -1), y)
    assert len(caught) == 1


@pytest.mark.parametrize("n_columns", [12, 27, 48, 75, 100, 193, 256])
def test_tables_of_other_widths_are_not_warned_of(n_columns):
    Deskew().fit(np.ones((5, n_columns)))


def test_signed_features_and_lines_on_purpose_are_not_warned_of(colour):
    X, y = colour
    rows = X.reshape(100, -1)
    Deskew().fit(rows - rows.mean())
    Deskew(image_shape=(1, 192)).fit(rows)
    Deskew(image_shape=(8, 8, 3)).fit(rows)
    DNNClassifier(hidden_units=(8,), epochs=1).fit(rows, y)  # has no use for a shape


# -- arrays of other libraries -----------------------------------------------------------


@pytest.fixture(scope="module")
def tensorflow():
    from skmnist._utils.backend import load_keras

    load_keras()
    return pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def makers(tensorflow):
    """What makes an array of each library of one of NumPy's."""

    def made_with_gradient(array):
        torch = pytest.importorskip("torch")
        return torch.from_numpy(array.astype(np.float32)).requires_grad_()

    return {
        "tf.Tensor": tensorflow.constant,
        "tf.Variable": tensorflow.Variable,
        "torch": lambda array: pytest.importorskip("torch").from_numpy(array.copy()),
        "torch with gradient": made_with_gradient,
        "jax": lambda array: pytest.importorskip("jax").numpy.asarray(array),
        "xarray": lambda array: pytest.importorskip("xarray").DataArray(array),
        "memoryview": lambda array: memoryview(np.ascontiguousarray(array)),
        "list of lists": np.ndarray.tolist,
    }


KINDS = [
    "tf.Tensor",
    "tf.Variable",
    "torch",
    "torch with gradient",
    "jax",
    "xarray",
    "memoryview",
    "list of lists",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("layout", "dispatch"), [("images", False), ("rows", True)])
def test_arrays_of_other_libraries_are_as_good_as_numpys(kind, layout, dispatch, makers, data):
    X, y = data
    X = X.reshape(100, -1) if layout == "rows" else X
    make, make_labels = makers[kind], makers[kind.removesuffix(" with gradient")]
    expected = cnn().fit(X, y)
    with config_context(array_api_dispatch=dispatch):
        classifier = cnn().fit(make(X), make_labels(y), make(np.ones(100)))
        probabilities = classifier.predict_proba(make(X))
        score = classifier.score(make(X), make_labels(y))
        assert isinstance(classifier.predict(make(X)), np.ndarray)
    assert np.array_equal(probabilities, expected.predict_proba(X))
    assert score == expected.score(X, y)
    assert np.array_equal(classifier.classes_, expected.classes_)


@pytest.mark.parametrize(
    ("kind", "dispatch"), [("torch with gradient", True), ("tf.Tensor", False), ("xarray", False)]
)
@pytest.mark.parametrize(
    "estimator",
    [
        Deskew(),
        HOG(pixels_per_cell=(4, 4), cells_per_block=(1, 1)),
        VirtualSVC(SVC()),
        CommitteeClassifier(estimators=cnn(), n_estimators=1, random_state=0),
        CNNStackingClassifier(network=cnn(), estimators=[("svm", SVC())], cv=2, random_state=0),
        CNNFeatures(cnn()),
    ],
    ids=named,
)
def test_other_estimators_take_arrays_of_other_libraries_too(
    kind, dispatch, estimator, makers, data
):
    X, y = data
    make, make_labels = makers[kind], makers[kind.removesuffix(" with gradient")]
    # As lists are, and tensors of float32 are nearly: a transformer's precision depends on it.
    X = X.astype(np.float64)
    expected = called(estimator.fit(X, y), X)
    with config_context(array_api_dispatch=dispatch):
        result = called(estimator.fit(make(X), make_labels(y)), make(X))
    assert isinstance(result, np.ndarray)
    assert np.allclose(result, expected, rtol=1e-5, atol=1e-5)


def test_a_comparison_takes_arrays_of_other_libraries(makers, data):
    X, y = data
    expected = compare([svm()], X, y, cv=2, verbose=0).confusion
    result = compare([svm()], makers["tf.Tensor"](X), makers["torch"](y), cv=2, verbose=0).confusion
    assert list(result) == list(expected)
    assert all(np.array_equal(result[name], expected[name]) for name in expected)


# -- labels ------------------------------------------------------------------------------


def test_labels_in_one_column_are_taken_with_scikit_learns_warning(data):
    pandas = pytest.importorskip("pandas")
    X, y = data
    expected = cnn().fit(X, y).predict_proba(X)
    for column in (y[:, np.newaxis], pandas.DataFrame({"digit": y})):
        with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
            classifier = cnn().fit(X, column)
        assert np.array_equal(classifier.predict_proba(X), expected)


def test_labels_in_one_column_are_taken_by_the_others_and_in_a_validation_set(data):
    X, y = data
    column = y[:, np.newaxis]
    for estimator in (
        CommitteeClassifier(estimators=cnn(), n_estimators=1),
        CNNStackingClassifier(network=cnn(), estimators=[("svm", SVC())], cv=2),
        VirtualSVC(SVC()),
        CNNFeatures(cnn()),
    ):
        with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
            estimator.fit(X, column)
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        cnn().fit(X, y, X_val=X, y_val=column)


def test_columns_of_a_frame_may_have_numbers_for_names(data):
    pandas = pytest.importorskip("pandas")
    X, y = data
    frame = pandas.DataFrame(X.reshape(100, -1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier = cnn().fit(frame, y)
        predicted = classifier.predict(frame)
    assert not hasattr(classifier, "feature_names_in_")
    assert np.array_equal(predicted, cnn().fit(X, y).predict(X))


@pytest.mark.parametrize("kind", [str, object])
def test_weights_of_classes_are_looked_up_by_labels_that_are_strings(kind, data):
    X, y = data
    labels = y.astype(str).astype(kind)
    expected = cnn(class_weight={3: 5.0}).fit(X, y).predict_proba(X)
    classifier = cnn(class_weight={"3": 5.0}).fit(X, labels)
    assert np.array_equal(classifier.predict_proba(X), expected)
    assert not np.array_equal(expected, cnn().fit(X, y).predict_proba(X))


@pytest.mark.parametrize("key", [np.int64(3), np.uint8(3), 3.0])
def test_numbers_of_any_kind_name_a_class(key, data):
    X, y = data
    expected = cnn(class_weight={3: 5.0}).fit(X, y).predict_proba(X)
    assert np.array_equal(cnn(class_weight={key: 5.0}).fit(X, y).predict_proba(X), expected)


@pytest.mark.parametrize(
    ("class_weight", "as_type"),
    [({3: 5.0}, str), (dict.fromkeys(range(10), 2.0), str), ({"3": 5.0}, int)],
)
def test_weights_of_classes_by_another_kind_of_label_are_refused(class_weight, as_type, data):
    X, y = data
    with pytest.raises(ValueError, match=r"class_weight has the keys \[.*which are no labels"):
        cnn(class_weight=class_weight).fit(X, y.astype(as_type))


def test_a_class_that_a_fold_lacks_may_have_a_weight(data):
    X, y = data
    known = y < 5
    classifier = cnn(class_weight=dict.fromkeys(range(10), 1.0)).fit(X[known], y[known])
    assert classifier.classes_.tolist() == [0, 1, 2, 3, 4]


# -- probabilities -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [
        CommitteeClassifier(estimators=cnn(), n_estimators=2, random_state=0),
        CNNStackingClassifier(network=cnn(), estimators=[("svm", SVC())], cv=2, random_state=0),
    ],
    ids=named,
)
def test_ensembles_have_logarithms_of_probabilities(estimator, data):
    X, y = data
    estimator.fit(X, y)
    log_probabilities = estimator.predict_log_proba(X)
    assert np.allclose(np.exp(log_probabilities), estimator.predict_proba(X))
    assert np.isfinite(log_probabilities).all()


@pytest.fixture
def fitted_on_four():
    estimator = DNNClassifier()
    estimator.n_features_in_, estimator.image_shape_ = 4, (1, 4, 1)
    return estimator


@pytest.mark.parametrize(
    "dtype", ["uint8", "bool", "int64", "float16", "float32", "float64", ">f4"]
)
def test_rows_as_fitted_are_returned_as_they_are(dtype, fitted_on_four):
    rows = np.ones((3, 4), dtype)
    found, _ = rows_as_fitted(fitted_on_four, rows)
    assert found is rows


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_finite_numbers_whose_sum_is_not_are_accepted(dtype, fitted_on_four):
    rows = np.full((3, 4), np.finfo(dtype).max, dtype)
    found, _ = rows_as_fitted(fitted_on_four, rows)
    assert np.array_equal(found, rows)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.full((1, 4), np.nan), "NaN"),
        (np.array([[0, np.inf, 0, 0]]), "infinity"),
        (np.full((1, 4), 1e200), "float32"),
        (np.ones((0, 4)), r"0 sample\(s\)"),
        (np.ones((1, 5)), "5 features"),
        (np.ones((1, 4), complex), "Complex"),
    ],
)
def test_rows_that_are_not_as_fitted_are_refused(rows, message, fitted_on_four):
    with pytest.raises(ValueError, match=message):
        rows_as_fitted(fitted_on_four, rows)


def test_rows_without_the_names_of_fit_are_warned_of(fitted_on_four):
    fitted_on_four.feature_names_in_ = np.array(list("abcd"), dtype=object)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        rows_as_fitted(fitted_on_four, np.ones((1, 4)))
