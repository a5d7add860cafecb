"""Images as a network reads them: a few at a time, and their statistics too."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

from skmnist._inputs.images_on_demand import ImagesOnDemand
from skmnist._inputs.row_sources import MeasuredRows, Test

_BYTES_IN_BATCH = 2**21


class PictureRows(MeasuredRows):
    """The rows of images on demand.

    Parameters
    ----------
    images : ImagesOnDemand
        The images, in the shape that the rows have.
    ends : tuple of int or None, default=None
        The lowest and the highest value, if they are known.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist import ImageLoader
    >>> from skmnist._inputs.picture_rows import PictureRows
    >>> images = ImageLoader(lazy=True).transform([np.zeros((2, 2)), np.ones((2, 2))])
    >>> rows = PictureRows(images).reshape(-1, 4)
    >>> rows.max(), rows[np.array([1])].tolist()
    (255, [[255, 255, 255, 255]])
    """

    def __init__(self, images: ImagesOnDemand, ends: tuple[int, int] | None = None) -> None:
        self._images = images
        self._ends = ends
        self.shape = images.shape
        self.dtype = images.dtype
        self.block_size = images.block_size

    def __getitem__(self, rows: NDArray[Any] | slice) -> NDArray[Any]:
        return np.asarray(self._images[rows])

    def reshape(self, n: int, *row_shape: int) -> "PictureRows":
        """Return the same rows with another shape of each row."""
        return PictureRows(self._images.reshape(n, *row_shape), self._ends)

    def as_passed(self, rows: NDArray[Any]) -> Any:
        """Return some of the rows as an array of shape (n, n_pixels)."""
        return self[rows].reshape(len(rows), -1)

    def take(self, rows: NDArray[Any]) -> "PictureRows":
        """Return some of the rows, still not decoded."""
        return PictureRows(self._images[rows])

    def columns(self, places: NDArray[Any]) -> NDArray[Any]:
        """Return some of the values of each row, as an array; rows have the shape of `places`."""
        picked = [rows.reshape(len(rows), -1)[:, places.ravel()] for rows in self._batches()]
        return np.concatenate(picked).reshape(-1, *places.shape)

    def min(self) -> int:
        """Return the lowest value."""
        return self._found_ends()[0]

    def max(self) -> int:
        """Return the highest value."""
        return self._found_ends()[1]

    def count(self, test: Test) -> int:
        """Return for how many values a test holds."""
        return sum(int(np.count_nonzero(test(rows))) for rows in self._batches())

    def _found_ends(self) -> tuple[int, int]:
        """Return the lowest and the highest value, found once; stop at both ends of uint8."""
        if self._ends is None:
            low, high = 255, 0
            for rows in self._batches():
                low, high = min(low, int(rows.min())), max(high, int(rows.max()))
                if (low, high) == (0, 255):
                    break
            self._ends = low, high
        return self._ends

    def _batches(self) -> Iterator[NDArray[Any]]:
        in_one_row = max(1, self.size // len(self))
        for batch in gen_batches(len(self), max(1, _BYTES_IN_BATCH // in_one_row)):
            yield self[batch]
