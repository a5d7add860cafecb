"""What the builders have in common: seeds, padding, dropout rates, the output layer."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from numbers import Real
from typing import Any

import numpy as np

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown, unknown_name
from skmnist.networks._initializers import RandomUniform, make_initializer

# Passed to every layer with feature maps: the user's keras.json may have another default.
CHANNELS_LAST = "channels_last"


def layer_seeds(seed: int) -> Iterator[int]:
    """Yield a seed for each layer that draws random numbers, all derived from one."""
    rng = np.random.default_rng(seed)
    while True:
        yield int(rng.integers(2**31))


def all_layers(network: Any) -> Iterator[Any]:
    """Yield a network's layers, and those of the networks in it.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.networks._layers import all_layers
    >>> keras = load_keras()
    >>> inner = keras.Sequential([keras.layers.ReLU(name="a")], name="inner")
    >>> [layer.name for layer in all_layers(keras.Sequential([inner]))]
    ['inner', 'a']
    """
    for layer in network.layers:
        yield layer
        if isinstance(layer, load_keras().Model):
            yield from all_layers(layer)


_NO_ACTIVATIONS = {"deserialize", "get", "serialize"}
# Layers that compute the same as the function of their name, if they have default settings.
_ACTIVATION_LAYERS = {"ELU": "elu", "ReLU": "relu", "Softmax": "softmax"}


def check_activation(name: str, parameter: str) -> str:
    """Return an activation's name; raise an error with a near match if Keras doesn't know it."""
    name, known = activation_name(name, parameter), _activations()
    if name not in known:
        raise unknown_name(parameter, name, known)
    return name


_NAMES_OF_SKLEARN = {"identity": "linear", "logistic": "sigmoid"}


def activation_name(activation: Any, parameter: str) -> str:
    """Return Keras's name of an activation given as a name, as Keras's function or as a layer.

    The names of scikit-learn's ``MLPClassifier`` are accepted too.

    Raises
    ------
    ValueError
        If it is another object.
    """
    if isinstance(activation, str):
        return _NAMES_OF_SKLEARN.get(activation, activation)
    if activation is not None:
        layers = load_keras().layers
        if isinstance(activation, layers.Activation):
            return activation_name(activation.activation, parameter)
        for name, function in _activations().items():
            if activation is function:
                return name
        for layer, name in _ACTIVATION_LAYERS.items():
            made = getattr(layers, layer)
            if type(activation) is made and _settings(activation) == _settings(made()):
                return name
    raise ValueError(
        f"{parameter}={shown(activation)}; expected Keras's name of an activation, such as 'relu' "
        "('linear' for none), or one of its functions, such as keras.activations.relu."
    )


def _activations() -> dict[str, Any]:
    """Return Keras's activation functions by name."""
    functions = vars(load_keras().activations)
    return {
        name: function
        for name, function in functions.items()
        if callable(function) and name not in _NO_ACTIVATIONS and not name.startswith("_")
    }


def _settings(layer: Any) -> dict[str, Any]:
    return {**layer.get_config(), "name": None, "dtype": None}


