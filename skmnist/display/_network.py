"""A drawing of a network."""

from collections.abc import Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from skmnist._utils.errors import shown
from skmnist._utils.keras import nodes_of
from skmnist.display._drawing import GREY, axes

_HEIGHT = 0.7  # of a box; from one row to the next is 1
_LANE = 3  # width of a lane beside the boxes, in characters
_HEADINGS = ("layer", "kind", "output", "parameters")
_TINTS = {"Conv": "#CFE3F1", "Pool": "#CFEAE0", "Dense": "#F7DDC8"}
_OTHER_TINT = "#EFEFEF"


class NetworkLayer(NamedTuple):
    """What is drawn of a layer.

    Parameters
    ----------
    name : str
        The layer's name.
    kind : str
        The name of its class.
    output_shapes : tuple of tuple of int
        Shape of each output without the batch, None for a side of any length.
    n_parameters : int
        Number of parameters.
    inputs : tuple of int
        The layers that it takes its input from, counted from 0.
    """

    name: str
    kind: str
    output_shapes: tuple[tuple[int | None, ...], ...]
    n_parameters: int
    inputs: tuple[int, ...]

    def texts(self) -> tuple[str, str, str, str]:
        """Return the texts in the layer's box, in the order of the columns."""
        shapes = (
            " x ".join("?" if side is None else str(side) for side in shape)
            for shape in self.output_shapes
        )
        return self.name, self.kind, ", ".join(shapes), f"{self.n_parameters:,}"


