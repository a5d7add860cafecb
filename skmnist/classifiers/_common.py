"""What the final classes do alike with their parameters."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions

HIDDEN_LAYERS: dict[str, list[Any]] = {
    "hidden_units": ["array-like"],
    "activation": [str],
    "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
    "output_activation": [StrOptions({"softmax", "sigmoid"})],
}


def n_outputs(n_classes: int, output_activation: str) -> int:
    """One sigmoid tells two classes apart."""
    return 1 if output_activation == "sigmoid" and n_classes == 2 else n_classes


def whole_numbers(values: Sequence[Any], parameter: str) -> tuple[int, ...]:
    for value in values:
        if not isinstance(value, Integral) or value is True or value < 1:
            raise ValueError(
                f"{parameter}={values!r}: {value!r} is no number of units; expected whole numbers "
                "of at least 1."
            )
    return tuple(int(value) for value in values)
