"""Centred ink of a normalised size, whatever the handwriting."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import OneToOneFeatureMixin

from skmnist._utils.sklearn import Interval
from skmnist.preprocessing._batches import in_batches
from skmnist.preprocessing._ink import InkTransformer, join_ink, moments, split_ink

# The variance of a coordinate within one pixel, a square.
_OF_A_PIXEL = 1 / 12


class MomentNormalizer(OneToOneFeatureMixin, InkTransformer):
    r"""Centre the ink of each image, and scale it towards one height and one width.

    Height and width are measured by moments, not by the outermost pixels, so that a long tail
    doesn't make a digit small.

    Parameters
    ----------
    strength : float, default=0.75
        How far the size is scaled towards the target: 0 leaves it unchanged, 1 makes it the same
        for all images, so that the stroke of a one becomes as wide as a zero.
    height, width : float, default=0.225 and 0.19
        The target standard deviations of the ink's rows and columns, as fractions of the height
        and the width of the image.
    ink : {"auto", "bright", "dark"}, default="auto"
        Whether ink is brighter or darker than what it is written on. "auto" finds it from the
        border of the images in `fit`: dark where the border's median is clearly brighter than the
        mean of all pixels, bright where it is clearly darker. A border that is neither, as in
        photographs, doesn't decide: then what differs most from the mean is ink.
    image_shape : tuple (height, width) or (height, width, channels), or None, default=None
        The shape of one image where `X` holds rows. None takes the shape of the images in `X`, or
        finds a square; rows that are not square are one line of pixels.

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
    A standard deviation :math:`s` becomes :math:`s^{1 - a} t^a` for the strength :math:`a` and the
    target :math:`t`, and the centre of mass moves to the middle, interpolated linearly between
    pixels, as by :func:`scipy.ndimage.affine_transform` with ``order=1, mode="grid-constant"``.
    Each pixel counts as a square, not a point, so a standard deviation is never zero.

    Ink is what is brighter than an image's darkest pixel, in all channels together, and the image
    is extended by the darkest pixel; dark ink is treated the other way round, as in
    :class:`Deskew`.

    References
    ----------
    R.G. Casey, "Moment normalization of handprinted characters", IBM Journal of Research and
    Development 14(5), 548-557, 1970.

    C.-L. Liu, K. Nakashima, H. Sako and H. Fujisawa, "Handwritten digit recognition: investigation
    of normalization and feature extraction techniques", Pattern Recognition 37(2), 265-279, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.preprocessing import MomentNormalizer
    >>> image = np.zeros((1, 5, 5))
    >>> image[0, :2, :2] = 1
    >>> MomentNormalizer(strength=0).fit_transform(image)[0]
    array([[0.  , 0.  , 0.  , 0.  , 0.  ],
           [0.  , 0.25, 0.5 , 0.25, 0.  ],
           [0.  , 0.5 , 1.  , 0.5 , 0.  ],
           [0.  , 0.25, 0.5 , 0.25, 0.  ],
           [0.  , 0.  , 0.  , 0.  , 0.  ]])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **InkTransformer._parameter_constraints,
        "strength": [Interval(Real, 0, 1, closed="both")],
        "height": [Interval(Real, 0, None, closed="neither")],
        "width": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        *,
        strength: Any = 0.75,
        height: Any = 0.225,
        width: Any = 0.19,
        ink: Any = "auto",
        image_shape: Any = None,
    ) -> None:
        self.strength = strength
        self.height = height
        self.width = width
        self.ink = ink
        self.image_shape = image_shape

    def _transform(self, images: NDArray[Any]) -> NDArray[Any]:
        return in_batches(self._normalize, images, images.shape[1:])

    def _normalize(self, images: NDArray[Any]) -> NDArray[Any]:
        ink, paper = split_ink(images, self.ink_)
        of_ink = moments(ink)
        down = self._scaling(of_ink.y, of_ink.yy, self.height, images.shape[1]).astype(ink.dtype)
        right = self._scaling(of_ink.x, of_ink.xx, self.width, images.shape[2]).astype(ink.dtype)
        by_channel = down[:, np.newaxis] @ np.moveaxis(ink, 3, 1)
        by_channel = by_channel @ right[:, np.newaxis].transpose(0, 1, 3, 2)
        return join_ink(np.moveaxis(by_channel, 1, 3), paper, self.ink_)

    def _scaling(
        self, centre: NDArray[Any], variance: NDArray[Any], wanted: float, n: int
    ) -> NDArray[Any]:
        """Return the matrices that scale lines of `n` pixels, of shape (n_images, n, n)."""
        step = (np.sqrt(variance + _OF_A_PIXEL) / (wanted * n)) ** self.strength
        pixel = np.arange(n)
        read = centre[:, np.newaxis] + step[:, np.newaxis] * (pixel - (n - 1) / 2)
        return np.maximum(0, 1 - np.abs(read[..., np.newaxis] - pixel))
