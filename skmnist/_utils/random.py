"""Generators and seeds from a `random_state`; no global generator is read or advanced."""

from typing import Any

import numpy as np
from sklearn.utils import check_random_state


def generator_of(random_state: Any) -> np.random.RandomState:
    """Return the generator of a `random_state`; None is seeded by the operating system.

    scikit-learn's `check_random_state` uses NumPy's global generator for None.

    Examples
    --------
    >>> from skmnist._utils.random import generator_of
    >>> generator_of(0).randint(10)
    5
    """
    return np.random.RandomState() if random_state is None else check_random_state(random_state)


def seed_of(random_state: Any) -> int:
    """Draw a 31-bit seed from a `random_state`.

    Examples
    --------
    >>> from skmnist._utils.random import seed_of
    >>> seed_of(0) == seed_of(0)
    True
    """
    return int(generator_of(random_state).randint(2**31 - 1))
