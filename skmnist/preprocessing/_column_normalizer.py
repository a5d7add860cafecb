"""Images whose columns are scaled to unit length."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import OneToOneFeatureMixin

from skmnist.preprocessing._batches import in_batches, real_dtype
from skmnist.preprocessing._image_transformer import ImageTransformer


class ColumnNormalizer(OneToOneFeatureMixin, ImageTransformer):
    """Scale each column of an image to unit Euclidean length; an empty one stays empty.

    Parameters
    ----------
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
    This is what ``keras.utils.normalize(X, axis=1)`` does to images (n, height, width), which many
    tutorials use to scale pixels: a column of few bright pixels gets the same length as one of
    many.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.preprocessing import ColumnNormalizer
    >>> ColumnNormalizer().fit_transform(np.array([[[3, 0], [4, 0]]]))
    array([[[0.6, 0. ],
            [0.8, 0. ]]], dtype=float32)
    """

    def __init__(self, *, image_shape: Any = None) -> None:
        self.image_shape = image_shape

    def _transform(self, images: NDArray[Any]) -> NDArray[Any]:
        dtype = real_dtype(images)

        def scale(images: NDArray[Any]) -> NDArray[Any]:
            images = images.astype(dtype, copy=False)
            lengths = np.linalg.norm(images, axis=1, keepdims=True)
            return images / np.where(lengths > 0, lengths, 1)

        return in_batches(scale, images, images.shape[1:])
