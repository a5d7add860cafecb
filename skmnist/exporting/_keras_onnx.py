"""Keras's exporter to ONNX, without what it prints and leaves behind."""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from skmnist._utils.tensorflow_log import logs_of_tensorflow_held_back
from skmnist.exporting._onnx_rewriting import with_batch_normalization, with_constant_shapes

# The newest that Keras's exporter writes.
OPSET = 18


def onnx_of_keras(network: Any) -> Any:
    """Return a Keras model as an ONNX model.

    Parameters
    ----------
    network : keras.Model
        Functional; on Keras's TensorFlow backend.

    Returns
    -------
    model : onnx.ModelProto
        Of the opset `OPSET`, any number of samples.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.exporting._keras_onnx import onnx_of_keras
    >>> keras = load_keras()
    >>> model = onnx_of_keras(keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "relu")]))
    >>> [node.op_type for node in model.graph.node]
    ['MatMul', 'Relu']
    """
    import onnx

    network(network.inputs[0])  # Keras exports only models that were called
    had_name = "object" in vars(np)
    with TemporaryDirectory() as folder, logs_of_tensorflow_held_back(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Keras and tf2onnx, about NumPy
        path = Path(folder) / "network.onnx"
        network.export(path, format="onnx", verbose=False, opset_version=OPSET)
        model = onnx.load(path)
    if not had_name:  # Keras adds what NumPy 2 has removed; nobody needs it
        vars(np).pop("object", None)
    return with_batch_normalization(with_constant_shapes(model))
