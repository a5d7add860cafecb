"""Successive halving whose rounds go on from the round before, and searches that were killed."""

import functools
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmnist import CheckpointFolder, DNNClassifier, Optimizer
from skmnist.training import Plateau
from skmnist.training._backends.trainer import AbstractTrainer

NETWORK = DNNClassifier(
    hidden_units=(8,), batch_size=32, schedule="constant", dtype="float32", random_state=0
)
RATES = {"learning_rate": [1e-6, 1e-5, 0.01, 0.03]}


@pytest.fixture(scope="module")
def few(digits):
    return digits[0][:160], digits[2][:160]


@pytest.fixture
def folder(tmp_path):
    return CheckpointFolder(tmp_path / "fits")


@pytest.fixture
def epochs(monkeypatch):
    """The epochs that are trained, one after another."""
    run, trained = AbstractTrainer.run_epoch, []

    def noted(trainer, order, *arguments):
        trained.append(len(order))
        return run(trainer, order, *arguments)

    monkeypatch.setattr(AbstractTrainer, "run_epoch", noted)
    return trained


def halving(estimator=NETWORK, grid=RATES, resource="epochs", **more):
    return HalvingGridSearchCV(
        estimator,
        grid,
        resource=resource,
        max_resources=4,
        factor=2,
        cv=2,
        random_state=0,
        **{"refit": False, "error_score": "raise", **more},
    )


def same_results(one, other):
    for name, values in one.cv_results_.items():
        if "time" not in name:
            np.testing.assert_array_equal(values, other.cv_results_[name])
    return True


def test_rounds_go_on_and_find_what_beginning_again_finds(few, folder, epochs):
    again = halving().fit(*few)
    assert len(epochs) == 2 * (4 * 1 + 2 * 2 + 1 * 4)
    epochs.clear()
    went_on = halving().fit(*few, checkpoint=folder, resume=True)
    assert len(epochs) == 2 * (4 * 1 + 2 * 1 + 1 * 2)
    assert same_results(went_on, again)


@pytest.mark.slow
def test_workers_go_on_too(few, folder, epochs):
    in_workers = halving(n_jobs=2).fit(*few, checkpoint=folder, resume=True)
    n_files = len(list(folder.path.iterdir()))
    here = halving().fit(*few, checkpoint=folder, resume=True)
    assert n_files == 2 * (4 + 2 + 1)
    assert not epochs  # all of them are in the workers' files
    assert same_results(in_workers, here)


@pytest.mark.parametrize(
    "parameters",
    [
        {"schedule": Plateau(patience=1)},
        {"optimizer": Optimizer("adam", ema_momentum=0.9)},
        {"validation_fraction": 0.2, "augmentation": "shift"},
    ],
    ids=lambda parameters: next(iter(parameters)),
)
def test_a_longer_fit_goes_on_from_a_shorter_one_to_the_same_bits(parameters, few, folder, epochs):
    network = clone(NETWORK).set_params(**parameters)
    whole = clone(network).set_params(epochs=5).fit(*few)
    epochs.clear()
    kept = {"checkpoint": folder, "resume": True}
    for n, more in ((2, 2), (5, 3), (5, 0)):
        fitted = clone(network).set_params(epochs=n).fit(*few, **kept)
        assert len(epochs) == more
        epochs.clear()
    np.testing.assert_array_equal(fitted.predict_proba(few[0]), whole.predict_proba(few[0]))
    assert fitted.history_ == whole.history_
    in_between = clone(network).set_params(epochs=3).fit(*few, **kept)
    assert len(epochs) == 1
    assert in_between.history_["loss"] == whole.history_["loss"][:3]


@pytest.mark.parametrize(
    "parameters", [{"schedule": "one_cycle"}, {"early_stopping": True, "n_iter_no_change": 9}]
)
def test_a_fit_whose_epochs_depend_on_their_number_begins_again(parameters, few, folder, epochs):
    network = clone(NETWORK).set_params(**parameters)
    kept = {"checkpoint": folder, "resume": True}
    for n in (2, 4, 4):
        fitted = clone(network).set_params(epochs=n).fit(*few, **kept)
    assert len(epochs) == 2 + 4  # and one that has ended isn't repeated
    whole = clone(network).set_params(epochs=4).fit(*few)
    np.testing.assert_array_equal(fitted.predict_proba(few[0]), whole.predict_proba(few[0]))


def test_what_is_in_a_pipeline_goes_on(few, folder, epochs):
    pipeline = make_pipeline(FunctionTransformer(), NETWORK)
    grid = {f"dnnclassifier__{name}": values for name, values in RATES.items()}
    kept = {"dnnclassifier__checkpoint": folder, "dnnclassifier__resume": True}
    search = halving(pipeline, grid, "dnnclassifier__epochs").fit(*few, **kept)
    assert search.n_resources_ == [1, 2, 4]
    assert len(epochs) == 2 * (4 * 1 + 2 * 1 + 1 * 2)


def test_a_search_that_was_ended_repeats_no_fit_that_had(few, folder, epochs, monkeypatch):
    search = functools.partial(
        GridSearchCV, clone(NETWORK).set_params(epochs=2), RATES, cv=2, refit=False
    )
    whole = search().fit(*few)
    epochs.clear()
    run = AbstractTrainer.run_epoch

    def ended(trainer, *arguments):
        if len(epochs) == 7:  # in the second epoch of the fourth fit
            raise KeyboardInterrupt
        return run(trainer, *arguments)

    with monkeypatch.context() as patched, warnings.catch_warnings():
        patched.setattr(AbstractTrainer, "run_epoch", ended)
        warnings.simplefilter("ignore")
        with pytest.raises(KeyboardInterrupt):
            search(error_score="raise").fit(*few, checkpoint=folder, resume=True)
    n_before = len(epochs)
    went_on = search().fit(*few, checkpoint=folder, resume=True)
    assert len(epochs) - n_before < 2 * 2 * 4
    assert same_results(went_on, whole)


def test_a_folder_that_is_none_is_refused():
    with pytest.raises(TypeError, match="CheckpointFolder: path=3; expected the path of a folder"):
        CheckpointFolder(3)


def test_a_file_in_the_place_of_the_folder_is_named(few, tmp_path):
    (tmp_path / "fits").write_bytes(b"")
    for place in ("fits", "fits/of_july"):
        kept = {"checkpoint": CheckpointFolder(tmp_path / place), "resume": True}
        with pytest.raises(NotADirectoryError, match=f"checkpoint='.*{place}' can't be made a fol"):
            clone(NETWORK).fit(*few, **kept)


def test_a_search_with_the_checkpoint_of_a_single_fit_names_the_folder(few, tmp_path):
    kept = {"checkpoint": tmp_path / "one.ckpt", "resume": True}
    search = GridSearchCV(clone(NETWORK).set_params(epochs=1), {"batch_size": [40, 80]}, cv=2)
    with pytest.raises(ValueError, match=r"is of another fit: .* give CheckpointFolder"):
        search.set_params(error_score="raise").fit(*few, **kept)
