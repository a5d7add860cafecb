"""Error messages that name the problem and the remedy, and where warnings point to."""

from collections.abc import Iterable
from difflib import get_close_matches
from inspect import currentframe
from pathlib import Path
from typing import Any

_MOST_LETTERS = 200
_PACKAGE = str(Path(__file__).parents[1])


def shown(value: Any) -> str:
    """Return the repr of a value for a message, shortened in the middle where it is long.

    Examples
    --------
    >>> from skmnist._utils.errors import shown
    >>> shown("adam")
    "'adam'"
    >>> len(shown("a" * 10_000))
    200
    """
    text = repr(value)
    if len(text) <= _MOST_LETTERS:
        return text
    middle = " ... "
    kept = _MOST_LETTERS - len(middle)
    return f"{text[: kept * 2 // 3]}{middle}{text[-(kept - kept * 2 // 3) :]}"


def unknown_name(parameter: str, value: Any, known: Iterable[str], or_else: str = "") -> ValueError:
    """Return the error for a name that isn't in a list, with the nearest match suggested.

    Examples
    --------
    >>> from skmnist._utils.errors import unknown_name
    >>> print(unknown_name("optimizer", "adm", ["adam", "sgd"]))
    optimizer='adm' is unknown; did you mean 'adam'? Expected one of 'adam', 'sgd'.
    >>> print(unknown_name("backbone", "vgg16", ["VGG16", "VGG19"]))
    backbone='vgg16' is unknown; did you mean 'VGG16'? Expected one of 'VGG16', 'VGG19'.
    """
    known = sorted(known)
    by_spelling = {_plain(name): name for name in known}
    is_name = isinstance(value, str) and len(value) <= _MOST_LETTERS
    near = get_close_matches(_plain(value), by_spelling, n=1) if is_name else []
    hint = f"did you mean {by_spelling[near[0]]!r}? Expected" if near else "expected"
    names = ", ".join(map(repr, known))
    return ValueError(f"{parameter}={shown(value)} is unknown; {hint} one of {names}{or_else}.")


def letters(name: str) -> str:
    """Return a name in no particular spelling: of its letters and digits alone.

    Examples
    --------
    >>> from skmnist._utils.errors import letters
    >>> letters("MeanSquaredError") == letters("mean_squared_error")
    True
    """
    return name.lower().replace("_", "").replace("-", "")


def _plain(name: str) -> str:
    """Remove the differences between common spellings of a name."""
    return name.lower().replace("-", "_")


def no_recipe(name: str, known: Iterable[str]) -> str:
    """Return the message for a name that no recipe has, with near matches.

    There are too many recipes to list all of them.

    Examples
    --------
    >>> from skmnist._utils.errors import no_recipe
    >>> print(no_recipe("cmn", ["cnn", "knn", "svm"]))
    'cmn' is not the name of a recipe; did you mean 'cnn'? See `skmnist recipes` or list_recipes().
    """
    near = get_close_matches(name, known)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
    return (
        f"{shown(name)} is not the name of a recipe{hint} See `skmnist recipes` or list_recipes()."
    )


def depth_of_this_package() -> int:
    """Count the frames up to the first one outside of this package and of scikit-learn.

    Returns
    -------
    stacklevel : int
        For a warning that is issued by the calling function.

    Examples
    --------
    >>> from skmnist._utils.errors import depth_of_this_package
    >>> depth_of_this_package()
    1
    """
    depth, here = 1, currentframe()
    frame = here.f_back if here is not None else None
    while frame is not None and frame.f_back is not None:
        path = frame.f_code.co_filename
        if not path.startswith(_PACKAGE) and "sklearn" not in Path(path).parts:
            break
        depth, frame = depth + 1, frame.f_back
    return depth
