"""What every builder does alike: seeds, padding, dropout rates, the output layer."""

from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any

import numpy as np

from skmnist._backend import load_keras
from skmnist._errors import unknown_name


def layer_seeds(seed: int) -> Iterator[int]:
    """Yield a seed for each layer that draws numbers, all decided by one."""
    rng = np.random.default_rng(seed)
    while True:
        yield int(rng.integers(2**31))


def check_activation(name: str, parameter: str) -> str:
    """Refuse an activation that Keras doesn't know, with a near match suggested."""
    keras = load_keras()
    known = {n for n in dir(keras.activations) if not n.startswith("_")} - {
        "deserialize",
        "get",
        "serialize",
    }
    if name not in known:
        raise unknown_name(parameter, name, known)
    return name


def zero_padding(sides: tuple[int, int], padded: tuple[int, int], dtype: str) -> Any:
    """Make the layer that puts zeros around images; an odd one comes last."""
    missing = [wanted - side for side, wanted in zip(sides, padded, strict=True)]
    padding = tuple((n // 2, n - n // 2) for n in missing)
    return load_keras().layers.ZeroPadding2D(padding, dtype=dtype, name="pad")


def one_each(value: Any, n: int, parameter: str) -> list[float]:
    """Repeat one number for `n` layers, or check that there is one number a layer."""
    if not isinstance(value, Real):
        value = list(value)
        for one in value:
            if not isinstance(one, Real) or not 0 <= float(one) < 1:
                raise ValueError(f"{parameter} holds {one!r}; expected 0 <= {parameter} < 1.")
        if len(value) != n:
            raise ValueError(
                f"{parameter} has {len(value)} values for {n} hidden layers; give one number "
                "for all of them or one each."
            )
        return [float(one) for one in value]
    return [float(value)] * n


def hidden_layers(
    units: Sequence[int],
    activation: str,
    dropout: float | Sequence[float],
    batch_norm: bool,
    dtype: Any,
    seeds: Iterator[int],
    use_bias: bool = True,
) -> list[Any]:
    """Make dense layers, each followed by its batch normalisation and dropout."""
    keras = load_keras()
    check_activation(activation, "activation")
    layers = []
    rates = one_each(dropout, len(units), "dropout")
    for i, (n_units, rate) in enumerate(zip(units, rates, strict=True), start=1):
        layers.append(
            keras.layers.Dense(
                n_units,
                activation=activation,
                use_bias=use_bias,
                kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
                dtype=dtype,
                name=f"dense_{i}",
            )
        )
        if batch_norm:
            layers.append(keras.layers.BatchNormalization(dtype=dtype, name=f"dense_norm_{i}"))
        if rate:
            layers.append(
                keras.layers.Dropout(rate, seed=next(seeds), dtype=dtype, name=f"dense_dropout_{i}")
            )
    return layers


def output_layer(
    n_outputs: int, activation: str, dtype: str, seeds: Iterator[int], use_bias: bool = True
) -> Any:
    """Make the last layer; its sums and probabilities are never of low precision."""
    keras = load_keras()
    check_activation(activation, "output_activation")
    return keras.layers.Dense(
        n_outputs,
        activation=activation,
        use_bias=use_bias,
        kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
        dtype="float64" if dtype == "float64" else "float32",
        name="output",
    )
