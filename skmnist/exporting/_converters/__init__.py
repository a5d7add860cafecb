"""Graphs in ONNX of what has none in skl2onnx, which composes all of them.

Inside the graph, `X` is float32 rows of shape (n, n_features), with values as the user holds them.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.svm import LinearSVC

from skmnist.classifiers import (
    CapsNetClassifier,
    CNNClassifier,
    DNNClassifier,
    LeNetClassifier,
    PretrainedClassifier,
    ResNetClassifier,
)
from skmnist.exporting._converters import (
    _descriptors,
    _ensembles,
    _images,
    _network,
    _scikit_learn,
)
from skmnist.text import SequenceCNNClassifier, SequenceDNNClassifier
from skmnist.wrappers import KerasClassifier

# Sets the types and shapes of an operator's outputs; adds the operator's nodes.
Row = tuple[Callable[[Any], None], Callable[[Any, Any, Any], None]]

CONVERTERS: dict[type[Any], Row] = {
    CNNClassifier: _network.ROW,
    CapsNetClassifier: _network.ROW,
    DNNClassifier: _network.ROW,
    KerasClassifier: _network.ROW,
    LeNetClassifier: _network.ROW,
    PretrainedClassifier: _network.ROW,
    ResNetClassifier: _network.ROW,
    SequenceCNNClassifier: _network.ROW,
    SequenceDNNClassifier: _network.ROW,
    **_images.ROWS,
    **_descriptors.ROWS,
    **_scikit_learn.ROWS,
    **_ensembles.ROWS,
}

# What skl2onnx asks each classifier's converter about.
_OF_CLASSIFIERS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "raw_scores": [True, False],
}


@cache
def register() -> None:
    """Register all of these with skl2onnx, once in a process."""
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
    from skl2onnx.operator_converters.linear_classifier import convert_sklearn_linear_classifier

    # skl2onnx's own; but it asks itself for an option that it hasn't registered.
    update_registered_converter(
        LinearSVC,
        "SklearnLinearSVC",
        calculate_linear_classifier_output_shapes,
        convert_sklearn_linear_classifier,
        options={**_OF_CLASSIFIERS, "output_class_labels": [False, True]},
    )
    for made, (calculate_shape, convert) in CONVERTERS.items():
        options = _OF_CLASSIFIERS if issubclass(made, ClassifierMixin) else None
        name = f"Skmnist{made.__name__}"
        update_registered_converter(made, name, calculate_shape, convert, options=options)
