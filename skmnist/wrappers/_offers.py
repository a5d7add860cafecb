"""What the user's function is given if it asks for it by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def offers(
    *,
    n_features_in: int,
    names: Any,
    sample_shape: tuple[int, ...],
    sample_dtype: str,
    parts: Any,
    seed: int,
    about_targets: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what a function is offered about the data and the seed, and SciKeras's `meta`.

    Parameters
    ----------
    n_features_in : int
        Number of columns.
    names : ndarray of str or None
        The names of the columns.
    sample_shape : tuple of int
        The shape of one sample.
    sample_dtype : str
        The name of its dtype.
    parts : list of (name, shape) or None
        The inputs, if `X` is a dict.
    seed : int
        Determines the initial weights.
    about_targets : dict of str to object
        What is offered about the targets.

    Returns
    -------
    offers : dict of str to object
        By the names of the function's arguments.

    Examples
    --------
    >>> from skmnist.wrappers._offers import offers
    >>> offers(
    ...     n_features_in=4, names=None, sample_shape=(2, 2), sample_dtype="float32", parts=None,
    ...     seed=0, about_targets={"n_outputs": 1},
    ... )["input_shape"]
    (2, 2)
    """
    shapes = {name: tuple(of_part) for name, of_part in parts} if parts else sample_shape
    meta = {
        **{f"{name}_": value for name, value in about_targets.items()},
        "n_features_in_": n_features_in,
        # SciKeras counts the columns of y.
        "n_outputs_": 1 if "classes" in about_targets else about_targets["n_outputs"],
        "n_outputs_expected_": 1,
        "X_shape_": (None, *sample_shape),
        "X_dtype_": np.dtype(sample_dtype),
        "classes_": about_targets.get("classes"),
        "feature_names_in_": names,
    }
    about_data = {"n_features_in": n_features_in, "input_shape": shapes, "seed": seed}
    return {**about_data, **about_targets, "meta": meta}
