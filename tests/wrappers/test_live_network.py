"""`network_`: the user's own network, evaluated, used and exported as a live Keras model."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

from skmnist import KerasClassifier, KerasRegressor
from skmnist._utils.backend import backend_name, load_keras

keras = load_keras()

# Keras 3.15's variables don't know NumPy's newest way to ask for an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def few(digits):
    X, _, y, _ = digits
    return (X[:200] / 16).astype("float32"), y[:200]


def compiled(network):
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


def sequential(n_classes):
    return compiled(
        keras.Sequential(
            [
                keras.Input((64,)),
                keras.layers.Dense(8, activation="relu", name="hidden"),
                keras.layers.BatchNormalization(),
                keras.layers.Dense(n_classes, activation="softmax"),
            ]
        )
    )


def functional(n_classes):
    pixels = keras.Input((64,), name="pixels")
    image = keras.layers.Reshape((8, 8, 1))(pixels)
    maps = keras.layers.Conv2D(2, 3, activation="relu")(image)
    outputs = keras.layers.Dense(n_classes, activation="softmax")(keras.layers.Flatten()(maps))
    return compiled(keras.Model(pixels, outputs))


@keras.saving.register_keras_serializable("tests")
class Subclassed(keras.Model):
    def __init__(self, n_classes, **settings):
        super().__init__(**settings)
        self.n_classes = n_classes
        self.hidden = keras.layers.Dense(8, activation="relu", name="hidden")
        self.last = keras.layers.Dense(n_classes, activation="softmax")

    def call(self, pixels):
        return self.last(self.hidden(pixels))

    def get_config(self):
        return {**super().get_config(), "n_classes": self.n_classes}


def subclassed(n_classes):
    return compiled(Subclassed(n_classes))


BUILDERS = [sequential, functional, subclassed]


@pytest.fixture(scope="module", params=BUILDERS, ids=lambda builder: builder.__name__)
def fitted(request, few):
    return KerasClassifier(request.param, epochs=2, learning_rate=0.01, random_state=0).fit(*few)


def test_it_predicts_what_the_estimator_predicts(fitted, few):
    X, _ = few
    outputs = fitted.network_.predict(X, verbose=0)
    np.testing.assert_allclose(outputs, fitted.predict_proba(X), atol=1e-6)
    called = keras.ops.convert_to_numpy(fitted.network_(X, training=False))
    np.testing.assert_allclose(called, outputs, atol=1e-6)


def test_it_is_evaluated_as_the_function_compiled_it(fitted, few):
    X, y = few
    loss, accuracy = fitted.network_.evaluate(X, y, verbose=0)
    assert accuracy == pytest.approx(fitted.score(X, y))
    probabilities = fitted.predict_proba(X)
    assert loss == pytest.approx(-np.log(probabilities[np.arange(200), y]).mean(), rel=1e-4)


def test_a_keras_file_has_the_network_and_how_it_is_compiled(fitted, few, tmp_path):
    X, y = few
    fitted.network_.save(tmp_path / "mine.keras")
    loaded = keras.models.load_model(tmp_path / "mine.keras")
    np.testing.assert_allclose(loaded.predict(X, verbose=0), fitted.predict_proba(X), atol=1e-6)
    assert loaded.evaluate(X, y, verbose=0)[1] == pytest.approx(fitted.score(X, y))


def test_a_saved_model_computes_the_same(fitted, few, tmp_path):
    tensorflow = pytest.importorskip("tensorflow")
    if backend_name() != "tensorflow":
        pytest.skip("Keras exports it on TensorFlow only, without further packages")
    fitted.network_.export(tmp_path / "mine", verbose=False)
    loaded = tensorflow.saved_model.load(str(tmp_path / "mine"))
    np.testing.assert_allclose(loaded.serve(few[0]), fitted.predict_proba(few[0]), atol=1e-6)


def test_an_onnx_file_computes_the_same(fitted, few, tmp_path, monkeypatch):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx" if backend_name() != "torch" else "onnxscript")
    monkeypatch.setitem(vars(np), "object", object)  # which Keras adds, and NumPy 2 has removed
    path = tmp_path / "mine.onnx"
    fitted.network_.export(path, format="onnx", verbose=False)
    session = runtime.InferenceSession(path)
    (outputs,) = session.run(None, {session.get_inputs()[0].name: few[0]})
    np.testing.assert_allclose(outputs, fitted.predict_proba(few[0]), atol=1e-5)


def test_training_it_further_leaves_the_estimator_alone(few):
    X, y = few
    fitted = KerasClassifier(sequential, epochs=1, random_state=0).fit(X, y)
    before = fitted.predict_proba(X)
    fitted.network_.fit(X, y, epochs=1, verbose=0)
    np.testing.assert_array_equal(fitted.predict_proba(X), before)
    assert not np.allclose(fitted.network_.predict(X, verbose=0), before)


def test_its_layers_are_the_users(few):
    fitted = KerasClassifier(sequential, epochs=1, random_state=0).fit(*few)
    assert fitted.network_.get_layer("hidden").units == 8
    inner = keras.Model(fitted.network_.inputs, fitted.network_.get_layer("hidden").output)
    assert inner.predict(few[0], verbose=0).shape == (200, 8)
    assert "hidden" in fitted.summary()


def test_a_regressors_network_is_evaluated_and_loaded(tmp_path):
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)

    def build():
        network = keras.Sequential([keras.Input((10,)), keras.layers.Dense(1)])
        network.compile("sgd", "mse")
        return network

    fitted = KerasRegressor(build, epochs=2, random_state=0).fit(X, y)
    assert fitted.network_.evaluate(X, y, verbose=0) == pytest.approx(
        np.mean((fitted.predict(X) - y) ** 2), rel=1e-4
    )
    fitted.network_.save(tmp_path / "mine.keras")
    loaded = keras.models.load_model(tmp_path / "mine.keras")
    np.testing.assert_allclose(loaded.predict(X, verbose=0)[:, 0], fitted.predict(X), atol=1e-5)


def test_a_network_of_several_inputs_is_saved_with_them(few, tmp_path):
    X, y = few
    halves = {"top": X[:, :32], "bottom": X[:, 32:]}

    def build(n_classes):
        inputs = {name: keras.Input((32,), name=name) for name in halves}
        joined = keras.layers.Concatenate()(list(inputs.values()))
        return keras.Model(inputs, keras.layers.Dense(n_classes, activation="softmax")(joined))

    fitted = KerasClassifier(build, epochs=1, random_state=0).fit(halves, y)
    fitted.network_.save(tmp_path / "mine.keras")
    loaded = keras.models.load_model(tmp_path / "mine.keras")
    outputs = loaded.predict(halves, verbose=0)
    np.testing.assert_allclose(outputs, fitted.predict_proba(halves), atol=1e-6)
