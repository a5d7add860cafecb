"""Estimators within estimators: what skl2onnx takes instead of each, or why there is no graph."""

from typing import Any

from sklearn.pipeline import Pipeline


def convertible(estimator: Any, place: str = "the estimator") -> Any:
    """Return what skl2onnx converts instead of a fitted estimator, with the same predictions.

    Raises
    ------
    ValueError
        If a part has no graph; the message has its place.
    """
    from skl2onnx._supported_operators import sklearn_operator_name_map

    if isinstance(estimator, Pipeline):
        for name, step in estimator.steps:
            convertible(step, f"step {name!r} of {place}")
    elif type(estimator) not in sklearn_operator_name_map:
        raise ValueError(
            f"{place}, {type(estimator).__name__}, can't become a graph of ONNX: neither skmnist "
            "nor skl2onnx has a converter for it."
        )
    return estimator
