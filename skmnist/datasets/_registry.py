"""The data sets that recipes refer to by name, loaded by `reproduce` and the command."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.datasets import make_circles

from skmnist.datasets._cifar10 import fetch_cifar10
from skmnist.datasets._emnist import SPLITS, fetch_emnist
from skmnist.datasets._fashion_mnist import fetch_fashion_mnist
from skmnist.datasets._imdb import fetch_imdb
from skmnist.datasets._kmnist import fetch_kmnist
from skmnist.datasets._mnist import fetch_mnist
from skmnist.datasets._usps import fetch_usps

TrainAndTest = tuple[tuple[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Dataset:
    """How a data set is loaded, and what its samples are.

    Parameters
    ----------
    load : callable
        Takes a seed, which only randomly generated data need; returns the training samples with
        their labels, and the test samples with theirs.
    samples : {"images", "texts", "points"}
        What the samples are.
    """

    load: Callable[[int], TrainAndTest]
    samples: Literal["images", "texts", "points"]


def _circles(random_state: int) -> TrainAndTest:
    circles = make_circles(500, factor=0.5, noise=0.05, random_state=random_state)
    return circles, circles


def _perceptron(_random_state: int) -> TrainAndTest:
    X = np.array([[0, 0, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1]])
    return (X, np.array([0, 1, 1, 0])), (np.array([[1, 0, 0]]), np.array([1]))


def _published(
    fetch: Callable[..., TrainAndTest], *arguments: str
) -> Callable[[int], TrainAndTest]:
    return lambda random_state: fetch(*arguments)


DATASETS = {
    "mnist": Dataset(_published(fetch_mnist), "images"),
    "fashion-mnist": Dataset(_published(fetch_fashion_mnist), "images"),
    "kmnist": Dataset(_published(fetch_kmnist), "images"),
    **{f"emnist-{split}": Dataset(_published(fetch_emnist, split), "images") for split in SPLITS},
    "usps": Dataset(_published(fetch_usps), "images"),
    "cifar10": Dataset(_published(fetch_cifar10), "images"),
    "imdb": Dataset(_published(fetch_imdb), "texts"),
    "circles": Dataset(_circles, "points"),
    "perceptron": Dataset(_perceptron, "points"),
}
