import pickle
from inspect import signature

import pytest

from skmnist import Augmentation, CNNClassifier, ConvBlock, DNNClassifier, Plateau, RandomUniform
from skmnist.recipes import Recipe, Reported
from skmnist.training import Constant


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
    for block in CNNClassifier().conv_blocks:
        assert eval(repr(block)) == block


def test_the_default_of_the_convolutions_leaves_room_in_the_signature():
    text = str(signature(CNNClassifier).parameters["conv_blocks"].default)
    assert len(text) < 500
    assert "l2" not in text


def test_a_summary_is_shown_as_it_prints_and_stays_a_text(digits):
    X_train, _, y_train, _ = digits
    summary = DNNClassifier(hidden_units=(4,), epochs=1).fit(X_train[:60], y_train[:60]).summary()
    assert isinstance(summary, str)
    assert repr(summary) == str(summary) == f"{summary}"
    assert "Total params" in repr(summary)
    assert len(repr(summary).splitlines()) > 5
    assert pickle.loads(pickle.dumps(summary)) == summary
