"""Labels, their classes and their weights; which rows train and which judge."""

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_class_weight

_LEAST_EPOCHS = 10
_LEAST_STEPS = 2000


def at_least_two(classes: NDArray) -> NDArray:
    """Refuse a problem of a single class."""
    if len(classes) < 2:
        (only,) = classes.tolist()
        raise ValueError(
            f"y contains one class only, {only!r}; a classifier needs at least 2 classes."
        )
    return classes


def class_numbers(y: NDArray, classes: NDArray, counted: NDArray) -> NDArray:
    """Give each label its place in `classes`; rows that don't count may have any."""
    numbers = np.searchsorted(classes, y).clip(max=len(classes) - 1)
    unseen = np.setdiff1d(y[counted][classes[numbers[counted]] != y[counted]], classes)
    if len(unseen):
        raise ValueError(
            f"y contains labels that are not among the classes: {unseen.tolist()}; "
            f"the classes are {classes.tolist()}."
        )
    return numbers.astype(np.int32)


def class_weights(
    class_weight: Any, classes: NDArray, labels: NDArray, counted: NDArray
) -> NDArray:
    """Find the weight of each class."""
    if isinstance(class_weight, dict):
        wrong = {c: w for c, w in class_weight.items() if not (np.isfinite(w) and w >= 0)}
        if wrong:
            raise ValueError(f"class_weight={wrong}; expected numbers of at least 0.")
    seen = classes[labels[counted]]
    weights = compute_class_weight(class_weight, classes=classes, y=seen)
    if not weights[labels[counted]].any():
        raise ValueError(f"class_weight={class_weight} leaves no sample any weight.")
    return weights


def batch_size(wanted: Any, n_rows: int) -> int:
    """Settle the batch size: "auto" makes some 30 steps an epoch of small data."""
    if wanted is None:
        return n_rows
    if wanted == "auto":
        power = round(np.log2(max(n_rows, 1) / 32))
        return int(2 ** np.clip(power, 4, 8))
    return int(min(wanted, n_rows))


def n_epochs(wanted: Any, n_rows: int, batch_size: int) -> int:
    """Settle the epochs: "auto" makes enough of them for a network to learn from few samples."""
    if wanted == "auto":
        steps_an_epoch = ceil(n_rows / batch_size)
        return max(_LEAST_EPOCHS, ceil(_LEAST_STEPS / steps_an_epoch))
    return int(wanted)


def stratified_split(
    rows: NDArray, labels: NDArray, fraction: float, seed: int
) -> tuple[NDArray, NDArray]:
    """Split rows into those that train and those that judge, at least one of each class."""
    n_classes = len(np.unique(labels[rows]))
    n_held_out = max(ceil(fraction * len(rows)), n_classes)
    try:
        train, judge = train_test_split(
            rows, test_size=n_held_out, stratify=labels[rows], random_state=seed
        )
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={fraction} can't be held out of {len(rows)} samples: {error} "
            "Give more samples or another fraction, or 0 to hold out none."
        ) from error
    return train, judge
