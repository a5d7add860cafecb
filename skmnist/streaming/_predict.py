"""Predictions batch by batch, for data that are nowhere in memory as a whole."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.errors import shown
from skmnist._utils.sklearn import safe_indexing

_METHODS = "predict", "predict_proba", "predict_log_proba", "decision_function", "transform"


def predict_batches(
    estimator: Any, X: Any, *, method: str = "predict", batch_size: int = 1024
) -> Iterator[NDArray[Any]]:
    """Predict samples that need not fit into memory, a batch at a time.

    Parameters
    ----------
    estimator : estimator
        Fitted; any classifier, regressor, Pipeline or transformer.
    X : array, dask array, path, or iterable
        The samples, which are read when their batch is due:

        - anything with a shape that slices can index: an array, one that is mapped into memory,
          ``LazyImages``, a dataset of h5py or zarr;
        - a dask array, of which one block of rows at a time is computed;
        - paths: ``.npy`` files are mapped into memory, other files passed to the estimator by
          their paths, such as pictures to a Pipeline that begins with ``ImageLoader``;
        - an iterable of batches, each an array or a tuple that begins with one, such as a
          generator, a ``tf.data.Dataset`` or a torch ``DataLoader``.
    method : str, default="predict"
        The method that predicts: also "predict_proba", "predict_log_proba", "decision_function" or
        "transform".
    batch_size : int, default=1024
        The largest number of samples that are read at once; larger batches are divided.

    Returns
    -------
    predictions : iterator of ndarray
        The predictions of each batch, in the order of the samples. Nothing is read before the first
        is asked for.

    Raises
    ------
    AttributeError
        If the estimator has no such method.
    TypeError
        If `X` is nothing of the kind.
    ValueError
        If `method` or `batch_size` can't be used.

    Notes
    -----
    The predictions are those for all samples at once, to the bit for networks of this package.
    A lazy dask array of predictions is ``dask.array.map_blocks(estimator.predict, X, ...)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import knn, predict_batches
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = knn().fit(X[:1000], y[:1000])
    >>> batches = predict_batches(classifier, X[1000:], batch_size=300)
    >>> [len(labels) for labels in batches]
    [300, 300, 197]
    """
    if method not in _METHODS:
        raise ValueError(f"method={shown(method)}; expected one of {', '.join(_METHODS)}.")
    if isinstance(batch_size, bool) or not (isinstance(batch_size, int) and batch_size >= 1):
        raise ValueError(f"batch_size={shown(batch_size)}; expected a whole number >= 1.")
    predict = getattr(estimator, method)
    return (np.asarray(predict(batch)) for batch in _batches(X, batch_size))


def _batches(X: Any, size: int) -> Iterator[Any]:
    """Return the batches of samples of any source."""
    if isinstance(X, str | os.PathLike):
        return _of_paths([X], size)
    if hasattr(X, "dask") and hasattr(X, "blocks"):
        return _of_dask(X, size)
    if hasattr(X, "shape"):
        return _of_array(X, size)
    if isinstance(X, Sequence) and X and isinstance(X[0], str | os.PathLike):
        return _of_paths(X, size)
    if not isinstance(X, Iterable) or isinstance(X, bytes | dict):
        raise TypeError(
            f"X={shown(X)}; expected an array, a dask array, paths, or an iterable of batches."
        )
    return chain.from_iterable(_of_array(_samples(batch), size) for batch in X)


def _of_array(X: Any, size: int) -> Iterator[Any]:
    if len(X.shape) == 0:
        raise TypeError(f"X={shown(X)}; expected samples along the first axis.")
    n = int(X.shape[0])
    if hasattr(X, "iloc") or hasattr(X, "tocsr"):
        return (safe_indexing(X, np.arange(n)[part]) for part in _slices(n, size))
    return (X[part] for part in _slices(n, size))


def _slices(n: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, n, size))


def _of_dask(X: Any, size: int) -> Iterator[Any]:
    whole_rows = X.rechunk(dict.fromkeys(range(1, X.ndim), -1)) if X.ndim > 1 else X
    return chain.from_iterable(
        _of_array(whole_rows.blocks[i].compute(), size) for i in range(whole_rows.numblocks[0])
    )


def _of_paths(paths: Sequence[Any], size: int) -> Iterator[Any]:
    are_arrays = [Path(path).suffix.lower() == ".npy" for path in paths]
    if not any(are_arrays):
        return (list(paths[part]) for part in _slices(len(paths), size))
    if not all(are_arrays):
        raise ValueError(
            f"X has {sum(are_arrays)} .npy files among {len(paths)} paths; expected all or none."
        )
    mapped = (np.load(path, mmap_mode="r", allow_pickle=False) for path in paths)
    return chain.from_iterable(_of_array(array, size) for array in mapped)


def _samples(batch: Any) -> Any:
    """Return the samples of a batch, which may be a tuple of samples and labels."""
    samples = (
        batch[0]
        if isinstance(batch, tuple | list) and len(batch) and _is_array(batch[0])
        else batch
    )
    if not _is_array(samples):
        samples = np.asarray(samples)
    return samples


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and len(value.shape) > 0
