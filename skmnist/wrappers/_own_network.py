"""The user's function or model as the builder of an architecture."""

import random
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skmnist._utils.backend import in_new_thread, load_keras
from skmnist._utils.errors import shown
from skmnist._utils.fingerprint import fingerprint, outline
from skmnist._utils.keras import (
    compile_arguments,
    creates_no_values,
    draw_from_own_seeds,
    is_keras_model,
    parts_of,
    structure_of_inputs,
)
from skmnist.networks._adapted import Layout, adapted, own_network
from skmnist.networks._output import Output
from skmnist.wrappers._portable import portable, restored

_building = threading.RLock()
# Methods of a model by which Keras trains, evaluates and predicts.
_STEPS = (
    "fit",
    "train_step",
    "test_step",
    "predict_step",
    "compute_loss",
    "compute_loss_and_updates",
    "compute_metrics",
)


@dataclass(frozen=True)
class OwnNetwork:
    """A builder of adapted networks, made by the user's function.

    Two of them are equal if their networks compute the same, whatever functions made them; then
    compiled code is shared.  The initial weights are those of each function.

    Parameters
    ----------
    make : Maker
        Returns the user's network.
    seed : int
        Determines what layers draw when they are made, such as their weights.
    layout : Layout
        What the columns of a sample are.
    key : str
        Equal for networks of equal computation.
    alike : str
        Equal for the networks that the function makes as long as nothing changes.
    outline : str
        Equal for networks of the same layers and shapes, so that weights of one fit the other.
    compiled : dict of str to object
        How the user's function has compiled the network.
    output : Output
        The last layer.
    first : list of keras.Model
        The network that was built to find all this, until a training takes its initial weights.

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
    seed: int = field(compare=False)
    layout: Layout
    key: str
    alike: str = field(compare=False)
    outline: str = field(compare=False)
    compiled: Mapping[str, Any] = field(compare=False)
    output: Output = field(compare=False)
    first: list[Any] = field(compare=False, repr=False)

    @classmethod
    def of(
        cls, make: "Maker", layout: Layout, seed: int, input_shape: Any, dtype: str
    ) -> "OwnNetwork":
        """Build the network once, to find its structure and how it was compiled."""
        whole = make(seed, lambda network: adapted(network, layout, input_shape, dtype))
        network = own_network(whole)
        make.remember(network)
        make.check_copy(network)
        return cls(
            make,
            seed,
            layout,
            *fingerprint(network),
            outline(network),
            make.compiled(network),
            Output.of(network, whole),
            [whole],
        )

    def __call__(self, *, input_shape: Any, n_outputs: int, dtype: str, seed: int) -> Any:
        """Return the adapted network, always of the first one's seed: it gets other weights."""
        whole = self.make(
            self.seed, lambda network: adapted(network, self.layout, input_shape, dtype)
        )
        network = own_network(whole)
        self.make.check_not_shared(network)
        # Without values, less of it can be described.
        if not creates_no_values() and fingerprint(network).alike != self.alike:
            raise ValueError(
                f"{self.make} makes another network now than before, as something that it refers "
                "to has changed, or is random. Set that back, or fit again."
            )
        return whole

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "compiled": {}, "first": []}


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

    def __repr__(self) -> str:
        return f"model={shown(self._model)}"

    def __call__(self, seed: int, adapt: Callable[[Any], Any]) -> Any:
        """Return a new network, adapted; its unseeded layers get their seeds from `seed`."""
        keras = load_keras()
        policy = self._dtype or keras.config.dtype_policy()
        without_values = creates_no_values()

        def build() -> Any:
            keras.config.set_dtype_policy(policy)  # of this new thread only
            scope = keras.StatelessScope(initialize_variables=False)
            with scope if without_values else nullcontext():
                network = self._new_network(seed)
                self._check(network)
                whole = adapt(network)
            draw_from_own_seeds(whole)
            return whole

        with _building, _seeded_layers(seed):
            return in_new_thread(build)

    def _new_network(self, seed: int) -> Any:
        if isinstance(self._model, load_keras().layers.Layer) and not is_keras_model(self._model):
            raise TypeError(
                f"{self} is a layer; expected a function that returns a "
                "keras.Model, or a keras.Model."
            )
        if is_keras_model(self._model):
            return _copy_of(self._model)
        offered = {**self._offered, **({"seed": seed} if "seed" in self._offered else {})}
        return self._model(**{**offered, **self._arguments})

    def _check(self, network: Any) -> None:
        if not isinstance(network, load_keras().Model):
            raise TypeError(f"{self} returned {shown(network)}; expected a keras.Model.")
        check_trains_as_usual(network)

    def compiled(self, network: Any) -> dict[str, Any]:
        """Return how the function has compiled a network that it made, or the template was."""
        return compile_arguments(self._model if is_keras_model(self._model) else network)

    def check_copy(self, network: Any) -> None:
        """Raise an error if a copy of a template doesn't compute what the template does."""
        if not is_keras_model(self._model) or not getattr(network, "inputs", None):
            return
        if creates_no_values():
            return
        rng = np.random.default_rng(0)
        inputs = [
            rng.integers(0, 2, (8, *(side or 2 for side in t.shape[1:]))).astype(t.dtype)
            for t in network.inputs
        ]
        structured = load_keras().tree.pack_sequence_as(structure_of_inputs(network), inputs)
        given = structured if len(inputs) > 1 else inputs[0]
        convert = load_keras().ops.convert_to_numpy
        expected, found = (convert(one(given, training=False)) for one in (self._model, network))
        if not np.allclose(expected, found, rtol=1e-3, atol=1e-4, equal_nan=True):
            raise ValueError(
                f"{self} has a state beside its weights, which a copy lacks; "
                "give a function that makes it."
            )

    def remember(self, network: Any) -> None:
        """Remember the variables of a network that was built."""
        self._seen = [weakref.ref(variable) for variable in network.trainable_variables]

    def check_not_shared(self, network: Any) -> None:
        """Raise an error if a network has variables of the one that was built before."""
        before = {id(variable) for ref in self._seen if (variable := ref()) is not None}
        shared = [v.path for v in network.trainable_variables if id(v) in before]
        if shared:
            raise ValueError(
                f"{self} returns networks that share layers, such as "
                f"{shown(shared[0])}, so each fit would train those of the others. Make all layers "
                "inside of the function: load or clone (keras.models.clone_model) a network there, "
                "or freeze it (layer.trainable = False)."
            )

    def __getstate__(self) -> dict[str, Any]:
        return portable({**vars(self), "_seen": []}, ("_model", "_arguments"), "estimator")

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(restored(state))


