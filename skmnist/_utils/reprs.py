"""Representations of objects in a console and a notebook."""

from dataclasses import MISSING, Field, fields
from typing import Any


class ShortRepr:
    """Shows only what differs from the defaults of a dataclass made with ``repr=False`` (mixin).

    Examples
    --------
    >>> from skmnist import ConvBlock
    >>> ConvBlock(32, kernel_size=5, padding="valid")
    ConvBlock(filters=32, kernel_size=5)
    """

    def __repr__(self) -> str:
        parts = (f"{field.name}={getattr(self, field.name)!r}" for field in _changed(self))
        return f"{type(self).__name__}({', '.join(parts)})"


def _changed(instance: Any) -> list[Field[Any]]:
    def is_default(field: Field[Any]) -> bool:
        value = getattr(instance, field.name)
        return field.default is not MISSING and bool(value == field.default)

    return [field for field in fields(instance) if field.repr and not is_default(field)]


class Printed(str):
    r"""A text that consoles and notebooks show as `print` does, without quotes or escapes.

    Examples
    --------
    >>> from skmnist._utils.reprs import Printed
    >>> Printed("two\nlines")
    two
    lines
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
