"""Mistakes as images."""

from collections.abc import Mapping
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.utils import check_consistent_length

from skmnist._inputs.images import as_images, as_rows, find_image_shape, native_pixels
from skmnist._inputs.lazy_images import LazyImages
from skmnist._utils.errors import shown
from skmnist.display._drawing import axes, figure_of, png_of
from skmnist.display._grid import TITLE_ROOM, plot_images

_CELL = 1.4  # width of an image and the gap beside it, in inches
_HEADING = 0.35  # height, in inches


class MistakesDisplay:
    """The mistakes of a classifier as images, the most confident first.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels)
        The misclassified images.
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
    >>> display = MistakesDisplay.from_predictions(X, y, y_pred, ax=Figure().subplots())
    >>> len(display.axes_)
    25
    """

    def __init__(
        self,
        images: NDArray[Any],
        y_true: NDArray[Any],
        y_pred: NDArray[Any],
        confidence: NDArray[Any] | None = None,
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
        pair: tuple[Any, Any] | None = None,
        image_shape: tuple[int, ...] | None = None,
        n_images: int = 25,
        ax: Any = None,
    ) -> "MistakesDisplay":
        """Draw the mistakes among predictions.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels) or (n, height, width[, channels])
            Rows of pixels or images.
        y_true, y_pred : array-likes of shape (n,)
            True and predicted labels.
        confidence : array-like of shape (n,), default=None
            Probability of each predicted label, to sort by; None keeps the order of `X`.
        pair : tuple (true label, predicted label), default=None
            The only kind of mistake to take, such as ``(4, 9)``; None takes all.
        image_shape : tuple (height, width[, channels]), default=None
            Shape of one image; None takes that of `X`, or finds a square for rows.
        n_images : int, default=25
            Maximum number of images.
        ax : matplotlib Axes, default=None
            Axes that the grid fills; None creates a new figure, as large as the grid needs.

        Returns
        -------
        display : MistakesDisplay
            Already drawn; :meth:`plot` draws it again.

        Raises
        ------
        ValueError
            If lengths differ, rows don't have `image_shape`, or `pair` isn't two different labels
            that occur.
        """
        return cls(*find_mistakes(X, y_true, y_pred, confidence, pair, image_shape)).plot(
            ax, n_images=n_images
        )

    def plot(self, ax: Any = None, *, n_images: int = 25, n_columns: int = 5) -> "MistakesDisplay":
        """Draw the first mistakes in a grid, each under its true and predicted label.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes that the grid fills; None creates a new figure, as large as the grid needs.
        n_images : int, default=25
            Maximum number of images.
        n_columns : int, default=5
            Number of images per row.

        Returns
        -------
        display : MistakesDisplay
            The display itself.
        """
        n_drawn = min(n_images, len(self.images))
        figure = {"figsize": size_of_grid(n_drawn, n_columns), "layout": "constrained"}
        self.ax_, self.figure_ = axes(ax, "MistakesDisplay.plot", **figure)
        titles = [self._title(number) for number in range(n_drawn)]
        self.axes_ = plot_images(self.ax_, self.images, titles, n_columns)
        return self

    def _title(self, number: int) -> str:
        title = f"{self.y_true[number]} → {self.y_pred[number]}"
        if self.confidence is not None:
            title += f"  ({100 * self.confidence[number]:.0f} %)"
        return title


def find_mistakes(
    X: Any,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    confidence: ArrayLike | None = None,
    pair: tuple[Any, Any] | None = None,
    image_shape: tuple[int, ...] | None = None,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any] | None]:
    """Return images, labels, predictions and confidences of mistakes, the most confident first.

    See `MistakesDisplay.from_predictions`.
    """
    check_consistent_length(X, y_true, y_pred, confidence)
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    wrong = np.flatnonzero(_are_mistakes(y_true, y_pred, pair))
    if confidence is not None:
        confidence = np.asarray(confidence)
        wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
        confidence = confidence[wrong]
    if issparse(X):
        X = X.tocsr()
    elif not isinstance(X, LazyImages):
        X = np.asarray(X)
    rows, seen = as_rows(X)
    rows = native_pixels(rows)
    shape = find_image_shape(rows.shape[1], image_shape, seen)
    return as_images(rows[wrong], shape), y_true[wrong], y_pred[wrong], confidence


def _are_mistakes(
    y_true: NDArray[Any], y_pred: NDArray[Any], pair: tuple[Any, Any] | None
) -> NDArray[Any]:
    if pair is None:
        return y_true != y_pred
    labels = np.union1d(y_true, y_pred).tolist()
    if len(set(pair)) != 2 or not set(pair) <= set(labels):
        raise ValueError(
            f"pair={shown(pair)}; expected a true label and another that was predicted for it, "
            f"among {labels}."
        )
    true, predicted = pair
    return (y_true == true) & (y_pred == predicted)


def draw_mistakes(mistakes: Mapping[str, MistakesDisplay]) -> bytes | None:
    """Draw the first mistakes of each classifier, and return a PNG; None if there are none.

    Parameters
    ----------
    mistakes : dict of str to MistakesDisplay
        Mistakes by the classifier's name.

    Returns
    -------
    png : bytes or None
    """
    made = {name: display for name, display in mistakes.items() if len(display.images)}
    if not made:
        return None
    n_columns, n_images = (5, 25) if len(made) == 1 else (8, 8)
    numbers = {name: min(n_images, len(display.images)) for name, display in made.items()}
    sizes = [size_of_grid(number, n_columns) for number in numbers.values()]
    heights = [height + _HEADING for _, height in sizes]
    figure = figure_of(sizes[0][0], sum(heights))
    parts = figure.subfigures(len(made), 1, height_ratios=heights, squeeze=False).flat
    for part, (name, display) in zip(parts, made.items(), strict=True):
        display.plot(ax=part.subplots(), n_images=numbers[name], n_columns=n_columns)
        order = "" if display.confidence is None else ", most confident first"
        part.suptitle(  # after a blank line, to be nearer to its images than to those above
            f"\n{name}: {numbers[name]} of {len(display.images):,} mistakes{order} "
            "(true → predicted)",
            fontsize="medium",
        )
    return png_of(figure)


def size_of_grid(n_images: int, n_columns: int) -> tuple[float, float]:
    """Return the width and height, in inches, of a grid with room for square images and titles."""
    return _CELL * n_columns, _CELL * TITLE_ROOM * max(1, ceil(n_images / n_columns))
