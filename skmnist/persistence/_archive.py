"""scikit-learn's own objects as data, through skops; objects of this package stand in them.

skops turns an object into a tree of nodes and arrays, and builds it again after an audit of the
types in it.  In a file, the nodes are JSON, the arrays are tensors, and each object of this package
is a part that is stored as everywhere else: the nodes have a reference to it.  Only for skops
itself are the nodes and the arrays put into a zip archive, in memory.
"""

import io
import json
from collections import OrderedDict
from collections.abc import Iterator
from itertools import count
from types import FunctionType
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from skmnist._utils.errors import shown
from skmnist._utils.sklearn import plain_types
from skmnist.classifiers._components import PCA
from skmnist.classifiers._support_vectors import SVC
from skmnist.ensemble._stacking import SoftVote
from skmnist.persistence._arrays import ArraysToWrite, read_arrays
from skmnist.persistence._checks import is_count, of_type, shortened, with_keys
from skmnist.persistence._compiled import check_fitted
from skmnist.persistence._kinds import decoded_kind, encoded_kind
from skmnist.persistence._references import Reference, resolved
from skmnist.persistence._store import Store

TYPE = "scikit-learn"
_KEYS = ("type", "number", "protocol", "nodes", "arrays", "parts")
# Those of skops's loaders that make values, arrays and objects; none calls what the file names.
_LOADERS = frozenset(
    {
        "ConstructorFromReduceNode",  # of references alone: skops trusts no other such type
        "DTypeNode",
        "DefaultDictNode",
        "DictNode",
        "FunctionNode",  # NumPy's and SciPy's ufuncs
        "JsonNode",
        "ListNode",
        "LossNode",
        "MaskedArrayNode",
        "NdArrayNode",
        "ObjectNode",
        "RandomGeneratorNode",
        "RandomStateNode",
        "SetNode",
        "SliceNode",
        "TupleNode",
        "TypeNode",
    }
)
# Of these, an object is as good as another one that is equal.
_CONSTANT = frozenset({"ConstructorFromReduceNode", "FunctionNode", "JsonNode", "TypeNode"})
_MOST_NODES = 150_000
# Classes of this package that are scikit-learn's with other methods: their names in files.
_OURS: dict[str, type] = {made.__name__: made for made in (PCA, Reference, SVC, SoftVote)}
_MODULE = "skmnist"
_JSON = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "is_json": True}
# Settings of one process, and callbacks, which are code.
_NOT_SAVED = ("_metadata_request", "_skl_callbacks")


def packed(value: Any, store: Store) -> dict[str, Any]:
    """Return an object of scikit-learn as values for JSON, its arrays and networks in the store.

    Parameters
    ----------
    value : object
        An estimator, a splitter or another object of scikit-learn's.
    store : Store
        Gets the arrays and the networks.

    Raises
    ------
    TypeError
        If a type in it isn't trusted by skops, or not known to it.
    ImportError
        If skops is not installed.
    """
    skops_io = _skops()
    number = store.add_archive()
    place = f"{TYPE}/{number}/"
    arrays = ArraysToWrite(store, place)
    copy = _Copy(store, place, arrays)
    replaced = copy.of(value)
    try:
        data = skops_io.dumps(replaced)
        untrusted = set(skops_io.get_untrusted_types(data=data)) - _names_of(_trusted())
    except (TypeError, AttributeError) as error:
        raise TypeError(f"{shown(value)} can't be saved as data: {error}") from error
    if untrusted:
        raise TypeError(
            f"{shown(value)} can't be saved as data: it holds objects of types that neither skops "
            f"nor skmnist trusts: {', '.join(sorted(untrusted))}. Leave them out, or use joblib, "
            "whose files run code when they are loaded."
        )
    protocol, nodes = _from_zip(data, arrays)
    return {
        "type": TYPE,
        "number": number,
        "protocol": protocol,
        "nodes": nodes,
        "arrays": arrays.layouts,
        "parts": copy.parts,
    }


def unpacked(archive: Any, store: Store) -> Any:
    """Return the object of an archive, after checking all of it.

    Raises
    ------
    ValueError
        If anything in it isn't as `packed` makes it.
    ImportError
        If skops is not installed.
    """
    with_keys(archive, _KEYS, TYPE)
    skops_io = _skops()
    number, nodes = archive["number"], _long(of_type(archive["nodes"], dict, "nodes"), count(1))
    if not is_count(number):
        raise ValueError(f"the number of an archive is {shortened(number)}.")
    place = f"{TYPE}/{number}/"
    arrays = read_arrays(archive["arrays"], store, place)
    _n_steps(nodes, {})
    _check_nodes(nodes, arrays)
    parts = [
        decoded_kind(part, arrays)
        if isinstance(part, dict) and "kind" in part
        else store.decode(part, f"{place}{i}/", store)
        for i, part in enumerate(of_type(archive["parts"], list, "parts"))
    ]
    data = _as_zip({**nodes, "protocol": archive["protocol"]}, arrays)
    with resolved(parts):
        value = skops_io.loads(data, trusted=_trusted())
    check_fitted(value)
    return value


