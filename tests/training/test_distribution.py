"""Several devices train together what one device trains alone, as Keras's distribution says."""

import importlib.util
import json

import pytest

from skmnist import DNNClassifier
from skmnist._utils.backend import load_keras

FOUR = "--xla_force_host_platform_device_count=4"
QUIET = ("-W", "error", "-W", "ignore:__array__ implementation:DeprecationWarning")
# The batches of training that a device computes, in rows, and what one and more devices learn.
TRAINED = """
import json, warnings
import numpy as np
from sklearn.datasets import load_digits
from skmnist import Augmentation, CNNClassifier, ConvBlock, DNNClassifier
from skmnist._utils.backend import load_keras
from skmnist.training._backends import jax as backend
keras = load_keras()
import jax
X, y = load_digits(return_X_y=True)
rows = set()
learn = backend.Trainer._learn
def noted(self, values, pixels, truths):
    def note(sharding):
        rows.add((len(pixels), sharding.shard_shape(pixels.shape)[0]))
    if self._devices.n > 1:
        jax.debug.inspect_array_sharding(pixels, callback=note)
    return learn(self, values, pixels, truths)
backend.Trainer._learn = noted
SMALL = {"batch_size": 64, "epochs": 2, "random_state": 0}
network = CNNClassifier(
    conv_blocks=[ConvBlock(2, batch_norm=True)], dropout=0.2, validation_fraction=0.2,
    augmentation=Augmentation(mixup=0.2), batch_size=64, epochs=2, random_state=0)
alone = network.fit(X[:503], y[:503])
curves, outputs = alone.history_, alone.predict_proba(X[:64])
with keras.distribution.DataParallel().scope():
    together = network.fit(X[:503], y[:503])
    far = abs(together.predict_proba(X[:64]) - outputs).max()
curves = {key: [curve, together.history_[key]] for key, curve in curves.items()}
found = {"four": [sorted(rows), curves, float(far)]}
small = DNNClassifier(hidden_units=(), batch_size=64, epochs=1, random_state=0)
outputs = small.fit(X[:128], y[:128]).predict_proba(X[:64])
with keras.distribution.DataParallel(devices=["cpu:0", "cpu:1", "cpu:2"]).scope():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        far = abs(small.fit(X[:128], y[:128]).predict_proba(X[:64]) - outputs).max()
found["three"] = [[str(one.message) for one in caught if one.category is UserWarning], float(far)]
mesh = keras.distribution.DeviceMesh((2, 2), ["batch", "model"])
layout = keras.distribution.LayoutMap(mesh)
try:
    with keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch").scope():
        small.fit(X, y)
except RuntimeError as error:
    found["error"] = str(error)
print(json.dumps(found))
"""
ON_TORCH = """
import keras
from skmnist import DNNClassifier
class Distribution(keras.src.distribution.Distribution):
    pass
keras.distribution.set_distribution(Distribution(None))
try:
    DNNClassifier().fit([[0, 1], [1, 0]], [0, 1])
except RuntimeError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def trained(beside):
    done = beside(*QUIET, "-c", TRAINED, KERAS_BACKEND="jax", XLA_FLAGS=FOUR)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


on_four_devices = pytest.mark.beside(*QUIET, "-c", TRAINED, KERAS_BACKEND="jax", XLA_FLAGS=FOUR)
needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="jax is not installed"
)


@needs_jax
@on_four_devices
def test_four_devices_train_together_what_one_trains_alone(trained):
    rows, curves, far = trained["four"]
    for key, (alone, together) in curves.items():
        assert together == pytest.approx(alone, rel=1e-5), key
    assert far < 1e-5
    # A quarter of each batch, but all of a last batch that can't be divided.
    assert rows == [[18, 18], [64, 16]]


@needs_jax
@on_four_devices
def test_batches_that_can_not_be_divided_are_warned_of(trained):
    (message,), far = trained["three"]
    assert "batch_size=64 can't be divided by 3 devices" in message
    assert "Set batch_size to a multiple of 3" in message
    assert far < 1e-5


@needs_jax
@on_four_devices
def test_another_distribution_is_refused(trained):
    assert "A keras.distribution.ModelParallel for 1 process is set" in trained["error"]


def test_a_distribution_without_effect_is_refused_on_tensorflow(monkeypatch, digits):
    keras = load_keras()
    monkeypatch.setattr(keras.distribution, "distribution", lambda: object())
    with pytest.raises(RuntimeError, match=r"has no effect on tensorflow.*KERAS_BACKEND=jax"):
        DNNClassifier(epochs=1).fit(digits[0], digits[2])


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.beside("-c", ON_TORCH, KERAS_BACKEND="torch")
def test_a_distribution_without_effect_is_refused_on_torch(beside):
    done = beside("-c", ON_TORCH, KERAS_BACKEND="torch")
    assert done.returncode == 0, done.stderr
    assert "has no effect on torch" in done.stdout
