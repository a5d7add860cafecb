"""Every recipe trains, and is what it says."""

import pickle

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.datasets import load_sample_image
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from skmnist import CNNStackingClassifier, PretrainedClassifier, list_recipes, recipe
from skmnist.comparison._measure import last_step, seeded
from skmnist.datasets._registry import DATASETS
from skmnist.recipes import RECIPES, Recipe, Reported, set_epochs, verdict
from skmnist.recipes._reports import REPORTS

INPUT_SHAPES = {
    "fashion-mnist": (28, 28, 1),
    "cifar10": (32, 32, 3),
    "mnist": (28, 28, 1),
    "imdb": (1, 500, 1),
    "circles": (1, 2, 1),
    "perceptron": (1, 3, 1),
}
WITH_SIZE = [name for name, recipe in RECIPES.items() if recipe.reported.n_parameters]


@pytest.fixture(scope="module")
def large_digits(digits):
    """200 digits, enlarged to the 28 x 28 pixels of MNIST."""
    X, _, y, _ = digits
    images = X[:200].reshape(-1, 8, 8).repeat(3, axis=1).repeat(3, axis=2)
    return np.pad(images, ((0, 0), (2, 2), (2, 2))) * np.uint8(15), y[:200]


def parts_of_photographs():
    """520 images in colour of 32 x 32 pixels, of a temple and of a flower."""
    images = [load_sample_image(file)[:416] for file in ("china.jpg", "flower.jpg")]
    parts = [image.reshape(13, 32, 20, 32, 3).swapaxes(1, 2) for image in images]
    X = np.concatenate([part.reshape(-1, 32, 32, 3) for part in parts])
    return X, np.repeat(["temple", "flower"], len(X) // 2)


@pytest.fixture
def few(large_digits):
    """Few samples of the data set that a recipe is for."""

    def few(data):
        if data == "imdb":
            return ["a great film", "what a bore", "great fun", "a bore of a film"] * 5, [1, 0] * 10
        if data == "cifar10":
            X, y = parts_of_photographs()
            return X[::4], y[::4]
        return large_digits if data.endswith("mnist") else DATASETS[data].load(0)[0]

    return few


# An epoch on a few images may end at guessing, which fit warns of: how well it learns isn't asked.
@pytest.mark.filterwarnings("ignore:Training ended at guessing")
@pytest.mark.parametrize("name", list_recipes())
def test_a_recipe_trains(name, few, first_layers):
    X, y = few(RECIPES[name].data)
    classifier = seeded(recipe(name), 0)
    assert is_classifier(classifier)
    set_epochs(classifier, 1)
    if isinstance(classifier, PretrainedClassifier):
        # ImageNet's weights are a download; a whole backbone is more than a trial needs.
        backbone, weights = first_layers(classifier.backbone)
        classifier.set_params(
            weights=weights, last_layer=backbone.layers[-1].name, hidden_units=(16,)
        )
        X, y = X[:100], y[:100]
    if isinstance(classifier, CNNStackingClassifier):
        classifier.set_params(cv=2)  # a network a fold, and ten are more than a trial needs
    boosting = last_step(classifier)
    if isinstance(boosting, HistGradientBoostingClassifier):
        boosting.set_params(max_iter=5)  # as above
    # The threads of gradient boosting wait for each other: slow where others want the cores.
    with threadpool_limits(1, user_api="openmp"):
        classifier.fit(X, y)
    assert set(classifier.predict(X)) <= set(y)


@pytest.mark.parametrize("name", ["svm-best", "svm-objects"])
def test_parts_of_two_photographs_in_colour_are_told_apart(name):
    X, y = parts_of_photographs()
    assert recipe(name).fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.8


def network_of(name):
    """Build the network of a recipe for the data that it is for."""
    classifier = last_step(recipe(name))
    data = RECIPES[name].data
    classifier.vocabulary_size_ = 5000  # learned from the reviews, of which some have every word
    n_classes = 10 if data == "mnist" else 2
    return classifier._architecture(INPUT_SHAPES[data], n_classes, "float32").build(seed=0)


@pytest.mark.parametrize("name", ["committee-architectures", "stack-architectures"])
def test_networks_of_several_architectures_vote_in_probabilities_and_survive_a_pickle(name, few):
    X, y = few("mnist")
    classifier = seeded(recipe(name), 0)
    set_epochs(classifier, 1)
    probabilities = classifier.fit(X, y).predict_proba(X)
    assert len({member.n_parameters_ for member in classifier.estimators_}) == 3
    assert probabilities.shape == (200, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(classifier)).predict_proba(X), probabilities
    )


@pytest.mark.parametrize("name", WITH_SIZE)
def test_a_network_has_the_reports_number_of_parameters(name):
    assert network_of(name).count_params() == RECIPES[name].reported.n_parameters


