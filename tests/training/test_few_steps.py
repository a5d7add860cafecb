"""After few steps, a network predicts as well as it trains: moving averages have no start in them.

Keras begins batch normalisation's mean and variance at 0 and 1, and lets them follow slowly.
"""

from contextlib import nullcontext

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from skmnist import (
    CapsNetClassifier,
    CNNClassifier,
    DNNClassifier,
    LeNetClassifier,
    PretrainedClassifier,
    ResNetClassifier,
    SequenceCNNClassifier,
    SequenceDNNClassifier,
)
from skmnist._inputs.images import as_images
from skmnist._utils.backend import load_keras
from skmnist.networks import Architecture, ConvBlock, convolutional_network
from skmnist.persistence import load, save
from skmnist.recipes import recipe
from skmnist.training import Constant
from skmnist.training import _loop as loop
from skmnist.training._averages import corrected_averages
from skmnist.training._contract import Data, Plan, TrainingSpec
from skmnist.training._loop import train
from skmnist.training._losses import find_loss
from skmnist.training._optimizers import find_optimizer
from skmnist.training._pool import Pool

SMALL = CNNClassifier(
    conv_blocks=[ConvBlock(8, padding="same", pool="max", batch_norm=True)],
    hidden_units=(32,),
    augmentation=None,
    batch_size=32,
    epochs=2,
    dtype="float32",
    random_state=0,
)


@pytest.fixture(scope="module")
def tiny():
    """Sixty digits of 4 x 4 pixels."""
    X, y = load_digits(return_X_y=True)
    return X[:60].reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)), y[:60]


@pytest.fixture(scope="module")
def separable():
    """200 digits of three classes that a straight line tells apart."""
    X, y = load_digits(return_X_y=True)
    rows = np.flatnonzero(np.isin(y, [0, 1, 4]))[:200]
    return X[rows], y[rows]


@pytest.fixture(scope="module")
def patterns():
    """200 noisy images of four patterns on a grey that they share, 8 x 8 pixels."""
    rng, y = np.random.default_rng(0), np.arange(200) % 4
    return 3 * rng.normal(size=(4, 64))[y] + rng.normal(size=(200, 64)), y


def small(**changes):
    return clone(SMALL).set_params(**changes)


# -- what a user sees ------------------------------------------------------------------------


def test_one_epoch_of_cnn_fast_predicts_its_own_training_rows(digits):
    X, _, y, _ = digits
    classifier = clone(recipe("cnn-fast")).set_params(random_state=0).fit(X[:1297], y[:1297])
    assert classifier.score(X[:1297], y[:1297]) > 0.95


def test_eight_epochs_on_sixty_tiny_images_predict_them(tiny):
    classifier = CNNClassifier(epochs=8, random_state=0).fit(*tiny)
    assert classifier.score(*tiny) > 0.95


@pytest.mark.parametrize("ema_momentum", [0.9, 0.999])
def test_averaged_weights_predict_as_well_as_they_trained_after_few_steps(digits, ema_momentum):
    X, _, y, _ = digits
    classifier = small(epochs=3, learning_rate=0.01)
    classifier.set_params(optimizer__ema_momentum=ema_momentum).fit(X, y)
    assert classifier.score(X, y) > classifier.history_["accuracy"][-1] - 0.03 > 0.8


def test_the_first_epochs_are_judged_as_well_as_they_trained(digits):
    X, X_val, y, y_val = digits
    history = small(epochs=3).fit(X, y, X_val=X_val, y_val=y_val).history_
    trained, judged = np.array(history["accuracy"]), np.array(history["val_accuracy"])
    # An epoch's accuracy is the mean over its steps, so it lags behind.
    assert (judged > trained - 0.05).all()


def test_partial_fit_in_small_chunks_predicts_after_the_first_ones(digits):
    X, _, y, _ = digits
    classifier, scores = small(), []
    for start in range(0, 640, 64):
        rows = slice(start, start + 64)
        classifier.partial_fit(X[rows], y[rows], classes=np.arange(10) if start == 0 else None)
        scores.append(classifier.score(X[:640], y[:640]))
    assert scores[4] > 0.7
    assert scores[-1] > 0.9


def test_a_loaded_classifier_that_learns_from_a_few_more_rows_keeps_its_averages(digits, tmp_path):
    # Its optimizer is a new one and counts from 0.
    X, _, y, _ = digits
    save(small(epochs=6).fit(X, y), tmp_path / "cnn.safetensors")
    loaded = load(tmp_path / "cnn.safetensors")
    before = loaded.score(X, y)
    loaded.set_params(learning_rate=1e-6).partial_fit(X[:2], y[:2])
    assert loaded.score(X, y) > before - 0.01 > 0.9


CHEAP = {"hidden_units": (32,), "weights": None, "last_layer": "conv1_relu"}
DEFAULTS = [
    CNNClassifier(),
    DNNClassifier(),
    LeNetClassifier(),
    ResNetClassifier(),
    CapsNetClassifier(),
    PretrainedClassifier("MobileNet", backbone_settings={"alpha": 0.25}, **CHEAP),
]


@pytest.mark.parametrize("images", ["separable", "patterns"])
@pytest.mark.parametrize("classifier", DEFAULTS, ids=str)
def test_no_default_is_at_chance_on_200_separable_images(classifier, images, request):
    X, y = request.getfixturevalue(images)
    assert clone(classifier).set_params(random_state=0).fit(X, y).score(X, y) > 0.9


