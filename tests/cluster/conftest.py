"""A cluster of processes on this machine, for all tests of a module."""

import numpy as np
import pytest
from dask.distributed import LocalCluster
from sklearn.datasets import load_digits

from skmnist.clusters import dask_client


@pytest.fixture(scope="module")
def cluster():
    """Two processes, of which each works on two tasks at once, in threads."""
    with LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=":0") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def client(cluster):
    with dask_client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def few():
    """200 digits, as rows of uint8."""
    X, y = load_digits(return_X_y=True)
    return X[:200].astype(np.uint8), y[:200]
