"""Dense networks that predict numbers."""

from collections.abc import Callable, Sequence
from typing import Any

from skmnist.classifiers._dnn import DenseNetwork
from skmnist.classifiers._docstrings import describe_shared_parameters
from skmnist.networks import RandomUniform
from skmnist.regressors._network_regressor import NetworkRegressor
from skmnist.training import Augmentation
from skmnist.training._schedules import Schedule


@describe_shared_parameters
class DNNRegressor(DenseNetwork, NetworkRegressor):
    """A network of dense layers that predicts one or several numbers.

    Parameters
    ----------
    hidden_units : int or sequence of int, default=(512, 512)
        Units of each hidden layer. ``()``, no hidden layer, makes a linear regression.
    activation : str or function, default="relu"
        Keras's name of the hidden layers' activation. The output is linear, or positive for a loss
        of counts: exponential for "poisson", softplus for "mean_squared_logarithmic_error".
    dropout : float or sequence of float, default=0.0
        The fraction of each hidden layer's units that is dropped in training.
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
    sklearn.neural_network.MLPRegressor : Dense layers without Keras.
    DNNClassifier : The same for classes.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from skmnist import DNNRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    >>> regressor = DNNRegressor(hidden_units=16, epochs=50, random_state=0).fit(X, y)
    >>> regressor.score(X_test, y_test) > 0.3
    True
    """

    _parameter_constraints = {
        **NetworkRegressor._parameter_constraints,
        **DenseNetwork._parameter_constraints,
    }

    def __init__(
        self,
        *,
        hidden_units: int | Sequence[int] = (512, 512),
        activation: str | Callable[..., Any] = "relu",
        dropout: float | Sequence[float] = 0.0,
        use_bias: bool = True,
        kernel_initializer: str | RandomUniform = "glorot_uniform",
        bias_initializer: str | RandomUniform = "zeros",
        bias_learning_rate_factor: float = 1.0,
        epochs: int | str = 100,
        batch_size: int | str | None = "auto",
        learning_rate: float = 2e-3,
        optimizer: Any = "adam",
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
        self.hidden_units = hidden_units
        self.activation = activation
        self.dropout = dropout
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
