"""Properties of pixel values: their offset, their range and the background around the ink.

All of them are learned from the training values and change with them: after a change of unit and
origin, ``a * X + b`` with positive ``a``, a network gets the same numbers for the same images.
"""

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils import gen_batches

from skmnist._inputs.row_sources import MeasuredRows, RowSource, ScaledRows, count, taken
from skmnist._inputs.sparse_rows import SparseRows

# A single bright pixel in each image of 50 x 50 has a range of 50 standard deviations.
_WIDEST_RANGE = 50
# Numbers that spread like a bell: wider than this many deviations, with fewer than this fraction of
# them within a tenth of the range from its ends, where pictures have their ink or their background.
# Of a normal distribution 1.6 % are there if the range is 6 deviations, and fewer if it is wider.
_WIDER_THAN_PICTURES = 6
_FEW_AT_THE_ENDS = 0.02
# The means of centred columns differ by less than this fraction of what chance alone would give.
_CENTRED = 0.5
# Means of columns that differ by more than this many times as much as chance are those of pictures.
_APART = 20
_EMPTY = 0.99  # of the border
_ROWS_IN_BATCH, _VALUES_IN_BATCH = 256, 256 * 28 * 28  # stay in the processor's cache
_ENOUGH = 2000  # rows that represent all


class PixelScaling(NamedTuple):
    """The scaling of pixels to the range that a network takes: ``(pixels - offset) / scale``.

    Parameters
    ----------
    offset : float
        What is subtracted.
    scale : float
        What the difference is divided by, more than 0.
    """

    offset: float = 0.0
    scale: float = 1.0

    @property
    def is_exact_in_float32(self) -> bool:
        """Whether pixels can be cast to float32 before the division."""
        limits = np.finfo(np.float32)
        return self.offset == 0 and float(limits.tiny) <= self.scale <= float(limits.max)

    def apply(self, pixels: NDArray[Any], out: NDArray[Any]) -> NDArray[Any]:
        """Scale pixels into another array; differences of large numbers are computed in float64.

        Parameters
        ----------
        pixels : ndarray
            Of any real dtype.
        out : ndarray of the same shape
            Where the result is stored.

        Returns
        -------
        out : ndarray

        Examples
        --------
        >>> import numpy as np
        >>> from skmnist._inputs.pixels import PixelScaling
        >>> pixels = np.array([1000, 1004, 1016])
        >>> PixelScaling(1000.0, 16.0).apply(pixels, np.empty(3, np.float32))
        array([0.  , 0.25, 1.  ], dtype=float32)
        """
        if self.is_exact_in_float32:
            return np.divide(pixels, self.scale, out=out)
        difference = np.subtract(pixels, self.offset, dtype=np.float64)
        return np.divide(difference, self.scale, out=out)

    def ready_to_divide(self, rows: Any, dtype: DTypeLike) -> tuple[Any, float]:
        """Return pixels and the number by which they still have to be divided.

        Parameters
        ----------
        rows : ndarray or RowSource of shape (n, n_pixels)
            Pixels of any real dtype.
        dtype : dtype
            Of a scaled copy.

        Returns
        -------
        rows : ndarray or RowSource of shape (n, n_pixels)
            `rows` itself if only a division is needed, else a scaled copy; a source's rows are
            scaled when they are read.
        divisor : float
            The scale, or 1 for a scaled copy.

        Examples
        --------
        >>> import numpy as np
        >>> from skmnist._inputs.pixels import PixelScaling
        >>> PixelScaling(0.0, 255.0).ready_to_divide(np.array([[0, 255]], np.uint8), "float32")
        (array([[  0, 255]], dtype=uint8), 255.0)
        """
        if self.is_exact_in_float32:
            return rows, self.scale
        if isinstance(rows, RowSource):
            return ScaledRows(rows, self, dtype), 1.0
        scaled = np.empty(rows.shape, dtype)
        for batch in _batches(rows):
            self.apply(rows[batch], scaled[batch])
        return scaled, 1.0


