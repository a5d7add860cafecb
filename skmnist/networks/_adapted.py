"""A network of the user's own, as one that takes images like all others of this package."""

from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown
from skmnist._utils.keras import structure_of_inputs
from skmnist.networks._layers import exact_dtype

_NAME = "adapted"


@dataclass(frozen=True)
class Layout:
    """What the columns of a sample are.

    Parameters
    ----------
    shape : tuple of int
        The shape of one sample as the user gave it, for a network that doesn't declare its input.
    parts : tuple of (name, shape), default=()
        The inputs by name, one after another, for a network that takes several. Without them,
        columns are in the order of the network's inputs.
    by_name : bool, default=False
        Whether the user gave a dict of inputs, which a network without declared inputs gets too.
    """

    shape: tuple[int, ...]
    parts: tuple[tuple[str, tuple[int, ...]], ...] = ()
    by_name: bool = False


def adapted(network: Any, layout: Layout, input_shape: tuple[int, ...], dtype: str) -> Any:
    """Return a network that reshapes images to the inputs of another one.

    Parameters
    ----------
    network : keras.Model
        Of one or several inputs, and one output.
    layout : Layout
        What the columns of a sample are.
    input_shape : tuple (height, width, channels)
        The shape of one image.
    dtype : str
        Keras's dtype policy, which determines the precision of the images and the outputs.

    Returns
    -------
    adapted : keras.Model
        Its last layer is the network.

    Raises
    ------
    ValueError
        If the inputs don't fit, or there is more than one output.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.networks._adapted import Layout, adapted
    >>> keras = load_keras()
    >>> own = keras.Sequential([keras.Input((28, 28)), keras.layers.LSTM(4), keras.layers.Dense(2)])
    >>> network = adapted(own, Layout((28, 28)), (28, 28, 1), "float32")
    >>> network.input_shape, network.output_shape
    ((None, 28, 28, 1), (None, 2))
    """
    keras = load_keras()
    images = keras.Input(input_shape, dtype=exact_dtype(dtype), name="images")
    outputs = network(_inputs(network, layout, images))
    if keras.tree.is_nested(outputs):
        raise ValueError(
            f"model returns a network of {len(keras.tree.flatten(outputs))} outputs; expected one. "
            "Return keras.Model(inputs, output) of one of them, or fit an estimator for each."
        )
    if len(outputs.shape) != 2 or outputs.shape[1] is None:
        raise ValueError(
            f"model returns a network whose output has the shape {tuple(outputs.shape)}; expected "
            "(None, n_outputs): end it with Flatten or a pooling, and a Dense layer."
        )
    # Sums over samples need more precision than bfloat16 has.
    return keras.Model(images, keras.ops.cast(outputs, exact_dtype(dtype)), name=_NAME)


def own_network(network: Any) -> Any:
    """Return the network that was adapted; any other one is returned itself.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.networks._adapted import Layout, adapted, own_network
    >>> keras = load_keras()
    >>> own = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    >>> own_network(adapted(own, Layout((4,)), (2, 2, 1), "float32")) is own
    True
    """
    return network.layers[-1] if network.name == _NAME else network


def _inputs(network: Any, layout: Layout, images: Any) -> Any:
    """Return symbolic inputs of the network, made of the images."""
    wanted = getattr(network, "inputs", None)
    n_columns = prod(images.shape[1:])
    if not wanted:  # a subclass of Model, or Sequential without an Input
        if not layout.by_name:
            return _reshaped(images, layout.shape, None)
        slices = _slices({name: prod(shape) for name, shape in layout.parts})
        return {name: _piece(images, slices[name], shape, None) for name, shape in layout.parts}
    shapes = {t.name: _shape(t, layout, n_columns, alone=len(wanted) == 1) for t in wanted}
    found = _columns(shapes, layout, n_columns)
    flat = [_piece(images, found[t.name], shapes[t.name], t.dtype) for t in wanted]
    return flat[0] if len(flat) == 1 else _structured(network, flat)


def _structured(network: Any, flat: list[Any]) -> Any:
    return load_keras().tree.pack_sequence_as(structure_of_inputs(network), flat)


def _columns(
    shapes: dict[str, tuple[int, ...]], layout: Layout, n_columns: int
) -> dict[str, slice]:
    """Return which columns of a sample each input takes."""
    sizes = {name: prod(shape) for name, shape in shapes.items()}
    if layout.parts and len(shapes) > 1:
        order = [name for name, _ in layout.parts]
        if sorted(order) != sorted(sizes):
            raise ValueError(
                f"X has the inputs {shown(sorted(order))}, and the network {shown(sorted(sizes))}; "
                "expected the same names."
            )
        sizes = {name: sizes[name] for name in order}
    if sum(sizes.values()) != n_columns:
        of_inputs = ", ".join(f"{name}: {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"the network takes {sum(sizes.values())} numbers per sample ({of_inputs}), and X has "
            f"{n_columns} features. Build it for the data: a function with an argument "
            "n_features_in or input_shape is given their number or their shape."
        )
    return _slices(sizes)


def _slices(sizes: dict[str, int]) -> dict[str, slice]:
    """Return the columns of parts that follow one another."""
    stops = accumulate(sizes.values())
    return {
        name: slice(stop - size, stop)
        for (name, size), stop in zip(sizes.items(), stops, strict=True)
    }


def _shape(tensor: Any, layout: Layout, n_columns: int, alone: bool) -> tuple[int, ...]:
    """Return the shape of an input, its open sides filled from the samples."""
    wanted = tuple(tensor.shape[1:])
    given = layout.shape if alone else ()
    if len(given) + 1 == len(wanted) and wanted[-1] == 1:
        given = (*given, 1)
    if len(given) == len(wanted):
        filled = tuple(g if w is None else w for w, g in zip(wanted, given, strict=True))
    else:
        closed = prod(side for side in wanted if side is not None)
        only_one = alone and wanted.count(None) == 1 and n_columns % closed == 0
        filled = tuple(n_columns // closed if s is None and only_one else s for s in wanted)
    if None in filled:
        raise ValueError(
            f"the network's input {tensor.name!r} has the shape {wanted}, which the samples of X, "
            f"of shape {layout.shape}, don't fill; expected whole numbers."
        )
    many = len(given) > 1 and len(wanted) > 1
    if many and _without_ones(filled) != _without_ones(given):
        raise ValueError(
            f"the network's input {tensor.name!r} has the shape {wanted}, and the samples of X "
            f"have {layout.shape}; expected the same. Build the network for the data, or move the "
            "axes of X, for example by np.moveaxis(X, 1, -1)."
        )
    return filled


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(side for side in shape if side != 1)


def _piece(images: Any, where: slice, shape: tuple[int, ...], dtype: str | None) -> Any:
    n_columns = prod(images.shape[1:])
    if where != slice(0, n_columns):
        images = load_keras().ops.reshape(images, (-1, n_columns))[:, where]
    return _reshaped(images, shape, dtype)


def _reshaped(values: Any, shape: tuple[int, ...], dtype: str | None) -> Any:
    ops = load_keras().ops
    if tuple(values.shape[1:]) != shape:
        values = ops.reshape(values, (-1, *shape))
    return values if dtype in (None, values.dtype) else ops.cast(values, dtype)
