"""`skmnist search`: a table, the best model, and no candidate fitted twice."""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import skmnist
from skmnist._utils.progress._screens import Terminal
from skmnist.search import _trials
from skmnist.search._journal import Journal

QUICK = "--recipe=dnn", "--epochs=2", "--cv=2", "--candidates=3", "-o", "m.safetensors"


@pytest.fixture
def fits(monkeypatch):
    """The parameters of each candidate that was evaluated on a fold."""
    seen, evaluated = [], _trials._evaluated

    def note(estimator, parameters, *arguments):
        seen.append(parameters)
        return evaluated(estimator, parameters, *arguments)

    monkeypatch.setattr(_trials, "_evaluated", note)
    return seen


def candidates(path="m.search.jsonl"):
    return [json.loads(line) for line in Path(path).read_text().splitlines()[1:]]


def test_the_best_candidate_is_saved_and_all_are_in_the_table(skmnist_command, files):
    ended = skmnist_command("search", files / "digits.npz", *QUICK, "--test-size=0.2")
    assert ended.exit_code == 0, ended.output
    assert "[3/3]" in ended.stdout
    assert "of 60 right." in ended.stdout
    with Path("m.search.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    accuracies = [float(row["accuracy"]) for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    model = skmnist.load("m.safetensors")[-1]
    rate = float(rows[0]["learning_rate"] or skmnist.recipe("dnn").learning_rate)
    assert model.learning_rate == pytest.approx(rate)
    assert model.n_epochs_ == 2
    assert any(rows[i]["learning_rate"] == "" for i in range(3))  # the recipe as it is


def test_finished_candidates_are_not_fitted_again(skmnist_command, files, fits):
    assert skmnist_command("search", files / "digits.npz", *QUICK).exit_code == 0
    assert len(fits) == 6
    whole, table = candidates(), Path("m.search.csv").read_text()
    lines = Path("m.search.jsonl").read_text().splitlines(keepends=True)
    Path("m.search.jsonl").write_text("".join(lines[:2]) + lines[2][:30])  # killed while writing
    ended = skmnist_command("search", files / "digits.npz", *QUICK)
    assert ended.exit_code == 0, ended.output
    assert len(fits) == 10
    assert [found["scores"] for found in candidates()] == [found["scores"] for found in whole]
    again = Path("m.search.csv").read_text()
    assert [line.split(",")[0] for line in again.splitlines()] == [
        line.split(",")[0] for line in table.splitlines()
    ]


def test_a_killed_search_goes_on_and_ends_as_one_that_was_not_killed(skmnist_command, files):
    words = ["search", str(files / "digits.npz"), *QUICK, "--quiet"]
    killed = subprocess.Popen([sys.executable, "-m", "skmnist.cli", *words])
    journal, give_up = Path("m.search.jsonl"), time.monotonic() + 120
    while not (journal.exists() and len(journal.read_text().splitlines()) >= 2):
        assert time.monotonic() < give_up
        assert killed.poll() is None
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    before = candidates()
    assert 1 <= len(before) < 3
    assert skmnist_command(*words).exit_code == 0
    resumed, model = candidates(), skmnist.load("m.safetensors")
    assert resumed[: len(before)] == before
    journal.unlink()
    assert skmnist_command(*words).exit_code == 0
    assert [each["scores"] for each in candidates()] == [each["scores"] for each in resumed]
    same = skmnist.load("m.safetensors")
    assert model[-1].get_params()["learning_rate"] == same[-1].get_params()["learning_rate"]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [("--seed=1", "its seed is 0, not 1"), ("--cv=3", "its number of folds is 2, not 3")],
)
def test_another_search_does_not_go_on_with_these_candidates(
    changed, problem, skmnist_command, files, tmp_path
):
    description = {"number of folds": 2, "seed": 0}
    assert skmnist_command("search", files / "digits.npz", *QUICK).exit_code == 0
    assert (
        description.items()
        <= json.loads(Path("m.search.jsonl").read_text().splitlines()[0])["search"].items()
    )
    ended = skmnist_command("search", files / "digits.npz", *QUICK, changed)
    assert ended.exit_code == 1
    assert problem in ended.stderr


def test_other_data_are_named_as_such(skmnist_command, files):
    assert skmnist_command("search", files / "digits.npz", *QUICK, "--quiet").exit_code == 0
    with np.load(files / "digits.npz") as data:
        np.savez("others.npz", **{name: data[name][::-1] for name in data})
        np.savez("fewer.npz", **{name: data[name][:100] for name in data})
    ended = skmnist_command("search", "others.npz", *QUICK)
    assert "another search: its images or labels are others. Search as" in ended.stderr
    ended = skmnist_command("search", "fewer.npz", *QUICK)
    assert "its shape of the images is '(300, 8, 8" in ended.stderr


