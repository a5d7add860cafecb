"""Rows of pixels and images: the one place where data is reshaped.

scikit-learn uses rows ``(n_samples, n_features)``, networks use images ``(n_samples, height,
width, channels)``.  Both conversions are views: no pixel is copied.
"""

import warnings
from math import isqrt, prod
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skmnist._inputs.arrays import as_pixels
from skmnist._inputs.images_on_demand import ImagesOnDemand
from skmnist._inputs.mapped_images import on_demand_if_large
from skmnist._inputs.numbers import check_not_masked
from skmnist._inputs.picture_rows import PictureRows
from skmnist._inputs.sparse_rows import SparseRows
from skmnist._utils.errors import shown

ImageShape = tuple[int, int, int]

_FEWEST_IN_COLOUR = 8  # pixels per side; a smaller table is not taken for images


def as_rows(X: Any) -> tuple[Any, ImageShape | None]:
    """Flatten images to rows; return everything else unchanged.

    Parameters
    ----------
    X : array-like of shape (n, n_features), (n, height, width) or (n, height, width, channels)
        Rows, images of one channel, or images; an array or tensor of any library.

    Returns
    -------
    rows : array-like of shape (n, n_features)
        A view of `X` if it was an array of images, else `X` itself.
    image_shape : tuple (height, width, channels) or None
        The shape of one image, or None if `X` was not an array of images.

    Raises
    ------
    TypeError
        If `X` yields its samples one after another, as a generator does.
    ValueError
        If `X` has more than four dimensions or masked values, or holds texts, dates, or arrays in
        a column.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.images import as_rows
    >>> rows, image_shape = as_rows(np.zeros((5, 28, 28)))
    >>> rows.shape, image_shape
    ((5, 784), (28, 28, 1))
    """
    check_not_masked(X, "X")
    X = on_demand_if_large(as_pixels(X))
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


def as_images(rows: Any, image_shape: tuple[int, ...]) -> Any:
    """Reshape rows of pixels to images.

    Parameters
    ----------
    rows : ndarray or RowSource of shape (n, height * width * channels)
        One image per row.
    image_shape : tuple (height, width, channels)
        The shape of one image.

    Returns
    -------
    images : ndarray or RowSource of shape (n, height, width, channels)
        A view of `rows`, dtype unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.images import as_images
    >>> as_images(np.zeros((5, 784), dtype=np.uint8), (28, 28, 1)).shape
    (5, 28, 28, 1)
    """
    return rows.reshape(-1, *image_shape)


def native_pixels(rows: Any) -> Any:
    """Convert pixels to a number format that every backend reads; copy only if necessary.

    Parameters
    ----------
    rows : ndarray, CSR array or ImagesOnDemand of shape (n, n_pixels)
        Pixels of any real dtype.

    Returns
    -------
    rows : ndarray or MeasuredRows of shape (n, n_pixels)
        The same numbers, in the machine's byte order and of at most eight bytes each.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.images import native_pixels
    >>> native_pixels(np.zeros((2, 4), dtype=">f4")).dtype.isnative
    True
    """
    if issparse(rows):
        rows = SparseRows(rows)
    elif isinstance(rows, ImagesOnDemand):
        rows = PictureRows(rows)
    if rows.dtype.kind == "f" and rows.dtype.itemsize > 8:
        return rows.astype(np.float64)
    return rows if rows.dtype.isnative else rows.astype(rows.dtype.newbyteorder("="))


