"""A network as data: its builder and the arguments."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from math import inf
from numbers import Integral
from typing import Any

from skmnist._utils.backend import check_execution_mode, in_new_thread, load_keras
from skmnist._utils.caches import cached
from skmnist._utils.errors import shown

# Counting parameters takes as long as building the network, so only with layers this wide.
_WIDE = 4096
_BYTES_OF_PARAMETER = 16  # in training: the weight, its gradient and two moments, in float32


@dataclass(frozen=True)
class Architecture:
    """A builder and its arguments; equal architectures share compiled functions.

    Parameters
    ----------
    builder : callable
        A function of this package that returns a ``keras.Model``.
    settings : tuple of (name, value) pairs
        The builder's keyword arguments except the seed; values are hashable.

    Examples
    --------
    >>> from skmnist.networks import Architecture, dense_network
    >>> logistic = Architecture.of(dense_network, input_shape=(8, 8, 1), n_outputs=10,
    ...                            hidden_units=())
    >>> logistic.build(seed=0).count_params()
    650
    """

    builder: Callable[..., Any]
    settings: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, builder: Callable[..., Any], **settings: Any) -> "Architecture":
        """Return the architecture of `builder` with `settings`, lists turned into tuples."""
        return cls(builder, tuple((name, hashable(v)) for name, v in sorted(settings.items())))

    def build(self, seed: int) -> Any:
        """Build the network, its weights drawn from `seed`.

        Parameters
        ----------
        seed : int
            Determines the initial weights and the dropout.

        Returns
        -------
        network : keras.Model
            Takes images of floats, returns one number per class.
        """
        check_execution_mode()
        return self.builder(**dict(self.settings), seed=seed)

    def takes_weights_of(self, other: "Architecture") -> bool:
        """Return whether another network's weights fit this one.

        Those of an equal one do, and those of a user's network of the same outline, which may not
        be equal because it holds something that can't be compared.

        Examples
        --------
        >>> from skmnist.networks import Architecture, dense_network
        >>> logistic = Architecture.of(dense_network, input_shape=(8, 8, 1), n_outputs=10)
        >>> logistic.takes_weights_of(logistic)
        True
        """
        outline = getattr(self.builder, "outline", None)
        return self == other or (
            outline is not None
            and outline == getattr(other.builder, "outline", None)
            and self.settings == other.settings
        )

    def build_without_values(self) -> Any:
        """Build the network with variables that have names and shapes, but no values.

        Returns
        -------
        network : keras.Model
            It can be inspected, but not called.

        Examples
        --------
        >>> from skmnist.networks import Architecture, dense_network
        >>> logistic = Architecture.of(dense_network, input_shape=(8, 8, 1), n_outputs=10,
        ...                            hidden_units=())
        >>> [tuple(variable.shape) for variable in logistic.build_without_values().variables]
        [(64, 10), (10,)]
        """
        return without_values(lambda: self.build(seed=0))


def without_values(make: Callable[[], Any]) -> Any:
    """Return the result of a function whose Keras variables have names and shapes, but no values.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.networks._architecture import without_values
    >>> keras = load_keras()
    >>> layers = keras.Input((4,)), keras.layers.Dense(2)
    >>> without_values(lambda: keras.Sequential(layers)).count_params()
    10
    """

    def make_in_scope() -> Any:
        with load_keras().StatelessScope(initialize_variables=False):
            return make()

    # Keras keeps a list of variables to initialize later, and numbers generated names, both per
    # thread.
    return in_new_thread(make_in_scope)


def n_outputs_of(architecture: Architecture) -> int:
    """Return the number of a network's outputs; a single one stands for two classes.

    Examples
    --------
    >>> from skmnist.networks import Architecture, dense_network
    >>> from skmnist.networks._architecture import n_outputs_of
    >>> n_outputs_of(Architecture.of(dense_network, input_shape=(8, 8, 1), n_outputs=10))
    10
    """
    return int(dict(architecture.settings)["n_outputs"])


def hashable(value: Any) -> Any:
    """Return arrays and lists as tuples, and everything else unchanged.

    Examples
    --------
    >>> from skmnist.networks._architecture import hashable
    >>> hashable([1, [2]])
    (1, (2,))
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(hashable(item) for item in value)
    return value


@cached(maxsize=256)
def check_memory(architecture: Architecture) -> None:
    """Raise an error if a network's training doesn't fit in memory, before the network is built.

    Raises
    ------
    ValueError
        If its parameters, their gradients and two moments take more than the whole memory.

    Examples
    --------
    >>> from skmnist.networks import Architecture, dense_network
    >>> from skmnist.networks._architecture import check_memory
    >>> check_memory(Architecture.of(dense_network, input_shape=(8, 8, 1), n_outputs=10))
    """
    wide = {
        name: value
        for name, value in architecture.settings
        if max(_numbers(value), default=0) > _WIDE
    }
    if not wide:
        return
    n_parameters = architecture.build_without_values().count_params()
    needed, memory = n_parameters * _BYTES_OF_PARAMETER, _memory()
    if needed > memory:
        widest = ", ".join(f"{name}={shown(value)}" for name, value in wide.items())
        raise ValueError(
            f"{widest} makes a network of {n_parameters:.3g} parameters, whose training takes at "
            f"least {needed / 2**30:.3g} GiB; this machine has {memory / 2**30:.3g} GiB. Give "
            "fewer units, filters or words."
        )


def _numbers(value: Any) -> Iterator[int]:
    """Yield the whole numbers in a setting."""
    if isinstance(value, Integral):
        yield int(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from _numbers(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _numbers(getattr(value, field.name))


def _memory() -> float:
    """Return the machine's memory in bytes, or infinity if the system doesn't report it."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return inf
