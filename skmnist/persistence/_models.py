"""The functions and models of users that a file names, and only its reader can give."""

from collections.abc import Iterator, Mapping
from typing import Any

from skmnist._utils.errors import shown
from skmnist._utils.fingerprint import same_code
from skmnist._utils.keras import is_keras_model
from skmnist.persistence._checks import of_type, shortened

_KIND = "model"


class Models:
    """Users' functions and models by their names in a file.

    Parameters
    ----------
    by_path : dict of str to callable or keras.Model, default=None
        What the reader of a file gives for the names in it.

    Examples
    --------
    >>> from skmnist.persistence._models import Models
    >>> def build(): ...
    >>> models = Models()
    >>> models.add(build).rpartition(":")[2]
    'build'
    """

    def __init__(self, by_path: Mapping[str, Any] | None = None) -> None:
        self._by_path = dict(by_path or {})

    def add(self, model: Any) -> str:
        """Return the name of a function or model, and know it by that name from now on.

        Raises
        ------
        ValueError
            If another one has the same name.
        """
        path = path_of(model)
        other = self._by_path.setdefault(path, model)
        if not (is_keras_model(model) or same_code(other, model)):
            raise ValueError(
                f"two different functions are both called {path}, by which the file would name "
                "them. Give them different names."
            )
        return path

    def encoded(self, model: Any, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return a function's name and its arguments, which are values for JSON, for a file."""
        return {"type": _KIND, "path": self.add(model), "arguments": arguments}

    def decoded(self, path: Any) -> Any:
        """Return the function or model that was given for a name."""
        if path not in self._by_path:
            raise ValueError(f"model is {shortened(path)}; expected the name of a function.")
        return self._by_path[path]


def path_of(model: Any) -> str:
    """Return the name by which a file refers to a user's function or model.

    Examples
    --------
    >>> from functools import partial
    >>> from skmnist.persistence._models import path_of
    >>> path_of(print), path_of(partial(print, 3)), path_of(str.join)
    ('builtins:print', 'builtins:print', 'builtins:str.join')
    """
    if is_keras_model(model):
        return f"keras.Model:{model.name}"
    if hasattr(model, "func"):  # of functools.partial
        return path_of(model.func)
    named = model if hasattr(model, "__qualname__") else type(model)
    module = getattr(named, "__module__", None) or getattr(named, "__objclass__", named).__module__
    return f"{module}:{named.__qualname__}"


def given(model: Any, content: Any) -> Models:
    """Return the models of a file's content, as its reader gives them.

    Parameters
    ----------
    model : callable, keras.Model, dict or None
        One for all, or by their names.
    content : object
        The file's JSON.

    Raises
    ------
    ValueError
        If one is missing, or given without need.
    """
    paths = sorted(set(_paths(content)))
    if model is None:
        _check_given(paths, [], paths)
        return Models()
    if not paths:
        raise ValueError(
            f"model={shown(model)} is given, but the file has no network of a function or a model "
            "of the user's own. Leave it out."
        )
    if isinstance(model, Mapping):
        _check_given([path for path in paths if path not in model], list(model), paths)
        return Models(model)
    if len(paths) > 1:
        raise ValueError(
            f"it has networks of {_listed(paths)}. Give them all by these names: "
            f"load(path, model={_example(paths)})."
        )
    return Models({paths[0]: model})


def check_models(model: Any) -> None:
    """Raise an error for a `model` of `load` that is neither a function nor a Keras model.

    Raises
    ------
    TypeError
        The message has what came.

    Examples
    --------
    >>> from skmnist.persistence._models import check_models
    >>> check_models(print)
    """
    models = list(model.values()) if isinstance(model, Mapping) else [model]
    for each in models:
        if not (callable(each) or (each is None and model is None)):
            hint = ", not its name: files and names are never imported"
            raise TypeError(
                f"model={shown(model)}; expected a function that returns a keras.Model, or a "
                f"keras.Model{hint if isinstance(each, str) else ''}; or a dict of these by the "
                "names in the file."
            )


def _check_given(missing: list[str], known: list[str], paths: list[str]) -> None:
    if missing:
        example = _example(paths) if len(paths) > 1 else paths[0].rpartition(":")[2]
        raise ValueError(
            f"it has a network of {_listed(missing)}, which is only named in the file and never "
            f"imported. Give it to load: from where it is defined, load(path, model={example})."
        )
    if unknown := [name for name in known if name not in paths]:
        raise ValueError(f"model has {_listed(unknown)}; the file has only {_listed(paths)}.")


def _listed(paths: list[str]) -> str:
    return " and ".join(shown(path) for path in paths)


def _example(paths: list[str]) -> str:
    return "{" + ", ".join(f"{shown(path)}: ..." for path in paths) + "}"


def _paths(content: Any) -> Iterator[str]:
    """Yield all names of functions and models in a file's JSON."""
    if isinstance(content, dict) and content.get("type") == _KIND:
        yield of_type(content.get("path"), str, "the name of a function")
    for part in content.values() if isinstance(content, dict) else content:
        if isinstance(part, dict | list):  # not for each of a million numbers
            yield from _paths(part)
