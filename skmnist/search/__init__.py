"""Searches over the parameters of classifiers."""

from skmnist.search._optuna import PruningCallback, suggest
from skmnist.search._space import param_space

__all__ = ["PruningCallback", "param_space", "suggest"]
