"""LeNet-5."""

from collections.abc import Callable, Sequence
from typing import Any

from skmnist._inputs.images import ImageShape
from skmnist.classifiers._docstrings import describe_shared_parameters
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.networks import Architecture, lenet5
from skmnist.networks._layers import activation_name
from skmnist.training import Augmentation
from skmnist.training._schedules import Schedule


@describe_shared_parameters
class LeNetClassifier(NetworkClassifier):
    """LeNet-5, the convolutional network of LeCun et al.

    Images of 28 x 28 are padded to 32 x 32; smaller ones are first enlarged to 28 x 28. For 10
    classes the network has 61,706 parameters.

    Parameters
    ----------
    activation : str or function, default="tanh"
        Keras's name of the activation of all layers except the last.
    %(shared_parameters)s

    Attributes
    ----------
    %(attributes)s

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 1998.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import LeNetClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = LeNetClassifier(epochs=5, random_state=0).fit(X[::2], y[::2])
    >>> classifier.score(X[1::2], y[1::2]) > 0.9
    True
    """

    _parameter_constraints = {
        **NetworkClassifier._parameter_constraints,
        "activation": [str, callable],
    }

    def __init__(
        self,
        *,
        activation: str | Callable[..., Any] = "tanh",
        epochs: int | str = 20,
        batch_size: int | str | None = "auto",
        learning_rate: float = 2e-3,
        optimizer: Any = "adam",
        schedule: str | Schedule = "one_cycle",
        loss: Any = "cross_entropy",
        label_smoothing: float = 0.0,
        metrics: Sequence[Any] | None = None,
        class_weight: dict[Any, float] | str | None = None,
        validation_fraction: float | None = None,
        early_stopping: bool = False,
        monitor: str = "auto",
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        augmentation: str | Augmentation | None = "shift",
        dtype: str = "auto",
        image_shape: Sequence[int] | None = None,
        pixel_scaling: str | None = "auto",
        shuffle: bool = True,
        callbacks: Sequence[Any] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.activation = activation
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

    def _architecture(self, image_shape: ImageShape, n_targets: int, dtype: str) -> Architecture:
        return Architecture.of(
            lenet5,
            input_shape=image_shape,
            **self._output(n_targets),
            activation=activation_name(self.activation, "activation"),
            dtype=dtype,
        )
