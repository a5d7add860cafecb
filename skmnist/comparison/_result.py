"""The result of a comparison: a table, significant differences, predictions, curves."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from skmnist._utils.files import make_folder, write
from skmnist._utils.sklearn import check_pandas_support
from skmnist.comparison._report import as_csv, as_json, notes, report, rich_table
from skmnist.comparison._significance import (
    corrected_resampled_ttest,
    holm,
    mcnemar_exact,
    resampled_interval,
    wilson_interval,
)

LEVEL = 0.05
_SAME = 1e-12  # differences of accuracies that are rounding errors


@dataclass(frozen=True, eq=False)
class FoldResult:
    """One fit of one classifier, and its results on samples that were not in training.

    Attributes
    ----------
    classifier : str
        The classifier's name.
    fold : int
        Number of the fold, from 0.
    n_train : int
        Number of training samples.
    test : ndarray of shape (n_test,), int
        Which rows of the result's `X` and `y` were predicted.
    y_pred : ndarray of shape (n_test,)
        Predicted labels.
    confidence : ndarray of shape (n_test,), or None
        Probability of the predicted label; None if the classifier has no probabilities.
    accuracy, log_loss : float
        Scores; log_loss is NaN if the classifier has no probabilities.
    fit_time, predict_time_1, predict_time_1000 : float
        Seconds for the fit, for predicting one image and for predicting a thousand. The fit of a
        network includes its evaluation on the test rows after each epoch, for the curves.
    size : int or None
        Bytes of the pickled classifier; None if it can't be pickled.
    n_parameters : int or None
        Number of parameters of a network; None for other classifiers.
    history : dict of str to list of float, or None
        Losses and scores of a network per epoch; None for other classifiers.
    """

    classifier: str
    fold: int
    n_train: int
    test: NDArray[np.intp]
    y_pred: NDArray[Any]
    confidence: NDArray[np.float64] | None
    accuracy: float
    log_loss: float
    fit_time: float
    predict_time_1: float
    predict_time_1000: float
    size: int | None
    n_parameters: int | None
    history: Mapping[str, list[float]] | None


class Predictions(NamedTuple):
    """Predictions for samples that were not in training, of all folds together.

    Attributes
    ----------
    test : ndarray of shape (n,), int
        Which rows of the result's `X` and `y` were predicted.
    y_pred : ndarray of shape (n,)
        Predicted labels.
    confidence : ndarray of shape (n,), or None
        Probability of the predicted label; None if the classifier has no probabilities.
    """

    test: NDArray[np.intp]
    y_pred: NDArray[Any]
    confidence: NDArray[np.float64] | None


@dataclass(repr=False, eq=False)
class ComparisonResult:
    """The result of :func:`compare`.

    Attributes
    ----------
    classifiers : dict of str to classifier
        The classifiers as given, by name, not fitted.
    X, y : array-likes of shapes (n, ...) and (n,)
        Samples that were predicted: all the data in cross-validation, else the test set.
    n_folds : int
        Number of folds that were planned; 1 with a test set.
    random_state : int or None
        The seed.
    folds : list of FoldResult
        Every finished fit.
    failed : dict of str to str
        The error of each classifier that failed; tables don't include it.
    interrupted : bool
        Whether Ctrl-C ended the comparison early.
    n_jobs : int
        How many fits ran at the same time; if more than one, their times aren't comparable.

    Examples
    --------
    >>> from skmnist import compare, knn, svm
    >>> result = compare([("svm", svm()), ("knn", knn())], cv=3, verbose=0)
    >>> result
    <ComparisonResult: svm 99.0 %, knn 98.7 %>
    >>> result.significance[0]["significant"]
    False
    """

    classifiers: dict[str, Any]
    X: Any
    y: NDArray[Any]
    n_folds: int
    random_state: int | None = None
    folds: list[FoldResult] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False
    n_jobs: int = 1

    level = LEVEL

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dict per classifier, most accurate first.

        Scores are means over the folds and times medians, in seconds; sizes are bytes.
        """
        rows = [_row(name, folds) for name, folds in self._finished().items()]
        return sorted(rows, key=lambda row: row["accuracy"], reverse=True)

    @property
    def significance(self) -> list[dict[str, Any]]:
        """One dict per pair of classifiers: difference in accuracy and p-values, smallest first.

        Pairs are tested over the folds that all classifiers finished; there are none if no fold
        was finished by all.
        """
        folds = self._common_folds()
        if not folds:
            return []
        pairs = [_tested(pair, folds, self.y) for pair in combinations(self._finished(), 2)]
        for pair, p in zip(pairs, holm([pair["p_value"] for pair in pairs]), strict=True):
            pair["p_holm"] = float(p)
            pair["significant"] = bool(p <= LEVEL)
        return sorted(pairs, key=lambda pair: pair["p_value"])

    @property
    def test_name(self) -> str:
        """The significance test, with its source."""
        if len(self._common_folds()) == 1:
            return "McNemar's exact test (Dietterich 1998)"
        return "corrected resampled t-test (Nadeau & Bengio 2003)"

    @property
    def predictions(self) -> dict[str, Predictions]:
        """Predictions of each classifier for samples that were not in its training."""
        return {name: _predictions(folds) for name, folds in self._finished().items()}

    @property
    def confusion(self) -> dict[str, NDArray[Any]]:
        """Confusion matrix of each classifier; rows are true and columns predicted labels."""
        labels = np.unique(self.y)
        return {
            name: confusion_matrix(self.y[test], y_pred, labels=labels)
            for name, (test, y_pred, _) in self.predictions.items()
        }

    @property
    def histories(self) -> dict[str, list[Mapping[str, list[float]]]]:
        """Training histories of each network, one per fold."""
        histories = {
            name: [fold.history for fold in folds if fold.history is not None]
            for name, folds in self._finished().items()
        }
        return {name: of_folds for name, of_folds in histories.items() if of_folds}

    def to_frame(self) -> Any:
        """Return the table as a DataFrame; needs pandas."""
        pandas = check_pandas_support("ComparisonResult.to_frame")
        return pandas.DataFrame(self.rows).set_index("classifier")

    def print(self, console: Any = None) -> None:
        """Print the table and the significant differences.

        Parameters
        ----------
        console : rich.console.Console, default=None
            Where to print; None means stdout.
        """
        from rich.console import Console

        (console or Console()).print(self)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the table, everything measured, and pictures into a folder.

        ``comparison.csv`` is the table, ``comparison.json`` everything with versions, machine and
        settings. Pictures are ``scores.png``, ``confusion.png`` and ``mistakes.png`` of all
        classifiers, and ``learning_curves.png`` of the networks. No file is ever half written; a
        picture of an earlier comparison is removed if this one has none.

        Parameters
        ----------
        folder : path-like
            The folder; it is created if it is missing.

        Raises
        ------
        OSError
            If the folder can't be written.
        """
        from skmnist.display import draw_comparison

        folder = Path(folder)
        make_folder(folder)
        write(folder / "comparison.csv", as_csv(self.rows).encode())
        write(folder / "comparison.json", as_json(report(self)).encode())
        for name, picture in draw_comparison(self).items():
            if picture is None:
                (folder / name).unlink(missing_ok=True)
            else:
                write(folder / name, picture)

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.text import Text

        failed = [f"{name} failed: {why}" for name, why in self.failed.items()]
        return Group(rich_table(self.rows), *map(Text, [*notes(self), *failed]))

    def __repr__(self) -> str:
        scores = [f"{row['classifier']} {100 * row['accuracy']:.1f} %" for row in self.rows]
        failed = [f"{name} failed" for name in self.failed]
        return f"<ComparisonResult: {', '.join(scores + failed) or 'nothing finished'}>"

    def _finished(self) -> dict[str, list[FoldResult]]:
        """Return the folds of each classifier that has finished one and never failed."""
        folds = {
            name: [fold for fold in self.folds if fold.classifier == name]
            for name in self.classifiers
            if name not in self.failed
        }
        return {name: of_name for name, of_name in folds.items() if of_name}

    def _common_folds(self) -> list[dict[str, FoldResult]]:
        """Return the folds that all classifiers in the table have finished, each by classifier."""
        names = self._finished().keys()
        by_fold = [
            {fold.classifier: fold for fold in self.folds if fold.fold == number}
            for number in range(self.n_folds)
        ]
        return [fold for fold in by_fold if names and names <= fold.keys()]


# The figures


def _row(name: str, folds: list[FoldResult]) -> dict[str, Any]:
    low, high = _interval(folds)
    sizes = [fold.size for fold in folds if fold.size is not None]
    return {
        "classifier": name,
        "accuracy": fmean(fold.accuracy for fold in folds),
        "accuracy_low": low,
        "accuracy_high": high,
        "log_loss": fmean(fold.log_loss for fold in folds),
        "fit_time": median(fold.fit_time for fold in folds),
        "predict_time_1": median(fold.predict_time_1 for fold in folds),
        "predict_time_1000": median(fold.predict_time_1000 for fold in folds),
        "size": int(median(sizes)) if sizes else None,
        "n_parameters": folds[-1].n_parameters,
        "n_folds": len(folds),
    }


def _interval(folds: list[FoldResult]) -> tuple[float, float]:
    if _are_equal([fold.accuracy for fold in folds]):
        n_test = len(np.unique(np.concatenate([fold.test for fold in folds])))
        return wilson_interval(round(folds[0].accuracy * n_test), n_test)
    return resampled_interval([fold.accuracy for fold in folds], _test_train_ratio(folds))


def _are_equal(scores: list[float]) -> bool:
    """Return whether scores of folds have no variance, as that of a single one."""
    return max(scores) - min(scores) < _SAME


def _test_train_ratio(folds: list[FoldResult]) -> float:
    return sum(len(fold.test) for fold in folds) / sum(fold.n_train for fold in folds)


def _tested(
    pair: tuple[str, str], folds: list[dict[str, FoldResult]], y: NDArray[Any]
) -> dict[str, Any]:
    """Return the difference and the p-value of a pair of classifiers, the more accurate first."""
    first, second = [fold[pair[0]] for fold in folds], [fold[pair[1]] for fold in folds]
    differences = [a.accuracy - b.accuracy for a, b in zip(first, second, strict=True)]
    if _are_equal(differences):
        p_value = mcnemar_exact(*(_right(of_one, y) for of_one in (first, second)))
    else:
        p_value = corrected_resampled_ttest(differences, _test_train_ratio(first))
    better, other = pair if fmean(differences) >= 0 else pair[::-1]
    return {
        "better": better,
        "other": other,
        "difference": abs(fmean(differences)),
        "p_value": p_value,
    }


def _right(folds: list[FoldResult], y: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which samples were predicted correctly, of all folds together."""
    return np.concatenate([fold.y_pred == y[fold.test] for fold in folds])


def _predictions(folds: list[FoldResult]) -> Predictions:
    confidences = [fold.confidence for fold in folds if fold.confidence is not None]
    return Predictions(
        np.concatenate([fold.test for fold in folds]),
        np.concatenate([fold.y_pred for fold in folds]),
        np.concatenate(confidences) if len(confidences) == len(folds) else None,
    )
