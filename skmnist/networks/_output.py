"""The last layer of a network, and so what its outputs are."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skmnist._utils.backend import load_keras
from skmnist._utils.keras import last_layer


@dataclass(frozen=True)
class Output:
    """The last layer of a network.

    Parameters
    ----------
    n_units : int
        Number of outputs.
    activation : str or None
        Keras's name of its activation; None if it is not known, but returns values from 0 to 1.

    Examples
    --------
    >>> from skmnist.networks import Architecture, dense_network
    >>> from skmnist.networks._output import Output
    >>> network = Architecture.of(dense_network, input_shape=(2, 2, 1), n_outputs=3).build(seed=0)
    >>> Output.of(network, network)
    Output(n_units=3, activation='softmax')
    """

    n_units: int
    activation: str | None

    @classmethod
    def of(cls, network: Any, adapted_network: Any) -> "Output":
        """Find the last layer of a network."""
        keras = load_keras()
        last, n_units = last_layer(network), adapted_network.output_shape[-1]
        if isinstance(last, keras.layers.Softmax):
            return cls(n_units, "softmax")
        if isinstance(last, keras.layers.Dense | keras.layers.Activation):
            name = getattr(last.activation, "__name__", "")
            if last.activation is getattr(keras.activations, name, None):
                return cls(n_units, name)
        return cls(n_units, None if _are_fractions(adapted_network) else "linear")


def _are_fractions(network: Any) -> bool:
    """Return whether the outputs are from 0 to 1 for all inputs, very large ones too."""
    rng, shape = np.random.default_rng(0), (64, *network.input_shape[1:])
    convert = load_keras().ops.convert_to_numpy
    small, large = rng.random(shape), 1e3 * rng.normal(size=shape)
    for inputs in (small, small.round(), large):
        try:
            outputs = convert(network(inputs.astype(network.inputs[0].dtype), training=False))
        except Exception:  # large numbers are no indices, for example
            continue
        if (outputs < 0).any() or (outputs > 1).any():
            return False
    return True
