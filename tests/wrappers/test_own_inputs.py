"""The inputs and the state of networks of the user's own: right, or refused with a clear error."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError

from skmnist import KerasClassifier, KerasRegressor, clear_caches
from skmnist._utils.backend import backend_name, load_keras

keras = load_keras()
layers = keras.layers
X, y = load_digits(return_X_y=True)
X, y = X[:200] / 16, y[:200]
pytestmark = pytest.mark.filterwarnings("ignore:Training ended at guessing")


def network(*stack, shape=(64,), n_outputs=10):
    end = layers.Dense(n_outputs, activation="softmax")
    return keras.Sequential([keras.Input(shape), *stack, end])


def quick(model, **settings):
    return KerasClassifier(model, **{"epochs": 2, "random_state": 0, **settings})


def assert_as_its_network(classifier, X):
    expected = classifier.network_.predict(X, verbose=0)
    np.testing.assert_allclose(classifier.predict_proba(X), expected, atol=1e-5)


# -- layers with a state beside their weights -------------------------------------------------


def adapted():
    norm = layers.Normalization()
    norm.adapt(3 * X + 1)
    return network(norm)


@pytest.mark.parametrize(
    "model",
    [adapted, lambda: network(layers.Normalization(mean=0.3, variance=4.0))],
    ids=["adapted", "given"],
)
def test_a_network_with_a_normalization_predicts_what_it_does(model):
    assert_as_its_network(quick(model).fit(X, y), X)


def test_a_template_with_an_adapted_layer_is_copied_whole():
    template = adapted()
    kept = quick(template, learning_rate=1e-12, epochs=1).fit(X, y)
    np.testing.assert_allclose(kept.predict_proba(X), template.predict(X, verbose=0), atol=1e-4)


class Shifted(layers.Layer):
    shift = 0.0

    def call(self, inputs):
        return inputs + self.shift


def test_a_template_that_cannot_be_copied_is_refused():
    layer = Shifted()
    layer.shift = 5.0
    with pytest.raises(ValueError, match=r"has a state beside its weights.*give a function"):
        quick(network(layer)).fit(X, y)


# -- shapes -----------------------------------------------------------------------------------


def test_the_sides_of_an_input_may_be_open():
    words = (X * 10).astype(int)
    tokens = quick(lambda: network(layers.Embedding(16, 4), layers.LSTM(4), shape=(None,)))
    assert_as_its_network(tokens.fit(words, y), words)
    series = X.reshape(-1, 32, 2)
    recurrent = quick(lambda: network(layers.LSTM(4), shape=(None, 2)))
    assert_as_its_network(recurrent.fit(series, y), series)
    images = X.reshape(-1, 8, 8)
    pooled = quick(
        lambda: network(layers.Conv2D(2, 3), layers.GlobalMaxPool2D(), shape=(None, None, 1))
    )
    assert_as_its_network(pooled.fit(images, y), images)


def test_samples_of_another_shape_are_not_scrambled():
    turned = X[:, :48].reshape(-1, 8, 6)
    with pytest.raises(
        ValueError, match=r"has the shape \(6, 8\), and the samples of X have \(8, 6\)"
    ):
        quick(lambda: network(layers.LSTM(2), shape=(6, 8))).fit(turned, y)


def test_images_may_be_flat_or_have_a_channel():
    images = X.reshape(-1, 8, 8)
    for shape in ((64,), (8, 8), (8, 8, 1)):
        model = quick(lambda shape=shape: network(layers.Flatten(), shape=shape)).fit(images, y)
        rows = quick(lambda shape=shape: network(layers.Flatten(), shape=shape)).fit(X, y)
        np.testing.assert_array_equal(model.predict_proba(images), rows.predict_proba(X))


# -- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("convert", [np.asarray, pd.DataFrame, lambda ids: {"ids": ids}])
def test_integers_that_float32_rounds_are_refused(convert):
    ids = np.arange(2**25, 2**25 + 40)[:, None]
    model = KerasRegressor(
        lambda: keras.Sequential(
            [
                keras.Input((1,), dtype="int64", name="ids"),
                layers.CategoryEncoding(4),
                layers.Dense(1),
            ]
        )
    )
    with pytest.raises(ValueError, match="whole numbers up to 33554471, and float32 is exact only"):
        model.fit(convert(ids), np.arange(40.0))


@pytest.mark.filterwarnings("ignore::skmnist.PixelRangeWarning")
@pytest.mark.skipif(backend_name() == "jax", reason="JAX takes the nearest index")
def test_an_index_beyond_an_embedding_is_named():
    words = (X * 10).astype(int)
    model = quick(lambda: network(layers.Embedding(5, 4), layers.Flatten()))
    with pytest.raises(ValueError, match="the network can't be trained on X"):
        model.fit(words, y)
    fitted = quick(lambda: network(layers.Embedding(11, 4), layers.Flatten())).fit(words, y)
    with pytest.raises(ValueError, match="the network can't be computed for X"):
        fitted.predict(words + 20)


# -- outputs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_the_logits_of_a_subclass_with_an_embedding_are_recognised(seed):
    class Words(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding = layers.Embedding(11, 4)
            self.out = layers.Dense(10)

        def call(self, inputs):
            return self.out(keras.ops.mean(self.embedding(inputs), axis=1))

    words = (X * 10).astype(int)
    fitted = quick(Words, random_state=seed).fit(words, y)
    logits = fitted.network_.predict(words, verbose=0)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.predict_proba(words), expected, atol=1e-5)


def test_logits_of_outputs_that_are_probabilities_are_refused():
    def linear(values):
        return keras.ops.softmax(values)

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def build(end):
        return keras.Sequential([keras.Input((64,)), *end()])

    for end in (
        lambda: [layers.Dense(10, activation=linear)],
        lambda: [layers.Dense(10, activation="softmax"), layers.Reshape((10,))],
    ):
        with pytest.raises(ValueError, match="takes logits, and the network's outputs are prob"):
            quick(build, end=end, loss=loss).fit(X, y)


# -- the live network -------------------------------------------------------------------------

ACTIVATION = "relu"


def depends_on_a_global():
    return network(layers.Dense(8, activation=ACTIVATION))


def test_a_live_network_that_is_not_the_fitted_one_is_refused(monkeypatch):
    fitted = quick(depends_on_a_global).fit(X, y)
    monkeypatch.setattr(f"{__name__}.ACTIVATION", "tanh")
    with pytest.raises(ValueError, match="makes another network now"):
        _ = fitted.network_


def test_a_change_that_comes_before_the_first_prediction_is_refused(monkeypatch):
    fitted = quick(depends_on_a_global).fit(X, y)
    clear_caches()
    monkeypatch.setattr(f"{__name__}.ACTIVATION", "tanh")
    with pytest.raises(ValueError, match="makes another network now"):
        fitted.predict(X)


class Projection(layers.Layer):
    """A projection by numbers that are drawn when the layer is made, and are no weights."""

    def __init__(self):
        super().__init__()
        self.matrix = np.random.normal(size=(64, 8)).astype(np.float32)  # noqa: NPY002

    def call(self, inputs):
        return keras.ops.matmul(inputs, self.matrix)


def test_what_a_layer_draws_when_it_is_made_stays_the_same():
    fitted = quick(lambda: network(Projection()), epochs=20, learning_rate=0.01).fit(X, y)
    assert fitted.score(X, y) > 0.5
    assert fitted.score(X, y) == pytest.approx(fitted.history_["accuracy"][-1], abs=0.1)
    assert_as_its_network(fitted, X)


def test_a_variable_that_is_made_with_each_network_is_no_change():
    def scaled():
        factor = keras.Variable(2.0, trainable=False)
        return network(layers.Lambda(lambda values: values * factor))

    assert_as_its_network(quick(scaled).fit(X, y), X)


def test_a_function_that_makes_other_units_each_time_is_refused():
    units = itertools.count(3)
    with pytest.raises(ValueError, match="makes another network now"):
        quick(lambda: network(layers.Dense(next(units)))).fit(X, y)


def test_before_the_fit_there_is_no_network():
    with pytest.raises(NotFittedError):
        _ = quick(adapted).network_
