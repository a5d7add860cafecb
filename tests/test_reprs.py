import math
import pickle
from inspect import signature

import pytest
from sklearn import config_context, pipeline

import skmnist
from skmnist import (
    Augmentation,
    CNNClassifier,
    ConvBlock,
    DNNClassifier,
    Plateau,
    PooledBlocks,
    RandomUniform,
    VGGBlocks,
    classifiers,
    ensemble,
    list_recipes,
    networks,
    preprocessing,
    recipe,
)
from skmnist.recipes import Recipe, Reported
from skmnist.training import Constant

HOMES = classifiers, ensemble, networks, preprocessing, pipeline


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (ConvBlock(32), "ConvBlock(filters=32)"),
        (ConvBlock(8, 5, pool="max"), "ConvBlock(filters=8, kernel_size=5, pool='max')"),
        (Augmentation(), "Augmentation()"),
        (Augmentation(rotation=10, zoom=0.1), "Augmentation(rotation=10, zoom=0.1)"),
        (Constant(), "Constant()"),
        (Plateau(patience=4), "Plateau(patience=4)"),
        (RandomUniform(-1.0, 0.05), "RandomUniform(minval=-1.0)"),
        (Reported(test_accuracy=99.0), "Reported(test_accuracy=99.0)"),
        (Recipe(None, "Why."), "Recipe(estimator=None, note='Why.')"),
    ],
)
def test_a_repr_shows_what_differs_from_the_defaults(value, text):
    assert repr(value) == text


def test_a_repr_makes_an_equal_object():
    for value in (PooledBlocks(24), *PooledBlocks(24)(), VGGBlocks(16), *VGGBlocks(16)()):
        assert eval(repr(value), vars(networks)) == value


def test_the_defaults_leave_room_in_the_signature():
    defaults = [repr(p.default) for p in signature(CNNClassifier).parameters.values()]
    assert "Optimizer('adamw', beta_1=0.8, beta_2=0.95, weight_decay=0.02)" in defaults
    assert max(map(len, defaults)) < 70


def test_help_begins_with_a_signature_that_leaves_room_on_a_screen():
    assert len(str(signature(CNNClassifier))) < 80 * 17


def test_the_repr_of_a_committee_is_what_makes_it_within_a_screen():
    text = repr(recipe("committee"))
    assert len(text.splitlines()) < 24
    assert max(map(len, text.splitlines())) <= 80
    made = eval(text, {name: getattr(home, name) for home in HOMES for name in home.__all__})
    assert repr(made) == text


def test_the_repr_of_a_large_committee_leaves_out_its_middle():
    committee = recipe("committee-few-labels")
    assert "..." in repr(committee)
    whole = committee.__repr__(N_CHAR_MAX=math.inf).splitlines()
    assert len(whole) > 24
    shown = repr(committee).splitlines()
    assert shown == [*whole[:12], "    ...", *whole[-11:]]


def test_the_repr_of_a_committee_shows_every_parameter_if_scikit_learn_is_told_to():
    with config_context(print_changed_only=False):
        assert "n_jobs=None" in recipe("cnn-best").__repr__(N_CHAR_MAX=math.inf)


@pytest.mark.parametrize("name", list_recipes())
def test_the_repr_of_a_recipe_fits_a_screen(name):
    lines = repr(recipe(name)).splitlines()
    assert sum(-(-len(line) // 80) for line in lines) <= 24


def test_a_summary_is_shown_as_it_prints_and_stays_a_text(digits):
    X_train, _, y_train, _ = digits
    summary = DNNClassifier(hidden_units=(4,), epochs=1).fit(X_train[:60], y_train[:60]).summary()
    assert isinstance(summary, str)
    assert repr(summary) == str(summary) == f"{summary}"
    assert "Total params" in repr(summary)
    assert len(repr(summary).splitlines()) > 5
    assert pickle.loads(pickle.dumps(summary)) == summary


@pytest.mark.parametrize("name", [n for n in skmnist.__all__ if n.endswith("NNClassifier")])
def test_help_begins_with_a_signature_of_a_few_lines(name):
    shown = str(signature(getattr(skmnist, name)))
    assert len(shown) < 11 * 80
    assert "epochs=" in shown
    assert "random_state=None" in shown


def test_a_subclass_has_the_signature_of_its_own_constructor():
    class Small(skmnist.LeNetClassifier):
        def __init__(self, *, width=2, random_state=None):
            super().__init__(random_state=random_state)
            self.width = width

    assert list(signature(Small).parameters) == ["width", "random_state"]
    assert Small().get_params() == {"width": 2, "random_state": None}
