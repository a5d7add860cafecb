"""Graphs of the transformers that return images.

Each follows the NumPy code of its class, in the same precision and order of operations, as small
differences grow in the steps that follow.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from skmnist._inputs.images import ImageShape
from skmnist._inputs.pixels import border_pixels
from skmnist.exporting._converters._graph import Graph, Row, transformer
from skmnist.preprocessing import Blur, ColumnNormalizer, Deskew, MomentNormalizer
from skmnist.preprocessing._deskew import _ONE_ROW
from skmnist.preprocessing._moment_normalizer import _OF_A_PIXEL


def to_images(graph: Graph, rows: str, shape: ImageShape) -> str:
    """Reshape rows to images with channels first, (n, channels, height, width)."""
    height, width, channels = shape
    if channels == 1:
        return graph("Reshape", rows, [-1, 1, height, width])
    return graph("Transpose", graph("Reshape", rows, [-1, *shape]), perm=[0, 3, 1, 2])


def to_rows(graph: Graph, images: str, shape: ImageShape) -> str:
    """Reshape images with channels first to rows, with channels last."""
    if shape[2] > 1:
        images = graph("Transpose", images, perm=[0, 2, 3, 1])
    return graph("Reshape", images, [-1, int(np.prod(shape))])


def in_double(graph: Graph, left: Any, right: Any) -> str:
    """Multiply matrices in float64, and round the product to float32, as `gaussian_filter` does."""
    left, right = (
        graph.cast(each, np.float64) if isinstance(each, str) else each for each in (left, right)
    )
    return graph.cast(graph("MatMul", left, right), np.float32)


def blurred(graph: Graph, images: str, shape: ImageShape, sigma: float, **settings: Any) -> str:
    """Blur images by one product over the rows and one over the columns.

    What the filter does to the columns of an identity matrix, at its edges too, it does to those of
    every other.
    """
    down, across = (
        gaussian_filter(np.eye(side), sigma, axes=(0,), **settings) for side in shape[:2]
    )
    return in_double(graph, in_double(graph, down, images), across.T)


def framed(
    graph: Graph, images: str, shape: ImageShape, down: tuple[int, int], across: tuple[int, int]
) -> str:
    """Add a frame of each image's background, the median of its border, in each channel."""
    height, width, channels = shape
    places = border_pixels(np.arange(height * width).reshape(1, height, width, 1)).ravel()
    border = graph("Gather", graph("Reshape", images, [0, channels, -1]), places, axis=2)
    n_brightest = len(places) - len(places) // 2
    brightest, _ = graph("TopK", border, [n_brightest], axis=2, n_outputs=2)
    background = graph("Unsqueeze", graph.slice(brightest, -1, n_brightest, 2), [3])
    outside = np.pad(np.zeros(shape[:2], np.float32), (down, across), constant_values=1)
    padded = graph("Pad", images, [0, 0, down[0], across[0], 0, 0, down[1], across[1]])
    return graph("Add", padded, graph("Mul", background, outside))


# -- the transformers ----------------------------------------------------------------------


def blur(graph: Graph, estimator: Any, rows: str) -> str:
    """Write a `Blur`."""
    shape = estimator.image_shape_
    settings = {"mode": estimator.mode, "truncate": estimator.truncate}
    images = blurred(graph, to_images(graph, rows, shape), shape, estimator.sigma, **settings)
    return to_rows(graph, images, shape)


def column_normalizer(graph: Graph, estimator: Any, rows: str) -> str:
    """Write a `ColumnNormalizer`."""
    images = to_images(graph, rows, estimator.image_shape_)
    lengths = graph("ReduceL2", images, [2])
    lengths = one_for_zero(graph, lengths, np.float32)
    return to_rows(graph, graph("Div", images, lengths), estimator.image_shape_)


def deskew(graph: Graph, estimator: Any, rows: str) -> str:
    """Write a `Deskew`."""
    shape = estimator.image_shape_
    ink, paper = split_ink(graph, to_images(graph, rows, shape), estimator.ink_)
    of_ink = moments(graph, ink, shape)
    slanted = graph("Greater", of_ink.yy, np.float64(_ONE_ROW))
    variance = graph("Where", slanted, of_ink.yy, np.float64(1))
    slope = graph("Where", slanted, graph("Div", of_ink.yx, variance), np.float64(0))
    down = graph("Sub", np.arange(shape[0], dtype=float), of_ink.y)
    moved = _shifted_rows(graph, ink, graph("Mul", slope, down), shape)
    return to_rows(graph, join_ink(graph, moved, paper, estimator.ink_), shape)


