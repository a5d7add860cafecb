"""What the final classes do alike with their parameters."""

from inspect import signature
from numbers import Integral, Real
from typing import Any

from skmnist._utils.errors import shown
from skmnist._utils.sklearn import Interval, StrOptions
from skmnist.training._optimizers import OptimizerSpec, find_optimizer

_MOST_UNITS = 2**63 - 1  # what NumPy counts in
HIDDEN_LAYERS: dict[str, list[Any]] = {
    "hidden_units": ["array-like", Integral],
    "activation": [str, callable],
    "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
    "output_activation": [StrOptions({"softmax", "sigmoid"})],
}


_OPTIMIZER_SETTINGS = (
    "learning_rate",
    "momentum",
    "beta_1",
    "beta_2",
    "epsilon",
    "weight_decay",
    "global_clipnorm",
    "ema_momentum",
)


def n_outputs(n_classes: int, output_activation: str) -> int:
    """One sigmoid tells two classes apart."""
    return 1 if output_activation == "sigmoid" and n_classes == 2 else n_classes


def whole_numbers(values: Any, parameter: str) -> tuple[int, ...]:
    """Check numbers of units; a single one may stand without brackets."""
    numbers = (values,) if isinstance(values, Integral) else tuple(values)
    for number in numbers:
        is_whole = isinstance(number, Integral) and not isinstance(number, bool)
        if not is_whole or not 1 <= int(number) <= _MOST_UNITS:
            raise ValueError(
                f"{parameter}={shown(values)} holds {shown(number)}; expected whole numbers of at "
                f"least 1, and at most {_MOST_UNITS}."
            )
    return tuple(int(number) for number in numbers)


def optimizer_of(classifier: Any) -> OptimizerSpec:
    """Find the optimizer that a classifier's parameters describe."""
    if not isinstance(classifier.optimizer, str):
        _check_idle_settings(classifier)
    return find_optimizer(
        classifier.optimizer, **{name: getattr(classifier, name) for name in _OPTIMIZER_SETTINGS}
    )


def _check_idle_settings(classifier: Any) -> None:
    defaults = signature(type(classifier)).parameters
    for name in _OPTIMIZER_SETTINGS:
        value = getattr(classifier, name)
        if value != defaults[name].default:
            raise ValueError(
                f"{name}={shown(value)} has no effect with a Keras optimizer object; set it in "
                "the object, or give the optimizer's name."
            )
