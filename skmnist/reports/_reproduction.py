"""The result of a recipe: the fitted estimator, its predictions, its figures."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.comparison._measure import last_step
from skmnist.recipes import RECIPES, Recipe, verdict
from skmnist.reports._data import Split
from skmnist.reports._figures import Figures, histories_of

_DECIMALS = {"accuracy": 2, "loss": 5, "probability": 5, "seconds": 1, "epoch": 3}


@dataclass(frozen=True)
class Reproduction:
    """The result of a recipe.

    Attributes
    ----------
    name : str
        The recipe's name.
    random_state : int
        The seed of the fit.
    estimator : estimator
        Fitted.
    split : Split
        The samples that it was trained and judged on; whole data sets are not copied.
    y_pred : ndarray of shape (n_judge,)
        The labels predicted for the samples to judge on.
    probabilities : ndarray of shape (n_judge, n_classes) or None
        Their probabilities; None if the estimator has none.
    figures : dict of str to float or int
        All figures that were measured: "test_accuracy" and "training_accuracy" in percent,
        "test_loss" and "training_loss", "test_probability" (the mean probability of the right
        class), "n_epochs", "n_parameters", "last_side", "fit_seconds" (compilation included) and
        "seconds_per_epoch". Only networks have figures of training, epochs and size. If training
        samples were held out, ``validation_...`` replaces ``test_...``.
    trial : bool
        Whether it had fewer epochs or samples than the recipe, and so has no verdict.

    Notes
    -----
    Training figures are those of the last epoch, measured during training, as Keras prints them and
    reports quote them. The test loss of a network is what Keras's ``evaluate`` prints: the mean of
    the loss that it was trained with, label smoothing included, plus the penalties on its weights.
    That of other classifiers is the mean log loss of ``predict_proba``.

    Examples
    --------
    >>> from skmnist import reproduce
    >>> circles = reproduce("bueno-circles", epochs=2, verbose=0)
    >>> circles.figures["n_parameters"], circles.protocol
    (61, 'Trained on 500 points and judged on the same ones.')
    """

    name: str
    random_state: int
    estimator: Any = field(repr=False)
    split: Split = field(repr=False)
    y_pred: NDArray[Any] = field(repr=False)
    probabilities: NDArray[Any] | None = field(repr=False)
    figures: Figures
    trial: bool = False

    @property
    def recipe(self) -> Recipe:
        """The recipe, with the reported figures."""
        return RECIPES[self.name]

    @property
    def measured(self) -> float:
        """Our value of the recipe's measure."""
        measure = self.recipe.measure
        return self.figures[measure.replace("test", self._judge)]

    @property
    def n_train(self) -> int:
        """Number of samples that it was trained on."""
        return len(self.split.y_train)

    @property
    def n_judged(self) -> int:
        """Number of samples that the figure was measured on."""
        return self.n_train if self._is_of_training else len(self.y_true)

    @property
    def y_true(self) -> NDArray[Any]:
        """The true labels of the samples to judge on."""
        return np.asarray(self.split.y_judge)

    @property
    def labels(self) -> list[Any]:
        """All labels that are true or predicted, in order."""
        labels: list[Any] = np.union1d(self.y_true, self.y_pred).tolist()
        return labels

    @property
    def confidence(self) -> NDArray[Any] | None:
        """Probability of each predicted label; None if the estimator has none."""
        if self.probabilities is None:
            return None
        columns = np.searchsorted(self.estimator.classes_, self.y_pred)
        return self.probabilities[np.arange(len(columns)), columns]

    @property
    def verdict(self) -> str | None:
        """How our figure compares with the reported one; see :func:`skmnist.recipes.verdict`.

        None if there is no reported figure, if it was measured on the test set and ours was not,
        and for a trial.
        """
        if self.trial:
            return None
        if self.split.held_out and not self._is_of_training:
            return None
        return verdict(self.recipe, [self.measured], self.n_judged)

    @property
    def protocol(self) -> str:
        """A sentence that describes what it was trained and judged on."""
        kind, n_judge = self.split.kind, len(self.y_true)
        trained = f"Trained on {self.n_train:,} {kind}"
        if self.split.held_out:
            return (
                f"{trained} and judged on {n_judge:,} training {kind} held out; the test set was "
                "not used."
            )
        if self.split.X_judge is self.split.X_train:
            return f"{trained} and judged on the same ones."
        return f"{trained} and judged on the test set, of {n_judge:,}."

    @property
    def network(self) -> NetworkClassifier | None:
        """The fitted network, if the recipe is one or ends in one."""
        classifier = last_step(self.estimator)
        return classifier if isinstance(classifier, NetworkClassifier) else None

    @property
    def histories(self) -> dict[str, dict[str, list[float]]]:
        """The network's history of each phase of the training; empty without a network."""
        return {} if self.network is None else histories_of(self.network)

    @property
    def row(self) -> dict[str, Any]:
        """A row for tables: plain values by name."""
        names = (
            "training_accuracy",
            "training_loss",
            f"{self._judge}_accuracy",
            f"{self._judge}_loss",
            "n_parameters",
            "n_epochs",
            "fit_seconds",
            "seconds_per_epoch",
        )
        return {
            "recipe": self.name,
            "measure": self.recipe.measure,
            "judged_on": self._judged_on,
            "reported": self.recipe.figure,
            "measured": round(self.measured, self.recipe.decimals),
            "verdict": self.verdict,
            "trial": self.trial,
            "random_state": self.random_state,
            "n_train": self.n_train,
            f"n_{self._judge}": len(self.y_true),
            "n_judged": self.n_judged,
            **{name: _rounded(name, self.figures.get(name)) for name in names},
        }

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write everything that a report shows into a folder; ``index.html`` shows all of it.

        Parameters
        ----------
        folder : path-like
            The folder; it is created if it is missing. Its files are

            - ``index.html``, a page that needs no other file to be shown,
            - ``results.json``: all figures, reported and ours, with machine and versions,
            - ``class_counts.csv``, ``confusion_matrix.csv`` and ``predictions.csv``,
            - ``confusion_matrix.png``; for images ``samples.png`` and ``mistakes.png``, for points
              of a plane ``samples.png`` and ``boundary.png``,
            - for a network (the last step of a Pipeline) ``history.csv`` with one row per epoch,
              ``curves.png``, ``network.png`` and ``summary.txt``,
            - the fitted estimator, if :func:`skmnist.save` accepts it; its name has the recipe,
              the number of samples, a network's epochs and the figure.

        Raises
        ------
        OSError
            If the folder can't be written.
        """
        from skmnist.reports._folder import write_folder

        write_folder(self, Path(folder))

    @property
    def _judge(self) -> str:
        return "validation" if self.split.held_out else "test"

    @property
    def _is_of_training(self) -> bool:
        return self.recipe.measure == "training_accuracy"

    @property
    def _judged_on(self) -> str:
        if self._is_of_training:
            return "training set"
        return "held-out training samples" if self.split.held_out else "test set"


def _rounded(name: str, value: float | None) -> float | None:
    decimals = next((n for part, n in _DECIMALS.items() if name.endswith(part)), None)
    return value if value is None or decimals is None else round(value, decimals)
