"""What stands for objects of this package in archives of scikit-learn's objects."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_PARTS: ContextVar[list[Any]] = ContextVar("parts")


class Reference:
    """The number of a part; while an archive is read, a call returns the part itself.

    skops stores an object that reduces to a call of its class as just that call.

    Parameters
    ----------
    number : int
        The number of the part.

    Examples
    --------
    >>> from skmnist.persistence._references import Reference, resolved
    >>> Reference(1).number
    1
    >>> with resolved(["first", "second"]):
    ...     Reference(1)
    'second'
    """

    number: int

    def __new__(cls, number: int) -> Any:
        parts = _PARTS.get(None)
        if parts is not None:
            if type(number) is not int or not 0 <= number < len(parts):
                raise ValueError(f"it refers to part {number!r} of {len(parts)}.")
            return parts[number]
        reference = super().__new__(cls)
        reference.number = number
        return reference

    def __reduce__(self) -> tuple[type, tuple[int]]:
        return type(self), (self.number,)


@contextmanager
def resolved(parts: list[Any]) -> Iterator[None]:
    """Have references return their parts."""
    token = _PARTS.set(parts)
    try:
        yield
    finally:
        _PARTS.reset(token)
