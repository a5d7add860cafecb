"""Residual networks for small images."""

from collections.abc import Iterator, Sequence
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist.networks._layers import CHANNELS_LAST, layer_seeds, output_layer


def residual_network(
    input_shape: tuple[int, int, int],
    n_outputs: int,
    *,
    filters: Sequence[int] = (16, 32, 64),
    n_blocks: int = 1,
    output_activation: str = "softmax",
    dtype: str = "float32",
    seed: int = 0,
) -> Any:
    """Build a residual network as He et al. describe it for CIFAR-10.

    A convolution of 3 x 3, then stages of basic blocks: two convolutions of 3 x 3, each
    normalised, and a shortcut that is added to them.  Each stage but the first halves the sides;
    there the shortcut takes every second pixel and adds feature maps of zeros (the paper's option
    A, which has no parameters).  Then the mean of each feature map, and the output.

    Parameters
    ----------
    input_shape : tuple (height, width, channels)
        The shape of one image; if it is a single line of pixels, kernels are lines too.
    n_outputs : int
        Number of units of the last layer.
    filters : sequence of int, default=(16, 32, 64)
        Number of filters in each stage, never decreasing.
    n_blocks : int, default=1
        Number of blocks per stage.  With three stages, the paper's ResNet-20, 32, 44, 56 and 110
        have 3, 5, 7, 9 and 18.
    output_activation : str, default="softmax"
        Keras's name of the last layer's activation.
    dtype : str, default="float32"
        Keras's dtype policy: "float32", "mixed_bfloat16" or "float64".
    seed : int, default=0
        Determines the initial weights (He normal).

    Returns
    -------
    network : keras.Model
        Takes images of floats, returns ``n_outputs`` numbers for each.

    Raises
    ------
    ValueError
        If there is no stage or no block, or a stage has fewer filters than the one before.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016,
    section 4.2.

    Examples
    --------
    The paper's ResNet-20, with 0.27 million parameters:

    >>> import numpy as np
    >>> from skmnist.networks import residual_network
    >>> network = residual_network((32, 32, 3), 10, n_blocks=3)
    >>> sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    269722
    """
    _check_stages(filters, n_blocks)
    keras = load_keras()
    seeds = layer_seeds(seed)
    images = keras.Input(input_shape, name="images")
    maps = _normalized_convolution(images, filters[0], 1, "stem", dtype, seeds)
    maps = keras.layers.ReLU(dtype=dtype, name="stem_relu")(maps)
    for stage, width in enumerate(filters, start=1):
        for block in range(1, n_blocks + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            maps = _basic_block(maps, width, strides, f"block_{stage}_{block}", dtype, seeds)
    features = keras.layers.GlobalAveragePooling2D(CHANNELS_LAST, dtype=dtype, name="average")(maps)
    outputs = output_layer(n_outputs, output_activation, dtype, seeds)(features)
    return keras.Model(images, outputs, name="residual_network")


def _check_stages(filters: Sequence[int], n_blocks: int) -> None:
    if not filters or list(filters) != sorted(filters):
        raise ValueError(
            f"filters={tuple(filters)}; expected those of at least one stage, none fewer than in "
            "the stage before, such as (16, 32, 64)."
        )
    if n_blocks < 1:
        raise ValueError(f"n_blocks={n_blocks}; expected at least 1.")


def _basic_block(
    maps: Any, width: int, strides: int, name: str, dtype: str, seeds: Iterator[int]
) -> Any:
    """Apply two convolutions and add the shortcut."""
    layers = load_keras().layers
    residual = _normalized_convolution(maps, width, strides, f"{name}_1", dtype, seeds)
    residual = layers.ReLU(dtype=dtype, name=f"{name}_1_relu")(residual)
    residual = _normalized_convolution(residual, width, 1, f"{name}_2", dtype, seeds)
    around = _shortcut(maps, width, strides, name, dtype)
    total = layers.Add(dtype=dtype, name=f"{name}_add")([residual, around])
    return layers.ReLU(dtype=dtype, name=name)(total)


def _normalized_convolution(
    maps: Any, width: int, strides: int, name: str, dtype: str, seeds: Iterator[int]
) -> Any:
    keras = load_keras()
    # For a line of pixels, the kernel is a line too.
    kernel = tuple(1 if side == 1 else 3 for side in maps.shape[1:3])
    convolution = keras.layers.Conv2D(
        width,
        kernel,
        strides=strides,
        padding="same",
        data_format=CHANNELS_LAST,
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(seed=next(seeds)),
        dtype=dtype,
        name=f"{name}_conv",
    )
    norm = keras.layers.BatchNormalization(momentum=0.9, dtype=dtype, name=f"{name}_norm")
    return norm(convolution(maps))


def _shortcut(maps: Any, width: int, strides: int, name: str, dtype: str) -> Any:
    """Take every second pixel if the block does, and add feature maps of zeros where needed."""
    layers = load_keras().layers
    if strides > 1:
        every_second = layers.AveragePooling2D(
            1, strides, data_format=CHANNELS_LAST, dtype=dtype, name=f"{name}_subsample"
        )
        maps = every_second(maps)
    lacking = width - maps.shape[-1]
    if lacking:
        # With "channels_first", the two axes that it pads are our width and our channels.
        pad = layers.ZeroPadding2D(
            ((0, 0), (0, lacking)), "channels_first", dtype=dtype, name=f"{name}_pad"
        )
        maps = pad(maps)
    return maps
