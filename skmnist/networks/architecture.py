"""A network as data: which builder, called with what."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from skmnist._backend import refuse_other_modes


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
        refuse_other_modes()
        return self.builder(**dict(self.settings), seed=seed)


def _hashable(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(_hashable(item) for item in value)
    return value
