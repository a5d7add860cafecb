"""Objects inside scikit-learn's estimators that skops doesn't trust, or can't read, as plain data.

skops checks the types in a file, not their content.  Trees hold indices that compiled code follows
without a look at their range, so they are stored as arrays here, and checked when they are read.
"""

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.sklearn import tree_types
from skmnist.classifiers._baselines import as_rows_of_pixels
from skmnist.persistence._arrays import ArraysToWrite
from skmnist.persistence._checks import is_count, is_list_of, shortened, with_keys

_OUR_FUNCTIONS = {"skmnist.as_rows": as_rows_of_pixels}
_METRICS = {"euclidean", "manhattan", "chebyshev"}
_LONGEST_LEAF = 10_000


class Kind(NamedTuple):
    """How objects of one kind are stored."""

    is_one: Callable[[Any], bool]
    keys: tuple[str, ...]
    encode: Callable[[Any, ArraysToWrite], dict[str, Any]]
    decode: Callable[[dict[str, Any], list[NDArray[Any]]], Any]


def encoded_kind(value: Any, arrays: ArraysToWrite) -> dict[str, Any] | None:
    """Return an object of one of these kinds as values for JSON; None if it is of no such kind."""
    for name, kind in kinds().items():
        if kind.is_one(value):
            return {"kind": name, **kind.encode(value, arrays)}
    return None


def decoded_kind(part: dict[str, Any], arrays: list[NDArray[Any]]) -> Any:
    """Return the object of a part of a file, after checking all of it."""
    name = part.get("kind")
    if not isinstance(name, str) or name not in kinds():
        raise ValueError(
            f"kind={shortened(name)} is unknown; expected one of {', '.join(kinds())}."
        )
    kind = kinds()[name]
    return kind.decode(with_keys(part, ("kind", *kind.keys), name), arrays)


@cache
def kinds() -> dict[str, Kind]:
    """Return the kinds by their names in files."""
    from sklearn.neighbors import BallTree, KDTree

    tree, predictor, _ = tree_types()
    return {
        "tree": Kind(
            lambda value: type(value) is tree,
            ("n_features", "n_classes", "max_depth", "nodes", "values"),
            _encoded_tree,
            _decoded_tree,
        ),
        "boosted tree": Kind(
            lambda value: type(value) is predictor,
            ("nodes", "raw", "binned"),
            _encoded_predictor,
            _decoded_predictor,
        ),
        "KDTree": _of_neighbors(KDTree),
        "BallTree": _of_neighbors(BallTree),
        "sparse": Kind(
            _is_sparse,
            ("format", "shape", "data", "indices", "indptr"),
            _encoded_sparse,
            _decoded_sparse,
        ),
        "distribution": Kind(
            lambda value: hasattr(value, "dist") and value.dist.name in _distributions(),
            ("name", "args", "kwds"),
            lambda value, _: {
                "name": value.dist.name,
                "args": list(value.args),
                "kwds": dict(value.kwds),
            },
            _decoded_distribution,
        ),
        "function": Kind(
            lambda value: type(value) is FunctionType and value in _functions().values(),
            ("name",),
            lambda value, _: {"name": next(n for n, f in _functions().items() if f is value)},
            lambda part, _: _named(part["name"], _functions()),
        ),
    }


def _of_neighbors(made: type) -> Kind:
    return Kind(
        lambda value: type(value) is made,
        ("data", "leaf_size", "metric"),
        _encoded_neighbors,
        lambda part, arrays: _decoded_neighbors(made, part, arrays),
    )


def _named(name: Any, known: dict[str, Any]) -> Any:
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"{shortened(name)} isn't a name that files may have.")
    return known[name]


@cache
def _functions() -> dict[str, Any]:
    """Return scikit-learn's metrics and scores, and this package's functions, by name."""
    from sklearn import feature_selection, metrics

    public = {
        f"{module.__name__}.{name}": getattr(module, name)
        for module in (metrics, feature_selection)
        for name in module.__all__
    }
    theirs = {name: each for name, each in public.items() if type(each) is FunctionType}
    return theirs | _OUR_FUNCTIONS