class NetworkDisplay:
    """A network as boxes: its layers, the shapes of their outputs, their numbers of parameters.

    The layers are drawn from top to bottom in the order in which they are computed. An arrow beside
    the boxes is a connection that skips layers, such as the shortcut of a residual network.

    Parameters
    ----------
    layers : sequence of NetworkLayer
        The layers, each after those that it takes its input from.
    name : str, default=None
        The network's name, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes that hold the picture.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    skmnist.DNNClassifier.summary : The same as text.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from skmnist.display import NetworkDisplay
    >>> from skmnist.networks import lenet5
    >>> network = lenet5((28, 28, 1), 10)
    >>> display = NetworkDisplay.from_estimator(network, ax=Figure().subplots())
    >>> display.ax_.get_title()
    'lenet5: 61,706 parameters'
    >>> display.layers[2].output_shapes
    ((28, 28, 6),)
    """

    def __init__(self, layers: Sequence[NetworkLayer], name: str | None = None) -> None:
        self.layers = layers
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, name: str | None = None, ax: Any = None
    ) -> "NetworkDisplay":
        """Draw the layers of a fitted network classifier, or of a Keras model.

        Parameters
        ----------
        estimator : estimator with ``network_``, or keras.Model
            A fitted network classifier, or a Keras model, sequential or functional.
        name : str, default=None
            Title; None means the network's name.
        ax : matplotlib Axes, default=None
            Axes to draw on; None creates a new figure, as large as the network needs.

        Returns
        -------
        display : NetworkDisplay
            Already drawn; :meth:`plot` draws it again.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the classifier isn't fitted.
        TypeError
            If `estimator` has no network, or one whose layers Keras doesn't know in advance: a
            sequential model that isn't built yet, or a subclass that defines ``call``.
        """
        network = estimator.network_ if hasattr(type(estimator), "network_") else estimator
        return cls(_layers_of(network), name or network.name).plot(ax)

    def plot(self, ax: Any = None) -> "NetworkDisplay":
        """Draw a box for each layer and an arrow for each connection.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None creates a new figure, as large as the network needs.

        Returns
        -------
        display : NetworkDisplay
            The display itself.
        """
        texts = [layer.texts() for layer in self.layers]
        widths = [max(map(len, column)) + 2 for column in zip(*texts, _HEADINGS, strict=True)]
        right = sum(widths)
        lanes = self._lanes()
        width, height = right + _LANE * (1 + max(lanes.values(), default=0)), len(texts) + 1
        figure = {"figsize": (0.085 * width, 0.5 + 0.36 * height), "layout": "constrained"}
        self.ax_, self.figure_ = axes(ax, "NetworkDisplay.plot", **figure)
        self.ax_.set(xlim=(-1, width), ylim=(len(texts) - 0.4, -1))
        self.ax_.set_axis_off()
        size = self._font_size(width, height)
        self._plot_boxes(texts, widths, size)
        self._plot_arrows(right, lanes, size)
        n_parameters = sum(layer.n_parameters for layer in self.layers)
        title = f"{n_parameters:,} parameters"
        self.ax_.set_title(f"{self.name}: {title}" if self.name else title, fontsize="medium")
        return self

    def _lanes(self) -> dict[tuple[int, int], int]:
        """Return a lane for each connection that skips layers, short ones nearest to the boxes."""
        lanes: dict[tuple[int, int], int] = {}
        jumps = ((i, j) for j, layer in enumerate(self.layers) for i in layer.inputs if j > i + 1)
        for start, end in sorted(jumps, key=lambda jump: jump[1] - jump[0]):
            taken = {
                lane for (other, its_end), lane in lanes.items() if start < its_end and other < end
            }
            lanes[start, end] = next(lane for lane in count() if lane not in taken)
        return lanes

    def _font_size(self, width: float, height: float) -> float:
        """Return the font size, in points, at which the text fits the boxes."""
        room = self.ax_.get_window_extent()
        points = 72 / self.figure_.dpi
        return min(10, 0.42 * points * room.height / height, 1.5 * points * room.width / width)

    def _plot_boxes(
        self, texts: Sequence[Sequence[str]], widths: Sequence[int], size: float
    ) -> None:
        from matplotlib.patches import FancyBboxPatch

        right = sum(widths)
        for row, layer in enumerate(self.layers):
            tints = (tint for part, tint in _TINTS.items() if part in layer.kind)
            box = FancyBboxPatch(
                (0, row - _HEIGHT / 2),
                right,
                _HEIGHT,
                boxstyle="round,pad=0,rounding_size=0.15",
                facecolor=next(tints, _OTHER_TINT),
                edgecolor=GREY,
            )
            self.ax_.add_patch(box)
            self._plot_line(row, texts[row], widths, size=size)
        self._plot_line(-0.7, _HEADINGS, widths, size=size, color=GREY)

    def _plot_line(
        self, height: float, line: Sequence[str], widths: Sequence[int], **style: Any
    ) -> None:
        *texts, number = line
        for place, text in zip(np.cumsum([1, *widths]), texts, strict=False):
            self.ax_.text(place, height, text, va="center", **style)
        # Numbers are aligned on the right.
        self.ax_.text(sum(widths) - 1, height, number, ha="right", va="center", **style)

    def _plot_arrows(self, right: float, lanes: dict[tuple[int, int], int], size: float) -> None:
        for end, layer in enumerate(self.layers):
            if end - 1 in layer.inputs:
                above, below = end - 1 + _HEIGHT / 2, end - _HEIGHT / 2
                self._plot_arrow([(right / 2, above), (right / 2, below)], size)
        for (start, end), lane in lanes.items():
            # Arrows leave a box below its middle, and enter above it.
            leave, enter = start + 0.15, end - 0.15
            x = right + _LANE * (lane + 0.75)
            self._plot_arrow([(right, leave), (x, leave), (x, enter), (right, enter)], size)

    def _plot_arrow(self, corners: list[tuple[float, float]], size: float) -> None:
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.path import Path

        arrow = FancyArrowPatch(path=Path(corners), arrowstyle="-|>", mutation_scale=0.8 * size)
        arrow.set(facecolor="black", linewidth=0.1 * size)
        self.ax_.add_patch(arrow)


def _layers_of(network: Any) -> list[NetworkLayer]:
    nodes = nodes_of(network)
    if nodes is None:
        raise TypeError(
            f"estimator={shown(network)} can't be drawn; expected a fitted network classifier, or "
            "a Keras model that is sequential and built, or functional."
        )
    numbers = {id(node): number for number, node in enumerate(nodes)}
    return [
        NetworkLayer(
            name=node.operation.name,
            kind=type(node.operation).__name__,
            output_shapes=tuple(tuple(output.shape[1:]) for output in node.outputs),
            n_parameters=_n_parameters(node.operation, nodes[:number]),
            inputs=tuple(sorted({numbers[id(parent)] for parent in node.parent_nodes})),
        )
        for number, node in enumerate(nodes)
    ]


def _n_parameters(layer: Any, before: list[Any]) -> int:
    """Return a layer's number of parameters at its first use; a plain operation has none."""
    is_shared = any(node.operation is layer for node in before)
    return 0 if is_shared or not hasattr(layer, "count_params") else layer.count_params()
