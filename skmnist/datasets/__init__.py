"""Published data sets, verified, cached, never incomplete; and folders of one's own pictures."""

from skmnist.datasets._idx import read_idx
from skmnist.datasets._image_folder import load_image_folder
from skmnist.datasets._imdb import fetch_imdb
from skmnist.datasets._mnist import fetch_mnist

__all__ = ["fetch_imdb", "fetch_mnist", "load_image_folder", "read_idx"]
