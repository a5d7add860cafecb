"""Deskewing: each image is sheared so that its ink has no slant."""

from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from sklearn.base import OneToOneFeatureMixin

from skmnist.preprocessing._batches import in_batches
from skmnist.preprocessing._ink import InkTransformer, join_ink, moments, split_ink

# If the variance of the ink's rows is lower, it is all in one row.
_ONE_ROW = 1e-6


class Deskew(OneToOneFeatureMixin, InkTransformer):
    r"""Shear each image so that its ink has no slant.

    Each row is shifted sideways, also by fractions of a pixel, so that the ink's columns are no
    longer correlated with its rows.  The centre of mass stays where it is.

    Parameters
    ----------
    ink : {"auto", "bright", "dark"}, default="auto"
        Whether ink is brighter or darker than what it is written on. "auto" finds it from the
        border of the images in `fit`: dark where the border's median is clearly brighter than the
        mean of all pixels, bright where it is clearly darker. A border that is neither, as in
        photographs, doesn't decide: then what differs most from the mean is ink.
    image_shape : tuple (height, width) or (height, width, channels), or None, default=None
        The shape of one image where `X` holds rows. None takes the shape of the images in `X`, or
        finds a square; rows that are not square are one line of pixels, which has no slant.

    Attributes
    ----------
    ink_ : {"bright", "dark"}
        Whether ink is brighter or darker.
    image_shape_ : tuple (height, width, channels)
        The shape of one image.
    n_features_in_ : int
        Pixels of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    Notes
    -----
    With the central moments :math:`\mu_{11}` and :math:`\mu_{02}` of the ink, and its mean row
    :math:`\bar y`, the pixel in row :math:`y` and column :math:`x` gets the value at column
    :math:`x + (y - \bar y) \mu_{11} / \mu_{02}`, interpolated linearly between two pixels, as by
    :func:`scipy.ndimage.affine_transform` with ``order=1, mode="grid-constant"``.

    Ink is what is brighter than an image's darkest pixel, in all channels together, and the image
    is extended by the darkest pixel; dark ink is what is darker than the brightest pixel.  So
    pixels may be scaled, shifted or inverted before.  An image without ink, or with ink in one row
    only, stays unchanged.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 2278-2324, 1998, section III.C.1.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.preprocessing import Deskew
    >>> Deskew().fit_transform(np.eye(3)[np.newaxis])
    array([[[0., 1., 0.],
            [0., 1., 0.],
            [0., 1., 0.]]])
    """

    def __init__(self, *, ink: Any = "auto", image_shape: Any = None) -> None:
        self.ink = ink
        self.image_shape = image_shape

    def _transform(self, images: NDArray[Any]) -> NDArray[Any]:
        return in_batches(partial(_deskew, kind=self.ink_), images, images.shape[1:])


def _deskew(images: NDArray[Any], kind: str) -> NDArray[Any]:
    ink, paper = split_ink(images, kind)
    of_ink = moments(ink)
    slanted = of_ink.yy > _ONE_ROW
    slope = np.divide(of_ink.yx, of_ink.yy, out=np.zeros_like(of_ink.yy), where=slanted)
    shift = slope[:, np.newaxis] * (np.arange(images.shape[1]) - of_ink.y[:, np.newaxis])
    return join_ink(_shift_rows(ink, shift), paper, kind)


def _shift_rows(images: NDArray[Any], shift: NDArray[Any]) -> NDArray[Any]:
    """Read each row from `shift` pixels further right, interpolated linearly between two pixels."""
    n, height, width, channels = images.shape
    whole = np.floor(shift)
    part = (shift - whole).astype(images.dtype)[..., np.newaxis]
    # Zeros before each row, which are also those after the row before.
    margin = width + 1
    padded = np.zeros((n * height + 1, (margin + width) * channels), images.dtype)
    padded[:-1, margin * channels :] = images.reshape(n * height, -1)
    windows = sliding_window_view(padded.ravel(), margin * channels)
    start = np.arange(n * height).reshape(n, height) * (margin + width) + margin
    start += np.clip(whole, -margin, width).astype(np.intp)
    read = windows[start * channels]
    left, right = read[..., :-channels], read[..., channels:]
    return (left + part * (right - left)).reshape(images.shape)
