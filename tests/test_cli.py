import json
import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from typer.testing import CliRunner

import skmnist
from skmnist.cli import app
from skmnist.recipes import RECIPES
from skmnist.reports import Reproductions


class Quick(GaussianNB):
    """A network's stand-in, with epochs."""

    def __init__(self, epochs=None, priors=None, var_smoothing=1e-3):
        super().__init__(priors=priors, var_smoothing=var_smoothing)
        self.epochs = epochs


class Broken(ClassifierMixin, BaseEstimator):
    """Fails."""

    def fit(self, X, y):
        raise RuntimeError("out of ink")


@pytest.fixture(autouse=True)
def _quick_classifiers(monkeypatch):
    monkeypatch.setattr(
        "skmnist.comparison.default_classifiers",
        lambda epochs=None: {
            "cnn": Quick(epochs),
            "knn": KNeighborsClassifier(3),
            "broken": Broken(),
        },
    )
    monkeypatch.setattr("skmnist.comparison.further_classifiers", dict)


@pytest.fixture
def run(tmp_path):
    """Call `skmnist compare` with a folder, and return its end and its report."""

    def run(*arguments):
        ended = CliRunner().invoke(app, ["compare", "--output", str(tmp_path), *arguments])
        report = tmp_path / "comparison.json"
        return ended, json.loads(report.read_text()) if report.exists() else None

    return run


def test_the_version_is_shown():
    ended = CliRunner().invoke(app, ["--version"])
    assert (ended.exit_code, ended.stdout) == (0, f"{skmnist.__version__}\n")


def test_digits_are_cross_validated_printed_and_written(run, tmp_path):
    ended, report = run("--classifier", "cnn", "--classifier", "knn", "--cv", "3")
    assert ended.exit_code == 0
    assert "knn" in ended.stdout
    assert "Significance" in ended.stdout
    assert str(tmp_path) in ended.stdout.replace("\n", "")
    assert (report["n_folds"], report["n_samples"]) == (3, 1797)
    assert (tmp_path / "scores.png").exists()


def test_options_reach_the_comparison(run):
    _, report = run("--classifier", "cnn", "--epochs", "7", "--seed", "3", "--train-size", "1790")
    assert report["settings"]["cnn"]["epochs"] == 7
    assert report["random_state"] == 3
    assert report["n_samples"] == 1790
    assert [row["classifier"] for row in report["rows"]] == ["cnn"]


def test_quiet_is_silence(run):
    ended, report = run("--classifier", "cnn", "--quiet")
    assert (ended.exit_code, ended.output) == (0, "")
    assert report["rows"]


def test_mnist_is_tested_on_its_standard_split(run, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 255, (60, 28, 28), dtype=np.uint8), np.arange(60) % 10
    monkeypatch.setattr("skmnist.fetch_mnist", lambda: ((X, y), (X[:20], y[:20])), raising=False)
    ended, report = run("--dataset", "mnist", "--classifier", "knn", "--train-size", "40")
    assert ended.exit_code == 0
    assert (report["n_folds"], report["n_samples"]) == (1, 20)
    assert report["folds"][0]["n_train"] == 40


def test_mnist_out_of_reach_is_a_message_and_exit_code_1(run, monkeypatch):
    def unreachable():
        raise OSError("MNIST was not downloaded: set SKMNIST_DATA")

    monkeypatch.setattr("skmnist.fetch_mnist", unreachable, raising=False)
    ended, report = run("--dataset", "mnist")
    assert (ended.exit_code, report) == (1, None)
    assert ended.stderr == "Error: MNIST was not downloaded: set SKMNIST_DATA\n"


def test_an_unknown_classifier_is_an_error_with_the_choices_and_a_near_match(run):
    ended, _ = run("--classifier", "cmn")
    assert ended.exit_code == 1
    assert "did you mean 'cnn'? Expected one of 'broken', 'cnn', 'knn'." in ended.stderr


def test_more_training_images_than_there_are_is_an_error(run):
    ended, _ = run("--train-size", "5000")
    assert ended.exit_code == 1
    assert "train_size=5000 is more than the 1,797 samples" in ended.stderr


