"""Dense networks, from a single neuron upwards."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist.networks._initializers import RandomUniform
from skmnist.networks._layers import dense_layer, flatten, hidden_layers, layer_seeds, output_layer


def dense_network(
    input_shape: tuple[int, int, int],
    n_outputs: int,
    *,
    hidden_units: Sequence[int] = (128,),
    activation: str = "relu",
    dropout: float | Sequence[float] = 0.0,
    output_activation: str = "softmax",
    use_bias: bool = True,
    kernel_initializer: str | RandomUniform = "glorot_uniform",
    bias_initializer: str | RandomUniform = "zeros",
    bias_learning_rate_factor: float = 1.0,
    dtype: str = "float32",
    seed: int = 0,
) -> Any:
    """Build a network of dense layers.

    Parameters
    ----------
    input_shape : tuple (height, width, channels)
        The shape of one image.
    n_outputs : int
        Number of units of the last layer.
    hidden_units : sequence of int, default=(128,)
        Number of units of each hidden layer; an empty one makes a logistic regression.
    activation : str, default="relu"
        Keras's name of the hidden layers' activation.
    dropout : float or sequence of float, default=0.0
        The fraction of each hidden layer's units that is dropped in training.
    output_activation : str, default="softmax"
        Keras's name of the last layer's activation.
    use_bias : bool, default=True
        Whether layers have biases.
    kernel_initializer, bias_initializer : str or RandomUniform, default="glorot_uniform", "zeros"
        Initializers of the weights and the biases, by Keras's names.
    bias_learning_rate_factor : float, default=1.0
        The gradients of the biases are multiplied by it.
    dtype : str, default="float32"
        Keras's dtype policy: "float32", "mixed_bfloat16" or "float64".
    seed : int, default=0
        Determines the initial weights and the dropout.

    Returns
    -------
    network : keras.Model
        Takes images of floats, returns ``n_outputs`` numbers for each.

    Raises
    ------
    ValueError
        If Keras doesn't know an activation or an initializer, or `dropout` doesn't fit
        `hidden_units`.

    Examples
    --------
    >>> from skmnist.networks import dense_network
    >>> dense_network((28, 28, 1), 10, hidden_units=(512, 512), dropout=0.2).count_params()
    669706
    """
    keras = load_keras()
    seeds = layer_seeds(seed)
    make_dense = partial(
        dense_layer,
        use_bias=use_bias,
        kernel_initializer=kernel_initializer,
        bias_initializer=bias_initializer,
        bias_learning_rate_factor=bias_learning_rate_factor if use_bias else 1.0,
    )
    return keras.Sequential(
        [
            keras.Input(input_shape, name="images"),
            flatten(dtype),
            *hidden_layers(hidden_units, activation, dropout, False, dtype, seeds, make_dense),
            output_layer(n_outputs, output_activation, dtype, seeds, make_dense),
        ],
        name="dense_network",
    )
