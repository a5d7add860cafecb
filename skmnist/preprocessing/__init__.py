"""Transformers of images for the classical classifiers."""

from skmnist.preprocessing.blur import Blur
from skmnist.preprocessing.column_normalizer import ColumnNormalizer
from skmnist.preprocessing.convolutions import ConvolutionFeatures, gabor_filters
from skmnist.preprocessing.deskew import Deskew
from skmnist.preprocessing.gradients import OrientedGradients
from skmnist.preprocessing.hog import HOG
from skmnist.preprocessing.moment_normalizer import MomentNormalizer

__all__ = [
    "HOG",
    "Blur",
    "ColumnNormalizer",
    "ConvolutionFeatures",
    "Deskew",
    "MomentNormalizer",
    "OrientedGradients",
    "gabor_filters",
]
