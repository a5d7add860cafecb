"""What the user's function is given if it asks for it by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def offers(estimator: Any, about_targets: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a function is offered about the data and the seed, and SciKeras's `meta`.

    Parameters
    ----------
    estimator : KerasEstimator
        Has learned from the data, but not yet a network.
    about_targets : dict of str to object
        What the estimator offers about the targets.

    Returns
    -------
    offers : dict of str to object
        By the names of the function's arguments.
    """
    parts, shape = estimator._parts_, tuple(estimator._sample_shape_)
    found = {
        "n_features_in": estimator.n_features_in_,
        "input_shape": {name: tuple(of_part) for name, of_part in parts} if parts else shape,
        "seed": estimator._seed_,
        **about_targets,
    }
    meta = {
        **{f"{name}_": value for name, value in about_targets.items()},
        "n_features_in_": estimator.n_features_in_,
        # SciKeras counts the columns of y.
        "n_outputs_": 1 if "classes" in about_targets else about_targets["n_outputs"],
        "n_outputs_expected_": 1,
        "X_shape_": (None, *shape),
        "X_dtype_": np.dtype(estimator._sample_dtype_),
        "classes_": about_targets.get("classes"),
        "feature_names_in_": getattr(estimator, "feature_names_in_", None),
    }
    return found | {"meta": meta}
