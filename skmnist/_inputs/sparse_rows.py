"""Sparse rows: made dense a few at a time, and their statistics without making them dense."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skmnist._inputs.row_sources import MeasuredRows, Test


class SparseRows(MeasuredRows):
    """The rows of a sparse array.

    Parameters
    ----------
    matrix : sparse array or matrix of shape (n, n_features), in CSR format
        Each place stored at most once.
    row_shape : tuple of int or None, default=None
        The shape of one row; None is (n_features,).

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from skmnist._inputs.sparse_rows import SparseRows
    >>> images = SparseRows(csr_array([[0, 3, 0, 0], [5, 0, 0, 0]])).reshape(-1, 2, 2, 1)
    >>> images.shape, images[np.array([1])].ravel().tolist()
    ((2, 2, 2, 1), [5, 0, 0, 0])
    """

    def __init__(self, matrix: Any, row_shape: tuple[int, ...] | None = None) -> None:
        self._matrix = matrix
        self.shape = (matrix.shape[0], *(matrix.shape[1:] if row_shape is None else row_shape))
        self.dtype = matrix.dtype

    def __getitem__(self, rows: NDArray[Any] | slice) -> NDArray[Any]:
        dense: NDArray[Any] = self._matrix[rows].toarray()
        return dense.reshape(-1, *self.shape[1:])

    def reshape(self, n: int, *row_shape: int) -> "SparseRows":
        """Return the same rows with another shape of each row."""
        return SparseRows(self._matrix, row_shape)

    def astype(self, dtype: DTypeLike) -> "SparseRows":
        """Return the rows in another number format."""
        return SparseRows(self._matrix.astype(dtype), self.shape[1:])

    def as_passed(self, rows: NDArray[Any]) -> Any:
        """Return some of the rows as a sparse array."""
        return self._matrix[rows]

    def take(self, rows: NDArray[Any]) -> "SparseRows":
        """Return some of the rows, still sparse."""
        return SparseRows(self._matrix[rows], self.shape[1:])

    def columns(self, places: NDArray[Any]) -> "SparseRows":
        """Return some of the values of each row, still sparse; rows have the shape of `places`."""
        return SparseRows(self._matrix[:, places.ravel()], places.shape)

    def min(self) -> Any:
        """Return the lowest value."""
        return self._matrix.min()

    def max(self) -> Any:
        """Return the highest value."""
        return self._matrix.max()

    def count(self, test: Test) -> int:
        """Return for how many values, zeros included, a test holds."""
        of_zero = test(np.zeros(1, self.dtype))[0]
        n_zeros = self.size - self._matrix.nnz
        return int(np.count_nonzero(test(self._matrix.data)) + n_zeros * int(of_zero))

    def middles(self) -> NDArray[Any]:
        """Return the middle value of each channel, the last axis, in the order of their size."""
        n = self.shape[-1]
        return np.array([_middle(self._matrix[:, i::n]) for i in range(n)], self.dtype)


def _middle(matrix: Any) -> Any:
    stored, size = np.sort(matrix.data), prod(matrix.shape)
    place, n_zeros = size // 2, size - len(stored)
    n_negative = int(np.count_nonzero(stored < 0))
    if place < n_negative:
        return stored[place]
    if place < n_negative + n_zeros:
        return 0
    return stored[place - n_zeros]


def with_places_once(matrix: Any) -> Any:
    """Return a CSR matrix that stores each place at most once, in order; the given one is kept.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> from skmnist._inputs.sparse_rows import with_places_once
    >>> twice = csr_array(([1, 2], [0, 0], [0, 2]), shape=(1, 3))
    >>> with_places_once(twice).data.tolist(), twice.data.tolist()
    ([3], [1, 2])
    """
    if matrix.has_canonical_format:
        return matrix
    matrix = matrix.copy()
    matrix.sum_duplicates()
    return matrix
