"""Checks for numbers that can't be computed with; errors name the parameter."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.arrays import as_numpy
from skmnist._utils.sklearn import check_sample_weight


def check_not_masked(values: Any, name: str) -> None:
    """Raise an error for a masked array with masked values, or a list that contains one.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.numbers import check_not_masked
    >>> check_not_masked(np.ma.array([1, 2], mask=[True, False]), "y")
    Traceback (most recent call last):
    ValueError: y is a masked array with 1 masked value, ...
    """
    parts = values if isinstance(values, list | tuple) else [values]
    masked = sum(np.ma.count_masked(p) for p in parts if isinstance(p, np.ma.MaskedArray))
    if masked:
        raise ValueError(
            f"{name} is a masked array with {masked} masked value{'' if masked == 1 else 's'}, and "
            "masks are not supported. Replace the values, for example by filled(0), or leave out "
            "the samples that have any."
        )


def check_float32_range(rows: NDArray[Any]) -> None:
    """Raise an error for pixels that are too large for float32, in which networks compute.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.numbers import check_float32_range
    >>> check_float32_range(np.array([[1e39]]))
    Traceback (most recent call last):
    ValueError: X has values up to 1e+39 in size, ...
    """
    most = np.finfo(np.float32).max
    if rows.dtype.kind != "f" or rows.dtype.itemsize <= most.itemsize:
        return
    largest = max(abs(rows.min()), abs(rows.max()))
    if largest > most:
        raise ValueError(
            f"X has values up to {largest:g} in size, and float32 holds no more than {most:.2g}. "
            "Divide X by a common number, or look for values that stand for missing ones."
        )


def checked_weights(weights: Any, rows: NDArray[Any], name: str = "sample_weight") -> NDArray[Any]:
    """Validate sample weights: not negative, with a finite sum; None means 1 for all.

    Parameters
    ----------
    weights : array-like of shape (n,) or None
        The weights.
    rows : ndarray of shape (n, n_features)
        The samples.
    name : str, default="sample_weight"
        The parameter's name in errors.

    Returns
    -------
    weights : ndarray of shape (n,), float64

    Raises
    ------
    ValueError
        If they are not usable.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.numbers import checked_weights
    >>> checked_weights([1, 2], np.zeros((2, 4)))
    array([1., 2.])
    """
    check_not_masked(weights, name)
    checked = check_sample_weight(
        as_numpy(weights), rows, dtype=np.float64, ensure_non_negative=True
    )
    check_no_overflow(checked, checked, name)
    return checked


def check_no_overflow(weights: NDArray[Any], given: NDArray[Any], name: str) -> None:
    """Raise an error if the sum of `weights` is too large; `given` are the parameter's own."""
    with np.errstate(over="ignore"):
        if np.isfinite(weights.sum()):
            return
    raise ValueError(
        f"{name} has values up to {given.max():g}, and the sum of all weights, sample_weight times "
        "class_weight, is too large for float64. Only their ratios count: divide them by a common "
        "number."
    )