def image_shape_of(rows: NDArray[Any], wanted: Any, seen: ImageShape | None) -> ImageShape:
    """Return the image shape of these rows, and warn if the images may be in colour.

    Parameters
    ----------
    rows : ndarray of shape (n, n_features)
        Training data.
    wanted, seen
        As for :func:`find_image_shape`.

    Returns
    -------
    image_shape : tuple (height, width, channels)
        As :func:`find_image_shape` returns it.

    Warns
    -----
    UserWarning
        If nothing gives a shape, no value is negative, and the number of columns is three times
        that of the pixels in a square of at least 8 x 8: 192, 243, 300, ..., 3,072.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.images import image_shape_of
    >>> image_shape_of(np.zeros((5, 3072)), (32, 32, 3), None)
    (32, 32, 3)
    """
    n_features = rows.shape[1]
    image_shape = find_image_shape(n_features, wanted, seen)
    side = isqrt(n_features // 3)
    in_colour = (side, side, 3)
    unknown = wanted is None and seen is None and image_shape[0] == 1
    # Signed numbers are more often features, such as embeddings of 300 or 768 words.
    if unknown and side >= _FEWEST_IN_COLOUR and prod(in_colour) == n_features and rows.min() >= 0:
        warnings.warn(
            f"X has {n_features} columns and is taken for images of 1 x {n_features} pixels. If "
            f"they are images of {side} x {side} pixels in colour, set image_shape={in_colour}; "
            f"if all red values come first, then green and blue, give np.moveaxis(X.reshape(-1, 3, "
            f"{side}, {side}), 1, -1). image_shape=(1, {n_features}) keeps lines of pixels.",
            UserWarning,
            stacklevel=2,
        )
    return image_shape


def find_image_shape(n_features: int, wanted: Any, seen: ImageShape | None) -> ImageShape:
    """Return the image shape of rows of `n_features` pixels.

    Parameters
    ----------
    n_features : int
        Pixels in a row.
    wanted : sequence (height, width) or (height, width, channels), or None
        The shape that the user gave.
    seen : tuple (height, width, channels) or None
        The shape of the images that were passed, or None for rows.

    Returns
    -------
    image_shape : tuple (height, width, channels)
        `wanted`, else `seen`, else a square of one channel, else one row of pixels.

    Raises
    ------
    ValueError
        If `wanted` doesn't have `n_features` pixels, or contradicts `seen`; or if `wanted` is None
        and `seen` looks like PyTorch's layout, channels first: 1, 3 or 4 of them, fewer than rows,
        and more than 4 pixels in a row.

    Notes
    -----
    A single channel may come first if `wanted` has it last: the pixels are in the same order.

    Examples
    --------
    >>> from skmnist._inputs.images import find_image_shape
    >>> find_image_shape(784, None, None)
    (28, 28, 1)
    >>> find_image_shape(30, None, None)
    (1, 30, 1)
    >>> find_image_shape(784, (28, 28), (1, 28, 28))
    (28, 28, 1)
    """
    if wanted is None:
        if seen is not None:
            _check_channels_last(seen)
            return seen
        side = isqrt(n_features)
        return (side, side, 1) if side * side == n_features else (1, n_features, 1)
    shape = _checked_shape(tuple(wanted))
    if prod(shape) != n_features:
        raise ValueError(
            f"image_shape={shape} has {prod(shape)} pixels, but X has {n_features} "
            "features per row. Give the height, width and channels of one image, or None "
            "to find a square."
        )
    if not _has_layout(seen, shape):
        raise ValueError(
            f"image_shape={shape}, but X holds images of shape {seen}. {_axis_to_move(seen, shape)}"
            "Leave image_shape=None to take the shape from X."
        )
    return shape


def _checked_shape(wanted: tuple[Any, ...]) -> ImageShape:
    if len(wanted) not in (2, 3) or not all(
        isinstance(side, Integral) and int(side) > 0 for side in wanted
    ):
        raise ValueError(
            f"image_shape={shown(wanted)}; expected (height, width) or (height, width, channels), "
            "whole numbers of at least 1, or None."
        )
    height, width, channels = (*map(int, wanted), 1)[:3]
    return height, width, channels


def _grey(shape: ImageShape) -> tuple[int, ...]:
    """Leave out the channels if there is only one."""
    return shape[:2] if shape[2] == 1 else shape


def _has_layout(seen: ImageShape | None, shape: ImageShape) -> bool:
    """Return whether pixels of images of shape `seen` are in the order of `shape`."""
    return seen is None or seen == shape or (seen[0] == 1 and (*seen[1:], 1) == shape)


def _axis_to_move(seen: ImageShape | None, shape: ImageShape) -> str:
    """Return advice for images whose channels come first, and should come last."""
    if seen is None or (*seen[1:], seen[0]) != shape:
        return ""
    return "Its channels come first; move them to the end: np.moveaxis(X, 1, -1). "


def _check_channels_last(seen: ImageShape) -> None:
    """Raise an error for what looks like (n, channels, height, width)."""
    channels, height, width = seen
    if channels in (1, 3, 4) and channels < height and width > 4:
        raise ValueError(
            f"X has shape (n, {channels}, {height}, {width}), which looks like PyTorch's layout, "
            f"channels first; expected (n, height, width, channels). Give np.moveaxis(X, 1, -1), "
            f"of shape (n, {height}, {width}, {channels}). If these are images of {channels} x "
            f"{height} pixels with {width} channels, set image_shape={seen}."
        )


def check_not_single_image(
    estimator: Any, rows_shape: tuple[int, ...], seen: ImageShape | None
) -> None:
    """Raise an error for a single image, which needs one more axis, in place of an array of images.

    Parameters
    ----------
    estimator : estimator
        Fitted, with an attribute `image_shape_`.
    rows_shape : tuple of int
        The shape of the rows that were passed, or to which images were flattened.
    seen : tuple (height, width, channels) or None
        The shape of the images that were passed, or None for rows.

    Raises
    ------
    ValueError
        If the shape is that of one image like those in `fit`, or of a photograph.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from skmnist._inputs.images import check_not_single_image
    >>> check_not_single_image(SimpleNamespace(image_shape_=(28, 28, 1)), (5, 784), (28, 28, 1))
    """
    fitted = height, width, channels = estimator.image_shape_
    if height == 1 or seen == fitted or rows_shape[1:] == (prod(fitted),):
        return
    shape = rows_shape if seen is None else (*rows_shape[:1], *_grey(seen))
    expected = f"expected images of {height} x {width} pixels, shape (n, {height}, {width}" + (
        ")" if channels == 1 else f", {channels})"
    )
    if shape == _grey(fitted) or (*rows_shape[:1], *(seen or ())) == (*fitted, 1):
        raise ValueError(
            f"X has shape {shape}, that of a single image; {expected}. For one image, give "
            "image[None]."
        )
    if len(shape) == 3 and shape[2] in (3, 4) and min(shape[:2]) > 4:
        in_grey = ", in grey" if channels == 1 else ""
        raise ValueError(
            f"X has shape {shape}, that of a single photograph in colour; {expected}. Bring it to "
            f"that size{in_grey}, and give image[None]."
        )
    if len(shape) == 2 and min(shape) > 4 and min(height, width) > 1:
        # scikit-learn's message, with our advice added.
        raise ValueError(
            f"X has {shape[1]} features, but {type(estimator).__name__} is expecting "
            f"{prod(fitted)} features as input; {expected}, or rows of them. If X is a single "
            f"picture of {shape[0]} x {shape[1]} pixels, bring it to that size, and give "
            "image[None]."
        )


def check_same_shape(estimator: Any, seen: ImageShape | None) -> None:
    """Raise an error for images of another shape than an estimator was fitted on.

    Parameters
    ----------
    estimator : estimator
        Fitted, with an attribute `image_shape_`.
    seen : tuple (height, width, channels) or None
        The shape of the images that were passed, or None for rows.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from skmnist._inputs.images import check_same_shape
    >>> check_same_shape(SimpleNamespace(image_shape_=(28, 28, 1)), (28, 28, 1))
    """
    fitted = estimator.image_shape_
    if not _has_layout(seen, fitted):
        raise ValueError(
            f"X holds images of shape {seen}, but this {type(estimator).__name__} was fitted on "
            f"images of shape {fitted}. {_axis_to_move(seen, fitted)}".rstrip()
        )
