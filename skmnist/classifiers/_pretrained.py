"""Transfer learning: a backbone pretrained on ImageNet and a new head."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
from typing import Any

from skmnist._inputs.images import ImageShape
from skmnist._inputs.targets import batch_size
from skmnist._utils.sklearn import Interval, StrOptions
from skmnist.classifiers._docstrings import describe_shared_parameters
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.classifiers._parameters import HIDDEN_LAYERS, whole_numbers
from skmnist.classifiers._two_phase import FINE_TUNE, FineTuning, TwoPhaseTraining
from skmnist.networks._architecture import Architecture
from skmnist.networks._layers import activation_name
from skmnist.networks._pretrained import (
    PREPROCESSING,
    RESIZE,
    first_variables,
    pretrained_network,
)
from skmnist.training import Augmentation
from skmnist.training._contract import Data, Outcome, Plan, State, TrainingSpec
from skmnist.training._history import continued
from skmnist.training._schedules import Schedule, find_schedule


@describe_shared_parameters
class PretrainedClassifier(NetworkClassifier):
    """A network of ``keras.applications``, pretrained on ImageNet, with new dense layers.

    Training has two phases.  First only the dense layers, the head, are trained, on a frozen
    backbone, which without augmentation processes each image only once.  Then the backbone's layers
    are trained too, all of them or the last ones, at a lower rate.  In both phases the backbone's
    batch normalisations keep the mean and variance of ImageNet [1]_.

    Parameters
    ----------
    backbone : str, default="VGG16"
        Keras's name of any network of ``keras.applications``, such as "DenseNet121",
        "EfficientNetV2B0", "InceptionV3", "MobileNetV3Small", "ResNet50V2", "Xception". Grey images
        get three equal channels.
    weights : "imagenet", str, path-like or None, default="imagenet"
        The backbone's initial weights. "imagenet" are Keras's, downloaded once to
        ``~/.keras/models``; a path is a .weights.h5, .h5 or .keras file of the backbone without its
        top, whole or up to `last_layer`. None draws random ones by `random_state`, for comparison:
        such a backbone has learned nothing.
    backbone_settings : dict or None, default=None
        Keras's arguments of the backbone, such as ``{"alpha": 0.25}`` for "MobileNet" or
        ``{"pooling": "avg"}``.
    last_layer : str or None, default=None
        The backbone's layer whose values are the head's input; later ones are left out. None is
        the last one. On small images an earlier layer still has more than a single pixel.
    input_size : int or None, default=None
        The side, in pixels and at most 1024, to which smaller images are brought by `resize`. None
        is the smallest that the backbone takes: 75 for the Inceptions, 71 for Xception, 32 for all
        others.
    preprocessing : {"imagenet", "scale"}, default="imagenet"
        "imagenet" preprocesses pixels as in the backbone's training, like its ``preprocess_input``
        in Keras; "scale" only divides them, to the range from 0 to 1.
    resize : {"bilinear", "pad"}, default="bilinear"
        How smaller images are brought to `input_size`: enlarged, or padded with zeros evenly on all
        sides, before any preprocessing.
    trainable_layers : int or None, default=None
        How many of the backbone's last layers are trained in the second phase; those before them
        keep their weights. None is all of them, 0 none. Only layers with weights count, in the
        order of the backbone's ``layers`` in Keras, without the batch normalisations.
    hidden_units : int or sequence of int, default=(512,)
        Units of each dense layer between the backbone and the output.
    activation : str or function, default="relu"
        Keras's name of the dense layers' activation.
    dropout : float or sequence of float, default=0.5
        The fraction of each dense layer's units that is dropped in training.
    output_activation : {"softmax", "sigmoid"}, default="softmax"
        The last layer's activation. Sigmoids are scaled to sum to 1 as probabilities; for two
        classes there is a single unit.
    fine_tune_epochs : int, default=5
        Epochs of the second phase; 0 skips it. `epochs` are those of the first.
    fine_tune_learning_rate : float, default=1e-05
        Step size of the second phase. A Keras optimizer that has a schedule keeps it.
    fine_tune_batch_size : int, "auto" or None, default="auto"
        Samples per step of the second phase.
    fine_tune_schedule : str or Schedule, default="constant"
        How the learning rate changes in the second phase.
    fine_tune_n_iter_no_change : int, default=3
        Epochs without improvement before the second phase stops early, if `early_stopping` is set.
        Each phase then ends with the weights of its own best epoch.
    %(shared_parameters)s

    Attributes
    ----------
    fine_tune_history_ : dict of str to list of float
        The second phase's history, as `history_` is the first's; empty if there was none.
        `n_epochs_` counts the epochs of both phases, and `best_epoch_` is one of the last phase.
    %(attributes)s

    Notes
    -----
    `partial_fit` trains the head for one more epoch, on the frozen backbone.  With
    ``warm_start=True``, `fit` repeats both phases from the present weights; the first continues
    with its optimizer, the second starts with a new one.  `trainable_layers` may be different each
    time, to unfreeze the backbone step by step.

    Both phases have the same validation samples.  Callbacks run in both, each as a run of its own;
    ``verbose=1`` names the second phase's scores ``fine_tune_...``.

    A fitted classifier doesn't need the initial weights again: it is pickled, saved and loaded with
    its own.

    References
    ----------
    .. [1] F. Chollet, "Transfer learning and fine-tuning",
       https://keras.io/guides/transfer_learning/, 2020.

    Examples
    --------
    ``PretrainedClassifier("VGG16")`` has the weights of ImageNet.  Here is a part of a small
    backbone with random weights:

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
            pretrained_network,
            input_shape=image_shape,
            **self._output(n_targets),
            backbone=self.backbone,
            backbone_settings=sorted((self.backbone_settings or {}).items()),
            last_layer=self.last_layer,
            input_size=self.input_size,
            preprocessing=self.preprocessing,
            resize=self.resize,
            hidden_units=whole_numbers(self.hidden_units, "hidden_units"),
            activation=activation_name(self.activation, "activation"),
            dropout=self.dropout,
            dtype=dtype,
        )

    # -- the two phases ----------------------------------------------------------------

    def _training(
        self, spec: TrainingSpec, plan: Plan, data: Data, *, one_epoch: bool = False
    ) -> TwoPhaseTraining:
        if one_epoch or not self.fine_tune_epochs:
            return TwoPhaseTraining(spec, plan, data)
        # A Keras optimizer may have a schedule of its own instead of a rate.
        has_rate = plan.learning_rate is not None
        fine_plan = replace(
            plan,
            epochs=self.fine_tune_epochs,
            batch_size=batch_size(self.fine_tune_batch_size, len(data.train_rows)),
            learning_rate=float(self.fine_tune_learning_rate) if has_rate else None,
            schedule=find_schedule(self.fine_tune_schedule),
            patience=self.fine_tune_n_iter_no_change if self.early_stopping else None,
        )
        return TwoPhaseTraining(spec, plan, data, FineTuning(self.trainable_layers, fine_plan))

    def _start(self, spec: TrainingSpec) -> State:
        going_on = super()._start(spec)
        if going_on is not None:
            return going_on
        return State(first_variables(spec.architecture, self.weights, self._seed_), None)

    def _learned(self, architecture: Architecture, outcome: Outcome) -> dict[str, Any]:
        frozen, fine = (
            {
                name.removeprefix(FINE_TUNE): values
                for name, values in outcome.history.items()
                if name.startswith(FINE_TUNE) is in_phase
            }
            for in_phase in (False, True)
        )
        learned = super()._learned(architecture, replace(outcome, history=frozen))
        return learned | {
            "n_epochs_": learned["n_epochs_"] + len(fine.get("loss", [])),
            "fine_tune_history_": continued(self.fine_tune_history_, fine),
        }
