"""A warning for images that are inverted or in another unit than the training images."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from skmnist._inputs.pixels import PixelScaling, PixelValues
from skmnist._inputs.row_sources import count
from skmnist._utils.errors import depth_of_this_package
from skmnist._utils.exceptions import PixelRangeWarning
from skmnist._utils.pixel_units import FEWEST_IMAGES, are_many, are_narrow, far_limits

_LARGEST_PIXEL = 255
# The border of scikit-learn's digits is 74 % background.
_MOST_OF_THE_BORDER, _MOST_OF_THE_BORDER_OF_FEW = 0.7, 0.95

_given: ContextVar[list[bool] | None] = ContextVar("_given", default=None)


@contextmanager
def one_pixel_warning() -> Iterator[None]:
    """Issue at most one warning for all estimators that predict inside this context."""
    token = _given.set([])
    try:
        yield
    finally:
        _given.reset(token)


def warn_of_other_pixels(
    name: str, seen: PixelValues | None, scaling: PixelScaling, images: Any
) -> None:
    """Warn if images are inverted or in another unit than the training images.

    Parameters
    ----------
    name : str
        The estimator's class, for the message.
    seen : PixelValues or None
        Statistics of the training images; None if they are not known.
    scaling : PixelScaling
        The estimator's scaling.
    images : ndarray or SparseRows of shape (n, height, width, channels)
        The images to predict.
    """
    are_few = len(images) < FEWEST_IMAGES
    if seen is None or seen.low == seen.high or (are_few and not _are_pictures(images)):
        return
    given = _given.get()
    if given:
        return
    low, high = float(images.min()), float(images.max())
    if low == high:  # blank images have no unit
        return
    border = _MOST_OF_THE_BORDER_OF_FEW if are_few else _MOST_OF_THE_BORDER
    problem = _other_unit(seen, scaling, images, (low, high)) or _inverted(seen, images, border)
    if problem is None:
        return
    if given is not None:
        given.append(True)
    warnings.warn(
        f"X has values from {low:g} to {high:g}, but this {name} was trained on "
        f"values from {seen.low:g} to {seen.high:g}: {problem} Predictions for such "
        "images are mostly wrong.",
        PixelRangeWarning,
        stacklevel=depth_of_this_package(),
    )


def _are_pictures(images: Any) -> bool:
    return min(images.shape[1:3]) > 1


def _other_unit(
    seen: PixelValues,
    scaling: PixelScaling,
    images: Any,
    limits: tuple[float, float],
) -> str | None:
    low, high = limits
    outside = _are_pictures(images) and (low > seen.high or high < seen.low)
    # A heavy-tailed training set has a few values far out; data without them are not in another
    # unit.
    is_heavy_tailed = scaling.scale < seen.high - seen.low and scaling.offset > seen.low
    small = not is_heavy_tailed and are_narrow(high - low, scaling.scale, len(images))
    far = 0
    lowest, highest = far_limits(seen.low, seen.high)
    if high > highest or low < lowest:
        far = count(images, lambda v: (v > highest) | (v < lowest))
    large = are_many(far, images.size)
    if not (outside or small or large):
        return None
    return (
        "they seem to be in another unit. Often pixels were divided by 255 in one place and not in "
        "the other. Prepare X like the training images; a step in a Pipeline does so automatically."
    )


def _inverted(seen: PixelValues, images: Any, most: float) -> str | None:
    if min(images.shape[1:3]) < 3:
        return None
    if max(seen.border_at_low, seen.border_at_high) < most:
        return None
    now = seen.ends_of(images)
    if seen.border_at_low >= most <= now.at_high:
        was, is_now = "dark", "bright"
    elif seen.border_at_high >= most <= now.at_low:
        was, is_now = "bright", "dark"
    else:
        return None
    return (
        f"the borders of its images are {is_now}, those in training were {was}, so the images seem "
        f"to be inverted. Pass {_sum_of_limits(seen):g} - X, or train on images like X."
    )


def _sum_of_limits(seen: PixelValues) -> float:
    """Return the number from which inverted images are subtracted; it has to fit into 8 bits."""
    are_bytes = seen.low >= 0 and _LARGEST_PIXEL / 2 < seen.high <= _LARGEST_PIXEL
    return _LARGEST_PIXEL if are_bytes else seen.low + seen.high
