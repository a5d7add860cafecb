"""What the final classes share in handling their parameters."""

from numbers import Integral, Real
from typing import Any

from skmnist._utils.errors import shown
from skmnist._utils.sklearn import Interval, StrOptions
from skmnist._utils.values import is_a
from skmnist.training._optimizers import Optimizer

_MOST_UNITS = 2**63 - 1  # the largest of NumPy's default integers
# Short moving averages, which suit a cycle of a few hundred steps.
QUICK_ADAMW = Optimizer("adamw", beta_1=0.8, beta_2=0.95, weight_decay=0.02)
HIDDEN_LAYERS: dict[str, list[Any]] = {
    "hidden_units": ["array-like", Integral],
    "activation": [str, callable],
    "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
    "output_activation": [StrOptions({"softmax", "sigmoid"})],
}


def n_outputs(n_classes: int, output_activation: str) -> int:
    """Return the number of output units: one sigmoid is enough for two classes."""
    return 1 if output_activation == "sigmoid" and n_classes == 2 else n_classes


def whole_numbers(values: Any, parameter: str) -> tuple[int, ...]:
    """Check numbers of units; a single number need not be in a sequence."""
    numbers = (values,) if isinstance(values, Integral) else tuple(values)
    for number in numbers:
        if not is_a(Integral, number) or not 1 <= int(number) <= _MOST_UNITS:
            raise ValueError(
                f"{parameter}={shown(values)} holds {shown(number)}; expected whole numbers of at "
                f"least 1, and at most {_MOST_UNITS}."
            )
    return tuple(int(number) for number in numbers)
