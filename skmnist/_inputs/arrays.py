"""Conversion of images and labels to NumPy arrays, with errors for what can't be converted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from os import PathLike
from typing import Any

import numpy as np

from skmnist._inputs.images_on_demand import ImagesOnDemand
from skmnist._utils.errors import shown

_STRINGS = (str, bytes, PathLike)
_PIXELS = "expected an array of shape (n, n_pixels) or (n, height, width[, channels])"


def as_pixels(X: Any) -> Any:
    """Convert an array of any library to NumPy's; refuse what isn't a table or array of numbers.

    Parameters
    ----------
    X : object
        An array of NumPy or xarray, a tensor of TensorFlow, PyTorch or JAX, a buffer, a list, a
        data frame or a sparse matrix.

    Returns
    -------
    X : object
        An array if `X` is one of any library, else `X` itself: for scikit-learn to validate, or
        lazy images.

    Raises
    ------
    TypeError
        If `X` yields its samples one after another, as a generator or ``tf.data.Dataset`` does, or
        is a dict.
    ValueError
        If `X` holds texts or dates, or is a column of images.

    Examples
    --------
    >>> from skmnist._inputs.arrays import as_pixels
    >>> as_pixels(memoryview(bytearray(3)))
    array([0, 0, 0], dtype=uint8)
    """
    if _is_stream(X):
        raise TypeError(
            f"X is a {type(X).__name__}, which yields its samples one after another; {_PIXELS} "
            "that holds all of them. Networks learn from batches by skmnist.fit_batches."
        )
    if isinstance(X, Mapping) and not hasattr(X, "shape"):  # one of SciPy's sparse arrays has one
        raise TypeError(
            f"X is a dict with the keys {shown(list(X))}; {_PIXELS}. Give the array in it, such as "
            "X['image']."
        )
    X = as_numpy(X)
    _check_numeric(X)
    return X


def as_numpy(values: Any) -> Any:
    """Convert an array of any library to NumPy's; return anything else, and lazy images, unchanged.

    Examples
    --------
    >>> from skmnist._inputs.arrays import as_numpy
    >>> as_numpy(memoryview(b"ab"))
    array([97, 98], dtype=uint8)
    >>> as_numpy([0, 1])
    [0, 1]
    """
    if isinstance(values, np.ndarray | ImagesOnDemand | type) or hasattr(values, "iloc"):
        return values
    if hasattr(values, "detach"):  # a PyTorch tensor may require a gradient
        values = values.detach()
    if hasattr(values, "__array__") or isinstance(values, memoryview):
        return np.asarray(values)
    return values


def _is_stream(X: Any) -> bool:
    if isinstance(X, Iterator):
        return True
    is_array = hasattr(X, "__array__") or hasattr(X, "shape")
    is_collection = isinstance(X, Sequence | Mapping | Set)
    is_iterable = isinstance(X, Iterable) or hasattr(X, "__getitem__")
    return is_iterable and not is_array and not is_collection and not isinstance(X, type)


def _check_numeric(X: Any) -> None:
    """Refuse texts, dates and columns of arrays, for which scikit-learn's errors aren't clear."""
    if any(dtype.kind in "mM" for dtype in _dtypes(X)):
        raise ValueError(f"X holds dates or times; {_PIXELS} of numbers.")
    first = _only_entry_of_first_row(X)
    if isinstance(first, _STRINGS):
        raise ValueError(
            f"X holds strings such as {shown(str(first))}; {_PIXELS} of numbers. Read image files "
            "by ImageLoader, as in make_pipeline(ImageLoader(size=28), CNNClassifier()); turn "
            "texts into word indices with TextSequencer, as in "
            "make_pipeline(TextSequencer(), SequenceCNNClassifier())."
        )
    if np.ndim(first) > 0:
        advice = "np.stack(X), or np.stack(X['name']) for a column of a data frame"
        if np.ndim(first) == 1:
            advice += "; sequences of several lengths: keras.utils.pad_sequences(X)"
        raise ValueError(
            f"X is a column of arrays, the first of shape {np.shape(first)}; {_PIXELS}. Stack "
            f"them: {advice}."
        )


def _dtypes(X: Any) -> list[np.dtype]:
    if isinstance(X, np.ndarray):
        return [X.dtype]
    dtypes = getattr(X, "dtypes", ())  # a frame's; a column has a single one
    dtypes = dtypes if isinstance(dtypes, Iterable) else [dtypes]
    return [dtype for dtype in dtypes if isinstance(dtype, np.dtype)]


def _only_entry_of_first_row(X: Any) -> Any:
    """Return what the first row holds if that is a single entry."""
    if isinstance(X, list | tuple):
        while isinstance(X, list | tuple) and X and (len(X) == 1 or isinstance(X[0], _STRINGS)):
            X = X[0]
        return X if isinstance(X, _STRINGS) else None
    shape = getattr(X, "shape", ())
    if not hasattr(X, "__array__") or shape[1:] not in ((), (1,)) or 0 in shape:
        return None
    return np.asarray(X[:1]).flat[0] if shape else None
