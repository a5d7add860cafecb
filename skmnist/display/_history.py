"""Training curves."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmnist._utils.errors import shown
from skmnist.display._drawing import BLUE, ORANGE, axes, hide_spines


class HistoryDisplay:
    """Training curves of a network: a loss or score per epoch, in training and validation.

    Parameters
    ----------
    histories : sequence of dict of str to list of float
        Histories, one per fit, such as a network's ``history_``: "loss" and "accuracy", and
        "val_loss" and "val_accuracy" if samples were held out for validation.
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
    def from_estimator(
        cls, estimator: Any, *, name: str | None = None, metric: str = "loss", ax: Any = None
    ) -> "HistoryDisplay":
        """Draw the history of a fitted network.

        Parameters
        ----------
        estimator : estimator with ``history_``
            A fitted network.
        name : str, default=None
            Title; None means the class's name.
        metric : str, default="loss"
            The curve to draw, as in :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw on; None creates a new figure.

        Returns
        -------
        display : HistoryDisplay
            Already drawn; :meth:`plot` draws it again.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator has no history, because it isn't fitted or isn't a network.
        ValueError
            If the history has no such metric.
        """
        check_is_fitted(estimator, "history_")
        return cls([estimator.history_], name or type(estimator).__name__).plot(ax, metric=metric)

    @classmethod
    def from_histories(
        cls,
        histories: Sequence[Mapping[str, Sequence[float]]],
        *,
        name: str | None = None,
        metric: str = "loss",
        ax: Any = None,
    ) -> "HistoryDisplay":
        """Draw the histories of several fits of one network, such as a comparison's folds.

        Parameters
        ----------
        histories : sequence of dict of str to list of float
            One history per fit.
        name : str, default=None
            Title.
        metric : str, default="loss"
            The curve to draw, as in :meth:`plot`.
        ax : matplotlib Axes, default=None
            Axes to draw on; None creates a new figure.

        Returns
        -------
        display : HistoryDisplay
            Already drawn; :meth:`plot` draws it again.
        """
        return cls(histories, name).plot(ax, metric=metric)

    def plot(self, ax: Any = None, *, metric: str = "loss") -> "HistoryDisplay":
        """Draw the mean over the fits, and each fit as a thin line.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None creates a new figure.
        metric : str, default="loss"
            The curve to draw, such as "loss" or "accuracy"; the curve with the prefix ``val_`` is
            drawn with it.

        Returns
        -------
        display : HistoryDisplay
            The display itself.

        Raises
        ------
        ValueError
            If no history has the metric.
        """
        known = sorted({key for history in self.histories for key in history})
        if metric not in known:
            raise ValueError(f"metric={shown(metric)} is in no history; expected one of {known}.")
        self.ax_, self.figure_ = axes(ax, "HistoryDisplay.plot")
        self._plot_curve(metric, "training", BLUE)
        self._plot_curve(f"val_{metric}", "validation", ORANGE)
        self.ax_.set(xlabel="Epoch", ylabel=metric.capitalize(), title=self.name or "")
        self.ax_.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        self.ax_.legend(frameon=False)
        self.ax_.grid(axis="y", alpha=0.3)
        hide_spines(self.ax_, "top", "right")
        return self

    def _plot_curve(self, key: str, label: str, color: str) -> None:
        curves = [np.asarray(history[key]) for history in self.histories if key in history]
        if not curves:
            return
        for curve in curves if len(curves) > 1 else []:
            self.ax_.plot(range(1, len(curve) + 1), curve, color=color, linewidth=0.8, alpha=0.35)
        # After the shortest fit's end, the mean over fewer fits would jump.
        shared = min(map(len, curves))
        mean = np.mean([curve[:shared] for curve in curves], axis=0)
        marker = "o" if shared == 1 else None
        self.ax_.plot(
            range(1, shared + 1), mean, color=color, linewidth=2, label=label, marker=marker
        )
