"""What all estimators do where their public methods begin."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from skmnist.images import ImageShape, as_rows, refuse_other_shape


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
    refuse_other_shape(estimator, seen_shape)
    return rows, seen_shape


def generator_of(random_state: Any) -> np.random.RandomState:
    """Make the generator that a `random_state` means; None is fresh from the system.

    No global generator is read or moved, as scikit-learn's own `check_random_state` does for None.
    """
    if random_state is None:
        return np.random.RandomState()
    return check_random_state(random_state)
