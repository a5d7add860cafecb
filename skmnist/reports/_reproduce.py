"""Recipes of the reports, trained on the reports' data and judged as the reports did."""

import warnings
from time import perf_counter
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.pipeline import Pipeline

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import no_recipe, shown
from skmnist._utils.progress import activity
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.comparison._measure import judges_of_epochs, last_step, seeded
from skmnist.recipes import RECIPES, recipe, set_epochs
from skmnist.reports._data import Split, is_size, split_of
from skmnist.reports._figures import judged_figures, training_figures
from skmnist.reports._reproduction import Reproduction
from skmnist.training._interrupts import interrupts_go_through


def reproduce(
    name: str,
    *,
    random_state: int = 0,
    epochs: int | None = None,
    train_size: int | None = None,
    validation_size: int | None = None,
    verbose: int = 1,
) -> Reproduction:
    """Train a recipe on the data that it is for, and measure what its report measured.

    Parameters
    ----------
    name : str
        One of :func:`skmnist.list_recipes`.
    random_state : int, default=0
        Decides everything random.
    epochs : int or None, default=None
        Epochs of its networks instead of the recipe's own, for a trial.
    train_size : int or None, default=None
        Train on a random part of this size, the same of each class, for a trial. None trains on
        all samples, or on all that `validation_size` leaves.
    validation_size : int or None, default=None
        Hold out so many training samples, the same part of each class, and judge on these: the
        protocol for choosing between networks, with ``validation_size=15000`` that of the reports'
        studies (45,000 to train on). The test set is not used, so there is no verdict on a
        reported test figure. None judges on the test set.
    verbose : int, default=1
        1 prints the class counts and shows the epochs' progress, 0 is silent.

    Returns
    -------
    reproduction : Reproduction
        The figures, the fitted estimator and what can be saved of it.

    Raises
    ------
    ValueError
        If there is no such recipe, or fewer samples than `train_size` and `validation_size` ask
        for.
    OSError
        If the data, or the weights that a recipe begins with, are not at hand.

    Notes
    -----
    A training accuracy is that of the last epoch, taken while the network learned, as Keras prints
    it and reports quote it. With `validation_size` a network is judged on those samples after each
    epoch, too, as ``history_`` shows. A recipe that holds out samples itself, to stop early or to
    lower its learning rate, takes them from those that it is trained on.

    Examples
    --------
    >>> from skmnist import reproduce
    >>> reproduce("bueno-circles", verbose=0).measured
    100.0
    """
    if not isinstance(name, str):
        raise TypeError(f"name={shown(name)}; expected the name of one recipe, see list_recipes().")
    if name not in RECIPES:
        raise ValueError(f"name={no_recipe(name, RECIPES)}")
    if epochs is not None and not is_size(epochs):
        raise ValueError(f"epochs={shown(epochs)}; expected a whole number >= 1, or None.")
    with activity(f"{name}: loading the data", verbose):
        split = split_of(
            RECIPES[name].data,
            random_state=random_state,
            train_size=train_size,
            validation_size=validation_size,
        )
    estimator = seeded(recipe(name), random_state)
    if epochs is not None:
        set_epochs(estimator, epochs)
    if verbose:
        print(f"{name}: {_class_counts(split.y_train)}")
        _show_progress(estimator)
    with activity(f"{name}: loading Keras", verbose):
        load_keras()  # whose import is no part of a fit
    seconds = _fit(estimator, split)
    classifier, X = _without_steps(estimator, split.X_judge)
    y_pred = classifier.predict(X)
    probabilities = classifier.predict_proba(X) if hasattr(classifier, "predict_proba") else None
    figures = {
        **judged_figures(classifier, X, split, y_pred, probabilities),
        **training_figures(classifier, seconds),
    }
    trial = epochs is not None or (train_size is not None and validation_size is None)
    return Reproduction(name, random_state, estimator, split, y_pred, probabilities, figures, trial)


def _fit(estimator: Any, split: Split) -> float:
    """Fit and return the seconds that it took."""
    judges = judges_of_epochs(estimator, split.X_judge, split.y_judge) if split.held_out else {}
    start = perf_counter()
    routing = config_context(enable_metadata_routing=True)
    with warnings.catch_warnings(), routing, interrupts_go_through():
        # Of a Pipeline, the network alone has progress to show.
        warnings.filterwarnings("ignore", ".* does not support callbacks", UserWarning)
        estimator.fit(split.X_train, split.y_train, **judges)
    return perf_counter() - start


def _without_steps(estimator: Any, X: Any) -> tuple[Any, Any]:
    """Take a Pipeline's steps before the last, which need no second run for the probabilities."""
    while isinstance(estimator, Pipeline):
        if len(estimator) > 1:
            X = estimator[:-1].transform(X)
        estimator = estimator[-1]
    return estimator, X


def _class_counts(y: Any) -> str:
    classes, counts = np.unique(y, return_counts=True)
    each = ", ".join(f"{n:,} of {c}" for c, n in zip(classes.tolist(), counts, strict=True))
    return f"{len(y):,} samples to train on, {each}"


def _show_progress(estimator: Any) -> None:
    from sklearn.callback import ProgressBar

    if isinstance(last_step(estimator), NetworkClassifier):
        estimator.set_callbacks(ProgressBar())  # a Pipeline hands them on
