"""The pictures of a reproduced recipe: its data, its training, its network, its mistakes."""

from typing import Any

import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import confusion_matrix

from skmnist.display._confusion import draw_confusion
from skmnist.display._drawing import figure_of, hide_spines, png_of
from skmnist.display._grid import plot_images
from skmnist.display._history import HistoryDisplay
from skmnist.display._mistakes import MistakesDisplay, draw_mistakes, find_mistakes
from skmnist.display._network import NetworkDisplay

_N_SAMPLES = 30
_MOST_COLUMNS = 10
_SIZE_OF_POINTS = 5.5, 4.5  # inches
_COLORS = "coolwarm"


def draw_reproduction(reproduction: Any) -> dict[str, bytes]:
    """Draw the pictures of a reproduction.

    Parameters
    ----------
    reproduction : skmnist.reports.Reproduction
        The result of :func:`skmnist.reproduce`.

    Returns
    -------
    pictures : dict of str to bytes
        A PNG per file name: "samples.png" of images and of points of a plane, "boundary.png" of
        such points, "curves.png" and "network.png" of a network, "confusion_matrix.png" if more
        than one sample was predicted, "mistakes.png" if images were misclassified.

    Examples
    --------
    >>> from skmnist import reproduce
    >>> from skmnist.display import draw_reproduction
    >>> sorted(draw_reproduction(reproduce("bueno-perceptron", epochs=2, verbose=0)))
    ['curves.png', 'network.png']
    """
    draw = {
        "samples.png": _draw_samples,
        "curves.png": _draw_curves,
        "confusion_matrix.png": _draw_confusion,
        "mistakes.png": _draw_mistakes,
        "boundary.png": _draw_boundary,
        "network.png": _draw_network,
    }
    drawn = {name: draw_one(reproduction) for name, draw_one in draw.items()}
    return {name: png for name, png in drawn.items() if png is not None}


def _draw_samples(reproduction: Any) -> bytes | None:
    kind = reproduction.split.kind
    if kind == "points":
        return _draw_points(reproduction.split)
    return _draw_images(reproduction.split) if kind == "images" else None


def _draw_images(split: Any) -> bytes:
    n_classes = len(np.unique(split.y_train))
    X, y = split.examples(max(1, _N_SAMPLES // n_classes))
    images = np.asarray(X)
    images = images if images.ndim == 4 else images[..., None]
    n_columns = min(n_classes, _MOST_COLUMNS)
    n_rows = -(-len(y) // n_columns)
    figure = figure_of(0.9 * n_columns, 1.05 * n_rows)
    plot_images(figure.subplots(), images, [str(one) for one in y], n_columns)
    return png_of(figure)


def _draw_points(split: Any) -> bytes:
    figure = figure_of(*_SIZE_OF_POINTS)
    _plot_points(figure.subplots(), split)
    return png_of(figure)


def _plot_points(ax: Any, split: Any) -> None:
    from matplotlib import colormaps

    X, y = np.asarray(split.X_train), np.asarray(split.y_train)
    labels = np.unique(y).tolist()
    for label, shade in zip(labels, np.linspace(0, 1, len(labels)), strict=True):
        color = colormaps[_COLORS](shade)
        style = {"color": color, "s": 18, "edgecolor": "white", "linewidth": 0.6}
        ax.scatter(*X[y == label].T, label=str(label), **style)
    ax.set(aspect="equal")
    ax.legend(title="class", frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    hide_spines(ax, "top", "right")


def _draw_boundary(reproduction: Any) -> bytes | None:
    split, probabilities = reproduction.split, reproduction.probabilities
    if split.kind != "points" or probabilities is None or probabilities.shape[1] != 2:
        return None
    figure = figure_of(*_SIZE_OF_POINTS)
    ax = figure.subplots()
    DecisionBoundaryDisplay.from_estimator(
        reproduction.estimator,
        np.asarray(split.X_train),
        response_method="predict_proba",
        plot_method="pcolormesh",
        grid_resolution=200,
        eps=0.2,
        cmap=_COLORS,
        vmin=0,
        vmax=1,
        alpha=0.6,
        ax=ax,
    )
    _plot_points(ax, split)
    return png_of(figure)


def _draw_confusion(reproduction: Any) -> bytes | None:
    if len(reproduction.y_true) < 2:
        return None
    labels = reproduction.labels
    matrix = confusion_matrix(reproduction.y_true, reproduction.y_pred, labels=labels)
    return draw_confusion({reproduction.name: matrix}, labels)


def _draw_mistakes(reproduction: Any) -> bytes | None:
    if reproduction.split.kind != "images":
        return None
    found = find_mistakes(
        reproduction.split.X_judge,
        reproduction.y_true,
        reproduction.y_pred,
        reproduction.confidence,
    )
    return draw_mistakes({reproduction.name: MistakesDisplay(*found)})


def _draw_curves(reproduction: Any) -> bytes | None:
    if not reproduction.histories:
        return None
    titles = _titles(reproduction.histories, reproduction.name)
    figure = figure_of(8, 3.3 * len(titles))
    rows = figure.subplots(len(titles), 2, squeeze=False)
    for row, (title, history) in zip(rows, titles.items(), strict=True):
        for ax, metric in zip(row, ("loss", "accuracy"), strict=True):
            HistoryDisplay([history], title).plot(ax=ax, metric=metric)
    return png_of(figure)


def _titles(histories: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the histories by title; a network that trains in phases has one per phase."""
    return {
        name if len(histories) == 1 else f"{name}: {phase.replace('_', ' ')}": history
        for phase, history in histories.items()
    }


def _draw_network(reproduction: Any) -> bytes | None:
    network = reproduction.network
    if network is None:
        return None
    figure = figure_of(6, 0.5 * len(network.network_.layers) + 1)
    NetworkDisplay.from_estimator(network, ax=figure.subplots())
    return png_of(figure)
