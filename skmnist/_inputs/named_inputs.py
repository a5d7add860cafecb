"""Samples as the user gave them: an array, a table, or a dict of inputs by their names."""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skmnist._inputs.arrays import as_numpy
from skmnist._utils.errors import shown


def has_names(X: Any) -> bool:
    """Return whether `X` is a dict of inputs; one of SciPy's sparse arrays is a mapping too."""
    return isinstance(X, Mapping) and not issparse(X)


def sample_shape(X: Any) -> list[int]:
    """Return the shape of one sample, as the user gave it.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.named_inputs import sample_shape
    >>> sample_shape(np.zeros((5, 28, 28)))
    [28, 28]
    """
    if has_names(X):
        return [sum(prod(shape) for _, shape in parts_of(X))]
    shape = getattr(as_numpy(X), "shape", None)
    return [int(side) for side in (np.shape(X) if shape is None else shape)[1:]]


def dtype_name(X: Any) -> str:
    """Return the name of the dtype that samples have, or would have as an array."""
    if has_names(X):
        return str(np.result_type(*(np.asarray(as_numpy(value)).dtype for value in X.values())))
    dtype = getattr(as_numpy(X), "dtype", None)
    return str(np.asarray(X).dtype if not isinstance(dtype, np.dtype) else dtype)


def largest_integer(X: Any) -> int:
    """Return the largest size of a whole number in columns of integers.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.named_inputs import largest_integer
    >>> largest_integer(np.array([[3, -70_000]])), largest_integer(np.array([[1e9]]))
    (70000, 0)
    """
    if issparse(X):
        parts = [X.data] if hasattr(X, "data") and hasattr(X.data, "dtype") else []
    elif has_names(X):
        parts = [as_numpy(value) for value in X.values()]
    elif hasattr(X, "iloc") and hasattr(X, "columns"):
        parts = [X[name].to_numpy() for name in X.columns if X[name].dtype.kind in "iu"]
    else:
        parts = [as_numpy(X)]
    numbers = [part for part in parts if isinstance(getattr(part, "dtype", None), np.dtype)]
    wide = [part for part in numbers if part.dtype.kind in ("i", "u") and part.dtype.itemsize > 2]
    # Without a copy of absolute values.
    return max((max(int(part.max()), -int(part.min())) for part in wide if part.size), default=0)


def parts_of(X: Mapping[str, Any]) -> list[list[Any]]:
    """Return the names of the inputs and the shapes of one sample of each.

    Raises
    ------
    ValueError
        If there are none, or they don't have the same number of samples.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.named_inputs import parts_of
    >>> parts_of({"image": np.zeros((5, 8, 8)), "age": np.zeros(5)})
    [['image', [8, 8]], ['age', [1]]]
    """
    if not X:
        raise ValueError("X is an empty dict; expected arrays by the names of the inputs.")
    shapes = {name: np.shape(as_numpy(value)) for name, value in X.items()}
    if len({shape[:1] for shape in shapes.values()}) > 1 or any(not s for s in shapes.values()):
        raise ValueError(
            f"X holds inputs of the shapes {shown(shapes)}; expected the same number of samples in "
            "each."
        )
    return [[str(name), list(shape[1:] or (1,))] for name, shape in shapes.items()]


def joined(X: Mapping[str, Any], parts: list[list[Any]]) -> NDArray[Any]:
    """Return rows with the columns of all inputs, one after another.

    Raises
    ------
    ValueError
        If the inputs are not those of `parts`.

    Examples
    --------
    >>> from skmnist._inputs.named_inputs import joined
    >>> joined({"b": [3, 4], "a": [[0, 1], [5, 6]]}, [["a", [2]], ["b", [1]]])
    array([[0, 1, 3],
           [5, 6, 4]])
    """
    found = dict(parts_of(X))
    if found != dict(parts):
        raise ValueError(
            f"X has inputs of the shapes {shown(found)}; expected {shown(dict(parts))}, as in fit."
        )
    arrays = [np.asarray(as_numpy(X[name])) for name, _ in parts]
    return np.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1)
