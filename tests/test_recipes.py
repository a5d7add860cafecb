"""Every recipe trains, and is what it says."""

import numpy as np
import pytest
from sklearn.base import is_classifier

from skmnist import list_recipes, recipe
from skmnist._measuring import seeded
from skmnist.recipes import RECIPES

PARAMETERS = {
    "martin-dnn": 669_706,
    "navarro-lenet5": 61_706,
    "navarro-double": 887_530,
    "navarro-triple": 1_029_418,
    "bejar-mlp": 669_706,
    "bejar-keras-cnn": 1_199_882,
}


@pytest.fixture(scope="module")
def large_digits(digits):
    """200 digits, enlarged to the 28 x 28 pixels of MNIST."""
    X, _, y, _ = digits
    images = X[:200].reshape(-1, 8, 8).repeat(3, axis=1).repeat(3, axis=2)
    return np.pad(images, ((0, 0), (2, 2), (2, 2))) * np.uint8(15), y[:200]


@pytest.mark.parametrize("name", list_recipes())
def test_a_recipe_trains(name, large_digits):
    X, y = large_digits
    classifier = seeded(recipe(name), 0)
    assert is_classifier(classifier)
    epochs = [p for p in classifier.get_params() if p.split("__")[-1] == "epochs"]
    classifier.set_params(**dict.fromkeys(epochs, 1)).fit(X, y)
    assert set(classifier.predict(X)) <= set(y)


@pytest.mark.parametrize(("name", "n_parameters"), PARAMETERS.items())
def test_a_network_has_the_reports_number_of_parameters(name, n_parameters):
    classifier = recipe(name)
    assert classifier._architecture((28, 28, 1), 10, "float32").build(seed=0).count_params() == (
        n_parameters
    )


def test_a_recipe_is_a_new_estimator_each_time():
    first = recipe("cnn").set_params(epochs=3)
    assert recipe("cnn").epochs == 10
    assert first.epochs == 3


@pytest.mark.parametrize("name", list_recipes())
def test_a_recipe_says_what_it_is_for(name):
    assert RECIPES[name].note.endswith(".")


def test_an_unknown_recipe_is_named_with_the_nearest():
    with pytest.raises(ValueError, match="name='martin-dmm' is unknown; did you mean 'martin-dnn'"):
        recipe("martin-dmm")
