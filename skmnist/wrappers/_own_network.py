"""The user's function or model as the builder of an architecture."""

import json
import random
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import joblib

from skmnist._utils.backend import in_new_thread, load_keras
from skmnist._utils.errors import shown
from skmnist._utils.keras import compile_arguments, last_layer
from skmnist.networks._adapted import Layout, adapted
from skmnist.training._keras_objects import described

_building = threading.RLock()


def is_keras_model(model: Any) -> bool:
    """Return whether `model` is a Keras model, without importing Keras.

    Examples
    --------
    >>> from skmnist.wrappers._own_network import is_keras_model
    >>> is_keras_model(print)
    False
    """
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)


@dataclass(frozen=True)
class OwnNetwork:
    """A builder of adapted networks, made by the user's function.

    Two of them are equal if their networks have the same structure, and the function has the same
    code and arguments: then compiled code is shared.

    Parameters
    ----------
    make : Maker
        Returns the user's network.
    layout : Layout
        What the columns of a sample are.
    key : str
        Equal for equal networks.
    compiled : dict of str to object
        How the user's function has compiled the network.
    output : Output
        The last layer.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.networks._adapted import Layout
    >>> from skmnist.wrappers._own_network import Maker, OwnNetwork
    >>> keras = load_keras()
    >>> def build(units):
    ...     return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])
    >>> first, second, wider = (
    ...     OwnNetwork.of(Maker(build, {"units": n}), Layout((4,)), 0, (1, 4, 1), "float32")
    ...     for n in (3, 3, 5)
    ... )
    >>> first == second, first == wider
    (True, False)
    """

    make: "Maker" = field(compare=False)
    layout: Layout
    key: str
    compiled: Mapping[str, Any] = field(compare=False, default_factory=dict)
    output: "Output | None" = field(compare=False, default=None)

    @classmethod
    def of(
        cls, make: "Maker", layout: Layout, seed: int, input_shape: Any, dtype: str
    ) -> "OwnNetwork":
        """Build the network once, to find its structure and how it was compiled."""
        network = make(seed)
        whole = in_new_thread(lambda: adapted(network, layout, input_shape, dtype))
        make.remember(network)
        key = joblib.hash([_structure(network), make.code(), make.arguments_of_key()])
        return cls(
            make,
            layout,
            key,
            compile_arguments(network),
            Output.of(network, whole.output_shape[-1]),
        )

    def __call__(self, *, input_shape: Any, n_outputs: int, dtype: str, seed: int) -> Any:
        """Return the adapted network."""
        network = self.make(seed)
        whole = in_new_thread(lambda: adapted(network, self.layout, input_shape, dtype))
        self.make.check_not_shared(network)
        return whole

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "compiled": {}}


@dataclass(frozen=True)
class Output:
    """The last layer of a network.

    Parameters
    ----------
    n_units : int
        Number of outputs.
    activation : str or None
        Keras's name of its activation; None if it is not one of the usual layers.
    """

    n_units: int
    activation: str | None

    @classmethod
    def of(cls, network: Any, n_units: int) -> "Output":
        """Find the last layer of a network."""
        keras = load_keras()
        last = last_layer(network)
        if isinstance(last, keras.layers.Softmax):
            return cls(n_units, "softmax")
        if not isinstance(last, keras.layers.Dense | keras.layers.Activation):
            return cls(n_units, None)
        return cls(n_units, getattr(last.activation, "__name__", None))


