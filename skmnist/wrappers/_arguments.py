"""The keyword arguments of the user's function as parameters of the estimator."""

from collections.abc import Iterable, Mapping
from inspect import Parameter, signature
from typing import Any

from skmnist._utils.errors import shown
from skmnist._utils.keras import is_keras_model

# What the function is given if it asks for it by name.
OFFERED = (
    "n_features_in",
    "input_shape",
    "n_classes",
    "n_outputs",
    "target_type",
    "seed",
    "meta",
    "compile_kwargs",
)
_PREFIX = "model__"


class FunctionArguments:
    """The arguments that a function takes.

    Parameters
    ----------
    model : object
        The parameter of the estimator: a function, a class, or a Keras model, which takes none.

    Examples
    --------
    >>> from skmnist.wrappers._arguments import FunctionArguments
    >>> def build(n_classes, hidden=64): ...
    >>> FunctionArguments(build).defaults
    {'hidden': 64}
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._parameters = _parameters(model)
        kinds = [parameter.kind for parameter in self._parameters.values()]
        # What is not a function is refused in `fit`, not before.
        self.takes_any = Parameter.VAR_KEYWORD in kinds or not callable(model)
        named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
        self.names = [name for name, each in self._parameters.items() if each.kind in named]

    @property
    def defaults(self) -> dict[str, Any]:
        """The function's own parameters that have a default, which the estimator shows."""
        return {
            name: self._parameters[name].default
            for name in self.names
            if self._parameters[name].default is not Parameter.empty and name not in OFFERED
        }

    def takes(self, name: str) -> bool:
        """Return whether the function has an argument of that name."""
        return name in self.names or self.takes_any

    def check_complete(self, given: Iterable[str], estimator: str) -> None:
        """Raise an error if an argument without a default is missing."""
        given = set(given)
        missing = [
            name
            for name in self.names
            if self._parameters[name].default is Parameter.empty and name not in given
        ]
        if missing:
            raise ValueError(
                f"model={shown(self._model)} needs {' and '.join(missing)}; give "
                f"{estimator}(model, {missing[0]}=...)."
            )


def _parameters(model: Any) -> Mapping[str, Parameter]:
    if is_keras_model(model) or not callable(model):
        return {}
    try:
        return signature(model).parameters
    except (TypeError, ValueError):  # of some compiled callables
        return {}


def without_prefix(name: str) -> str:
    """Return the name of an argument that may be written in SciKeras's way, ``model__hidden``."""
    return name.removeprefix(_PREFIX)