def _shifted_rows(graph: Graph, images: str, shift: str, shape: ImageShape) -> str:
    """Read each row from `shift` pixels further right, (n, height), with zeros outside."""
    height, width, channels = shape
    margin = width + 1
    whole = graph("Floor", shift)
    part = graph.cast(graph("Sub", shift, whole), np.float32)
    limits = np.float64(-margin), np.float64(width)
    start = graph.cast(graph("Clip", whole, *limits), np.int64)
    padded = graph("Pad", images, [0, 0, 0, margin, 0, 0, 0, margin])
    # The same places in all channels.
    steps = np.tile(np.arange(width + 1) + margin, (channels, 1, 1))
    places = graph("Add", graph("Reshape", start, [-1, 1, height, 1]), steps)
    read = graph("GatherElements", padded, places, axis=3)
    left, right = graph.slice(read, 0, width, 3), graph.slice(read, 1, width + 1, 3)
    part = graph("Reshape", part, [-1, 1, height, 1])
    return graph("Add", left, graph("Mul", part, graph("Sub", right, left)))


def moment_normalizer(graph: Graph, estimator: Any, rows: str) -> str:
    """Write a `MomentNormalizer`."""
    shape = height, width, _ = estimator.image_shape_
    ink, paper = split_ink(graph, to_images(graph, rows, shape), estimator.ink_)
    of_ink = moments(graph, ink, shape)
    settings = {"strength": float(estimator.strength)}
    down = _scaling(graph, of_ink.y, of_ink.yy, estimator.height * height, height, **settings)
    right = _scaling(graph, of_ink.x, of_ink.xx, estimator.width * width, width, **settings)
    scaled = graph("MatMul", down, ink)
    scaled = graph("MatMul", scaled, graph("Transpose", right, perm=[0, 1, 3, 2]))
    return to_rows(graph, join_ink(graph, scaled, paper, estimator.ink_), shape)


def _scaling(
    graph: Graph, centre: str, variance: str, wanted: float, n: int, strength: float
) -> str:
    """Return the matrices that scale lines of `n` pixels, of shape (n_images, 1, n, n)."""
    deviation = graph("Sqrt", graph("Add", variance, np.float64(_OF_A_PIXEL)))
    step = graph("Pow", graph("Div", deviation, np.float64(wanted)), np.float64(strength))
    pixel = np.arange(n, dtype=float)
    read = graph("Add", centre, graph("Mul", step, pixel - (n - 1) / 2))
    distance = graph("Abs", graph("Sub", graph("Reshape", read, [-1, 1, n, 1]), pixel))
    near = graph("Max", graph("Sub", np.float64(1), distance), np.float64(0))
    return graph.cast(near, np.float32)


# -- ink -----------------------------------------------------------------------------------


class Moments(NamedTuple):
    """Moments of ink, each of shape (n, 1) and float64."""

    y: str
    x: str
    yy: str
    xx: str
    yx: str


def split_ink(graph: Graph, images: str, kind: str) -> tuple[str, str]:
    """Split images into ink and background, as `skmnist.preprocessing._ink.split_ink`."""
    if kind == "dark":
        paper = graph("ReduceMax", images, [2, 3])
        return graph("Sub", paper, images), paper
    paper = graph("ReduceMin", images, [2, 3])
    return graph("Sub", images, paper), paper


def join_ink(graph: Graph, ink: str, paper: str, kind: str) -> str:
    """Put ink back on its background."""
    return graph("Sub" if kind == "dark" else "Add", paper, ink)


def moments(graph: Graph, ink: str, shape: ImageShape) -> Moments:
    """Return the moments of the ink of all channels together, zero where there is none."""
    height, width, _ = shape
    y, x = (np.arange(side, dtype=float)[:, np.newaxis] for side in (height, width))
    ink = graph.cast(graph("ReduceSum", ink, [1], keepdims=0), np.float64)
    of_row, of_column = (graph("ReduceSum", ink, [axis], keepdims=0) for axis in (2, 1))
    x_of_row = graph("Reshape", graph("MatMul", ink, x), [-1, height])
    total = one_for_zero(graph, graph("ReduceSum", of_row, [1]), np.float64)
    of_row, of_column, x_of_row = (graph("Div", e, total) for e in (of_row, of_column, x_of_row))
    y_mean, x_mean = graph("MatMul", of_row, y), graph("MatMul", of_column, x)
    down, across = graph("Sub", y.T, y_mean), graph("Sub", x.T, x_mean)
    apart = graph("Sub", x_of_row, graph("Mul", x_mean, of_row))
    return Moments(
        y=y_mean,
        x=x_mean,
        yy=_sum_of_products(graph, graph("Mul", down, down), of_row),
        xx=_sum_of_products(graph, graph("Mul", across, across), of_column),
        yx=_sum_of_products(graph, down, apart),
    )


def _sum_of_products(graph: Graph, left: str, right: str) -> str:
    return graph("ReduceSum", graph("Mul", left, right), [1])


def one_for_zero(graph: Graph, values: str, dtype: type[np.floating]) -> str:
    """Replace zeros, before a division by these values."""
    return graph("Where", graph("Equal", values, dtype(0)), dtype(1), values)


def constant(values: Any) -> NDArray[np.float32]:
    """Return values in float32."""
    return np.asarray(values, np.float32)


ROWS: dict[type[Any], Row] = {
    Blur: transformer(blur),
    ColumnNormalizer: transformer(column_normalizer),
    Deskew: transformer(deskew),
    MomentNormalizer: transformer(moment_normalizer),
}
