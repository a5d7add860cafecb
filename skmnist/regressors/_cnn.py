"""Convolutional networks that predict numbers."""

from collections.abc import Callable, Sequence
from typing import Any

from skmnist.classifiers._cnn import ConvolutionalNetwork
from skmnist.classifiers._docstrings import describe_shared_parameters
from skmnist.classifiers._parameters import QUICK_ADAMW
from skmnist.networks import ConvBlock, PooledBlocks, VGGBlocks
from skmnist.regressors._network_regressor import NetworkRegressor
from skmnist.training import Augmentation
from skmnist.training._schedules import Schedule


@describe_shared_parameters
class CNNRegressor(ConvolutionalNetwork, NetworkRegressor):
    """A convolutional network that predicts one or several numbers from an image.

    The default network is that of ``CNNClassifier``: it follows the images.

    Parameters
    ----------
    conv_blocks : "auto", PooledBlocks, VGGBlocks, ConvBlock, dict, int or sequence, default="auto"
        The convolutions; see ``CNNClassifier``.
    hidden_units : int or sequence of int, default=()
        Units of each dense layer between the convolutions and the output.
    activation : str or function, default="relu"
        Keras's name of the dense layers' activation. The output is linear, or positive for a loss
        of counts: exponential for "poisson", softplus for "mean_squared_logarithmic_error".
    dropout : float or sequence of float, default=0.0
        The fraction of each dense layer's units that is dropped in training.
    hidden_batch_norm : bool, default=False
        Whether each dense layer's units are normalised over the batch.
    %(shared_parameters)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    CNNClassifier : The same for classes.

    Examples
    --------
    How much ink a digit has:

    >>> from sklearn.datasets import load_digits
    >>> from skmnist import CNNRegressor
    >>> images = load_digits().images
    >>> ink = images.mean(axis=(1, 2))
    >>> regressor = CNNRegressor(epochs=5, random_state=0).fit(images[::2], ink[::2])
    >>> regressor.score(images[1::2], ink[1::2]) > 0.8
    True
    """

    _parameter_constraints = {
        **NetworkRegressor._parameter_constraints,
        **ConvolutionalNetwork._parameter_constraints,
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
        epochs: int | str = 10,
        batch_size: int | str | None = "auto",
        learning_rate: float = 0.01,
        optimizer: Any = QUICK_ADAMW,
        schedule: str | Schedule = "one_cycle",
        loss: Any = "mean_squared_error",
        metrics: Sequence[Any] | None = None,
        validation_fraction: float | None = None,
        early_stopping: bool = False,
        monitor: str = "auto",
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        augmentation: str | Augmentation | None = None,
        dtype: str = "auto",
        image_shape: Sequence[int] | None = None,
        pixel_scaling: str | None = "auto",
        target_scaling: str | None = "auto",
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
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.schedule = schedule
        self.loss = loss
        self.metrics = metrics
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.monitor = monitor
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.augmentation = augmentation
        self.dtype = dtype
        self.image_shape = image_shape
        self.pixel_scaling = pixel_scaling
        self.target_scaling = target_scaling
        self.shuffle = shuffle
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
