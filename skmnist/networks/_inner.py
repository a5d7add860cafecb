"""The part of a network that ends at one of its layers."""

from typing import Any

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import unknown_name
from skmnist.networks._adapted import adapted, own_network
from skmnist.networks._architecture import Architecture
from skmnist.networks._layers import CHANNELS_LAST


def inner_network(
    network: Architecture,
    layer: str | int = "penultimate",
    pool: str | None = None,
    *,
    dtype: str = "float32",
    seed: int = 0,
) -> Any:
    """Build a network up to one of its layers, whose outputs become rows of numbers.

    Parameters
    ----------
    network : Architecture
        The whole network, a chain of layers.
    layer : str or int, default="penultimate"
        A layer's name or its index, which may be negative; "penultimate" is the last but one,
        whose outputs the output layer takes.
    pool : {"avg", "max"} or None, default=None
        How each feature map is pooled, if the layer has any: to its mean, to its maximum, or, for
        None, not at all, so that all its values are kept.
    dtype : str, default="float32"
        Dtype of the rows, "float32" or "float64".
    seed : int, default=0
        Determines the initial weights.

    Returns
    -------
    network : keras.Model
        Its variables are the first ones of the whole network.

    Raises
    ------
    ValueError
        If there is no such layer.

    Examples
    --------
    >>> from skmnist.networks import Architecture, lenet5
    >>> from skmnist.networks._inner import inner_network
    >>> lenet = Architecture.of(lenet5, input_shape=(28, 28, 1), n_outputs=10)
    >>> inner_network(lenet).output_shape
    (None, 84)
    >>> inner_network(lenet, "conv_2", "max").output_shape
    (None, 16)
    """
    keras = load_keras()
    whole = network.build(seed)
    own = own_network(whole)
    _check_graph(own)
    # Not `.output`: for a network within the network, that is a tensor of its inner graph.
    values = keras.Operation.output.fget(_find_layer(own.layers, layer))
    has_maps = len(values.shape) == 4
    to_rows = {
        None: keras.layers.Flatten,
        "avg": keras.layers.GlobalAveragePooling2D,
        "max": keras.layers.GlobalMaxPooling2D,
    }[pool if has_maps else None]
    rows = to_rows(data_format=CHANNELS_LAST, dtype=dtype, name="features")(values)
    inner = keras.Model(own.inputs if len(own.inputs) > 1 else own.inputs[0], rows)
    if own is not whole:
        layout: Any = network.builder  # of the user's own network
        inner = adapted(inner, layout.layout, whole.input_shape[1:], dtype)
    _check_first(inner, whole)
    return inner


def _check_graph(network: Any) -> None:
    """Raise an error for a subclass of Model, whose layers have no symbolic outputs."""
    if not getattr(network, "inputs", None):
        raise ValueError(
            f"{type(network).__name__} is a subclass of keras.Model, whose inner layers can't be "
            "reached; expected a sequential or a functional model."
        )


def _check_first(inner: Any, whole: Any) -> None:
    """Raise an error unless the variables of a part are the first ones of the whole network."""
    first = whole.variables[: len(inner.variables)]
    if any(one is not other for one, other in zip(inner.variables, first, strict=True)):
        raise ValueError(
            "layer is in the middle of a network that isn't a chain of layers; expected a layer "
            "that comes after all of the layers before it, such as 'penultimate'."
        )


def _find_layer(layers: list[Any], layer: str | int) -> Any:
    if not isinstance(layer, str):
        if not -len(layers) <= layer < len(layers):
            raise ValueError(
                f"layer={layer}, but the network has {len(layers)} layers; expected "
                f"{-len(layers)} <= layer < {len(layers)}, or a layer's name."
            )
        return layers[layer]
    by_name = {"penultimate": layers[-2], **{each.name: each for each in layers}}
    if layer not in by_name:
        raise unknown_name("layer", layer, by_name, ", or a layer's index")
    return by_name[layer]
