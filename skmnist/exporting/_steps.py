"""A network as a list of steps of arithmetic, for a script that knows nothing of Keras.

Layers that compute nothing when predicting leave no step, and a batch normalisation is folded to a
scale and a shift for each feature map.  Kernels have half precision, everything else float32.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.keras import nodes_of

_LARGEST_HALF = float(np.finfo(np.float16).max)
_WITHOUT_EFFECT = (
    "ActivityRegularization",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "RandomBrightness",
    "RandomContrast",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "SpatialDropout2D",
)
# As in network.js.
_ACTIVATIONS = (
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
)


class Steps:
    """Steps and the numbers that they need.

    Value 0 is the image, and value ``i + 1`` the result of step ``i``: a flat array, of which the
    channels are the last axis.

    Attributes
    ----------
    steps : list of dict
        Each has its `kind`, the values that it takes (`from`) and the shape of its result.
    weights : bytearray
        The values of all tensors, little-endian; a tensor has its dtype, shape and offset.
    output : int
        The value that is the network's output.

    Examples
    --------
    >>> from skmnist.exporting._steps import steps_of
    >>> from skmnist.networks import Architecture, dense_network
    >>> network = Architecture.of(dense_network, input_shape=(2, 2, 1), n_outputs=3).build(seed=0)
    >>> [step["kind"] for step in steps_of(network).steps]
    ['copy', 'dense', 'activation', 'dense', 'activation']
    """

    def __init__(self, input_shape: tuple[int, ...]) -> None:
        self.steps: list[dict[str, Any]] = []
        self.weights = bytearray()
        self.output = 0
        self.shapes = [tuple(input_shape)]

    def add(self, kind: str, values: list[int], shape: Any, **settings: Any) -> int:
        """Add a step; return the number of its result."""
        self.steps.append({"kind": kind, "from": values, "shape": list(shape), **settings})
        self.shapes.append(tuple(shape))
        return len(self.steps)

    def reshaped(self, value: int, shape: Any) -> int:
        """Return the number of a value with the same numbers in another shape."""
        if tuple(shape) == self.shapes[value]:
            return value
        return self.add("copy", [value], shape)

    def kernel(self, values: Any) -> dict[str, Any]:
        """Store a tensor, in half precision where its values are in the range of that."""
        values = np.asarray(values, np.float32)
        return self._tensor(values.astype(np.float16) if _fits_half(values) else values)

    def vector(self, values: Any) -> dict[str, Any]:
        """Store a tensor of few values, in full precision."""
        return self._tensor(np.asarray(values, np.float32))

    def _tensor(self, values: NDArray[Any]) -> dict[str, Any]:
        self.weights += bytes(-len(self.weights) % 4)
        tensor = {"dtype": values.dtype.name, "shape": values.shape, "at": len(self.weights)}
        self.weights += values.astype(values.dtype.newbyteorder("<")).tobytes()
        return tensor


def _fits_half(values: NDArray[np.float32]) -> bool:
    return bool(np.abs(values).max(initial=0) <= _LARGEST_HALF)


def steps_of(network: Any) -> Steps:
    """Return the steps of a network.

    Parameters
    ----------
    network : keras.Model
        Of one input of shape (height, width, channels), and one output of shape (n_outputs,).

    Returns
    -------
    steps : Steps

    Raises
    ------
    ValueError
        If it has layers that have no steps; the message names them.
    """
    steps = Steps(network.input_shape[1:])
    unknown: list[str] = []
    (steps.output,) = _follow(network, [0], steps, unknown)
    if unknown:
        raise ValueError(
            f"the page can't compute these layers of the network: {', '.join(unknown)}. It knows "
            "convolutions, poolings, dense layers, batch normalisations, additions and "
            "activations, channels last; use these, or export to a file of .onnx or .keras."
        )
    return steps


def _follow(network: Any, inputs: list[int], steps: Steps, unknown: list[str]) -> list[int]:
    """Add the steps of a network, also within another one; return the numbers of its outputs."""
    nodes = nodes_of(network)
    if nodes is None:
        return _unknown(f"{type(network).__name__} (a subclass of Model)", unknown)
    numbers = dict(zip(map(id, network.inputs), inputs, strict=True))
    for node in nodes:
        if not node.parent_nodes:
            continue  # an input
        taken = [numbers[id(tensor)] for tensor in node.input_tensors]
        if hasattr(node.operation, "layers"):
            made = _follow(node.operation, taken, steps, unknown)
        else:
            made = _translated(node, taken, steps, unknown)
        numbers.update(zip(map(id, node.outputs), made, strict=True))
    return [numbers[id(tensor)] for tensor in network.outputs]


def _translated(node: Any, taken: list[int], steps: Steps, unknown: list[str]) -> list[int]:
    layer = node.operation
    name = type(layer).__name__
    translate = _TRANSLATORS.get(name) if _is_known(layer) else None
    if translate is None:
        return _unknown(name, unknown)
    try:
        return [translate(layer, node, taken, steps)]
    except _UntranslatableError as error:
        return _unknown(f"{name} ({error})", unknown)


def _unknown(name: str, unknown: list[str]) -> list[int]:
    """Note a layer that has no steps; its result is as if it were the image."""
    if name not in unknown:
        unknown.append(name)
    return [0]


def _is_known(layer: Any) -> bool:
    """Return whether a layer is Keras's or ours, not one of the user's that is named alike."""
    return type(layer).__module__.partition(".")[0] in ("keras", "skmnist")


class _UntranslatableError(Exception):
    """A layer's settings have no steps."""


