"""Photographs of any sizes, as arrays, tensors or Pillow's images, one after another."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.arrays import as_numpy
from skmnist._inputs.numbers import check_not_masked
from skmnist._inputs.pictures import upright
from skmnist._utils.errors import shown

_ONE = "(height, width) or (height, width, channels)"
_EXPECTED = (
    f"expected photographs: a list of arrays of shape {_ONE} or of PIL images, or one array of "
    "shape (n, height, width[, channels])"
)
_MOST_CHANNELS = 4
_FEWEST_PIXELS = 4  # per side, of what is taken for a single photograph


def photographs(X: Any) -> list[Any]:
    """Return what holds photographs as a list, or as a sequence that reads each when it is used.

    Parameters
    ----------
    X : object
        As the user gave it.

    Returns
    -------
    each : sequence of n objects
        To be read by :func:`as_photograph`.

    Raises
    ------
    TypeError
        If `X` yields its photographs one after another, or is a single image, a text or a number.
    ValueError
        If `X` is an array of another number of dimensions, as that of a single photograph is.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.photographs import photographs
    >>> len(photographs([np.zeros((30, 40)), np.zeros((20, 20, 3))]))
    2
    """
    if hasattr(X, "iloc"):
        X = _column(X).tolist()
    if isinstance(X, str | bytes | dict) or not (
        hasattr(X, "__len__") and hasattr(X, "__getitem__")
    ):
        raise TypeError(f"X is {shown(X)}; {_EXPECTED}.")
    if hasattr(X, "ndim"):
        _check_shape(tuple(X.shape), np.dtype(object) == getattr(X, "dtype", None))
    return X


def as_photograph(image: Any, name: str) -> NDArray[Any]:
    """Return one photograph as an array with an axis of channels.

    Parameters
    ----------
    image : array-like, tensor or PIL.Image.Image
        Of shape (height, width) or (height, width, channels); of one to four channels, among which
        may be one of transparency. A Pillow image is turned as its EXIF orientation says.
    name : str
        The photograph's name in errors.

    Returns
    -------
    photograph : ndarray of shape (height, width, channels)
        Numbers of any real dtype.

    Raises
    ------
    TypeError
        If it is a text, such as a path, or holds anything but numbers.
    ValueError
        If it has another shape, no pixels, or values that are masked, infinite or NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.photographs import as_photograph
    >>> as_photograph(np.zeros((30, 40), np.uint8), "X[0]").shape
    (30, 40, 1)
    """
    if hasattr(image, "getexif"):
        image = upright(image)
        image = image.convert("RGBA") if image.mode in ("P", "PA") else image
    check_not_masked(image, name)
    pixels = np.asarray(as_numpy(image))
    if pixels.dtype.kind not in "buif":
        what = shown(image) if isinstance(image, str) else f"of dtype {pixels.dtype}"
        raise TypeError(
            f"{name} is {what}; expected numbers, an array of shape {_ONE}. Read files first, for "
            "example with PIL.Image.open(path)."
        )
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    if pixels.ndim != 3 or pixels.size == 0 or pixels.shape[2] > _MOST_CHANNELS:
        raise ValueError(
            f"{name} has shape {np.shape(image)}; expected {_ONE}, of 1 to {_MOST_CHANNELS} "
            "channels, which come last."
        )
    if not np.isfinite(pixels).all():
        raise ValueError(f"{name} has values that are NaN or infinite; expected finite numbers.")
    return pixels


def each_photograph(X: Any) -> Iterator[NDArray[Any]]:
    """Return photographs one after another, as :func:`as_photograph` does.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.photographs import each_photograph
    >>> [photograph.shape for photograph in each_photograph(np.zeros((2, 30, 40)))]
    [(30, 40, 1), (30, 40, 1)]
    """
    every = photographs(X)
    return (as_photograph(every[i], f"X[{i}]") for i in range(len(every)))


def _column(X: Any) -> Any:
    """Return a Series, or the only column of a data frame."""
    if X.ndim == 1:
        return X
    if X.shape[1] != 1:
        raise ValueError(f"X is a table of {X.shape[1]} columns; {_EXPECTED}.")
    return X.iloc[:, 0]


def _check_shape(shape: tuple[int, ...], of_objects: bool) -> None:
    if len(shape) in (3, 4) or (len(shape) == 1 and of_objects):
        in_colour = len(shape) == 3 and shape[2] in (3, 4)
        if not in_colour or min(shape[:2]) <= _FEWEST_PIXELS:
            return
    raise ValueError(f"X has shape {shape}; {_EXPECTED}. For a single photograph, give [image].")
