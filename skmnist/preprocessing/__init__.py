"""Pictures to images, and transformers of images for the classical classifiers."""

from skmnist.preprocessing._blur import Blur
from skmnist.preprocessing._column_normalizer import ColumnNormalizer
from skmnist.preprocessing._convolutions import ConvolutionFeatures, gabor_filters
from skmnist.preprocessing._deskew import Deskew
from skmnist.preprocessing._gradients import OrientedGradients
from skmnist.preprocessing._hog import HOG
from skmnist.preprocessing._image_loader import ImageLoader
from skmnist.preprocessing._moment_normalizer import MomentNormalizer

__all__ = [
    "HOG",
    "Blur",
    "ColumnNormalizer",
    "ConvolutionFeatures",
    "Deskew",
    "ImageLoader",
    "MomentNormalizer",
    "OrientedGradients",
    "gabor_filters",
]
