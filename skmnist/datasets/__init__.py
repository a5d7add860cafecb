"""Published data sets: verified, cached, never incomplete."""

from skmnist.datasets._idx import read_idx
from skmnist.datasets._imdb import fetch_imdb
from skmnist.datasets._mnist import fetch_mnist

__all__ = ["fetch_imdb", "fetch_mnist", "read_idx"]
