"""Published data sets, verified, cached, never incomplete; and folders of one's own pictures."""

from skmnist.datasets._cifar10 import fetch_cifar10
from skmnist.datasets._emnist import fetch_emnist
from skmnist.datasets._fashion_mnist import fetch_fashion_mnist
from skmnist.datasets._idx import read_idx
from skmnist.datasets._image_folder import load_image_folder
from skmnist.datasets._imdb import fetch_imdb
from skmnist.datasets._kmnist import fetch_kmnist
from skmnist.datasets._mnist import fetch_mnist
from skmnist.datasets._usps import fetch_usps

__all__ = [
    "fetch_cifar10",
    "fetch_emnist",
    "fetch_fashion_mnist",
    "fetch_imdb",
    "fetch_kmnist",
    "fetch_mnist",
    "fetch_usps",
    "load_image_folder",
    "read_idx",
]
