"""TensorFlow graphs whose memory is freed when they are dropped."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import chain
from typing import Any
from weakref import finalize

_INNER_GRAPHS = ("_body_graph", "_cond_graph", "_false_graph", "_true_graph")


def traced(function: Callable[..., Any], *specs: Any) -> Any:
    """Trace a function into a graph, which is freed with the last reference to it.

    TensorFlow registers the gradient of each custom-gradient operation under a generated name, for
    the whole life of the process, and the gradient refers to the graph. Every Keras optimizer has
    such an operation, the sum of the gradients over all devices.

    Parameters
    ----------
    function : callable
        A function of tensors, without Python control flow that depends on them.
    *specs : tf.TensorSpec
        Shape and dtype of each argument.

    Returns
    -------
    concrete : tf.types.experimental.ConcreteFunction

    Examples
    --------
    >>> from skmnist._utils.backend import backend_name
    >>> from skmnist._utils.graphs import traced
    >>> if backend_name() == "tensorflow":
    ...     import tensorflow as tf
    ...     double = traced(lambda x: 2 * x, tf.TensorSpec([], tf.float32))
    ...     assert double(tf.constant(3.0)) == 6
    """
    import tensorflow as tf

    concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
    graphs = _with_inner(concrete.graph)
    finalize(concrete, _free, graphs, _custom_gradients(graphs)).atexit = False
    return concrete


def _custom_gradients(graphs: Iterable[Any]) -> list[str]:
    """Return the names of the gradients that were registered for operations of these graphs."""
    operations = chain.from_iterable(graph.get_operations() for graph in graphs)
    nodes = [operation.node_def for operation in operations if operation.type == "IdentityN"]
    names = {node.attr["_gradient_op_type"].s.decode() for node in nodes}
    return [name for name in names if name.startswith("CustomGradient-")]


def _with_inner(graph: Any) -> list[Any]:
    """Return a graph and those of the loops and branches in it, not of functions it calls.

    A function that it calls may be the user's, and called elsewhere too.
    """
    inner = [
        _with_inner(getattr(operation, name))
        for operation in graph.get_operations()
        for name in _INNER_GRAPHS
        if hasattr(operation, name)
    ]
    return [graph, *chain.from_iterable(inner)]


def _free(graphs: Iterable[Any], gradients: Iterable[str]) -> None:
    # None of this is public; where a version of TensorFlow lacks it, the memory stays in use.
    with suppress(ImportError, AttributeError):
        from tensorflow.python.framework import func_graph, ops

        for name in gradients:
            ops.gradient_registry._registry.pop(name, None)
        # A graph and its operations refer to each other, and would wait for garbage collection.
        for graph in graphs:
            func_graph.dismantle_func_graph(graph)