def zero_padding(sides: tuple[int, int], padded: tuple[int, int], dtype: str) -> Any:
    """Return the layer that pads images with zeros; an odd row or column comes last."""
    missing = [wanted - side for side, wanted in zip(sides, padded, strict=True)]
    padding = tuple((n // 2, n - n // 2) for n in missing)
    return load_keras().layers.ZeroPadding2D(padding, CHANNELS_LAST, dtype=dtype, name="pad")


def enlarge(sides: tuple[int, int], dtype: str) -> Any:
    """Return the layer that enlarges images bilinearly."""
    return load_keras().layers.Resizing(
        *sides, data_format=CHANNELS_LAST, dtype=dtype, name="enlarge"
    )


def flatten(dtype: str, name: str = "flatten") -> Any:
    """Return the layer that flattens feature maps to rows."""
    return load_keras().layers.Flatten(CHANNELS_LAST, dtype=dtype, name=name)


def one_each(value: Any, n: int, parameter: str) -> list[float]:
    """Repeat one number for `n` layers, or check that there is one number per layer."""
    if not isinstance(value, Real):
        value = list(value)
        for one in value:
            if not isinstance(one, Real) or not 0 <= float(one) < 1:
                raise ValueError(f"{parameter} holds {shown(one)}; expected 0 <= {parameter} < 1.")
        if len(value) != n:
            raise ValueError(
                f"{parameter} has {len(value)} values for {n} hidden layers; give one number "
                "for all of them or one each."
            )
        return [float(one) for one in value]
    return [float(value)] * n


def dense_layer(
    n_units: int,
    activation: str,
    seeds: Iterator[int],
    *,
    dtype: str,
    name: str,
    use_bias: bool = True,
    kernel_initializer: str | RandomUniform = "glorot_uniform",
    bias_initializer: str | RandomUniform = "zeros",
    bias_learning_rate_factor: float = 1.0,
) -> Any:
    """Return a dense layer whose weights are drawn from our seeds."""
    kernel = make_initializer(kernel_initializer, next(seeds), "kernel_initializer", n_dimensions=2)
    # Zeros take no seed, so that the other layers' weights don't depend on the initializer.
    seed = next(seeds) if bias_initializer != "zeros" else 0
    settings = {
        "activation": activation,
        "use_bias": use_bias,
        "kernel_initializer": kernel,
        "bias_initializer": make_initializer(
            bias_initializer, seed, "bias_initializer", n_dimensions=1
        ),
        "dtype": dtype,
        "name": name,
    }
    if bias_learning_rate_factor == 1:
        return load_keras().layers.Dense(n_units, **settings)
    return _scaled_bias_dense()(n_units, bias_learning_rate_factor, **settings)


@cache
def _scaled_bias_dense() -> type[Any]:
    keras = load_keras()
    ops = keras.ops

    class ScaledBiasDense(keras.layers.Dense):  # type: ignore[name-defined]
        """A dense layer whose bias's gradient is multiplied by a factor."""

        def __init__(self, units: int, factor: float, **settings: Any) -> None:
            super().__init__(units, **settings)
            self.factor = factor

        def call(self, inputs: Any, training: Any = None) -> Any:
            fixed = ops.stop_gradient(self.bias)
            bias = fixed + self.factor * (self.bias - fixed)
            return self.activation(ops.matmul(inputs, self.kernel) + bias)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "factor": self.factor}

    return ScaledBiasDense


def hidden_layers(
    units: Sequence[int],
    activation: str,
    dropout: float | Sequence[float],
    batch_norm: bool,
    dtype: str,
    seeds: Iterator[int],
    make_dense: Callable[..., Any] = dense_layer,
) -> list[Any]:
    """Return dense layers, each followed by its batch normalisation and dropout."""
    keras = load_keras()
    check_activation(activation, "activation")
    layers = []
    rates = one_each(dropout, len(units), "dropout")
    for i, (n_units, rate) in enumerate(zip(units, rates, strict=True), start=1):
        layers.append(make_dense(n_units, activation, seeds, dtype=dtype, name=f"dense_{i}"))
        if batch_norm:
            layers.append(keras.layers.BatchNormalization(dtype=dtype, name=f"dense_norm_{i}"))
        if rate:
            layers.append(
                keras.layers.Dropout(rate, seed=next(seeds), dtype=dtype, name=f"dense_dropout_{i}")
            )
    return layers


def exact_dtype(policy: str) -> str:
    """Return the dtype of what is never in low precision: sums, lengths, probabilities.

    Examples
    --------
    >>> from skmnist.networks._layers import exact_dtype
    >>> exact_dtype("mixed_bfloat16")
    'float32'
    """
    return "float64" if policy == "float64" else "float32"


def output_layer(
    n_outputs: int,
    activation: str,
    dtype: str,
    seeds: Iterator[int],
    make_dense: Callable[..., Any] = dense_layer,
) -> Any:
    """Return the last layer; its sums and probabilities never have low precision."""
    check_activation(activation, "output_activation")
    return make_dense(n_outputs, activation, seeds, dtype=exact_dtype(dtype), name="output")