@cache
def _distributions() -> dict[str, Any]:
    """Return SciPy's distributions by name."""
    from scipy import stats

    members = (getattr(stats, name) for name in stats.__all__)
    known = (stats.rv_continuous, stats.rv_discrete)
    return {each.name: each for each in members if isinstance(each, known)}


def _decoded_distribution(part: dict[str, Any], _: Any) -> Any:
    args, kwds = part["args"], part["kwds"]
    numbers = [*args, *kwds.values()] if isinstance(args, list) and isinstance(kwds, dict) else None
    if numbers is None or any(type(number) not in (int, float) for number in numbers):
        raise ValueError(f"a distribution has {shortened(part)}; expected numbers.")
    return _named(part["name"], _distributions())(*args, **kwds)


# -- trees -------------------------------------------------------------------------------


def _encoded_tree(tree: Any, arrays: ArraysToWrite) -> dict[str, Any]:
    _, (n_features, n_classes, _), state = tree.__reduce__()
    return {
        "n_features": int(n_features),
        "n_classes": n_classes.tolist(),
        "max_depth": int(state["max_depth"]),
        "nodes": _fields(state["nodes"], arrays),
        "values": arrays.put(state["values"]),
    }


def _decoded_tree(part: dict[str, Any], arrays: list[NDArray[Any]]) -> Any:
    tree, _, (dtype, _) = tree_types()
    n_features, n_classes, depth = part["n_features"], part["n_classes"], part["max_depth"]
    if not (is_count(n_features) and is_count(depth) and is_list_of(int, n_classes) and n_classes):
        raise ValueError(f"a tree has n_features={shortened(n_features)} and others not of a tree.")
    nodes, values = _records(part["nodes"], dtype, arrays), _array(part["values"], arrays)
    if (
        min(n_classes) < 1
        or values.dtype != np.float64
        or values.shape != (len(nodes), len(n_classes), max(n_classes))
    ):
        raise ValueError("a tree's values don't fit its nodes and classes.")
    inner = nodes["left_child"] != -1
    _check_branches(inner, nodes["left_child"], nodes["right_child"])
    _check_features(nodes["feature"][inner], n_features)
    made = tree(n_features, np.array(n_classes, dtype=np.intp), len(n_classes))
    made.__setstate__(
        {"max_depth": depth, "node_count": len(nodes), "nodes": nodes, "values": values}
    )
    return made


def _encoded_predictor(predictor: Any, arrays: ArraysToWrite) -> dict[str, Any]:
    return {
        "nodes": _fields(predictor.nodes, arrays),
        "raw": arrays.put(predictor.raw_left_cat_bitsets),
        "binned": arrays.put(predictor.binned_left_cat_bitsets),
    }


def _decoded_predictor(part: dict[str, Any], arrays: list[NDArray[Any]]) -> Any:
    _, predictor, (_, dtype) = tree_types()
    nodes = _records(part["nodes"], dtype, arrays)
    raw, binned = _array(part["raw"], arrays), _array(part["binned"], arrays)
    inner = nodes["is_leaf"] == 0
    _check_branches(inner, nodes["left"], nodes["right"])
    if any(each.dtype != np.uint32 or each.shape != (len(raw), 8) for each in (raw, binned)):
        raise ValueError("a boosted tree's sets of categories have another shape.")
    by_category = inner & (nodes["is_categorical"] != 0)
    _check_features(nodes["bitset_idx"][by_category], len(raw))
    return predictor(nodes, binned, raw)


def _check_branches(inner: NDArray[Any], left: NDArray[Any], right: NDArray[Any]) -> None:
    """Raise an error unless every branch leads to a later node, so that none is a circle."""
    places = np.arange(len(inner))[inner]
    for branch in (left[inner], right[inner]):
        if not ((branch > places) & (branch < len(inner))).all():
            raise ValueError("a tree has a branch that doesn't lead to a later node of its own.")


