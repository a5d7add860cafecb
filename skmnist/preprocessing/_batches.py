"""Transformation of images in batches that fit in the processor's cache."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches
from sklearn.utils.parallel import Parallel, delayed

# 64 images of 28 x 28 pixels in float32 are 200 kB.
_PIXELS_IN_BATCH = 64 * 28 * 28


def real_dtype(images: NDArray[Any]) -> type[np.floating]:
    """Return the dtype in which images are transformed: float64 for float64, else float32."""
    return np.float64 if images.dtype == np.float64 else np.float32


def in_batches(
    function: Callable[[NDArray[Any]], NDArray[Any]],
    images: NDArray[Any],
    shape: tuple[int, ...],
    n_jobs: int | None = None,
) -> NDArray[Any]:
    """Transform images batch by batch.

    Parameters
    ----------
    function : callable
        Takes images of shape (n, height, width, channels), returns an array of shape (n, *shape).
    images : ndarray of shape (n, height, width, channels)
        The images.
    shape : tuple of int
        Shape of one transformed image.
    n_jobs : int or None, default=None
        Number of threads. The batches, and so the results, don't depend on it.

    Returns
    -------
    transformed : ndarray of shape (n, *shape)
        float64 if `images` are, else float32.
    """
    transformed = np.empty((len(images), *shape), real_dtype(images))

    def fill(batch: slice) -> None:
        transformed[batch] = function(images[batch])

    batch_size = max(1, _PIXELS_IN_BATCH // images[0].size)
    Parallel(n_jobs=n_jobs, require="sharedmem")(
        delayed(fill)(batch) for batch in gen_batches(len(images), batch_size)
    )
    return transformed
