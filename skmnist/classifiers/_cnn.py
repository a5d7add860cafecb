"""Convolutional networks, described by blocks."""

from abc import ABCMeta
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

from skmnist._inputs.images import ImageShape
from skmnist._utils.sklearn import StrOptions
from skmnist.classifiers._docstrings import describe_shared_parameters
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.classifiers._parameters import HIDDEN_LAYERS, QUICK_ADAMW, whole_numbers
from skmnist.networks import (
    Architecture,
    ConvBlock,
    PooledBlocks,
    VGGBlocks,
    convolutional_network,
)
from skmnist.networks._cnn import blocks_for
from skmnist.networks._layers import activation_name
from skmnist.training import Augmentation
from skmnist.training._schedules import Schedule


class ConvolutionalNetwork(NetworkEstimator, metaclass=ABCMeta):
    """The network of the estimators of convolutions (abstract)."""

    _parameter_constraints = {
        **NetworkEstimator._parameter_constraints,
        **{name: HIDDEN_LAYERS[name] for name in ("hidden_units", "activation", "dropout")},
        "conv_blocks": [
            StrOptions({"auto"}),
            tuple,
            list,
            dict,
            ConvBlock,
            PooledBlocks,
            VGGBlocks,
            Integral,
        ],
        "hidden_batch_norm": ["boolean"],
    }

    def _architecture(self, image_shape: ImageShape, n_targets: int, dtype: str) -> Architecture:
        return Architecture.of(
            convolutional_network,
            input_shape=image_shape,
            **self._output(n_targets),
            conv_blocks=ConvBlock.all_of(self._found_blocks(image_shape)),
            hidden_units=whole_numbers(self.hidden_units, "hidden_units"),
            activation=activation_name(self.activation, "activation"),
            dropout=self.dropout,
            hidden_batch_norm=self.hidden_batch_norm,
            dtype=dtype,
        )

    def _found_blocks(self, image_shape: ImageShape) -> Any:
        if self.conv_blocks != "auto":
            return self.conv_blocks
        values = getattr(self, "_pixels_", None)
        return blocks_for(image_shape, has_margin=values is None or values.has_margin)


@describe_shared_parameters
class CNNClassifier(ConvolutionalNetwork, NetworkClassifier):
    """A convolutional network: blocks of convolutions, then dense layers.

    The default network follows the images. For ink on an empty margin, such as MNIST's digits, and
    for images smaller than 12 pixels, it is ``PooledBlocks(24)``: three convolutions of 24, 48 and
    96 feature maps, each normalised and two of them pooled. For other pictures it is deeper:
    ``VGGBlocks`` with more stages the larger the images are, and more feature maps for colour.
    There is no dense layer except the output.

    Parameters
    ----------
    conv_blocks : "auto", PooledBlocks, VGGBlocks, ConvBlock, dict, int or sequence, default="auto"
        The convolutions. "auto" chooses them by the images, as described above. ``PooledBlocks``
        and ``VGGBlocks`` are these networks with other numbers of feature maps. Otherwise each
        convolution is a ``ConvBlock``, a dict of its parameters or only the number of filters; a
        sequence lists several, first to last.
    hidden_units : int or sequence of int, default=()
        Units of each dense layer between the convolutions and the output.
    activation : str or function, default="relu"
        Keras's name of the dense layers' activation.
    dropout : float or sequence of float, default=0.0
        The fraction of each dense layer's units that is dropped in training.
    hidden_batch_norm : bool, default=False
        Whether each dense layer's units are normalised over the batch.
    output_activation : {"softmax", "sigmoid"}, default="softmax"
        The last layer's activation. Sigmoids are scaled to sum to 1 as probabilities; for two
        classes there is a single unit.
    %(shared_parameters)s

    Attributes
    ----------
    %(attributes)s

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = CNNClassifier(epochs=5, random_state=0).fit(X[::2], y[::2])
    >>> classifier.score(X[1::2], y[1::2]) > 0.9
    True

    The example of Keras's documentation:

    >>> keras_example = CNNClassifier(
    ...     conv_blocks=[32, {"filters": 64, "pool": "max", "dropout": 0.25}],
    ...     hidden_units=(128,), dropout=0.5, optimizer="adadelta", learning_rate=1.0,
    ...     schedule="constant", label_smoothing=0.0, augmentation=None, batch_size=128,
    ... )
    """

    _parameter_constraints = {
        **NetworkClassifier._parameter_constraints,
        **ConvolutionalNetwork._parameter_constraints,
        "output_activation": HIDDEN_LAYERS["output_activation"],
    }

    def __init__(
        self,
        *,
        conv_blocks: (
            str | PooledBlocks | VGGBlocks | ConvBlock | dict[str, Any] | int | Sequence[Any]
        ) = "auto",
        hidden_units: int | Sequence[int] = (),
        activation: str | Callable[..., Any] = "relu",
        dropout: float | Sequence[float] = 0.0,
        hidden_batch_norm: bool = False,
        output_activation: str = "softmax",
        epochs: int | str = "auto",
        batch_size: int | str | None = "auto",
        learning_rate: float = 0.01,
        optimizer: Any = QUICK_ADAMW,
        schedule: str | Schedule = "one_cycle",
        loss: Any = "cross_entropy",
        label_smoothing: float = 0.1,
        metrics: Sequence[Any] | None = None,
        class_weight: dict[Any, float] | str | None = None,
        validation_fraction: float | None = None,
        early_stopping: bool = False,
        monitor: str = "auto",
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        augmentation: str | Augmentation | None = "auto",
        dtype: str = "auto",
        image_shape: Sequence[int] | None = None,
        pixel_scaling: str | None = "auto",
        shuffle: bool = True,
        callbacks: Sequence[Any] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.conv_blocks = conv_blocks
        self.hidden_units = hidden_units
        self.activation = activation
        self.dropout = dropout
        self.hidden_batch_norm = hidden_batch_norm
        self.output_activation = output_activation
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
        self.augmentation = augmentation
        self.dtype = dtype
        self.image_shape = image_shape
        self.pixel_scaling = pixel_scaling
        self.shuffle = shuffle
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
