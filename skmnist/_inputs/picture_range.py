"""The range of the pixels of pictures: one of those that are in use."""

from typing import Any

from skmnist._inputs.pixels import PixelScaling

# Signed, fractions, scikit-learn's digits, bytes, 16 bits.
_RANGES = ((-1.0, 1.0), (0.0, 1.0), (0.0, 16.0), (0.0, 255.0), (0.0, 65535.0))


def picture_range(rows: Any) -> PixelScaling:
    """Return the scaling that brings pixels to the range from 0 to 1.

    It is for a network that isn't trained on these pictures, and takes 255 for white even if none
    of them is as bright, unlike `find_pixel_scaling`.

    Parameters
    ----------
    rows : ndarray of shape (n, n_pixels)
        Pixels, of any real dtype.

    Returns
    -------
    scaling : PixelScaling
        Of the smallest range in use, from -1, 0 to 1, 16, 255 or 65,535, that holds all values;
        else of their own range.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.picture_range import picture_range
    >>> picture_range(np.array([[20, 190]], np.uint8))
    PixelScaling(offset=0.0, scale=255.0)
    >>> picture_range(np.array([[-3.0, 5.0]]))
    PixelScaling(offset=-3.0, scale=8.0)
    """
    low, high = float(rows.min()), float(rows.max())
    known = [limits for limits in _RANGES if limits[0] <= low and high <= limits[1]]
    # Nothing is signed that has no negative value.
    lowest, highest = max(known, default=(low, high), key=lambda limits: (limits[0], -limits[1]))
    return PixelScaling(lowest, (highest - lowest) or 1.0)
