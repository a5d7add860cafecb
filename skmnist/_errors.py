"""Errors that say what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


def unknown_name(parameter: str, value: str, known: Iterable[str], or_else: str = "") -> ValueError:
    """Make the error for a name that isn't in a list, with a near match suggested.

    Examples
    --------
    >>> from skmnist._errors import unknown_name
    >>> print(unknown_name("optimizer", "adm", ["adam", "sgd"]))
    optimizer='adm' is unknown; did you mean 'adam'? Expected one of 'adam', 'sgd'.
    """
    known = sorted(known)
    near = get_close_matches(value, known, n=1)
    hint = f"did you mean {near[0]!r}? Expected" if near else "expected"
    names = ", ".join(map(repr, known))
    return ValueError(f"{parameter}={value!r} is unknown; {hint} one of {names}{or_else}.")


def no_recipe(name: str, known: Iterable[str]) -> str:
    """Describe what is wrong with a name that no recipe has, with near matches.

    There are too many recipes to name all of them.

    Examples
    --------
    >>> from skmnist._errors import no_recipe
    >>> print(no_recipe("cmn", ["cnn", "knn", "svm"]))
    'cmn' is not the name of a recipe; did you mean 'cnn'? See `skmnist recipes` or list_recipes().
    """
    near = get_close_matches(name, known)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
    return f"{name!r} is not the name of a recipe{hint} See `skmnist recipes` or list_recipes()."
