"""Shared data and fitted estimators, each loaded once a session."""

import os
from pathlib import Path

# Before SciPy is first imported: scikit-learn's array API check needs it.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


@pytest.fixture(scope="session")
def digits():
    """scikit-learn's 1,797 digits of 8 x 8: X_train, X_test, y_train, y_test."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(X.astype(np.uint8), y, test_size=400, random_state=0, stratify=y)


@pytest.fixture(scope="session")
def mnist():
    """The real MNIST, or a skip that says how to get it."""
    folder = os.environ.get("SKMNIST_DATA")
    if not folder or not (Path(folder) / "mnist").is_dir():
        pytest.skip("MNIST is not at hand: set SKMNIST_DATA to the folder that holds mnist/")
    from skmnist import fetch_mnist

    return fetch_mnist()
