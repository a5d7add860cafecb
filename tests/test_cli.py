import json
import subprocess
import sys

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from typer.testing import CliRunner

import skmnist
from skmnist._utils.recipe_names import RECIPE_NAMES
from skmnist.cli import app
from skmnist.comparison import default_classifiers
from skmnist.datasets._registry import DATASETS, Dataset
from skmnist.recipes import RECIPES, Recipe
from skmnist.reports import Reproductions

# Before other tests add recipes of their own.
LISTED = skmnist.list_recipes()


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
def _quick_recipes(monkeypatch):
    quick = {"cnn": Quick(), "knn": KNeighborsClassifier(3), "svm": Broken()}
    for name, classifier in quick.items():
        monkeypatch.setitem(RECIPES, name, Recipe(classifier, "Quick."))
    monkeypatch.setattr(
        "skmnist.comparison._compare.default_classifiers",
        lambda epochs=None: {name: skmnist.recipe(name) for name in quick},
    )


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


def test_fits_at_the_same_time_are_noted(run):
    with parallel_config("threading"):
        ended, report = run("--classifier", "knn", "--cv", "2", "--jobs", "2")
    assert report["n_jobs"] == 2
    assert "2 fits ran at the same time" in unwrapped(ended.stdout)
    ended, _ = run("--classifier", "knn", "--jobs", "0")
    assert ended.exit_code == 1
    assert ended.stderr.startswith("Error: n_jobs=0; expected a number of workers")


def test_quiet_is_silence(run):
    ended, report = run("--classifier", "cnn", "--quiet")
    assert (ended.exit_code, ended.output) == (0, "")
    assert report["rows"]


def test_mnist_is_tested_on_its_standard_split(run, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 255, (60, 28, 28), dtype=np.uint8), np.arange(60) % 10
    mnist = Dataset(lambda random_state: ((X, y), (X[:20], y[:20])), "images")
    monkeypatch.setitem(DATASETS, "mnist", mnist)
    ended, report = run("--dataset", "mnist", "--classifier", "knn", "--train-size", "40")
    assert ended.exit_code == 0
    assert (report["n_folds"], report["n_samples"]) == (1, 20)
    assert report["folds"][0]["n_train"] == 40


def test_mnist_out_of_reach_is_a_message_and_exit_code_1(run, monkeypatch):
    def unreachable(random_state):
        raise OSError("MNIST was not downloaded: set SKMNIST_DATA")

    monkeypatch.setitem(DATASETS, "mnist", Dataset(unreachable, "images"))
    ended, report = run("--dataset", "mnist")
    assert (ended.exit_code, report) == (1, None)
    assert ended.stderr == "Error: MNIST was not downloaded: set SKMNIST_DATA\n"


def unwrapped(text):
    """Undo the lines and the frame of an error message."""
    return " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize(
    ("command", "wrong", "near"),
    [
        (["compare", "--classifier"], "cmn", "did you mean 'cnn'?"),
        (["compare", "--classifier"], "random_forest", "did you mean 'random-forest'?"),
        (["reproduce"], "bueno-circle", "did you mean 'bueno-circles'"),
        (["reproduce"], "nope", ""),
    ],
)
def test_an_unknown_name_is_exit_code_2_with_near_matches_only(command, wrong, near):
    ended = CliRunner().invoke(app, [*command, wrong])
    assert ended.exit_code == 2
    message = unwrapped(ended.stderr)
    assert f"{wrong!r} is not the name of a recipe" in message
    assert near in message
    assert "See `skmnist recipes`" in message
    assert "capsnet" not in message  # nor all the others


def test_a_wrong_name_needs_neither_numpy_nor_scikit_learn():
    for command in ("'compare', '--classifier', 'cmn'", "'reproduce', 'cmn'"):
        assert_light(f"app([{command}])", expected=2)


def test_wrong_arguments_of_the_commands_for_own_data_need_neither(tmp_path):
    (tmp_path / "model").write_bytes(b"")
    model = f"'{tmp_path}/model'"
    calls = (
        "app(['train', 'no-data', '-o', 'm.safetensors'])",
        "app(['train', 'digits', '-o', 'no-folder/m.safetensors'])",
        "app(['train', 'digits', '-o', 'm.safetensors', '--recipe', 'cmn'])",
        "app(['train', 'digits', '-o', 'm.safetensors', '--size', 'x'])",
        "app(['evaluate', 'no-model', 'digits'])",
        f"app(['evaluate', {model}, 'no-data'])",
        "app(['predict', 'no-model', 'a.png'])",
        f"app(['predict', {model}, 'a.png'])",
        "app(['export', 'no-model', 'a.onnx'])",
        f"app(['export', {model}, 'a.json'])",
        "app(['compare', '--data', 'no-data'])",
        "app(['compare', '--classifier', 'a.b:'])",
    )
    each = "; ".join(f"end({call!r})" for call in calls)
    assert_light(
        f"def end(call):\n        try: eval(call)\n        except SystemExit as end: "
        f"assert end.code == 2, call\n    {each}; sys.exit(2)",
        expected=2,
    )