def is_theirs(value: Any) -> bool:
    """Return whether a value is an object of scikit-learn's, or one that stands for such."""
    kind = type(value)
    if isinstance(value, type | FunctionType):
        return False
    return kind in _OURS.values() or kind.__module__.partition(".")[0] in ("sklearn", "scipy")


def is_packed(part: Any) -> bool:
    """Return whether a part of a file is an archive of scikit-learn's objects."""
    return isinstance(part, dict) and part.get("type") == TYPE


def _skops() -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise ImportError(
            "scikit-learn's own objects are saved and loaded by skops, which is not installed: "
            f'pip install "skmnist[skops]" ({error}).'
        ) from error
    return skops.io


def _trusted() -> list[type]:
    """Return the types that are allowed in addition to those that skops trusts by itself."""
    from sklearn import model_selection

    splitters = [
        made
        for made in vars(model_selection).values()
        if isinstance(made, type) and hasattr(made, "split") and hasattr(made, "get_n_splits")
    ]
    return [*plain_types(), *splitters, *_OURS.values()]


def _names_of(types: list[type]) -> set[str]:
    return {f"{made.__module__}.{made.__name__}" for made in types}


# -- saving --------------------------------------------------------------------------------


class _Copy:
    """Copies scikit-learn's objects, with references in place of ours; arrays are not copied."""

    def __init__(self, store: Store, place: str, arrays: ArraysToWrite) -> None:
        self.parts: list[dict[str, Any]] = []
        self._store, self._place, self._arrays = store, place, arrays
        self._known: dict[int, tuple[Any, Any]] = {}

    def of(self, value: Any) -> Any:
        if id(value) not in self._known:  # with the value, so that no other gets its id
            self._known[id(value)] = value, self._made(value)
        return self._known[id(value)][1]

    def _made(self, value: Any) -> Any:
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if kind in (list, tuple, set):
            return kind(self.of(item) for item in value)
        if kind in (dict, OrderedDict, Bunch):
            copy = kind()
            copy.update({key: self.of(item) for key, item in value.items()})
            return copy
        if isinstance(value, np.ndarray):
            return self._array(value)
        part = encoded_kind(value, self._arrays)
        if part is None:
            part = self._store.encode(value, f"{self._place}{len(self.parts)}/", self._store)
        if part is not None:
            self.parts.append(part)
            return Reference(len(self.parts) - 1)
        if not isinstance(value, type) and hasattr(value, "__dict__"):
            return self._object(value)
        return value

    def _array(self, array: NDArray[Any]) -> Any:
        if array.dtype != object:
            return array
        if isinstance(array, np.ma.MaskedArray):
            return np.ma.MaskedArray(self._array(array.data), array.mask)
        copy = np.empty(array.shape, dtype=object)
        for place in np.ndindex(array.shape):
            copy[place] = self.of(array[place])
        return copy

    def _object(self, value: Any) -> Any:
        kind = type(value)
        ours = kind in _OURS.values()
        if not ours and kind.__module__.partition(".")[0] != "sklearn":
            if isinstance(value, BaseEstimator):
                raise TypeError(
                    f"{shown(value)} can't be saved as data: {kind.__module__}.{kind.__qualname__} "
                    "is a class neither of scikit-learn nor of skmnist. Use joblib, whose files "
                    "run code when they are loaded."
                )
            return value
        if getattr(value, "memory", None) is not None:
            raise TypeError(
                f"memory={value.memory!r} can't be saved as data: it runs code, in the pickles of "
                "its folder. Change it by set_params(memory=None) before saving; or use joblib."
            )
        copy: Any = object.__new__(kind)
        copy.__dict__.update(
            {name: self.of(item) for name, item in vars(value).items() if name not in _NOT_SAVED}
        )
        return copy


def _from_zip(data: bytes, arrays: ArraysToWrite) -> tuple[int, dict[str, Any]]:
    """Return skops's protocol and its nodes, after adding the arrays."""
    with ZipFile(io.BytesIO(data)) as archive:
        nodes = json.loads(archive.read("schema.json"))
        protocol = nodes.pop("protocol")
        del nodes["_skops_version"]
        _number_objects(nodes)
        files: dict[str, int] = {}
        for node in _nodes_in(nodes):
            if name := node.get("file"):
                if name not in files:
                    content = np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
                    files[name] = arrays.put(content)
                node["file"] = files[name]
            if node["__module__"].partition(".")[0] == _MODULE:
                node["__module__"] = _MODULE
    return protocol, _short(nodes)


def _number_objects(nodes: dict[str, Any]) -> None:
    """Write an object that occurs more than once only the first time, and later its number.

    skops has objects' addresses in memory instead, and writes out each occurrence.
    """
    counts: dict[int, int] = {}
    for node in _nodes_in(nodes):
        counts[node["__id__"]] = counts.get(node["__id__"], 0) + 1
    numbers: dict[int, int] = {}
    for node in _nodes_in(nodes):
        address = node.pop("__id__")
        # What can't change need not be shared.
        if counts[address] == 1 or node["__loader__"] in _CONSTANT:
            continue
        if address in numbers:
            node.clear()
        node["__id__"] = numbers.setdefault(address, len(numbers) + 1)


