"""Convolutional networks, given as data: a list of blocks, then dense layers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from skmnist._backend import load_keras
from skmnist._errors import unknown_name
from skmnist.networks._common import check_activation, hidden_layers, layer_seeds, output_layer

_STEPS = ("activation", "batch_norm", "pool", "dropout")


@dataclass(frozen=True)
class ConvBlock:
    """One convolution and what follows it.

    Parameters
    ----------
    filters : int
        Maps that the convolution makes.
    kernel_size : int, default=3
        Side of the square kernel, in pixels; on a single line of pixels, its length.
    strides : int, default=1
        Step of the kernel, in pixels.
    padding : {"valid", "same"}, default="valid"
        Whether the image shrinks by the kernel or is padded with zeros.
    activation : str, default="relu"
        Keras's name of the activation; "linear" for none.
    batch_norm : bool, default=False
        Normalise each map over the batch.
    batch_norm_momentum : float, default=0.99
        How slowly the running mean and variance follow the batches (Keras's default).
    pool : {"max", "average"} or None, default=None
        Kind of the pooling.
    pool_size : int, default=2
        Side of the pooling's square, in pixels; a smaller image is pooled to one pixel.
    dropout : float, default=0.0
        The part of the values that is dropped in training.
    l2 : float, default=0.0
        Weight of the kernel's squared norm in the loss.
    initializer : str, default="glorot_uniform"
        Keras's name of the kernel's initializer.
    use_bias : bool or None, default=None
        Whether each map has a bias; None: only where no normalisation follows at once.
    order : tuple of str, default=("activation", "batch_norm", "pool", "dropout")
        In which order the four follow the convolution.

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
    dropout: float = 0.0
    l2: float = 0.0
    initializer: str = "glorot_uniform"
    use_bias: bool | None = None
    order: tuple[str, ...] = _STEPS

    @classmethod
    def of(cls, block: "ConvBlock | dict[str, Any] | int") -> "ConvBlock":
        """Make a block of a dict of its parameters, or of its number of filters."""
        if isinstance(block, cls):
            return block
        if isinstance(block, dict):
            unknown = sorted(set(block) - set(cls.__dataclass_fields__))
            if unknown:
                raise unknown_name("conv_blocks: parameter", unknown[0], cls.__dataclass_fields__)
            return cls(**block)
        if isinstance(block, Integral) and block is not True:
            return cls(int(block))
        raise TypeError(
            f"conv_blocks holds {block!r}; expected a ConvBlock, a dict of its parameters or a "
            "number of filters."
        )

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", tuple(self.order))
        for name in ("filters", "kernel_size", "strides", "pool_size"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"ConvBlock: {name}={value!r}; expected a whole number >= 1.")
        if self.padding not in ("valid", "same"):
            raise ValueError(f"ConvBlock: padding={self.padding!r}; expected 'valid' or 'same'.")
        if self.pool not in (None, "max", "average"):
            raise ValueError(f"ConvBlock: pool={self.pool!r}; expected 'max', 'average' or None.")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"ConvBlock: dropout={self.dropout!r}; expected 0 <= dropout < 1.")
        if sorted(self.order) != sorted(_STEPS):
            raise ValueError(f"ConvBlock: order={self.order!r}; expected {_STEPS} in any order.")


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
        The part of each dense layer's units that is dropped in training.
    hidden_batch_norm : bool, default=False
        Normalise each dense layer's units over the batch.
    output_activation : str, default="softmax"
        Keras's name of the last layer's activation.
    dtype : str, default="float32"
        Keras's dtype policy: "float32", "mixed_bfloat16" or "float64".
    seed : int, default=0
        Decides the initial weights and the dropout.

    Returns
    -------
    network : keras.Model
        Takes images of floats, gives ``n_outputs`` numbers each.

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
            keras.layers.Flatten(dtype=dtype, name="flatten"),
            *hidden_layers(hidden_units, activation, dropout, hidden_batch_norm, dtype, seeds),
            output_layer(n_outputs, output_activation, dtype, seeds),
        ],
        name="convolutional_network",
    )


def _block_layers(
    block: ConvBlock, number: int, sides: tuple[int, int], dtype: str, seeds: Iterator[int]
) -> tuple[list[Any], tuple[int, int]]:
    """Make a block's layers, and tell the sides of the image that leaves them."""
    keras = load_keras()
    after_convolution = _convolved(block, number, sides)
    pool_size = tuple(min(block.pool_size, side) for side in after_convolution)
    normed_at_once = block.batch_norm and block.order.index("batch_norm") < block.order.index(
        "activation"
    )
    convolution = keras.layers.Conv2D(
        block.filters,
        _kernel_size(block, sides),
        strides=block.strides,
        padding=block.padding,
        use_bias=not normed_at_once if block.use_bias is None else block.use_bias,
        kernel_initializer=_initializer(block.initializer, next(seeds)),
        kernel_regularizer=keras.regularizers.L2(block.l2) if block.l2 else None,
        dtype=dtype,
        name=f"conv_{number}",
    )
    followers = {
        "activation": (
            block.activation != "linear",
            lambda name: keras.layers.Activation(
                check_activation(block.activation, "ConvBlock.activation"), dtype=dtype, name=name
            ),
        ),
        "batch_norm": (
            block.batch_norm,
            lambda name: keras.layers.BatchNormalization(
                momentum=block.batch_norm_momentum, dtype=dtype, name=name
            ),
        ),
        "pool": (
            block.pool is not None,
            lambda name: (
                keras.layers.MaxPooling2D if block.pool == "max" else keras.layers.AveragePooling2D
            )(pool_size, dtype=dtype, name=name),
        ),
        "dropout": (
            block.dropout > 0,
            lambda name: keras.layers.Dropout(
                block.dropout, seed=next(seeds), dtype=dtype, name=name
            ),
        ),
    }
    layers = [convolution]
    for step in block.order:
        wanted, make = followers[step]
        if wanted:
            layers.append(make(f"{step}_{number}"))
    if block.pool is None:
        return layers, after_convolution
    height, width = (side // size for side, size in zip(after_convolution, pool_size, strict=True))
    return layers, (height, width)


def _kernel_size(block: ConvBlock, sides: tuple[int, int]) -> tuple[int, int]:
    """Give a line of pixels a kernel that is a line too."""
    height, width = (1 if side == 1 else block.kernel_size for side in sides)
    return height, width


def _convolved(block: ConvBlock, number: int, sides: tuple[int, int]) -> tuple[int, int]:
    """Tell the sides of the image that leaves the convolution."""
    if block.padding == "same":
        height, width = (-(-side // block.strides) for side in sides)
        return height, width
    kernel = _kernel_size(block, sides)
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


def _initializer(name: str, seed: int) -> Any:
    keras = load_keras()
    try:
        known = keras.initializers.get(name)
    except ValueError as error:
        raise ValueError(
            f"ConvBlock: initializer={name!r} is no initializer of Keras; "
            "'glorot_uniform' and 'he_normal' are."
        ) from error
    config = known.get_config()
    return type(known).from_config({**config, "seed": seed} if "seed" in config else config)
