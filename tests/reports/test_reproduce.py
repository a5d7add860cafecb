"""Recipes, trained on the reports' data."""

import json

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmnist import recipe, reproduce
from skmnist._utils.progress._screens import Terminal
from skmnist._utils.random import seed_of
from skmnist.datasets._registry import DATASETS, Dataset
from skmnist.recipes import RECIPES, Recipe, set_epochs
from skmnist.reports import part_of, reproduce_all


@pytest.fixture(scope="module")
def circles():
    return reproduce("bueno-circles", verbose=0)


def test_the_circles_are_told_apart(circles):
    assert circles.measured == 100.0
    assert circles.verdict is None  # the report shows a picture, and gives no figure
    assert (circles.n_train, circles.row["n_parameters"], circles.row["n_epochs"]) == (
        500,
        61,
        2500,
    )


def test_the_neuron_learns_as_in_plain_numpy():
    """The tutorials' loop: error times slope of the sigmoid, summed over the rows."""
    X, y = np.array([[0, 0, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1]]), np.array([0, 1, 1, 0])
    weights = np.random.RandomState(1).uniform(-1, 1, 3)
    for _ in range(10_000):
        p = 1 / (1 + np.exp(-X @ weights))
        weights += X.T @ ((y - p) * p * (1 - p))
    expected = 1 / (1 + np.exp(-weights[0]))
    result = reproduce("bueno-perceptron", verbose=0)
    assert result.measured == pytest.approx(expected, abs=1e-6)
    assert result.y_pred.tolist() == [1]
    assert result.verdict == "reached"


