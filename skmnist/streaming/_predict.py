"""Predictions batch by batch, for data that are nowhere in memory as a whole."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import prod
from numbers import Integral, Number
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.arrays import as_numpy
from skmnist._inputs.batches import described
from skmnist._inputs.named_inputs import has_names
from skmnist._utils.errors import shown
from skmnist._utils.values import is_a

_METHODS = "predict", "predict_proba", "predict_log_proba", "decision_function", "transform"


def predict_batches(
    estimator: Any,
    X: Any,
    *,
    method: str = "predict",
    batch_size: int | np.integer[Any] = 1024,
) -> Iterator[NDArray[Any]]:
    """Predict samples that need not fit into memory, a batch at a time.

    Parameters
    ----------
    estimator : estimator
        Fitted; any classifier, regressor, Pipeline or transformer.
    X : array, dask array, dict of arrays, path, iterable or callable
        The samples, which are read when their batch is due:

        - anything with a shape that slices can index: an array, one that is mapped into memory,
          ``LazyImages``, a dataset of h5py or zarr;
        - a dict of arrays by the names of a network's inputs;
        - a dask array, of which one block of rows at a time is computed;
        - paths: ``.npy`` files are mapped into memory, other files passed to the estimator by
          their paths, such as pictures to a Pipeline that begins with ``ImageLoader``;
        - an iterable of batches, each an array, a dict of arrays or a tuple that begins with one,
          such as a generator, a ``tf.data.Dataset`` or a torch ``DataLoader``;
        - a function that returns one of these, such as a generator function.
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
        If `X` is nothing of the kind, or yields single samples.
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
    if not (is_a(Integral, batch_size) and batch_size >= 1):
        raise ValueError(f"batch_size={shown(batch_size)}; expected a whole number >= 1.")
    predict = getattr(estimator, method)
    one_image = getattr(estimator, "image_shape_", None)
    return (np.asarray(predict(batch)) for batch in _batches(X, int(batch_size), one_image))


def _batches(X: Any, size: int, one_image: tuple[int, ...] | None) -> Iterator[Any]:
    """Return the batches of samples of any source."""
    if callable(X) and not isinstance(X, Iterable):
        X = X()
    if isinstance(X, str | os.PathLike):
        return _of_paths([X], size)
    if hasattr(X, "dask") and hasattr(X, "blocks"):
        return _of_dask(X, size)
    if hasattr(X, "shape") or has_names(X):
        return _of_samples(X, size)
    if isinstance(X, Sequence) and X and isinstance(X[0], str | os.PathLike):
        return _of_paths(X, size)
    if not isinstance(X, Iterable) or isinstance(X, bytes):
        raise TypeError(
            f"X={shown(X)}; expected an array, a dask array, a dict of arrays, paths, an iterable "
            "of batches, or a function that returns one of these."
        )
    if isinstance(X, tuple):
        _check_not_labelled(X)
    return chain.from_iterable(_of_samples(_samples(batch, one_image), size) for batch in X)


def _of_samples(X: Any, size: int) -> Iterator[Any]:
    if has_names(X):
        n = max(map(len, X.values()), default=0)
        return ({name: values[part] for name, values in X.items()} for part in _slices(n, size))
    if len(X.shape) == 0:
        raise TypeError(f"X={shown(X)}; expected samples along the first axis.")
    if hasattr(X, "tocsr"):  # the format of SciPy's whose rows are read fast
        X = X.tocsr()
    rows = X.iloc if hasattr(X, "iloc") else X
    return (rows[part] for part in _slices(int(X.shape[0]), size))


def _slices(n: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, n, size))


def _of_dask(X: Any, size: int) -> Iterator[Any]:
    whole_rows = X.rechunk(dict.fromkeys(range(1, X.ndim), -1)) if X.ndim > 1 else X
    return chain.from_iterable(
        _of_samples(whole_rows.blocks[i].compute(), size) for i in range(whole_rows.numblocks[0])
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
    return chain.from_iterable(_of_samples(array, size) for array in mapped)


def _samples(batch: Any, one_image: tuple[int, ...] | None) -> Any:
    """Return the samples of a batch, which may be a tuple of samples and labels."""
    is_tuple = isinstance(batch, tuple | list) and len(batch) > 0
    with_labels = is_tuple and (_is_array(batch[0]) or has_names(batch[0]))
    samples = batch[0] if with_labels else batch
    if not (has_names(samples) or hasattr(samples, "shape")):
        samples = np.asarray(samples)
    has_one_label = with_labels and len(batch) > 1 and _is_scalar(batch[1])
    if has_one_label or _is_single(samples, one_image):
        raise TypeError(
            f"X yields single samples, such as {described(samples)}; expected batches of them. "
            "Give X.batch(100) of a tf.data.Dataset, a DataLoader with batch_size=100, or all "
            "samples as one array, such as np.stack(X)."
        )
    return samples


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and len(value.shape) > 0


def _is_scalar(value: Any) -> bool:
    return isinstance(value, Number | str) or getattr(value, "shape", None) == ()


def _is_single(samples: Any, one_image: tuple[int, ...] | None) -> bool:
    """Return whether these are the values of one sample: texts and paths have but one each."""
    if has_names(samples):
        return any(map(_is_scalar, samples.values()))
    shape = tuple(samples.shape)
    if len(shape) < 2:
        return not shape or as_numpy(samples).dtype.kind in "buif"
    if one_image is None or prod(shape[1:]) == prod(one_image):
        return False
    return one_image in (shape, (*shape, 1))


def _check_not_labelled(X: tuple[Any, ...]) -> None:
    """Refuse a tuple of samples and labels: batches of samples have as many axes each."""
    axes = {len(part.shape) if hasattr(part, "shape") else type(part) for part in X}
    if len(axes) > 1:
        parts = ", ".join(map(described, X))
        raise TypeError(
            f"X is a tuple of {parts}; expected batches of samples. If these are samples and their "
            "labels, give the samples alone."
        )
