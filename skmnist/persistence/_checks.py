"""What JSON from a stranger must pass."""

from collections.abc import Iterable
from math import isfinite
from types import UnionType
from typing import Any, get_args, get_origin


def finite_number(text: str) -> float:
    """Read a number that isn't whole, or one of JSON's words for none."""
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} in its JSON; expected finite numbers.")
    return number


def with_keys(value: Any, expected: Iterable[str], where: str) -> dict[str, Any]:
    """Refuse anything but a dict of exactly these keys."""
    expected = sorted(expected)
    if not isinstance(value, dict) or sorted(value) != expected:
        found = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise ValueError(f"{where} holds {shortened(found)}; expected exactly {expected}.")
    return value


def of_type(value: Any, declared: Any, where: str) -> Any:
    """Refuse a value that isn't of the type declared; a whole number also is a float."""
    kinds = get_args(declared) if isinstance(declared, UnionType) else (declared,)
    kinds = tuple(get_origin(kind) or kind for kind in kinds)
    if not isinstance(value, (*kinds, int) if float in kinds else kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"{where} is {shortened(value)}; expected {expected}.")
    return value


def is_count(value: Any) -> bool:
    """Tell whether a value is a whole number, not negative."""
    return type(value) is int and value >= 0


def is_list_of(kind: type, value: Any) -> bool:
    """Tell whether a value is a list of nothing but this type."""
    return isinstance(value, list) and all(type(item) is kind for item in value)


def shortened(value: Any) -> str:
    """Say what was found, in an error, in a line."""
    text = repr(value)
    return text if len(text) <= 100 else text[:100] + "..."
