"""Which samples of a data set are for training, and which for evaluation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils import resample

from skmnist._utils.errors import shown
from skmnist._utils.sklearn import safe_indexing
from skmnist.datasets._registry import DATASETS


@dataclass(frozen=True)
class Split:
    """The samples that a recipe is trained on, and those that it is judged on.

    Parameters
    ----------
    X_train, y_train : sequences of length n_train
        Samples and labels to train on.
    X_judge, y_judge : sequences of length n_judge
        Samples and labels to judge on: the test set, or a part of the training set.
    rows : ndarray of shape (n_judge,)
        Row numbers of the samples to judge on, in the set that they come from.
    held_out : bool
        Whether they come from the training set, so that the test set is not used.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.reports import Split
    >>> X, y = np.zeros((4, 28, 28)), [0, 1, 0, 1]
    >>> Split(X[:2], y[:2], X[2:], y[2:], rows=np.array([2, 3]), held_out=True).kind
    'images'
    """

    X_train: Any
    y_train: Any
    X_judge: Any
    y_judge: Any
    rows: NDArray[Any]
    held_out: bool

    @property
    def kind(self) -> str:
        """What the samples are: "images", "texts", "points" of a plane, or otherwise "samples"."""
        X = np.asarray(self.X_train)
        if X.dtype.kind in "OUT":
            return "texts"
        if X.ndim > 2:
            return "images"
        return "points" if X.shape[1] == 2 else "samples"

    @property
    def class_counts(self) -> list[dict[str, Any]]:
        """Number of samples of each class to train and to judge on, one row per class."""
        y_train, y_judge = np.asarray(self.y_train), np.asarray(self.y_judge)
        judge = "held_out" if self.held_out else "test"
        return [
            {
                "class": label,
                "training": int((y_train == label).sum()),
                judge: int((y_judge == label).sum()),
            }
            for label in np.union1d(y_train, y_judge).tolist()
        ]

    def examples(self, n_each: int) -> tuple[Any, list[Any]]:
        """Return the first training samples of each class: one of each class, then another, ....

        Parameters
        ----------
        n_each : int
            Maximum number of samples of each class.

        Returns
        -------
        X : sequence
            The samples.
        y : list
            Their labels.
        """
        y = np.asarray(self.y_train)
        of_class = [np.flatnonzero(y == label) for label in np.unique(y)]
        rows = [rows[i] for i in range(n_each) for rows in of_class if i < len(rows)]
        return safe_indexing(self.X_train, rows), y[rows].tolist()


def is_size(value: Any) -> bool:
    """Return whether a value is a whole number of at least 1."""
    return isinstance(value, int | np.integer) and value is not True and bool(value >= 1)


def split_of(
    data: str, *, random_state: int, train_size: int | None, validation_size: int | None
) -> Split:
    """Load a data set and split it into samples to train and to judge on; see `reproduce`."""
    for name, size in {"train_size": train_size, "validation_size": validation_size}.items():
        if size is not None and not is_size(size):
            raise ValueError(f"{name}={shown(size)}; expected a whole number >= 1, or None.")
    train, test = DATASETS[data].load(random_state)
    if validation_size is not None:
        return _held_out(*train, train_size, validation_size, random_state)
    X_test, y_test = test
    X, y = part_of(*train, train_size, random_state)
    return Split(X, y, X_test, y_test, rows=np.arange(len(y_test)), held_out=False)


def _held_out(
    X: Any, y: Any, train_size: int | None, validation_size: int, random_state: int
) -> Split:
    """Split the training set only, the same fraction of each class."""
    n = len(y)
    sizes = f"validation_size={validation_size}"
    if train_size is not None:
        sizes = f"train_size={train_size} and {sizes}"
    if validation_size + (train_size or 1) > n:
        raise ValueError(
            f"{sizes} must leave a part of the {n:,} training samples to each; give smaller sizes."
        )
    try:
        parts = train_test_split(
            np.arange(n),
            train_size=train_size,
            test_size=validation_size,
            stratify=y,
            random_state=random_state,
        )
    except ValueError as error:
        raise ValueError(
            f"{sizes} can't be taken from {n:,} training samples, the same part of each class: "
            f"{error}"
        ) from error
    train, judge = map(np.sort, parts)
    X_train, y_train, X_judge, y_judge = (
        safe_indexing(values, rows) for rows in (train, judge) for values in (X, y)
    )
    return Split(X_train, y_train, X_judge, y_judge, rows=judge, held_out=True)


def part_of(X: Any, y: Any, size: int | None, random_state: int) -> tuple[Any, Any]:
    """Return a random part of the samples, the same fraction of each class.

    Parameters
    ----------
    X, y : sequences of length n
        Samples and their labels.
    size : int or None
        Number of samples to take; None takes all.
    random_state : int
        Determines which.

    Returns
    -------
    X, y : sequences of length `size`

    Raises
    ------
    ValueError
        If there are fewer samples, or `size` is too small for one of each class.

    Examples
    --------
    >>> from skmnist.reports import part_of
    >>> part_of(["a", "b", "c", "d"], [0, 1, 0, 1], 2, random_state=0)[1]
    [0, 1]
    """
    if size is None:
        return X, y
    if size > len(y):
        raise ValueError(f"train_size={size} is more than the {len(y):,} samples that there are.")
    part = resample(X, y, replace=False, n_samples=size, stratify=y, random_state=random_state)
    missing = np.setdiff1d(y, part[1]).tolist()
    if missing:
        raise ValueError(
            f"train_size={size} leaves no sample of the classes {missing}; give a larger size, at "
            f"least {len(np.unique(y))}."
        )
    return tuple(part)
