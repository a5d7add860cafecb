"""What a layer's weights are before training."""

from dataclasses import dataclass
from inspect import isclass, signature
from math import isfinite
from numbers import Real
from typing import Any

from skmnist._backend import load_keras
from skmnist._errors import unknown_name


@dataclass(frozen=True)
class RandomUniform:
    """Initial weights drawn uniformly from an interval.

    Parameters
    ----------
    minval, maxval : float, default=-0.05 and 0.05
        The interval's ends (Keras's defaults).

    Examples
    --------
    >>> from skmnist import DNNClassifier, RandomUniform
    >>> DNNClassifier(kernel_initializer=RandomUniform(-1.0, 1.0)).kernel_initializer
    RandomUniform(minval=-1.0, maxval=1.0)
    """

    minval: float = -0.05
    maxval: float = 0.05

    def __post_init__(self) -> None:
        ends: tuple[Any, Any] = self.minval, self.maxval
        if not all(isinstance(end, Real) and isfinite(end) for end in ends) or ends[0] >= ends[1]:
            raise ValueError(
                f"RandomUniform: minval={self.minval!r}, maxval={self.maxval!r}; expected finite "
                "numbers, minval < maxval."
            )


def make_initializer(initializer: str | RandomUniform, seed: int, parameter: str) -> Any:
    """Make Keras's initializer, with a seed of ours.

    Raises
    ------
    ValueError
        If Keras has no initializer of that name.

    Examples
    --------
    >>> from skmnist.networks._initializers import make_initializer
    >>> make_initializer("he_normal", 0, "initializer").seed
    0
    """
    initializers = load_keras().initializers
    if isinstance(initializer, RandomUniform):
        return initializers.RandomUniform(initializer.minval, initializer.maxval, seed=seed)
    known = {
        name: made for name, made in vars(initializers).items() if isclass(made) and name.islower()
    }
    if initializer not in known:
        raise unknown_name(parameter, initializer, known)
    # Made with a seed at once: without one, Keras draws from Python's global generator.
    draws = "seed" in signature(known[initializer]).parameters
    return known[initializer](**({"seed": seed} if draws else {}))
