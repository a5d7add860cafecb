"""A network of the user's own in this package's ensembles, features and tables."""

import numpy as np
import pytest
from public_estimators import build, build_compiled, build_subclass
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skmnist import (
    CNNFeatures,
    CNNStackingClassifier,
    CommitteeClassifier,
    KerasClassifier,
    compare,
    to_scikeras,
)
from skmnist._utils.backend import load_keras
from skmnist.display import NetworkDisplay

X, y = load_digits(return_X_y=True)
X = X / 16


def own(function, **settings):
    return KerasClassifier(function, epochs=15, learning_rate=0.01, random_state=0, **settings)


@pytest.mark.parametrize("function", [build, build_compiled])
def test_features_are_the_outputs_of_the_users_layer(function):
    features = CNNFeatures(own(function)).fit(X, y)
    network = features.classifier_.network_
    inner = load_keras().Model(network.inputs, network.layers[-2].output)
    expected = inner.predict(X[:20], verbose=0)
    assert np.allclose(features.transform(X[:20]), expected, atol=1e-5)
    by_name = CNNFeatures(own(function), layer=network.layers[-2].name).fit(X, y)
    assert np.array_equal(by_name.transform(X[:20]), features.transform(X[:20]))


def test_a_classifier_on_the_features_of_an_own_network():
    pipeline = make_pipeline(CNNFeatures(own(build)), SVC())
    assert pipeline.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9


def test_features_of_a_subclass_are_refused():
    with pytest.raises(ValueError, match=r"Net is a subclass of keras\.Model"):
        CNNFeatures(own(build_subclass)).fit(X, y)


@pytest.mark.parametrize(
    "ensemble",
    [
        CommitteeClassifier(own(build), n_estimators=2, random_state=0),
        CNNStackingClassifier([("bayes", GaussianNB())], network=own(build), cv=2, random_state=0),
    ],
    ids=["committee", "stack"],
)
def test_ensembles_of_an_own_network(ensemble):
    assert ensemble.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.85


def test_it_has_a_row_in_a_table_of_classifiers():
    result = compare({"own": own(build), "bayes": GaussianNB()}, X[:400], y[:400], cv=2)
    assert {fold.classifier for fold in result.folds} == {"own", "bayes"}


def test_its_layers_are_drawn():
    display = NetworkDisplay.from_estimator(own(build).fit(X, y))
    assert [layer.n_parameters for layer in display.layers if layer.n_parameters] == [1040, 170]


def test_scikeras_gets_the_function_itself():
    with pytest.raises(TypeError, match="give its function to SciKeras's KerasClassifier"):
        to_scikeras(own(build))