def test_the_circles_are_learned_as_in_the_reports_loop():
    """The loop of the report: sums of gradients for the weights, means for the biases."""
    n_steps = 25
    (X, y), _ = DATASETS["circles"].load(0)
    network = recipe("bueno-circles").set_params(epochs=n_steps, dtype="float64", random_state=0)
    architecture = network._architecture((1, 2, 1), 2, "float64")
    start = architecture.build(seed_of(network.random_state)).get_weights()
    assert all(-1 <= weights.min() < weights.max() <= 1 for weights in start[:-1])
    layers = [(W.copy(), b.copy()) for W, b in zip(start[::2], start[1::2], strict=True)]
    for _ in range(n_steps):
        outputs = [X]
        for W, b in layers:
            outputs.append(1 / (1 + np.exp(-outputs[-1] @ W - b)))
        delta = outputs[-1] - y[:, None]
        for i in reversed(range(len(layers))):
            W, b = layers[i]
            delta = delta * outputs[i + 1] * (1 - outputs[i + 1])
            layers[i] = W - 0.05 * outputs[i].T @ delta, b - 0.05 * delta.mean(axis=0)
            delta = delta @ W.T
    learned = network.fit(X, y).network_.get_weights()
    for (W, b), kernel, bias in zip(layers, learned[::2], learned[1::2], strict=True):
        np.testing.assert_allclose(kernel, W, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(bias, b, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["portillo-v1", "knn", "bueno-relu"])
def test_a_trial_of_a_recipe_on_real_mnist(mnist, name):
    result = reproduce(name, train_size=1000, epochs=3, verbose=0)
    assert result.n_train == 1000
    assert result.n_judged == 10_000 or name == "bueno-relu"
    assert len(result.y_pred) == 10_000
    assert 80 < result.measured < 99.5
    assert (result.row["n_epochs"] or 3) == 3


def test_a_training_accuracy_is_that_of_the_last_epoch(mnist):
    result = reproduce("bueno-relu", train_size=500, epochs=2, verbose=0)
    assert result.measured == 100 * result.network.history_["accuracy"][-1]


@pytest.fixture
def terminal(monkeypatch):
    """A terminal in the eyes of rich, on which every change is drawn."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(Terminal, "period", 0.0)


def test_class_counts_and_progress_are_shown_unless_silent(terminal, capfd):
    reproduce("bueno-circles", epochs=2)
    shown, progress = capfd.readouterr()
    assert "500 samples to train on, 250 of 0, 250 of 1" in shown
    assert "DNNClassifier" in progress
    assert "1/2 epochs" in progress
    reproduce("bueno-circles", epochs=2, verbose=0)
    assert capfd.readouterr() == ("", "")


def test_progress_is_shown_of_a_network_in_a_pipeline(monkeypatch, terminal, capfd):
    piped = make_pipeline(StandardScaler(), recipe("bueno-circles"))
    monkeypatch.setitem(RECIPES, "piped", Recipe(piped, "In a Pipeline.", data="circles"))
    result = reproduce("piped", epochs=2)
    assert result.network.n_epochs_ == 2
    progress = capfd.readouterr().err
    assert "DNNClassifier" in progress
    assert "support" not in progress  # a warning that other steps aren't shown


def test_the_same_seed_gives_the_same_figure():
    one, same = (reproduce("bueno-circles", epochs=50, random_state=3, verbose=0) for _ in "ab")
    assert one.network.history_ == same.network.history_


def test_several_recipes_make_one_table(tmp_path, capsys):
    from rich.console import Console

    done = reproduce_all(
        ["bueno-circles"], random_states=[0, 1], epochs=20, verbose=0, output=tmp_path
    )
    assert [row["random_state"] for row in done.rows] == [0, 1]
    assert not done.failed
    report = json.loads((tmp_path / "reproductions.json").read_text())
    assert report["rows"] == done.rows
    assert {"machine", "versions", "date"} <= set(report)
    assert len((tmp_path / "reproductions.csv").read_text().splitlines()) == 3
    assert (tmp_path / "bueno-circles-seed-1" / "index.html").exists()
    assert 'href="bueno-circles-seed-1/index.html"' in (tmp_path / "index.html").read_text()
    Console(width=80).print(done)
    shown = capsys.readouterr().out
    assert "bueno-circles" in shown
    assert "picture" in shown


def test_a_failure_leaves_the_other_recipes_whole(monkeypatch, tmp_path):
    def no_data(random_state):
        raise OSError("the data are at sea")

    monkeypatch.setitem(DATASETS, "mnist", Dataset(no_data, "images"))
    done = reproduce_all(["portillo-v1", "bueno-circles"], epochs=2, verbose=0, output=tmp_path)
    assert done.failed == {"portillo-v1": "the data are at sea"}
    assert [row["recipe"] for row in done.rows] == ["bueno-circles"]


def test_recipes_at_the_same_time_have_the_figures_of_one_after_another(tmp_path, capsys):
    settings = {"random_states": [0, 1], "epochs": 5}
    with parallel_config("threading"):
        done = reproduce_all(["bueno-circles"], n_jobs=2, output=tmp_path, **settings)
    alone = reproduce_all(["bueno-circles"], verbose=0, **settings)
    times = {"fit_seconds", "seconds_per_epoch"}
    for one, other in zip(alone.rows, done.rows, strict=True):
        assert {k: one[k] for k in one.keys() - times} == {k: other[k] for k in one.keys() - times}
    assert (tmp_path / "bueno-circles-seed-1" / "index.html").exists()
    assert capsys.readouterr() == ("", "")  # no lines of several fits among each other


def test_an_interruption_keeps_what_is_done(monkeypatch, tmp_path):
    from skmnist.reports import _reproductions

    def interrupted(name, **settings):
        if name == "bueno-perceptron":
            raise KeyboardInterrupt
        return reproduce(name, **settings)

    monkeypatch.setattr(_reproductions, "reproduce", interrupted)
    done = reproduce_all(
        ["bueno-circles", "bueno-perceptron"], epochs=2, verbose=0, output=tmp_path
    )
    assert done.interrupted
    assert len(done.rows) == 1
    assert json.loads((tmp_path / "reproductions.json").read_text())["interrupted"]


def test_a_part_holds_as_many_of_each_class():
    X, y = list("abcdefgh"), [0, 1] * 4
    part, labels = part_of(X, y, 4, random_state=0)
    assert sorted(labels) == [0, 0, 1, 1]
    assert all(y[X.index(one)] == label for one, label in zip(part, labels, strict=True))
    assert part_of(X, y, None, 0) == (X, y)


def test_a_part_larger_than_the_whole_is_refused():
    with pytest.raises(ValueError, match="train_size=9 is more than the 8 samples"):
        part_of(list("abcdefgh"), [0, 1] * 4, 9, random_state=0)


def test_an_unknown_recipe_is_named_with_the_nearest():
    with pytest.raises(ValueError, match=r"name='bueno-circle' is not .*; did you mean"):
        reproduce("bueno-circle")


def test_epochs_are_set_in_every_network():
    committee = recipe("committee-few-labels")
    set_epochs(committee, 1)
    epochs = "cnn__epochs", "upright__cnnclassifier__epochs"
    assert [committee.get_params()[name] for name in epochs] == [1, 1]
    unchanged = recipe("committee-few-labels").get_params()
    assert [unchanged[name] for name in epochs] == ["auto", "auto"]


def test_a_trial_has_no_verdict():
    trial = reproduce("bueno-perceptron", epochs=2, verbose=0)
    assert trial.trial
    assert trial.recipe.figure is not None
    assert trial.verdict is None


@pytest.mark.parametrize(("name", "named"), [(None, "name=None"), (["portillo-v1"], "name=.'por")])
def test_what_is_no_name_is_refused(name, named):
    with pytest.raises(TypeError, match=f"{named}.*expected the name of one recipe"):
        reproduce(name)


@pytest.mark.parametrize("epochs", [0, -1, 2.5, True])
def test_epochs_are_a_whole_number(epochs):
    with pytest.raises(ValueError, match=f"epochs={epochs}; expected a whole number >= 1"):
        reproduce("bueno-circles", epochs=epochs)
