"""Checks of untrusted JSON."""

from collections.abc import Iterable
from types import UnionType
from typing import Any, get_args, get_origin


def with_keys(value: Any, expected: Iterable[str], where: str) -> dict[str, Any]:
    """Return the value; raise an error unless it is a dict with exactly these keys."""
    expected = sorted(expected)
    if not isinstance(value, dict) or sorted(value) != expected:
        found = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise ValueError(f"{where} holds {shortened(found)}; expected exactly {expected}.")
    return value


def of_type(value: Any, declared: Any, where: str) -> Any:
    """Return the value; raise an error unless it has the declared type. An int is also a float."""
    kinds = get_args(declared) if isinstance(declared, UnionType) else (declared,)
    kinds = tuple(get_origin(kind) or kind for kind in kinds)
    if not isinstance(value, (*kinds, int) if float in kinds else kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"{where} is {shortened(value)}; expected {expected}.")
    return value


def is_count(value: Any) -> bool:
    """Return whether a value is a non-negative whole number."""
    return type(value) is int and value >= 0


def is_list_of(kind: type, value: Any) -> bool:
    """Return whether a value is a list whose items all have this type."""
    return isinstance(value, list) and all(type(item) is kind for item in value)


def shortened(value: Any) -> str:
    """Return the repr of a value for an error message, cut off if it is long."""
    text = repr(value)
    return text if len(text) <= 100 else text[:100] + "..."
