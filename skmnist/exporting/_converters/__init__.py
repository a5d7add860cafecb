"""Graphs in ONNX of what has none in skl2onnx, which composes all of them."""

from functools import cache
from typing import Any

from skmnist.exporting._converters import _descriptors, _images
from skmnist.exporting._converters._graph import Row, transformer
from skmnist.preprocessing import (
    HOG,
    Blur,
    ColumnNormalizer,
    ConvolutionFeatures,
    Deskew,
    MomentNormalizer,
    OrientedGradients,
)

CONVERTERS: dict[type[Any], Row] = {
    Blur: transformer(_images.blur),
    ColumnNormalizer: transformer(_images.column_normalizer),
    Deskew: transformer(_images.deskew),
    MomentNormalizer: transformer(_images.moment_normalizer),
    ConvolutionFeatures: transformer(_descriptors.convolution_features),
    HOG: transformer(_descriptors.hog),
    OrientedGradients: transformer(_descriptors.oriented_gradients),
}


@cache
def register() -> None:
    """Register all of these with skl2onnx, once in a process."""
    from skl2onnx import update_registered_converter

    for made, (calculate_shape, convert) in CONVERTERS.items():
        update_registered_converter(made, f"Skmnist{made.__name__}", calculate_shape, convert)
