"""Whether images are in another unit than those of a fit, such as divided by 255."""

from typing import Any

# Of fewer images, only what no images of the right unit can have counts.
FEWEST_IMAGES = 16
# Division by 16, as for scikit-learn's digits, changes the unit; a tenth as bright is only dim.
_FACTOR, _FACTOR_OF_FEW = 12, 200
_FAR = 8
_MANY = 0.05


def are_narrow(spread: float, scale: float, n_images: int) -> bool:
    """Return whether the spread of the values is too small for images of this scale.

    Examples
    --------
    >>> from skmnist._utils.pixel_units import are_narrow
    >>> are_narrow(1.0, 255.0, 100), are_narrow(25.0, 255.0, 100)
    (True, False)
    """
    return spread * (_FACTOR_OF_FEW if n_images < FEWEST_IMAGES else _FACTOR) < scale


def far_limits(lowest: float, highest: float) -> tuple[float, float]:
    """Return the values beyond which only a few of images of the same unit can lie."""
    reach = _FAR * (highest - lowest)
    return lowest - reach, highest + reach


def are_many(n_far: Any, n_values: int) -> bool:
    """Return whether so many values lie beyond the far limits that the unit is another one."""
    return bool(n_far > _MANY * n_values)
