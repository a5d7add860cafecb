"""Pictures of classifiers and comparisons, in the manner of scikit-learn's Display classes.

The confusion matrix is scikit-learn's own :class:`sklearn.metrics.ConfusionMatrixDisplay`.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.utils import check_consistent_length
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from skmnist.images import as_images, as_rows, find_image_shape

# Okabe & Ito's palette, told apart by colour-blind readers too.
_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#8C8C8C"


class ScoresDisplay:
    """Accuracy of each classifier with its interval, and the score of each fold.

    Parameters
    ----------
    names : sequence of str of length n
        The classifiers, the first on top.
    scores : sequence of n array-likes of shape (n_folds,)
        Score of each fold, between 0 and 1.
    intervals : array-like of shape (n, 2)
        Ends of the interval of each classifier's mean score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes that hold the picture.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    skmnist.compare : Makes the comparison to be drawn.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from skmnist import compare, knn, svm
    >>> from skmnist.display import ScoresDisplay
    >>> result = compare({"svm": svm(), "knn": knn()}, cv=3, verbose=0)
    >>> display = ScoresDisplay.from_comparison(result).plot(ax=Figure().subplots())
    >>> display.ax_.get_xlabel()
    'Accuracy (%)'
    """

    def __init__(
        self, names: Sequence[str], scores: Sequence[ArrayLike], intervals: ArrayLike
    ) -> None:
        self.names = names
        self.scores = scores
        self.intervals = intervals

    @classmethod
    def from_comparison(cls, result: Any) -> "ScoresDisplay":
        """Take the scores from a comparison.

        Parameters
        ----------
        result : skmnist.ComparisonResult
            What :func:`skmnist.compare` returned.

        Returns
        -------
        display : ScoresDisplay
            Not drawn yet; call :meth:`plot`.
        """
        names = [row["classifier"] for row in result.rows]
        scores = [[fold.accuracy for fold in result.folds if fold.classifier == n] for n in names]
        intervals = [(row["accuracy_low"], row["accuracy_high"]) for row in result.rows]
        return cls(names, scores, intervals)

    def plot(self, ax: Any = None) -> "ScoresDisplay":
        """Draw a line for each classifier: interval, mean and folds.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a new figure.

        Returns
        -------
        display : ScoresDisplay
            Itself.
        """
        self.ax_, self.figure_ = _axes(ax, "ScoresDisplay.plot")
        folded = any(np.size(scores) > 1 for scores in self.scores)
        lines = zip(self.scores, np.asarray(self.intervals), strict=True)
        for height, (scores, interval) in enumerate(lines):
            self._plot_one(height, 100 * np.asarray(scores), 100 * interval)
        self.ax_.set(
            yticks=range(len(self.names)),
            yticklabels=self.names,
            ylim=(len(self.names) - 0.5, -0.5),
            xlabel="Accuracy (%)",
            title="Dot: accuracy; bar: its 95 % interval" + ("; rings: folds" if folded else ""),
        )
        self.ax_.title.set_size("medium")
        self.ax_.margins(x=0.08)
        self.ax_.tick_params(left=False)
        self.ax_.grid(axis="x", alpha=0.3)
        _hide_spines(self.ax_, "top", "right", "left")
        return self

    def _plot_one(self, height: int, scores: NDArray, interval: NDArray) -> None:
        mean = scores.mean()
        self.ax_.plot(interval, [height, height], color=_BLUE, linewidth=5, alpha=0.35)
        if len(scores) > 1:
            ring = {"facecolors": "none", "edgecolors": _GREY, "s": 28, "zorder": 2}
            self.ax_.scatter(scores, np.full(len(scores), height), **ring)
        self.ax_.scatter([mean], [height], color=_BLUE, s=60, zorder=3)
        self.ax_.annotate(
            f"{mean:.2f}",
            (mean, height),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize="small",
            color=_BLUE,
        )


class HistoryDisplay:
    """Training curves of a network: a loss or score by epoch, in training and validation.

    Parameters
    ----------
    histories : sequence of dict of str to list of float
        Histories, one a fit, such as a network's ``history_``: "loss" and "accuracy", and
        "val_loss" and "val_accuracy" where a part was held out for validation.
    name : str, default=None
        The network's name, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes that hold the picture.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from skmnist.display import HistoryDisplay
    >>> history = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]}
    >>> display = HistoryDisplay([history], name="cnn").plot(ax=Figure().subplots())
    >>> display.ax_.get_title()
    'cnn'
    """

    def __init__(
        self, histories: Sequence[Mapping[str, Sequence[float]]], name: str | None = None
    ) -> None:
        self.histories = histories
        self.name = name

    @classmethod
    def from_estimator(cls, estimator: Any, *, name: str | None = None) -> "HistoryDisplay":
        """Take the history of a fitted network.

        Parameters
        ----------
        estimator : estimator with ``history_``
            A fitted network.
        name : str, default=None
            Title; None means the class's name.

        Returns
        -------
        display : HistoryDisplay
            Not drawn yet; call :meth:`plot`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator has no history, as it isn't fitted or isn't a network.
        """
        check_is_fitted(estimator, "history_")
        return cls([estimator.history_], name or type(estimator).__name__)

    @classmethod
    def from_histories(
        cls, histories: Sequence[Mapping[str, Sequence[float]]], *, name: str | None = None
    ) -> "HistoryDisplay":
        """Take the histories of several fits of one network, such as a comparison's folds.

        Parameters
        ----------
        histories : sequence of dict of str to list of float
            One history a fit.
        name : str, default=None
            Title.

        Returns
        -------
        display : HistoryDisplay
            Not drawn yet; call :meth:`plot`.
        """
        return cls(histories, name)

    def plot(self, ax: Any = None, *, metric: str = "loss") -> "HistoryDisplay":
        """Draw the mean over the fits, and each fit as a thin line.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a new figure.
        metric : str, default="loss"
            What to draw, such as "loss" or "accuracy"; with "val_" before it for validation.

        Returns
        -------
        display : HistoryDisplay
            Itself.

        Raises
        ------
        ValueError
            If no history has the metric.
        """
        known = sorted({key for history in self.histories for key in history})
        if metric not in known:
            raise ValueError(f"metric={metric!r} is in no history; expected one of {known}.")
        self.ax_, self.figure_ = _axes(ax, "HistoryDisplay.plot")
        self._plot_curve(metric, "training", _BLUE)
        self._plot_curve(f"val_{metric}", "validation", _ORANGE)
        self.ax_.set(xlabel="Epoch", ylabel=metric.capitalize(), title=self.name or "")
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        self.ax_.legend(frameon=False)
        self.ax_.grid(axis="y", alpha=0.3)
        _hide_spines(self.ax_, "top", "right")
        return self

    def _plot_curve(self, key: str, label: str, color: str) -> None:
        curves = [np.asarray(history[key]) for history in self.histories if key in history]
        if not curves:
            return
        for curve in curves if len(curves) > 1 else []:
            self.ax_.plot(range(1, len(curve) + 1), curve, color=color, linewidth=0.8, alpha=0.35)
        # Beyond the shortest fit, a mean over fewer fits would jump.
        shared = min(map(len, curves))
        mean = np.mean([curve[:shared] for curve in curves], axis=0)
        marker = "o" if shared == 1 else None
        self.ax_.plot(
            range(1, shared + 1), mean, color=color, linewidth=2, label=label, marker=marker
        )


class MistakesDisplay:
    """The mistakes of a classifier as images, the surest first.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels)
        The images that were mistaken.
    y_true, y_pred : ndarrays of shape (n,)
        Their true and predicted labels.
    confidence : ndarray of shape (n,), default=None
        Probability that the classifier gave the predicted labels.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes that hold the picture.
    axes_ : ndarray of shape (n_drawn,) of matplotlib Axes
        Axes of the images, inside of `ax_`.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import svm
    >>> from skmnist.display import MistakesDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> y_pred = svm().fit(X[:500], y[:500]).predict(X)
    >>> display = MistakesDisplay.from_predictions(X, y, y_pred).plot(ax=Figure().subplots())
    >>> len(display.axes_)
    25
    """

    def __init__(
        self,
        images: NDArray,
        y_true: NDArray,
        y_pred: NDArray,
        confidence: NDArray | None = None,
    ) -> None:
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.confidence = confidence

    @classmethod
    def from_predictions(
        cls,
        X: Any,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        confidence: ArrayLike | None = None,
        image_shape: tuple[int, ...] | None = None,
    ) -> "MistakesDisplay":
        """Find the mistakes among predictions.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels) or (n, height, width[, channels])
            Rows of pixels or images.
        y_true, y_pred : array-likes of shape (n,)
            True and predicted labels.
        confidence : array-like of shape (n,), default=None
            Probability of each predicted label, by which to order; None keeps the order of `X`.
        image_shape : tuple (height, width[, channels]), default=None
            Shape of one image; None takes that of `X`, or finds a square for rows.

        Returns
        -------
        display : MistakesDisplay
            Not drawn yet; call :meth:`plot`.

        Raises
        ------
        ValueError
            If lengths differ or rows don't have `image_shape`.
        """
        check_consistent_length(X, y_true, y_pred, confidence)
        y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
        wrong = np.flatnonzero(y_true != y_pred)
        if confidence is not None:
            confidence = np.asarray(confidence)
            wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
            confidence = confidence[wrong]
        rows, seen = as_rows(np.asarray(X))
        shape = find_image_shape(rows.shape[1], image_shape, seen)
        return cls(as_images(rows[wrong], shape), y_true[wrong], y_pred[wrong], confidence)

    def plot(self, ax: Any = None, *, n_images: int = 25) -> "MistakesDisplay":
        """Draw the first mistakes in a grid, each under its true and predicted label.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes whose room the grid takes; None makes a new figure.
        n_images : int, default=25
            At most so many images.

        Returns
        -------
        display : MistakesDisplay
            Itself.
        """
        self.ax_, self.figure_ = _axes(ax, "MistakesDisplay.plot")
        self.ax_.set_axis_off()
        n_drawn = min(n_images, len(self.images))
        n_columns = _n_columns(n_drawn)
        boxes = _grid(n_drawn, n_columns)
        self.axes_ = np.array([self.ax_.inset_axes(box) for box in boxes], dtype=object)
        for number, ax_one in enumerate(self.axes_):
            self._plot_one(ax_one, number)
        return self

    def _plot_one(self, ax: Any, number: int) -> None:
        image = self.images[number]
        if image.shape[-1] == 1:
            ax.imshow(image[..., 0], cmap="gray_r")
        else:
            ax.imshow(image / max(image.max(), 1))
        ax.set(xticks=[], yticks=[])
        title = f"{self.y_true[number]} → {self.y_pred[number]}"
        if self.confidence is not None:
            title += f"  ({100 * self.confidence[number]:.0f} %)"
        ax.set_title(title, fontsize="small", pad=3)


def draw_comparison(result: Any) -> dict[str, bytes | None]:
    """Draw the pictures of a comparison.

    Parameters
    ----------
    result : skmnist.ComparisonResult
        What :func:`skmnist.compare` returned.

    Returns
    -------
    pictures : dict of str to bytes or None
        A PNG by each file name, "scores.png", "confusion.png", "learning_curves.png" and
        "mistakes.png"; None where there's nothing to draw.

    Examples
    --------
    >>> from skmnist import compare, knn
    >>> from skmnist.display import draw_comparison
    >>> pictures = draw_comparison(compare([knn()], cv=3, verbose=0))
    >>> [name for name, png in pictures.items() if png is None]
    ['learning_curves.png']
    """
    draw = {
        "scores.png": _draw_scores,
        "confusion.png": _draw_confusion,
        "learning_curves.png": _draw_learning_curves,
        "mistakes.png": _draw_mistakes,
    }
    return {name: draw_one(result) if result.rows else None for name, draw_one in draw.items()}


def _draw_scores(result: Any) -> bytes:
    figure = _figure(7, 1.4 + 0.5 * len(result.rows))
    ScoresDisplay.from_comparison(result).plot(ax=figure.subplots())
    return _png(figure)


def _draw_confusion(result: Any) -> bytes:
    from matplotlib.colors import PowerNorm

    best = result.rows[0]["classifier"]
    labels = np.unique(result.y)
    side = max(4.5, 0.5 * len(labels) + 1)
    figure = _figure(side + 0.5, side)
    ax = figure.subplots()
    matrix = result.confusion[best]
    # The root brings out the few mistakes beside the many right ones.
    im_kw = {"cmap": "Blues", "norm": PowerNorm(0.5)}
    display = ConfusionMatrixDisplay(matrix, display_labels=labels)
    display.plot(ax=ax, colorbar=False, im_kw=im_kw, values_format=",d")
    for text, count in zip(display.text_.flat, matrix.flat, strict=True):
        text.set_alpha(1 if count else 0.3)
    ax.set_title(f"{best}: {np.trace(matrix):,} of {matrix.sum():,} right", fontsize="medium")
    return _png(figure)


def _draw_learning_curves(result: Any) -> bytes | None:
    from matplotlib.ticker import LogLocator

    metrics = [
        metric
        for metric in ("accuracy", "loss")
        if any(metric in history for folds in result.histories.values() for history in folds)
    ]
    drawn = {
        name: folds
        for name, folds in result.histories.items()
        if all(metric in history for history in folds for metric in metrics)
    }
    if not metrics or not drawn:
        return None
    figure = _figure(1 + 3.2 * len(drawn), 0.6 + 2.6 * len(metrics))
    axes = figure.subplots(len(metrics), len(drawn), sharex="col", sharey="row", squeeze=False)
    for column, (name, folds) in zip(axes.T, drawn.items(), strict=True):
        for ax, metric in zip(column, metrics, strict=True):
            HistoryDisplay.from_histories(folds, name=name).plot(ax=ax, metric=metric)
            ax.label_outer()
            ax.set_title(name if ax is column[0] else "")
            if metric == "loss":
                ax.set_yscale("log")
                ax.yaxis.set_major_formatter("{x:g}")
                ax.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
                ax.yaxis.set_minor_formatter("{x:g}")
    return _png(figure)


def _draw_mistakes(result: Any) -> bytes | None:
    best = result.rows[0]["classifier"]
    test, y_pred, confidence = result.predictions[best]
    display = MistakesDisplay.from_predictions(
        np.asarray(result.X)[test], result.y[test], y_pred, confidence=confidence
    )
    n_mistakes = len(display.images)
    if n_mistakes == 0:
        return None
    n_drawn = min(25, n_mistakes)
    figure = _figure(7.5, 0.7 + 1.65 * ceil(n_drawn / _n_columns(n_drawn)))
    display.plot(ax=figure.subplots(), n_images=n_drawn)
    order = "" if confidence is None else ", surest first"
    figure.suptitle(
        f"{best}: {n_drawn} of {n_mistakes} mistakes{order} (true → predicted)", fontsize="medium"
    )
    return _png(figure)


def _axes(ax: Any, caller: str) -> tuple[Any, Any]:
    check_matplotlib_support(caller)
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots()
    return ax, ax.figure


def _figure(width: float, height: float) -> Any:
    """Make a figure that pyplot doesn't know of: no window, no backend, nothing left open."""
    check_matplotlib_support("draw_comparison")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _png(figure: Any) -> bytes:
    content = BytesIO()
    figure.savefig(content, format="png", dpi=150)
    return content.getvalue()


def _hide_spines(ax: Any, *sides: str) -> None:
    for side in sides:
        ax.spines[side].set_visible(False)


def _n_columns(n_images: int) -> int:
    return min(5, max(n_images, 3))


def _grid(n_images: int, n_columns: int) -> list[tuple[float, float, float, float]]:
    """Boxes (left, bottom, width, height) of a grid, row by row from the top, in axes units."""
    n_rows = ceil(n_images / n_columns)
    width, height = 1 / n_columns, 1 / max(n_rows, 1)
    return [
        (i % n_columns * width, 1 - (i // n_columns + 1) * height, 0.9 * width, 0.8 * height)
        for i in range(n_images)
    ]
