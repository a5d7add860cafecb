"""Transfer learning: a backbone trained on ImageNet, a head trained here."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions

from skmnist._inputs.images import ImageShape, as_rows
from skmnist._inputs.pixels import PixelScaling
from skmnist._inputs.targets import batch_size
from skmnist.classifiers._docstrings import describe_shared_parameters
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.classifiers._parameters import HIDDEN_LAYERS, n_outputs, whole_numbers
from skmnist.classifiers._reporter import Reporter
from skmnist.networks._architecture import Architecture
from skmnist.networks._layers import activation_name
from skmnist.networks._pretrained import (
    PREPROCESSING,
    RESIZE,
    first_variables,
    head_alone,
    pretrained_network,
    with_trainable_layers,
)
from skmnist.training import Augmentation
from skmnist.training._contract import Data, Outcome, Plan, State, TrainingSpec, Watcher
from skmnist.training._history import continued
from skmnist.training._interrupts import keep_after_interrupt
from skmnist.training._loop import train
from skmnist.training._predictor import Predictor
from skmnist.training._schedules import Schedule, find_schedule

_FINE_TUNE = "fine_tune_"


@describe_shared_parameters
class PretrainedClassifier(NetworkClassifier):
    """A network of ``keras.applications``, pretrained on ImageNet, with dense layers of our own.

    Training has two phases.  First the backbone is frozen and the dense layers, the head, learn
    alone; without augmentation the backbone then runs over the images only once.  After that the
    backbone's layers learn too, all of them or the last ones, at a lower rate.  In both the
    backbone's batch normalisations keep the mean and variance of ImageNet [1]_.

    Parameters
    ----------
    backbone : str, default="VGG16"
        Keras's name: "DenseNet121", "DenseNet169", "DenseNet201", "InceptionResNetV2",
        "InceptionV3", "MobileNet", "MobileNetV2", "ResNet50", "ResNet50V2" (also 101 and 152),
        "VGG16", "VGG19" or "Xception". Grey images get three equal channels.
    weights : "imagenet", str, path-like or None, default="imagenet"
        What the backbone begins with. "imagenet" are Keras's, downloaded once to
        ``~/.keras/models``; a path is a file .weights.h5 or .h5 of the backbone without its top,
        whole or up to `last_layer`. None draws them by `random_state`: to compare with, as such a
        backbone has learned nothing.
    backbone_settings : dict or None, default=None
        The backbone's own arguments, such as ``{"alpha": 0.25}`` for "MobileNet" or
        ``{"pooling": "avg"}``.
    last_layer : str or None, default=None
        The backbone's layer whose values the head is given; later ones are left out. None is the
        last one. Small images leave an earlier one more than a single pixel.
    input_size : int or None, default=None
        Smaller images are brought to this side, in pixels, at most 1024, as `resize` says. None is
        the least that the backbone takes: 75 for the Inceptions, 71 for Xception, 32 for all
        others.
    preprocessing : {"imagenet", "scale"}, default="imagenet"
        "imagenet" gives each backbone the pixels that it was trained on, as its
        ``preprocess_input`` in Keras does; "scale" only divides pixels, to lie from 0 to 1.
    resize : {"bilinear", "pad"}, default="bilinear"
        How smaller images are brought to `input_size`: enlarged, or padded with zeros, evenly on
        all sides, before any preprocessing.
    trainable_layers : int or None, default=None
        How many of the backbone's last layers the second phase trains; those before them keep
        their weights. None is all of them, 0 none. Counted are the layers with weights, in the
        order of the backbone's ``layers`` in Keras, without the batch normalisations.
    hidden_units : int or sequence of int, default=(512,)
        Units of each dense layer between the backbone and the output.
    activation : str or function, default="relu"
        Keras's name of the dense layers' activation.
    dropout : float or sequence of float, default=0.5
        The part of each dense layer's units that is dropped in training.
    output_activation : {"softmax", "sigmoid"}, default="softmax"
        The last layer's activation. Sigmoids are scaled to sum to 1 as probabilities; for two
        classes there is one neuron.
    fine_tune_epochs : int, default=5
        Epochs of the second phase; 0 leaves it out. `epochs` are those of the first.
    fine_tune_learning_rate : float, default=1e-05
        Step size of the second phase. A Keras optimizer with a schedule of its own keeps that.
    fine_tune_batch_size : int, "auto" or None, default="auto"
        Samples in a step of the second phase.
    fine_tune_schedule : str or Schedule, default="constant"
        How the learning rate changes in the second phase.
    fine_tune_n_iter_no_change : int, default=3
        Epochs without improvement before the second phase stops early, where `early_stopping` is
        set. Each phase ends with the weights of its own best epoch.
    %(shared_parameters)s

    Attributes
    ----------
    fine_tune_history_ : dict of str to list of float
        As `history_`, which is the first phase's, for the second; empty where there was none.
        `n_epochs_` counts the epochs of both, and `best_epoch_` is one of the last phase.
    %(attributes)s

    Notes
    -----
    `partial_fit` trains the head for one more epoch, the backbone frozen as it is.  With
    ``warm_start=True``, `fit` goes through both phases again from the weights that it has; the
    first goes on with its optimizer, the second begins with a new one.  `trainable_layers` may be
    another one each time, to unfreeze the backbone step by step.

    The same samples held out judge both phases.  Callbacks see both, each as a run of its own;
    ``verbose=1`` names the second one's scores ``fine_tune_...``.

    A fitted classifier needs neither the file of weights nor ImageNet's again: it is pickled,
    saved and loaded with its own.

    References
    ----------
    .. [1] F. Chollet, "Transfer learning and fine-tuning",
       https://keras.io/guides/transfer_learning/, 2020.

    Examples
    --------
    With the weights of ImageNet it is ``PretrainedClassifier("VGG16")``.  Here a part of a small
    backbone, not trained at all:

    >>> from sklearn.datasets import load_digits
    >>> from skmnist import PretrainedClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = PretrainedClassifier(
    ...     "MobileNet", weights=None, backbone_settings={"alpha": 0.25},
    ...     last_layer="conv1_relu", hidden_units=(64,), fine_tune_epochs=0, random_state=0,
    ... )
    >>> classifier.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    """

    fine_tune_history_: dict[str, list[float]]
    _histories = ("history_", "fine_tune_history_")
    _values_by_name = {**NetworkClassifier._values_by_name, "fine_tune_schedule": find_schedule}
    _parameter_constraints = {
        **NetworkClassifier._parameter_constraints,
        **HIDDEN_LAYERS,
        "backbone": [str],
        "weights": [str, PathLike, None],
        "backbone_settings": [dict, None],
        "last_layer": [str, None],
        "input_size": [Interval(Integral, 1, 1024, closed="both"), None],
        "preprocessing": [StrOptions(set(PREPROCESSING))],
        "resize": [StrOptions(set(RESIZE))],
        "trainable_layers": [Interval(Integral, 0, None, closed="left"), None],
        "fine_tune_epochs": [Interval(Integral, 0, None, closed="left")],
        "fine_tune_learning_rate": [Interval(Real, 0, None, closed="neither")],
        "fine_tune_batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "fine_tune_schedule": [str, Schedule],
        "fine_tune_n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        backbone: str = "VGG16",
        *,
        weights: str | PathLike[str] | None = "imagenet",
        backbone_settings: dict[str, Any] | None = None,
        last_layer: str | None = None,
        input_size: int | None = None,
        preprocessing: str = "imagenet",
        resize: str = "bilinear",
        trainable_layers: int | None = None,
        hidden_units: int | Sequence[int] = (512,),
        activation: str | Callable[..., Any] = "relu",
        dropout: float | Sequence[float] = 0.5,
        output_activation: str = "softmax",
        fine_tune_epochs: int = 5,
        fine_tune_learning_rate: float = 1e-5,
        fine_tune_batch_size: int | str | None = "auto",
        fine_tune_schedule: str | Schedule = "constant",
        fine_tune_n_iter_no_change: int = 3,
        epochs: int | str = 20,
        batch_size: int | str | None = "auto",
        learning_rate: float = 1e-3,
        optimizer: Any = "adam",
        schedule: str | Schedule = "constant",
        loss: Any = "cross_entropy",
        label_smoothing: float = 0.0,
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
        self.backbone = backbone
        self.weights = weights
        self.backbone_settings = backbone_settings
        self.last_layer = last_layer
        self.input_size = input_size
        self.preprocessing = preprocessing
        self.resize = resize
        self.trainable_layers = trainable_layers
        self.hidden_units = hidden_units
        self.activation = activation
        self.dropout = dropout
        self.output_activation = output_activation
        self.fine_tune_epochs = fine_tune_epochs
        self.fine_tune_learning_rate = fine_tune_learning_rate
        self.fine_tune_batch_size = fine_tune_batch_size
        self.fine_tune_schedule = fine_tune_schedule
        self.fine_tune_n_iter_no_change = fine_tune_n_iter_no_change
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.schedule = schedule
        self.loss = loss
        self.label_smoothing = label_smoothing
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

    def _architecture(self, image_shape: ImageShape, n_classes: int, dtype: str) -> Architecture:
        return Architecture.of(
            pretrained_network,
            input_shape=image_shape,
            n_outputs=n_outputs(n_classes, self.output_activation),
            backbone=self.backbone,
            backbone_settings=sorted((self.backbone_settings or {}).items()),
            last_layer=self.last_layer,
            input_size=self.input_size,
            preprocessing=self.preprocessing,
            resize=self.resize,
            hidden_units=whole_numbers(self.hidden_units, "hidden_units"),
            activation=activation_name(self.activation, "activation"),
            dropout=self.dropout,
            output_activation=self.output_activation,
            dtype=dtype,
        )

    # -- the two phases ----------------------------------------------------------------

    def _train_fully(self, data: Data, sample_weight: Any) -> NetworkClassifier:
        schedule = find_schedule(self.schedule)
        return self._train(
            data,
            sample_weight,
            self.epochs,
            schedule,
            self._patience(),
            self.warm_start,
            self.fine_tune_epochs,
        )

    def _train(
        self,
        data: Data,
        sample_weight: Any,
        epochs: int | str,
        schedule: Schedule,
        patience: int | None,
        keep_optimizer: bool,
        fine_tune_epochs: int = 0,
    ) -> NetworkClassifier:
        optimizer = self._optimizer()
        spec = self._training_spec(optimizer)
        plan = self._plan(data, optimizer, epochs, schedule, patience)
        fine_plan = self._fine_tune_plan(plan, data, fine_tune_epochs)
        # Before the head is trained, as there may be fewer layers.
        fine_spec = self._fine_tune_spec(spec) if fine_tune_epochs else spec
        both = replace(plan, epochs=plan.epochs + fine_tune_epochs)
        reporter = Reporter(self, both, data, spec.architecture, sample_weight)
        outcome = self._train_head(spec, plan, data, reporter)
        head_optimizer = outcome.state.optimizer
        if fine_tune_epochs and not outcome.interrupted:
            outcome = self._fine_tune(fine_spec, fine_plan, data, outcome, reporter)
        for name, value in self._learned(spec.architecture, outcome).items():
            setattr(self, name, value)
        self._optimizer_state_ = (optimizer, head_optimizer) if keep_optimizer else None
        reporter.fit_ended()
        return self

    def _fine_tune_spec(self, spec: TrainingSpec) -> TrainingSpec:
        return replace(
            spec, architecture=with_trainable_layers(spec.architecture, self.trainable_layers)
        )

    def _fine_tune_plan(self, plan: Plan, data: Data, epochs: int) -> Plan:
        # The rate of a Keras optimizer may be a schedule of its own.
        has_rate = plan.learning_rate is not None
        return replace(
            plan,
            epochs=epochs,
            batch_size=batch_size(self.fine_tune_batch_size, len(data.train_rows)),
            learning_rate=float(self.fine_tune_learning_rate) if has_rate else None,
            schedule=find_schedule(self.fine_tune_schedule),
            patience=self.fine_tune_n_iter_no_change if self.early_stopping else None,
        )

    def _train_head(
        self, spec: TrainingSpec, plan: Plan, data: Data, reporter: Reporter
    ) -> Outcome:
        """Train the dense layers, the backbone frozen."""
        start, callbacks = self._start(spec), self.callbacks or ()
        if spec.augmentation:
            frozen = replace(spec, architecture=with_trainable_layers(spec.architecture, 0))
            return train(frozen, plan, data, start, callbacks, reporter)
        # Frozen, the backbone makes the same features of an image in each epoch.
        scaling = PixelScaling(scale=data.pixel_scale)
        backbone = Predictor(spec.architecture, start.network, scaling).of_layer("flatten", None)
        features = self._features(backbone, data)
        of_backbone = list(backbone.variables)

        def whole(state: State) -> State:
            return State([*of_backbone, *state.network], state.optimizer)

        outcome = train(
            replace(spec, architecture=head_alone(spec.architecture, features.images.shape[2])),
            plan,
            features,
            State(start.network[len(of_backbone) :], start.optimizer),
            callbacks,
            _Phase(reporter, whole=whole),
        )
        return replace(outcome, state=whole(outcome.state))

    def _features(self, backbone: Predictor, data: Data) -> Data:
        """Replace all images by what the backbone makes of them."""
        features = backbone.outputs(as_rows(data.images)[0], self.image_shape_)
        own_set = data.validation
        return replace(
            data,
            images=features[:, None, :, None],
            pixel_scale=1.0,
            background=(0.0,),
            validation=None if own_set is None else self._features(backbone, own_set),
        )

    def _fine_tune(
        self, spec: TrainingSpec, plan: Plan, data: Data, frozen: Outcome, reporter: Reporter
    ) -> Outcome:
        """Train the backbone's layers too; tell the scores of both phases."""
        n_epochs = len(frozen.history["loss"])
        plan = replace(plan, first_epoch=plan.first_epoch + n_epochs)
        try:
            outcome = train(
                spec,
                plan,
                data,
                State(frozen.state.network, None),
                self.callbacks or (),
                _Phase(reporter, prefix=_FINE_TUNE),
            )
        except KeyboardInterrupt:  # in its first epoch
            keep_after_interrupt(n_epochs)
            return frozen
        return replace(outcome, history=frozen.history | _prefixed(outcome.history, _FINE_TUNE))

    def _start(self, spec: TrainingSpec) -> State:
        going_on = super()._start(spec)
        if going_on is not None:
            return going_on
        return State(first_variables(spec.architecture, self.weights, self._seed_), None)

    def _learned(self, architecture: Architecture, outcome: Outcome) -> dict[str, Any]:
        frozen, fine = (
            {
                name.removeprefix(_FINE_TUNE): values
                for name, values in outcome.history.items()
                if name.startswith(_FINE_TUNE) is in_phase
            }
            for in_phase in (False, True)
        )
        learned = super()._learned(architecture, replace(outcome, history=frozen))
        return learned | {
            "n_epochs_": learned["n_epochs_"] + len(fine.get("loss", [])),
            "fine_tune_history_": continued(self.fine_tune_history_, fine),
        }


class _Phase(Watcher):
    """Tells a reporter of one phase in the terms of the whole fit.

    Parameters
    ----------
    reporter : Reporter
        Told of every epoch.
    prefix : str, default=""
        Put before the names of the scores.
    whole : callable or None, default=None
        Makes the whole network's state of the one that is trained.
    """

    def __init__(
        self,
        reporter: Reporter,
        prefix: str = "",
        whole: Callable[[State], State] | None = None,
    ) -> None:
        self._reporter = reporter
        self._prefix = prefix
        self._whole = whole

    def epoch_begins(self, epoch: int) -> None:
        self._reporter.epoch_begins(epoch)

    def epoch_ended(self, epoch: int, logs: dict[str, float], state: Callable[[], State]) -> bool:
        whole = self._whole
        return self._reporter.epoch_ended(
            epoch,
            _prefixed(logs, self._prefix),
            state if whole is None else lambda: whole(state()),
        )


def _prefixed(named: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {prefix + name: value for name, value in named.items()}
