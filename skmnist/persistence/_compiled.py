"""Checks of loaded estimators of scikit-learn whose compiled code trusts what they have learned."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from skmnist._utils.sklearn import unchecked_types

_MOST_JOBS = 1024


def check_fitted(value: Any) -> None:
    """Raise an error for an object that would break, or burden, the process that predicts with it.

    Parameters
    ----------
    value : object
        An object of scikit-learn's that was read from a file, with all that it holds.

    Raises
    ------
    ValueError
        It names what is wrong.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from skmnist.persistence._compiled import check_fitted
    >>> machine = SVC().fit(*load_iris(return_X_y=True))
    >>> check_fitted(machine)
    >>> machine._n_support[0] = 10**6
    >>> check_fitted(machine)
    Traceback (most recent call last):
    ValueError: SVC has arrays that don't fit one another.
    """
    types = unchecked_types()
    for each in _objects_in(value):
        if getattr(each, "memory", None) is not None:
            raise ValueError("memory in the file; expected none, as it isn't data.")
        n_jobs = getattr(each, "n_jobs", None)
        if n_jobs is not None and not (type(n_jobs) is int and abs(n_jobs) <= _MOST_JOBS):
            raise ValueError(f"n_jobs={n_jobs!r} in the file; expected {_MOST_JOBS} at most.")
        for kind, check in _CHECKS.items():
            if isinstance(each, types[kind]) and hasattr(each, "n_features_in_"):
                check(each)


def _objects_in(value: Any) -> Iterator[Any]:
    """Yield each object of scikit-learn's in a value, once."""
    waiting, seen = [value], set()
    while waiting:
        each = waiting.pop()
        if each is None or isinstance(each, bool | int | float | str) or id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list | tuple | set):
            waiting.extend(each)
        elif isinstance(each, np.ndarray):
            waiting.extend(each.flat if each.dtype == object else ())
        elif hasattr(each, "__dict__") and not isinstance(each, type):
            # What a part of this package holds was checked when it was made.
            if type(each).__module__.startswith("sklearn.") or hasattr(each, "get_params"):
                yield each
            waiting.extend(vars(each).values())


def _check_tree(owner: Any) -> None:
    tree = owner.tree_
    n_outputs = getattr(owner, "n_outputs_", 1)
    classes = np.atleast_1d(getattr(owner, "n_classes_", 1))
    if (
        tree.n_features != owner.n_features_in_
        or tree.n_outputs != n_outputs
        or tree.n_classes.tolist() != classes.tolist()
    ):
        _refuse(owner)


def _check_trees(owner: Any) -> None:
    members = owner.estimators_
    members = members.ravel().tolist() if isinstance(members, np.ndarray) else members
    single = unchecked_types()["tree"]
    n_features = {getattr(member, "n_features_in_", None) for member in members}
    if n_features != {owner.n_features_in_} or not all(isinstance(m, single) for m in members):
        _refuse(owner)


def _check_boosting(owner: Any) -> None:
    for trees in vars(owner)["_predictors"]:
        for tree in trees:
            asked = tree.nodes["feature_idx"][tree.nodes["is_leaf"] == 0]
            if asked.size and not (asked.min() >= 0 and asked.max() < owner.n_features_in_):
                _refuse(owner)


def _check_libsvm(owner: Any) -> None:
    learned = vars(owner)
    n_support, support, a, b = (learned[n] for n in ("_n_support", "support_", "_probA", "_probB"))
    n_vectors, n_machines = len(support), max(1, len(n_support) * (len(n_support) - 1) // 2)
    n_classes, n_expected = len(n_support), n_vectors
    if is_classifier(owner):
        n_classes = len(owner.classes_)
    else:  # of one class and of a regression, all vectors count twice
        n_expected = 2 * n_vectors
    n_rows, vectors = owner.shape_fit_[0], (n_vectors, owner.n_features_in_)
    if owner.kernel == "precomputed":  # the vectors are columns of X
        n_rows, vectors = owner.n_features_in_, owner.support_vectors_.shape
    fits = (
        n_support.dtype == np.int32
        and n_support.shape == (n_classes,)
        and n_classes >= 2
        and n_support.min() >= 0
        and n_support.sum(dtype=np.int64) == n_expected
        and learned["_dual_coef_"].shape == (n_classes - 1, n_vectors)
        and learned["_intercept_"].shape == (n_machines,)
        and a.shape == b.shape
        and len(a) in (0, 1, n_machines)
        and owner.support_vectors_.shape == vectors
        and support.min(initial=0) >= 0
        and support.max(initial=-1) < n_rows
    )
    if not fits:
        _refuse(owner)


def _refuse(owner: Any) -> None:
    raise ValueError(f"{type(owner).__name__} has arrays that don't fit one another.")


_CHECKS = {
    "tree": _check_tree,
    "trees": _check_trees,
    "boosting": _check_boosting,
    "libsvm": _check_libsvm,
}
