"""Characters in a photograph of several: their boxes, in reading order."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from skmnist._inputs.photographs import as_photograph
from skmnist._utils.sklearn import Interval, StrOptions, validate_parameter_constraints
from skmnist.preprocessing._characters import parts_of
from skmnist.preprocessing._photographs import ink_in, reduced, reduction

# A character should have about twenty pixels here, however many there are in the photograph.
_SIDE = 800
_GAP = 2
# Parts of a character: one has at least this height or width, in heights of the tallest ...
_SMALLEST_PART = 0.15
_SMALLEST_CHARACTER = 0.35
# ... it is over or under another part with at least half of its width, and nearly touches it.
_FARTHEST_PART = 0.2

_CONSTRAINTS = {
    "margin": [Interval(Real, 0, 1, closed="both")],
    "ink": [StrOptions({"auto", "bright", "dark"})],
}


class _Box(NamedTuple):
    top: int
    left: int
    bottom: int
    right: int

    @property
    def length(self) -> int:
        return max(self.bottom - self.top, self.right - self.left)

    def joined(self, other: "_Box") -> "_Box":
        return _Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


def split_digits(image: Any, *, margin: float = 0.2, ink: str = "auto") -> NDArray[np.intp]:
    """Find the characters in a photograph of several, in reading order.

    Ink is separated from paper as by :class:`DigitNormalizer`. What is connected is one character,
    and so are parts one above the other that nearly touch, such as the bar of a five. Characters
    that touch each other are not separated; those that touch the photograph's border are left out.

    Parameters
    ----------
    image : array-like of shape (height, width) or (height, width, channels), or PIL.Image.Image
        The photograph, of any real dtype, with one to four channels.
    margin : float, default=0.2
        How much is added to each side of a box, in heights of the tallest character, of what the
        photograph has: `DigitNormalizer` needs some paper around a character.
    ink : {"auto", "bright", "dark"}, default="auto"
        Whether ink is brighter or darker than paper; "auto" finds it.

    Returns
    -------
    boxes : ndarray of shape (n, 4), int
        Of each character the first row, the first column, and those after the last: top, left,
        bottom, right. Lines come from top to bottom, and characters of a line from left to right;
        a line may be slanted. No rows if there is no character.

    Raises
    ------
    TypeError
        If the image isn't an array of numbers.
    ValueError
        If a parameter is out of range, or the image has another shape or values that aren't finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist import split_digits
    >>> photograph = np.full((100, 200), 200, np.uint8)
    >>> photograph[30:70, 50:56] = photograph[30:70, 140:146] = 40  # eleven
    >>> boxes = split_digits(photograph, margin=0)
    >>> boxes
    array([[ 30,  50,  70,  56],
           [ 30, 140,  70, 146]])
    >>> digits = [photograph[top:bottom, left:right] for top, left, bottom, right in boxes]
    """
    validate_parameter_constraints(_CONSTRAINTS, {"margin": margin, "ink": ink}, "split_digits")
    photograph = as_photograph(image, "image")
    boxes = _characters(_parts(ink_in(reduced(photograph, _SIDE), ink)))
    boxes = [box for line in _lines(boxes) for box in line]
    if not boxes:
        return np.empty((0, 4), np.intp)
    around = round(margin * max(box.bottom - box.top for box in boxes))
    height, width = photograph.shape[:2]
    with_margin = np.array(boxes) + around * np.array([-1, -1, 1, 1])
    in_pixels = with_margin * reduction(photograph, _SIDE)
    return np.clip(in_pixels, 0, [height, width, height, width])


def _parts(ink: NDArray[np.float32]) -> list[_Box]:
    """Return the boxes of connected parts that have a character's ink."""
    labels, mass = parts_of(ink, _GAP)
    found = ndimage.find_objects(np.where(ink > 0.5, labels, 0))
    return [
        _Box(rows.start, columns.start, rows.stop, columns.stop)
        for i, place in enumerate(found, start=1)
        if mass[i] > 0 and place is not None
        for rows, columns in [place]
    ]


def _characters(parts: list[_Box]) -> list[_Box]:
    """Join the parts of each character, and leave out specks."""
    tallest = max((box.length for box in parts), default=0)
    boxes: list[_Box] = []
    for part in sorted(box for box in parts if box.length > _SMALLEST_PART * tallest):
        box = part
        for other in [other for other in boxes if _belong(part, other, tallest)]:
            boxes.remove(other)
            box = box.joined(other)
        boxes.append(box)
    return [box for box in boxes if box.length > _SMALLEST_CHARACTER * tallest]


def _belong(one: _Box, other: _Box, tallest: int) -> bool:
    in_common = min(one.right, other.right) - max(one.left, other.left)
    narrower = min(one.right - one.left, other.right - other.left)
    gap = max(one.top, other.top) - min(one.bottom, other.bottom)
    return in_common >= narrower / 2 and gap < _FARTHEST_PART * tallest


def _lines(boxes: list[_Box]) -> list[list[_Box]]:
    """Return the boxes by lines.

    Each box follows the one on its left in whose height its middle is, so a line may be slanted.
    """
    lines: list[list[_Box]] = []
    for box in sorted(boxes, key=lambda box: box.left + box.right):
        middle = (box.top + box.bottom) / 2
        last = [line for line in lines if line[-1].top <= middle < line[-1].bottom]
        if last:
            min(last, key=lambda line: abs(line[-1].top + line[-1].bottom - 2 * middle)).append(box)
        else:
            lines.append([box])
    return sorted(lines, key=lambda line: np.mean([box.top + box.bottom for box in line]))
