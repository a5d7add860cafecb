"""Searches over the parameters of classifiers."""

from skmnist.search._space import param_space

__all__ = ["param_space"]
