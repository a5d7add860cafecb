"""Small parts of scikit-learn's data, as SciKeras's users have them: plain arrays."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits

from skmnist._utils.backend import load_keras

load_keras()  # first, so that TensorFlow starts as it does for this package


def scaled_digits(n_classes, n=200):
    X, y = load_digits(n_class=n_classes, return_X_y=True)
    return (X[:n] / 16).astype(np.float32), y[:n]


@pytest.fixture(scope="session")
def zero_to_four():
    """Rows of 64 pixels, 0 to 1, of five classes."""
    return scaled_digits(5)


@pytest.fixture(scope="session")
def zero_or_one():
    """Rows of 64 pixels, 0 to 1, of two classes."""
    return scaled_digits(2)


@pytest.fixture(scope="session")
def images():
    """Images of 8 x 8 x 1 pixels, 0 to 1, of ten classes."""
    X, y = scaled_digits(10)
    return X.reshape(-1, 8, 8, 1), y


@pytest.fixture(scope="session")
def strokes():
    """Rows of pixels and three labels each: multi-label."""
    X, y = scaled_digits(10)
    return X, np.column_stack([y % 2 == 0, y > 4, np.isin(y, (0, 6, 8, 9))]).astype(int)


@pytest.fixture(scope="session")
def diabetes():
    """Ten measurements of 200 patients, and how their disease went on; both standardised."""
    X, y = load_diabetes(return_X_y=True)
    X, y = X[:200] * 20, y[:200]
    return X.astype(np.float32), ((y - y.mean()) / y.std()).astype(np.float32)
