"""A descriptor of strokes for classical classifiers: their places and directions."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from sklearn.base import ClassNamePrefixFeaturesOutMixin

from skmnist._utils.errors import shown
from skmnist._utils.sklearn import Interval
from skmnist.preprocessing._batches import in_batches, real_dtype
from skmnist.preprocessing._differences import central_differences
from skmnist.preprocessing._image_transformer import check_n_features
from skmnist.preprocessing._ink import InkTransformer


class OrientedGradients(ClassNamePrefixFeaturesOutMixin, InkTransformer):
    """Gradients in soft-binned directions, pooled by overlapping windows.

    The length of each pixel's gradient is shared between the two nearest directions of a full
    turn, and between the windows that cover the pixel.  Windows are Gaussians around the middle of
    each cell of one grid or more.  A grid's values are divided by their Euclidean norm, and their
    square root is taken.

    Parameters
    ----------
    n_directions : int, default=12
        Number of directions, over a full turn: a stroke's two edges are distinguished.
    cells : tuple of int or of (rows, columns), default=(4, 7)
        The grids; 7 is one of 7 x 7 cells.
    spread : float, default=0.5
        Standard deviation of a window, in cells.
    sigma : float, default=0.5
        Standard deviation of the initial Gaussian blur, in pixels, at most 100; 0 means none.
    ink : {"auto", "bright", "dark"}, default="auto"
        Whether ink is brighter or darker than what it is written on: dark ink is described as
        bright ink of the same shape is. "auto" finds it from the border of the images in `fit`, as
        in :class:`Deskew`.
    n_jobs : int or None, default=None
        Number of threads; None means 1, unless in a :func:`joblib.parallel_config` context. The
        results don't depend on it.
    image_shape : tuple (height, width) or (height, width, channels), or None, default=None
        The shape of one image where `X` holds rows. None takes the shape of the images in `X`, or
        finds a square; rows that are not square are one line of pixels.

    Attributes
    ----------
    ink_ : {"bright", "dark"}
        Whether ink is brighter or darker.
    image_shape_ : tuple (height, width, channels)
        The shape of one image.
    n_features_in_ : int
        Pixels of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    Notes
    -----
    Features are ordered by grid, direction, row and column of cells.  Gradients are central
    differences; of several channels, the longest gradient counts.  The features of a blank image
    are zeros.

    The features don't depend on the scale of the pixels, on a constant added to them, nor on an
    inversion of all images.  The square root makes long and short gradients count more equally; a
    classifier with a Gaussian kernel, nearest neighbours or a PCA may follow.
    ``benchmarks/choose_classical.py`` has Pipelines for MNIST.

    References
    ----------
    C.-L. Liu, K. Nakashima, H. Sako and H. Fujisawa, "Handwritten digit recognition: benchmarking
    of state-of-the-art techniques", Pattern Recognition 36(10), 2271-2285, 2003: gradients shared
    between two directions, Gaussian windows and the square root.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist.preprocessing import OrientedGradients
    >>> digits = load_digits()
    >>> OrientedGradients(cells=(2, 4)).fit_transform(digits.images).shape
    (1797, 240)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **InkTransformer._parameter_constraints,
        "n_jobs": [Integral, None],
        "n_directions": [Interval(Integral, 2, None, closed="left")],
        "cells": [tuple, list],
        "spread": [Interval(Real, 0, None, closed="neither")],
        "sigma": [Interval(Real, 0, 100, closed="both")],
    }

    def __init__(
        self,
        *,
        n_directions: Any = 12,
        cells: Any = (4, 7),
        spread: Any = 0.5,
        sigma: Any = 0.5,
        ink: Any = "auto",
        n_jobs: Any = None,
        image_shape: Any = None,
    ) -> None:
        self.n_directions = n_directions
        self.cells = cells
        self.spread = spread
        self.sigma = sigma
        self.ink = ink
        self.n_jobs = n_jobs
        self.image_shape = image_shape

    def _learn(self, images: NDArray[Any]) -> None:
        self._grids()  # raises an error for invalid cells
        super()._learn(images)

    def _grids(self) -> list[tuple[int, int]]:
        grids = [tuple(grid) if isinstance(grid, Iterable) else (grid, grid) for grid in self.cells]
        sides = [side for grid in grids for side in grid]
        if (
            not grids
            or any(len(grid) != 2 for grid in grids)
            or not all(isinstance(side, Integral) and int(side) > 0 for side in sides)
        ):
            raise ValueError(
                f"cells={shown(self.cells)}; expected the grids, each a whole number of at least "
                "1 or (rows, columns), such as (4, 7) or [(4, 3)]."
            )
        return grids

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        self._grids()
        super().__skmnist_setstate__(state)
        check_n_features(self._n_features_out)

    @property
    def _n_features_out(self) -> int:
        return self.n_directions * sum(rows * columns for rows, columns in self._grids())

    def _transform(self, images: NDArray[Any]) -> NDArray[Any]:
        dtype = real_dtype(images)
        windows = [each.astype(dtype) for each in self.__skmnist_windows__()]

        def describe(images: NDArray[Any]) -> NDArray[Any]:
            images = images.astype(dtype, copy=False)
            if self.ink_ == "dark":
                images = -images
            images = gaussian_filter(images, self.sigma, axes=(1, 2))
            votes = _votes(*central_differences(images), self.n_directions)
            pooled = [(votes @ window).reshape(len(images), -1) for window in windows]
            return np.sqrt(np.concatenate([_unit(grid) for grid in pooled], axis=1))

        return in_batches(describe, images, (self._n_features_out,), self.n_jobs)

    def __skmnist_windows__(self) -> list[NDArray[Any]]:
        """Return the weight of each pixel in each cell, for each grid of cells."""
        return [self._windows(grid) for grid in self._grids()]

    def _windows(self, grid: tuple[int, int]) -> NDArray[Any]:
        """Return the windows of a grid, of shape (height * width, rows * columns)."""
        down, right = (
            _gaussians(n_pixels, n_cells, self.spread)
            for n_pixels, n_cells in zip(self.image_shape_, grid, strict=False)
        )
        return np.kron(down, right)


