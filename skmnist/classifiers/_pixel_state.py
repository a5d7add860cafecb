"""What is learned about pixels, as data for files."""

from typing import Any

from numpy.typing import NDArray

from skmnist._inputs.encoding import ImageEncoding
from skmnist._inputs.images import as_images
from skmnist._inputs.pixels import PixelScaling, PixelValues
from skmnist._inputs.state import ImageState


class PixelState(ImageState):
    """The scaling and the statistics of the pixels of training images (mixin)."""

    pixel_offset_: float
    pixel_scale_: float
    _pixels_: PixelValues | None

    def __skmnist_getstate__(self) -> dict[str, Any]:
        pixels = self._pixels_
        return {
            **super().__skmnist_getstate__(),
            "pixel_offset_": self.pixel_offset_,
            "pixel_scale_": self.pixel_scale_,
            "_pixels_": None if pixels is None else [*pixels[:-1], list(pixels.background)],
        }

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        super().__skmnist_setstate__(state)
        self.pixel_offset_, self.pixel_scale_ = state["pixel_offset_"], state["pixel_scale_"]
        self._pixels_ = None
        if state["_pixels_"] is not None:
            *numbers, background = state["_pixels_"]
            self._pixels_ = PixelValues._make([*numbers, tuple(background)])

    @property
    def __skmnist_pixels__(self) -> PixelValues | None:
        """The statistics of the training images; None if they are not known."""
        return self._pixels_

    @property
    def _encoding(self) -> ImageEncoding:
        return ImageEncoding(self.image_shape_, self._scaling, self._pixels_)

    def _warn_of_other_pixels(self, rows: NDArray[Any]) -> None:
        self._encoding.warn_of_others(type(self).__name__, as_images(rows, self.image_shape_))

    @property
    def _scaling(self) -> PixelScaling:
        return PixelScaling(self.pixel_offset_, self.pixel_scale_)
