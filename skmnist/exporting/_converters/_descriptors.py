"""Graphs of the transformers that describe images by features."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skmnist._inputs.images import ImageShape
from skmnist.exporting._converters._graph import Graph, Row, transformer
from skmnist.exporting._converters._images import blurred, constant, framed, one_for_zero, to_images
from skmnist.preprocessing import HOG, ConvolutionFeatures, OrientedGradients
from skmnist.preprocessing._convolutions import _windows
from skmnist.preprocessing._hog import _TINY


def convolution_features(graph: Graph, estimator: Any, rows: str) -> str:
    """Write `ConvolutionFeatures`."""
    shape = height, width, channels = estimator.image_shape_
    filters = constant(estimator.filters_)
    n_filters, *sides = filters.shape
    down, across = (((side - 1) // 2, side // 2) for side in sides)
    images = framed(graph, to_images(graph, rows, shape), shape, down, across)
    one_by_one = [-1, 1, height + sum(down), width + sum(across)]
    responses = graph("Conv", graph("Reshape", images, one_by_one), filters[:, np.newaxis])
    grid = estimator.__skmnist_n_windows__()
    rows_of, columns_of = (constant(_windows(*each)) for each in zip(shape, grid, strict=False))
    squares = graph("Mul", responses, responses)
    means = graph("MatMul", graph("MatMul", rows_of, squares), columns_of.T)
    means = graph("Reshape", means, [-1, channels, n_filters, *grid])
    features = graph("Sqrt", graph("Transpose", means, perm=[0, 3, 4, 1, 2]))
    return graph("Reshape", features, [-1, len(estimator.get_feature_names_out())])


def oriented_gradients(graph: Graph, estimator: Any, rows: str) -> str:
    """Write `OrientedGradients`."""
    shape = height, width, _ = estimator.image_shape_
    images = to_images(graph, rows, shape)
    if estimator.ink_ == "dark":
        images = graph("Neg", images)
    images = blurred(graph, images, shape, estimator.sigma)
    votes = _votes(graph, *differences(graph, images, shape), estimator.n_directions)
    votes = graph("Reshape", votes, [-1, estimator.n_directions, height * width])
    grids = []
    for windows in estimator.__skmnist_windows__():
        pooled = graph("MatMul", votes, constant(windows))
        pooled = graph("Reshape", pooled, [0, -1])
        norm = one_for_zero(graph, graph("ReduceL2", pooled, [1]), np.float32)
        grids.append(graph("Div", pooled, norm))
    return graph("Sqrt", graph("Concat", *grids, axis=1))


def _votes(graph: Graph, down: str, right: str, n_directions: int) -> str:
    """Share each gradient's length between two directions, (n, n_directions, height, width)."""
    down, right = graph.cast(down, np.float64), graph.cast(right, np.float64)
    length = graph.cast(_length(graph, down, right), np.float32)
    angle = graph.cast(_angle(graph, down, right), np.float32)
    turn = graph("Mul", angle, np.float32(n_directions / (2 * np.pi)))
    direction = graph("Floor", turn)
    second = graph("Mul", length, graph("Sub", turn, direction))
    first = graph("Sub", length, second)
    below = graph("Less", direction, np.float32(0))
    turned = graph("Add", direction, np.float32(n_directions))
    direction = graph("Where", below, turned, direction)
    numbers = constant(np.arange(n_directions)).reshape(-1, 1, 1)
    shares = [
        graph("Where", graph("Equal", direction, of_part), part, np.float32(0))
        for part, of_part in ((first, numbers), (second, (numbers - 1) % n_directions))
    ]
    return graph("Add", *shares)


def hog(graph: Graph, estimator: Any, rows: str) -> str:
    """Write a `HOG`."""
    shape = estimator.image_shape_
    images = to_images(graph, rows, shape)
    if estimator.transform_sqrt:
        # As for whole numbers, which the class has in float64.  Where roots make a gradient lie
        # on the edge of two bins, as one of 60 degrees, rounding decides in both.
        images = graph("Sqrt", graph.cast(images, np.float64))
    dtype = np.float64 if estimator.transform_sqrt else np.float32
    histograms = _histograms(graph, estimator, *differences(graph, images, shape, dtype))
    n_cells = np.floor_divide(shape[:2], estimator.pixels_per_cell)
    for axis, n, of_block in zip((1, 3), n_cells, estimator.cells_per_block, strict=True):
        first = np.arange(n - of_block + 1)[:, np.newaxis]
        histograms = graph("Gather", histograms, first + np.arange(of_block), axis=axis)
    blocks = graph("Transpose", histograms, perm=[0, 1, 3, 2, 4, 5])
    features = graph.cast(_normalised(graph, blocks, estimator.block_norm), np.float32)
    return graph("Reshape", features, [-1, len(estimator.get_feature_names_out())])


