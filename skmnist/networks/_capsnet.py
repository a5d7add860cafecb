"""Capsule networks with dynamic routing."""

from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from skmnist._utils.backend import load_keras
from skmnist.networks._layers import CHANNELS_LAST, exact_dtype, layer_seeds

# The length at which the squash is steepest; short vectors pass almost no gradient.
_STEEPEST = 3**-0.5
# The standard deviation of a standard normal distribution truncated at -2 and 2.
_TRUNCATED = 0.88


def capsule_network(
    input_shape: tuple[int, int, int],
    n_outputs: int,
    *,
    filters: int = 64,
    n_primary_maps: int = 8,
    primary_dim: int = 8,
    class_dim: int = 16,
    n_routings: int = 3,
    kernel_size: int = 9,
    dtype: str = "float32",
    seed: int = 0,
) -> Any:
    """Build a capsule network as Sabour et al. describe it, without the reconstruction.

    A convolution; a second one of stride 2, whose feature maps, grouped, are the components of the
    primary capsules; one capsule per class, found by the agreement of the primary ones.  A
    capsule's length expresses how confident it is that what it represents is present.

    Parameters
    ----------
    input_shape : tuple (height, width, channels)
        The shape of one image.
    n_outputs : int
        Number of capsules in the last layer, one per class.
    filters : int, default=64
        Number of filters of the first convolution; 256 in the paper.
    n_primary_maps : int, default=8
        Number of primary capsules at each position of the second convolution; 32 in the paper.
    primary_dim : int, default=8
        Dimension of a primary capsule.
    class_dim : int, default=16
        Dimension of a class's capsule.
    n_routings : int, default=3
        Number of routing iterations; with 1, all couplings are equal.
    kernel_size : int, default=9
        Side of both square kernels, in pixels; at most half of the image's side.
    dtype : str, default="float32"
        Keras's dtype policy: "float32", "mixed_bfloat16" or "float64".
    seed : int, default=0
        Determines the initial weights: He's for the convolutions; those of the class capsules are
        such that their lengths begin where the squash is steepest.

    Returns
    -------
    network : keras.Model
        Takes images of floats and returns ``n_outputs`` lengths for each, from 0 to 1.

    References
    ----------
    S. Sabour, N. Frosst and G. E. Hinton, "Dynamic routing between capsules", NeurIPS 2017.

    Examples
    --------
    The paper's network:

    >>> from skmnist.networks import capsule_network
    >>> capsule_network((28, 28, 1), 10, filters=256, n_primary_maps=32).count_params()
    6804224
    """
    keras, layers = load_keras(), _capsule_layers()
    seeds = layer_seeds(seed)
    images = keras.Input(input_shape, name="images")
    maps = _convolution(images, filters, kernel_size, 1, "conv_1", dtype, seeds)
    maps = keras.layers.ReLU(dtype=dtype, name="relu_1")(maps)
    n_maps = n_primary_maps * primary_dim
    maps = _convolution(maps, n_maps, kernel_size, 2, "primary_conv", dtype, seeds)
    primary = keras.layers.Reshape((-1, primary_dim), dtype=dtype, name="primary_vectors")(maps)
    primary = layers.Squash(dtype=dtype, name="primary_capsules")(primary)
    routed = layers.Routing(
        n_outputs, class_dim, n_routings, seed=next(seeds), dtype=dtype, name="class_capsules"
    )(primary)
    lengths = layers.Length(dtype=exact_dtype(dtype), name="output")(routed)
    return keras.Model(images, lengths, name="capsule_network")


