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
