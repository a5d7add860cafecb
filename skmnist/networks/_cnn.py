"""Convolutional networks, described as data: a list of blocks, then dense layers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, log2
from numbers import Integral, Real
from typing import Any, TypeGuard

import numpy as np

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown, unknown_name
from skmnist._utils.values import Value, is_a
from skmnist.networks._initializers import make_initializer
from skmnist.networks._layers import (
    CHANNELS_LAST,
    activation_name,
    check_activation,
    flatten,
    hidden_layers,
    layer_seeds,
    output_layer,
)

_STEPS = ("activation", "batch_norm", "pool", "dropout")


@dataclass(frozen=True, repr=False)
class ConvBlock(Value):
    """One convolution and the layers that follow it.

    Parameters
    ----------
    filters : int
        Number of feature maps of the convolution.
    kernel_size : int, default=3
        Side of the square kernel, in pixels; on a single line of pixels, its length.
    strides : int, default=1
        Step of the kernel between outputs, in pixels.
    padding : {"valid", "same", "auto"}, default="valid"
        "valid" doesn't pad, so the image shrinks by the kernel; "same" pads with zeros; "auto" is
        "valid" if each side of the output is then at least as long as the kernel, else "same".
    activation : str, default="relu"
        Keras's name of the activation; "linear" for none.
    batch_norm : bool, default=False
        Whether each feature map is normalised over the batch.
    batch_norm_momentum : float, default=0.99
        How slowly the running mean and variance follow the batches (Keras's default).
    pool : {"max", "avg"} or None, default=None
        Kind of pooling; None for no pooling.
    pool_size : int, default=2
        Side of the pooling window, in pixels; a smaller image is pooled to one pixel.
    pool_padding : {"valid", "same"}, default="valid"
        Whether pixels that don't fill a last window are dropped ("valid"), or pooled too: 5 pixels
        become 2 or 3.
    dropout : float, default=0.0
        The fraction of the values that is dropped in training.
    l2 : float, default=0.0
        Weight of the kernel's squared norm in the loss.
    kernel_initializer : str, default="glorot_uniform"
        Keras's name of the kernel's initializer.
    use_bias : bool or None, default=None
        Whether each feature map has a bias. None: yes, unless a normalisation comes before the
        activation.
    order : tuple of str, default=("activation", "batch_norm", "pool", "dropout")
        The order in which these four follow the convolution.

    Examples
    --------
    >>> from skmnist.networks import ConvBlock
    >>> ConvBlock(32, padding="same", pool="max").filters
    32
    """

    filters: int
    kernel_size: int = 3
    strides: int = 1
    padding: str = "valid"
    activation: str = "relu"
    batch_norm: bool = False
    batch_norm_momentum: float = 0.99
    pool: str | None = None
    pool_size: int = 2
    pool_padding: str = "valid"
    dropout: float = 0.0
    l2: float = 0.0
    kernel_initializer: str = "glorot_uniform"
    use_bias: bool | None = None
    order: tuple[str, ...] = _STEPS

    @classmethod
    def all_of(cls, blocks: Any) -> list["ConvBlock"]:
        """Make blocks from what `of` takes, a sequence of it, or what makes the blocks."""
        if isinstance(blocks, PooledBlocks | VGGBlocks):
            return list(blocks())
        several = blocks if isinstance(blocks, list | tuple) else [blocks]
        return [cls.of(block) for block in several]

    @classmethod
    def of(cls, block: "ConvBlock | dict[str, Any] | int") -> "ConvBlock":
        """Make a block from a dict of its parameters, or from its number of filters."""
        if isinstance(block, cls):
            return block
        if isinstance(block, dict):
            unknown = sorted(set(block) - set(cls.__dataclass_fields__))
            if unknown:
                raise unknown_name("conv_blocks: parameter", unknown[0], cls.__dataclass_fields__)
            return cls(**block)
        if _is_count(block):
            return cls(int(block))
        raise TypeError(
            f"conv_blocks holds {shown(block)}; expected a ConvBlock, a dict of its parameters or "
            "a number of filters."
        )

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", tuple(self.order))
        for name in ("filters", "kernel_size", "strides", "pool_size"):
            value: Any = getattr(self, name)
            self._require(is_a(Integral, value) and value >= 1, name, "a whole number >= 1")
            object.__setattr__(self, name, int(value))
        paddings = "valid", "same", "auto"
        self._require(self.padding in paddings, "padding", "'valid', 'same' or 'auto'")
        self._require(self.pool_padding in paddings[:2], "pool_padding", "'valid' or 'same'")
        self._require(self.pool in (None, "max", "avg"), "pool", "'max', 'avg' or None")
        self._require(_is_number(self.dropout, 0, 1), "dropout", "0 <= dropout < 1")
        self._require(_is_number(self.l2, 0), "l2", "a number >= 0")
        momentum = "batch_norm_momentum"
        self._require(_is_number(self.batch_norm_momentum, 0, 1), momentum, f"0 <= {momentum} < 1")
        self._require(_is_flag(self.batch_norm), "batch_norm", "True or False")
        has_choice = self.use_bias is None or _is_flag(self.use_bias)
        self._require(has_choice, "use_bias", "True, False or None")
        self._require(
            isinstance(self.kernel_initializer, str), "kernel_initializer", "Keras's name of one"
        )
        activation = activation_name(self.activation, "ConvBlock.activation")
        object.__setattr__(self, "activation", activation)
        self._require(sorted(self.order) == sorted(_STEPS), "order", f"{_STEPS} in any order")

    def _require(self, right: bool, name: str, expected: str) -> None:
        if not right:
            raise ValueError(
                f"ConvBlock: {name}={shown(getattr(self, name))}; expected {expected}."
            )


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, Integral) and value is not True


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _is_number(value: Any, least: float, under: float = inf) -> bool:
    return isinstance(value, Real) and least <= float(value) < under


# Pooling comes first, which reduces the work of the others to a quarter.
_NORMALISED: dict[str, Any] = {
    "batch_norm": True,
    "batch_norm_momentum": 0.9,
    "order": ("pool", "batch_norm", "activation", "dropout"),
}
# Sides of images, in pixels.
_LARGEST_OF_INK, _SMALLEST_OF_STAGES = 40, 12
_MOST_STAGES = 16  # no image has 2**16 pixels along a side
_MOST_FILTERS = 512  # VGG's own limit


@dataclass(frozen=True, repr=False)
class PooledBlocks(Value):
    """The three blocks of our convolutional networks, given the filters of the first.

    Large images aren't padded, as digits have an empty margin; this halves the work of the
    convolutions.

    Parameters
    ----------
    filters : int
        Feature maps of the first block; the others have two and four times as many.

    Examples
    --------
    Calling it makes the blocks:

    >>> from skmnist.networks import PooledBlocks
    >>> [block.filters for block in PooledBlocks(24)()]
    [24, 48, 96]
    """

    filters: int

    def __post_init__(self) -> None:
        self()  # checks

    def __call__(self) -> tuple[ConvBlock, ...]:
        """Make the blocks.

        Returns
        -------
        conv_blocks : tuple of ConvBlock
            First to last.
        """
        common: dict[str, Any] = {"padding": "auto", **_NORMALISED}
        return (
            ConvBlock(self.filters, 5, pool="max", **common),
            ConvBlock(2 * self.filters, 3, pool="max", **common),
            ConvBlock(4 * self.filters, 3, **common),
        )


@dataclass(frozen=True, repr=False)
class VGGBlocks(Value):
    """Stages of two convolutions, as in VGG, for pictures that are filled to the border.

    Each stage ends in a pooling and has twice the feature maps of the stage before, up to VGG's
    512.  The first has one convolution, as it works on the largest images.  All are padded and
    normalised.

    Parameters
    ----------
    filters : int
        Feature maps of the first stage.
    n_stages : int, default=3
        Number of stages; each halves the sides of the image.

    References
    ----------
    K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale image
    recognition", ICLR 2015.

    Examples
    --------
    Calling it makes the blocks:

    >>> from skmnist.networks import VGGBlocks
    >>> [block.filters for block in VGGBlocks(16, n_stages=3)()]
    [16, 32, 32, 64, 64]
    """

    filters: int
    n_stages: int = 3

    def __post_init__(self) -> None:
        if not (_is_count(self.n_stages) and 1 <= self.n_stages <= _MOST_STAGES):
            raise ValueError(
                f"VGGBlocks: n_stages={shown(self.n_stages)}; expected a whole number >= 1, and "
                f"at most {_MOST_STAGES}."
            )
        self()  # checks

    def __call__(self) -> tuple[ConvBlock, ...]:
        """Make the blocks.

        Returns
        -------
        conv_blocks : tuple of ConvBlock
            First to last.
        """
        blocks = [ConvBlock(self.filters, 3, pool="max", padding="same", **_NORMALISED)]
        for stage in range(1, self.n_stages):
            filters = max(self.filters, min(2**stage * self.filters, _MOST_FILTERS))
            blocks += [
                ConvBlock(filters, 3, padding="same", **_NORMALISED),
                ConvBlock(filters, 3, pool="max", padding="same", **_NORMALISED),
            ]
        return tuple(blocks)


def blocks_for(image_shape: tuple[int, int, int], has_margin: bool) -> PooledBlocks | VGGBlocks:
    """Choose convolutions by the images.

    Ink on an empty margin, such as MNIST's, and very small images need three convolutions; other
    pictures more.  Chosen on held-out training images (`benchmarks/choose_defaults.py`).

    Parameters
    ----------
    image_shape : tuple (height, width, channels)
        The shape of one image.
    has_margin : bool
        Whether the border of the images is empty.

    Returns
    -------
    blocks : PooledBlocks or VGGBlocks

    Examples
    --------
    >>> from skmnist.networks._cnn import blocks_for
    >>> blocks_for((28, 28, 1), has_margin=True), blocks_for((64, 64, 3), has_margin=False)
    (PooledBlocks(filters=24), VGGBlocks(filters=20, n_stages=4))
    """
    height, width, channels = image_shape
    of_ink = channels == 1 and has_margin and max(height, width) <= _LARGEST_OF_INK
    if of_ink or min(height, width) < _SMALLEST_OF_STAGES:
        return PooledBlocks(24)
    # Each stage halves the sides; the last image keeps at least three pixels.
    n_stages = int(log2(min(height, width) / 3))
    return VGGBlocks(20 if channels > 1 else 16, n_stages)


def convolutional_network(
    input_shape: tuple[int, int, int],
    n_outputs: int,
    *,
    conv_blocks: Sequence[ConvBlock] = (ConvBlock(32, pool="max"),),
    hidden_units: Sequence[int] = (),
    activation: str = "relu",
    dropout: float | Sequence[float] = 0.0,
    hidden_batch_norm: bool = False,
    output_activation: str = "softmax",
    dtype: str = "float32",
    seed: int = 0,
) -> Any:
    """Build a network of convolutions, then dense layers.

    Parameters
    ----------
    input_shape : tuple (height, width, channels)
        The shape of one image.
    n_outputs : int
        Units of the last layer.
    conv_blocks : sequence of ConvBlock
        The convolutions, first to last.
    hidden_units : sequence of int, default=()
        Units of each dense layer between the convolutions and the output.
    activation : str, default="relu"
        Keras's name of the dense layers' activation.
    dropout : float or sequence of float, default=0.0
        The fraction of each dense layer's units that is dropped in training.
    hidden_batch_norm : bool, default=False
        Whether each dense layer's units are normalised over the batch.
    output_activation : str, default="softmax"
        Keras's name of the last layer's activation.
    dtype : str, default="float32"
        Keras's dtype policy: "float32", "mixed_bfloat16" or "float64".
    seed : int, default=0
        Decides the initial weights and the dropout.

    Returns
    -------
    network : keras.Model
        Takes images as floats, returns ``n_outputs`` numbers for each.

    Raises
    ------
    ValueError
        If a kernel without padding is larger than the image that reaches it, or Keras doesn't
        know an activation or an initializer.

    Examples
    --------
    The example of Keras's documentation:

    >>> from skmnist.networks import ConvBlock, convolutional_network
    >>> convolutional_network(
    ...     (28, 28, 1), 10,
    ...     conv_blocks=[ConvBlock(32, pool="max"), ConvBlock(64, pool="max", dropout=0.5)],
    ... ).count_params()
    34826
    """
    keras = load_keras()
    seeds = layer_seeds(seed)
    layers = [keras.Input(input_shape, name="images")]
    side_lengths = input_shape[:2]
    for i, block in enumerate(conv_blocks, start=1):
        new_layers, side_lengths = _block_layers(block, i, side_lengths, dtype, seeds)
        layers += new_layers
    return keras.Sequential(
        [
            *layers,
            flatten(dtype),
            *hidden_layers(hidden_units, activation, dropout, hidden_batch_norm, dtype, seeds),
            output_layer(n_outputs, output_activation, dtype, seeds),
        ],
        name="convolutional_network",
    )


def _block_layers(
    block: ConvBlock, number: int, sides: tuple[int, int], dtype: str, seeds: Iterator[int]
) -> tuple[list[Any], tuple[int, int]]:
    """Make a block's layers; also return the sides of their output image."""
    keras = load_keras()
    kernel, padding = _kernel_size(block, sides), _padding(block, sides)
    convolution = keras.layers.Conv2D(
        block.filters,
        kernel,
        strides=block.strides,
        padding=padding,
        data_format=CHANNELS_LAST,
        use_bias=_has_bias(block),
        kernel_initializer=make_initializer(
            block.kernel_initializer, next(seeds), "ConvBlock.kernel_initializer", n_dimensions=4
        ),
        kernel_regularizer=keras.regularizers.L2(block.l2) if block.l2 else None,
        dtype=dtype,
        name=f"conv_{number}",
    )
    sides = _convolved(block, number, kernel, padding, sides)
    pool = min(block.pool_size, sides[0]), min(block.pool_size, sides[1])
    followers = [
        _follower(step, block, pool, next(seeds), {"dtype": dtype, "name": f"{step}_{number}"})
        for step in block.order
    ]
    if block.pool:
        sides = _pooled(block, pool, sides)
    return [convolution, *(layer for layer in followers if layer is not None)], sides


def _follower(
    step: str, block: ConvBlock, pool: tuple[int, int], seed: int, settings: dict[str, str]
) -> Any:
    """Make one of the layers that follow a convolution; None if the block doesn't have it."""
    layers = load_keras().layers
    if step == "activation" and block.activation != "linear":
        activation = check_activation(block.activation, "ConvBlock.activation")
        return layers.Activation(activation, **settings)
    if step == "batch_norm" and block.batch_norm:
        return layers.BatchNormalization(momentum=block.batch_norm_momentum, **settings)
    if step == "pool" and block.pool:
        pooling = layers.MaxPooling2D if block.pool == "max" else layers.AveragePooling2D
        return pooling(pool, padding=block.pool_padding, data_format=CHANNELS_LAST, **settings)
    if step == "dropout" and block.dropout:
        return layers.Dropout(block.dropout, seed=seed, **settings)
    return None


def _has_bias(block: ConvBlock) -> bool:
    """Return whether there is a bias; by default, unless a normalisation cancels it."""
    if block.use_bias is not None:
        return block.use_bias
    order = block.order.index
    return not (block.batch_norm and order("batch_norm") < order("activation"))


def _kernel_size(block: ConvBlock, sides: tuple[int, int]) -> tuple[int, int]:
    """Return the kernel's height and width; on a line of pixels it is a line too."""
    height, width = (1 if side == 1 else block.kernel_size for side in sides)
    return height, width


def _padding(block: ConvBlock, sides: tuple[int, int]) -> str:
    """Replace "auto": by "valid" if the image is large enough to shrink, else "same"."""
    if block.padding != "auto":
        return block.padding
    left = [side - block.kernel_size + 1 for side in sides if side > 1]
    return "valid" if min(left, default=1) >= block.kernel_size else "same"


def _convolved(
    block: ConvBlock, number: int, kernel: tuple[int, int], padding: str, sides: tuple[int, int]
) -> tuple[int, int]:
    """Compute the sides of the convolution's output image."""
    if padding == "same":
        height, width = (-(-side // block.strides) for side in sides)
        return height, width
    if any(side < size for side, size in zip(sides, kernel, strict=True)):
        raise ValueError(
            f"conv_blocks: the kernel of block {number}, {kernel[0]} x {kernel[1]} pixels, does "
            f"not fit the image of {sides[0]} x {sides[1]} that reaches it. Use padding='same', "
            "a smaller kernel, fewer poolings or larger images."
        )
    height, width = (
        (side - size) // block.strides + 1 for side, size in zip(sides, kernel, strict=True)
    )
    return height, width


def _pooled(block: ConvBlock, pool: tuple[int, int], sides: tuple[int, int]) -> tuple[int, int]:
    """Compute the sides of the pooling's output image."""
    rounding = -1 if block.pool_padding == "same" else 1  # rounds up, or down
    height, width = (
        rounding * (rounding * side // size) for side, size in zip(sides, pool, strict=True)
    )
    return height, width
