"""Keras networks of the user's own as scikit-learn estimators."""

from skmnist.wrappers._keras_classifier import KerasClassifier
from skmnist.wrappers._keras_regressor import KerasRegressor

__all__ = ["KerasClassifier", "KerasRegressor"]
