"""Labels, their classes and their weights; which rows are for training and which held out."""

from math import ceil, inf
from numbers import Number, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_class_weight

from skmnist._inputs.arrays import as_numpy
from skmnist._utils.errors import shown

_HELD_OUT_BY_DEFAULT = 0.1
_OBJECTS = np.dtypes.ObjectDType
_LEAST_EPOCHS = 10
_LEAST_STEPS = 2000


def as_labels(y: Any, name: str = "y") -> Any:
    """Convert labels of any library to what scikit-learn accepts; refuse one-hot and mixed ones.

    Examples
    --------
    >>> from skmnist._inputs.targets import as_labels
    >>> as_labels(["cat", 3])
    Traceback (most recent call last):
    ValueError: y mixes strings and numbers, such as 'cat' and 3; give labels of one kind.
    """
    y = as_numpy(y)
    shape = y.shape if hasattr(y, "shape") else _shape_of_list(y)
    if len(shape) == 2 and shape[1] > 1:
        raise ValueError(
            f"{name} should be a 1d array of labels, shape (n,), but has shape {tuple(shape)}. "
            f"If it is one-hot, give np.argmax({name}, axis=1); if each column is a target with "
            "classes of its own, use sklearn.multioutput.MultiOutputClassifier."
        )
    if isinstance(y, list | tuple) or isinstance(getattr(y, "dtype", None), _OBJECTS):
        _check_one_kind(y, name)
    return y


def as_indicators(y: Any) -> NDArray[np.int8] | None:
    """Return a matrix of 0 and 1, one column per label, or None if `y` isn't one.

    Examples
    --------
    >>> from skmnist._inputs.targets import as_indicators
    >>> as_indicators([[0, 1, 1], [0, 0, 0]])
    array([[0, 1, 1],
           [0, 0, 0]], dtype=int8)
    >>> as_indicators([0, 1, 1]) is None
    True
    """
    y = as_numpy(y.toarray() if issparse(y) else y)
    if len(getattr(y, "shape", None) or _shape_of_list(y)) != 2:
        return None
    try:
        table = np.asarray(y)
    except ValueError:  # of rows of different lengths
        return None
    if table.ndim != 2 or table.shape[1] < 2 or table.dtype.kind not in "biuf":
        return None
    if not ((table == 0) | (table == 1)).all():
        return None
    return table.astype(np.int8)


def check_not_one_hot(indicators: NDArray[Any]) -> None:
    """Raise an error for a matrix with exactly one 1 in each row, as one-hot labels have.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.targets import check_not_one_hot
    >>> check_not_one_hot(np.eye(3))
    Traceback (most recent call last):
    ValueError: y has shape (3, 3) and exactly one 1 in each row, ...
    """
    if (indicators.sum(axis=1) == 1).all():
        raise ValueError(
            f"y has shape {indicators.shape} and exactly one 1 in each row, as one-hot labels "
            "have; expected labels of shape (n,): give np.argmax(y, axis=1)."
        )


def _shape_of_list(y: Any) -> tuple[int, ...]:
    return (len(y), *np.shape(y[0])) if isinstance(y, list | tuple) and y else ()


def _check_one_kind(y: Any, name: str) -> None:
    examples = {isinstance(label, str): label for label in y if isinstance(label, str | Number)}
    if len(examples) == 2:
        raise ValueError(
            f"{name} mixes strings and numbers, such as {shown(examples[True])} and "
            f"{shown(examples[False])}; give labels of one kind."
        )


def at_least_two(classes: NDArray[Any]) -> NDArray[Any]:
    """Return the classes; raise an error if there is only one."""
    if len(classes) < 2:
        (only,) = classes.tolist()
        raise ValueError(
            f"y contains one class only, {shown(only)}; a classifier needs at least 2 classes."
        )
    return classes


def class_numbers(y: NDArray[Any], classes: NDArray[Any], counted: NDArray[Any]) -> NDArray[Any]:
    """Return each label's index in `classes`; rows that don't count may have any index."""
    numbers = np.searchsorted(classes, y).clip(max=len(classes) - 1)
    unseen = np.setdiff1d(y[counted][classes[numbers[counted]] != y[counted]], classes)
    if len(unseen):
        raise ValueError(
            f"y contains labels that are not among the classes: {shown(unseen.tolist())}; "
            f"the classes are {shown(classes.tolist())}."
        )
    return numbers.astype(np.int32)


