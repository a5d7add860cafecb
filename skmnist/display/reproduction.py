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
    titles = _titles(network, name)
    curves = figure_of(10, 4 * len(titles))
    rows = curves.subplots(len(titles), 2, squeeze=False)
    for row, (title, history) in zip(rows, titles.items(), strict=True):
        for ax, metric in zip(row, ("loss", "accuracy"), strict=True):
            HistoryDisplay([history], title).plot(ax=ax, metric=metric)
    layers = NetworkDisplay.from_estimator(network)
    drawing = figure_of(6, 0.5 * len(network.network_.layers) + 1)
    layers.plot(ax=drawing.subplots())
    return {"curves.png": png_of(curves), "network.png": png_of(drawing)}


def _titles(network: Any, name: str) -> dict[str, dict[str, list[float]]]:
    """Name the histories; a network that trains in phases has one of each."""
    histories = {key: getattr(network, key) for key in network._histories}
    return {
        name if len(histories) == 1 else f"{name}: {key.strip('_').replace('_', ' ')}": history
        for key, history in histories.items()
        if history
    }