class Maker:
    """Calls the user's function, or clones the user's model.

    Parameters
    ----------
    model : callable or keras.Model
        The function, or a template.
    arguments : dict of str to object
        The function's keyword arguments.
    offered : dict of str to object
        Further ones, which follow from the data and the estimator.
    dtype : str or None
        Keras's dtype policy while the network is built; None is the present one.
    """

    def __init__(
        self,
        model: Any,
        arguments: Mapping[str, Any],
        offered: Mapping[str, Any] | None = None,
        dtype: str | None = None,
    ) -> None:
        self._model = model
        self._arguments = dict(arguments)
        self._offered = dict(offered or {})
        self._dtype = dtype
        self._seen: list[Any] = []

    def __call__(self, seed: int) -> Any:
        """Return a new network; its unseeded layers get their seeds from `seed`."""
        keras = load_keras()
        policy = self._dtype or keras.config.dtype_policy()

        def build() -> Any:
            keras.config.set_dtype_policy(policy)  # of this new thread only
            if is_keras_model(self._model):
                return keras.models.clone_model(self._model)
            offered = {**self._offered, **({"seed": seed} if "seed" in self._offered else {})}
            return self._model(**{**offered, **self._arguments})

        with _building, _seeded_layers(seed):
            network = in_new_thread(build)
        if not isinstance(network, keras.Model):
            raise TypeError(
                f"model={shown(self._model)} returned {shown(network)}; expected a keras.Model."
            )
        _check_trains_as_usual(network)
        return network

    def remember(self, network: Any) -> None:
        """Remember the variables of a network that was built."""
        self._seen = [weakref.ref(variable) for variable in network.trainable_variables]

    def check_not_shared(self, network: Any) -> None:
        """Raise an error if a network has variables of the one that was built before."""
        before = {id(variable) for ref in self._seen if (variable := ref()) is not None}
        shared = [v.path for v in network.trainable_variables if id(v) in before]
        if shared:
            raise ValueError(
                f"model={shown(self._model)} returns networks that share layers, such as "
                f"{shown(shared[0])}, so each fit would train those of the others. Make all layers "
                "inside of the function: load or clone (keras.models.clone_model) a network there, "
                "or freeze it (layer.trainable = False)."
            )

    def code(self) -> Any:
        """Return what identifies the function: its code, and the values that it refers to."""
        return None if is_keras_model(self._model) else _code(self._model)

    def arguments_of_key(self) -> Any:
        """Return the arguments that can change the network."""
        given = {**self._offered, **self._arguments}
        leave_out = ("seed", "meta", "compile_kwargs")
        arguments = {k: _argument(v) for k, v in sorted(given.items()) if k not in leave_out}
        return arguments, str(self._dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_seen": []}


@contextmanager
def _seeded_layers(seed: int) -> Iterator[None]:
    """Seed Python's global generator, which Keras's layers without a seed draw theirs from."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def _check_trains_as_usual(network: Any) -> None:
    """Refuse networks with a training step of their own, which wouldn't be used."""
    base = load_keras().Model
    for name in ("train_step", "compute_loss", "compute_loss_and_updates"):
        own = getattr(type(network), name, None)
        if own is not None and own is not getattr(base, name, own):
            raise ValueError(
                f"{type(network).__name__} has a {name} of its own, which isn't used here: the "
                "training is compiled for many steps. Give the loss by loss=..., or add it in a "
                "layer by add_loss."
            )


def _structure(network: Any) -> Any:
    """Return what determines a network's computation."""
    keras = load_keras()
    variables = [(v.path, tuple(v.shape), v.dtype, v.trainable) for v in network.variables]
    classes = [f"{type(layer).__module__}.{type(layer).__qualname__}" for layer in _layers(network)]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The object being serialized includes a `lambda`")
            serialized = keras.saving.serialize_keras_object(network)
        serialized.pop("compile_config", None)
        config = json.dumps(serialized, sort_keys=True, default=repr)
    except Exception:  # of layers that can't be described
        config = _like_no_other()
    return variables, classes, config


def _layers(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)


def _argument(value: Any) -> Any:
    """Describe an argument in the same way in any process."""
    if hasattr(value, "__code__"):
        return _code(value)
    if hasattr(value, "get_config"):
        found = described(value)
        if found is None:
            return _like_no_other()
        kind, settings, functions = found
        return kind.__module__, kind.__qualname__, settings, [_argument(f) for f in functions]
    if isinstance(value, list | tuple):
        return [_argument(item) for item in value]
    try:
        return joblib.hash(value)
    except Exception:  # of what can't be pickled
        return _like_no_other()


def _like_no_other() -> str:
    """Return what makes a key equal to no other one, so that nothing is shared."""
    return uuid4().hex


def _code(function: Callable[..., Any]) -> Any:
    """Return a description of a function that is equal for equal code, in any process."""
    inner = getattr(function, "func", None)  # of functools.partial
    if inner is not None:
        return _code(inner), repr(getattr(function, "args", ()))
    code = getattr(function, "__code__", None)
    if code is None:
        return type(function).__qualname__, getattr(function, "__qualname__", repr(function))
    closed_over = [_cell(cell) for cell in function.__closure__ or ()]
    names = [_value(function.__globals__[n]) for n in code.co_names if n in function.__globals__]
    return code.co_code, repr(_plain_constants(code)), code.co_names, closed_over, names


def _plain_constants(code: Any) -> list[Any]:
    return [
        (constant.co_code, _plain_constants(constant)) if hasattr(constant, "co_code") else constant
        for constant in code.co_consts
    ]


def _cell(cell: Any) -> str:
    try:
        return _value(cell.cell_contents)
    except ValueError:  # not yet set
        return ""


def _value(value: Any) -> str:
    """Describe a value that a function refers to, if it is a plain one; modules don't count."""
    if isinstance(value, str | int | float | bool | bytes | tuple | list | dict | type(None)):
        return repr(value)
    return getattr(value, "__qualname__", type(value).__qualname__)
