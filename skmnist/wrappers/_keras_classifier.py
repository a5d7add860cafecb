"""A classifier with a Keras network of the user's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.networks._output import Output
from skmnist.training import Augmentation
from skmnist.training._losses import Loss, find_loss
from skmnist.training._schedules import Schedule
from skmnist.wrappers._compiled import compiled_loss
from skmnist.wrappers._docstrings import describe_own_network
from skmnist.wrappers._keras_estimator import KerasEstimator


@describe_own_network
class KerasClassifier(KerasEstimator, NetworkClassifier):
    """A classifier with a Keras network of your own.

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
    DNNClassifier : Dense layers without a function.
    CNNClassifier : Convolutions without a function.

    Notes
    -----
    %(arguments)s

    The function is given what it asks for by name: `n_features_in`, `input_shape` (of one sample,
    without the batch), `n_classes`, `n_outputs` (1 for two classes, else the number of classes or
    labels), `target_type`, `seed`, and any of the estimator's parameters that is set; also
    SciKeras's `meta` and `compile_kwargs`.  Layers without a seed get theirs from `random_state`.

    %(model)s

    For two classes, the network may have one output, with a sigmoid, or two, with a softmax.
    Without an activation, outputs are taken for logits: if the loss has ``from_logits=True``, or
    isn't given at all.  A network for multi-label `y` has a sigmoid for each label.

    %(sharing)s

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmnist import KerasClassifier
    >>> def build(n_features_in, n_classes, hidden=64, activation="relu"):
    ...     return keras.Sequential([
    ...         keras.Input((n_features_in,)),
    ...         keras.layers.Dense(hidden, activation=activation),
    ...         keras.layers.Dense(n_classes, activation="softmax"),
    ...     ])
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = KerasClassifier(build, hidden=32, epochs=5, random_state=0)
    >>> search = GridSearchCV(classifier, {"hidden": [32, 64]}, cv=2).fit(X / 16, y)
    >>> search.best_params_
    {'hidden': 64}
    """

    _parameter_constraints = {
        **NetworkClassifier._parameter_constraints,
        **KerasEstimator._parameter_constraints,
    }
    _default_loss = "cross_entropy"
    _learned_names = (*KerasEstimator._learned_names, "classes_", "target_type_", "_logits_")

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
        label_smoothing: float = 0.0,
        metrics: Sequence[Any] | None = None,
        class_weight: dict[Any, float] | str | None = None,
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
        self._set_arguments(arguments)

    def _about_targets(self) -> dict[str, Any]:
        n_classes = len(self.classes_)
        return {
            "classes": self.classes_,
            "n_classes": n_classes,
            "n_outputs": 1 if self.target_type_ == "binary" else n_classes,
            "target_type": self.target_type_,
        }

    def _loss_of_keras(self) -> Any:
        if self.loss is not None and self.loss != "cross_entropy":
            return self.loss
        losses = load_keras().losses
        binary = self._has_several_labels or self._predictor_.n_outputs == 1
        made = losses.BinaryCrossentropy if binary else losses.SparseCategoricalCrossentropy
        return made(from_logits=self._logits_)

    def _check_output(self, output: Output) -> None:
        n_classes = len(self.classes_)
        expected = [1, 2] if self.target_type_ == "binary" else [n_classes]
        what = "labels" if self._has_several_labels else "classes"
        if output.n_units not in expected:
            raise ValueError(
                f"the network has {output.n_units} outputs, and y has {n_classes} {what}; expected "
                f"{' or '.join(map(str, expected))}. A function model(n_classes) is given it."
            )
        if output.activation == "softmax" and (output.n_units == 1 or self._has_several_labels):
            raise ValueError(
                "the network's last layer has a softmax, whose outputs sum to 1, which is wrong "
                f"for {'several labels' if self._has_several_labels else 'a single output'}; "
                "expected activation='sigmoid'."
            )

    def _loss_of(self, compiled: Mapping[str, Any], output: Output) -> Loss:
        chosen = self.loss if self.loss is not None else compiled_loss(compiled)
        raw = output.activation in ("linear", "relu", "tanh")
        loss = find_loss(
            chosen or self._default_loss, self.label_smoothing, self._task, logits=True
        )
        if chosen is None and output.activation == "linear":
            loss = replace(loss, from_logits=True)
        if raw and not loss.from_logits:
            raise ValueError(
                f"the network's last layer has the activation {shown(output.activation)}, so its "
                f"outputs are no probabilities, as loss={shown(chosen or self._default_loss)} and "
                "predict_proba expect. End it with a softmax or sigmoid, or with no activation and "
                "a loss of logits, such as keras.losses.CategoricalCrossentropy(from_logits=True)."
            )
        if loss.from_logits and output.activation in ("softmax", "sigmoid", None):
            raise ValueError(
                f"loss={shown(chosen)} takes logits, and the network's outputs are probabilities, "
                f"of {output.activation or 'its last layer'}. Leave one of them out."
            )
        self._logits_ = loss.from_logits
        return loss
