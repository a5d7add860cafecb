"""The one place where private names of Keras are used.

Keras may change them in any release: then this module is the one to update.
"""

import sys
from typing import Any

from skmnist._utils.backend import load_keras


def is_keras_model(model: Any) -> bool:
    """Return whether `model` is a Keras model, without importing Keras.

    Examples
    --------
    >>> from skmnist._utils.keras import is_keras_model
    >>> is_keras_model(print)
    False
    """
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)


def nodes_of(network: Any) -> list[Any] | None:
    """Return the nodes of a Keras model's graph, from its inputs to its outputs.

    Keras has no public way to find each layer's inputs; its own summary reads the nodes too.

    Parameters
    ----------
    network : keras.Model
        Sequential and built, or functional.

    Returns
    -------
    nodes : list of keras.src.ops.node.Node or None
        Each with its `operation`, `outputs` and `parent_nodes`. None if there is no such graph.

    Examples
    --------
    >>> from skmnist._utils.keras import nodes_of
    >>> from skmnist.networks import Architecture, dense_network
    >>> network = Architecture.of(dense_network, input_shape=(2, 2, 1), n_outputs=3).build(seed=0)
    >>> nodes_of(network)[0].operation.output.shape
    (None, 2, 2, 1)
    """
    by_depth = getattr(getattr(network, "_functional", network), "_nodes_by_depth", None)
    if by_depth is None:
        return None
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def compile_arguments(network: Any) -> dict[str, Any]:
    """Return the arguments with which a Keras model was compiled; none if it was not.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist._utils.keras import compile_arguments
    >>> network = load_keras().Sequential()
    >>> compile_arguments(network)
    {}
    >>> network.compile(loss="mse")
    >>> compile_arguments(network)["loss"]
    'mse'
    """
    config = getattr(network, "_compile_config", None)
    return dict(config.config) if network.compiled and config is not None else {}


def structure_of_inputs(network: Any) -> Any:
    """Return the structure in which a functional model takes its inputs; a list for Sequential.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist._utils.keras import structure_of_inputs
    >>> layers = load_keras().layers
    >>> first, second = layers.Input((1,), name="a"), layers.Input((1,), name="b")
    >>> network = load_keras().Model({"a": first, "b": second}, layers.Add()([first, second]))
    >>> sorted(structure_of_inputs(network))
    ['a', 'b']
    """
    functional = getattr(network, "_functional", network)
    structure = getattr(functional, "_inputs_struct", None)
    return network.inputs if structure is None else structure


def last_layer(network: Any) -> Any:
    """Return the layer whose output is that of a network, or None if it isn't known.

    Examples
    --------
    >>> from skmnist._utils.keras import last_layer
    >>> from skmnist.networks import Architecture, dense_network
    >>> network = Architecture.of(dense_network, input_shape=(2, 2, 1), n_outputs=3).build(seed=0)
    >>> last_layer(network).name
    'output'
    """
    if not getattr(network, "outputs", None):
        return None
    last = network.outputs[0]._keras_history.operation
    return last_layer(last) if hasattr(last, "layers") else last


def mean_metric(function: Any, name: str, direction: str) -> Any:
    """Return a metric that averages a function, of which callbacks know which way is better.

    Parameters
    ----------
    function : callable
        ``function(targets, outputs)`` returns one number per sample.
    name : str
        Its name in the logs.
    direction : {"up", "down"}
        Keras has no public way to declare it.

    Examples
    --------
    >>> from skmnist._utils.keras import mean_metric
    >>> mean_metric(lambda targets, outputs: outputs, "accuracy", "up").name
    'accuracy'
    """
    metric = load_keras().metrics.MeanMetricWrapper(function, name=name)
    metric._direction = direction
    return metric


def schedule_of(optimizer: Any) -> Any:
    """Return the schedule or function of an optimizer's learning rate; None if it is a number.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist._utils.keras import schedule_of
    >>> schedule_of(load_keras().optimizers.Adam(0.01)) is None
    True
    """
    rate = optimizer._learning_rate
    return rate if callable(rate) else None


def excluded_from_weight_decay(optimizer: Any) -> tuple[Any, Any]:
    """Return what ``exclude_from_weight_decay`` of an optimizer was given.

    Returns
    -------
    variables : set
        Keys of the variables.
    names : re.Pattern or None
        Found in the names of the others.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist._utils.keras import excluded_from_weight_decay
    >>> optimizer = load_keras().optimizers.AdamW()
    >>> optimizer.exclude_from_weight_decay(var_names=["bias"])
    >>> excluded_from_weight_decay(optimizer)[1].pattern
    'bias'
    """
    variables: set[Any] = getattr(optimizer, "_exclude_from_weight_decay", set())
    return variables, getattr(optimizer, "_exclude_from_weight_decay_pattern", None)


def parts_of(operation: Any) -> list[Any]:
    """Return the layers that a layer or a network holds, in any of its attributes.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist._utils.keras import parts_of
    >>> layers = load_keras().layers
    >>> [layer.name for layer in parts_of(layers.TimeDistributed(layers.ReLU(name="inner")))]
    ['inner']
    """
    return list(getattr(operation, "_layers", ()))


def draw_from_own_seeds(network: Any) -> None:
    """Make all layers of a network draw from their own generators, whose seeds they have drawn.

    With PyTorch, Keras's dropout without a seed draws from the global generator.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist._utils.keras import draw_from_own_seeds
    >>> draw_from_own_seeds(load_keras().Sequential([load_keras().layers.Dropout(0.5)]))
    """
    for part in parts_of(network):
        for generator in getattr(part, "_seed_generators", ()):
            if generator._initial_seed is None:
                generator._initial_seed = 0  # only whether there is one matters
        draw_from_own_seeds(part)


def creates_no_values() -> bool:
    """Return whether variables that are made in this thread get no values.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist._utils.keras import creates_no_values
    >>> with load_keras().StatelessScope(initialize_variables=False):
    ...     creates_no_values()
    True
    """
    from keras.src.backend.common.stateless_scope import get_stateless_scope

    scope = get_stateless_scope()
    return scope is not None and not scope.initialize_variables