def _histograms(graph: Graph, estimator: Any, down: str, right: str) -> str:
    """Sum the votes in each cell, as (n, rows of cells, columns of cells, orientations)."""
    (height, width), n = estimator.pixels_per_cell, estimator.orientations
    n_rows, n_columns = np.floor_divide(estimator.image_shape_[:2], (height, width)).tolist()
    stops = [n_rows * height, n_columns * width]
    down, right = (
        graph.cast(graph("Slice", part, [0, 0], stops, [2, 3]), np.float64)
        for part in (down, right)
    )
    length = graph("Div", _length(graph, down, right), np.float64(height * width))
    # Opposite gradients count as one: the one of the upper half, from 0 to less than 180 degrees.
    upper = graph("Where", graph("Equal", down, np.float64(0)), right, down)
    sign = graph("Sign", upper)
    down, right = graph("Mul", down, sign), graph("Mul", right, sign)
    # A gradient is not before the edge of a bin if it lies on its left. The cosine and the sine are
    # rounded so that 45 and 90 degrees are exact.
    edges = (np.pi / n * np.arange(n)).reshape(-1, 1, 1)
    left = graph(
        "Sub",
        graph("Mul", down, np.cos(edges).round(15)),
        graph("Mul", right, np.sin(edges).round(15)),
    )
    reached = graph.cast(graph("GreaterOrEqual", left, np.float64(0)), np.float64)
    next_one = graph("Pad", graph.slice(reached, 1, n, 1), [0, 0, 0, 0, 0, 1, 0, 0])
    votes = graph("Mul", length, graph("Sub", reached, next_one))
    votes = graph("Reshape", votes, [-1, n, n_rows, height, n_columns, width])
    sums = graph("ReduceSum", votes, [3, 5], keepdims=0)
    return graph("Transpose", sums, perm=[0, 2, 3, 1])


def _normalised(graph: Graph, blocks: str, norm: str) -> str:
    """Normalise blocks over their last three axes: rows and columns of cells, orientations."""
    if norm == "L1":
        total = graph("ReduceSum", blocks, [3, 4, 5])
        return graph("Div", blocks, graph("Add", total, np.float64(_TINY)))
    if norm == "L1-sqrt":
        return graph("Sqrt", _normalised(graph, blocks, "L1"))
    squares = graph("ReduceSumSquare", blocks, [3, 4, 5])
    unit = graph("Div", blocks, graph("Sqrt", graph("Add", squares, np.float64(_TINY**2))))
    if norm == "L2":
        return unit
    return _normalised(graph, graph("Min", unit, np.float64(0.2)), "L2")


# -- gradients -----------------------------------------------------------------------------


def differences(
    graph: Graph, images: str, shape: ImageShape, dtype: DTypeLike = np.float32
) -> tuple[str, str]:
    """Return central differences down and to the right, of shape (n, 1, height, width).

    They are those of `skmnist.preprocessing._differences.central_differences`: in the channel where
    they are largest, zero at the edges.
    """
    of_rows, of_columns = (_differences_along(side).astype(dtype) for side in shape[:2])
    down, right = graph("MatMul", of_rows, images), graph("MatMul", images, of_columns.T)
    if shape[2] == 1:
        return down, right
    in_full = graph.cast(down, np.float64), graph.cast(right, np.float64)
    length = graph.cast(_length(graph, *in_full), dtype)
    longest = graph("ArgMax", length, axis=1)
    down, right = (graph("GatherElements", each, longest, axis=1) for each in (down, right))
    return down, right


def _differences_along(side: int) -> NDArray[Any]:
    """Return the matrix that takes differences, each rounded once, as a subtraction is."""
    matrix = np.eye(side, k=1) - np.eye(side, k=-1)
    matrix[[0, -1]] = 0
    return matrix


def _length(graph: Graph, down: str, right: str) -> str:
    squares = graph("Mul", down, down), graph("Mul", right, right)
    return graph("Sqrt", graph("Add", *squares))


def _angle(graph: Graph, down: str, right: str) -> str:
    """Return ``arctan2(down, right)`` in float64; 0 where both are 0.

    ONNX has the arctangent of one argument only, and onnxruntime only in float32: a step of
    Newton's method gives the other digits.
    """
    down_size, right_size = graph("Abs", down), graph("Abs", right)
    longer = one_for_zero(graph, graph("Max", down_size, right_size), np.float64)
    tangent = graph("Div", graph("Min", down_size, right_size), longer)
    angle = graph.cast(graph("Atan", graph.cast(tangent, np.float32)), np.float64)
    sine, cosine = graph("Sin", angle), graph("Cos", angle)
    over = graph("Sub", graph("Mul", tangent, cosine), sine)
    under = graph("Add", cosine, graph("Mul", tangent, sine))
    angle = graph("Add", angle, graph("Div", over, under))
    for condition, reference in (
        (graph("Greater", down_size, right_size), np.pi / 2),
        (graph("Less", right, np.float64(0)), np.pi),
        (graph("Less", down, np.float64(0)), 0.0),
    ):
        mirrored = graph("Sub", np.float64(reference), angle)
        angle = graph("Where", condition, mirrored, angle)
    return angle


ROWS: dict[type[Any], Row] = {
    HOG: transformer(hog),
    ConvolutionFeatures: transformer(convolution_features),
    OrientedGradients: transformer(oriented_gradients),
}
