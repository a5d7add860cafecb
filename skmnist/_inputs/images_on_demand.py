"""Images that are in no array until they are needed."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray


class ImagesOnDemand(ABC):
    """An array of images that are read when they are needed (abstract).

    It has the shape, the dtype and the length of an array.  A single index returns an image as an
    array; slices, masks and arrays of indices return other images on demand, which read nothing
    yet.

    Parameters
    ----------
    n_images : int
        The number of images.
    row_shape : tuple of int
        The shape that each image has.
    """

    dtype = np.dtype(np.uint8)
    # How many images that follow one another are read as fast as one of them.
    block_size = 1

    def __init__(self, n_images: int, row_shape: tuple[int, ...]) -> None:
        self._n_images = n_images
        self._row_shape = row_shape

    @abstractmethod
    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Read all of the images."""

    @abstractmethod
    def _take(self, numbers: Sequence[int] | NDArray[Any]) -> Self:
        """Return the images of these numbers, none of which is negative."""

    @abstractmethod
    def _reshaped(self, row_shape: tuple[int, ...]) -> Self:
        """Return the same images with another shape of each."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of images and the shape of one."""
        return (self._n_images, *self._row_shape)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)

    def __len__(self) -> int:
        return self._n_images

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape={self.shape}, dtype={self.dtype})"

    def __getitem__(self, key: Any) -> Any:
        # scikit-learn indexes arrays by [rows, ...].
        rows, *others = key if isinstance(key, tuple) else (key,)
        name = type(self).__name__
        if any(other is not Ellipsis for other in others):
            raise IndexError(
                f"{name} can be indexed by the numbers of images only; convert them to an array by "
                "np.asarray for more."
            )
        numbers = range(self._n_images)
        if isinstance(rows, Integral):
            return np.asarray(self._take([numbers[int(rows)]]))[0]
        if isinstance(rows, slice):
            return self._take(numbers[rows])
        picked = np.arange(self._n_images)[rows]
        if picked.ndim != 1:
            raise IndexError(
                f"{name} can be indexed by a number, a slice, or one dimension of numbers or bools."
            )
        return self._take(picked)

    def reshape(self, *shape: Any) -> Self:
        """Return the same images with another shape of each.

        Parameters
        ----------
        *shape : int, or a tuple of int
            As for arrays; the first one is the number of images or -1.

        Returns
        -------
        reshaped : ImagesOnDemand
        """
        n, *row_shape = shape[0] if isinstance(shape[0], tuple) else shape
        one = np.empty(self._row_shape, np.bool_).reshape(row_shape)
        if n not in (-1, len(self)):
            raise ValueError(f"n={n}; expected {len(self)}, the number of images, or -1.")
        return self._reshaped(one.shape)
