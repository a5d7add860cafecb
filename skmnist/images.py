"""Rows of pixels and images: the one place where data changes its shape.

scikit-learn speaks in rows ``(n_samples, n_features)``, networks in images ``(n_samples, height,
width, channels)``.  Both directions are views: no pixel is copied.
"""

from math import isqrt, prod
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._numbers import refuse_masked

ImageShape = tuple[int, int, int]


def as_rows(X: Any) -> tuple[Any, ImageShape | None]:
    """Flatten images to rows; leave everything else as it is.

    Parameters
    ----------
    X : array-like of shape (n, n_features), (n, height, width) or (n, height, width, channels)
        Rows, images of one channel, or images.

    Returns
    -------
    rows : array-like of shape (n, n_features)
        A view of `X` where it was an array of images, `X` itself where it was not.
    image_shape : tuple (height, width, channels) or None
        The shape of one image, or None where `X` was not an array of images.

    Raises
    ------
    ValueError
        If `X` has more than four dimensions, or masked values.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.images import as_rows
    >>> rows, image_shape = as_rows(np.zeros((5, 28, 28)))
    >>> rows.shape, image_shape
    ((5, 784), (28, 28, 1))
    """
    refuse_masked(X, "X")
    if isinstance(X, list | tuple) and X and np.ndim(X[0]) > 1:
        X = np.asarray(X)
    n_dimensions = getattr(X, "ndim", 2)
    if n_dimensions <= 2 or not hasattr(X, "reshape"):
        return X, None
    if n_dimensions > 4:
        raise ValueError(
            f"X has {n_dimensions} dimensions, shape {tuple(X.shape)}; expected rows "
            "(n_samples, n_features) or images (n_samples, height, width[, channels])."
        )
    height, width, *channels = X.shape[1:]
    image_shape = (height, width, *(channels or (1,)))
    return X.reshape(len(X), prod(image_shape)), image_shape


def as_images(rows: NDArray, image_shape: ImageShape) -> NDArray:
    """Give rows of pixels the shape of images.

    Parameters
    ----------
    rows : ndarray of shape (n, height * width * channels)
        One image a row.
    image_shape : tuple (height, width, channels)
        The shape of one image.

    Returns
    -------
    images : ndarray of shape (n, height, width, channels)
        A view of `rows`, dtype unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.images import as_images
    >>> as_images(np.zeros((5, 784), dtype=np.uint8), (28, 28, 1)).shape
    (5, 28, 28, 1)
    """
    return rows.reshape(-1, *image_shape)


def native_pixels(rows: NDArray) -> NDArray:
    """Give pixels a number format that every backend reads; copy only where they have another.

    Parameters
    ----------
    rows : ndarray of shape (n, n_pixels)
        Pixels of any real dtype.

    Returns
    -------
    rows : ndarray of shape (n, n_pixels)
        The same numbers, in the machine's own byte order and of at most eight bytes.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.images import native_pixels
    >>> native_pixels(np.zeros((2, 4), dtype=">f4")).dtype.isnative
    True
    """
    if rows.dtype.kind == "f" and rows.dtype.itemsize > 8:
        return rows.astype(np.float64)
    return rows if rows.dtype.isnative else rows.astype(rows.dtype.newbyteorder("="))


def find_image_shape(
    n_features: int, wanted: tuple[Any, ...] | None, seen: ImageShape | None
) -> ImageShape:
    """Decide which image a row of `n_features` pixels is.

    Parameters
    ----------
    n_features : int
        Pixels in a row.
    wanted : tuple (height, width) or (height, width, channels), or None
        What the user says an image is.
    seen : tuple (height, width, channels) or None
        The shape of the images that came, or None where rows came.

    Returns
    -------
    image_shape : tuple (height, width, channels)
        `wanted`, else `seen`, else a square of one channel, else one row of pixels.

    Raises
    ------
    ValueError
        If `wanted` doesn't have `n_features` pixels, or contradicts `seen`.

    Examples
    --------
    >>> from skmnist.images import find_image_shape
    >>> find_image_shape(784, None, None)
    (28, 28, 1)
    >>> find_image_shape(30, None, None)
    (1, 30, 1)
    """
    if wanted is not None:
        if len(wanted) not in (2, 3) or not all(
            isinstance(side, Integral) and int(side) > 0 for side in wanted
        ):
            raise ValueError(
                f"image_shape={wanted!r}; expected (height, width) or (height, width, channels), "
                "whole numbers of at least 1, or None."
            )
        height, width, channels = (*map(int, wanted), 1)[:3]
        wanted = (height, width, channels)
        if prod(wanted) != n_features:
            raise ValueError(
                f"image_shape={wanted} has {prod(wanted)} pixels, but X has {n_features} "
                "features a row. Give the height, width and channels of one image, or None "
                "to find a square."
            )
        if seen is not None and seen != wanted:
            raise ValueError(
                f"image_shape={wanted}, but X holds images of shape {seen}. Leave "
                "image_shape=None to take the shape from X."
            )
        return wanted
    if seen is not None:
        return seen
    side = isqrt(n_features)
    return (side, side, 1) if side * side == n_features else (1, n_features, 1)


def refuse_other_shape(estimator: Any, seen: ImageShape | None) -> None:
    """Refuse images of another shape than an estimator was fitted on.

    Parameters
    ----------
    estimator : estimator
        Fitted, with an attribute `image_shape_`.
    seen : tuple (height, width, channels) or None
        The shape of the images that came, or None where rows came.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from skmnist.images import refuse_other_shape
    >>> refuse_other_shape(SimpleNamespace(image_shape_=(28, 28, 1)), (28, 28, 1))
    """
    if seen is not None and seen != estimator.image_shape_:
        raise ValueError(
            f"X holds images of shape {seen}, but this {type(estimator).__name__} was fitted on "
            f"images of shape {estimator.image_shape_}."
        )
