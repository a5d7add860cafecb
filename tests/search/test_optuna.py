"""Studies of Optuna, and scikit-optimize's search: what works with networks."""

import importlib.util
import os
import signal
import warnings

import numpy as np
import pytest
from scipy.stats import loguniform, norm, randint, uniform
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmnist import CNNClassifier, DNNClassifier, PooledBlocks, param_space
from skmnist.search import PruningCallback, suggest
from skmnist.training import _loop as loop
from skmnist.training._pool import Pool

optuna = pytest.importorskip("optuna")
optuna.logging.set_verbosity(optuna.logging.ERROR)

NETWORK = DNNClassifier(
    hidden_units=(8,), epochs=4, schedule="constant", dtype="float32", random_state=0
)
PRUNER = optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=0)


@pytest.fixture(scope="module")
def few(digits):
    return digits[0][:160], digits[2][:160]


# -- spaces --------------------------------------------------------------------------------


def test_values_are_drawn_from_lists_and_distributions(tmp_path):
    space = {
        "blocks": [PooledBlocks(4), PooledBlocks(8)],
        "layers": [(4,), (8, 8)],
        "activation": ["relu", "tanh"],
        "fraction": uniform(0.1, 0.3),
        "rate": loguniform(1e-4, 1e-1),
        "size": randint(2, 5),
    }
    study = optuna.create_study(storage=f"sqlite:///{tmp_path}/study.db")
    drawn = [suggest(study.ask(), space) for _ in range(12)]
    for name in ("blocks", "layers", "activation"):
        assert all(candidate[name] in space[name] for candidate in drawn)
    assert {candidate["size"] for candidate in drawn} <= {2, 3, 4}
    assert all(0.1 <= candidate["fraction"] <= 0.4 for candidate in drawn)
    assert min(candidate["rate"] for candidate in drawn) < 0.01
    assert [suggest(trial, space) for trial in study.trials] == drawn  # as they are in the file


@pytest.mark.parametrize("size", ["small", "large"])
def test_every_space_can_be_suggested(size):
    for network in (CNNClassifier(), DNNClassifier()):
        candidate = suggest(optuna.create_study().ask(), param_space(network, size))
        assert clone(network).set_params(**candidate).get_params()


@pytest.mark.parametrize("values", [norm(0, 1), 3])
def test_another_distribution_is_refused(values):
    with pytest.raises(TypeError, match=r"space has .* for rate; expected a list, or uniform"):
        suggest(optuna.create_study().ask(), {"rate": values})


def test_an_empty_list_is_refused():
    with pytest.raises(ValueError, match="space has an empty list for rate; expected at least"):
        suggest(optuna.create_study().ask(), {"rate": []})


@pytest.mark.parametrize("changed", [["relu", "elu"], ["relu", "tanh", "elu"], uniform(0, 1)])
def test_a_space_that_has_changed_since_the_study_began_is_named(changed):
    study = optuna.create_study()
    trial = study.ask()
    suggest(trial, {"activation": ["tanh", "relu"]})
    study.tell(trial, 1.0)
    for later in (study.ask(), study.best_trial):
        with pytest.raises(ValueError, match=r"space has .* for activation, .*another study"):
            suggest(later, {"activation": changed})
    with pytest.raises(ValueError, match=r"space has \[1\] for size, which Optuna refuses"):
        suggest(study.best_trial, {"size": [1]})


def test_arguments_in_the_wrong_order_and_the_best_parameters_alone_are_refused():
    trial, space = optuna.create_study().ask(), {"activation": ["tanh", "relu"]}
    with pytest.raises(TypeError, match=r"space=.*; expected a dict"):
        suggest(space, trial)
    with pytest.raises(TypeError, match=r"trial=.*'relu'.*; expected .*study.best_trial"):
        suggest({"activation": "relu"}, space)


# -- pruning ---------------------------------------------------------------------------------


def test_bad_trials_end_early_and_share_what_is_compiled(few, monkeypatch):
    monkeypatch.setattr(loop, "_pool", Pool(maxsize=8))
    rates, fitted = [0.01, 1e-7, 1e-7, 0.01], []

    def objective(trial):
        network = clone(NETWORK).set_params(learning_rate=rates[trial.number])
        network.set_callbacks(PruningCallback(trial, "accuracy"))
        fitted.append(network)
        return network.fit(*few).history_["accuracy"][-1]

    study = optuna.create_study(direction="maximize", pruner=PRUNER)
    study.optimize(objective, n_trials=4)
    states = [(trial.state.name, len(trial.intermediate_values)) for trial in study.trials]
    assert states == [("COMPLETE", 4), ("PRUNED", 1), ("PRUNED", 1), ("COMPLETE", 4)]
    assert [hasattr(network, "history_") for network in fitted] == [True, False, False, True]
    assert len(loop._pool) == 1


def test_trials_of_pipelines_are_pruned_too(few):
    rates = [0.01, 1e-7]

    def objective(trial):
        network = clone(NETWORK).set_params(learning_rate=rates[trial.number])
        pipeline = make_pipeline(StandardScaler(), network)
        pipeline.set_callbacks(PruningCallback(trial, "accuracy")).fit(*few)
        return pipeline[-1].history_["accuracy"][-1]

    study = optuna.create_study(direction="maximize", pruner=PRUNER)
    study.optimize(objective, n_trials=2)
    states = [(trial.state.name, len(trial.intermediate_values)) for trial in study.trials]
    assert states == [("COMPLETE", 4), ("PRUNED", 1)]