def test_more_candidates_go_on_and_fewer_are_found(skmnist_command, files, fits):
    words = "search", files / "digits.npz", *QUICK, "--quiet"
    for n, n_fits in ((3, 6), (5, 10), (2, 10)):
        assert skmnist_command(*words, f"--candidates={n}").exit_code == 0
        assert len(fits) == n_fits
        assert len(Path("m.search.csv").read_text().splitlines()) == n + 1
    assert [found["candidate"] for found in candidates()] == [0, 1, 2, 3, 4]
    assert len({repr(parameters) for parameters in fits}) == 5


def test_larger_searches_of_lists_alone_begin_as_smaller_ones(monkeypatch):
    monkeypatch.setattr(_trials, "param_space", lambda *_: {"a": list(range(4)), "b": [0, 1]})
    whole = _trials.candidates_of(None, "small", 30, seed=0)
    assert len(whole) == 9
    for n in range(2, 9):
        assert _trials.candidates_of(None, "small", n, seed=0) == whole[:n]


def test_too_many_folds_are_named_and_do_not_block_the_next_search(skmnist_command, files):
    ended = skmnist_command("search", files / "digits.npz", *QUICK, "--cv=500")
    assert ended.exit_code == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: --cv 500, but no class has more than")
    assert not Path("m.search.jsonl").exists()


def test_a_journal_without_a_candidate_may_be_of_any_search(tmp_path):
    path = tmp_path / "search.jsonl"
    Journal(path, {"seed": 0})
    Journal(path, {"seed": 1}).add(0, {"scores": [1.0]})
    assert list(Journal(path, {"seed": 1}).finished) == [0]
    with pytest.raises(ValueError, match="its seed is 1, not 0"):
        Journal(path, {"seed": 0})


def test_a_file_that_is_no_journal_is_left_alone(skmnist_command, files):
    Path("m.search.jsonl").write_text("my notes\n")
    ended = skmnist_command("search", files / "digits.npz", *QUICK)
    assert ended.exit_code == 1
    assert "isn't the record of a search" in ended.stderr
    assert Path("m.search.jsonl").read_text() == "my notes\n"


def test_candidates_that_cannot_be_fitted_are_in_the_table(skmnist_command, files, monkeypatch):
    from skmnist import DNNClassifier

    fit = DNNClassifier.fit

    def fail(self, X, y):
        if self.hidden_units != (512, 512):
            raise ValueError("too large for this machine")
        return fit(self, X, y)

    monkeypatch.setattr(DNNClassifier, "fit", fail)
    ended = skmnist_command("search", files / "digits.npz", *QUICK)
    assert ended.exit_code == 0, ended.output
    assert "failed" in ended.stdout
    assert "too large for this machine" in Path("m.search.csv").read_text()


def test_candidates_folds_and_epochs_are_shown_on_a_terminal(skmnist_command, files, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # for rich, that is a terminal
    monkeypatch.setattr(Terminal, "period", 0.0)
    ended = skmnist_command("search", files / "digits.npz", *QUICK)
    for text in ("0/3 candidates", "candidate 1, fold 2", "1/2 epochs", "best "):
        assert text in ended.stderr, text
    assert "Search" not in skmnist_command("search", files / "digits.npz", *QUICK, "--quiet").stderr


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--jobs=0"], "0 folds at the same time"),
        (["--candidates=1"], "--candidates"),
        (["--space=medium"], "--space"),
        (["--recipe=nothing"], "nothing"),
        (["--recipe=sklearn.svm.SVC"], "sklearn.svm:SVC"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_loaded(words, problem, skmnist_command):
    ended = skmnist_command("search", "digits", "-o", "m.safetensors", *words)
    assert ended.exit_code == 2
    assert problem in ended.stderr


def test_a_classifier_without_a_known_space_is_refused_in_one_line(skmnist_command, files):
    recipe = "--recipe=sklearn.naive_bayes:GaussianNB"
    ended = skmnist_command("search", files / "digits.npz", "-o", "m.safetensors", recipe)
    assert ended.exit_code == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: --recipe sklearn.naive_bayes:GaussianNB: no distributions")
    assert not Path("m.search.jsonl").exists()
