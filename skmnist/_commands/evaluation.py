"""How well a classifier does on labelled samples: figures, tables and pictures."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from skmnist._utils.files import make_folder, write
from skmnist._utils.tables import Table
from skmnist.comparison import wilson_interval
from skmnist.comparison._report import as_csv, as_json

_MOST_NAMED = 5


def as_labels_of(classes: NDArray[Any], y: NDArray[Any], place: str) -> NDArray[Any]:
    """Return labels as a classifier has them, whatever their type.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The classifier's labels.
    y : ndarray of shape (n,)
        Labels, such as "7" from a folder's name where the classifier has 7.
    place : str
        Where they are from.

    Raises
    ------
    ValueError
        If the classifier doesn't know one of them.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._commands.evaluation import as_labels_of
    >>> as_labels_of(np.array([0, 7]), np.array(["7", "7", "0"]), "photos")
    array([7, 7, 0])
    """
    labels, positions = np.unique(y, return_inverse=True)
    by_text = {str(label): i for i, label in enumerate(classes.tolist())}
    unknown = [str(label) for label in labels.tolist() if str(label) not in by_text]
    if unknown:
        more = ", ..." if len(unknown) > _MOST_NAMED else ""
        raise ValueError(
            f"{place} has labels that the model doesn't know: "
            f"{', '.join(map(repr, unknown[:_MOST_NAMED]))}{more}; it was trained on "
            f"{', '.join(map(repr, list(by_text)[:_MOST_NAMED]))}"
            f"{', ...' if len(by_text) > _MOST_NAMED else ''}."
        )
    return classes[[by_text[str(label)] for label in labels.tolist()]][positions]


@dataclass(frozen=True)
class Evaluation:
    """The predictions for labelled samples.

    Parameters
    ----------
    names : list of str
        The name of each sample.
    y_true, y_pred : ndarrays of shape (n,)
        True and predicted labels.
    probabilities : ndarray of shape (n,), or None
        Probability of each predicted label.
    """

    names: list[str]
    y_true: NDArray[Any]
    y_pred: NDArray[Any]
    probabilities: NDArray[Any] | None

    @classmethod
    def of(
        cls, classifier: Any, images: Any, y_true: NDArray[Any], names: list[str]
    ) -> "Evaluation":
        """Let a classifier predict."""
        return cls(names, y_true, *predictions(classifier, images))

    @property
    def n_right(self) -> int:
        """Number of samples whose label was predicted."""
        return int((self.y_true == self.y_pred).sum())

    @property
    def accuracy(self) -> float:
        """Fraction of samples whose label was predicted."""
        return self.n_right / len(self.y_true)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of the accuracy, 95 %."""
        return wilson_interval(self.n_right, len(self.y_true))

    @cached_property
    def labels(self) -> NDArray[Any]:
        """The labels that occur, or were predicted."""
        return np.union1d(self.y_true, self.y_pred)

    @property
    def confusion(self) -> NDArray[Any]:
        """Confusion matrix; rows are true and columns predicted labels."""
        matrix: NDArray[Any] = confusion_matrix(self.y_true, self.y_pred, labels=self.labels)
        return matrix

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Scores of each class; NaN where nothing was predicted, or there is no sample."""
        scores = precision_recall_fscore_support(
            self.y_true, self.y_pred, labels=self.labels, zero_division=np.nan
        )
        names = ("class", "precision", "recall", "f1", "n_samples")
        columns = (self.labels.tolist(), *(np.asarray(score).tolist() for score in scores))
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    @property
    def text(self) -> str:
        """The accuracy in a sentence."""
        low, high = self.interval
        return (
            f"Accuracy {100 * self.accuracy:.2f} % (95 % interval {100 * low:.2f}-"
            f"{100 * high:.2f}): {self.n_right:,} of {len(self.y_true):,} right."
        )

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.text import Text

        cells = [
            [str(row["class"]), *map(_percent, list(row.values())[1:4]), f"{row['n_samples']:,}"]
            for row in self.rows
        ]
        table = Table(["Class", "Precision\n%", "Recall\n%", "F1\n%", "Samples"], cells)
        return Group(Text(self.text), table)

    def save(self, folder: Path, images: Any) -> list[str]:
        """Write tables and pictures into a folder, and return the names of the files.

        Parameters
        ----------
        folder : Path
            The folder; it is created if it is missing.
        images : array-like of shape (n, ...)
            The samples as the classifier took them, for the picture of the mistakes.

        Raises
        ------
        OSError
            If the folder can't be written.
        """
        from skmnist.display import MistakesDisplay
        from skmnist.display._confusion import draw_confusion
        from skmnist.display._mistakes import draw_mistakes, find_mistakes

        found = find_mistakes(images, self.y_true, self.y_pred, self.probabilities)
        files = {
            "evaluation.json": as_json(self._report()).encode(),
            "classes.csv": as_csv(self.rows).encode(),
            "predictions.csv": as_csv(self._predictions()).encode(),
            "confusion.png": draw_confusion({"Model": self.confusion}, self.labels),
            "mistakes.png": draw_mistakes({"Model": MistakesDisplay(*found)}),
        }
        make_folder(folder)
        for name, content in files.items():
            if content is None:  # of an earlier evaluation
                (folder / name).unlink(missing_ok=True)
            else:
                write(folder / name, content)
        return [name for name, content in files.items() if content is not None]

    def _report(self) -> dict[str, Any]:
        low, high = self.interval
        return {
            "accuracy": self.accuracy,
            "accuracy_low": low,
            "accuracy_high": high,
            "n_right": self.n_right,
            "n_samples": len(self.y_true),
            "classes": self.rows,
            "confusion_matrix": self.confusion.tolist(),
        }

    def _predictions(self) -> list[dict[str, Any]]:
        columns = {
            "file": self.names,
            "true": self.y_true.tolist(),
            "predicted": self.y_pred.tolist(),
            "probability": _as_list(self.probabilities, len(self.names)),
        }
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def predictions(classifier: Any, images: Any) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return the predicted labels, and their probabilities if the classifier has them."""
    if not hasattr(classifier, "predict_proba"):
        return classifier.predict(images), None
    probabilities = classifier.predict_proba(images)
    best = probabilities.argmax(axis=1)
    return classifier.classes_[best], probabilities.max(axis=1)


def _as_list(values: NDArray[Any] | None, n: int) -> list[Any]:
    return [None] * n if values is None else values.tolist()


def _percent(fraction: float) -> str:
    return "" if np.isnan(fraction) else f"{100 * fraction:.1f}"