class InTheSecondFold(optuna.pruners.BasePruner):
    """Prunes the second trial after the first of the two epochs of its second fold."""

    def prune(self, study, trial):
        return trial.number == 1 and trial.last_step == 3


def _cross_validated(few, error_score):
    def objective(trial):
        network = clone(NETWORK).set_params(epochs=2)
        network.set_callbacks(PruningCallback(trial, "accuracy"))
        return cross_val_score(network, *few, cv=2, error_score=error_score).mean()

    study = optuna.create_study(direction="maximize", pruner=InTheSecondFold())
    study.optimize(objective, n_trials=2)
    return [(trial.state.name, list(trial.intermediate_values)) for trial in study.trials]


def test_the_steps_of_folds_go_on_and_any_fold_ends_the_trial(few):
    trials = _cross_validated(few, "raise")
    assert trials == [("COMPLETE", [1, 2, 3, 4]), ("PRUNED", [1, 2, 3])]


def test_a_cross_validation_that_keeps_the_pruning_to_itself_names_the_remedy(few):
    with pytest.warns(FitFailedWarning, match="needs error_score='raise'"):
        _cross_validated(few, np.nan)


def test_a_fit_without_an_epoch_is_warned_of(few):
    pruning = PruningCallback(optuna.create_study().ask())
    with pytest.warns(UserWarning, match="no epoch was reported in the fit of Pipeline"):
        make_pipeline(StandardScaler(), LogisticRegression()).set_callbacks(pruning).fit(*few)


def test_a_curve_that_is_missing_is_named(few):
    trial = optuna.create_study().ask()
    network = clone(NETWORK).set_callbacks(PruningCallback(trial))
    with pytest.raises(ValueError, match="monitor='val_accuracy'; the history has loss, accuracy"):
        network.fit(*few)


# -- a study that was killed -------------------------------------------------------------------

STUDY = """
import os, signal, sys
import optuna
from sklearn.base import clone
from sklearn.datasets import load_digits
from skmnist import DNNClassifier, param_space
from skmnist.search import PruningCallback, suggest

X, y = load_digits(return_X_y=True)
network = DNNClassifier(epochs=2, validation_fraction=0.25, random_state=0)
space = param_space(network)

class Dies(PruningCallback):
    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        super().on_fit_task_end(estimator, context, fitted_estimator=fitted_estimator)
        os.kill(os.getpid(), signal.SIGKILL)

def objective(trial):
    callback = Dies if trial.number == 2 else PruningCallback
    candidate = clone(network).set_params(**suggest(trial, space))
    fitted = candidate.set_callbacks(callback(trial)).fit(X[:160], y[:160])
    return fitted.history_["val_accuracy"][-1]

study = optuna.create_study(storage="sqlite:///study.db", study_name="digits",
                            load_if_exists=True, direction="maximize")
study.optimize(objective, n_trials=9)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.beside("-c", STUDY)
def test_a_study_in_a_file_goes_on_after_it_was_killed(beside):
    done = beside("-c", STUDY)
    assert done.returncode == -signal.SIGKILL
    study = optuna.load_study(study_name="digits", storage=f"sqlite:///{done.folder}/study.db")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "COMPLETE", "RUNNING"]
    X, y = load_digits(return_X_y=True)
    network = DNNClassifier(epochs=2, validation_fraction=0.25, random_state=0)

    def objective(trial):
        candidate = clone(network).set_params(**suggest(trial, param_space(network)))
        return candidate.fit(X[:160], y[:160]).history_["val_accuracy"][-1]

    study.optimize(objective, n_trials=1)
    assert [trial.state.name for trial in study.trials][3:] == ["COMPLETE"]
    best = suggest(study.best_trial, param_space(network))
    assert objective(study.best_trial) == study.best_value
    assert set(best) == set(param_space(network))


# -- the searches of others --------------------------------------------------------------------


def test_optuna_search_cv_searches_and_prunes(few):
    integration = pytest.importorskip("optuna_integration.sklearn")
    floats = optuna.distributions.FloatDistribution
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is experimental, and imports what is deprecated
        search = integration.OptunaSearchCV(
            clone(NETWORK).set_params(epochs=1),
            {"learning_rate": floats(1e-3, 1e-1, log=True)},
            cv=2,
            n_trials=3,
            random_state=0,
        ).fit(*few)
    assert [trial.state.name for trial in search.trials_] == ["COMPLETE"] * 3
    assert search.best_estimator_.learning_rate == search.best_params_["learning_rate"]
    assert search.predict(few[0]).shape == (160,)


@pytest.mark.skipif(importlib.util.find_spec("skopt") is None, reason="needs scikit-optimize")
def test_bayes_search_cv_searches_numbers_and_names(few):
    from skopt import BayesSearchCV

    space = {
        "learning_rate": (1e-3, 1e-1, "log-uniform"),
        "batch_size": (16, 64),
        "activation": ["relu", "tanh"],
    }
    network = clone(NETWORK).set_params(epochs=1)
    search = BayesSearchCV(network, space, n_iter=3, cv=2, random_state=0).fit(*few)
    assert len(search.cv_results_["params"]) == 3
    assert np.isfinite(search.best_score_)
    assert search.best_estimator_.batch_size == search.best_params_["batch_size"]
