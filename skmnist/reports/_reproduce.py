"""Recipes of the reports, trained on the reports' data and evaluated as in the reports."""

from time import perf_counter
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.pipeline import Pipeline

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import no_recipe, shown
from skmnist._utils.progress import activity, watched
from skmnist.comparison._measure import judges_of_epochs, seeded
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
    """Train a recipe on its data, and measure what its report measured.

    Parameters
    ----------
    name : str
        One of :func:`skmnist.list_recipes`.
    random_state : int, default=0
        Determines everything random.
    epochs : int or None, default=None
        Epochs of the recipe's networks instead of its own number, for a trial.
    train_size : int or None, default=None
        Train on a random part of this size, the same fraction of each class, for a trial. None
        trains on all samples, or on all that `validation_size` leaves.
    validation_size : int or None, default=None
        Hold out this many training samples, the same fraction of each class, and judge on them:
        the protocol for choosing between networks; ``validation_size=15000`` is that of the
        reports' studies (45,000 to train on). The test set is not used, so there is no verdict on
        a reported test figure. None judges on the test set.
    verbose : int, default=1
        1 prints the class counts and shows the progress of the epochs, 0 prints nothing.

    Returns
    -------
    reproduction : Reproduction
        The figures and the fitted estimator; it can be saved.

    Raises
    ------
    ValueError
        If there is no such recipe, or fewer samples than `train_size` and `validation_size`
        require.
    OSError
        If the data, or the initial weights of a recipe, are not available.

    Notes
    -----
    A training accuracy is that of the last epoch, measured during training, as Keras prints it and
    reports quote it. With `validation_size` a network is also evaluated on those samples after each
    epoch, as ``history_`` shows. A recipe that holds out samples itself, to stop early or to lower
    its learning rate, takes them from its training samples.

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
    with activity(f"{name}: loading Keras", verbose):
        load_keras()  # so that the fit's time doesn't include the import
    with activity(f"{name}: training", verbose):
        seconds = _fit(estimator, split)
    with activity(f"{name}: judging", verbose):
        classifier, X = _without_steps(estimator, split.X_judge)
        y_pred = classifier.predict(X)
        has_probabilities = hasattr(classifier, "predict_proba")
        probabilities = classifier.predict_proba(X) if has_probabilities else None
        figures = {
            **judged_figures(classifier, X, split, y_pred, probabilities),
            **training_figures(classifier, seconds),
        }
    trial = epochs is not None or (train_size is not None and validation_size is None)
    return Reproduction(name, random_state, estimator, split, y_pred, probabilities, figures, trial)


def _fit(estimator: Any, split: Split) -> float:
    """Fit an estimator and return the time in seconds."""
    judges = judges_of_epochs(estimator, split.X_judge, split.y_judge) if split.held_out else {}
    start = perf_counter()
    routing = config_context(enable_metadata_routing=True)
    with routing, interrupts_go_through(), watched(estimator):
        estimator.fit(split.X_train, split.y_train, **judges)
    return perf_counter() - start


def _without_steps(estimator: Any, X: Any) -> tuple[Any, Any]:
    """Apply a Pipeline's transformers once, for both labels and probabilities."""
    while isinstance(estimator, Pipeline):
        if len(estimator) > 1:
            X = estimator[:-1].transform(X)
        estimator = estimator[-1]
    return estimator, X


def _class_counts(y: Any) -> str:
    classes, counts = np.unique(y, return_counts=True)
    each = ", ".join(f"{n:,} of {c}" for c, n in zip(classes.tolist(), counts, strict=True))
    return f"{len(y):,} samples to train on, {each}"
