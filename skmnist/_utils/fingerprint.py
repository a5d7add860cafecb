"""Digests of what a network, a loss or a metric computes: of its settings and all code in it."""

import hashlib
import re
import sys
import sysconfig
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from enum import Enum
from functools import cache, partial
from itertools import chain
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np

from skmnist._utils.backend import in_new_thread, load_keras
from skmnist._utils.keras import nodes_of, parts_of

_PLAIN = (bool, int, float, complex, str, bytes, range, slice, type(None), type(Ellipsis))
# Of an object's state, what every layer or model has too, but that changes the computation.
_ALWAYS = ("_dtype_policy", "_trainable", "_remat_mode", "activity_regularizer")
# Seeds of Keras's own layers; they determine only the values of variables.
_SEEDS = ("seed", "_seed", "_init_seed")
_identities: dict[int, str] = {}
# What distinguishes an object from all others, in a description.
_ONLY = re.compile("only:[0-9a-f:]*")


class Fingerprint(NamedTuple):
    """Digests of what a network computes.

    Parameters
    ----------
    exact : str
        Equal for networks that can share compiled code.
    alike : str
        Equal also if they refer to different objects of the same kind.
    """

    exact: str
    alike: str


def fingerprint(network: Any) -> Fingerprint:
    """Return digests that are equal for networks of equal computation, in any process.

    The values of its variables don't count.  What counts: the layers, their names and connections,
    what they hold, and the code of all functions and classes that aren't of an installed package,
    with the values that this code refers to.  For the exact digest, a variable that isn't the
    network's, but that a layer uses, is equal only to itself, with the same value: compiled code
    reads that variable.  Something that can't be described, such as a table of TensorFlow, is
    different from everything else.  What code reads from elsewhere, such as files, isn't seen.

    Parameters
    ----------
    network : keras.Model
        A network that was built.

    Returns
    -------
    fingerprint : Fingerprint

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist._utils.fingerprint import fingerprint
    >>> keras = load_keras()
    >>> def network(scale):
    ...     layers = keras.Input((4,)), keras.layers.Dense(2, activation=lambda x: scale * x)
    ...     return keras.Sequential(layers, name="scaled")
    >>> layer = network(1).layers[0]
    >>> fingerprint(layer) == fingerprint(layer), fingerprint(layer) == fingerprint(network(2))
    (True, False)
    """
    variables = [(v.path, tuple(v.shape), str(v.dtype), v.trainable) for v in network.variables]
    text = repr((variables, _described(network, network.variables)))
    return Fingerprint(_digest(text.encode()), _digest(_ONLY.sub("", text).encode()))


def digest(value: Any) -> str:
    """Return a digest that is equal for functions, classes and objects that compute the same.

    Parameters
    ----------
    value : callable or type
        Such as a loss. What counts is as in :func:`fingerprint`; of an object, all attributes but
        the name of one of Keras's, which Keras numbers.

    Returns
    -------
    digest : str

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist._utils.fingerprint import digest
    >>> Huber = load_keras().losses.Huber
    >>> digest(Huber(2.0)) == digest(Huber(2.0)), digest(Huber(2.0)) == digest(Huber(1.0))
    (True, False)
    """
    return _digest(repr(_described(value)).encode())


def alike(value: Any) -> str:
    """Return a digest as :func:`digest` does, but equal in every process.

    Objects that can't be described, or that are equal only to themselves, count by their kind.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist._utils.fingerprint import alike, digest
    >>> first, second = (load_keras().Variable(0.0) for _ in range(2))
    >>> digest(first) == digest(second), alike(first) == alike(second)
    (False, True)
    """
    return _digest(_ONLY.sub("", repr(_described(value))).encode())


def _described(value: Any, variables: Iterable[Any] = ()) -> Any:
    try:
        return _Description(variables).of(value)
    except Exception:  # of objects nested too deeply, or changed by another thread
        return _unlike_any(value)


def outline(network: Any) -> str:
    """Return a digest of the kinds of layers and the shapes of variables.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist._utils.fingerprint import outline
    >>> layers = load_keras().layers
    >>> outline(layers.ReLU(1.0)) == outline(layers.ReLU(2.0)), outline(layers.ReLU()) == outline(
    ...     layers.ELU()
    ... )
    (True, False)
    """
    variables = [(tuple(v.shape), str(v.dtype), v.trainable) for v in network.variables]
    kinds = [_name(type(part)) for part in (network, *_all_parts(network))]
    return _digest(repr((variables, kinds)).encode())


