"""Conversion of estimators for other libraries."""

from skmnist.export._scikeras import to_scikeras

__all__ = ["to_scikeras"]
