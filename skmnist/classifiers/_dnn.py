"""Dense networks."""

from abc import ABCMeta
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

from numpy.typing import NDArray

from skmnist._inputs.encoding import ImageEncoding
from skmnist._inputs.images import ImageShape, find_image_shape
from skmnist._utils.errors import shown
from skmnist._utils.sklearn import Interval
from skmnist.classifiers._docstrings import describe_shared_parameters
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.classifiers._parameters import HIDDEN_LAYERS, whole_numbers
from skmnist.networks import Architecture, RandomUniform, dense_network
from skmnist.networks._layers import activation_name
from skmnist.training import Augmentation
from skmnist.training._optimizers import OptimizerSpec
from skmnist.training._schedules import Schedule


class DenseNetwork(NetworkEstimator, metaclass=ABCMeta):
    """The network of the estimators of dense layers (abstract)."""

    _parameter_constraints = {
        **NetworkEstimator._parameter_constraints,
        **{name: HIDDEN_LAYERS[name] for name in ("hidden_units", "activation", "dropout")},
        "use_bias": ["boolean"],
        "kernel_initializer": [str, RandomUniform],
        "bias_initializer": [str, RandomUniform],
        "bias_learning_rate_factor": [Interval(Real, 0, None, closed="left")],
    }

    def _optimizer(self) -> OptimizerSpec:
        optimizer = super()._optimizer()
        for name, default in {"bias_initializer": "zeros", "bias_learning_rate_factor": 1}.items():
            if not self.use_bias and getattr(self, name) != default:
                raise ValueError(
                    f"{name}={shown(getattr(self, name))} has no effect with use_bias=False; "
                    f"leave it at {shown(default)}, or set use_bias=True."
                )
        if self.bias_learning_rate_factor != 1 and optimizer.class_name != "SGD":
            raise ValueError(
                f"bias_learning_rate_factor={shown(self.bias_learning_rate_factor)} has no "
                f"effect with optimizer={shown(self.optimizer)}, which scales the step of each "
                "parameter. Use optimizer='sgd', or leave the factor at 1."
            )
        return optimizer

    def _learned_encoding(self, rows: NDArray[Any], seen: ImageShape | None) -> ImageEncoding:
        if self.augmentation is not None:
            return super()._learned_encoding(rows, seen)
        # The shape has no effect, so no warning is needed.
        shape = find_image_shape(rows.shape[1], self.image_shape, seen)
        return ImageEncoding.learned(rows, seen, shape, self.pixel_scaling)

    def _architecture(self, image_shape: ImageShape, n_targets: int, dtype: str) -> Architecture:
        return Architecture.of(
            dense_network,
            input_shape=image_shape,
            **self._output(n_targets),
            hidden_units=whole_numbers(self.hidden_units, "hidden_units"),
            activation=activation_name(self.activation, "activation"),
            dropout=self.dropout,
            use_bias=self.use_bias,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            bias_learning_rate_factor=float(self.bias_learning_rate_factor),
            dtype=dtype,
        )


@describe_shared_parameters
class DNNClassifier(DenseNetwork, NetworkClassifier):
    """A network of dense layers.

    Parameters
    ----------
    hidden_units : int or sequence of int, default=(512, 512)
        Units of each hidden layer. ``()``, no hidden layer, makes a logistic regression; with
        ``output_activation="sigmoid"`` and two classes, a single neuron.
    activation : str or function, default="relu"
        Keras's name of the hidden layers' activation.
    dropout : float or sequence of float, default=0.2
        The fraction of each hidden layer's units that is dropped in training.
    output_activation : {"softmax", "sigmoid"}, default="softmax"
        The last layer's activation. Sigmoids are scaled to sum to 1 as probabilities; for two
        classes there is a single unit.
    use_bias : bool, default=True
        Whether each unit has a bias.
    kernel_initializer, bias_initializer : str or RandomUniform, \
            default="glorot_uniform" and "zeros"
        The initializers of the weights and of the biases, by Keras's names or as an object.
    bias_learning_rate_factor : float, default=1.0
        The learning rate of the biases, as a multiple of that of the weights; only for
        ``optimizer="sgd"``, since all others scale the step of each parameter.
    %(shared_parameters)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    sklearn.neural_network.MLPClassifier : Dense layers without Keras.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = DNNClassifier(hidden_units=(64,), random_state=0).fit(X[::2], y[::2])
    >>> classifier.score(X[1::2], y[1::2]) > 0.9
    True
    """

    _parameter_constraints = {
        **NetworkClassifier._parameter_constraints,
        **DenseNetwork._parameter_constraints,
        "output_activation": HIDDEN_LAYERS["output_activation"],
    }

    def __init__(
        self,
        *,
        hidden_units: int | Sequence[int] = (512, 512),
        activation: str | Callable[..., Any] = "relu",
        dropout: float | Sequence[float] = 0.2,
        output_activation: str = "softmax",
        use_bias: bool = True,
        kernel_initializer: str | RandomUniform = "glorot_uniform",
        bias_initializer: str | RandomUniform = "zeros",
        bias_learning_rate_factor: float = 1.0,
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
        augmentation: str | Augmentation | None = None,
        dtype: str = "auto",
        image_shape: Sequence[int] | None = None,
        pixel_scaling: str | None = "auto",
        shuffle: bool = True,
        callbacks: Sequence[Any] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_units = hidden_units
        self.activation = activation
        self.dropout = dropout
        self.output_activation = output_activation
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.bias_learning_rate_factor = bias_learning_rate_factor
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
