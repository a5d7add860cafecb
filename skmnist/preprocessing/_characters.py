"""The strokes of characters: which ink belongs together, and where it lies."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Ink that is fainter is part of a stroke only beside what isn't.
_FAINT = 0.25
_IN_BOX = 0.1
# A part of a character has at least this fraction of the ink of its largest part.
_SMALLEST_PART = 0.1
# Of all ink that doesn't reach the border, the largest part of a character has this fraction.
_LEAST_SHARE = 0.25
# A part that reaches the border is a character if it covers so much of the height or the width.
_CROP = 0.7
_GAP = 0.02  # of a photograph's larger side, in a stroke


def parts_of(ink: NDArray[np.float32], gap: int) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """Label the connected parts of ink, and measure their mass.

    Parameters
    ----------
    ink : ndarray of shape (height, width), float32
        As :func:`~skmnist.preprocessing._photographs.ink_in` returns it.
    gap : int
        Parts up to twice as far apart, in pixels, are connected.

    Returns
    -------
    labels : ndarray of shape (height, width), int32
        The part of each pixel, from 1 on; 0 is paper.
    mass : ndarray of shape (n_parts + 1,)
        The sum of the ink of each part. It is 0 for paper, and for parts that reach the border,
        as shadows and neighbours do, unless the photograph is filled by them alone.
    """
    strokes = ndimage.maximum_filter(ink > _FAINT, 2 * gap + 1)
    labels, n = ndimage.label(strokes, np.ones((3, 3)))
    mass = np.bincount(labels.ravel(), ink.ravel(), n + 1)
    mass[0] = 0
    inside = mass.copy()
    reaching = np.where(ink > _FAINT, labels, 0)
    for side in (reaching[0], reaching[-1], reaching[:, 0], reaching[:, -1]):
        inside[side] = 0
    if inside.max() <= _SMALLEST_PART * mass.max() and _fills(labels == mass.argmax()):
        return labels, mass
    return labels, inside


def _fills(part: NDArray[np.bool_]) -> bool:
    """Return whether a part is so long that the photograph is a crop of a character."""
    return any(part.any(axis=axis).mean() > _CROP for axis in (0, 1))


def only_character(ink: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the ink of the only character in a photograph, cropped; None if there is none."""
    labels, mass = parts_of(ink, max(1, round(_GAP * max(ink.shape))))
    if mass.max() <= _LEAST_SHARE * mass.sum():
        return None
    return cropped(ink * (mass >= _SMALLEST_PART * mass.max())[labels])


def cropped(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the smallest part of an image that has all of its ink."""
    rows, columns = (np.flatnonzero(ink.max(axis=axis) > _IN_BOX) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def thickened(ink: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """Widen strokes to a mean width of at least `width` pixels; return the ink cropped."""
    missing = (width - stroke_width(ink)) / 2
    if missing <= 0:
        return ink
    ink = np.pad(ink, int(np.ceil(missing)))
    distance = ndimage.distance_transform_edt(ink < 0.5)
    return cropped(np.maximum(ink, np.clip(missing + 1 - distance, 0, 1).astype(np.float32)))


def stroke_width(ink: NDArray[np.float32]) -> float:
    """Return the mean width of strokes: twice their area, by the length of their outline.

    The outline of blurred strokes is measured by the total variation.
    """
    ink = np.pad(ink, 1)
    outline = np.hypot(np.diff(ink, axis=0)[:, 1:], np.diff(ink, axis=1)[1:]).sum()
    return float(2 * ink.sum() / outline)
