"""Networks for sequences of words, each word represented by its index."""

from collections.abc import Iterator, Sequence
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist.networks._layers import (
    CHANNELS_LAST,
    check_activation,
    flatten,
    hidden_layers,
    layer_seeds,
    output_layer,
)

UNKNOWN = 2  # the index of all words that aren't known, as in Keras's `imdb.load_data`


def sequence_cnn(
    input_shape: tuple[int, int, int],
    n_outputs: int,
    *,
    vocabulary_size: int,
    embedding_dim: int = 32,
    filters: int = 32,
    kernel_size: int = 3,
    pool_size: int = 2,
    hidden_units: Sequence[int] = (250,),
    activation: str = "relu",
    dropout: float | Sequence[float] = 0.0,
    output_activation: str = "softmax",
    dtype: str = "float32",
    seed: int = 0,
) -> Any:
    """Build an embedding of words, a convolution along the sequence, max pooling and dense layers.

    Parameters
    ----------
    input_shape : tuple (1, length, 1)
        The shape of one sequence, as an image of one row.
    n_outputs : int
        Number of units of the last layer.
    vocabulary_size : int
        Rows of the embedding; an index of `vocabulary_size` or more counts as the unknown word, 2.
    embedding_dim : int, default=32
        Dimension of the embedding.
    filters : int, default=32
        Number of filters of the convolution, which keeps the length.
    kernel_size : int, default=3
        Number of words that a filter covers.
    pool_size : int, default=2
        Number of positions that max pooling combines; a remainder at the end is pooled too.
    hidden_units : sequence of int, default=(250,)
        Number of units of each hidden dense layer.
    activation : str, default="relu"
        Keras's name of the activation of the convolution and of the hidden layers.
    dropout : float or sequence of float, default=0.0
        The fraction of each hidden dense layer's units that is dropped in training.
    output_activation : str, default="softmax"
        Keras's name of the last layer's activation.
    dtype : str, default="float32"
        Keras's dtype policy: "float32", "mixed_bfloat16" or "float64".
    seed : int, default=0
        Determines the initial weights (Glorot uniform, of the embedding uniform within 0.05, biases
        zero) and the dropout.

    Returns
    -------
    network : keras.Model
        Takes whole numbers as floats, returns ``n_outputs`` numbers per sequence.

    Raises
    ------
    ValueError
        If Keras doesn't know an activation, or `dropout` doesn't fit `hidden_units`.

    Examples
    --------
    >>> from skmnist.text import sequence_cnn
    >>> network = sequence_cnn((1, 500, 1), 1, vocabulary_size=5000, output_activation="sigmoid")
    >>> network.count_params()
    2163605
    """
    keras = load_keras()
    seeds = layer_seeds(seed)
    check_activation(activation, "activation")
    indices, words = _embedded_words(input_shape, vocabulary_size, embedding_dim, dtype, seeds)
    layers = [
        keras.layers.Conv1D(
            filters,
            kernel_size,
            padding="same",
            data_format=CHANNELS_LAST,
            activation=activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            dtype=dtype,
            name="conv",
        ),
        # A sequence may be shorter than a pool.
        keras.layers.MaxPooling1D(
            min(pool_size, input_shape[1]),
            padding="same",
            data_format=CHANNELS_LAST,
            dtype=dtype,
            name="pool",
        ),
        flatten(dtype),
        *hidden_layers(hidden_units, activation, dropout, False, dtype, seeds),
        output_layer(n_outputs, output_activation, dtype, seeds),
    ]
    return keras.Model(indices, _in_turn(layers, words), name="sequence_cnn")


def sequence_dense_network(
    input_shape: tuple[int, int, int],
    n_outputs: int,
    *,
    vocabulary_size: int,
    embedding_dim: int = 32,
    hidden_units: Sequence[int] = (250,),
    activation: str = "relu",
    dropout: float | Sequence[float] = 0.0,
    output_activation: str = "softmax",
    dtype: str = "float32",
    seed: int = 0,
) -> Any:
    """Build an embedding of words followed by dense layers over the whole sequence.

    Parameters
    ----------
    input_shape : tuple (1, length, 1)
        The shape of one sequence, as an image of one row.
    n_outputs : int
        Number of units of the last layer.
    vocabulary_size : int
        Rows of the embedding; an index of `vocabulary_size` or more counts as the unknown word, 2.
    embedding_dim : int, default=32
        Dimension of the embedding.
    hidden_units : sequence of int, default=(250,)
        Number of units of each hidden layer.
    activation : str, default="relu"
        Keras's name of the hidden layers' activation.
    dropout : float or sequence of float, default=0.0
        The fraction of each hidden layer's units that is dropped in training.
    output_activation : str, default="softmax"
        Keras's name of the last layer's activation.
    dtype : str, default="float32"
        Keras's dtype policy: "float32", "mixed_bfloat16" or "float64".
    seed : int, default=0
        Determines the initial weights (Glorot uniform, of the embedding uniform within 0.05, biases
        zero) and the dropout.

    Returns
    -------
    network : keras.Model
        Takes whole numbers as floats, returns ``n_outputs`` numbers per sequence.

    Raises
    ------
    ValueError
        If Keras doesn't know an activation, or `dropout` doesn't fit `hidden_units`.

    Examples
    --------
    >>> from skmnist.text import sequence_dense_network
    >>> network = sequence_dense_network(
    ...     (1, 500, 1), 1, vocabulary_size=5000, output_activation="sigmoid"
    ... )
    >>> network.count_params()
    4160501
    """
    keras = load_keras()
    seeds = layer_seeds(seed)
    indices, words = _embedded_words(input_shape, vocabulary_size, embedding_dim, dtype, seeds)
    layers = [
        flatten(dtype),
        *hidden_layers(hidden_units, activation, dropout, False, dtype, seeds),
        output_layer(n_outputs, output_activation, dtype, seeds),
    ]
    return keras.Model(indices, _in_turn(layers, words), name="sequence_dense_network")


def _embedded_words(
    input_shape: tuple[int, int, int],
    vocabulary_size: int,
    embedding_dim: int,
    dtype: str,
    seeds: Iterator[int],
) -> tuple[Any, Any]:
    """Return the input, and the embedded words."""
    keras = load_keras()
    images = keras.Input(input_shape, name="images")
    # Cast to integers before any layer: bfloat16 would round those above 256.
    indices = keras.ops.cast(images, "int32")
    indices = keras.ops.reshape(indices, (-1, input_shape[1]))
    known = keras.ops.where(indices < vocabulary_size, indices, UNKNOWN)
    embedding = keras.layers.Embedding(
        vocabulary_size,
        embedding_dim,
        embeddings_initializer=keras.initializers.RandomUniform(seed=next(seeds)),
        dtype=dtype,
        name="embedding",
    )
    return images, embedding(known)


def _in_turn(layers: Sequence[Any], values: Any) -> Any:
    for layer in layers:
        values = layer(values)
    return values
