"""Histograms of oriented gradients, equal to scikit-image's, for many images at once."""

from math import prod
from numbers import Integral
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin

from skmnist._utils.errors import shown
from skmnist._utils.sklearn import Interval, StrOptions
from skmnist.preprocessing._batches import in_batches
from skmnist.preprocessing._differences import central_differences
from skmnist.preprocessing._image_transformer import ImageTransformer, check_n_features

# scikit-image's guard against a division by zero.
_TINY = 1e-5


class HOG(ClassNamePrefixFeaturesOutMixin, ImageTransformer):
    """Histograms of oriented gradients (Dalal and Triggs 2005).

    An image is divided into cells.  In a cell, each pixel votes for the orientation of its
    gradient, weighted by the gradient's length.  The histograms of a block of neighbouring cells
    are normalised together, and the features are those of all blocks, which overlap.

    Parameters
    ----------
    orientations : int, default=9
        Number of bins of a histogram, over half a turn: opposite gradients count as one.
    pixels_per_cell : tuple (rows, columns), default=(8, 8)
        Size of a cell. Pixels beyond the last whole cell are not used.
    cells_per_block : tuple (rows, columns), default=(3, 3)
        Size of a block.
    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}, default="L2-Hys"
        How a block is normalised: by the sum; by the sum, followed by a square root; by the
        Euclidean norm; or by the Euclidean norm, clipped at 0.2, and by the norm again.
    transform_sqrt : bool, default=False
        Whether to take the square root of the pixels first; they must not be negative then.
    n_jobs : int or None, default=None
        Number of threads; None means 1, unless in a :func:`joblib.parallel_config` context. The
        results don't depend on it.
    image_shape : tuple (height, width) or (height, width, channels), or None, default=None
        The shape of one image where `X` holds rows. None takes the shape of the images in `X`, or
        finds a square; rows that are not square are one line of pixels.

    Attributes
    ----------
    image_shape_ : tuple (height, width, channels)
        The shape of one image.
    n_features_in_ : int
        Pixels of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    Notes
    -----
    Parameters, defaults and results are those of :func:`skimage.feature.hog`; of several channels,
    the one with the longest gradient counts, as there with ``channel_axis=-1``.

    References
    ----------
    N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005,
    886-893.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist.preprocessing import HOG
    >>> digits = load_digits()
    >>> hog = HOG(pixels_per_cell=(4, 4), cells_per_block=(2, 2))
    >>> hog.fit_transform(digits.images).shape
    (1797, 36)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **ImageTransformer._parameter_constraints,
        "n_jobs": [Integral, None],
        "orientations": [Interval(Integral, 1, None, closed="left")],
        "pixels_per_cell": [tuple, list],
        "cells_per_block": [tuple, list],
        "block_norm": [StrOptions({"L1", "L1-sqrt", "L2", "L2-Hys"})],
        "transform_sqrt": ["boolean"],
    }

    def __init__(
        self,
        *,
        orientations: Any = 9,
        pixels_per_cell: Any = (8, 8),
        cells_per_block: Any = (3, 3),
        block_norm: Any = "L2-Hys",
        transform_sqrt: Any = False,
        n_jobs: Any = None,
        image_shape: Any = None,
    ) -> None:
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.block_norm = block_norm
        self.transform_sqrt = transform_sqrt
        self.n_jobs = n_jobs
        self.image_shape = image_shape

    def _learn(self, images: NDArray[Any]) -> None:
        for name in ("pixels_per_cell", "cells_per_block"):
            size = getattr(self, name)
            if len(size) != 2 or not all(isinstance(n, Integral) and int(n) > 0 for n in size):
                raise ValueError(
                    f"{name}={shown(size)}; expected (rows, columns), whole numbers of at least 1."
                )
        least = np.multiply(self.pixels_per_cell, self.cells_per_block)
        if (images.shape[1:3] < least).any():
            raise ValueError(
                f"A block has {least[0]} x {least[1]} pixels, but an image of X only "
                f"{images.shape[1]} x {images.shape[2]}. Make pixels_per_cell="
                f"{self.pixels_per_cell} or cells_per_block={self.cells_per_block} smaller, or "
                "set image_shape if X holds rows."
            )

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        super().__skmnist_setstate__(state)
        self._learn(np.empty((0, *self.image_shape_)))
        check_n_features(self._n_features_out)

    @property
    def _n_features_out(self) -> int:
        cells = np.floor_divide(self.image_shape_[:2], self.pixels_per_cell)
        blocks = cells - self.cells_per_block + 1
        return int(np.prod([*blocks, *self.cells_per_block, self.orientations]))

    def _transform(self, images: NDArray[Any]) -> NDArray[Any]:
        if self.transform_sqrt and images.min() < 0:
            raise ValueError(
                f"transform_sqrt=True, but X has pixels down to {images.min()}, and a negative "
                "number has no square root. Scale the pixels to 0 or more, or leave it False."
            )
        return in_batches(self._describe, images, (self._n_features_out,), self.n_jobs)

    def _describe(self, images: NDArray[Any]) -> NDArray[Any]:
        # The precision of scikit-image's differences, so that votes fall into the same bins.
        short = images.dtype.kind == "f" and images.dtype.itemsize < 8
        pixels = images.astype(np.float32 if short else np.float64, copy=False)
        if self.transform_sqrt:
            pixels = np.sqrt(pixels)
        histograms = self._histograms(*central_differences(pixels))
        blocks = sliding_window_view(histograms, tuple(self.cells_per_block), axis=(1, 2))
        return _normalised(np.moveaxis(blocks, 3, -1), self.block_norm).reshape(len(images), -1)

    def _histograms(self, down: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
        """Sum the votes in each cell, as (n, rows of cells, columns of cells, orientations)."""
        n, (height, width) = len(down), self.pixels_per_cell
        n_rows, n_columns = down.shape[1] // height, down.shape[2] // width
        in_cells = np.s_[:, : n_rows * height, : n_columns * width]
        down, right = down[in_cells].reshape(n, -1), right[in_cells].reshape(n, -1)
        row, column = np.arange(n_rows * height) // height, np.arange(n_columns * width) // width
        cell_of_pixel = (row[:, np.newaxis] * n_columns + column).ravel()

        # Most pixels of a digit have no gradient, and so no vote.
        image, pixel = np.nonzero((down != 0) | (right != 0))
        down, right = down[image, pixel].astype(float), right[image, pixel].astype(float)
        edges = 180.0 / self.orientations * np.arange(self.orientations + 1)
        # Rounding can make an angle exactly half a turn; its extra bin is left out.
        angle = np.rad2deg(np.arctan2(down, right)) % 180
        bins = np.searchsorted(edges, angle, side="right") - 1
        shape = (n, n_rows * n_columns, len(edges))
        votes = np.bincount(
            np.ravel_multi_index((image, cell_of_pixel[pixel], bins), shape),
            np.hypot(down, right) / (height * width),
            minlength=prod(shape),
        )
        return votes.reshape(n, n_rows, n_columns, -1)[..., :-1]


def _normalised(blocks: NDArray[Any], norm: str) -> NDArray[Any]:
    """Normalise blocks over their last three axes: rows and columns of cells, orientations."""
    if norm == "L1":
        return blocks / (_sum(blocks) + _TINY)
    if norm == "L1-sqrt":
        return np.sqrt(_normalised(blocks, "L1"))
    unit = blocks / np.sqrt(_sum(blocks**2) + _TINY**2)
    return unit if norm == "L2" else _normalised(np.minimum(unit, 0.2), "L2")


def _sum(blocks: NDArray[Any]) -> NDArray[Any]:
    return blocks.sum(axis=(-3, -2, -1), keepdims=True)
