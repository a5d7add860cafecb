"""What the reports' studies share: their images, their split, fits that are kept."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.base import clone

from skmnist import DNNClassifier

EXAMPLES = Path(__file__).parents[1] / "examples"
WITH_FULL = sorted(path for path in EXAMPLES.glob("plot_*.py") if " = Study(" in path.read_text())
TINY = DNNClassifier(hidden_units=(8,), epochs=2, validation_fraction=0.25, random_state=0)
ABOUT = "=====\nTitle\n=====\n\nIt counts\nepochs."


@pytest.fixture
def studies(monkeypatch, tmp_path):
    """The module beside the examples, which writes its results to a folder of the test."""
    spec = importlib.util.spec_from_file_location("_studies", EXAMPLES / "_studies.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return module


@pytest.fixture
def no_mnist(monkeypatch, tmp_path):
    monkeypatch.delenv("SKMNIST_DATA", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "empty"))


@pytest.fixture
def full(studies, no_mnist):
    """A full study of few digits, made anew by each call."""

    def make():
        study = studies.Study("epochs", ABOUT, 80, [])
        study.full = True
        return study

    return make


class Counted(DNNClassifier):
    """A network that counts its fits."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        Counted.n_fits += 1
        return super().fit(X, y, sample_weight)


@pytest.fixture
def counted(monkeypatch):
    monkeypatch.setattr(Counted, "n_fits", 0)
    return Counted(**TINY.get_params(deep=False))


def test_a_finished_fit_is_not_repeated(full, counted, tmp_path):
    networks = {"two": counted, "three": clone(counted).set_params(epochs=3)}
    study = full()
    first = study.fit({"two": networks["two"]}, study.X, study.y)
    both = full().fit(networks, study.X, study.y)
    assert Counted.n_fits == 2
    assert both["two"] == first["two"]
    report = json.loads((tmp_path / "study_epochs.json").read_text())
    assert report["fits"] == both
    assert report["protocol"] == "It counts epochs."
    assert {"machine", "versions", "date", "fit_seconds"} <= set(report)


def test_what_was_finished_before_an_interruption_is_kept(full, counted):
    class Interrupted(Counted):
        def fit(self, X, y, sample_weight=None):
            raise KeyboardInterrupt

    study = full()
    interrupted = Interrupted(**TINY.get_params(deep=False))
    with pytest.raises(KeyboardInterrupt):
        study.fit({"one": counted, "other": interrupted}, study.X, study.y)
    assert Counted.n_fits == 1
    full().fit({"one": counted, "other": counted}, study.X, study.y)
    assert Counted.n_fits == 2


def test_a_fit_with_other_settings_is_repeated(full, counted):
    study = full()
    study.fit({"network": counted}, study.X, study.y)
    fits = full().fit({"network": counted.set_params(hidden_units=(4,))}, study.X, study.y)
    assert Counted.n_fits == 2
    assert fits["network"]["settings"]["hidden_units"] == [4]


def test_fits_of_other_versions_are_not_mixed_with_these(studies, full, counted, monkeypatch):
    study = full()
    study.fit({"network": counted}, study.X, study.y)
    monkeypatch.setattr(studies, "versions", lambda: {"python": "2.7"})
    full().fit({"network": counted}, study.X, study.y)
    assert Counted.n_fits == 2


def test_a_fit_records_what_was_trained_and_its_curves(full):
    study = full()
    network = clone(TINY).set_params(early_stopping=True, n_iter_no_change=1, tol=0.5, epochs=9)
    fits = study.fit({"network": network}, study.X, study.y, also=lambda fitted: {"n": 1})
    fit = fits["network"]
    assert fit["settings"]["class"] == "DNNClassifier"
    assert fit["settings"]["random_state"] == 0
    assert (fit["n_images"], fit["n"]) == (80, 1)
    curves = {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert curves <= set(fit["history"])
    assert all(len(values) == fit["n_epochs"] for values in fit["history"].values())
    # A network that stops early is the one of its best epoch.
    assert fit["n_epochs"] < 9
    assert fit["best_epoch"] == 1 + np.argmin(fit["history"]["val_loss"])
    assert fit["final"] == {key: fit["history"][key][fit["best_epoch"] - 1] for key in curves}


def test_a_small_study_keeps_nothing(studies, no_mnist, tmp_path):
    study = studies.Study("epochs", ABOUT, 80, [])
    assert study.source == "scikit-learn's digits"
    assert study.X.shape == (80, 28, 28)
    study.fit({"network": TINY}, study.X, study.y)
    assert not list(tmp_path.glob("*.json"))


def test_the_full_split_is_stratified_and_of_the_training_images_alone(studies, mnist):
    (X_mnist, _), (X_test, _) = mnist
    X, X_held_out, y, y_held_out = studies.Study("epochs", ABOUT, 80, ["--full"]).split()
    assert (len(X), len(X_held_out)) == (len(y), len(y_held_out)) == (45_000, 15_000)
    assert np.abs(np.bincount(y) - 3 * np.bincount(y_held_out)).max() <= 4

    def images(X):
        return [image.tobytes() for image in X]

    assert sorted(images(X) + images(X_held_out)) == sorted(images(X_mnist))
    assert not set(images(X_test)) & set(images(X) + images(X_held_out))


def test_full_without_mnist_is_refused_and_says_what_to_do(studies, no_mnist, capsys):
    with pytest.raises(SystemExit) as refused:
        studies.Study("epochs", ABOUT, 80, ["--full"])
    assert refused.value.code == 2
    message = capsys.readouterr().err
    assert "--full needs MNIST" in message
    assert "SKMNIST_DATA" in message


@pytest.mark.parametrize("path", WITH_FULL, ids=lambda path: path.stem)
def test_a_study_says_how_long_its_full_size_takes(path):
    about = path.read_text().split('"""')[1]
    assert "``--full``" in about
    assert "on two cores" in about


def test_the_full_picture_lies_beside_the_results_and_is_small(full, tmp_path):
    figure = Figure(figsize=(11, 7))
    figure.subplots().imshow(np.random.default_rng(0).random((9, 9)))
    full().save(figure)
    assert 0 < (tmp_path / "study_epochs.png").stat().st_size < 150_000
