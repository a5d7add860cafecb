"""Mistakes as images."""

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length

from skmnist._errors import shown
from skmnist.display._drawing import axes, figure_of, png_of
from skmnist.display._grid import plot_images
from skmnist.images import as_images, as_rows, find_image_shape


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
        pair: tuple[Any, Any] | None = None,
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
        pair : tuple (true label, predicted label), default=None
            The one kind of mistake to take, such as ``(4, 9)``; None takes all.
        image_shape : tuple (height, width[, channels]), default=None
            Shape of one image; None takes that of `X`, or finds a square for rows.

        Returns
        -------
        display : MistakesDisplay
            Not drawn yet; call :meth:`plot`.

        Raises
        ------
        ValueError
            If lengths differ, rows don't have `image_shape`, or `pair` isn't two different labels
            that occur.
        """
        check_consistent_length(X, y_true, y_pred, confidence)
        y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
        wrong = np.flatnonzero(_are_mistakes(y_true, y_pred, pair))
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
        self.ax_, self.figure_ = axes(ax, "MistakesDisplay.plot")
        n_drawn = min(n_images, len(self.images))
        titles = [self._title(number) for number in range(n_drawn)]
        self.axes_ = plot_images(self.ax_, self.images, titles, columns_for(n_drawn))
        return self

    def _title(self, number: int) -> str:
        title = f"{self.y_true[number]} → {self.y_pred[number]}"
        if self.confidence is not None:
            title += f"  ({100 * self.confidence[number]:.0f} %)"
        return title


def _are_mistakes(y_true: NDArray, y_pred: NDArray, pair: tuple[Any, Any] | None) -> NDArray:
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


def draw_mistakes(display: MistakesDisplay, name: str) -> bytes | None:
    """Draw the first mistakes into a PNG; None where there are none.

    Parameters
    ----------
    display : MistakesDisplay
        The mistakes.
    name : str
        The classifier's name, for the title.

    Returns
    -------
    png : bytes or None
    """
    n_mistakes = len(display.images)
    if n_mistakes == 0:
        return None
    n_drawn = min(25, n_mistakes)
    figure = figure_of(7.5, 0.7 + 1.65 * ceil(n_drawn / columns_for(n_drawn)))
    display.plot(ax=figure.subplots(), n_images=n_drawn)
    order = "" if display.confidence is None else ", surest first"
    figure.suptitle(
        f"{name}: {n_drawn} of {n_mistakes:,} mistakes{order} (true → predicted)", fontsize="medium"
    )
    return png_of(figure)


def columns_for(n_images: int) -> int:
    """Choose how many images stand beside each other."""
    return min(5, max(n_images, 3))