def test_the_names_known_without_scikit_learn_are_those_of_the_recipes():
    assert list(RECIPE_NAMES) == LISTED


def test_any_recipe_for_images_is_compared(run):
    ended, report = run("--classifier", "svm-few-labels", "--cv", "2", "--train-size", "200")
    assert ended.exit_code == 0, ended.output
    assert [row["classifier"] for row in report["rows"]] == ["svm-few-labels"]


def test_a_recipe_for_other_data_is_not_compared(run):
    ended, report = run("--classifier", "bueno-circles")
    assert (ended.exit_code, report) == (2, None)
    assert "bueno-circles can't be compared on images" in unwrapped(ended.stderr)


@pytest.mark.parametrize(
    ("too_few", "message"),
    [
        (["--train-size", "5"], "train_size=5 leaves no sample of the classes"),
        (["--train-size", "12"], "cv=5 folds need 5 samples of each class, but class"),
    ],
)
def test_too_few_training_images_are_an_error_that_says_what_to_give(too_few, message, run):
    ended, _ = run("--classifier", "knn", *too_few)
    assert ended.exit_code == 1
    assert message in ended.stderr
    assert "n_splits" not in ended.stderr
    assert "give" in ended.stderr


def test_medians_over_folds_are_named_where_there_are_folds(run, monkeypatch):
    ended, _ = run("--classifier", "knn", "--cv", "2")
    assert "medians over the folds" in unwrapped(ended.stdout)
    X, y = load_digits(return_X_y=True)
    mnist = Dataset(lambda random_state: ((X, y), (X[:20], y[:20])), "images")
    monkeypatch.setitem(DATASETS, "mnist", mnist)
    ended, _ = run("--classifier", "knn", "--dataset", "mnist")
    assert "thousand." in unwrapped(ended.stdout)
    assert "over the folds" not in unwrapped(ended.stdout)


@pytest.mark.parametrize("command", ["compare", "reproduce"])
def test_a_file_as_the_output_folder_is_exit_code_2(command, tmp_path):
    (tmp_path / "afile").write_text("")
    ended = CliRunner().invoke(app, [command, "--output", str(tmp_path / "afile")])
    assert ended.exit_code == 2
    assert "--output" in ended.stderr
    assert "is a file" in unwrapped(ended.stderr)


def test_a_folder_inside_a_file_is_named(tmp_path):
    (tmp_path / "afile").write_text("")
    place = tmp_path / "afile" / "folder"
    for command in (["compare", "--classifier", "knn"], ["reproduce", "bueno-circles"]):
        ended = CliRunner().invoke(app, [*command, "--output", str(place)])
        assert ended.exit_code == 1
        assert f"output='{place}' can't be made a folder" in ended.stderr


COMMANDS = ["train", "evaluate", "predict", "export", "compare", "reproduce", "recipes"]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_h_is_help_with_exit_codes_and_flags_have_no_type(command):
    ended = CliRunner().invoke(app, [*command, "-h"])
    assert ended.exit_code == 0
    assert "Usage" in ended.stdout
    assert "bool" not in ended.stdout
    assert "Exit codes: 0 if all was done" in ended.stdout


