"""The pictures of a report's network: its layers and its training."""

from typing import Any

from skmnist.display.comparison import _figure, _png
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
    curves = _figure(10, 4)
    display = HistoryDisplay([network.history_], name)
    for ax, metric in zip(curves.subplots(1, 2), ("loss", "accuracy"), strict=True):
        display.plot(ax=ax, metric=metric)
    layers = NetworkDisplay.from_estimator(network)
    drawing = _figure(6, 0.5 * len(network.network_.layers) + 1)
    layers.plot(ax=drawing.subplots())
    return {"curves.png": _png(curves), "network.png": _png(drawing)}