def find_pixel_scaling(rows: Any) -> PixelScaling:
    """Return the offset and the scale of pixels for a network.

    Parameters
    ----------
    rows : ndarray or SparseRows of shape (n, n_features)
        Training data, of any real dtype.

    Returns
    -------
    scaling : PixelScaling
        For images the lowest value and the range, so that pixels lie from 0 to 1 (0 and 255 for
        MNIST).  For centred, bell-shaped or heavy-tailed data, such as those of a
        ``StandardScaler`` or most tables of measurements, the mean and the standard deviation of
        all values together.  The scale of constant data is 1.

    Notes
    -----
    Data are centred if the means of the columns differ by less than half of what chance alone
    makes them differ by: ``n * var(means) / var(values)`` is 3.6 for ten images of Fashion-MNIST,
    0.7 for ten photographs of CIFAR-10, more for more images, and 0 for what a ``StandardScaler``
    was fitted on.  They are heavy-tailed if the range is over 50 standard deviations; it is 3 to 5
    for MNIST, digits and photographs.  They are bell-shaped if the range is over 6 standard
    deviations and hardly any value is near its ends, as in samples of a normal distribution.

    The scaling is learned from values, never from the dtype, so that the same numbers are the same
    images whether they are uint8 or float64.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.pixels import find_pixel_scaling
    >>> find_pixel_scaling(np.array([[0, 255]], dtype=np.uint8))
    PixelScaling(offset=0.0, scale=255.0)
    >>> find_pixel_scaling(np.array([[-3.0, 0.0], [3.0, 0.0]])).offset
    0.0
    """
    low, high = float(rows.min()), float(rows.max())
    if low == high:
        return PixelScaling(low, 1.0)
    spread = high - low
    if _are_pictures_for_certain(rows, low, spread):
        return PixelScaling(low, spread)
    mean, variance, apart = _spread_of_values(rows, low)
    is_wide = variance * _WIDEST_RANGE**2 < spread**2
    if apart < _CENTRED or is_wide or _is_bell(rows, low, spread, variance):
        return PixelScaling(low + mean, float(np.sqrt(variance)))
    return PixelScaling(low, spread)


def _batches(rows: Any) -> Iterator[slice]:
    fitting = _VALUES_IN_BATCH // rows.shape[1]
    yield from gen_batches(len(rows), max(1, min(_ROWS_IN_BATCH, fitting)))


def _are_pictures_for_certain(rows: Any, low: float, spread: float) -> bool:
    """Decide from randomly drawn rows, so that large sets of images need not be read whole."""
    if len(rows) <= _ENOUGH:
        return False
    drawn = np.random.default_rng(0).choice(len(rows), _ENOUGH, replace=False)
    some = taken(rows, np.sort(drawn))
    _, variance, apart = _spread_of_values(some, low)
    is_narrow = variance * (_WIDEST_RANGE / 2) ** 2 > spread**2
    return apart > _APART and is_narrow and not _is_bell(some, low, spread, variance)


def _is_bell(rows: Any, low: float, spread: float, variance: float) -> bool:
    """Return whether the values are wide spread, and few of them at the ends of their range."""
    if variance * _WIDER_THAN_PICTURES**2 >= spread**2:
        return False
    at_the_ends = 0
    for batch in _batches(rows):
        place = np.subtract(rows[batch], low, dtype=np.float64) / spread
        at_the_ends += int(np.count_nonzero((place < 0.1) | (place > 0.9)))
    return at_the_ends < _FEW_AT_THE_ENDS * rows.size


def _spread_of_values(rows: Any, low: float) -> tuple[float, float, float]:
    """Return the mean minus `low`, the variance, and ``n * var(means) / var(values)``."""
    totals, squares = np.zeros(rows.shape[1]), 0.0
    for batch in _batches(rows):
        part = np.subtract(rows[batch], low, dtype=np.float64)
        totals += part.sum(axis=0)
        squares += float(np.einsum("ij,ij->", part, part))
    means = totals / len(rows)
    mean = float(means.mean())
    variance = squares / rows.size - mean**2
    return mean, variance, len(rows) * float(means.var()) / variance if variance else 0.0


