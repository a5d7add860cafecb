"""The graph of a network classifier: that of Keras's own exporter, with the label added."""

from typing import Any

import numpy as np

from skmnist._utils.backend import load_keras
from skmnist.exporting._keras_model import probabilities_of
from skmnist.exporting._keras_onnx import onnx_of_keras
from skmnist.exporting._labels import exported_labels, has_several_labels

_INT64 = 7  # onnx.TensorProto.INT64


def _calculate_shape(operator: Any) -> None:
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

    classifier = operator.raw_operator
    n, n_classes = operator.inputs[0].get_first_dimension(), len(classifier.classes_)
    of_labels = Int64TensorType if classifier.classes_.dtype.kind in "biuf" else StringTensorType
    shape = [n, n_classes] if has_several_labels(classifier) else [n]
    operator.outputs[0].type = of_labels(shape)
    operator.outputs[1].type = FloatTensorType([n, n_classes])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    keras = load_keras()
    classifier = operator.raw_operator
    rows = keras.Input((classifier.n_features_in_,), name="rows")
    network = onnx_of_keras(keras.Model(rows, probabilities_of(classifier, rows)))
    label, probabilities = (output.full_name for output in operator.outputs)
    embed(network, operator.inputs[0].full_name, probabilities, scope, container)
    if has_several_labels(classifier):
        probable = scope.get_unique_variable_name("probable")
        half = _constant(scope, container, np.array([0.5], np.float32))
        container.add_node("Greater", [probabilities, half], probable)
        container.add_node("Cast", probable, label, to=_INT64)
    else:
        number = scope.get_unique_variable_name("class_number")
        classes = _constant(scope, container, exported_labels(classifier.classes_))
        container.add_node("ArgMax", probabilities, number, axis=1, keepdims=0)
        container.add_node("Gather", [classes, number], label)


ROW = _calculate_shape, _convert


def embed(model: Any, given: str, wanted: str, scope: Any, container: Any) -> None:
    """Add the nodes of a model of one input and one output, from one value to another."""
    from onnx.compose import add_prefix

    model = add_prefix(model, scope.get_unique_operator_name("network") + "/")
    container.add_node("Identity", given, model.graph.input[0].name)
    container.initializers.extend(model.graph.initializer)
    container.nodes.extend(model.graph.node)
    for opset in model.opset_import:
        container.node_domain_version_pair_sets.add((opset.domain, opset.version))
    container.add_node("Identity", model.graph.output[0].name, wanted)


def _constant(scope: Any, container: Any, values: Any) -> str:
    from onnx.numpy_helper import from_array

    name: str = scope.get_unique_variable_name("constant")
    container.initializers.append(from_array(values, name))
    return name
