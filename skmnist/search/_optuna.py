"""Searches by Optuna: candidates from a space, and trials that are pruned by epoch."""

import warnings
from collections.abc import Mapping
from typing import Any

from skmnist._utils.errors import depth_of_this_package, shown

_PLAIN = bool | int | float | str | None


def suggest(trial: Any, space: Mapping[str, Any]) -> dict[str, Any]:
    """Have a trial of Optuna choose parameters from a space.

    Values of lists that a storage of Optuna can't hold, such as tuples and blocks of layers, are
    recorded by their representation, also in ``study.best_params``: take
    ``suggest(study.best_trial, space)`` for the values themselves.

    Parameters
    ----------
    trial : optuna.Trial or optuna.trial.FrozenTrial
        The trial; a finished one, such as ``study.best_trial``, returns what it had.
    space : mapping of str to list or distribution
        As `param_space` returns it: lists, and `uniform`, `loguniform` and `randint` of
        :mod:`scipy.stats`.

    Returns
    -------
    parameters : dict of str to object
        For `set_params`.

    Raises
    ------
    TypeError
        If `trial` or `space` isn't one, or a distribution is another one.
    ValueError
        If a list is empty, or the study or the finished trial had another space.

    Examples
    --------
    >>> import optuna
    >>> from skmnist import DNNClassifier, param_space
    >>> from skmnist.search import suggest
    >>> trial = optuna.trial.FixedTrial(
    ...     {"learning_rate": 0.002, "hidden_units": "(256, 256)", "dropout": 0.1}
    ... )
    >>> suggest(trial, param_space(DNNClassifier()))
    {'learning_rate': 0.002, 'hidden_units': (256, 256), 'dropout': 0.1}
    """
    if not isinstance(space, Mapping):
        raise TypeError(f"space={shown(space)}; expected a dict, as of param_space(estimator).")
    if not hasattr(trial, "suggest_categorical"):
        raise TypeError(
            f"trial={shown(trial)}; expected a trial of Optuna, such as study.ask() or "
            "study.best_trial."
        )
    return {name: _suggested(trial, name, values) for name, values in space.items()}


def _suggested(trial: Any, name: str, values: Any) -> Any:
    if isinstance(values, list | tuple) and not values:
        raise ValueError(f"space has an empty list for {name}; expected at least one value.")
    try:
        return _chosen(trial, name, values)
    except ValueError as error:
        raise ValueError(
            f"space has {shown(values)} for {name}, which Optuna refuses: {error} The lists of a "
            "study and of its trials stay as they are: give the space that the study began with, "
            "or begin another study."
        ) from error


def _chosen(trial: Any, name: str, values: Any) -> Any:
    if isinstance(values, list | tuple):
        recorded = [value if isinstance(value, _PLAIN) else repr(value) for value in values]
        return values[recorded.index(trial.suggest_categorical(name, recorded))]
    kind = getattr(getattr(values, "dist", None), "name", None)
    if kind not in ("uniform", "loguniform", "reciprocal", "randint"):
        raise TypeError(
            f"space has {shown(values)} for {name}; expected a list, or uniform, loguniform or "
            "randint of scipy.stats."
        )
    low, high = values.support()
    if kind == "randint":
        return trial.suggest_int(name, int(low), int(high))
    return trial.suggest_float(name, float(low), float(high), log=kind != "uniform")


class PruningCallback:
    """A callback of scikit-learn that ends the fits of an Optuna study's bad trials.

    It reports each epoch to the trial.  Once the study's pruner advises it, `fit` ends with
    ``optuna.TrialPruned``, for which the study waits.  Other than with Optuna's
    ``KerasPruningCallback``, the trials share what is compiled.

    As with scikit-learn's own callbacks that reach the estimators within another one, a Pipeline
    takes it, rather than the network in it: ``make_pipeline(scaler, network).set_callbacks(...)``.

    The steps of a trial of several fits, such as one per fold, go on from fit to fit; the pruner
    compares each with the same fold and epoch of other trials.  Have cross-validation raise errors,
    as it otherwise takes ``TrialPruned`` for a fit that failed:
    ``cross_val_score(network, X, y, cv=3, error_score="raise")``.

    Parameters
    ----------
    trial : optuna.Trial
        The trial.
    monitor : str, default="val_accuracy"
        The curve of `history_` that is reported.

    Examples
    --------
    >>> import optuna
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier
    >>> from skmnist.search import PruningCallback
    >>> X, y = load_digits(return_X_y=True)
    >>> optuna.logging.set_verbosity(optuna.logging.ERROR)
    >>> study = optuna.create_study(direction="maximize")
    >>> trial = study.ask()
    >>> network = DNNClassifier(hidden_units=(8,), epochs=2, random_state=0)
    >>> fitted = network.set_callbacks(PruningCallback(trial, "accuracy")).fit(X[:200], y[:200])
    >>> len(study.get_trials()[0].intermediate_values)
    2
    """

    max_propagation_depth: int | None = None

    def __init__(self, trial: Any, monitor: str = "val_accuracy") -> None:
        self._trial = trial
        self._monitor = monitor
        self._step = 0
        self._has_reported = self._prunes = False

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin a fit."""
        self._has_reported = self._prunes = False

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Begin a task of the fit, such as an epoch."""

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any) -> bool:
        """Report an epoch; True ends the fit.

        Raises
        ------
        ValueError
            If the history has no such curve.

        Warns
        -----
        UserWarning
            If the whole fit has ended, and no epoch was reported.
        """
        if context.parent is None and not self._has_reported:
            warnings.warn(
                f"PruningCallback: no epoch was reported in the fit of {context.estimator_name}, "
                "so nothing can be pruned: no network in it was trained, or an estimator around "
                "the network passes no callbacks on; set the callback on the network then.",
                stacklevel=depth_of_this_package(),
            )
        if context.task_name != "epoch":
            return False
        history = fitted_estimator.history_
        if self._monitor not in history:
            raise ValueError(
                f"PruningCallback: monitor={shown(self._monitor)}; the history has "
                f"{', '.join(history)}. Validation needs validation_fraction, or X_val and y_val."
            )
        curve = history[self._monitor]
        # After another fit, or in one that goes on from a checkpoint, it isn't the same number.
        self._step = max(self._step + 1, len(curve))
        self._trial.report(curve[-1], self._step)
        self._has_reported = True
        self._prunes = bool(self._trial.should_prune())
        return self._prunes

    def teardown(self, estimator: Any, context: Any) -> None:
        """End a fit; with ``optuna.TrialPruned`` if the trial is pruned.

        An error within the training would lose what is compiled.
        """
        if self._prunes:
            from optuna import TrialPruned

            raise TrialPruned(
                f"Pruned after step {self._step}. A cross-validation needs error_score='raise' for "
                "the study to receive this."
            )
