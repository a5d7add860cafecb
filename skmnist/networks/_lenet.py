"""LeNet-5."""

from typing import Any

from skmnist._utils.backend import load_keras
from skmnist.networks._layers import (
    CHANNELS_LAST,
    check_activation,
    enlarge,
    flatten,
    hidden_layers,
    layer_seeds,
    output_layer,
    zero_padding,
)

_SIDE = 28  # of the images that LeNet-5 was designed for, before they are padded to 32


def lenet5(
    input_shape: tuple[int, int, int],
    n_outputs: int,
    *,
    activation: str = "tanh",
    output_activation: str = "softmax",
    dtype: str = "float32",
    seed: int = 0,
) -> Any:
    """Build LeNet-5 as LeCun et al. describe it, in the form that is usual in Keras.

    Images of 28 x 28 are padded to 32 x 32; then come convolutions of 5 x 5 with 6 and 16 feature
    maps, each followed by average pooling of 2 x 2, and dense layers of 120 and 84 units.  Smaller
    sides are first enlarged to 28 (bilinear), sides from 28 to 32 are padded to 32, larger ones
    stay unchanged.

    Parameters
    ----------
    input_shape : tuple (height, width, channels)
        The shape of one image.
    n_outputs : int
        Number of units of the last layer.
    activation : str, default="tanh"
        Keras's name of the activation of all other layers.
    output_activation : str, default="softmax"
        Keras's name of the last layer's activation.
    dtype : str, default="float32"
        Keras's dtype policy: "float32", "mixed_bfloat16" or "float64".
    seed : int, default=0
        Determines the initial weights (Glorot uniform, biases zero).

    Returns
    -------
    network : keras.Model
        61,706 parameters for grey images of 28 x 28 and 10 classes.

    Raises
    ------
    ValueError
        If Keras doesn't know the activation.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 1998.

    Examples
    --------
    >>> from skmnist.networks import lenet5
    >>> lenet5((28, 28, 1), 10).count_params()
    61706
    """
    keras = load_keras()
    seeds = layer_seeds(seed)
    check_activation(activation, "activation")

    def maps(n_maps: int, name: str) -> Any:
        return keras.layers.Conv2D(
            n_maps,
            5,
            data_format=CHANNELS_LAST,
            activation=activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            dtype=dtype,
            name=name,
        )

    def halve(name: str) -> Any:
        return keras.layers.AveragePooling2D(2, data_format=CHANNELS_LAST, dtype=dtype, name=name)

    return keras.Sequential(
        [
            keras.Input(input_shape, name="images"),
            *_fitted_to_32(input_shape, dtype),
            maps(6, "conv_1"),
            halve("pool_1"),
            maps(16, "conv_2"),
            halve("pool_2"),
            flatten(dtype),
            *hidden_layers((120, 84), activation, 0.0, False, dtype, seeds),
            output_layer(n_outputs, output_activation, dtype, seeds),
        ],
        name="lenet5",
    )


def _fitted_to_32(input_shape: tuple[int, int, int], dtype: str) -> list[Any]:
    height, width, _ = input_shape
    enlarged = max(height, _SIDE), max(width, _SIDE)
    layers = []
    if enlarged != (height, width):
        layers.append(enlarge(enlarged, dtype))
    padded = max(enlarged[0], 32), max(enlarged[1], 32)
    if padded != enlarged:
        layers.append(zero_padding(enlarged, padded, dtype))
    return layers
