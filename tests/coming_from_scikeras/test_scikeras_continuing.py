"""Warm starts, `partial_fit` and the history, and what may not change on the way."""

import pickle

import numpy as np
import pytest
from scikeras_builders import (
    functional_image_classifier,
    image_classifier,
    linear,
    mlp_classifier,
    mlp_regressor,
    plain,
)
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning

from skmnist import KerasClassifier, KerasRegressor
from skmnist._utils.backend import load_keras

keras = load_keras()


# Fits of one or two epochs, of which nothing is expected.
pytestmark = pytest.mark.filterwarnings("ignore:Training ended at guessing")


@keras.saving.register_keras_serializable()
class OwnMetric(keras.metrics.MeanAbsoluteError):
    pass


# -- going on ---------------------------------------------------------------------------------


def test_a_warm_start_goes_on_and_a_cold_one_does_not(diabetes):
    regressor = KerasRegressor(mlp_regressor, epochs=10, random_state=0).fit(*diabetes)
    first = regressor.history_["loss"]
    assert regressor.fit(*diabetes).history_["loss"] == first
    regressor.set_params(warm_start=True).fit(*diabetes)
    assert regressor.history_["loss"][-1] < first[-1]
    assert regressor.history_["loss"][-10] < first[0]


@pytest.mark.parametrize("epochs", ["epochs", "fit__epochs"])
@pytest.mark.parametrize("warm_start", [False, True])
def test_epochs_are_counted(warm_start, epochs, diabetes):
    regressor = KerasRegressor(linear, warm_start=warm_start).set_params(**{epochs: 2})
    for k in range(1, 4):
        assert regressor.partial_fit(*diabetes).n_epochs_ == k
        assert len(regressor.history_["loss"]) == k
    before = 3 if warm_start else 0
    assert regressor.fit(*diabetes).n_epochs_ == before + 2
    assert regressor.partial_fit(*diabetes).n_epochs_ == before + 3


def test_partial_fit_trains_for_one_epoch_whatever_epochs_is(diabetes):
    regressor = KerasRegressor(mlp_regressor, epochs=9)
    for k in range(1, 4):
        assert len(regressor.partial_fit(*diabetes).history_["loss"]) == k
    assert len(regressor.fit(*diabetes).history_["loss"]) == 9


def test_partial_fit_goes_on(diabetes):
    regressor = KerasRegressor(mlp_regressor, random_state=0)
    for _ in range(10):
        regressor.partial_fit(*diabetes)
    losses = regressor.history_["loss"]
    assert losses == sorted(losses, reverse=True)


def test_a_history_has_a_list_for_each_name(diabetes):
    regressor = KerasRegressor(
        linear, metrics=["mean_absolute_error", OwnMetric(name="own_metric")]
    )
    for k in range(1, 4):
        history = regressor.partial_fit(*diabetes).history_
        assert set(history) == {"loss", "mean_absolute_error", "own_metric", "learning_rate"}
        assert all(type(name) is str for name in history)
        assert all(type(values) is list and len(values) == k for values in history.values())
        regressor = pickle.loads(pickle.dumps(regressor))


@pytest.mark.parametrize("builder", [image_classifier, functional_image_classifier])
def test_a_pickle_between_two_epochs_changes_nothing(builder, images):
    straight = KerasClassifier(builder, random_state=0)
    for _ in range(3):
        straight.partial_fit(*images, classes=np.arange(10))
    broken = KerasClassifier(builder, random_state=0)
    for _ in range(3):
        broken.partial_fit(*images, classes=np.arange(10))
        broken = pickle.loads(pickle.dumps(broken))
    assert broken.history_ == straight.history_
    assert straight.history_["loss"][2] < straight.history_["loss"][0]
    for one, other in zip(
        straight.network_.get_weights(), broken.network_.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "optimizer",
    ["adam", "sgd", keras.optimizers.Adam(), keras.optimizers.SGD()],
    ids=["adam", "sgd", "Adam", "SGD"],
)
def test_the_optimizers_state_is_in_the_pickle(optimizer, diabetes):
    straight = KerasRegressor(linear, optimizer=optimizer, random_state=42)
    broken = pickle.loads(pickle.dumps(clone(straight)))
    for k in range(1, 5):
        straight.partial_fit(*diabetes)
        broken = pickle.loads(pickle.dumps(broken)).partial_fit(*diabetes)
        assert straight.n_epochs_ == broken.n_epochs_ == k
    np.testing.assert_array_equal(straight.predict(diabetes[0]), broken.predict(diabetes[0]))


# -- what may not change ----------------------------------------------------------------------


def test_classes_are_known_from_the_first_call(zero_to_four):
    X, y = zero_to_four
    early = y < 3
    classifier = KerasClassifier(mlp_classifier, loss="sparse_categorical_crossentropy")
    classifier.partial_fit(X[early], y[early], classes=np.unique(y))
    assert classifier.predict_proba(X).shape == (len(X), 5)
    assert classifier.partial_fit(X[~early], y[~early]).score(X, y) > 0
    np.testing.assert_array_equal(classifier.classes_, np.arange(5))


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
@pytest.mark.parametrize("labels", [[1, 2, 3], [2, 1, 3], ["a", "b", "c"]], ids=repr)
def test_labels_are_encoded_as_before(labels, loss):
    X, y = np.arange(1.0, 4)[:, None], np.array(labels)
    classifier = KerasClassifier(plain, loss=loss, epochs=1).fit(X, y)
    classifier.partial_fit(X, y[[0, 0, 0]])
    np.testing.assert_array_equal(classifier.classes_, np.unique(y))


def test_a_class_that_was_not_there_is_refused(zero_to_four):
    X, y = zero_to_four
    classifier = KerasClassifier(plain, epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="10"):
        classifier.partial_fit(X, np.where(y == 0, 10, y))


def test_the_dtype_of_labels_and_of_samples_may_change(zero_to_four):
    X, y = zero_to_four
    classifier = KerasClassifier(plain, random_state=0)
    expected = clone(classifier).partial_fit(X, y, classes=np.arange(5)).partial_fit(X, y)
    classifier.partial_fit(X, y, classes=np.arange(5))
    classifier.partial_fit(X.astype(np.float64), y.astype(np.float64))
    np.testing.assert_allclose(
        classifier.predict_proba(X), expected.predict_proba(X), rtol=1e-5, atol=1e-6
    )


def test_a_column_of_labels_is_taken_with_scikit_learns_warning(zero_to_four):
    X, y = zero_to_four
    classifier = KerasClassifier(plain, epochs=1).fit(X, y)
    with pytest.warns(DataConversionWarning, match="1d array"):
        classifier.partial_fit(X, y[:, None])
    assert classifier.predict(X).shape == y.shape


def test_labels_of_another_shape_are_refused(zero_to_four):
    X, y = zero_to_four
    classifier = KerasClassifier(plain, epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="y "):
        classifier.partial_fit(X, np.column_stack([y, y]))


def test_targets_of_another_shape_are_refused(diabetes):
    X, y = diabetes
    regressor = KerasRegressor(linear, epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="y "):
        regressor.partial_fit(X, np.column_stack([y, y]))


def test_samples_of_another_shape_are_refused(images):
    X, y = images
    classifier = KerasClassifier(image_classifier, epochs=1).fit(X, y)
    with pytest.raises(ValueError, match="X "):
        classifier.partial_fit(X[:, 1:], y)
    regressor = KerasRegressor(linear, epochs=1).fit(X.reshape(-1, 64), y)
    with pytest.raises(ValueError, match="X "):
        regressor.partial_fit(X.reshape(-1, 64)[:, 1:], y)
