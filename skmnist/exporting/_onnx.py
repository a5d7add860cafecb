"""Estimators as ONNX models."""

import warnings
from typing import Any

import numpy as np

from skmnist.exporting._converters import register
from skmnist.exporting._converters._composition import convertible
from skmnist.exporting._input import n_features_of
from skmnist.exporting._keras_onnx import OPSET

_OPSETS = {"": OPSET, "ai.onnx.ml": 3}


def onnx_of(estimator: Any, dtype: str) -> tuple[bytes, int]:
    """Return a fitted classifier as an ONNX model.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    dtype : {"uint8", "int32", "float32"}
        Of the input `X`, of shape (n, n_features).

    Returns
    -------
    content : bytes
        The outputs are `label`, of int64 or strings, and `probabilities`, of float32, if the
        classifier has them.
    opset : int
        The version of ONNX's operators, `OPSET` at most.

    Raises
    ------
    ImportError
        If onnx, skl2onnx or tf2onnx is not installed.
    ValueError
        If a part of the estimator has no graph.
    """
    import onnx

    model = _converted(estimator)
    _take(model, dtype)
    if not hasattr(estimator, "predict_proba"):
        del model.graph.output[1:]
    onnx.checker.check_model(model, full_check=True)
    opset = next(each.version for each in model.opset_import if not each.domain)
    return model.SerializeToString(), opset


def _converted(estimator: Any) -> Any:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    register()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it reads deprecated attributes
            return convert_sklearn(
                convertible(estimator),
                name=type(estimator).__name__,
                initial_types=[("rows", FloatTensorType([None, n_features_of(estimator)]))],
                final_types=[("label", None), ("probabilities", None)],
                target_opset=_OPSETS,
                options={"zipmap": False},
            )
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # of skl2onnx and Keras's exporter, which have no class of errors
        raise ValueError(f"skl2onnx can't convert it: {error}") from error


def _take(model: Any, dtype: str) -> None:
    """Name the input X, and give it a dtype."""
    from onnx.helper import make_node, np_dtype_to_tensor_dtype

    given = model.graph.input[0]
    float32 = given.type.tensor_type.elem_type
    given.name = "X"
    given.type.tensor_type.elem_type = np_dtype_to_tensor_dtype(np.dtype(dtype))
    model.graph.node.insert(0, make_node("Cast", ["X"], ["rows"], to=float32))
