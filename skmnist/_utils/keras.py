"""The one place where private names of Keras are used.

Keras may change them in any release: then this module is the one to update.
"""

from typing import Any


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