def same_code(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Return whether two functions have equal code, and refer to equal values.

    Examples
    --------
    >>> from skmnist._utils.fingerprint import same_code
    >>> same_code(lambda x: x + 1, lambda x: x + 1), same_code(lambda x: x + 1, lambda x: x + 2)
    (True, False)
    """
    return one is other or _Description().of(one) == _Description().of(other)


class _Description:
    """Describes values by nested tuples of strings; each object once, so that cycles end.

    Parameters
    ----------
    variables : iterable of keras.Variable, default=()
        Those whose values don't count.
    """

    def __init__(self, variables: Iterable[Any] = ()) -> None:
        self._without_values = {id(variable): variable for variable in variables}
        self._seen: dict[int, tuple[int, Any]] = {}  # with the object, so that no id is used again
        self._kinds = self._of_each_kind()

    def of(self, value: Any) -> Any:
        if type(value) in _PLAIN:
            return repr(value)
        if id(value) in self._seen:
            return "again", self._seen[id(value)][0]
        self._seen[id(value)] = len(self._seen), value
        for kinds, describe in self._kinds:
            if isinstance(value, kinds):
                return describe(value)
        return self._object(value)

    def all_of(self, values: Iterable[Any]) -> list[Any]:
        return [self.of(value) for value in values]

    def _of_each_kind(self) -> list[tuple[Any, Callable[[Any], Any]]]:
        """Return which method is for which classes; the first that fits is used."""
        keras = load_keras()
        return [
            (keras.KerasTensor, self._tensor),
            (keras.Variable, self._variable),
            (keras.Operation, self._operation),
            (keras.losses.Loss | keras.metrics.Metric | keras.Optimizer, self._part_of_training),
            ((keras.initializers.Initializer, keras.random.SeedGenerator), self._of_initial_values),
            (keras.dtype_policies.DTypePolicy, self._policy),
            (np.ndarray | np.generic, self._array),
            (Enum, self._enum),
            (ModuleType, self._module),
            (type, self._class),
            (FunctionType, self._function),
            (MethodType, self._method),
            (BuiltinFunctionType, self._builtin),
            (partial, self._partial),
            (property, self._property),
            (staticmethod | classmethod, self._wrapped),
            (Mapping, self._mapping),
            (list | tuple, self._sequence),
            (Set, self._set),
        ]

    # -- data ----------------------------------------------------------------------------

    def _mapping(self, value: Mapping[Any, Any]) -> Any:
        return "dict", [(self.of(key), self.of(item)) for key, item in value.items()]

    def _set(self, value: Set[Any]) -> Any:
        return "set", sorted(map(repr, self.all_of(value)))

    def _sequence(self, value: Iterable[Any]) -> Any:
        return "list", self.all_of(value)

    def _enum(self, value: Enum) -> Any:
        return _name(type(value)), value.name

    def _array(self, value: Any) -> Any:
        array = np.asarray(value)
        if array.dtype.hasobject:
            return "array", array.shape, self.of(array.tolist())
        return "array", array.shape, str(array.dtype), _digest(_bytes(array))

    # -- code ----------------------------------------------------------------------------

    def _module(self, value: ModuleType) -> Any:
        return "module", value.__name__

    def _partial(self, value: Any) -> Any:
        return "partial", self.all_of([value.func, value.args, value.keywords])

    def _method(self, value: MethodType) -> Any:
        return "method", self.all_of([value.__func__, value.__self__])

    def _builtin(self, value: Any) -> Any:
        owner = getattr(value, "__self__", None)
        of_object = None if isinstance(owner, ModuleType | type) else self.of(owner)
        return "builtin", getattr(value, "__qualname__", repr(value)), of_object

    def _function(self, value: FunctionType) -> Any:
        if _is_of_installed(value) and not value.__closure__:
            return "function", _name(value)
        cells = [_content(cell) for cell in value.__closure__ or ()]
        names = sorted({name for code in _codes(value.__code__) for name in code.co_names})
        used = [value.__globals__[name] for name in names if name in value.__globals__]
        return (
            "function",
            self._code(value.__code__),
            self.all_of([value.__defaults__, value.__kwdefaults__, cells]),
            [self._used(each, names) for each in used],
        )

    def _used(self, value: Any, names: list[str]) -> Any:
        """Describe a global; of a module, what code with these names may use of it."""
        if not isinstance(value, ModuleType) or _is_installed(value.__name__):
            return self.of(value)
        return [(name, self.of(vars(value)[name])) for name in names if name in vars(value)]

    def _code(self, code: CodeType) -> Any:
        inner = [self._code(c) if isinstance(c, CodeType) else self.of(c) for c in code.co_consts]
        counts = code.co_argcount, code.co_kwonlyargcount, code.co_flags
        return code.co_code.hex(), code.co_names, code.co_freevars, counts, inner

    def _class(self, value: type) -> Any:
        if _is_installed(value.__module__):
            return "class", _name(value)
        own = [
            (name, self.of(part))
            for name, part in vars(value).items()
            if not _is_of_every_class(name)
        ]
        return "class", _name(value), own, self.all_of(value.__bases__)

    def _property(self, value: property) -> Any:
        return "property", self.all_of([value.fget, value.fset])

    def _wrapped(self, value: Any) -> Any:
        return "wrapped", self.of(value.__func__)

    # -- objects ---------------------------------------------------------------------------

    def _tensor(self, value: Any) -> Any:
        return "tensor", tuple(value.shape), str(value.dtype)

    def _variable(self, value: Any) -> Any:
        described = "variable", tuple(value.shape), str(value.dtype), value.trainable
        if id(value) in self._without_values:
            return described
        ops = load_keras().ops
        array = ops.convert_to_numpy(ops.stop_gradient(value.value))
        return *described, f"{_identity(value)}:{self._array(array)[-1]}"

    def _of_initial_values(self, value: Any) -> Any:
        return "of initial values"

    def _policy(self, value: Any) -> Any:
        return "policy", value.name

    def _operation(self, value: Any) -> Any:
        """Describe a layer, a network or one of Keras's operations."""
        return (
            self.of(type(value)),
            value.name,
            self._state(value),
            self.all_of(parts_of(value)),
            [self._node(node) for node in nodes_of(value) or ()],
        )

    def _node(self, node: Any) -> Any:
        return self.all_of(
            [node.operation, node.arguments.args, node.arguments.kwargs, node.outputs]
        )

    def _part_of_training(self, value: Any) -> Any:
        """Describe a loss, a metric or an optimizer; Keras numbers their names."""
        state = [(name, self.of(part)) for name, part in vars(value).items() if name != "name"]
        return self.of(type(value)), state

    def _state(self, value: Any) -> Any:
        kerass = type(value).__module__.partition(".")[0] == "keras"
        left_out = (*_names_of_every_layer(), *(_SEEDS if kerass else ()))
        return [
            (name, self.of(part))
            for name, part in vars(value).items()
            if name in _ALWAYS or not (name in left_out or name.startswith("_self_"))
        ]

    def _object(self, value: Any) -> Any:
        inner = getattr(value, "python_function", None) or getattr(value, "__wrapped__", None)
        if inner is not None:  # of tf.function, jax.jit, functools.cache
            return "wrapped", _name(type(value)), self.of(inner)
        if type(value).__module__.partition(".")[0] == "keras":
            return self.of(type(value)), self._state(value) if hasattr(value, "__dict__") else ()
        if hasattr(value, "__array__"):
            try:
                return self._array(value)
            except Exception:  # of tensors without values
                return _unlike_any(value)
        return self._reduced(value)

    def _reduced(self, value: Any) -> Any:
        """Describe an object by what its pickle would have."""
        if type(value).__module__ == "_thread":
            return "lock"
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:  # as it can't be pickled
            return _unlike_any(value)
        if isinstance(reduced, str):
            return "global", reduced
        make, arguments, *rest = reduced
        listed = [part if i == 0 or part is None else list(part) for i, part in enumerate(rest[:3])]
        return self.all_of([type(value), make, arguments, *listed])


def _bytes(array: Any) -> Any:
    """Return an array's memory; those of dates and of bfloat16 can't be read without a view."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _identity(value: Any) -> str:
    """Return what only this object has; unlike its id, it is never used again."""
    if id(value) not in _identities:
        _identities[id(value)] = _only()
        weakref.finalize(value, _identities.pop, id(value), None)
    return _identities[id(value)]


def _unlike_any(value: Any) -> Any:
    return "unlike any other", _name(type(value)), _only()


def _only() -> str:
    return f"only:{uuid4().hex}"


@cache
def _names_of_every_layer() -> frozenset[str]:
    """Return the attributes that Keras gives to every layer and to every compiled network."""
    return frozenset(chain.from_iterable(map(vars, in_new_thread(_plain_layers))))


def _plain_layers() -> list[Any]:
    """Return a layer and a network of each kind that hold nothing of their own."""
    keras = load_keras()

    own = type("Own", (keras.Model,), {})
    inputs = keras.Input((1,))
    sequential = keras.Sequential([inputs])
    functional = keras.Model(inputs, keras.ops.add(inputs, inputs))
    networks = [sequential, functional, own()]
    for network in networks:
        network.compile("sgd", "mse", metrics=["mse"])
    return [keras.layers.Layer(), *networks]


def _all_parts(layer: Any) -> Iterator[Any]:
    for part in parts_of(layer):
        yield part
        yield from _all_parts(part)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a function's code and that of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet set
        return None


def _is_of_every_class(name: str) -> bool:
    return name in (
        "__annotations__",
        "__dict__",
        "__doc__",
        "__firstlineno__",
        "__module__",
        "__static_attributes__",
        "__weakref__",
        "_abc_impl",
    )


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def _is_of_installed(function: FunctionType) -> bool:
    """Return whether a function is an installed package's, not one that only has its name."""
    module = sys.modules.get(function.__module__ or "")
    return getattr(module, "__dict__", None) is function.__globals__ and _is_installed(
        function.__module__
    )


@cache
def _is_installed(module: str | None) -> bool:
    """Return whether a module's code never changes in a process: of an installed package."""
    if module is None:
        return False
    if module.partition(".")[0] == __name__.partition(".")[0]:
        return True
    if module.partition(".")[0] in sys.stdlib_module_names and module != "__main__":
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return module == "builtins"
    installed = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
    return any(Path(file).is_relative_to(folder) for folder in installed)


def _digest(content: Any) -> str:
    return hashlib.sha256(content).hexdigest()