def _convolution(
    maps: Any, n_maps: int, size: int, strides: int, name: str, dtype: str, seeds: Iterator[int]
) -> Any:
    """Convolve without padding, by a kernel that fits small images."""
    keras = load_keras()
    # Not narrower than the stride, or pixels would be left out.
    kernel = tuple(min(size, max(-(-side // 2), strides), side) for side in maps.shape[1:3])
    return keras.layers.Conv2D(
        n_maps,
        kernel,
        strides=strides,
        data_format=CHANNELS_LAST,
        # Glorot's also counts the outputs, and its weights would make the values almost vanish.
        kernel_initializer=keras.initializers.HeUniform(seed=next(seeds)),
        dtype=dtype,
        name=name,
    )(maps)


def squash(vectors: Any) -> Any:
    """Shrink vectors to a length below 1, with the same direction (the paper's equation 1).

    Parameters
    ----------
    vectors : tensor of shape (..., dim)

    Returns
    -------
    squashed : tensor of shape (..., dim)
        Long vectors have a length near 1, short ones near 0.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.networks._capsnet import squash
    >>> print(np.asarray(squash(np.array([[0.0, 3.0]]))).round(3))
    [[0.  0.9]]
    """
    ops = load_keras().ops
    squared = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    return vectors * (_root(squared) / (1 + squared))


def _root(squared: Any) -> Any:
    """Return a square root whose slope at zero is finite."""
    return load_keras().ops.sqrt(squared + 1e-7)


def route(capsules: Any, weights: Any, n_routings: int) -> Any:
    """Route capsules by agreement to the capsules of the layer above.

    Parameters
    ----------
    capsules : tensor of shape (n, n_below, dim_below)
        The capsules of the layer below.
    weights : tensor of shape (n_above, n_below * dim_below, dim_above)
        Each capsule is multiplied by its weights to predict those above.
    n_routings : int
        Number of routing iterations; with 1, all couplings are equal.

    Returns
    -------
    capsules : tensor of shape (n, n_above, dim_above)
        In float32 if `capsules` have lower precision.

    Notes
    -----
    The paper's procedure 1.  The predictions, ``n * n_below * n_above * dim_above`` numbers, are
    never stored: the coupling is applied to the capsules before they are multiplied by the
    weights, and agreement is also computed without them, so that all work is in matrix products.
    No gradient flows through the iterations for the coupling; the paper doesn't specify this.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.networks._capsnet import route
    >>> tuple(route(np.ones((5, 6, 2)), np.ones((3, 6 * 2, 4)), n_routings=3).shape)
    (5, 3, 4)
    """
    keras = load_keras()
    ops, low = keras.ops, keras.backend.standardize_dtype(capsules.dtype)
    exact = exact_dtype(low)
    n_below, dim_below = capsules.shape[1:]
    n_above = weights.shape[0]

    def above(coupling: Any) -> Any:
        sent = ops.cast(coupling, low)[..., None] * capsules
        sent = ops.reshape(sent, (n_above, -1, n_below * dim_below))
        return squash(ops.cast(ops.matmul(sent, weights), exact))

    def agreement(vectors: Any) -> Any:
        seen_below = ops.matmul(ops.cast(vectors, low), ops.transpose(weights, (0, 2, 1)))
        seen_below = ops.reshape(seen_below, (n_above, -1, n_below, dim_below))
        return ops.sum(ops.cast(seen_below * capsules, exact), axis=-1)

    coupling: Any = ops.full((n_above, 1, 1), 1 / n_above, dtype=exact)
    logits: Any = 0.0
    for _ in range(n_routings - 1):
        logits = logits + agreement(above(coupling))
        coupling = ops.softmax(logits, axis=0)
    # No gradient flows through the iterations for the coupling.
    return ops.transpose(above(ops.stop_gradient(coupling)), (1, 0, 2))


@cache
def _capsule_layers() -> SimpleNamespace:
    """Define the three layers that Keras lacks, once it is loaded."""
    keras = load_keras()
    Layer: Any = keras.layers.Layer

    # With `compute_output_shape`, Keras builds a model without computing anything.
    class Squash(Layer):
        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape

        def call(self, vectors: Any) -> Any:
            exact = keras.ops.cast(vectors, exact_dtype(self.compute_dtype))
            return keras.ops.cast(squash(exact), self.compute_dtype)

    class Routing(Layer):
        def __init__(
            self, n_capsules: int, dim: int, n_routings: int, seed: int, **settings: Any
        ) -> None:
            super().__init__(**settings)
            self._n_capsules, self._dim, self._n_routings = n_capsules, dim, n_routings
            self._seed = seed

        def build(self, input_shape: Any) -> None:
            _, n_below, dim_below = input_shape
            # A vector's squared length sums n_below * dim terms, for couplings of 1 / n_capsules
            # and capsules of length 1.
            stddev = _STEEPEST * self._n_capsules / np.sqrt(n_below * self._dim) / _TRUNCATED
            initializer = keras.initializers.TruncatedNormal(stddev=stddev, seed=self._seed)
            shape = (self._n_capsules, n_below * dim_below, self._dim)
            self.kernel = self.add_weight(shape, initializer, name="kernel")

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape[0], self._n_capsules, self._dim

        def call(self, capsules: Any) -> Any:
            return route(capsules, self.kernel, self._n_routings)

    class Length(Layer):
        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape[:-1]

        def call(self, vectors: Any) -> Any:
            return _root(keras.ops.sum(keras.ops.square(vectors), axis=-1))

    return SimpleNamespace(Squash=Squash, Routing=Routing, Length=Length)