def some_of(images: Any) -> Any:
    """Return evenly spaced images, enough to find the background of all of them.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.pixels import some_of
    >>> some_of(np.zeros((60_000, 1, 1, 1))).shape
    (2000, 1, 1, 1)
    """
    step = -(-len(images) // _ENOUGH)
    if isinstance(images, MeasuredRows):
        return images.take(np.arange(0, len(images), step))
    return images[::step]


def border_pixels(images: Any) -> Any:
    """Return the outermost pixels of images.

    Parameters
    ----------
    images : ndarray or SparseRows of shape (n, height, width, channels)
        Images.

    Returns
    -------
    border : ndarray or SparseRows of shape (n, n_border, channels)
        The first and the last row, and the rest of the first and of the last column.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.pixels import border_pixels
    >>> border_pixels(np.zeros((2, 28, 28, 1))).shape
    (2, 108, 1)
    """
    if isinstance(images, MeasuredRows):
        numbered = np.arange(prod(images.shape[1:])).reshape(1, *images.shape[1:])
        return images.columns(border_pixels(numbered)[0])
    sides = images[:, [0, -1]], images[:, 1:-1, [0, -1]].swapaxes(1, 2)
    return np.concatenate([s.reshape(len(images), -1, images.shape[3]) for s in sides], axis=1)


def background_of_each(images: NDArray[Any]) -> NDArray[Any]:
    """Return the background of each image: the median of its border, in each channel.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels)
        Images.

    Returns
    -------
    background : ndarray of shape (n, 1, 1, channels)
        Of the dtype of `images`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.pixels import background_of_each
    >>> background_of_each(np.full((2, 28, 28, 1), 255, np.uint8)).ravel()
    array([255, 255], dtype=uint8)
    """
    border = border_pixels(images)
    middle = border.shape[1] // 2
    # An existing value, never a mean of two, so that integers stay integers.
    return np.partition(border, middle, axis=1)[:, middle][:, np.newaxis, np.newaxis]


def framed(images: NDArray[Any], down: tuple[int, int], across: tuple[int, int]) -> NDArray[Any]:
    """Return each image with a frame of its background around it.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels)
        Images.
    down, across : tuple (before, after)
        Rows and columns to add.

    Returns
    -------
    framed : ndarray of shape (n, height + sum(down), width + sum(across), channels)
        Of the dtype of `images`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.pixels import framed
    >>> framed(np.full((1, 2, 2, 1), 255, np.uint8), (1, 0), (0, 2))[0, ..., 0].tolist()
    [[255, 255, 255, 255], [255, 255, 255, 255], [255, 255, 255, 255]]
    """
    n, height, width, channels = images.shape
    shape = n, height + sum(down), width + sum(across), channels
    result = np.empty(shape, images.dtype)
    result[:] = background_of_each(images)
    result[:, down[0] : down[0] + height, across[0] : across[0] + width] = images
    return result


def background(images: Any) -> NDArray[Any]:
    """Return the background of images: the median of their borders, in each channel.

    Of many images, only `some_of` them are used.

    Parameters
    ----------
    images : ndarray or SparseRows of shape (n, height, width, channels)
        Images.

    Returns
    -------
    background : ndarray of shape (channels,)
        Of the dtype of `images`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.pixels import background
    >>> background(np.full((2, 28, 28, 1), 255, np.uint8))
    array([255], dtype=uint8)
    """
    return _middle_of(border_pixels(some_of(images)))


def _middle_of(border: Any) -> NDArray[Any]:
    """Return the median of each channel, the last axis."""
    if isinstance(border, SparseRows):
        return border.middles()
    border = border.reshape(-1, border.shape[-1])
    return np.partition(border, len(border) // 2, axis=0)[len(border) // 2]


class Ends(NamedTuple):
    """The fractions of images' borders at the two ends of a range, within a tenth of it."""

    at_low: float
    at_high: float


class PixelValues(NamedTuple):
    """Statistics of training images, to compare later images with.

    Parameters
    ----------
    low, high : float
        The lowest and the highest value.
    border_at_low, border_at_high : float
        The fraction of the border within a tenth of the range from its ends.
    background : tuple of float
        The median of the border, in each channel.
    """

    low: float
    high: float
    border_at_low: float
    border_at_high: float
    background: tuple[float, ...]

    @classmethod
    def of(cls, images: Any) -> "PixelValues":
        """Return the statistics of training images.

        Parameters
        ----------
        images : ndarray or SparseRows of shape (n, height, width, channels)
            Of any real dtype.

        Returns
        -------
        values : PixelValues

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skmnist._inputs.pixels import PixelValues
        >>> PixelValues.of(load_digits().images[..., None])[:2]
        (0.0, 16.0)
        """
        low, high = float(images.min()), float(images.max())
        border = border_pixels(some_of(images))
        known = cls(low, high, 0.0, 0.0, tuple(map(float, _middle_of(border))))
        at_low, at_high = known._ends_of_border(border)
        return known._replace(border_at_low=at_low, border_at_high=at_high)

    @property
    def has_margin(self) -> bool:
        """Whether nearly all of the border is empty, as around MNIST's digits."""
        return max(self.border_at_low, self.border_at_high) >= _EMPTY

    def ends_of(self, images: Any) -> Ends:
        """Return the fractions of images' borders at the ends of this range."""
        return self._ends_of_border(border_pixels(some_of(images)))

    def _ends_of_border(self, border: Any) -> Ends:
        tenth = (self.high - self.low) / 10
        at_low = count(border, lambda values: values <= self.low + tenth)
        at_high = count(border, lambda values: values >= self.high - tenth)
        return Ends(at_low / border.size, at_high / border.size)
