"""A regressor with a Keras network of the user's own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from skmnist.networks._output import Output
from skmnist.regressors._network_regressor import NetworkRegressor
from skmnist.training import Augmentation
from skmnist.training._losses import Loss, find_loss
from skmnist.training._schedules import Schedule
from skmnist.wrappers._compiled import compiled_loss
from skmnist.wrappers._docstrings import describe_own_network
from skmnist.wrappers._keras_estimator import KerasEstimator


@describe_own_network
class KerasRegressor(KerasEstimator, NetworkRegressor):
    """A regressor with a Keras network of your own.

    Parameters
    ----------
    model : callable or keras.Model
        A function, or a class, that returns a Keras model; see Notes. Or a Keras model, which
        serves as a template: a copy of it is trained, from its weights.
    %(shared_parameters)s
    **arguments : object
        Keyword arguments of the function `model`.

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    DNNRegressor : Dense layers without a function.
    CNNRegressor : Convolutions without a function.

    Notes
    -----
    %(arguments)s

    The function is given what it asks for by name: `n_features_in`, `input_shape` (of one sample,
    without the batch), `n_outputs` (the number of targets), `target_type`, `seed`, and any of the
    estimator's parameters that is set; also SciKeras's `meta` and `compile_kwargs`.  Layers without
    a seed get theirs from `random_state`.

    %(model)s

    The network has one output for each target, usually without an activation.

    %(sharing)s

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from skmnist import KerasRegressor
    >>> def build(n_features_in, n_outputs, hidden=32):
    ...     return keras.Sequential([
    ...         keras.Input((n_features_in,)),
    ...         keras.layers.Dense(hidden, activation="relu"),
    ...         keras.layers.Dense(n_outputs),
    ...     ])
    >>> X, y = load_diabetes(return_X_y=True)
    >>> regressor = KerasRegressor(build, hidden=16, epochs=30, random_state=0)
    >>> regressor.fit(scale(X), y / 100).score(scale(X), y / 100) > 0.4
    True
    """

    _parameter_constraints = {
        **NetworkRegressor._parameter_constraints,
        **KerasEstimator._parameter_constraints,
    }
    del _parameter_constraints["target_scaling"]  # the targets are the network's own business
    _learned_names = (*KerasEstimator._learned_names, "n_outputs_")
    _default_loss = "mean_squared_error"
    target_scaling = None

    def __init__(
        self,
        model: Callable[..., Any] | Any = None,
        *,
        epochs: int | str = 10,
        batch_size: int | str | None = 32,
        learning_rate: float | None = None,
        optimizer: Any = None,
        schedule: str | Schedule = "constant",
        loss: Any = None,
        metrics: Sequence[Any] | None = None,
        validation_fraction: float | None = None,
        early_stopping: bool = False,
        monitor: str = "auto",
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        augmentation: str | Augmentation | None = None,
        dtype: str | None = None,
        image_shape: Sequence[int] | None = None,
        pixel_scaling: str | None = None,
        shuffle: bool = True,
        callbacks: Sequence[Any] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
        **arguments: Any,
    ) -> None:
        self.model = model
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
        self.shuffle = shuffle
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self._set_arguments(arguments)

    def _about_targets(self) -> dict[str, Any]:
        several = self.n_outputs_ > 1
        return {
            "n_outputs": self.n_outputs_,
            "target_type": "continuous-multioutput" if several else "continuous",
        }

    def _loss_of_keras(self) -> Any:
        return self.loss or self._default_loss

    def _check_output(self, output: Output) -> None:
        if output.n_units != self.n_outputs_:
            raise ValueError(
                f"the network has {output.n_units} outputs, and y has {self.n_outputs_} targets. A "
                "function model(n_outputs) is given the number."
            )
        if output.activation == "softmax":
            raise ValueError(
                "the network's last layer has a softmax, whose outputs sum to 1; expected no "
                "activation, or one that reaches the values of y."
            )

    def _loss_of(self, compiled: Mapping[str, Any], output: Output) -> Loss:
        chosen = self.loss if self.loss is not None else compiled_loss(compiled)
        return find_loss(chosen or self._default_loss, task=self._task)
