"""Conversion of estimators for other libraries."""

from skmnist.exporting._scikeras import to_scikeras

__all__ = ["to_scikeras"]
