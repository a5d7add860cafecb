"""Rewriting of ONNX graphs to equal ones with fewer and faster operators."""

from typing import Any

import numpy as np


def with_constant_shapes(model: Any) -> Any:
    """Return a model whose reshapes know all sides but the number of samples.

    Keras computes the shapes of flattened feature maps anew for each call, in six operators.

    Parameters
    ----------
    model : onnx.ModelProto
        Changed in place.

    Returns
    -------
    model : onnx.ModelProto
    """
    from onnx import shape_inference
    from onnx.numpy_helper import from_array

    inferred = shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {each.name: _sides(each) for each in (*inferred.value_info, *inferred.output)}
    known = {each.name for each in model.graph.initializer}
    for node in model.graph.node:
        sides = shapes.get(node.output[0], ()) if node.op_type == "Reshape" else ()
        if sides and node.input[1] not in known and None not in sides[1:]:
            name = f"{node.output[0]}/shape"
            model.graph.initializer.append(from_array(np.array([-1, *sides[1:]], np.int64), name))
            node.input[1] = name
    _remove_unused(model.graph)
    return model


def with_batch_normalization(model: Any) -> Any:
    """Return a model in which a product and a sum over feature maps are one operator.

    Keras writes a batch normalisation as both.  ONNX Runtime can't keep its own layout of feature
    maps through them, but can through a ``BatchNormalization``.

    Parameters
    ----------
    model : onnx.ModelProto
        Changed in place.

    Returns
    -------
    model : onnx.ModelProto
    """
    from onnx.helper import make_node
    from onnx.numpy_helper import from_array

    graph = model.graph
    of_maps = {each.name: values for each in graph.initializer if (values := _of_maps(each)).size}
    users: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    for number, node in enumerate(list(graph.node)):
        added = _sum_after(node, users, of_maps)
        if added is None:
            continue
        scale, offset = of_maps[node.input[1]], of_maps[added.input[1]]
        constants = scale, offset, np.zeros_like(scale), np.ones_like(scale)
        names = [f"{node.output[0]}/{name}" for name in ("scale", "offset", "mean", "variance")]
        graph.initializer.extend(map(from_array, constants, names))
        inputs, outputs = [node.input[0], *names], list(added.output)
        graph.node[number].CopyFrom(make_node("BatchNormalization", inputs, outputs, epsilon=0.0))
        added.output[0] += "/unused"
    _remove_unused(graph)
    return model


def _of_maps(tensor: Any) -> Any:
    """Return a constant of shape (1, n, 1, 1), one number per feature map, flat; else no number."""
    from onnx.numpy_helper import to_array

    is_of_maps = len(tensor.dims) == 4 and tensor.dims[1] == np.prod(tensor.dims)
    return to_array(tensor).ravel() if is_of_maps else np.empty(0)


def _sum_after(node: Any, users: dict[str, list[Any]], of_maps: dict[str, Any]) -> Any:
    """Return the addition of constants that alone uses a product with constants, or None."""
    if node.op_type != "Mul" or node.input[1] not in of_maps:
        return None
    following = users.get(node.output[0], [])
    if [each.op_type for each in following] != ["Add"]:
        return None
    (added,) = following
    first, second = added.input
    same_maps = of_maps.get(second, np.empty(0)).shape == of_maps[node.input[1]].shape
    return added if first == node.output[0] and same_maps else None


def _sides(value: Any) -> tuple[int | None, ...]:
    dimensions = value.type.tensor_type.shape.dim
    return tuple(d.dim_value if d.HasField("dim_value") else None for d in dimensions)


def _remove_unused(graph: Any) -> None:
    """Remove the nodes of which no result is used; they are in the order of their use."""
    used = {each.name for each in graph.output}
    kept = []
    for node in reversed(graph.node):
        if used.intersection(node.output):
            used.update(node.input, _names_in_subgraphs(node))
            kept.append(node)
    del graph.node[:]
    graph.node.extend(reversed(kept))
    values = [each for each in graph.initializer if each.name in used]
    del graph.initializer[:]
    graph.initializer.extend(values)


def _names_in_subgraphs(node: Any) -> set[str]:
    """Return all names that the graphs in a node's attributes mention."""
    graphs = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    inner = [each for graph in graphs for each in graph.node]
    names = {each.name for graph in graphs for each in graph.output}
    return names.union(*(one.input for one in inner), *map(_names_in_subgraphs, inner))