def _copy_of(template: Any) -> Any:
    """Return a new network like a template, with its weights."""
    # Keras would compile the copy too, with losses that it may not be able to copy.
    compiled, template.compiled = template.compiled, False
    try:
        network = load_keras().models.clone_model(template)
        if not creates_no_values():
            for variable, given in zip(network.weights, template.weights, strict=True):
                variable.assign(given.value)
            _finalize(network)
    except Exception as error:
        raise ValueError(
            f"model={shown(template)} can't be copied: {error} Give a function that makes it."
        ) from error
    finally:
        template.compiled = compiled
    return network


def _finalize(layer: Any) -> None:
    """Have layers compute again what they keep beside their weights, as after loading."""
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()
    for part in parts_of(layer):
        _finalize(part)


@contextmanager
def _seeded_layers(seed: int) -> Iterator[None]:
    """Seed the global generators, which layers without a seed and users' initializers draw from."""
    before, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(of_numpy)  # noqa: NPY002


def check_trains_as_usual(network: Any) -> None:
    """Refuse networks with steps of their own, which wouldn't be used."""
    base = load_keras().Model
    for name in _STEPS:
        own = getattr(type(network), name, None)
        of_class = own is not None and own is not getattr(base, name, own)
        if of_class or name in vars(network):
            raise ValueError(
                f"{type(network).__name__} has a {name} of its own, which isn't used: training "
                "and prediction are compiled for many steps. Give the loss by loss=..., or add it "
                "in a layer by add_loss; give metrics by metrics=...; compute outputs in call."
            )
