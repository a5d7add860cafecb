"""Classifiers of sequences of words."""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

from skmnist._inputs.images import ImageShape
from skmnist._utils.sklearn import Interval
from skmnist.classifiers._docstrings import describe_shared_parameters
from skmnist.classifiers._parameters import whole_numbers
from skmnist.networks import Architecture
from skmnist.networks._layers import activation_name
from skmnist.text._networks import sequence_cnn, sequence_dense_network
from skmnist.text._sequence_classifier import SequenceClassifier
from skmnist.training._schedules import Schedule

_AT_LEAST_ONE = [Interval(Integral, 1, None, closed="left")]


@describe_shared_parameters
class SequenceCNNClassifier(SequenceClassifier):
    """An embedding of words, a convolution along the sequence, max pooling and dense layers.

    `X` is an array of word indices of shape (n, length), such as :class:`TextSequencer` returns for
    texts: integers of any dtype; floats are truncated. With the defaults, 5,000 words, 500 words
    per text and two classes the network has 2,163,605 parameters.

    Parameters
    ----------
    vocabulary_size : int or "auto", default="auto"
        Number of words in the embedding, whose indices count from 0; a larger index is an error.
        "auto" is the largest index in the training data plus one; larger indices that come later
        count as 2, the unknown word.
    embedding_dim : int, default=32
        Dimension of a word's vector.
    filters : int, default=32
        Filters of the convolution, which keeps the length.
    kernel_size : int, default=3
        Number of consecutive words in a filter's window.
    pool_size : int, default=2
        Number of consecutive positions of which the largest value is kept.
    hidden_units : int or sequence of int, default=(250,)
        Units of each hidden dense layer.
    activation : str or function, default="relu"
        Keras's name of the activation of the convolution and of the hidden layers.
    dropout : float or sequence of float, default=0.0
        The fraction of each hidden dense layer's units that is dropped in training.
    %(shared_parameters)s

    Attributes
    ----------
    vocabulary_size_ : int
        Number of words in the embedding.
    %(attributes)s
    network_ : keras.Model
        The network, to inspect and to export; its input is word indices as floats, of shape
        (n, 1, length, 1). Its output is one sigmoid for two classes, otherwise a softmax.
    n_features_in_ : int
        Number of words of one sequence.

    See Also
    --------
    TextSequencer : Converts texts to word indices.
    SequenceDNNClassifier : The same without the convolution.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skmnist import SequenceCNNClassifier, TextSequencer
    >>> texts = ["a great film", "what a bore", "great fun", "a bore of a film"] * 50
    >>> classifier = make_pipeline(
    ...     TextSequencer(max_tokens=100, output_sequence_length=8),
    ...     SequenceCNNClassifier(epochs=5, learning_rate=0.01, random_state=0),
    ... ).fit(texts, ["good", "bad", "good", "bad"] * 50)
    >>> classifier.predict(["great", "the film is a bore"])
    array(['good', 'bad'], dtype='<U4')
    """

    _parameter_constraints = {
        **SequenceClassifier._parameter_constraints,
        "filters": _AT_LEAST_ONE,
        "kernel_size": _AT_LEAST_ONE,
        "pool_size": _AT_LEAST_ONE,
    }

    def __init__(
        self,
        *,
        vocabulary_size: int | str = "auto",
        embedding_dim: int = 32,
        filters: int = 32,
        kernel_size: int = 3,
        pool_size: int = 2,
        hidden_units: int | Sequence[int] = (250,),
        activation: str | Callable[..., Any] = "relu",
        dropout: float | Sequence[float] = 0.0,
        epochs: int | str = 3,
        batch_size: int | str | None = 128,
        learning_rate: float = 1e-3,
        optimizer: Any = "adam",
        schedule: str | Schedule = "constant",
        loss: Any = "cross_entropy",
        label_smoothing: float = 0.0,
        metrics: Sequence[Any] | None = None,
        class_weight: dict[Any, float] | str | None = None,
        validation_fraction: float | None = None,
        early_stopping: bool = False,
        monitor: str = "auto",
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        dtype: str = "auto",
        shuffle: bool = True,
        callbacks: Sequence[Any] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.filters = filters
        self.kernel_size = kernel_size
        self.pool_size = pool_size
        self.hidden_units = hidden_units
        self.activation = activation
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.schedule = schedule
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.metrics = metrics
        self.class_weight = class_weight
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.monitor = monitor
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.dtype = dtype
        self.shuffle = shuffle
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _architecture(self, image_shape: ImageShape, n_targets: int, dtype: str) -> Architecture:
        return Architecture.of(
            sequence_cnn,
            input_shape=image_shape,
            **self._output(n_targets, "sigmoid" if n_targets == 2 else "softmax"),
            vocabulary_size=self.vocabulary_size_,
            embedding_dim=int(self.embedding_dim),
            filters=int(self.filters),
            kernel_size=int(self.kernel_size),
            pool_size=int(self.pool_size),
            hidden_units=whole_numbers(self.hidden_units, "hidden_units"),
            activation=activation_name(self.activation, "activation"),
            dropout=self.dropout,
            dtype=dtype,
        )


@describe_shared_parameters
class SequenceDNNClassifier(SequenceClassifier):
    """An embedding of words and dense layers over the whole sequence.

    `X` is an array of word indices of shape (n, length), such as :class:`TextSequencer` returns for
    texts: integers of any dtype; floats are truncated. With the defaults, 5,000 words, 500 words
    per text and two classes the network has 4,160,501 parameters.

    Parameters
    ----------
    vocabulary_size : int or "auto", default="auto"
        Number of words in the embedding, whose indices count from 0; a larger index is an error.
        "auto" is the largest index in the training data plus one; larger indices that come later
        count as 2, the unknown word.
    embedding_dim : int, default=32
        Dimension of a word's vector.
    hidden_units : int or sequence of int, default=(250,)
        Units of each hidden layer.
    activation : str or function, default="relu"
        Keras's name of the hidden layers' activation.
    dropout : float or sequence of float, default=0.0
        The fraction of each hidden layer's units that is dropped in training.
    %(shared_parameters)s

    Attributes
    ----------
    vocabulary_size_ : int
        Number of words in the embedding.
    %(attributes)s
    network_ : keras.Model
        The network, to inspect and to export; its input is word indices as floats, of shape
        (n, 1, length, 1). Its output is one sigmoid for two classes, otherwise a softmax.
    n_features_in_ : int
        Number of words of one sequence.

    See Also
    --------
    TextSequencer : Converts texts to word indices.
    SequenceCNNClassifier : The same with a convolution.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skmnist import SequenceDNNClassifier, TextSequencer
    >>> texts = ["a great film", "what a bore", "great fun", "a bore of a film"] * 50
    >>> classifier = make_pipeline(
    ...     TextSequencer(max_tokens=100, output_sequence_length=8),
    ...     SequenceDNNClassifier(epochs=5, learning_rate=0.01, random_state=0),
    ... ).fit(texts, ["good", "bad", "good", "bad"] * 50)
    >>> classifier.predict(["great", "a bore"])
    array(['good', 'bad'], dtype='<U4')
    """

    def __init__(
        self,
        *,
        vocabulary_size: int | str = "auto",
        embedding_dim: int = 32,
        hidden_units: int | Sequence[int] = (250,),
        activation: str | Callable[..., Any] = "relu",
        dropout: float | Sequence[float] = 0.0,
        epochs: int | str = 3,
        batch_size: int | str | None = 128,
        learning_rate: float = 1e-3,
        optimizer: Any = "adam",
        schedule: str | Schedule = "constant",
        loss: Any = "cross_entropy",
        label_smoothing: float = 0.0,
        metrics: Sequence[Any] | None = None,
        class_weight: dict[Any, float] | str | None = None,
        validation_fraction: float | None = None,
        early_stopping: bool = False,
        monitor: str = "auto",
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        dtype: str = "auto",
        shuffle: bool = True,
        callbacks: Sequence[Any] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.vocabulary_size = vocabulary_size
        self.embedding_dim = embedding_dim
        self.hidden_units = hidden_units
        self.activation = activation
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.schedule = schedule
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.metrics = metrics
        self.class_weight = class_weight
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.monitor = monitor
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.dtype = dtype
        self.shuffle = shuffle
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _architecture(self, image_shape: ImageShape, n_targets: int, dtype: str) -> Architecture:
        return Architecture.of(
            sequence_dense_network,
            input_shape=image_shape,
            **self._output(n_targets, "sigmoid" if n_targets == 2 else "softmax"),
            vocabulary_size=self.vocabulary_size_,
            embedding_dim=int(self.embedding_dim),
            hidden_units=whole_numbers(self.hidden_units, "hidden_units"),
            activation=activation_name(self.activation, "activation"),
            dropout=self.dropout,
            dtype=dtype,
        )
