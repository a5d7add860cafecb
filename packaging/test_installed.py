"""What a user gets: run in a folder other than the checkout, on an installed wheel.

cd /elsewhere && python -m pytest /checkout/packaging/test_installed.py
"""

import os
import shutil
import subprocess
import sysconfig
from importlib.metadata import distributions, entry_points
from pathlib import Path

import pytest
from sklearn.datasets import load_digits

import skmnist

# Keras 3.15's variables don't know NumPy's newest way to ask for an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ROOT = Path(__file__).parents[1]
INSTALLED = Path(skmnist.__file__).parent


def files(folder):
    """Return the files of a package as paths from its folder."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found if path.suffix != ".pyc"}


def keras_backend():
    """Return Keras's backend; Keras is imported after the package's own import of it."""
    import keras

    return keras.backend.backend()


@pytest.fixture(scope="module")
def distribution():
    """The one distribution of the package."""
    (found,) = (one for one in distributions() if one.name in {"skmnist", "skmnist-core"})
    return found


def test_the_package_is_the_installed_one_and_whole():
    assert not INSTALLED.is_relative_to(ROOT)
    assert files(INSTALLED) == files(ROOT / "skmnist")
    assert "py.typed" in files(INSTALLED)


def test_the_version_is_that_of_the_distribution(distribution):
    assert distribution.version == skmnist.__version__


def test_only_skmnist_requires_tensorflow(distribution):
    required = [one for one in distribution.requires if one.startswith("tensorflow")]
    assert len(required) == 1
    assert ("extra ==" in required[0]) == (distribution.name == "skmnist-core")


def test_every_public_name_is_there():
    for name in skmnist.__all__:
        assert getattr(skmnist, name) is not None


def test_the_command_runs():
    (command,) = entry_points(group="console_scripts", name="skmnist")
    assert callable(command.load())
    path = shutil.which("skmnist", path=sysconfig.get_path("scripts"))
    ended = subprocess.run([path, "recipes"], capture_output=True, text=True, timeout=300)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "cnn-fast" in ended.stdout


@pytest.mark.parametrize(
    "classifier",
    [
        skmnist.DNNClassifier(epochs=5, random_state=0),
        skmnist.CNNClassifier(conv_blocks=[16], epochs=5, random_state=0),
    ],
)
def test_a_network_trains_and_comes_back_from_its_file(classifier, tmp_path):
    X, y = load_digits(return_X_y=True)
    classifier.fit(X[:1000], y[:1000])
    assert classifier.score(X[1000:], y[1000:]) > 0.85
    skmnist.save(classifier, tmp_path / "digits.safetensors")
    loaded = skmnist.load(tmp_path / "digits.safetensors")
    assert (loaded.predict_proba(X) == classifier.predict_proba(X)).all()


def test_keras_runs_on_the_backend_that_is_set():
    assert keras_backend() == (os.environ.get("KERAS_BACKEND") or "tensorflow")
