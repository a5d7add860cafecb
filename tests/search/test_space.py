"""Distributions of parameters: all of their values are accepted, and searches use them."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import skmnist
from skmnist import (
    CNNClassifier,
    CNNStackingClassifier,
    CommitteeClassifier,
    DNNClassifier,
    KerasClassifier,
    VirtualSVC,
    param_space,
    recipe,
)
from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.recipes import RECIPES
from skmnist.wrappers._keras_estimator import KerasEstimator

NETWORKS = [
    public
    for name in dir(skmnist)
    if isinstance(public := getattr(skmnist, name), type) and issubclass(public, NetworkEstimator)
]


def _model_of(network):
    return {"model": print} if issubclass(network, KerasEstimator) else {}


OTHERS = [
    LogisticRegression(),
    LinearSVC(),
    MLPClassifier(),
    CommitteeClassifier(DNNClassifier()),
    CNNStackingClassifier(network=CNNClassifier()),
    VirtualSVC(recipe("svm")[-1]),
    make_pipeline(StandardScaler(), RandomForestClassifier()),
]


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize(
    "estimator",
    [*(network(**_model_of(network)) for network in NETWORKS), *OTHERS],
    ids=lambda estimator: type(estimator).__name__,
)
def test_every_value_is_accepted_by_the_estimator(estimator, size):
    space = param_space(estimator, size)
    for parameters in ParameterSampler(space, 20, random_state=0):
        candidate = clone(estimator).set_params(**parameters)
        for name, value in parameters.items():
            assert candidate.get_params()[name] == value
        checked = [candidate, *(part for part in candidate.get_params().values())]
        for part in checked:
            if hasattr(part, "_validate_params"):
                part._validate_params()


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_have_a_space(name):
    small, large = (param_space(recipe(name), size) for size in ("small", "large"))
    assert small
    assert set(small) <= set(large)


def test_numbers_lie_around_the_present_ones():
    for rate in (1e-4, 0.1):
        rates = param_space(DNNClassifier(learning_rate=rate))["learning_rate"].rvs(
            50, random_state=0
        )
        assert rate / 4 <= rates.min() < rate < rates.max() <= rate * 4


def test_a_random_search_takes_it_and_finds_what_generalises(digits):
    X, X_test, y, y_test = digits
    search = RandomizedSearchCV(
        DNNClassifier(epochs=4, random_state=0),
        param_space(DNNClassifier()),
        n_iter=3,
        cv=2,
        random_state=0,
    ).fit(X[:600], y[:600])
    assert set(search.best_params_) == {"learning_rate", "hidden_units", "dropout"}
    assert search.score(X_test, y_test) > 0.9


def test_what_is_not_known_is_named():
    with pytest.raises(TypeError, match="parameters of GaussianNB; expected one of"):
        param_space(GaussianNB())
    with pytest.raises(TypeError, match="of StandardScaler or GaussianNB; expected") as caught:
        param_space(make_pipeline(StandardScaler(), "passthrough", GaussianNB()))
    assert "NetworkEstimator" not in str(caught.value)
    assert "a network of this package" in str(caught.value)
    with pytest.raises(TypeError, match="expected an estimator, not its class"):
        param_space(DNNClassifier)
    with pytest.raises(ValueError, match="size"):
        param_space(DNNClassifier(), "medium")


def test_own_networks_have_the_training_parameters():
    space = param_space(KerasClassifier(), "large")
    assert np.isclose(space["learning_rate"].median(), 1e-3)
    assert "batch_size" in space
