"""Estimators as LiteRT models, by Keras's exporter."""

import warnings
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from skmnist._utils.backend import load_keras
from skmnist._utils.tensorflow_log import logs_of_tensorflow_held_back
from skmnist.exporting._keras_model import probabilities_of
from skmnist.exporting._labels import exported_labels, has_several_labels


def litert_of(estimator: Any, dtype: str) -> bytes:
    """Return a fitted classifier as a LiteRT model.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    dtype : {"uint8", "int32", "float32"}
        Of the input `X`, of shape (n, n_features).

    Returns
    -------
    content : bytes
        The outputs are `label`, of int64 or strings, and `probabilities`, of float32.

    Raises
    ------
    ValueError
        If the estimator is made of anything but networks, or a layer has no LiteRT form.
    """
    keras = load_keras()
    ops = keras.ops
    rows = keras.Input((estimator.n_features_in_,), dtype=dtype, name="X")
    probabilities = probabilities_of(estimator, ops.cast(rows, "float32"))
    if has_several_labels(estimator):
        label = ops.cast(probabilities > 0.5, "int64")
    else:
        # Keras's argmax distinguishes 0 from -0, by an operator that LiteRT lacks.
        number = ops.top_k(probabilities, 1)[1][:, 0]
        label = _take()(exported_labels(estimator.classes_))(number)
    return _converted(keras.Model(rows, {"label": label, "probabilities": probabilities}))


def _converted(network: Any) -> bytes:
    import tensorflow as tf

    network(network.inputs[0])  # Keras exports only models that were called
    without_others = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    with TemporaryDirectory() as folder, logs_of_tensorflow_held_back(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow, about its own names
        path = Path(folder) / "network.tflite"
        try:
            network.export(path, format="litert", verbose=False, target_spec=without_others)
        except Exception as error:
            raise ValueError(f"LiteRT lacks an operator of it: {error}") from error
        return path.read_bytes()


@cache
def _take() -> Any:
    keras = load_keras()

    class Take(keras.layers.Layer):  # type: ignore[name-defined]
        """Takes labels by their numbers; Keras's own `take` knows no strings."""

        def __init__(self, labels: Any) -> None:
            super().__init__(name="label")
            self._labels = labels

        def call(self, numbers: Any) -> Any:
            import tensorflow as tf

            return tf.gather(tf.constant(self._labels), numbers)

        def compute_output_spec(self, numbers: Any) -> Any:
            dtype = "string" if self._labels.dtype == np.dtype(object) else "int64"
            return keras.KerasTensor(numbers.shape, dtype)

    return Take