def _check_features(features: NDArray[Any], n_features: int) -> None:
    if features.size and not (features.min() >= 0 and features.max() < n_features):
        raise ValueError(f"a tree asks for a feature beyond the {n_features} that it has.")


def _fields(nodes: NDArray[Any], arrays: ArraysToWrite) -> dict[str, int]:
    """Add a structured array's fields, and return their numbers."""
    return {name: arrays.put(nodes[name]) for name in nodes.dtype.names or ()}


def _records(fields: Any, dtype: np.dtype[Any], arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Return a structured array of at least one record, made of its fields."""
    columns = {
        name: _array(number, arrays)
        for name, number in with_keys(fields, dtype.names or (), "nodes").items()
    }
    n_nodes = {column.shape for column in columns.values()}
    of_dtype = all(column.dtype == dtype[name] for name, column in columns.items())
    if not of_dtype or len(n_nodes) != 1 or len(shape := n_nodes.pop()) != 1 or shape[0] < 1:
        raise ValueError("a tree's nodes don't have the same fields, all of one length.")
    nodes = np.zeros(shape, dtype=dtype)
    for name, column in columns.items():
        nodes[name] = column
    return nodes


def _array(number: Any, arrays: list[NDArray[Any]]) -> NDArray[Any]:
    if type(number) is not int or not 0 <= number < len(arrays):
        raise ValueError(f"it refers to array {shortened(number)} of {len(arrays)}.")
    return arrays[number]


# -- neighbours and sparse matrices ------------------------------------------------------


def _encoded_neighbors(tree: Any, arrays: ArraysToWrite) -> dict[str, Any]:
    """Return what a tree of neighbours is built from; building it again gives the same tree."""
    state = tree.__getstate__()
    metric = type(state[-2]).__name__.removesuffix("64").removesuffix("Distance").lower()
    if metric not in _METRICS or state[-1] is not None:
        raise TypeError(
            f"a {type(tree).__name__} of metric {metric!r} can't be saved as data; expected one of "
            f"{', '.join(sorted(_METRICS))}, or algorithm='brute'"
        )
    return {"data": arrays.put(state[0]), "leaf_size": int(state[4]), "metric": metric}


def _decoded_neighbors(made: type, part: dict[str, Any], arrays: list[NDArray[Any]]) -> Any:
    data, leaf_size, metric = _array(part["data"], arrays), part["leaf_size"], part["metric"]
    fits = is_count(leaf_size) and 1 <= leaf_size <= _LONGEST_LEAF
    if not fits or metric not in _METRICS or data.ndim != 2 or data.dtype != np.float64:
        raise ValueError(f"a {made.__name__} has {shortened(part)}.")
    return made(data, leaf_size=leaf_size, metric=metric)


def _is_sparse(value: Any) -> bool:
    return getattr(value, "format", None) in ("csr", "csc") and hasattr(value, "indptr")


def _encoded_sparse(matrix: Any, arrays: ArraysToWrite) -> dict[str, Any]:
    return {
        "format": f"{matrix.format}_{'matrix' if hasattr(matrix, 'getH') else 'array'}",
        "shape": list(matrix.shape),
        **{name: arrays.put(getattr(matrix, name)) for name in ("data", "indices", "indptr")},
    }


def _decoded_sparse(part: dict[str, Any], arrays: list[NDArray[Any]]) -> Any:
    from scipy import sparse

    formats = {
        n: getattr(sparse, n) for n in ("csr_matrix", "csc_matrix", "csr_array", "csc_array")
    }
    made, shape = _named(part["format"], formats), part["shape"]
    if not is_list_of(int, shape) or len(shape) != 2 or min(shape) < 0:
        raise ValueError(f"a sparse matrix has the shape {shortened(shape)}.")
    data, indices, indptr = (_array(part[name], arrays) for name in ("data", "indices", "indptr"))
    if indices.dtype.kind != "i" or indptr.dtype.kind != "i":
        raise ValueError("a sparse matrix has indices that are no whole numbers.")
    matrix = made((data, indices, indptr), shape=tuple(shape))
    matrix.check_format(full_check=True)
    return matrix
