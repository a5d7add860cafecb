"""Keras objects of users as values: compared by their class and settings, and made anew."""

import json
from inspect import Parameter, signature
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown
from skmnist._utils.fingerprint import digest


def described(value: Any) -> tuple[Any, ...] | None:
    """Return what is equal for Keras objects of equal settings, and of equal code.

    Parameters
    ----------
    value : object
        A metric or a layer, which ``get_config`` describes.

    Returns
    -------
    description : tuple (digest of the class, settings, digests of functions) or None
        None if the settings aren't known.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.training._keras_objects import described
    >>> metrics = load_keras().metrics
    >>> described(metrics.AUC()) == described(metrics.AUC())
    True
    """
    if missing_settings(value):
        return None
    config = {**value.get_config(), "name": None}  # Keras numbers names
    try:
        settings = json.dumps(load_keras().saving.serialize_keras_object(config), sort_keys=True)
    except TypeError:  # a setting that can't be described
        return None
    return digest(type(value)), settings, tuple(map(digest, _functions(value)))


def missing_settings(value: Any) -> list[str]:
    """Return the arguments of an object's class that its ``get_config`` lacks.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.training._keras_objects import missing_settings
    >>> class Forgetful(load_keras().metrics.Mean):
    ...     def __init__(self, factor=2.0, **settings):
    ...         super().__init__(**settings)
    >>> missing_settings(Forgetful())
    ['factor']
    """
    if is_keras_own(value):
        return []
    variadic = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
    parameters = signature(type(value)).parameters.values()
    named = {each.name for each in parameters if each.kind not in variadic}
    return sorted(named - set(value.get_config()) - {"name", "dtype"})


def is_keras_own(value: Any) -> bool:
    """Return whether an object's class is one of Keras's.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.training._keras_objects import is_keras_own
    >>> is_keras_own(load_keras().losses.Huber())
    True
    """
    return type(value).__module__.partition(".")[0] == "keras"


def check_settings_known(value: Any, parameter: str) -> None:
    """Raise an error for an object of which no equal one can be made.

    Raises
    ------
    TypeError
        If its class takes arguments that its ``get_config`` doesn't return.
    """
    missing = missing_settings(value)
    if missing:
        raise TypeError(
            f"{parameter}={shown(value)} is made anew for each fit, and the get_config of "
            f"{type(value).__name__} lacks {' and '.join(missing)}; expected all arguments of its "
            "__init__ in it."
        )


def made_anew(kind: type, config: dict[str, Any], own: tuple[tuple[str, Any], ...] = ()) -> Any:
    """Return a new object of a class.

    Parameters
    ----------
    kind : type
        The class.
    config : dict of str to object
        Its settings, as ``get_config`` returns them.
    own : tuple of (name, object)
        The user's own functions and classes that the settings name.
    """
    with load_keras().saving.custom_object_scope(dict(own)):
        return kind.from_config(config)  # type: ignore[attr-defined]


def own_functions(value: Any) -> tuple[tuple[str, Any], ...]:
    """Return the functions that an object has, by their names."""
    return tuple((f.__name__, f) for f in _functions(value) if hasattr(f, "__name__"))


def _functions(value: Any) -> list[Any]:
    """Return an object's functions, of which settings have only the names."""
    return [each for each in vars(value).values() if callable(each)]