# -- the layers ----------------------------------------------------------------------------


def _same(_layer: Any, _node: Any, taken: list[int], _steps: Steps) -> int:
    return taken[0]


def _flat(_layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    return steps.reshaped(taken[0], (int(np.prod(steps.shapes[taken[0]])),))


def _in_shape(_layer: Any, node: Any, taken: list[int], steps: Steps) -> int:
    return steps.reshaped(taken[0], node.outputs[0].shape[1:])


def _convolution(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    kernel = np.asarray(layer.kernel)
    if type(layer).__name__ == "DepthwiseConv2D":
        height, width, channels, multiplier = kernel.shape
        kernel, groups = kernel.reshape(height, width, 1, channels * multiplier), channels
    else:
        groups = layer.groups
    extent = [d * (k - 1) + 1 for k, d in zip(kernel.shape[:2], layer.dilation_rate, strict=True)]
    before, shape = _window(layer, extent, layer.strides, taken, steps)
    bias = {"bias": steps.vector(layer.bias)} if layer.use_bias else {}
    value = steps.add(
        "convolution",
        taken,
        (*shape, kernel.shape[3]),
        kernel=steps.kernel(kernel),
        strides=layer.strides,
        dilation=layer.dilation_rate,
        before=before,
        groups=groups,
        **bias,
    )
    return _activated(layer.activation, value, steps)


def _pooling(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    before, shape = _window(layer, layer.pool_size, layer.strides, taken, steps)
    return steps.add(
        "pooling",
        taken,
        (*shape, steps.shapes[taken[0]][2]),
        size=layer.pool_size,
        strides=layer.strides,
        before=before,
        of=_kind_of_pooling(layer),
    )


def _window(
    layer: Any, extent: Any, strides: Any, taken: list[int], steps: Steps
) -> tuple[list[int], list[int]]:
    """Return how many rows and columns are padded before the image, and the result's sides."""
    _check_channels_last(layer)
    sides = steps.shapes[taken[0]][:2]
    before, after = [], []
    for side, length, stride in zip(sides, extent, strides, strict=True):
        n = -(-side // stride) if layer.padding == "same" else (side - length) // stride + 1
        before.append(max(0, (n - 1) * stride + length - side) // 2)
        after.append(n)
    return before, after


def _check_channels_last(layer: Any) -> None:
    if layer.data_format != "channels_last":
        raise _UntranslatableError("channels first")


def _kind_of_pooling(layer: Any) -> str:
    return "maximum" if "Max" in type(layer).__name__ else "mean"


def _global_pooling(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    _check_channels_last(layer)
    height, width, channels = steps.shapes[taken[0]]
    pooled = steps.add(
        "pooling",
        taken,
        (1, 1, channels),
        size=[height, width],
        strides=[height, width],
        before=[0, 0],
        of=_kind_of_pooling(layer),
    )
    return pooled if layer.keepdims else steps.reshaped(pooled, (channels,))


def _dense(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    if len(steps.shapes[taken[0]]) != 1:
        raise _UntranslatableError("of feature maps that aren't flat")
    bias = {"bias": steps.vector(layer.bias)} if layer.use_bias else {}
    kernel = steps.kernel(layer.kernel)
    value = steps.add("dense", taken, kernel["shape"][1:], kernel=kernel, **bias)
    return _activated(layer.activation, value, steps)


def _normalisation(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    shape = steps.shapes[taken[0]]
    if layer.axis not in (-1, len(shape)):
        raise _UntranslatableError("of another axis than the last")
    mean, variance = (
        np.asarray(values, np.float64) for values in (layer.moving_mean, layer.moving_variance)
    )
    scale = 1 / np.sqrt(variance + layer.epsilon)
    if layer.scale:
        scale = scale * np.asarray(layer.gamma)
    shift = -mean * scale
    if layer.center:
        shift = shift + np.asarray(layer.beta)
    return steps.add("scaling", taken, shape, scale=steps.vector(scale), shift=steps.vector(shift))


def _rescaling(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    shape = steps.shapes[taken[0]]
    scale, shift = (
        steps.vector(np.broadcast_to(np.asarray(values), shape[-1:]))
        for values in (layer.scale, layer.offset)
    )
    return steps.add("scaling", taken, shape, scale=scale, shift=shift)


def _padding(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    shape = steps.shapes[taken[0]]
    none = (0, 0)
    # Channels first, it pads the last two axes, as the shortcut of a residual network wants.
    last = layer.data_format == "channels_last"
    around = (*layer.padding, none) if last else (none, *layer.padding)
    padded = [side + sum(n) for side, n in zip(shape, around, strict=True)]
    return steps.add("padding", taken, padded, before=[n for n, _ in around])


def _resizing(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    _check_channels_last(layer)
    plain = not (layer.crop_to_aspect_ratio or layer.pad_to_aspect_ratio or layer.antialias)
    if layer.interpolation != "bilinear" or not plain:
        raise _UntranslatableError("other than bilinear")
    channels = steps.shapes[taken[0]][2]
    return steps.add("resizing", taken, (layer.height, layer.width, channels))


def _addition(_layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    shapes = {steps.shapes[value] for value in taken}
    if len(shapes) > 1:
        raise _UntranslatableError("of different shapes")
    return steps.add("addition", taken, shapes.pop())


def _concatenation(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    *sides, _ = steps.shapes[taken[0]]
    if layer.axis not in (-1, len(sides) + 1):
        raise _UntranslatableError("along another axis than the last")
    n = sum(steps.shapes[value][-1] for value in taken)
    return steps.add("concatenation", taken, (*sides, n))


def _activation(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    return _activated(layer.activation, taken[0], steps)


def _relu(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    if layer.threshold:
        raise _UntranslatableError("with a threshold")
    limit = {} if layer.max_value is None else {"limit": float(layer.max_value)}
    return _add_activation("leaky_relu", taken[0], steps, slope=layer.negative_slope, **limit)


def _leaky_relu(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    return _add_activation("leaky_relu", taken[0], steps, slope=float(layer.negative_slope))


def _elu(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    if layer.alpha != 1:
        raise _UntranslatableError("with another alpha than 1")
    return _add_activation("elu", taken[0], steps)


def _softmax(layer: Any, _node: Any, taken: list[int], steps: Steps) -> int:
    if layer.axis not in (-1, len(steps.shapes[taken[0]])):
        raise _UntranslatableError("along another axis than the last")
    return _add_activation("softmax", taken[0], steps)


def _activated(function: Any, value: int, steps: Steps) -> int:
    """Add an activation that is a function of Keras; a linear one is no step."""
    name = getattr(function, "__name__", type(function).__name__)
    if not _is_of_keras(function) or name not in _ACTIVATIONS:
        raise _UntranslatableError(f"with the activation {name}")
    return value if name == "linear" else _add_activation(name, value, steps)


def _is_of_keras(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).startswith("keras.")


def _add_activation(name: str, value: int, steps: Steps, **settings: float) -> int:
    return steps.add("activation", [value], steps.shapes[value], name=name, **settings)


_TRANSLATORS: dict[str, Callable[[Any, Any, list[int], Steps], int]] = {
    **dict.fromkeys(_WITHOUT_EFFECT, _same),
    "Activation": _activation,
    "Add": _addition,
    "AveragePooling2D": _pooling,
    "BatchNormalization": _normalisation,
    "Cast": _same,
    "Concatenate": _concatenation,
    "Conv2D": _convolution,
    "Dense": _dense,
    "DepthwiseConv2D": _convolution,
    "ELU": _elu,
    "Flatten": _flat,
    "GlobalAveragePooling2D": _global_pooling,
    "GlobalMaxPooling2D": _global_pooling,
    "LeakyReLU": _leaky_relu,
    "MaxPooling2D": _pooling,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Reshape": _in_shape,
    "Resizing": _resizing,
    "ScaledBiasDense": _dense,
    "Softmax": _softmax,
    "ZeroPadding2D": _padding,
}
