"""Shared data, loaded once a session, and scripts that run beside the tests."""

import gc
import os
import random
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

# Before SciPy is first imported: scikit-learn's array API check needs it.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

# TensorFlow's graphs are a great many objects that live on. To look through all of them as often as
# Python does by default takes a seventh of the tests' time.
gc.set_threshold(50_000, 20, 20)

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split


@pytest.fixture(autouse=True)
def no_line_of_progress(monkeypatch):
    """On a busy machine what is quick takes half a minute, after which it would be written."""
    from skmnist._utils.progress import _screens

    monkeypatch.setattr(_screens.Lines, "period", 3600.0)


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


# -- what SciKeras's users have: plain arrays ------------------------------------------------


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


# -- backbones --------------------------------------------------------------------------------

# An early layer of each: all that there is to test, in seconds.
_EARLY = {
    "DenseNet121": "conv2_block1_concat",
    "InceptionV3": "mixed0",
    "ResNet50V2": "conv2_block1_out",
    "VGG16": "block1_pool",
    "VGG19": "block1_pool",
    "Xception": "block3_sepconv1_act",
}


@contextmanager
def same_initial_weights():
    """Let Keras's initialisers, which draw their seeds from Python's generator, draw the same."""
    state = random.getstate()
    random.seed(0)
    yield
    random.setstate(state)


@pytest.fixture(scope="session")
def first_layers(tmp_path_factory):
    """Keras's own backbones up to an early layer, with new weights, and a file of these."""
    folder = tmp_path_factory.mktemp("first_layers")

    @cache
    def make(backbone):
        from skmnist._utils.backend import load_keras
        from skmnist.networks._backbones import BACKBONES

        keras, side = load_keras(), BACKBONES[backbone].smallest
        with keras.StatelessScope(initialize_variables=False):  # most layers are left out again
            whole = getattr(keras.applications, backbone)(
                include_top=False, weights=None, input_shape=(side, side, 3)
            )
            config = keras.Model(whole.input, whole.get_layer(_EARLY[backbone]).output).get_config()
        with same_initial_weights():
            model, path = keras.Model.from_config(config), folder / f"{backbone}.weights.h5"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, while it writes
            model.save_weights(path)
        return model, path

    return make


# -- beside the tests ---------------------------------------------------------------------


class Run(NamedTuple):
    """What became of a script."""

    returncode: int
    stdout: str
    stderr: str
    folder: Path


class Beside:
    """Scripts in processes of their own, one after another, while the tests run.

    Most tests build and trace networks, which keeps one core busy; a script has the others.
    """

    def __init__(self):
        self._one_by_one = ThreadPoolExecutor(1)
        self._runs: dict[tuple, Future] = {}
        self._process = None
        self._folder = tempfile.TemporaryDirectory()

    def __call__(self, *arguments, **environment):
        """Wait for what Python did with these arguments; begin, if it hasn't."""
        return self.start(*arguments, **environment).result()

    def start(self, *arguments, **environment):
        key = arguments, tuple(sorted(environment.items()))
        if key not in self._runs:
            self._runs[key] = self._one_by_one.submit(self._run, arguments, environment)
        return self._runs[key]

    def _run(self, arguments, environment):
        folder = Path(tempfile.mkdtemp(dir=self._folder.name))
        self._process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, err = self._process.communicate(timeout=900)
        return Run(self._process.returncode, out, err, folder)

    def stop(self):
        self._one_by_one.shutdown(wait=False, cancel_futures=True)
        if self._process is not None:
            self._process.kill()
        self._one_by_one.shutdown()
        self._folder.cleanup()


_BESIDE = pytest.StashKey[Beside]()


# Some of scikit-learn's estimator checks fit noise, or weigh a class by 0.0001.
_NOISE_IS_FITTED = pytest.mark.filterwarnings(
    "ignore:Training ended at guessing:sklearn.exceptions.ConvergenceWarning"
)


def pytest_collection_modifyitems(items):
    """Have the tests that look at scripts last, when these are done."""
    items.sort(key=lambda item: item.get_closest_marker("beside") is not None)
    for item in items:
        if "check" in getattr(item, "fixturenames", ()):
            item.add_marker(_NOISE_IS_FITTED)


def pytest_collection_finish(session):
    session.config.stash[_BESIDE] = Beside()
    # Where pytest-xdist has a process for each core, no core is free, and each collects all tests.
    if not session.config.option.collectonly and "PYTEST_XDIST_WORKER" not in os.environ:
        for item in session.items:
            for mark in item.iter_markers("beside"):
                session.config.stash[_BESIDE].start(*mark.args, **mark.kwargs)


def pytest_unconfigure(config):
    if _BESIDE in config.stash:
        config.stash[_BESIDE].stop()


@pytest.fixture(scope="session")
def beside(pytestconfig):
    """The scripts that ``pytest.mark.beside(*arguments, **environment)`` has started."""
    return pytestconfig.stash[_BESIDE]
