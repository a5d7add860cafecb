"""Seeds and weights: what a fit depends on, and what it leaves as it was."""

import os
import random

import numpy as np
import pytest
from scikeras_builders import linear, mlp_classifier, mlp_regressor, plain
from sklearn.base import clone
from sklearn.utils.class_weight import compute_sample_weight

from skmnist import KerasClassifier, KerasRegressor
from skmnist._utils.backend import load_keras

keras = load_keras()


# Fits of one or two epochs, of which nothing is expected.
pytestmark = pytest.mark.filterwarnings("ignore:Training ended at guessing")

# -- random_state -----------------------------------------------------------------------------


@pytest.mark.parametrize("random_state", [0, 123])
def test_an_integer_makes_fits_equal(random_state, zero_to_four, diabetes):
    for estimator, (X, y) in (
        (KerasClassifier(mlp_classifier, epochs=2), zero_to_four),
        (KerasRegressor(mlp_regressor, epochs=2), diabetes),
    ):
        estimator.set_params(random_state=random_state)
        first = estimator.fit(X, y).history_["loss"]
        assert estimator.fit(X, y).history_["loss"] == first


def test_a_generator_makes_fits_equal_from_the_same_state(diabetes):
    regressor = KerasRegressor(linear, epochs=1, random_state=np.random.RandomState(0))
    X, y = diabetes
    first = clone(regressor).fit(X, y).predict(X)
    np.testing.assert_array_equal(clone(regressor).fit(X, y).predict(X), first)


def test_without_a_seed_fits_differ(diabetes):
    X, y = diabetes
    regressor = KerasRegressor(linear, epochs=1)
    assert not np.allclose(regressor.fit(X, y).predict(X), regressor.fit(X, y).predict(X))


@pytest.mark.parametrize("variable", ["TF_DETERMINISTIC_OPS", "PYTHONHASHSEED"])
@pytest.mark.parametrize("value", [None, "0", "1"])
def test_a_fit_leaves_the_environment_alone(variable, value, diabetes, monkeypatch):
    if value is None:
        monkeypatch.delenv(variable, raising=False)
    else:
        monkeypatch.setenv(variable, value)
    X, y = diabetes
    before = dict(os.environ)
    regressor = KerasRegressor(linear, epochs=1, random_state=0)
    first = regressor.fit(X, y).predict(X)
    assert dict(os.environ) == before
    np.testing.assert_array_equal(regressor.fit(X, y).predict(X), first)


def test_a_fit_leaves_the_global_generators_alone(diabetes):
    def drawn(meanwhile):
        keras.utils.set_random_seed(7)
        meanwhile()
        return random.random(), np.random.random(), float(keras.random.uniform(()))  # noqa: NPY002

    regressor = KerasRegressor(linear, epochs=1, random_state=0)
    assert drawn(lambda: regressor.fit(*diabetes)) == drawn(lambda: None)


# -- weights ----------------------------------------------------------------------------------


def test_weights_move_the_probabilities():
    X, y = np.ones((200, 1)), np.repeat([1, -1], 100)
    classifier = KerasClassifier(mlp_classifier, epochs=5, learning_rate=0.05, random_state=0)

    def leaning(weights):
        probabilities = clone(classifier).fit(X, y, sample_weight=weights).predict_proba(X)
        return np.diff(probabilities, axis=1).mean()

    assert leaning(np.repeat([0.8, 0.2], 100)) > leaning(None) + 0.1
    assert leaning(np.repeat([0.5, 0.5], 100)) == pytest.approx(leaning(None), abs=1e-4)


def test_weights_count_in_the_score(diabetes):
    X, y = diabetes
    regressor = KerasRegressor(mlp_regressor, epochs=20, random_state=0).fit(X, y)
    errors = (regressor.predict(X) - y) ** 2
    good = np.where(errors < np.median(errors), 1.0, 0.01)
    assert regressor.score(X, y, sample_weight=good) > regressor.score(X, y)


def test_weights_of_zero_alone_are_refused(zero_to_four):
    X, y = zero_to_four
    with pytest.raises(ValueError, match="Sample weights"):
        KerasClassifier(plain).fit(X, y, sample_weight=np.zeros(len(y)))


@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.5, 1: 0.5}, {0: 0.2, 1: 0.8}], ids=repr)
def test_class_weights_are_sample_weights(class_weight, zero_or_one):
    X, y = zero_or_one
    fewer_ones = (y == 0) | (np.arange(len(y)) % 3 == 0)
    X, y = X[fewer_ones], y[fewer_ones]
    settings = {"activation": "sigmoid", "epochs": 3, "random_state": 0}
    by_class = KerasClassifier(plain, class_weight=class_weight, **settings).fit(X, y)
    by_sample = KerasClassifier(plain, **settings).fit(
        X, y, sample_weight=compute_sample_weight(class_weight, y)
    )
    np.testing.assert_allclose(
        by_class.predict_proba(X), by_sample.predict_proba(X), rtol=1e-4, atol=1e-6
    )


def test_weights_of_two_kinds_are_multiplied(zero_or_one):
    X, y = zero_or_one
    settings = {"activation": "sigmoid", "epochs": 3, "random_state": 0}
    weights = np.linspace(0.5, 1.5, len(y))
    both = KerasClassifier(plain, class_weight={0: 1, 1: 3}, **settings)
    both.fit(X, y, sample_weight=weights)
    one = KerasClassifier(plain, **settings).fit(X, y, sample_weight=weights * (1 + 2 * y))
    np.testing.assert_allclose(both.predict_proba(X), one.predict_proba(X), rtol=1e-4, atol=1e-6)


def test_a_regressor_has_no_class_weight():
    with pytest.raises((TypeError, ValueError), match="class_weight"):
        KerasRegressor(linear, class_weight="balanced")