def test_the_default_capsules_learn_twenty_images_of_each_digit():
    X, y = load_digits(return_X_y=True)
    classifier = CapsNetClassifier(random_state=0).fit(X[:200], y[:200])
    assert classifier.score(X[:200], y[:200]) > 0.9


@pytest.mark.parametrize("classifier", [SequenceCNNClassifier(), SequenceDNNClassifier()], ids=str)
def test_no_default_is_at_chance_on_200_separable_sequences(classifier):
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    X = rng.integers(2, 50, (200, 30)) + 50 * y[:, None]  # no word is in both classes
    classifier = clone(classifier).set_params(random_state=0).fit(X, y)
    assert classifier.score(X, y) > 0.9


# -- the averages themselves -----------------------------------------------------------------


def outcome(data, epochs, optimizer=None, momentum=0.9):
    architecture = Architecture.of(
        convolutional_network,
        input_shape=(8, 8, 1),
        n_outputs=10,
        conv_blocks=[ConvBlock(4, batch_norm=True, batch_norm_momentum=momentum)],
        dtype="float32",
    )
    optimizer = optimizer or find_optimizer("adam", 0.003)
    task = TrainingSpec(architecture, optimizer, find_loss("cross_entropy"), None)
    trained = train(task, Plan(epochs, 32, 0.003, Constant(), seed=5), data)
    trainable = {v.path for v in architecture.build(0).trainable_variables}
    named = dict(
        zip([v.path for v in architecture.build(0).variables], trained.state.network, strict=True)
    )
    weights = {name: value for name, value in named.items() if name in trainable}
    moving = {name: value for name, value in named.items() if "moving" in name}
    return weights, moving, trained


@pytest.fixture(scope="module")
def data(digits):
    X, _, y, _ = digits
    rows = np.arange(200, dtype=np.int32)
    images = as_images(X[:200], (8, 8, 1))
    return Data(images, y[:200].astype(np.int32), np.ones(200), rows, rows[:0], 16.0)


@pytest.fixture
def with_keras_averages(monkeypatch):
    """Train with the momentum as it is."""

    def train_so(*arguments):
        with monkeypatch.context() as patched:
            patched.setattr(loop, "_pool", Pool(maxsize=1))
            patched.setattr(
                "skmnist.training._backends.tensorflow.corrected_averages", lambda *_: nullcontext()
            )
            return outcome(*arguments)

    return train_so


def test_the_weights_are_bit_for_bit_those_without_the_correction(data, with_keras_averages):
    mine, _, _ = outcome(data, 3)
    theirs, _, _ = with_keras_averages(data, 3)
    assert len(mine) > 4
    for name, weight in mine.items():
        np.testing.assert_array_equal(weight, theirs[name], err_msg=name)


def test_after_many_steps_the_averages_are_those_of_keras(data, with_keras_averages):
    _, mine, _ = outcome(data, 45)
    _, theirs, _ = with_keras_averages(data, 45)
    assert len(mine) == 2
    for name, average in mine.items():
        np.testing.assert_allclose(average, theirs[name], rtol=1e-6, atol=1e-6, err_msg=name)


def test_weights_that_are_overwritten_by_their_average_are_trained_as_keras_does(
    data, with_keras_averages
):
    keras = load_keras()
    settings = {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 5}
    optimizer = find_optimizer(keras.optimizers.Adam(0.003, **settings), None)
    mine, _, _ = outcome(data, 2, optimizer)
    theirs, _, _ = with_keras_averages(data, 2, optimizer)
    for name, weight in mine.items():
        np.testing.assert_array_equal(weight, theirs[name], err_msg=name)


def test_the_first_step_takes_the_batch_whole_and_the_last_the_momentum_of_the_layer():
    keras = load_keras()
    inner = keras.Sequential([keras.Input((1,)), keras.layers.BatchNormalization(momentum=0.8)])
    network = keras.Sequential([keras.Input((1,)), inner])
    (norm,) = inner.layers
    batch = keras.ops.convert_to_tensor([[4.0], [8.0]])

    def mean_after(steps, earlier=0.0):
        norm.moving_mean.assign([1.0])
        with corrected_averages(network, keras.optimizers.SGD(), steps, earlier):
            network(batch, training=True)
        return float(norm.moving_mean.numpy()[0])

    assert mean_after(0) == 6.0
    assert mean_after(1) == pytest.approx(0.1 * 1 + 0.9 * 6)
    assert mean_after(1000) == pytest.approx(0.8 * 1 + 0.2 * 6)
    assert mean_after(0, earlier=np.inf) == pytest.approx(0.8 * 1 + 0.2 * 6)
    assert norm.momentum == norm.get_config()["momentum"] == 0.8


def test_a_frozen_layer_keeps_its_averages(separable):
    settings = {**CHEAP, "fine_tune_epochs": 1, "epochs": 1, "augmentation": "shift"}
    classifier = PretrainedClassifier(
        "MobileNet", backbone_settings={"alpha": 0.25}, random_state=0, **settings
    ).fit(*separable)
    means = [v for v in classifier.network_.non_trainable_variables if "moving_mean" in v.path]
    assert means
    assert all((np.asarray(mean) == 0).all() for mean in means)


def test_the_fitted_network_has_the_momentum_of_its_block(digits):
    X, _, y, _ = digits
    block = ConvBlock(4, batch_norm=True, batch_norm_momentum=0.7)
    network = small(conv_blocks=[block], epochs=1).fit(X[:64], y[:64]).network_
    keras = load_keras()
    norms = [a for a in network.layers if isinstance(a, keras.layers.BatchNormalization)]
    assert next(norm.momentum for norm in norms) == 0.7
