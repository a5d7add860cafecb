"""Data sets of others: checked, cached, never half there."""

from skmnist.datasets._idx import read_idx
from skmnist.datasets._imdb import load_imdb
from skmnist.datasets._mnist import fetch_mnist

__all__ = ["fetch_mnist", "load_imdb", "read_idx"]
