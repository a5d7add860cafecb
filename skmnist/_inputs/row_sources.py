"""Rows that are not in memory as an array, and are read like one, a few at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import prod
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

Test = Callable[[NDArray[Any]], NDArray[Any]]


class RowSource(ABC):
    """Rows, or images, of which a few at a time are made an array (abstract).

    Attributes
    ----------
    shape : tuple of int
        The shape of the whole, rows first.
    dtype : dtype
        That of the arrays.
    block_size : int
        How many rows that follow one another are read as fast as one of them.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    block_size: int = 1

    @abstractmethod
    def __getitem__(self, rows: NDArray[Any] | slice) -> NDArray[Any]:
        """Return some of the rows as an array."""

    @abstractmethod
    def reshape(self, n: int, *row_shape: int) -> "RowSource":
        """Return the same rows with another shape of each row; `n` is their number, or -1."""

    @abstractmethod
    def as_passed(self, rows: NDArray[Any]) -> Any:
        """Return some of the rows as the user passed them, of shape (n, n_features)."""

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)


class MeasuredRows(RowSource):
    """Rows whose values can be counted and compared without an array of all of them (abstract)."""

    @abstractmethod
    def take(self, rows: NDArray[Any]) -> "MeasuredRows":
        """Return some of the rows, still not in an array."""

    @abstractmethod
    def columns(self, places: NDArray[Any]) -> Any:
        """Return some of the values of each row; rows have the shape of `places`."""

    @abstractmethod
    def min(self) -> Any:
        """Return the lowest value."""

    @abstractmethod
    def max(self) -> Any:
        """Return the highest value."""

    @abstractmethod
    def count(self, test: Test) -> int:
        """Return for how many values a test holds."""


class _Scaling(Protocol):
    def apply(self, pixels: NDArray[Any], out: NDArray[Any]) -> NDArray[Any]: ...


class ScaledRows(RowSource):
    """The rows of another source, scaled when they are read.

    Parameters
    ----------
    rows : RowSource
        The rows.
    scaling : PixelScaling
        How they are scaled.
    dtype : dtype
        Of the scaled arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from skmnist._inputs.pixels import PixelScaling
    >>> from skmnist._inputs.row_sources import ScaledRows
    >>> from skmnist._inputs.sparse_rows import SparseRows
    >>> rows = SparseRows(csr_array([[0, 3], [5, 0]]))
    >>> ScaledRows(rows, PixelScaling(1.0, 2.0), "float32")[np.array([1])]
    array([[ 2. , -0.5]], dtype=float32)
    """

    def __init__(self, rows: RowSource, scaling: _Scaling, dtype: DTypeLike) -> None:
        self._rows = rows
        self._scaling = scaling
        self.shape = rows.shape
        self.dtype = np.dtype(dtype)
        self.block_size = rows.block_size

    def __getitem__(self, rows: NDArray[Any] | slice) -> NDArray[Any]:
        read = self._rows[rows]
        return self._scaling.apply(read, np.empty(read.shape, self.dtype))

    def reshape(self, n: int, *row_shape: int) -> Self:
        """Return the same rows with another shape of each row."""
        return type(self)(self._rows.reshape(n, *row_shape), self._scaling, self.dtype)

    def as_passed(self, rows: NDArray[Any]) -> Any:
        """Return some of the rows as the user passed them, not scaled."""
        return self._rows.as_passed(rows)


def taken(rows: Any, numbers: NDArray[Any]) -> Any:
    """Return some of the rows; those that are not in an array stay so.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.row_sources import taken
    >>> taken(np.arange(6).reshape(3, 2), np.array([2, 0])).tolist()
    [[4, 5], [0, 1]]
    """
    return rows.take(numbers) if isinstance(rows, MeasuredRows) else rows[numbers]


def count(values: Any, test: Test) -> int:
    """Return for how many values a test holds.

    Parameters
    ----------
    values : ndarray or MeasuredRows
        Numbers.
    test : callable
        Takes an array of numbers, and returns an array of bool.

    Returns
    -------
    n : int

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.row_sources import count
    >>> count(np.array([1, 2, 3]), lambda values: values > 1)
    2
    """
    if isinstance(values, MeasuredRows):
        return values.count(test)
    return int(np.count_nonzero(test(values)))


def as_passed(images: Any, rows: NDArray[Any]) -> Any:
    """Return some of the images as rows of pixels, sparse if they are.

    Parameters
    ----------
    images : ndarray or RowSource of shape (n, height, width, channels)
        Images.
    rows : ndarray of int
        Their numbers.

    Returns
    -------
    rows : ndarray or sparse array of shape (n_rows, n_pixels)

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.row_sources import as_passed
    >>> as_passed(np.zeros((3, 2, 2, 1)), np.arange(2)).shape
    (2, 4)
    """
    if isinstance(images, RowSource):
        return images.as_passed(rows)
    return images[rows].reshape(len(rows), -1)
