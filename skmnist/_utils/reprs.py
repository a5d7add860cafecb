"""Representations of objects in a console and a notebook."""

from dataclasses import MISSING, Field, fields
from math import isfinite
from typing import Any

from sklearn import get_config
from sklearn.base import BaseEstimator

from skmnist._utils.sklearn import changed_parameters

# Of a screen's 80 characters, less some closing brackets, and of its 24 lines.
_WIDTH, _HEIGHT = 74, 24


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


class ScreenRepr:
    """Gives an estimator that holds many others a repr that fits a screen.

    scikit-learn's own begins each line where the bracket before it was opened, which for Pipelines
    in a list is far to the right.  This one indents each level by four, and leaves out the middle
    lines of more than a screen, unless `N_CHAR_MAX` is infinite, as in scikit-learn's.

    Examples
    --------
    >>> from skmnist import recipe
    >>> recipe("committee-architectures").set_params(lenet__epochs=5, cnn__dropout=0.5)
    CommitteeClassifier(...=[
        ('lenet', LeNetClassifier(epochs=5)),
        ('cnn', CNNClassifier(dropout=0.5)),
        ('resnet', ResNetClassifier(epochs=5))])
    """

    def __repr__(self, N_CHAR_MAX: float = 700) -> str:
        if not get_config()["print_changed_only"]:
            return str(super().__repr__(N_CHAR_MAX))  # type: ignore[call-arg]
        lines = _on_lines(self, indent=0, used=0).splitlines()
        if len(lines) > _HEIGHT and isfinite(N_CHAR_MAX):
            lines[_HEIGHT // 2 : 1 - _HEIGHT // 2] = ["    ..."]
        return "\n".join(lines)


def _on_lines(value: Any, indent: int, used: int) -> str:
    """Represent a value that begins after `used` characters of a line, on as many as it takes."""
    start, items, end = _opened(value)
    if not items or used + len(_flat(value)) <= _WIDTH:
        return _flat(value)
    *others, (name, last) = items
    if _opened(last)[1] and (not others or isinstance(value, tuple)):
        # What has a name, or is alone, begins on the same line.
        before = start + "".join(f"{other}{_flat(held)}, " for other, held in others) + name
        return before + _on_lines(last, indent, used + len(before)) + end
    lines = [""]
    for name, held in items:
        text = f"{name}{_on_lines(held, indent + 4, indent + 4 + len(name))}, "
        if "\n" in text or indent + 4 + len(lines[-1]) + len(text) > _WIDTH:
            lines.append("")
        lines[-1] += text
    inner = "\n".join(" " * (indent + 4) + line.rstrip() for line in lines if line)
    return f"{start}\n{inner.removesuffix(',')}{end}"


def _flat(value: Any) -> str:
    start, items, end = _opened(value)
    return f"{start}{', '.join(name + _flat(held) for name, held in items)}{end}"


def _opened(value: Any) -> tuple[str, list[tuple[str, Any]], str]:
    """Take a value apart: what it begins with, what it holds by the text before it, its end."""
    if isinstance(value, list):
        return "[", [("", held) for held in value], "]"
    if isinstance(value, tuple):
        return "(", [("", held) for held in value], ",)" if len(value) == 1 else ")"
    if isinstance(value, BaseEstimator):
        changed = changed_parameters(value)
        return f"{type(value).__name__}(", [(f"{n}=", held) for n, held in changed.items()], ")"
    if isinstance(value, ShortRepr) and type(value).__repr__ is ShortRepr.__repr__:
        named = [(f"{field.name}=", getattr(value, field.name)) for field in _changed(value)]
        return f"{type(value).__name__}(", named, ")"
    return repr(value), [], ""


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