@pytest.mark.parametrize("wrong", [["--cv", "1"], ["--dataset", "cats"], ["--epochs", "0"]])
def test_a_wrong_option_is_exit_code_2(wrong, run):
    ended, _ = run(*wrong)
    assert ended.exit_code == 2
    assert wrong[0] in ended.stderr


def test_a_classifier_that_fails_is_told_and_the_others_are_written(run):
    ended, report = run("--cv", "2")
    assert ended.exit_code == 0
    assert "broken failed: RuntimeError: out of ink" in ended.stdout
    assert report["failed"] == {"broken": "RuntimeError: out of ink"}


def test_where_every_classifier_fails_the_exit_code_is_1(run):
    ended, _ = run("--classifier", "broken")
    assert ended.exit_code == 1


WITH_A_CTRL_C = """
import signal
from sklearn.naive_bayes import GaussianNB
import skmnist.comparison
from skmnist.cli import main

class Slow(GaussianNB):
    def fit(self, X, y):
        signal.raise_signal(signal.SIGINT)

# A parent that runs in the background leaves SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
skmnist.comparison.default_classifiers = lambda epochs: {"quick": GaussianNB(), "slow": Slow()}
main()
"""


def test_ctrl_c_writes_what_is_done_and_exits_with_130(tmp_path):
    command = [sys.executable, "-c", WITH_A_CTRL_C, "compare", "--output", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 130, ended.stderr
    report = json.loads((tmp_path / "comparison.json").read_text())
    assert report["interrupted"]
    assert [row["classifier"] for row in report["rows"]] == ["quick"]
    assert "Interrupted: 1 of 10 fits are done." in ended.stdout
    assert "Traceback" not in ended.stderr


def test_help_needs_neither_tensorflow_nor_scikit_learn():
    script = (
        "import sys\n"
        "from skmnist.cli import app\n"
        "app(['compare', '--help'], standalone_mode=False)\n"
        "assert not {'tensorflow', 'keras', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert ended.returncode == 0, ended.stderr
    assert "--train-size" in ended.stdout


# -- reproduce and recipes --------------------------------------------------------------


@pytest.fixture
def run_reproduce(tmp_path):
    """Call `skmnist reproduce` with a folder, and return its end and its report."""

    def run(*arguments):
        ended = CliRunner().invoke(app, ["reproduce", "--output", str(tmp_path), *arguments])
        report = tmp_path / "reproductions.json"
        return ended, json.loads(report.read_text()) if report.exists() else None

    return run


def test_the_reported_figure_is_beside_ours(run_reproduce, tmp_path):
    ended, report = run_reproduce("bueno-circles", "--epochs", "5", "--seed", "4", "--seeds", "2")
    assert ended.exit_code == 0, ended.output
    assert [row["random_state"] for row in report["rows"]] == [4, 5]
    assert {row["n_epochs"] for row in report["rows"]} == {5}
    assert "bueno-circles" in ended.stdout
    assert "picture" in ended.stdout
    assert (tmp_path / "bueno-circles-seed-4" / "curves.png").exists()


def test_a_run_that_fails_keeps_the_table_of_the_one_before(run_reproduce):
    _, before = run_reproduce("bueno-circles", "--epochs", "2")
    ended, after = run_reproduce("bueno-circles", "--epochs", "2", "--train-size", "501")
    assert ended.exit_code == 1
    assert after == before
    assert len(after["rows"]) == 1


def test_a_folder_that_can_not_be_made_is_named_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr("skmnist.reports._reproductions.reproduce", None)
    place = tmp_path / "a file"
    place.write_text("")
    ended = CliRunner().invoke(app, ["reproduce", "bueno-circles", "--output", str(place)])
    assert ended.exit_code == 1
    assert f"output='{place}' can't be made a folder" in " ".join(ended.stderr.split())


def test_all_beside_names_is_refused(run_reproduce):
    ended, _ = run_reproduce("bueno-circles", "--all")
    assert ended.exit_code == 1
    assert "--all is every recipe; leave out bueno-circles, or --all" in ended.stderr


def test_all_is_every_recipe_with_a_reported_figure(run_reproduce, monkeypatch):
    asked = []

    def reproduce_all(names, **settings):
        asked.extend(names)
        return Reproductions()

    monkeypatch.setattr("skmnist.reports.reproduce_all", reproduce_all)
    ended, _ = run_reproduce("--all", "--quiet")
    assert (ended.exit_code, ended.output) == (0, "")
    assert asked == [name for name, recipe in RECIPES.items() if recipe.figure_text]
    assert "bueno-circles" in asked  # whose figure is a picture
    assert "densenet121" not in asked


def test_a_quiet_reproduction_is_silence(run_reproduce):
    ended, report = run_reproduce("bueno-circles", "--epochs", "2", "--quiet")
    assert (ended.exit_code, ended.output) == (0, "")
    assert report["rows"]


def test_a_misspelt_recipe_is_an_error_with_a_near_match(run_reproduce):
    ended, report = run_reproduce("bueno-circle")
    assert (ended.exit_code, report) == (1, None)
    assert "recipe='bueno-circle' is unknown; did you mean 'bueno-circles'" in ended.stderr


def test_no_recipe_at_all_is_an_error_that_says_what_to_give(run_reproduce):
    ended, _ = run_reproduce()
    assert ended.exit_code == 1
    assert "give names of recipes, or --all" in ended.stderr


def test_a_recipe_that_fails_is_told_and_the_exit_code_is_1(run_reproduce):
    ended, report = run_reproduce("bueno-circles", "--epochs", "2", "--train-size", "501")
    assert ended.exit_code == 1
    assert "Error: bueno-circles: train_size=501 is more than the 500 samples" in ended.stderr
    assert report is None  # nothing was measured, so nothing is written


def test_a_protocol_is_two_sizes(run_reproduce):
    ended, report = run_reproduce("bueno-circles", "--epochs", "2", "--protocol", "300/200")
    assert ended.exit_code == 0, ended.output
    (row,) = report["rows"]
    assert row["n_train"] == 300
    assert "validation_accuracy" in row
    assert "200 training samples held out" in " ".join(ended.stdout.split())
    ended, report = run_reproduce("bueno-circles", "--epochs", "2", "--validation-size", "200")
    assert report["rows"][0]["training_loss"] == row["training_loss"]


@pytest.mark.parametrize("wrong", ["45000", "45000:15000", "0/5", "5/0", "a/b", "-5/5", "5/5/5"])
def test_a_protocol_that_is_not_two_sizes_is_exit_code_2(wrong, run_reproduce):
    ended, report = run_reproduce("bueno-circles", f"--protocol={wrong}")
    assert (ended.exit_code, report) == (2, None)
    assert "--protocol" in ended.stderr
    assert "45000/15000" in ended.stderr


@pytest.mark.parametrize("size", ["--train-size", "--validation-size"])
def test_a_protocol_beside_another_size_is_exit_code_2(size, run_reproduce):
    ended, report = run_reproduce("bueno-circles", "--protocol", "300/200", size, "100")
    assert (ended.exit_code, report) == (2, None)
    assert "gives both sizes" in ended.stderr


def test_a_protocol_of_more_samples_than_there_are_is_exit_code_1(run_reproduce):
    ended, _ = run_reproduce("bueno-circles", "--protocol", "400/200")
    assert ended.exit_code == 1
    assert "must leave a part of the 500 training samples to each" in ended.stderr


def test_recipes_are_listed_with_what_they_are_for():
    ended = CliRunner().invoke(app, ["recipes"])
    assert ended.exit_code == 0
    for name in ("martin-dnn", "98.17", "0.99994", "svm-best"):
        assert name in ended.stdout


def test_gradient_boosting_is_compared_where_it_is_named(monkeypatch):
    monkeypatch.undo()
    from skmnist.cli import _choose

    assert list(_choose(["gradient_boosting", "knn"], None)) == ["gradient_boosting", "knn"]
    assert "gradient_boosting" not in _choose(None, None)
