"""Accuracies with their confidence intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmnist.display._drawing import BLUE, GREY, axes, hide_spines


class ScoresDisplay:
    """Accuracy of each classifier with its interval, and the score of each fold.

    Parameters
    ----------
    names : sequence of str of length n
        The classifiers, from top to bottom.
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
    skmnist.compare : Compares the classifiers.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from skmnist import compare, knn, svm
    >>> from skmnist.display import ScoresDisplay
    >>> result = compare({"svm": svm(), "knn": knn()}, cv=3, verbose=0)
    >>> display = ScoresDisplay.from_comparison(result, ax=Figure().subplots())
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
    def from_comparison(cls, result: Any, *, ax: Any = None) -> "ScoresDisplay":
        """Draw the scores of a comparison.

        Parameters
        ----------
        result : skmnist.ComparisonResult
            The result of :func:`skmnist.compare`.
        ax : matplotlib Axes, default=None
            Axes to draw on; None creates a new figure.

        Returns
        -------
        display : ScoresDisplay
            Already drawn; :meth:`plot` draws it again.
        """
        names = [row["classifier"] for row in result.rows]
        scores = [[fold.accuracy for fold in result.folds if fold.classifier == n] for n in names]
        intervals = [(row["accuracy_low"], row["accuracy_high"]) for row in result.rows]
        return cls(names, scores, intervals).plot(ax)

    def plot(self, ax: Any = None) -> "ScoresDisplay":
        """Draw a line for each classifier: interval, mean and folds.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None creates a new figure.

        Returns
        -------
        display : ScoresDisplay
            The display itself.
        """
        self.ax_, self.figure_ = axes(ax, "ScoresDisplay.plot")
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
        hide_spines(self.ax_, "top", "right", "left")
        return self

    def _plot_one(self, height: int, scores: NDArray[Any], interval: NDArray[Any]) -> None:
        mean = scores.mean()
        # Matplotlib's default ends of a thick line extend beyond its data.
        bar = {"color": BLUE, "linewidth": 5, "alpha": 0.35, "solid_capstyle": "butt"}
        self.ax_.plot(interval, [height, height], **bar)
        if len(scores) > 1:
            ring = {"facecolors": "none", "edgecolors": GREY, "s": 28, "zorder": 2}
            self.ax_.scatter(scores, np.full(len(scores), height), **ring)
        self.ax_.scatter([mean], [height], color=BLUE, s=60, zorder=3)
        self.ax_.annotate(
            f"{mean:.2f}",
            (mean, height),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            fontsize="small",
            color=BLUE,
        )
