"""Many pictures, read as one array or as lazy images."""

import warnings
from collections.abc import Iterator, Mapping, Sequence, Set
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skmnist._inputs.arrays import as_numpy
from skmnist._inputs.lazy_images import LazyImages
from skmnist._inputs.pictures import PictureFormat, in_8_bits, name_of, read_picture
from skmnist._utils.errors import depth_of_this_package, shown

_EXPECTED = (
    "expected several pictures: a list or a column of paths, images of Pillow or arrays, or one "
    "array of shape (n, height, width[, channels])"
)
_MOST_NAMES = 5


def as_sources(X: Any) -> list[Any]:
    """Return the pictures that a user gave as a list.

    Parameters
    ----------
    X : list, array-like, Series or data frame of one column
        Paths, images of Pillow and arrays, also mixed; or one array of images.

    Returns
    -------
    sources : list

    Raises
    ------
    TypeError
        If `X` is a single picture, or yields pictures one after another.
    ValueError
        If `X` has another shape than that of a column or of images, or is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.loading import as_sources
    >>> as_sources(np.array([["a.png"], ["b.png"]]))
    ['a.png', 'b.png']
    """
    if isinstance(X, str | bytes | PathLike) or hasattr(X, "getexif"):
        raise TypeError(f"X is a single picture, {shown(X)}; {_EXPECTED}. Give [X] for one.")
    if isinstance(X, Iterator | Mapping | Set):
        raise TypeError(f"X is a {type(X).__name__}; {_EXPECTED}.")
    if isinstance(X, LazyImages):
        sources: list[Any] = [_LazyPicture(X, i) for i in range(len(X))]
    else:
        sources = _in_one_unit(X) if isinstance(X, list | tuple) else _of_array(X)
    if not sources:
        raise ValueError(f"X holds no picture; {_EXPECTED}.")
    return sources


class _LazyPicture:
    """One of lazy images, still not decoded."""

    def __init__(self, images: LazyImages, number: int) -> None:
        self._images = images
        self._number = number

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self._images[self._number], dtype=dtype)


def _in_one_unit(X: Sequence[Any]) -> list[Any]:
    """Return a list in which arrays of floats are from 0 to 255 if one of them is.

    An image that is dark all over may have no value over 1 by chance.
    """
    sources = list(X)
    floats = [i for i, source in enumerate(sources) if _is_of_floats(source)]
    if any(sources[i].max() > 1 for i in floats):
        for i in floats:
            if sources[i].min() >= 0 and sources[i].max() <= 1:
                sources[i] = np.rint(sources[i]).astype(np.uint8)
    return sources


def _is_of_floats(source: Any) -> bool:
    return isinstance(source, np.ndarray) and source.dtype.kind == "f" and source.size > 0


def _of_array(X: Any) -> list[Any]:
    array = X.to_numpy() if hasattr(X, "iloc") else as_numpy(X)
    if not isinstance(array, np.ndarray):
        raise TypeError(f"X is {shown(X)}; {_EXPECTED}.")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    is_column = array.dtype.kind in "OUT"
    if array.ndim not in ((1,) if is_column else (3, 4)):
        advice = ""
        if is_column:
            advice = " Give the column of the paths, such as X['path']."
        elif array.ndim == 2:
            advice = " Give X.reshape(-1, height, width) for rows of pixels, [X] for one picture."
        raise ValueError(f"X has shape {array.shape}; {_EXPECTED}.{advice}")
    if is_column or 0 in array.shape:
        return array.tolist()
    # All at once, as for lists.
    try:
        return list(in_8_bits(array))
    except ValueError as error:
        raise ValueError(f"X can't be read as pictures: {error}") from error


def names_of(sources: Sequence[Any]) -> list[str]:
    """Return names for errors: a picture's path, else its place in `X`.

    Examples
    --------
    >>> from skmnist._inputs.loading import names_of
    >>> names_of(["a.png", b""])
    ['a.png', 'X[1]']
    """
    return [
        name_of(source) if isinstance(source, str | PathLike) else f"X[{i}]"
        for i, source in enumerate(sources)
    ]


def load_pictures(
    sources: Sequence[Any],
    names: Sequence[str],
    picture_format: PictureFormat,
    *,
    on_error: str = "raise",
    lazy: bool = False,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.uint8] | LazyImages, NDArray[np.intp]]:
    """Read pictures, as an array or as lazy images.

    Parameters
    ----------
    sources : sequence
        The pictures, one at least.
    names : sequence of str
        Their names in errors.
    picture_format : PictureFormat
        What they are converted to; without a size, all have to be as large as the first one.
    on_error : {"raise", "skip"}, default="raise"
        What is done about a picture that can't be read: an error, or it is left out with a warning.
    lazy : bool, default=False
        Whether the images stay undecoded.
    n_jobs : int or None, default=None
        Number of threads.

    Returns
    -------
    images : ndarray or LazyImages of shape (n, height, width) or (n, height, width, 3), uint8
    read : ndarray of int
        The numbers of the pictures in `images`.

    Raises
    ------
    OSError, ValueError
        If a picture can't be read, all of them can't, or they differ in size.
    """
    shape = _shape_of_one(sources, names, picture_format, on_error)
    pictures = LazyImages(sources, names, picture_format, shape, n_jobs)
    if on_error == "raise":
        return pictures if lazy else np.asarray(pictures), np.arange(len(pictures))
    return _without_unreadable(pictures, names, lazy)


def _without_unreadable(
    pictures: LazyImages, names: Sequence[str], lazy: bool
) -> tuple[NDArray[np.uint8] | LazyImages, NDArray[np.intp]]:
    errors: dict[int, Exception] = {}
    if lazy:
        # Decoded once too, as only that shows which of them can be.
        pictures.read_each(lambda number, picture: None, errors)
    else:
        array = np.empty(pictures.shape, pictures.dtype)
        pictures.read_each(array.__setitem__, errors)
    read = np.array([i for i in range(len(pictures)) if i not in errors], dtype=np.intp)
    if not len(read):
        raise _none_readable(names)
    if errors:
        _warn([errors[i] for i in sorted(errors)], len(pictures))
    return pictures[read] if lazy else array[read], read


def _shape_of_one(
    sources: Sequence[Any], names: Sequence[str], picture_format: PictureFormat, on_error: str
) -> tuple[int, ...]:
    """Return the shape of all images; of the first one that can be read, if no size is given."""
    if picture_format.size is not None:
        return (*picture_format.size, *((3,) if picture_format.mode == "RGB" else ()))
    for source, name in zip(sources, names, strict=True):
        try:
            return read_picture(source, **picture_format._asdict(), name=name).shape
        except (OSError, ValueError):
            if on_error == "raise":
                raise
    raise _none_readable(names)


def _none_readable(names: Sequence[str]) -> ValueError:
    return ValueError(f"None of the {len(names):,} pictures can be read, such as {names[0]}.")


def _warn(errors: Sequence[Exception], n: int) -> None:
    named = " ".join(str(error) for error in errors[:_MOST_NAMES])
    more = f" And {len(errors) - _MOST_NAMES:,} more." if len(errors) > _MOST_NAMES else ""
    warnings.warn(
        f"{len(errors):,} of {n:,} pictures are left out, as they can't be read: {named}{more}",
        UserWarning,
        stacklevel=depth_of_this_package(),
    )
