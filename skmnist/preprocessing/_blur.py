"""Blurred images, which are less sensitive to a shift of a stroke."""

from numbers import Real
from typing import Any

from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from sklearn.base import OneToOneFeatureMixin

from skmnist._utils.sklearn import Interval, StrOptions
from skmnist.preprocessing._batches import in_batches, real_dtype
from skmnist.preprocessing._image_transformer import ImageTransformer


class Blur(OneToOneFeatureMixin, ImageTransformer):
    """Gaussian blur of images.

    Parameters
    ----------
    sigma : float, default=1.0
        Standard deviation of the Gaussian, in pixels, at most 100. 0 leaves images unchanged.
    mode : {"reflect", "constant", "nearest", "mirror", "wrap"}, default="reflect"
        How images are extended beyond their edges, as in :func:`scipy.ndimage.gaussian_filter`;
        "constant" extends them by zeros.
    truncate : float, default=4.0
        Where the Gaussian is cut off, in standard deviations, at most 10.
    image_shape : tuple (height, width) or (height, width, channels), or None, default=None
        The shape of one image where `X` holds rows. None takes the shape of the images in `X`, or
        finds a square; rows that are not square are one line of pixels.

    Attributes
    ----------
    image_shape_ : tuple (height, width, channels)
        The shape of one image.
    n_features_in_ : int
        Pixels of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    Notes
    -----
    The results are those of :func:`scipy.ndimage.gaussian_filter` over the rows and the columns of
    each image, each channel separately.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.preprocessing import Blur
    >>> image = np.zeros((1, 3, 3))
    >>> image[0, 1, 1] = 1
    >>> Blur(sigma=0.5).fit_transform(image).round(2)
    array([[[0.01, 0.08, 0.01],
            [0.08, 0.62, 0.08],
            [0.01, 0.08, 0.01]]])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **ImageTransformer._parameter_constraints,
        # Their product is the number of neighbours that each pixel is computed from.
        "sigma": [Interval(Real, 0, 100, closed="both")],
        "mode": [StrOptions({"reflect", "constant", "nearest", "mirror", "wrap"})],
        "truncate": [Interval(Real, 0, 10, closed="right")],
    }

    def __init__(
        self,
        *,
        sigma: Any = 1.0,
        mode: Any = "reflect",
        truncate: Any = 4.0,
        image_shape: Any = None,
    ) -> None:
        self.sigma = sigma
        self.mode = mode
        self.truncate = truncate
        self.image_shape = image_shape

    def _transform(self, images: NDArray[Any]) -> NDArray[Any]:
        dtype = real_dtype(images)

        def blur(images: NDArray[Any]) -> NDArray[Any]:
            return gaussian_filter(
                images.astype(dtype, copy=False),
                self.sigma,
                mode=self.mode,
                truncate=self.truncate,
                axes=(1, 2),
            )

        return in_batches(blur, images, images.shape[1:])
