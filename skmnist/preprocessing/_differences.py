"""Gradients of images by central differences."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def central_differences(images: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return each pixel's next neighbour minus its previous one, down and to the right.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels)
        Images of a floating dtype.

    Returns
    -------
    down, right : ndarray of shape (n, height, width)
        The differences, in the channel where they are largest; zero at the edges of the image,
        where a neighbour is missing.
    """
    down, right = np.zeros_like(images), np.zeros_like(images)
    np.subtract(images[:, 2:], images[:, :-2], out=down[:, 1:-1])
    np.subtract(images[:, :, 2:], images[:, :, :-2], out=right[:, :, 1:-1])
    if images.shape[3] == 1:
        return down[..., 0], right[..., 0]
    largest = np.hypot(down, right).argmax(axis=3, keepdims=True)
    down, right = (np.take_along_axis(part, largest, axis=3) for part in (down, right))
    return down[..., 0], right[..., 0]
