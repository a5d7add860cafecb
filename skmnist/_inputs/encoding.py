"""What a classifier has learned about its inputs: the image shape and the range of the values."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from skmnist._inputs.images import ImageShape, as_images, image_shape_of, native_pixels
from skmnist._inputs.pixel_range import warn_of_other_pixels
from skmnist._inputs.pixels import PixelScaling, PixelValues, find_pixel_scaling


@dataclass(frozen=True)
class ImageEncoding:
    """The conversion of rows of pixels to the images that a network takes.

    Parameters
    ----------
    image_shape : tuple (height, width, channels)
        The shape of one image.
    scaling : PixelScaling
        The scaling of the pixels to the network's range.
    values : PixelValues or None
        Statistics of the training images; None if they are not known.
    """

    image_shape: ImageShape
    scaling: PixelScaling
    values: PixelValues | None

    @classmethod
    def learned(
        cls,
        rows: Any,
        seen: ImageShape | None,
        image_shape: Any,
        pixel_scaling: str | None,
    ) -> "ImageEncoding":
        """Learn from training rows.

        Parameters
        ----------
        rows : ndarray or SparseRows of shape (n, n_pixels)
            Pixels of any real dtype.
        seen : tuple (height, width, channels) or None
            The shape of the images that were passed, or None for rows.
        image_shape : sequence of int or None
            The classifier's parameter.
        pixel_scaling : "auto" or None
            The classifier's parameter.

        Returns
        -------
        encoding : ImageEncoding

        Examples
        --------
        >>> import numpy as np
        >>> from skmnist._inputs.encoding import ImageEncoding
        >>> rows = np.arange(32).reshape(2, 16) * 8
        >>> encoding = ImageEncoding.learned(rows, None, None, "auto")
        >>> encoding.image_shape, encoding.images(rows).shape
        ((4, 4, 1), (2, 4, 4, 1))
        """
        shape = image_shape_of(rows, image_shape, seen)
        scaling = PixelScaling() if pixel_scaling is None else find_pixel_scaling(rows)
        return cls(shape, scaling, PixelValues.of(as_images(rows, shape)))

    def images(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return validated rows as images, in a number format that every backend reads."""
        return as_images(native_pixels(rows), self.image_shape)

    @property
    def background(self) -> tuple[float, ...]:
        """The scaled background of the training images, one number per channel."""
        if self.values is None:
            return (0.0,)
        offset, scale = self.scaling
        return tuple((value - offset) / scale for value in self.values.background)

    def warn_of_others(self, name: str, images: Any) -> None:
        """Warn if images are inverted or in another unit than the training images."""
        warn_of_other_pixels(name, self.values, self.scaling, images)
