"""What of an image is ink, and where it lies."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmnist.preprocessing._batches import real_dtype


class Moments(NamedTuple):
    """Moments of ink, each of shape (n,), in pixels.

    Parameters
    ----------
    y, x : ndarray
        The centre of mass, from the middle of the first row and of the first column.
    yy, xx, yx : ndarray
        Variances and covariance of the ink's rows and columns.
    """

    y: NDArray
    x: NDArray
    yy: NDArray
    xx: NDArray
    yx: NDArray


def split_ink(images: NDArray) -> tuple[NDArray, NDArray]:
    """Split images into ink and background, the darkest pixel of each image and channel.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels)
        Images.

    Returns
    -------
    ink : ndarray of shape (n, height, width, channels)
        Not negative; float64 where `images` are, else float32.
    background : ndarray of shape (n, 1, 1, channels)
        What gives the images, if added.
    """
    n, height, width, channels = images.shape
    pixels = images.reshape(n, height * width, channels).astype(real_dtype(images), copy=False)
    background = pixels.min(axis=1, keepdims=True)
    return (pixels - background).reshape(images.shape), background[:, np.newaxis]


def moments(ink: NDArray) -> Moments:
    """Take the moments of the ink of all channels together, zero where there is none."""
    ink = ink.sum(axis=3) if ink.shape[3] > 1 else ink[..., 0]
    y, x = np.arange(ink.shape[1], dtype=float), np.arange(ink.shape[2], dtype=float)
    # As shares of the whole ink: what lies in each row, and its moment from the first column.
    of_row, x_of_row = ink.sum(axis=2, dtype=float), ink @ x
    total = of_row.sum(axis=1, keepdims=True)
    total[total == 0] = 1
    of_row, x_of_row = of_row / total, x_of_row / total
    of_column = ink.sum(axis=1, dtype=float) / total
    y_mean, x_mean = of_row @ y, of_column @ x
    y, x = y - y_mean[:, np.newaxis], x - x_mean[:, np.newaxis]
    return Moments(
        y=y_mean,
        x=x_mean,
        yy=(y**2 * of_row).sum(axis=1),
        xx=(x**2 * of_column).sum(axis=1),
        yx=(y * (x_of_row - x_mean[:, np.newaxis] * of_row)).sum(axis=1),
    )
