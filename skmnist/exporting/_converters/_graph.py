"""Writing the nodes of a converter for skl2onnx, which calls each with a scope and a container."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skmnist.exporting._labels import exported_labels

# A name of a value in the graph, or a constant.
Value = str | NDArray[Any] | np.generic | Sequence[int]
Converter = Callable[[Any, Any, Any], None]
ShapeCalculator = Callable[[Any], None]
Row = tuple[ShapeCalculator, Converter]


class Graph:
    """The nodes that one converter adds, written as calls that return the names of their results.

    Parameters
    ----------
    scope : skl2onnx.common._topology.Scope
        Makes names that are unique in the model.
    container : skl2onnx.common._container.ModelComponentContainer
        Collects the nodes and the constants.
    """

    def __init__(self, scope: Any, container: Any) -> None:
        self.scope = scope
        self.container = container

    def __call__(self, kind: str, *inputs: Value, n_outputs: int = 0, **attributes: Any) -> Any:
        """Add a node.

        Parameters
        ----------
        kind : str
            An operator of ONNX.
        *inputs : str, array or sequence of int
            Names of values, or constants; a sequence is one of int64. "" leaves an input out.
        n_outputs : int, default=0
            Number of results of an operator that has several.
        **attributes
            The operator's attributes.

        Returns
        -------
        result : str, or list of str if `n_outputs` is given
        """
        results = [self.scope.get_unique_variable_name(kind.lower()) for _ in range(n_outputs or 1)]
        name = self.scope.get_unique_operator_name(kind)
        names = [self._name(value) for value in inputs]
        self.container.add_node(kind, names, results, name=name, **attributes)
        return results if n_outputs else results[0]

    def cast(self, value: Value, dtype: DTypeLike) -> str:
        """Convert to a dtype of NumPy."""
        from onnx.helper import np_dtype_to_tensor_dtype

        result: str = self("Cast", value, to=np_dtype_to_tensor_dtype(np.dtype(dtype)))
        return result

    def slice(self, value: Value, start: int, stop: int, axis: int) -> str:
        """Return ``value[start:stop]`` along an axis."""
        result: str = self("Slice", value, [start], [stop], [axis])
        return result

    def of_part(self, part: Any, rows: str) -> str:
        """Add the graph of an estimator in this one.

        Parameters
        ----------
        part : estimator
            Fitted.
        rows : str
            Its input, of shape (n, n_features) and float32.

        Returns
        -------
        result : str
            A classifier's probabilities or other scores, or a transformer's features.
        """
        from skl2onnx._parse import _parse_sklearn
        from skl2onnx.common.data_types import FloatTensorType
        from sklearn.base import is_classifier

        shape = [None, getattr(part, "n_features_in_", None)]
        variable = self.scope.declare_local_variable("rows", FloatTensorType(shape))
        self.container.add_node("Identity", rows, variable.full_name)
        if is_classifier(part):  # its scores stay an array
            for options in (self.scope, self.container):
                options.add_options(id(part), {"zipmap": False})
        *_, result = _parse_sklearn(self.scope, part, [variable])
        name: str = result.full_name
        return name

    def _name(self, value: Value) -> str:
        if isinstance(value, str):
            return value
        from onnx.numpy_helper import from_array

        array = np.asarray(value, np.int64 if isinstance(value, list | tuple) else None)
        name: str = self.scope.get_unique_variable_name("constant")
        contiguous = np.ascontiguousarray(array).reshape(array.shape)
        # Its own method to add one has no strings.
        self.container.initializers.append(from_array(contiguous, name))
        return name


def transformer(write: Callable[[Graph, Any, str], str]) -> Row:
    """Make the shape calculator and the converter of a transformer.

    Parameters
    ----------
    write : callable
        Takes a `Graph`, the fitted transformer and the name of its input, rows of float32; adds
        nodes, and returns the name of the features, rows of float32.

    Returns
    -------
    shape_calculator, converter : callable
        As ``skl2onnx.update_registered_converter`` takes them.
    """

    def calculate_shape(operator: Any) -> None:
        from skl2onnx.common.data_types import FloatTensorType

        estimator = operator.raw_operator
        n_features = getattr(estimator, "_n_features_out", None) or estimator.n_features_in_
        n = operator.inputs[0].get_first_dimension()
        operator.outputs[0].type = FloatTensorType([n, int(n_features)])

    def convert(scope: Any, operator: Any, container: Any) -> None:
        graph = Graph(scope, container)
        rows = graph.cast(operator.inputs[0].full_name, np.float32)
        features = write(graph, operator.raw_operator, rows)
        container.add_node("Identity", features, operator.outputs[0].full_name)

    return calculate_shape, convert


def classifier(write: Callable[[Graph, Any, str], str]) -> Row:
    """Make the shape calculator and the converter of a classifier.

    Parameters
    ----------
    write : callable
        As for `transformer`, but it returns the name of the probabilities or other scores, of shape
        (n, n_classes).

    Returns
    -------
    shape_calculator, converter : callable
        As ``skl2onnx.update_registered_converter`` takes them.
    """

    def calculate_shape(operator: Any) -> None:
        from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

        labels = exported_labels(operator.raw_operator.classes_)
        n = operator.inputs[0].get_first_dimension()
        label, scores = operator.outputs
        label.type = (StringTensorType if labels.dtype == object else Int64TensorType)([n])
        scores.type = FloatTensorType([n, len(labels)])

    def convert(scope: Any, operator: Any, container: Any) -> None:
        graph = Graph(scope, container)
        rows = graph.cast(operator.inputs[0].full_name, np.float32)
        scores = write(graph, operator.raw_operator, rows)
        highest = graph("ArgMax", scores, axis=1, keepdims=0)
        labels = graph("Gather", exported_labels(operator.raw_operator.classes_), highest)
        for result, output in zip((labels, scores), operator.outputs, strict=True):
            container.add_node("Identity", result, output.full_name)

    return calculate_shape, convert
