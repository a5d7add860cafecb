"""Recipes for small data, which train in a second or two, and what becomes of them."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skmnist import (
    CNNClassifier,
    CNNStackingClassifier,
    CommitteeClassifier,
    DNNClassifier,
    PretrainedClassifier,
    SequenceDNNClassifier,
    TextSequencer,
    reproduce,
)
from skmnist.datasets._registry import DATASETS, Dataset
from skmnist.networks import ConvBlock
from skmnist.preprocessing import ColumnNormalizer
from skmnist.recipes import RECIPES, Recipe, Reported

HOSTILE_LABEL = '<b>&"x"'
HOSTILE_NOTE = 'It holds <script>alert("1")</script> & more.'

_NETWORK = DNNClassifier(hidden_units=(16,), epochs=2)
_CNN = CNNClassifier(
    conv_blocks=[ConvBlock(4, pool="max", l2=1e-3)], epochs=2, validation_fraction=0.2
)
_PRETRAINED = PretrainedClassifier(
    "MobileNet",
    weights=None,
    backbone_settings={"alpha": 0.25},
    last_layer="conv1_relu",
    hidden_units=(8,),
    epochs=2,
    fine_tune_epochs=1,
)
_READER = make_pipeline(
    TextSequencer(max_tokens=50, output_sequence_length=6),
    SequenceDNNClassifier(epochs=2, random_state=0),
)
_ALL_FIGURES = Reported(
    test_accuracy=97.5,
    test_loss=0.125,
    training_accuracy=98.25,
    training_loss=0.0625,
    test_probability=0.96875,
    n_epochs=7,
    n_parameters=1_234_567,
    last_side=5,
)
SMALL = {
    "small-cnn": Recipe(_CNN, "A convolution.", _ALL_FIGURES, "A report, page 3", data="digits"),
    "small-pipeline": Recipe(make_pipeline(ColumnNormalizer(), _NETWORK), "Scaled.", data="digits"),
    "small-reader": Recipe(_READER, "Texts.", data="reviews"),
    "small-svm": Recipe(SVC(), "No probabilities.", data="rows"),
    "small-knn": Recipe(KNeighborsClassifier(3), "Classical.", data="rows"),
    "small-committee": Recipe(
        CommitteeClassifier(estimators=_NETWORK, n_estimators=2), "Two.", data="digits"
    ),
    "small-stack": Recipe(
        CNNStackingClassifier(network=_CNN, estimators=[("knn", KNeighborsClassifier())], cv=2),
        "A stack.",
        data="digits",
    ),
    "small-pretrained": Recipe(_PRETRAINED, "Two phases.", data="digits"),
    "hostile": Recipe(_NETWORK, HOSTILE_NOTE, source="<i>R&D</i>", data="hostile"),
}


def _digits(random_state):
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8).astype(np.uint8)
    return (X[:300], y[:300]), (X[300:400], y[300:400])


def _rows(random_state):
    (X, y), (X_test, y_test) = _digits(random_state)
    return (X.reshape(len(X), -1), y), (X_test.reshape(len(X_test), -1), y_test)


def _reviews(random_state):
    texts = ["a <i>great</i> film", "what a bore", "great fun", "isn't a film"] * 10
    reviews = np.array(texts, dtype=object), np.array([1, 0] * 20)
    return reviews, tuple(part[:9] for part in reviews)


def _hostile(random_state):
    (X, y), (X_test, y_test) = _digits(random_state)
    names = np.array([HOSTILE_LABEL, *"123456789"])
    return (X, names[y]), (X_test, names[y_test])


@pytest.fixture(scope="module")
def small_recipes():
    """The small recipes, known to the package."""
    data = {
        "digits": Dataset(_digits, "images"),
        "rows": Dataset(_rows, "images"),
        "reviews": Dataset(_reviews, "texts"),
        "hostile": Dataset(_hostile, "images"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for known, more in (RECIPES, SMALL), (DATASETS, data):
            for name, value in more.items():
                patch.setitem(known, name, value)
        yield SMALL


@pytest.fixture(scope="session")
def reproductions():
    """What was reproduced, and the folders where it was saved, by the recipes' names."""
    return {}, {}


@pytest.fixture(scope="module")
def reproduced(small_recipes, reproductions):
    """Reproduce a recipe, once a session, with two epochs."""
    done, _ = reproductions

    def reproduced(name):
        if name not in done:
            epochs = 2 if name in ("bueno-circles", "bueno-perceptron") else None
            done[name] = reproduce(name, epochs=epochs, verbose=0)
        return done[name]

    return reproduced


@pytest.fixture(scope="module")
def saved(reproduced, reproductions, tmp_path_factory):
    """Reproduce and save a recipe, once a session; its folder."""
    _, folders = reproductions

    def saved(name):
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp(name)
            reproduced(name).save(folders[name])
        return folders[name]

    return saved
