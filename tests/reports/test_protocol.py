"""Training samples held out judge a recipe; the test set isn't used."""

import numpy as np
import pytest

from skmnist import reproduce
from skmnist.datasets._registry import DATASETS, Dataset
from skmnist.recipes import RECIPES, Recipe, Reported
from skmnist.reports import reproduce_all
from skmnist.reports._data import split_of


class Untouchable:
    """A test set that fails at whatever is done with it."""

    def _fail(self, *arguments):
        raise AssertionError("the test set was used")

    __iter__ = __len__ = __getitem__ = __array__ = _fail

    def __getattr__(self, name):
        self._fail()


@pytest.fixture
def untouchable(small_recipes, monkeypatch):
    """The data of the small recipes, with test sets that fail when used."""
    for name in "digits", "rows":
        train, _ = DATASETS[name].load(0)
        untested = Dataset(lambda seed, train=train: (train, Untouchable()), "images")
        monkeypatch.setitem(DATASETS, name, untested)


def test_the_test_set_is_not_used(untouchable, tmp_path):
    result = reproduce("small-svm", validation_size=100, verbose=0)
    result.save(tmp_path)
    assert result.measured == result.figures["validation_accuracy"]
    with pytest.raises(AssertionError, match="the test set was used"):
        reproduce("small-svm", verbose=0)


def test_a_network_is_judged_on_what_is_held_out(untouchable):
    result = reproduce("small-cnn", validation_size=100, verbose=0)
    assert (result.n_train, result.n_judged) == (200, 100)
    assert {"validation_accuracy", "validation_loss"} <= set(result.figures)
    assert not any(figure.startswith("test_") for figure in result.figures)
    assert result.row["judged_on"] == "held-out training samples"
    assert result.verdict is None  # the reported figure is of the test set
    assert result.protocol == (
        "Trained on 200 images and judged on 100 training images held out; the test set was not "
        "used."
    )
    # What it holds out itself it takes from what it is trained on.
    assert result.network.validation_fraction == 0.2
    assert len(result.network.history_["val_loss"]) == 2


@pytest.mark.parametrize("name", ["bueno-circles", "bueno-relu"])
def test_each_epoch_is_judged_on_what_is_held_out(name, mnist):
    sizes = {"train_size": 300, "validation_size": 100}
    result = reproduce(name, epochs=2, **sizes, verbose=0)
    judged = result.network.history_["val_accuracy"]
    assert len(judged) == 2
    assert 100 * judged[-1] == result.figures["validation_accuracy"]


def test_what_is_held_out_does_not_steer_the_training(mnist):
    # Its early stopping and plateau follow a part of what it is trained on.
    sizes = {"train_size": 300, "validation_size": 100}
    result = reproduce("bejar-cnn3-early-stopping", epochs=1, **sizes, verbose=0)
    n_right = 30 * result.network.history_["val_accuracy"][0]  # a tenth of 300
    assert n_right == pytest.approx(round(n_right))


def test_classes_keep_their_parts_and_no_sample_is_in_both(small_recipes):
    (X, y), _ = DATASETS["digits"].load(0)
    split = split_of("digits", random_state=3, train_size=150, validation_size=100)
    for labels, size in (split.y_train, 150), (split.y_judge, 100):
        assert np.abs(np.bincount(labels) - np.bincount(y) * size / 300).max() < 1
    assert np.array_equal(X[split.rows], split.X_judge)
    both = np.concatenate([split.X_train, split.X_judge]).reshape(250, -1)
    assert len(np.unique(both, axis=0)) == len(both)


def test_the_seed_decides_who_is_held_out(small_recipes):
    def rows(seed, train_size=None):
        return split_of(
            "digits", random_state=seed, train_size=train_size, validation_size=100
        ).rows

    assert np.array_equal(rows(0), rows(0))
    assert np.array_equal(rows(0), rows(0, train_size=200))  # the same protocol, with both sizes
    assert not np.array_equal(rows(0), rows(1))


def test_a_training_figure_has_a_verdict(small_recipes, monkeypatch):
    of_training = Recipe(
        RECIPES["small-pipeline"].estimator,
        "Training.",
        Reported(training_accuracy=5.0),
        measure="training_accuracy",
        data="digits",
    )
    monkeypatch.setitem(RECIPES, "of-training", of_training)
    result = reproduce("of-training", validation_size=100, verbose=0)
    assert result.verdict == "reached"
    assert result.n_judged == result.n_train == 200


def test_the_table_says_who_judged(small_recipes, tmp_path, capsys):
    from rich.console import Console

    done = reproduce_all(["small-knn"], validation_size=100, verbose=0, output=tmp_path)
    Console(width=100).print(done)
    assert "Judged on 100 training samples held out" in capsys.readouterr().out
    assert "100 training samples held out" in (tmp_path / "index.html").read_text()
    assert "validation_accuracy" in done.rows[0]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((None, 300), "validation_size=300 must leave a part of the 300 training samples to each"),
        ((250, 51), "train_size=250 and validation_size=51 must leave a part of the 300"),
        ((None, 4), "validation_size=4 can't be taken from 300 training samples"),
        ((None, 0), "validation_size=0; expected a whole number >= 1"),
        ((None, 0.5), "validation_size=0.5; expected a whole number >= 1"),
        ((0, None), "train_size=0; expected a whole number >= 1"),
    ],
)
def test_sizes_that_there_are_not_are_refused(sizes, message, small_recipes):
    train_size, validation_size = sizes
    with pytest.raises(ValueError, match=message):
        reproduce("small-knn", train_size=train_size, validation_size=validation_size, verbose=0)
