"""The labels of an exported model."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from skmnist._utils.errors import shown
from skmnist.exporting._metadata import SEVERAL_LABELS


def exported_labels(classes: NDArray[Any]) -> NDArray[Any]:
    """Return class labels in a dtype that models have: int64, or object for strings.

    Raises
    ------
    ValueError
        If they are numbers that no int64 is equal to.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.exporting._labels import exported_labels
    >>> exported_labels(np.array(["cat", "dog"])), exported_labels(np.array([False, True]))
    (array(['cat', 'dog'], dtype=object), array([0, 1]))
    """
    if classes.dtype.kind not in "biuf":
        return classes.astype(object)
    labels = classes.astype(np.int64)
    if not np.array_equal(labels, classes):
        raise ValueError(
            f"the class labels {shown(classes.tolist())} are no whole numbers of 64 bits; fit on "
            "whole numbers or strings."
        )
    return labels


def has_several_labels(estimator: Any) -> bool:
    """Return whether each sample may have several labels."""
    return target_type_of(estimator) == SEVERAL_LABELS


def target_type_of(estimator: Any) -> str:
    """Return scikit-learn's name of the type of `y` of a fitted classifier."""
    while isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    if getattr(estimator, "target_type_", None) == SEVERAL_LABELS:
        return SEVERAL_LABELS
    return "binary" if len(estimator.classes_) == 2 else "multiclass"
