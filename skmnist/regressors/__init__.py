"""Regressors of images and of rows of numbers."""

from skmnist.regressors._cnn import CNNRegressor
from skmnist.regressors._dnn import DNNRegressor

__all__ = ["CNNRegressor", "DNNRegressor"]
