"""What all estimators do where their public methods begin."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from skmnist._numbers import refuse_beyond_float32, refuse_masked
from skmnist.images import ImageShape, as_rows, refuse_other_shape

Method = TypeVar("Method", bound=Callable[..., Any])


def in_one_step(method: Method) -> Method:
    """Have a fitting method change its estimator at its end, at once, or not at all.

    Until then, another thread may ask the estimator as it was; after any error it stays so, after
    Ctrl-C too.  The method fits a shallow copy, so it has to set attributes, not to change their
    values in place.
    """

    @wraps(method)
    def fit(estimator: Any, *arguments: Any, **keywords: Any) -> Any:
        before = dict(vars(estimator))
        apart = object.__new__(type(estimator))
        vars(apart).update(before)
        method(apart, *arguments, **keywords)
        after = vars(apart)
        changed = {n: v for n, v in after.items() if n not in before or v is not before[n]}
        vars(estimator).update(changed)
        for name in before.keys() - after.keys():
            vars(estimator).pop(name, None)
        return estimator

    return fit  # type: ignore[return-value]


def rows_to_fit(
    estimator: Any, X: Any, y: Any, *, reset: bool = True
) -> tuple[NDArray, NDArray, ImageShape | None]:
    """Validate what an estimator is fitted on.

    Returns
    -------
    rows : ndarray of shape (n, n_pixels)
        Any real dtype.
    y : ndarray of shape (n,)
        Labels.
    seen_shape : tuple (height, width, channels) or None
        The shape of one image, or None where rows came.

    Raises
    ------
    ValueError
        If `X` or `y` is not usable.
    """
    rows, seen_shape = as_rows(X)
    refuse_masked(y, "y")
    rows, y = validate_data(estimator, rows, y, reset=reset, dtype="numeric")
    refuse_beyond_float32(rows)
    return rows, y, seen_shape


def rows_as_fitted(estimator: Any, X: Any) -> tuple[NDArray, ImageShape | None]:
    """Validate what a fitted estimator is asked about.

    Returns
    -------
    rows : ndarray of shape (n, n_pixels)
        Any real dtype.
    seen_shape : tuple (height, width, channels) or None
        The shape of one image, or None where rows came.

    Raises
    ------
    ValueError
        If `X` is not usable or has another shape than in `fit`.
    """
    rows, seen_shape = as_rows(X)
    rows = validate_data(estimator, rows, reset=False, dtype="numeric")
    refuse_beyond_float32(rows)
    refuse_other_shape(estimator, seen_shape)
    return rows, seen_shape


def generator_of(random_state: Any) -> np.random.RandomState:
    """Make the generator that a `random_state` means; None is fresh from the system.

    No global generator is read or moved, as scikit-learn's own `check_random_state` does for None.
    """
    if random_state is None:
        return np.random.RandomState()
    return check_random_state(random_state)