def _gaussians(n_pixels: int, n_cells: int, spread: float) -> NDArray[Any]:
    """Return each pixel's weight in each cell's window along a side, (n_pixels, n_cells)."""
    pixel = (np.arange(n_pixels) + 0.5) / n_pixels * n_cells
    cell = np.arange(n_cells) + 0.5
    return np.exp(-(((pixel[:, np.newaxis] - cell) / spread) ** 2) / 2)


def _unit(rows: NDArray[Any]) -> NDArray[Any]:
    """Divide rows by their Euclidean norm; zeros stay zeros."""
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norm, out=rows, where=norm > 0)


def _votes(down: NDArray[Any], right: NDArray[Any], n_directions: int) -> coo_array:
    """Share each gradient's length between two directions, (n * n_directions, height * width)."""
    n, n_pixels = len(down), down[0].size
    # A sparse array, as many pixels of a digit have no gradient, and so no vote.
    voting = np.flatnonzero((down != 0) | (right != 0)).astype(np.int32)
    down, right = down.ravel()[voting], right.ravel()[voting]
    image, pixel = np.divmod(voting, np.int32(n_pixels))
    length = np.hypot(down, right)
    turn = np.arctan2(down, right) * (n_directions / (2 * np.pi))
    direction = np.floor(turn)
    second = length * (turn - direction)
    direction = direction.astype(np.int32) % n_directions
    row = image * n_directions
    return coo_array(
        (
            np.concatenate([length - second, second]),
            (
                np.concatenate([row + direction, row + (direction + 1) % n_directions]),
                np.concatenate([pixel, pixel]),
            ),
        ),
        shape=(n * n_directions, n_pixels),
    )
