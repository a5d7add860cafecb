"""A stream is learned call by call, at a rate that depends on the steps so far."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import clone

from skmnist import DNNClassifier, DNNRegressor, InverseScaling, load, save
from skmnist._utils.backend import load_keras
from skmnist.training import OneCycle

CLASSES = range(10)
SETTINGS = {"hidden_units": (16,), "batch_size": 32, "learning_rate": 0.02, "random_state": 0}
SCHEDULE = InverseScaling(warmup_steps=10)


def stream(X, y):
    """Calls of different sizes, as samples arrive."""
    ends = np.cumsum([0, 100, 33, 250, 1, 64])
    return [(X[start:end], y[start:end]) for start, end in pairwise(ends)]


def rates(steps, power=0.5):
    return 0.02 * np.minimum(steps / 10, (10 / steps) ** power)


@pytest.fixture(scope="module")
def calls(digits):
    return stream(digits[0], digits[2])


def test_the_rate_goes_on_with_the_steps_of_all_calls(calls):
    network = DNNClassifier(**SETTINGS, schedule=SCHEDULE)
    for X, y in calls:
        network.partial_fit(X, y, classes=CLASSES)
    steps = np.cumsum([4, 2, 8, 1, 2])  # at the end of each call
    assert network.history_["learning_rate"] == pytest.approx(rates(steps))


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_file_in_mid_stream_goes_on_to_the_same_bits(optimizer, calls, tmp_path):
    network = DNNClassifier(**SETTINGS, schedule=SCHEDULE, optimizer=optimizer)
    for X, y in calls[:2]:
        network.partial_fit(X, y, classes=CLASSES)
    save(network, tmp_path / "stream.safetensors", include_optimizer=True)
    again = load(tmp_path / "stream.safetensors")
    assert again.schedule == SCHEDULE
    for X, y in calls[2:]:
        network.partial_fit(X, y)
        again.partial_fit(X, y)
    assert again.history_ == network.history_
    X = calls[2][0]
    assert np.array_equal(again.predict_proba(X), network.predict_proba(X))


def test_without_its_optimizer_a_file_begins_the_schedule_anew(calls, tmp_path):
    network = DNNClassifier(**SETTINGS, schedule=SCHEDULE).partial_fit(*calls[0], classes=CLASSES)
    save(network, tmp_path / "stream.safetensors")
    again = load(tmp_path / "stream.safetensors").partial_fit(*calls[0])
    assert again.history_["learning_rate"] == pytest.approx([0.008, 0.008])


def test_calls_on_the_same_data_are_the_epochs_of_a_fit(digits):
    X, y = digits[0], digits[2]
    network = DNNRegressor(**SETTINGS, schedule=SCHEDULE, epochs=3)
    fitted = clone(network).fit(X[:200], y[:200])
    for _ in range(3):
        network.partial_fit(X[:200], y[:200])
    assert network.history_ == fitted.history_
    assert np.array_equal(network.predict(X), fitted.predict(X))


@pytest.mark.parametrize("schedule", ["one_cycle", "plateau", OneCycle(0.5)])
def test_a_schedule_that_needs_the_streams_length_is_a_constant_rate(schedule, calls):
    network, constant = (DNNClassifier(**SETTINGS, schedule=one) for one in (schedule, "constant"))
    for X, y in calls[:2]:
        network.partial_fit(X, y, classes=CLASSES)
        constant.partial_fit(X, y, classes=CLASSES)
    assert network.history_["learning_rate"] == pytest.approx([0.02, 0.02])
    assert network.history_ == constant.history_


def test_a_schedule_of_the_keras_optimizer_goes_on_too(calls):
    keras = load_keras()
    decay = keras.optimizers.schedules.InverseTimeDecay(0.02, decay_steps=4, decay_rate=0.5)
    settings = {name: value for name, value in SETTINGS.items() if name != "learning_rate"}
    network = DNNClassifier(**settings, optimizer=keras.optimizers.SGD(decay))
    for X, y in calls[:3]:
        network.partial_fit(X, y, classes=CLASSES)
    steps = np.cumsum([0, 4, 2])  # at the beginning of each call
    assert network.history_["learning_rate"] == pytest.approx(0.02 / (1 + 0.5 * steps / 4))
