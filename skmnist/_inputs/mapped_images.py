"""Images in a file that is mapped into memory, too large to be held there."""

import mmap
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skmnist._inputs.images_on_demand import ImagesOnDemand

_LEAST_BYTES = 2**30
_BYTES_IN_BLOCK = 2**18
# A system maps up to so many bytes of a file around each that is read, and all count as memory of
# the process until they are given back.
_BYTES_AROUND = 2**21
_MOST_BYTES_MAPPED = 2**27


class MappedImages(ImagesOnDemand):
    """Images of uint8 in a file that is mapped into memory, a few of which are read at a time.

    What is read is copied, and the pages of the file are given back, which would stay in the
    process's memory otherwise.

    Parameters
    ----------
    array : ndarray of shape (n, ...), uint8
        A view of the file.
    numbers : sequence of int or None, default=None
        Which of the images these are, in order; None means all of them.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.mapped_images import MappedImages
    >>> images = MappedImages(np.arange(12, dtype=np.uint8).reshape(3, 2, 2))
    >>> images[1:].shape, images[2].tolist()
    ((2, 2, 2), [[8, 9], [10, 11]])
    """

    def __init__(
        self, array: NDArray[np.uint8], numbers: Sequence[int] | NDArray[Any] | None = None
    ) -> None:
        super().__init__(len(array) if numbers is None else len(numbers), array.shape[1:])
        self._array = array
        self._numbers = numbers
        self.block_size = max(1, _BYTES_IN_BLOCK // max(1, array[:1].size))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if self._numbers is None:  # the file itself, for those that take arrays only
            return np.array(self._array, dtype, copy=copy)
        if copy is False:
            raise ValueError("MappedImages have no array yet, so copy=False is impossible.")
        key = _as_key(self._numbers)
        read = np.empty(self.shape, dtype or self.dtype)
        for places, rows in [(slice(None), key)] if isinstance(key, slice) else self._runs(key):
            read[places] = self._array[rows]
            _give_pages_back(self._array)
        return read

    def _runs(self, numbers: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Yield the places of numbers, and these in the order of the file, some at a time."""
        places = np.argsort(numbers, kind="stable")
        rows = numbers[places]
        distances = np.diff(rows, prepend=rows[:1]) * self._array[:1].nbytes
        mapped = np.cumsum(np.minimum(distances, _BYTES_AROUND)) // _MOST_BYTES_MAPPED
        cuts = np.flatnonzero(np.diff(mapped)) + 1
        yield from zip(np.split(places, cuts), np.split(rows, cuts), strict=True)

    def _take(self, numbers: Sequence[int] | NDArray[Any]) -> Self:
        if self._numbers is not None:
            key = _as_key(numbers)
            numbers = (
                self._numbers[key] if isinstance(key, slice) else np.asarray(self._numbers)[key]
            )
        return type(self)(self._array, numbers)

    def _reshaped(self, row_shape: tuple[int, ...]) -> Self:
        return type(self)(self._array.reshape(len(self._array), *row_shape), self._numbers)


def on_demand_if_large(X: Any) -> Any:
    """Return a large array of uint8 that is mapped into memory as images on demand.

    Everything else is returned unchanged; also mappings whose changes are private to the process,
    which would be lost.
    """
    is_mapped = isinstance(X, np.memmap) and X.dtype == np.uint8 and X.nbytes >= _LEAST_BYTES
    if is_mapped and X.ndim > 1 and X.mode != "c":
        return MappedImages(X)
    return X


def _as_key(numbers: Sequence[int] | NDArray[Any]) -> Any:
    """Return numbers as what an array is indexed by, without a copy of those in a row."""
    if isinstance(numbers, range) and numbers.step == 1:
        return slice(numbers.start, numbers.stop)
    return np.asarray(numbers, np.intp)


def _give_pages_back(array: Any) -> None:
    """Release the memory of a file's pages; they are read again when they are needed."""
    while isinstance(array, np.ndarray):
        array = array.base
    if isinstance(array, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        array.madvise(mmap.MADV_DONTNEED)