def class_weights(
    class_weight: Any, classes: NDArray[Any], labels: NDArray[Any], counted: NDArray[Any]
) -> NDArray[Any]:
    """Return the weight of each class; a class that is missing from a dict has weight 1."""
    if isinstance(class_weight, dict):
        weights = _weights_by_label(class_weight, classes)
    else:
        seen = classes[labels[counted]]
        weights = compute_class_weight(class_weight, classes=classes, y=seen)
    if not weights[labels[counted]].any():
        raise ValueError(f"class_weight={shown(class_weight)} leaves no sample any weight.")
    return weights


def _weights_by_label(class_weight: dict[Any, Any], classes: NDArray[Any]) -> NDArray[Any]:
    """Look up labels as they are: the string "5" is not the number 5."""
    for label, weight in class_weight.items():
        if not (isinstance(weight, Real) and 0 <= float(weight) < inf):
            raise ValueError(
                f"class_weight: the weight of {shown(label)} is {shown(weight)}; expected a number "
                "of at least 0."
            )
    known = classes.tolist()
    unknown = [label for label in class_weight if label not in known]
    # If each class has a weight, further keys are allowed: a fold may lack a class.
    if unknown and len(class_weight) - len(unknown) < len(known):
        kind = " as strings" if classes.dtype.kind in "UO" else ""
        raise ValueError(
            f"class_weight has the keys {shown(unknown)}, which are no labels; expected labels"
            f"{kind}, as in y: {shown(known)}."
        )
    return np.array([class_weight.get(label, 1.0) for label in known], dtype=np.float64)


def batch_size(wanted: Any, n_rows: int) -> int:
    """Return the batch size; "auto" gives about 30 steps per epoch on small data."""
    if wanted is None:
        return n_rows
    if wanted == "auto":
        power = round(np.log2(max(n_rows, 1) / 32))
        return int(2 ** np.clip(power, 4, 8))
    return int(min(wanted, n_rows))


def n_epochs(wanted: Any, n_rows: int, batch_size: int) -> int:
    """Return the number of epochs; "auto" gives enough for a network to learn from few samples."""
    if wanted == "auto":
        steps_per_epoch = ceil(n_rows / batch_size)
        return max(_LEAST_EPOCHS, ceil(_LEAST_STEPS / steps_per_epoch))
    return int(wanted)


def held_out_part(validation_fraction: float | None, early_stopping: bool) -> float:
    """Return the fraction of the training data that is held out; early stopping needs some.

    Examples
    --------
    >>> from skmnist._inputs.targets import held_out_part
    >>> held_out_part(None, False), held_out_part(None, True), held_out_part(0, True)
    (0.0, 0.1, 0.0)
    """
    if validation_fraction is None:
        return _HELD_OUT_BY_DEFAULT if early_stopping else 0.0
    return float(validation_fraction)


def random_split(
    rows: NDArray[Any], fraction: float, seed: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Split rows into a training part and a held-out part, whatever their labels are."""
    n_held_out = max(ceil(fraction * len(rows)), 1)
    if n_held_out >= len(rows):
        raise ValueError(
            f"validation_fraction={fraction} can't be held out of {len(rows)} samples: one is left "
            "to train on, at least. Give more samples or another fraction, or 0 to hold out none."
        )
    train, judge = train_test_split(rows, test_size=n_held_out, random_state=seed)
    return train, judge


def stratified_split(
    rows: NDArray[Any], labels: NDArray[Any], fraction: float, seed: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Split rows into a training part and a held-out part, each with every class."""
    n_classes = len(np.unique(labels[rows]))
    n_held_out = max(ceil(fraction * len(rows)), n_classes)
    fewest = np.bincount(labels[rows])[labels[rows]].min()
    if fewest < 2 or len(rows) - n_held_out < n_classes:
        raise ValueError(
            f"validation_fraction={fraction} can't be held out of {len(rows)} samples of "
            f"{n_classes} classes, the smallest of {fewest}: one of each class has to be held out "
            "and one is left to train on, at least. Give more samples or another fraction, or 0 to "
            "hold out none."
        )
    train, judge = train_test_split(
        rows, test_size=n_held_out, stratify=labels[rows], random_state=seed
    )
    return train, judge
