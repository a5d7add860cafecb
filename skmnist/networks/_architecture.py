"""A network as data: which builder, called with what."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from math import inf
from numbers import Integral
from typing import Any

from skmnist._utils.backend import check_execution_mode, in_new_thread, load_keras
from skmnist._utils.caches import cached
from skmnist._utils.errors import shown

# To count a network's parameters takes as long as to build it: only where a layer is this wide.
_WIDE = 4096
_BYTES_OF_PARAMETER = 16  # in training: the weight, its gradient and two moments, in float32


@dataclass(frozen=True)
class Architecture:
    """A builder and its arguments: equal ones share compiled functions.

    Parameters
    ----------
    builder : callable
        A function of this package that returns a ``keras.Model``.
    settings : tuple of (name, value) pairs
        The builder's keyword arguments but the seed; values are hashable.

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
        """Note a call of `builder` with `settings`, lists turned into tuples."""
        return cls(builder, tuple((name, _hashable(v)) for name, v in sorted(settings.items())))

    def build(self, seed: int) -> Any:
        """Build the network, its weights drawn from `seed`.

        Parameters
        ----------
        seed : int
            Decides the initial weights and the dropout.

        Returns
        -------
        network : keras.Model
            Takes images of floats, gives one number a class.
        """
        check_execution_mode()
        return self.builder(**dict(self.settings), seed=seed)

    def build_without_values(self) -> Any:
        """Build the network with variables that have names and shapes, but no values.

        Returns
        -------
        network : keras.Model
            To look at, not to call.

        Examples
        --------
        >>> from skmnist.networks import Architecture, dense_network
        >>> logistic = Architecture.of(dense_network, input_shape=(8, 8, 1), n_outputs=10,
        ...                            hidden_units=())
        >>> [tuple(variable.shape) for variable in logistic.build_without_values().variables]
        [(64, 10), (10,)]
        """

        def build() -> Any:
            with load_keras().StatelessScope(initialize_variables=False):
                return self.build(seed=0)

        # Keras keeps a list by thread of variables to fill later, and numbers the names that it
        # makes up from the thread's start.
        return in_new_thread(build)


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


def _hashable(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(_hashable(item) for item in value)
    return value


@cached(maxsize=256)
def check_memory(architecture: Architecture) -> None:
    """Refuse a network whose training the machine's memory can't hold, before any of it is made.

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
    """Find the whole numbers in a setting."""
    if isinstance(value, Integral):
        yield int(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from _numbers(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _numbers(getattr(value, field.name))


def _memory() -> float:
    """Find the bytes of the machine's memory, where the system reports them."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return inf