def test_what_is_done_is_shown_on_a_terminal(run, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # for rich, that is a terminal
    ended, _ = run("--classifier", "knn", "--cv", "2")
    assert "Loading scikit-learn" in ended.stderr
    assert "knn, fold 2 of 2" in ended.stderr
    assert "Drawing the pictures" in ended.stderr


def test_elsewhere_nothing_is_written_beside_the_table(run):
    ended, _ = run("--classifier", "knn", "--cv", "2")
    assert ended.stderr == ""


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
    assert "svm failed: RuntimeError: out of ink" in ended.stdout
    assert report["failed"] == {"svm": "RuntimeError: out of ink"}


def test_where_every_classifier_fails_the_exit_code_is_1(run):
    ended, _ = run("--classifier", "svm")
    assert ended.exit_code == 1


WITH_A_CTRL_C = """
import signal
from sklearn.naive_bayes import GaussianNB
import skmnist.comparison._compare
from skmnist.cli import main

class Slow(GaussianNB):
    def fit(self, X, y):
        signal.raise_signal(signal.SIGINT)

# A parent that runs in the background leaves SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
compare = skmnist.comparison._compare
compare.default_classifiers = lambda epochs: {"quick": GaussianNB(), "slow": Slow()}
main()
"""


def test_ctrl_c_writes_what_is_done_and_exits_with_130(tmp_path):
    command = [sys.executable, "-c", WITH_A_CTRL_C, "compare", "--output", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert ended.returncode == 130, ended.stderr
    report = json.loads((tmp_path / "comparison.json").read_text())
    assert report["interrupted"]
    assert [row["classifier"] for row in report["rows"]] == ["quick"]
    assert "Interrupted: 1 of 10 fits are done." in ended.stdout
    assert "Traceback" not in ended.stderr


def assert_light(call, *, expected):
    """Run the command in a new interpreter; return what it prints, having imported little."""
    script = (
        "import sys\n"
        "from skmnist.cli import app\n"
        f"try:\n    {call}\n"
        "except SystemExit as end:\n"
        f"    assert end.code == {expected}, end.code\n"
        "assert not {'tensorflow', 'keras', 'numpy', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
    )
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_help_needs_neither_tensorflow_nor_scikit_learn():
    assert "--train-size" in assert_light("app(['compare', '--help'])", expected=0)


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


def test_seeds_at_the_same_time_are_all_in_the_table(run_reproduce):
    with parallel_config("threading"):
        ended, report = run_reproduce("bueno-circles", "--epochs", "2", "--seeds", "2", "-j", "2")
    assert ended.exit_code == 0, ended.output
    assert [row["random_state"] for row in report["rows"]] == [0, 1]
    assert "samples to train on" not in ended.stdout


def test_a_run_that_fails_keeps_the_table_of_the_one_before(run_reproduce):
    _, before = run_reproduce("bueno-circles", "--epochs", "2")
    ended, after = run_reproduce("bueno-circles", "--epochs", "2", "--train-size", "501")
    assert ended.exit_code == 1
    assert after == before
    assert len(after["rows"]) == 1


def test_all_beside_names_is_refused(run_reproduce):
    ended, _ = run_reproduce("bueno-circles", "--all")
    assert ended.exit_code == 2
    assert "it is every recipe; leave out bueno-circles, or --all" in unwrapped(ended.stderr)


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


def test_no_recipe_at_all_is_an_error_that_says_what_to_give(run_reproduce):
    ended, _ = run_reproduce()
    assert ended.exit_code == 2
    assert "give names of recipes, or --all" in unwrapped(ended.stderr)


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


def test_a_part_without_a_class_is_an_error(run_reproduce):
    ended, report = run_reproduce("bueno-circles", "--epochs", "2", "--train-size", "1")
    assert (ended.exit_code, report) == (1, None)
    assert "train_size=1 leaves no sample of the classes [" in ended.stderr
    assert "at least 2" in ended.stderr


def test_a_trial_is_called_one(run_reproduce):
    ended, _ = run_reproduce("bueno-circles", "--epochs", "2")
    assert "A trial, so without a verdict." in unwrapped(ended.stdout)


WITHOUT_A_READER = """
import os, sys
reading, writing = os.pipe()
os.dup2(writing, 1)
os.close(reading)
from skmnist.cli import main
main()
"""


@pytest.mark.parametrize(
    "command",
    [["recipes"], ["reproduce", "bueno-circles", "--epochs", "2"]],
    ids=lambda command: command[0],
)
def test_a_closed_pipe_ends_the_command_quietly(command, tmp_path):
    arguments = [sys.executable, "-c", WITHOUT_A_READER, *command]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=900, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_recipes_are_listed_with_what_they_are_for():
    ended = CliRunner().invoke(app, ["recipes"])
    assert ended.exit_code == 0
    for name in ("martin-dnn", "98.17", "0.99994", "svm-best"):
        assert name in ended.stdout


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_the_names_of_recipes_are_whole(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    listed = CliRunner().invoke(app, ["recipes"]).stdout
    words = listed.split()
    assert set(skmnist.list_recipes()) <= set(words)
    assert "…" not in listed
    assert max(map(len, listed.splitlines())) <= int(columns)


def test_no_name_is_blank_on_the_narrowest_screen(monkeypatch, run, run_reproduce):
    monkeypatch.setenv("COLUMNS", "20")
    outputs = [
        run("--classifier", "knn", "--cv", "2")[0].stdout,
        run_reproduce("bueno-circles", "--epochs", "2")[0].stdout,
        CliRunner().invoke(app, ["recipes"]).stdout,
    ]
    for output, name in zip(outputs, ["knn", "bueno-circles", "svm-few-labels"], strict=True):
        table = output[output.rindex(name) :]
        assert "…" not in table


def test_networks_are_described_in_words_of_their_own():
    names = "dnn", "lenet", "cnn-fast", "cnn-quick", "cnn-brisk", "resnet", "capsnet", "alexnet"
    notes = {RECIPES[name].note for name in names}
    assert len(notes) == len(names)
    assert not any("class's defaults" in note for note in notes)


def test_the_classifiers_compared_by_default_are_recipes(monkeypatch):
    monkeypatch.undo()
    chosen = default_classifiers(epochs=7)
    assert set(chosen) <= set(RECIPES)
    assert "gradient-boosting" not in chosen
    assert [chosen[name].epochs for name in ("dnn", "lenet", "cnn")] == [7, 7, 7]
    assert default_classifiers()["lenet"].epochs == 20
