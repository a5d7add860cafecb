"""Recipes of the reports, trained on the reports' data and put beside the reports' figures."""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_circles
from sklearn.metrics import accuracy_score
from sklearn.utils import resample

from skmnist._backend import load_keras
from skmnist._comparison_report import as_csv
from skmnist._errors import unknown_name
from skmnist._files import write
from skmnist._measuring import last_step, seeded
from skmnist._network_classifier import NetworkClassifier
from skmnist.recipes import RECIPES, Recipe, recipe, verdict

Split = tuple[tuple[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Reproduction:
    """What became of a recipe.

    Attributes
    ----------
    name : str
        The recipe's name.
    measured : float
        Our figure, of the recipe's measure.
    random_state : int
        What decided the fit.
    n_train, n_test : int
        Samples that it was trained and judged on.
    fit_seconds : float
        Time of the fit, compilation included.
    y_pred : ndarray of shape (n_test,)
        The labels predicted.
    estimator : estimator
        Fitted.
    """

    name: str
    measured: float
    random_state: int
    n_train: int
    n_test: int
    fit_seconds: float
    y_pred: NDArray = field(repr=False)
    estimator: Any = field(repr=False)

    @property
    def recipe(self) -> Recipe:
        """The recipe, with the reported figure."""
        return RECIPES[self.name]

    @property
    def n_judged(self) -> int:
        """How many samples the figure was measured on."""
        return self.n_train if self.recipe.measure == "training_accuracy" else self.n_test

    @property
    def verdict(self) -> str | None:
        """How our figure compares with the reported one; see :func:`skmnist.recipes.verdict`."""
        return verdict(self.recipe, [self.measured], self.n_judged)

    @property
    def network(self) -> NetworkClassifier | None:
        """The fitted network, where the recipe is one or ends in one."""
        classifier = last_step(self.estimator)
        return classifier if isinstance(classifier, NetworkClassifier) else None

    @property
    def row(self) -> dict[str, Any]:
        """The row of a table: plain values by name."""
        network = self.network
        return {
            "recipe": self.name,
            "measure": self.recipe.measure,
            "reported": self.recipe.figure,
            "measured": round(self.measured, self.recipe.decimals),
            "verdict": self.verdict,
            "random_state": self.random_state,
            "n_train": self.n_train,
            "n_judged": self.n_judged,
            "n_parameters": None if network is None else network.n_parameters_,
            "n_epochs": None if network is None else network.n_epochs_,
            "fit_seconds": round(self.fit_seconds, 1),
        }

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write what the reports kept: predictions, and of a network its summary, curves and file.

        Parameters
        ----------
        folder : path-like
            The folder; it's made where it is missing. Written are ``predictions.csv``, for a
            network (of a Pipeline, its last step) ``summary.txt``, ``network.png`` and
            ``curves.png``, and for all that :func:`skmnist.save` takes the fitted estimator, under
            a name that tells the recipe, the number of samples, a network's epochs and the figure.

        Raises
        ------
        OSError
            If the folder can't be written.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        labels = [{"row": i, "predicted": label} for i, label in enumerate(self.y_pred.tolist())]
        write(folder / "predictions.csv", as_csv(labels).encode())
        network = self.network
        if network is not None:
            from skmnist.display import draw_reproduction

            write(folder / "summary.txt", f"{network.summary()}\n".encode())
            for name, picture in draw_reproduction(network, self.name).items():
                write(folder / name, picture)
        from skmnist.persistence import save

        try:
            save(self.estimator, folder / f"{self._telling_name}.safetensors")
        except TypeError:  # what holds classifiers of scikit-learn is no data
            if network is not None:
                raise

    @property
    def _telling_name(self) -> str:
        network = self.network
        epochs = f"-{network.n_epochs_}-epochs" if network else ""
        figure = f"{self.measured:.{self.recipe.decimals}f}"
        return f"{self.name}-{self.n_train}-samples{epochs}-{figure}"


def reproduce(
    name: str,
    *,
    random_state: int = 0,
    epochs: int | None = None,
    train_size: int | None = None,
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
        Train on a random part of this size, the same of each class, for a trial.
    verbose : int, default=1
        1 prints the class counts and shows the epochs' progress, 0 is silent.

    Returns
    -------
    reproduction : Reproduction
        The figure, the fitted estimator and what can be saved of it.

    Raises
    ------
    ValueError
        If there is no such recipe, or fewer samples than `train_size`.
    OSError
        If the data, or the weights that a recipe begins with, are not at hand.

    Notes
    -----
    A training accuracy is that of the last epoch, taken while the network learned, as Keras prints
    it and reports quote it.

    Examples
    --------
    >>> from skmnist import reproduce
    >>> reproduce("bueno-circles", verbose=0).measured
    100.0
    """
    if name not in RECIPES:
        raise unknown_name("name", name, RECIPES)
    chosen = RECIPES[name]
    (X, y), (X_test, y_test) = _DATA[chosen.data](random_state)
    X, y = part_of(X, y, train_size, random_state)
    estimator = seeded(recipe(name), random_state)
    if epochs is not None:
        set_epochs(estimator, epochs)
    if verbose:
        print(f"{name}: {_class_counts(y)}")
        _show_progress(estimator)
    load_keras()  # whose import is no part of a fit
    start = perf_counter()
    with warnings.catch_warnings():
        # Of a Pipeline, the network alone has progress to show.
        warnings.filterwarnings("ignore", ".* does not support callbacks", UserWarning)
        estimator.fit(X, y)
    seconds = perf_counter() - start
    y_pred = estimator.predict(X_test)
    figure = _MEASURES[chosen.measure](estimator, X_test, y_test, y_pred)
    return Reproduction(name, figure, random_state, len(y), len(y_test), seconds, y_pred, estimator)


def set_epochs(estimator: Any, epochs: int) -> None:
    """Set the epochs of every network in an estimator, those of a fine tuning too.

    Parameters
    ----------
    estimator : estimator
        A network, or what holds some.
    epochs : int
        How many.

    Examples
    --------
    >>> from skmnist import recipe
    >>> from skmnist.reproduction import set_epochs
    >>> committee = recipe("committee-few-labels")
    >>> set_epochs(committee, 1)
    >>> committee.get_params()["cnn__epochs"]
    1
    """
    names = [
        name
        for name in estimator.get_params()
        if name.split("__")[-1] in ("epochs", "fine_tune_epochs")
    ]
    estimator.set_params(**dict.fromkeys(names, epochs))


def part_of(X: Any, y: Any, size: int | None, random_state: int) -> tuple[Any, Any]:
    """Take a random part of some samples, the same of each class.

    Parameters
    ----------
    X, y : sequences of length n
        Samples and their labels.
    size : int or None
        How many to take; None takes all.
    random_state : int
        Decides which.

    Returns
    -------
    X, y : sequences of length `size`

    Raises
    ------
    ValueError
        If there are fewer.

    Examples
    --------
    >>> from skmnist.reproduction import part_of
    >>> part_of(["a", "b", "c", "d"], [0, 1, 0, 1], 2, random_state=0)[1]
    [0, 1]
    """
    if size is None:
        return X, y
    if size > len(y):
        raise ValueError(f"train_size={size} is more than the {len(y):,} samples that there are.")
    return tuple(
        resample(X, y, replace=False, n_samples=size, stratify=y, random_state=random_state)
    )


# -- the data ----------------------------------------------------------------------------


def _mnist(random_state: int) -> Split:
    from skmnist.datasets import fetch_mnist

    return fetch_mnist()


def _imdb(random_state: int) -> Split:
    from skmnist.imdb import load_imdb

    return load_imdb()


def _circles(random_state: int) -> Split:
    circles = make_circles(500, factor=0.5, noise=0.05, random_state=random_state)
    return circles, circles


def _perceptron(random_state: int) -> Split:
    X = np.array([[0, 0, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1]])
    return (X, np.array([0, 1, 1, 0])), (np.array([[1, 0, 0]]), np.array([1]))


_DATA: dict[str, Callable[[int], Split]] = {
    "mnist": _mnist,
    "imdb": _imdb,
    "circles": _circles,
    "perceptron": _perceptron,
}


# -- the measures ------------------------------------------------------------------------


def _test_accuracy(estimator: Any, X_test: Any, y_test: Any, y_pred: NDArray) -> float:
    return 100 * float(accuracy_score(y_test, y_pred))


def _training_accuracy(estimator: Any, X_test: Any, y_test: Any, y_pred: NDArray) -> float:
    return 100 * last_step(estimator).history_["accuracy"][-1]


def _test_probability(estimator: Any, X_test: Any, y_test: Any, y_pred: NDArray) -> float:
    columns = np.searchsorted(estimator.classes_, y_test)
    return float(estimator.predict_proba(X_test)[np.arange(len(y_test)), columns].mean())


_MEASURES: dict[str, Callable[[Any, Any, Any, NDArray], float]] = {
    "test_accuracy": _test_accuracy,
    "training_accuracy": _training_accuracy,
    "test_probability": _test_probability,
}


# -- what is shown -----------------------------------------------------------------------


def _class_counts(y: Any) -> str:
    classes, counts = np.unique(y, return_counts=True)
    each = ", ".join(f"{n:,} of {c}" for c, n in zip(classes.tolist(), counts, strict=True))
    return f"{len(y):,} samples to train on, {each}"


def _show_progress(estimator: Any) -> None:
    from sklearn.callback import ProgressBar

    if isinstance(last_step(estimator), NetworkClassifier):
        estimator.set_callbacks(ProgressBar())  # a Pipeline hands them on