def _short(value: Any) -> Any:
    """Write plain values, and the types of keys that are strings, in fewer words than skops."""
    if isinstance(value, list):
        return [_short(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("__loader__") == "JsonNode":
        return {"json": value["content"]}
    short = {name: _short(item) for name, item in value.items()}
    if value.get("__loader__") == "DictNode" and value["key_types"] == _key_types(value):
        short["key_types"] = "str"
    return short


def _key_types(node: dict[str, Any]) -> dict[str, Any]:
    """Return skops's node of the types of a dict's keys, if all are strings."""
    builtin = {"__module__": "builtins"}
    one = {**builtin, "__class__": "str", "__loader__": "TypeNode"}
    n_keys = len(of_type(node.get("content"), dict, "a dict's content"))
    return {**builtin, "__class__": "list", "__loader__": "ListNode", "content": [one] * n_keys}


def _nodes_in(value: Any) -> Iterator[dict[str, Any]]:
    """Yield each of skops's nodes, a parent before its children."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("__loader__"), str):
                yield each
            waiting.extend(reversed(each.values()))
        elif isinstance(each, list):
            waiting.extend(reversed(each))


# -- loading -------------------------------------------------------------------------------


def _long(value: Any, counted: Iterator[int]) -> Any:
    """Return what `_short` was given; raise an error for more nodes than skops should make."""
    if isinstance(value, list):
        return [_long(item, counted) for item in value]
    if not isinstance(value, dict):
        return value
    if next(counted) > _MOST_NODES:
        raise ValueError(f"it has more than {_MOST_NODES} nodes of scikit-learn's objects.")
    if value.keys() == {"json"}:
        return {**_JSON, "content": of_type(value["json"], str, "a plain value")}
    long = {name: _long(item, counted) for name, item in value.items()}
    if value.get("__loader__") == "DictNode" and value.get("key_types") == "str":
        long["key_types"] = _key_types(value)
    return long


def _check_nodes(nodes: dict[str, Any], arrays: list[NDArray[Any]]) -> None:
    """Raise an error for nodes of other kinds than `packed` makes."""
    for node in _nodes_in(nodes):
        loader, name, module = (node.get(key) for key in ("__loader__", "__class__", "__module__"))
        if loader not in _LOADERS or not isinstance(name, str) or not isinstance(module, str):
            raise ValueError(f"a node is {shortened(node)}; expected one of {len(_LOADERS)} kinds.")
        if loader == "NdArrayNode" and node.get("type") == "numpy":
            _check_array(node, arrays)
        if module == _MODULE:
            if name not in _OURS:
                raise ValueError(f"{shortened(name)} is no class of skmnist in such an archive.")
            node["__module__"] = _OURS[name].__module__


def _n_steps(value: Any, known: dict[int, int]) -> int:
    """Return in how many steps skops walks through nodes, to audit them; raise if in too many.

    It walks through an object as often as it is referred to, which may be 2**n times.
    """
    if isinstance(value, list):
        return sum(_n_steps(item, known) for item in value)
    if not isinstance(value, dict):
        return 0
    number = value.get("__id__")
    if len(value) == 1 and number is not None:
        if type(number) is not int or number not in known:
            raise ValueError(f"it refers to object {shortened(number)}, of which nothing is known.")
        return known[number]
    n_steps = 1 + sum(_n_steps(item, known) for item in value.values())
    if n_steps > _MOST_NODES:
        raise ValueError(f"it has more than {_MOST_NODES} nodes of scikit-learn's objects.")
    if number is not None:
        if type(number) is not int or number < 1 or number in known:
            raise ValueError(f"two objects have the number {shortened(number)}.")
        known[number] = n_steps
    return n_steps


def _check_array(node: dict[str, Any], arrays: list[NDArray[Any]]) -> None:
    number = node.get("file")
    if type(number) is not int or not 0 <= number < len(arrays):
        raise ValueError(f"it refers to array {shortened(number)} of {len(arrays)}.")
    array = arrays[number]
    # A number of NumPy is stored as an array without axes, and made by a call of its type.
    scalar = array.dtype.type.__name__ if array.ndim == 0 else "ndarray"
    if node["__module__"] != "numpy" or node["__class__"] not in ("ndarray", scalar):
        raise ValueError(f"an array is a {shortened(node['__class__'])}; expected {scalar}.")


def _as_zip(nodes: dict[str, Any], arrays: list[NDArray[Any]]) -> bytes:
    """Return what skops reads, whose arrays have the sizes that their headers state."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as archive:
        for i, array in enumerate(arrays):
            with archive.open(f"{i}.npy", "w", force_zip64=True) as file:
                np.save(file, array, allow_pickle=False)
        for node in _nodes_in(nodes):
            if "file" in node:
                node["file"] = f"{node['file']}.npy"
        archive.writestr("schema.json", json.dumps(nodes))
    return buffer.getvalue()
