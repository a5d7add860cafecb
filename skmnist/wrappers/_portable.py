"""Functions of users in pickles: by name if they have one, else by their code."""

import pickle
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from joblib import wrap_non_picklable_objects

from skmnist._utils.errors import shown
from skmnist._utils.keras import is_keras_model


class Portable:
    """A function that can be pickled even if it is a lambda or was defined in another function.

    Python pickles a function by its name, so that one without a name in a module can't be pickled.
    Such a one is pickled by its code, as joblib does when it sends work to its processes.

    Parameters
    ----------
    value : object
        A function, or what holds functions.
    name : str
        What it is, for errors.

    Examples
    --------
    >>> import pickle
    >>> from skmnist.wrappers._portable import Portable
    >>> pickle.loads(pickle.dumps(Portable(lambda x: x + 1, "model"))).value(2)
    3
    """

    def __init__(self, value: Any, name: str) -> None:
        self.value = value
        self.name = name

    def __deepcopy__(self, memo: Any) -> "Portable":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        try:
            pickle.dumps(self.value)
        except Exception:  # of any kind, as users' classes raise their own
            return _made_again, (*self._by_code(), self.name)
        return type(self), (self.value, self.name)

    def _by_code(self) -> tuple[Any, ...]:
        """Return a function and its arguments that make the value again."""
        try:
            made: tuple[Any, ...] = wrap_non_picklable_objects(
                self.value, keep_wrapper=False
            ).__reduce__()
        except Exception as error:
            raise pickle.PicklingError(
                f"{self.name}={shown(self.value)} can't be pickled: {error}. Define the function "
                "in a module that can be imported, and give it what it needs as arguments."
            ) from error
        return made


def _made_again(make: Callable[..., Any], arguments: tuple[Any, ...], name: str) -> Portable:
    return Portable(make(*arguments), name)


def portable(state: Mapping[str, Any], names: Iterable[str], owner: str) -> dict[str, Any]:
    """Return an object's state for a pickle, in which some values may hold functions.

    Examples
    --------
    >>> from skmnist.wrappers._portable import portable, restored
    >>> state = portable({"model": print, "epochs": 3}, ["model"], "KerasClassifier")
    >>> restored(state)
    {'model': <built-in function print>, 'epochs': 3}
    """
    return {
        name: Portable(value, f"{owner}: {name.strip('_')}")
        if name in names and not is_keras_model(value)
        else value
        for name, value in state.items()
    }


def restored(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state that `portable` was given."""
    return {n: v.value if isinstance(v, Portable) else v for n, v in state.items()}
