"""The pictures of a report's network: its layers and its training."""

from typing import Any

from skmnist.display._drawing import figure_of, png_of
from skmnist.display.history import HistoryDisplay
from skmnist.display.network import NetworkDisplay


def draw_reproduction(network: Any, name: str) -> dict[str, bytes]:
    """Draw a fitted network: ``network.png`` and ``curves.png``.

    Parameters
    ----------
    network : NetworkClassifier
        Fitted.
    name : str
        Its name, for the titles.

    Returns
    -------
    pictures : dict of str to bytes
        PNG files by name.
    """
    curves = figure_of(10, 4)
    display = HistoryDisplay([network.history_], name)
    for ax, metric in zip(curves.subplots(1, 2), ("loss", "accuracy"), strict=True):
        display.plot(ax=ax, metric=metric)
    layers = NetworkDisplay.from_estimator(network)
    drawing = figure_of(6, 0.5 * len(network.network_.layers) + 1)
    layers.plot(ax=drawing.subplots())
    return {"curves.png": png_of(curves), "network.png": png_of(drawing)}
