"""All pictures of a comparison."""

from typing import Any

import numpy as np

from skmnist.display._confusion import draw_confusion
from skmnist.display._drawing import figure_of, png_of
from skmnist.display._history import HistoryDisplay
from skmnist.display._mistakes import MistakesDisplay, draw_mistakes, find_mistakes
from skmnist.display._scores import ScoresDisplay


def draw_comparison(result: Any) -> dict[str, bytes | None]:
    """Draw the pictures of a comparison.

    Parameters
    ----------
    result : skmnist.ComparisonResult
        The result of :func:`skmnist.compare`.

    Returns
    -------
    pictures : dict of str to bytes or None
        A PNG per file name, "scores.png", "confusion.png", "learning_curves.png" and
        "mistakes.png"; None if there is nothing to draw.

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
    figure = figure_of(7, 1.4 + 0.5 * len(result.rows))
    ScoresDisplay.from_comparison(result, ax=figure.subplots())
    return png_of(figure)


def _draw_confusion(result: Any) -> bytes:
    matrices = {row["classifier"]: result.confusion[row["classifier"]] for row in result.rows}
    return draw_confusion(matrices, np.unique(result.y))


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
    figure = figure_of(1 + 3.2 * len(drawn), 0.6 + 2.6 * len(metrics))
    axes = figure.subplots(len(metrics), len(drawn), sharex="col", sharey="row", squeeze=False)
    for column, (name, folds) in zip(axes.T, drawn.items(), strict=True):
        for ax, metric in zip(column, metrics, strict=True):
            HistoryDisplay.from_histories(folds, name=name, metric=metric, ax=ax)
            ax.label_outer()
            ax.set_title(name if ax is column[0] else "")
            if metric == "loss":
                ax.set_yscale("log")
                ax.yaxis.set_major_formatter("{x:g}")
                ax.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
                ax.yaxis.set_minor_formatter("{x:g}")
    return png_of(figure)


def _draw_mistakes(result: Any) -> bytes | None:
    images, predictions = np.asarray(result.X), result.predictions
    mistakes = {}
    for row in result.rows:
        test, y_pred, confidence = predictions[row["classifier"]]
        found = find_mistakes(images[test], result.y[test], y_pred, confidence)
        mistakes[row["classifier"]] = MistakesDisplay(*found)
    return draw_mistakes(mistakes)