# The sides of the images on their way through the layers, as the reports draw or describe them, and
# the units of the dense layers.
SHAPES = {
    "martin-cnn": ([26, 24, 12, 10, 8, 4], [512, 10]),
    "martin-dnn": ([], [512, 512, 10]),
    "portillo-v1": ([], [128, 10]),
    "portillo-v2": ([26, 13], [10]),
    "portillo-v3": ([25, 23, 11], [248, 124, 10]),
    "navarro-lenet5": ([32, 28, 14, 10, 5], [120, 84, 10]),
    "navarro-double": ([28, 28, 14, 14, 14, 7], [256, 10]),
    "navarro-triple": ([28, 28, 14, 14, 14, 7, 7, 7, 3], [512, 256, 64, 10]),
    "bejar-mlp": ([], [512, 512, 10]),
    "bejar-keras-cnn": ([26, 24, 12], [128, 10]),
    "bejar-cnn1": ([26, 13], [10]),
    "bejar-cnn2a": ([26, 13, 11, 6, 4, 2], [128, 10]),
    "bejar-cnn2b": ([28, 14, 14, 7, 7, 3], [128, 10]),
    "bejar-cnn3": ([26, 13, 11, 5, 5, 5], [128, 10]),
    "bejar-cnn3-early-stopping": ([26, 13, 11, 5, 5, 5], [128, 10]),
    "bueno-circles": ([], [4, 8, 1]),
    "bueno-perceptron": ([], [1]),
    "bueno-relu": ([], [128, 128, 10]),
}


def layers_of(network, *kinds):
    return [layer for layer in network.layers if type(layer).__name__ in kinds]


@pytest.mark.parametrize("name", SHAPES)
def test_a_network_has_the_layers_of_its_report(name):
    network, (sides, units) = network_of(name), SHAPES[name]
    changing = layers_of(network, "ZeroPadding2D", "Conv2D", "MaxPooling2D", "AveragePooling2D")
    assert [layer.output.shape[1:3] for layer in changing] == [(side, side) for side in sides]
    dense = layers_of(network, "Dense", "ScaledBiasDense")
    assert [layer.output.shape[-1] for layer in dense] == units


@pytest.mark.parametrize("name", [n for n, r in RECIPES.items() if r.reported.last_side])
def test_the_last_image_is_as_small_as_reported(name):
    images = [layer for layer in network_of(name).layers if len(layer.output.shape) == 4]
    side = RECIPES[name].reported.last_side
    assert images[-1].output.shape[1:3] == (side, side)


@pytest.mark.parametrize("name", REPORTS)
def test_a_recipe_of_a_report_names_its_source(name):
    author, _, _ = name.partition("-")
    assert RECIPES[name].source.lower().startswith(f"{author}, ")
    assert RECIPES[name].figure_text


def test_a_recipe_is_a_new_estimator_each_time():
    first = recipe("cnn").set_params(epochs=3)
    assert recipe("cnn").epochs == "auto"
    assert first.epochs == 3


@pytest.mark.parametrize("name", list_recipes())
def test_a_recipe_says_what_it_is_for(name):
    assert RECIPES[name].note.endswith(".")


def test_an_unknown_recipe_is_named_with_the_nearest():
    with pytest.raises(ValueError, match=r"name='martin-dmm' is not .* did you mean 'martin-dnn'"):
        recipe("martin-dmm")


OF_98_17 = Recipe(None, "Mine.", Reported(test_accuracy=98.17))


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ([98.17], "reached"),
        ([98.165001], "reached"),  # in the report's decimals
        ([98.164], "within the spread"),
        # The standard deviation of 97.9 % of 10,000 samples is 0.1434.
        ([97.9], "within the spread"),
        ([97.88], "missed"),
        # Here of seeds and sampling together: sqrt(0.2 ** 2 + 0.1536 ** 2) = 0.252.
        ([97.4, 97.6, 97.8], "missed"),
        ([97.5, 97.7, 97.9], "within the spread"),
    ],
)
def test_the_verdict_counts_seeds_and_test_sampling(figures, expected):
    assert verdict(OF_98_17, figures, n_samples=10_000) == expected


def test_without_a_reported_figure_there_is_no_verdict():
    assert verdict(Recipe(None, "Mine."), [99.0], n_samples=10_000) is None


@pytest.mark.parametrize(
    ("figures", "n_samples", "named"),
    [([], 10, "figures"), ([float("nan")], 10, "figures"), ([-1], 10, "figures"), ([98], 0, "n_s")],
)
def test_a_verdict_on_nothing_is_refused(figures, n_samples, named):
    with pytest.raises(ValueError, match=named):
        verdict(OF_98_17, figures, n_samples)
