"""Samples and targets of many dtypes and shapes, against scikit-learn's own networks."""

import warnings

import numpy as np
import pytest
from scikeras_builders import linear, plain
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skmnist import KerasClassifier, KerasRegressor
from skmnist._utils.backend import load_keras

keras = load_keras()
layers = keras.layers


# Fits of one or two epochs, of which nothing is expected.
pytestmark = pytest.mark.filterwarnings("ignore:Training ended at guessing")

NUMBERS = ["float32", "float64", "int64", "uint8"]
LABELS = ["float32", "int64", "<U1"]


def fitted_as(ours, theirs, X, y):
    """Fit a network of ours and one of scikit-learn; return what they predict."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's own need not converge
        expected = theirs.fit(X, y).predict(X)
    return ours.fit(X, y).predict(X), expected


# -- targets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", LABELS)
@pytest.mark.parametrize("units", [1, 2])
def test_two_classes_are_predicted_as_scikit_learn_does(units, dtype, zero_or_one):
    X, y = zero_or_one

    def builder():
        return plain(64, units, activation="sigmoid" if units == 1 else "softmax")

    classifier = KerasClassifier(builder, epochs=10, random_state=0)
    y_pred, expected = fitted_as(classifier, MLPClassifier(max_iter=5), X, y.astype(dtype))
    assert (y_pred.shape, y_pred.dtype) == (expected.shape, expected.dtype)
    assert np.mean(y_pred == y.astype(dtype)) > 0.95
    probabilities = classifier.predict_proba(X)
    assert probabilities.shape == (len(X), 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(y_pred, classifier.classes_[probabilities.argmax(axis=1)])


@pytest.mark.parametrize("dtype", LABELS)
def test_classes_are_predicted_as_scikit_learn_does(dtype, zero_to_four):
    X, y = zero_to_four
    classifier = KerasClassifier(plain, epochs=10, learning_rate=0.01, random_state=0)
    y_pred, expected = fitted_as(classifier, MLPClassifier(max_iter=5), X, y.astype(dtype))
    assert (y_pred.shape, y_pred.dtype) == (expected.shape, expected.dtype)
    assert np.mean(y_pred == y.astype(dtype)) > 0.8
    probabilities = classifier.predict_proba(X)
    np.testing.assert_array_equal(y_pred, classifier.classes_[probabilities.argmax(axis=1)])
    np.testing.assert_allclose(classifier.predict_log_proba(X), np.log(probabilities), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_several_labels_are_predicted_as_scikit_learn_does(dtype, strokes):
    X, y = strokes
    classifier = KerasClassifier(
        plain, activation="sigmoid", epochs=15, learning_rate=0.01, random_state=0
    )
    scikit_learns = MLPClassifier(max_iter=5)
    y_pred, expected = fitted_as(classifier, scikit_learns, X, y.astype(dtype))
    assert (y_pred.shape, y_pred.dtype) == (expected.shape, expected.dtype)
    assert np.mean(y_pred == y) > 0.8
    np.testing.assert_array_equal(classifier.classes_, scikit_learns.classes_)
    probabilities = classifier.predict_proba(X)
    assert probabilities.shape == scikit_learns.predict_proba(X).shape
    np.testing.assert_array_equal(y_pred, probabilities > 0.5)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("n_classes", [2, 5])
def test_one_hot_labels_are_refused_with_the_way_out(n_classes, dtype, zero_to_four):
    X, y = zero_to_four
    one_hot = np.eye(n_classes, dtype=dtype)[y % n_classes]
    with pytest.raises(ValueError, match=r"np\.argmax\(y, axis=1\)"):
        KerasClassifier(plain, loss="categorical_crossentropy").fit(X, one_hot)


def test_several_targets_of_several_classes_have_a_network_each(zero_to_four):
    X, y = zero_to_four
    both = np.column_stack([y, y % 2])
    with pytest.raises(ValueError, match="y "):
        KerasClassifier(plain).fit(X, both)

    def softmax(n_features_in, n_classes):
        return plain(n_features_in, n_classes)

    network = KerasClassifier(softmax, epochs=10, learning_rate=0.01, random_state=0)
    classifier = MultiOutputClassifier(network).fit(X, both)
    assert classifier.predict(X).shape == both.shape
    assert classifier.score(X, both) > 0.6


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_numbers_are_predicted_as_scikit_learn_does(n_outputs, dtype, zero_or_one):
    X, y = zero_or_one
    y = y.astype(dtype) if n_outputs == 1 else np.column_stack([y, 1 - y]).astype(dtype)

    def builder(n_outputs):
        return plain(64, n_outputs, activation=None)

    regressor = KerasRegressor(builder, epochs=20, learning_rate=0.01, random_state=0)
    y_pred, expected = fitted_as(regressor, MLPRegressor(max_iter=5), X, y)
    assert y_pred.shape == expected.shape
    assert y_pred.dtype.kind == "f"
    assert regressor.score(X, y) > 0.8


def test_a_column_of_targets_is_one_target(diabetes):
    X, y = diabetes
    settings = {"epochs": 3, "random_state": 0}
    expected = KerasRegressor(linear, **settings).fit(X, y).predict(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataConversionWarning)  # as scikit-learn's MLPRegressor
        y_pred = KerasRegressor(linear, **settings).fit(X, y[:, None]).predict(X)
    np.testing.assert_array_equal(y_pred.ravel(), expected)


# -- samples ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [KerasClassifier(plain, epochs=2, random_state=0), KerasRegressor(linear, random_state=0)],
    ids=["classifier", "regressor"],
)
def test_samples_of_any_dtype_are_the_same_numbers(estimator, zero_to_four):
    X, y = zero_to_four
    X = np.round(X * 16)
    expected = estimator.fit(X, y).predict(X)
    for dtype in ("int64", "uint8", "object"):
        y_pred = estimator.fit(X.astype(dtype), y).predict(X.astype(dtype))
        np.testing.assert_allclose(y_pred, expected, rtol=1e-4)


@pytest.mark.parametrize("as_sparse", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
def test_sparse_rows_are_the_same_numbers(as_sparse, zero_to_four):
    X, y = zero_to_four
    classifier = KerasClassifier(plain, epochs=5, random_state=0)
    expected = classifier.fit(X, y).predict_proba(X)
    probabilities = classifier.fit(as_sparse(X), y).predict_proba(as_sparse(X))
    np.testing.assert_allclose(probabilities, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(value, zero_to_four):
    X, y = zero_to_four
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        KerasClassifier(plain).fit(np.where(X > 0.9, value, X), y)


def test_plain_lists_are_samples():
    classifier = KerasClassifier(plain, activation="sigmoid", epochs=1)
    classifier.fit([[0.0], [1.0]] * 5, ["no", "yes"] * 5)
    assert classifier.predict([[0.0]]).shape == (1,)
    assert classifier.n_features_in_ == 1


# -- several inputs, several outputs ----------------------------------------------------------


def two_inputs(n_outputs):
    top, rest = keras.Input((24,), name="top"), keras.Input((40,), name="rest")
    joined = layers.Concatenate()([layers.Dense(8)(top), layers.Dense(8)(rest)])
    return keras.Model([top, rest], layers.Dense(n_outputs, activation="softmax")(joined))


def test_rows_are_divided_among_the_inputs(zero_to_four):
    X, y = zero_to_four
    classifier = KerasClassifier(two_inputs, epochs=10, learning_rate=0.01, random_state=0).fit(
        X, y
    )
    assert classifier.score(X, y) > 0.8
    top, rest = X[:, :24], X[:, 24:]
    by_name = KerasClassifier(two_inputs, epochs=10, learning_rate=0.01, random_state=0)
    by_name.fit({"top": top, "rest": rest}, y)
    np.testing.assert_allclose(
        by_name.predict_proba({"rest": rest, "top": top}),
        classifier.predict_proba(X),
        rtol=1e-5,
        atol=1e-6,
    )


def test_the_columns_of_a_data_frame_are_the_inputs(diabetes):
    pd = pytest.importorskip("pandas")
    X, y = diabetes

    def builder():
        age, bmi = keras.Input((1,), name="age"), keras.Input((1,), name="bmi")
        return keras.Model([age, bmi], layers.Dense(1)(layers.Concatenate()([age, bmi])))

    frame = pd.DataFrame({"bmi": X[:, 2], "age": X[:, 0]})
    regressor = KerasRegressor(builder, epochs=20, learning_rate=0.05, random_state=0)
    regressor.fit(frame, y)
    assert regressor.score(frame, y) > 0.1


def test_several_outputs_are_refused(zero_to_four):
    def builder(n_features_in, n_classes):
        pixels = keras.Input((n_features_in,))
        outputs = [layers.Dense(1, activation="sigmoid"), layers.Dense(n_classes)]
        return keras.Model(pixels, [layer(pixels) for layer in outputs])

    with pytest.raises(ValueError, match="outputs"):
        KerasClassifier(builder).fit(*zero_to_four)


def test_too_few_outputs_are_refused(zero_to_four):
    with pytest.raises(ValueError, match=r"3.*5|5.*3"):
        KerasClassifier(lambda: plain(64, 3)).fit(*zero_to_four)


class Model(BaseEstimator):
    """No Keras model, though it has a method `fit`."""

    def fit(self, X, y):
        return self


def test_another_estimator_is_no_model(zero_to_four):
    with pytest.raises((TypeError, ValueError), match="model"):
        KerasClassifier(Model()).fit(*zero_to_four)
