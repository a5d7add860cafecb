"""Initializers of layers' weights."""

from dataclasses import dataclass
from inspect import isclass, signature
from numbers import Real
from typing import Any

import numpy as np

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown, unknown_name
from skmnist._utils.values import Value

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, repr=False)
class RandomUniform(Value):
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
        usable = all(isinstance(end, Real) and abs(float(end)) <= _LARGEST for end in ends)
        if not usable or not self.minval < self.maxval:
            raise ValueError(
                f"RandomUniform: minval={shown(self.minval)}, maxval={shown(self.maxval)}; "
                "expected numbers in the range of float32, minval < maxval."
            )


def make_initializer(
    initializer: str | RandomUniform, seed: int, parameter: str, n_dimensions: int
) -> Any:
    """Return Keras's initializer for weights of `n_dimensions` dimensions, with our seed.

    Raises
    ------
    ValueError
        If Keras has no initializer of that name, or it is for weights with other dimensions.

    Examples
    --------
    >>> from skmnist.networks._initializers import make_initializer
    >>> make_initializer("he_normal", 0, "initializer", n_dimensions=2).seed
    0
    """
    made = _made(initializer, seed, parameter)
    try:
        made((2,) * n_dimensions)
    except ValueError as error:
        raise ValueError(
            f"{parameter}={shown(initializer)} can't fill weights of {n_dimensions} dimensions: "
            f"{error} Give another one, such as 'random_uniform'."
        ) from error
    return made


def _made(initializer: str | RandomUniform, seed: int, parameter: str) -> Any:
    initializers = load_keras().initializers
    if isinstance(initializer, RandomUniform):
        return initializers.RandomUniform(initializer.minval, initializer.maxval, seed=seed)
    known = {
        name: made for name, made in vars(initializers).items() if isclass(made) and name.islower()
    }
    if initializer not in known:
        raise unknown_name(parameter, initializer, known)
    # Created with a seed: without one, Keras draws it from Python's global generator.
    draws = "seed" in signature(known[initializer]).parameters
    return known[initializer](**({"seed": seed} if draws else {}))
