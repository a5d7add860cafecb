"""The abstract base of all network estimators: how they fit, whatever they predict."""

from abc import ABCMeta, abstractmethod
from copy import copy
from dataclasses import replace
from functools import partial
from inspect import signature
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skmnist._inputs.encoding import ImageEncoding
from skmnist._inputs.images import ImageShape, as_images, check_same_shape, native_pixels
from skmnist._inputs.numbers import check_not_masked, checked_weights
from skmnist._inputs.row_sources import taken
from skmnist._inputs.targets import batch_size, held_out_part, n_epochs
from skmnist._inputs.validation import ClearErrors, rows_as_fitted, rows_to_fit
from skmnist._utils.errors import shown
from skmnist._utils.onednn import StartsAsItsSender
from skmnist._utils.progress import SHORT, activity
from skmnist._utils.random import seed_of
from skmnist._utils.reprs import Printed
from skmnist._utils.sklearn import HasMethods, Interval, StrOptions
from skmnist._utils.values import HoldsValues
from skmnist.classifiers._inside import Inside
from skmnist.classifiers._on_batches import OnBatches
from skmnist.classifiers._reporter import Reporter
from skmnist.networks._architecture import Architecture, check_memory, n_outputs_of
from skmnist.networks._layers import exact_dtype
from skmnist.training import Augmentation
from skmnist.training._augmentation import named_augmentation
from skmnist.training._callbacks import copied
from skmnist.training._contract import Data, Outcome, Plan, Saver, State, TrainingSpec
from skmnist.training._guessing import warn_if_guessing
from skmnist.training._history import continued
from skmnist.training._loop import Training
from skmnist.training._losses import Loss, find_loss
from skmnist.training._metrics import find_metrics
from skmnist.training._monitor import MONITORS
from skmnist.training._optimizers import (
    Optimizer,
    OptimizerSpec,
    find_optimizer,
    named_optimizer,
)
from skmnist.training._precision import DTYPES, find_dtype
from skmnist.training._predictor import Predictor
from skmnist.training._saver import CheckpointFile, CheckpointFiles, Reached
from skmnist.training._schedules import Constant, Schedule, find_schedule
from skmnist.training._tasks import Task


class NetworkEstimator(
    StartsAsItsSender,
    HoldsValues,
    CallbackSupportMixin,
    OnBatches,
    Inside,
    ClearErrors,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """A Keras network that is a scikit-learn estimator (abstract).

    `NetworkClassifier` and `NetworkRegressor` add what depends on the targets.  A final class
    declares every parameter in its own ``__init__`` and returns its network in `_architecture`.
    Think twice before adding anything to this class.
    """

    history_: dict[str, list[float]]
    _histories: tuple[str, ...] = ("history_",)
    _values_by_name = {
        "augmentation": named_augmentation,
        "optimizer": named_optimizer,
        "schedule": find_schedule,
    }
    _parameter_constraints: dict[str, list[Any]] = {
        "epochs": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left"), None],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "optimizer": [str, Optimizer, HasMethods(["apply", "get_config"])],
        "schedule": [str, Schedule],
        "loss": [str, callable],
        "metrics": [list, tuple, None],
        "validation_fraction": [Interval(Real, 0, 1, closed="left"), None],
        "early_stopping": ["boolean"],
        "monitor": [StrOptions(set(MONITORS))],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "augmentation": [str, Augmentation, None],
        "dtype": [StrOptions(set(DTYPES))],
        "image_shape": [tuple, list, None],
        "pixel_scaling": [StrOptions({"auto"}), None],
        "shuffle": ["boolean"],
        "callbacks": [list, tuple, None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # -- what a kind of targets determines ---------------------------------------------

    @property
    @abstractmethod
    def _task(self) -> Task:
        """What the fitted network predicts."""

    @abstractmethod
    def _checked_targets(self, y: Any, name: str = "y") -> NDArray[Any]:
        """Convert `y`, of any library, to an array that scikit-learn validates."""

    @abstractmethod
    def _learn_targets(self, y: NDArray[Any], known: Any) -> None:
        """Set the attributes that are learned from `y`, or from what is known of it."""

    @abstractmethod
    def _check_same_targets(self, y: NDArray[Any]) -> None:
        """Refuse to continue with targets of another kind."""

    @abstractmethod
    def _labels(self, y: NDArray[Any], counted: NDArray[Any]) -> NDArray[Any]:
        """Return what `Data` calls labels; rows that don't count may have any."""

    @abstractmethod
    def _as_given(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Return targets as in `y`, from labels."""

    @abstractmethod
    def _of_classes(
        self, weights: NDArray[Any], labels: NDArray[Any], training: tuple[NDArray[Any], ...]
    ) -> NDArray[Any]:
        """Multiply weights of samples by those of their classes, if there are any."""

    @abstractmethod
    def _split(self, rows: NDArray[Any], labels: NDArray[Any], fraction: float) -> Any:
        """Split rows into a training and a held-out part."""

    @abstractmethod
    def _output(self, n_targets: int, activation: str | None = None) -> dict[str, Any]:
        """Return the settings of the last layer, whose activation an estimator may choose."""

    def _mirrors_look_alike(self, data: Data) -> bool:
        """Return whether augmentation may mirror images, if that is to be found out."""
        return False

    def _loss(self) -> Loss:
        return find_loss(self.loss, task=self._task)

    # -- fit ---------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        X_val: Any,
        y_val: Any,
        sample_weight_val: Any,
        checkpoint: Any,
        resume: Any,
    ) -> Self:
        file = CheckpointFile.of(checkpoint, resume)
        going_on = self.warm_start and hasattr(self, "_predictor_")
        data = self._training_data(X, y, sample_weight, going_on=going_on)
        if not going_on and file is not None and file.reached is not None:
            self._choose_as_before(file.reached)
        if X_val is None and y_val is None and sample_weight_val is None:
            data = self._hold_out(data)
        else:
            data = self._judge_on(data, X_val, y_val, sample_weight_val)
        if not going_on:
            self._mirrored_ = self._mirrors_look_alike(data)
        return self._fit_to(data, sample_weight, file)

    def _fit_to(
        self,
        data: Data,
        sample_weight: Any = None,
        file: CheckpointFile | CheckpointFiles | None = None,
    ) -> Self:
        spec = self._training_spec()
        plan = self._plan(
            data, spec, self.epochs, find_schedule(self.schedule), patience=self._patience()
        )
        training = self._training(spec, plan, data)
        outcome = self._train(training, sample_weight, self.warm_start, file)
        warn_if_guessing(spec, data, n_outputs_of(spec.architecture), outcome)
        return self

    def _choose_as_before(self, reached: Reached) -> None:
        """Take what an earlier run has drawn from the system, or measured."""
        if self.random_state is None:
            self._seed_ = reached.seed
        if self.dtype == "auto":
            self.dtype_ = reached.dtype

    def _partial_fit(self, X: Any, y: Any, known: Any, sample_weight: Any) -> Self:
        going_on = hasattr(self, "_predictor_")
        data = self._training_data(X, y, sample_weight, known, going_on=going_on)
        if not going_on:
            self._mirrored_ = self._mirrors_look_alike(data)
        spec = self._training_spec()
        schedule = find_schedule(self.schedule)
        # Of the others, the length of a stream would have to be known.
        schedule = schedule if schedule.counts_steps else Constant()
        plan = self._plan(data, spec, 1, schedule, patience=None)
        training = self._training(spec, plan, data, one_epoch=True)
        self._train(training, sample_weight, keep_optimizer=True)
        return self

    def _outputs(self, X: Any) -> NDArray[Any]:
        """Return the network's outputs for `X`."""
        check_is_fitted(self)
        rows, _ = rows_as_fitted(self, self._given(X))
        rows = self.__skmnist_inputs__(rows)
        if not self.verbose:  # not even the little time that an activity takes
            return self._predictor_.outputs(rows, self.image_shape_)
        with activity(f"{type(self).__name__}: predicting", delay=SHORT):
            return self._predictor_.outputs(rows, self.image_shape_)

    @property
    def network_(self) -> Any:
        """The network as a live Keras model.

        Its input is ``(X - pixel_offset_) / pixel_scale_``.

        It is a copy to inspect and to export: training it doesn't change this classifier.
        """
        check_is_fitted(self)
        return self._predictor_.network

    def summary(self) -> str:
        """Describe the fitted network: its layers, their shapes and parameters.

        Returns
        -------
        text : str
            Keras's table; consoles and notebooks display it as `print` does.
        """
        lines: list[str] = []
        self.network_.summary(print_fn=lambda line, **_: lines.append(line))
        return Printed("\n".join(lines))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = True
        return tags

    # The given callbacks themselves run in `fit`, so clones and pickles get copies of them,
    # without what they have recorded.

    def __getstate__(self) -> Any:
        state = {**super().__getstate__(), "callbacks": self._copied_callbacks()}
        for name in ("callbacks_", "_callbacks_before_"):
            state.pop(name, None)
        return state

    # Losses, metrics and optimizers are made anew in `fit`, so a clone shares the given objects.
    # Keras can't copy those of unregistered classes.

    def __sklearn_clone__(self) -> Any:
        without = copy(self)
        shared = {n: v for n, v in vars(self).items() if n in ("loss", "metrics", "optimizer")}
        # Callbacks would be copied with all that they hold.
        without.__dict__ |= {"callbacks": None, **dict.fromkeys(shared)}
        new = BaseEstimator.__sklearn_clone__(without)
        new.__dict__ |= {"callbacks": self._copied_callbacks(), **shared}
        return new

    def _copied_callbacks(self) -> Any:
        if not isinstance(self.callbacks, list | tuple):
            return self.callbacks
        before = {id(given): fresh for given, fresh in getattr(self, "_callbacks_before_", ())}
        return type(self.callbacks)(copied(before.get(id(c), c)) for c in self.callbacks)

    def _note_callbacks(self) -> None:
        """Copy the callbacks that have not run before, in their present state."""
        if not self.callbacks:
            self.__dict__.pop("_callbacks_before_", None)
            return
        known = {id(pair[0]): pair for pair in getattr(self, "_callbacks_before_", ())}
        self._callbacks_before_ = [
            known.get(id(callback)) or (callback, copied(callback)) for callback in self.callbacks
        ]

    # -- what goes in -----------------------------------------------------------------

    def _training_data(
        self, X: Any, y: Any, sample_weight: Any, known: Any = None, *, going_on: bool
    ) -> Data:
        """Validate all arguments of `fit`, and set the attributes that are learned from them."""
        data = self._samples_to_learn(X, y, sample_weight, known, going_on=going_on)
        weights = self._of_classes(data.weights, data.labels, (data.labels, data.train_rows))
        return replace(data, weights=weights / weights[data.train_rows].mean())

    def _samples_to_learn(
        self, X: Any, y: Any, sample_weight: Any, known: Any = None, *, going_on: bool
    ) -> Data:
        """Do that but for the weights of classes, which are learned from all samples."""
        self._note_callbacks()
        rows, y, seen_shape = rows_to_fit(
            self, self._given(X), y, reset=not going_on, read_targets=self._checked_targets
        )
        rows = self._inputs(rows)
        weights = checked_weights(sample_weight, rows)
        # A row of weight zero is ignored entirely, its class and its pixels too.
        counted = np.flatnonzero(weights).astype(np.int32)
        if going_on:
            check_same_shape(self, seen_shape)
            self._warn_of_other_pixels(rows)
            if known is None:
                self._check_same_targets(y[counted])
        else:
            self._begin_anew(rows, y, counted, known, seen_shape)
        labels = self._labels(y, counted)
        rows, divisor = self._scaling.ready_to_divide(rows, self._float)
        return Data(
            images=as_images(rows, self.image_shape_),
            labels=labels,
            weights=weights,
            train_rows=counted,
            validation_rows=counted[:0],
            pixel_scale=divisor,
            background=self._encoding.background,
        )

    def _begin_anew(
        self,
        rows: NDArray[Any],
        y: NDArray[Any],
        counted: NDArray[Any],
        known: Any,
        seen: ImageShape | None,
    ) -> None:
        encoding = self._learned_encoding(
            rows if len(counted) == len(rows) else taken(rows, counted), seen
        )
        self.image_shape_, self._pixels_ = encoding.image_shape, encoding.values
        self.pixel_offset_, self.pixel_scale_ = encoding.scaling
        self._learn_targets(y[counted], known)
        self.dtype_ = self._find_dtype()
        for name in self._histories:
            setattr(self, name, {})
        self.n_epochs_ = 0
        self._seed_ = seed_of(self.random_state)
        self._predictor_ = None
        self._optimizer_state_ = None

    # An estimator of anything but images overrides these two.

    def _inputs(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Convert the validated numbers to a format that every backend reads."""
        return native_pixels(rows)

    def _learned_encoding(self, rows: NDArray[Any], seen: ImageShape | None) -> ImageEncoding:
        """Learn the shape of the images and the range of their values."""
        return ImageEncoding.learned(rows, seen, self.image_shape, self.pixel_scaling)

    def _given(self, X: Any) -> Any:
        """Return what the user gave as an array or a table."""
        return X

    def _find_dtype(self) -> str:
        return find_dtype(self.dtype)

    @property
    def _float(self) -> str:
        return exact_dtype(self.dtype_)

    def _hold_out(self, data: Data) -> Data:
        """Hold out rows for validation."""
        fraction = held_out_part(self.validation_fraction, self.early_stopping)
        if not fraction:
            return data
        train_rows, validation_rows = self._split(data.train_rows, data.labels, fraction)
        weights = data.weights / data.weights[train_rows].mean()
        return replace(
            data, weights=weights, train_rows=train_rows, validation_rows=validation_rows
        )

    def _judge_on(self, data: Data, X_val: Any, y_val: Any, sample_weight_val: Any) -> Data:
        """Validate on the given samples."""
        for name, value in {"X_val": X_val, "y_val": y_val}.items():
            if value is None:
                raise ValueError(f"{name} is missing; give both X_val and y_val, or neither.")
        self._check_none_held_out("X_val")
        try:
            given = self._validation_data(data, X_val, y_val, sample_weight_val)
        except ValueError as error:
            raise ValueError(f"X_val and y_val can't be used: {error}") from error
        return replace(data, validation=given, validation_rows=given.validation_rows)

    def _check_none_held_out(self, given: str) -> None:
        if self.validation_fraction:
            raise ValueError(
                f"validation_fraction={shown(self.validation_fraction)} and {given} are both "
                f"given; set validation_fraction=None to validate on {given}, or leave {given} out."
            )

    def _validation_data(self, data: Data, X_val: Any, y_val: Any, sample_weight_val: Any) -> Data:
        given = self._converted(data, X_val, y_val, sample_weight_val, "_val")
        if not given.weights.any():
            raise ValueError("sample_weight_val and class_weight leave no sample any weight.")
        return replace(given, train_rows=given.train_rows[:0], validation_rows=given.train_rows)

    def _converted(self, data: Data, X: Any, y: Any, sample_weight: Any, suffix: str = "") -> Data:
        """Return further samples as those of `fit`, from which all is learned already."""
        rows, _ = rows_as_fitted(self, self._given(X))
        rows = self.__skmnist_inputs__(rows)
        check_not_masked(y, f"y{suffix}")
        y = self._checked_targets(y, f"y{suffix}")
        check_consistent_length(rows, y)
        weights = checked_weights(sample_weight, rows, f"sample_weight{suffix}")
        counted = np.flatnonzero(weights).astype(np.int32)
        labels = self._labels(y, counted)
        weights = self._of_classes(weights, labels, (data.labels, data.train_rows))
        rows, _ = self._scaling.ready_to_divide(rows, self._float)
        return Data(
            images=as_images(rows, self.image_shape_),
            labels=labels,
            weights=weights,
            train_rows=counted,
            validation_rows=counted[:0],
            pixel_scale=data.pixel_scale,
            background=data.background,
        )

    # -- the training ------------------------------------------------------------------

    def _train(
        self,
        training: Training,
        sample_weight: Any,
        keep_optimizer: bool,
        file: CheckpointFile | CheckpointFiles | None = None,
    ) -> Outcome:
        """Run a training, and set the attributes that it returns."""
        spec = training.spec
        start = self._start(spec)
        saver = Saver()
        if file is not None:
            goes_on = training.begins_longer_ones and not self.callbacks
            identity = training.identity(start)
            saver = file.saver(self._seed_, self.dtype_, identity, goes_on)
        reporter = Reporter(
            self,
            self._init_callback_context(max_subtasks=training.n_epochs - saver.n_epochs),
            partial(self._learned, spec.architecture),
            training,
            sample_weight,
            self._as_given,
        )
        outcome = training.run(start, self.callbacks or (), reporter, saver)
        for name, value in self._learned(spec.architecture, outcome).items():
            setattr(self, name, value)
        self._optimizer_state_ = (
            (spec.optimizer, outcome.state.optimizer) if keep_optimizer else None
        )
        reporter.fit_ended()
        return outcome

    def _training(
        self, spec: TrainingSpec, plan: Plan, data: Data, *, one_epoch: bool = False
    ) -> Training:
        """Choose how the network is trained in `fit`, or for one more epoch."""
        return Training(spec, plan, data)

    def _plan(
        self,
        data: Data,
        spec: TrainingSpec,
        epochs: int | str,
        schedule: Schedule,
        patience: int | None,
    ) -> Plan:
        n_rows = len(data.train_rows)
        size = batch_size(self.batch_size, n_rows)
        return Plan(
            epochs=n_epochs(epochs, n_rows, size),
            batch_size=size,
            learning_rate=spec.optimizer.learning_rate,
            schedule=schedule,
            seed=self._seed_,
            shuffle=self.shuffle,
            first_epoch=self.n_epochs_,
            patience=patience,
            monitor=self.monitor,
            tol=self.tol,
        )

    def _patience(self) -> int | None:
        return self.n_iter_no_change if self.early_stopping else None

    def _optimizer(self) -> OptimizerSpec:
        if not isinstance(self.optimizer, str | Optimizer):
            self._check_idle_rate()
        return find_optimizer(self.optimizer, self.learning_rate)

    def _check_idle_rate(self) -> None:
        if self.learning_rate != signature(type(self)).parameters["learning_rate"].default:
            raise ValueError(
                f"learning_rate={shown(self.learning_rate)} has no effect with a Keras optimizer "
                "object; set it in the object, or give the optimizer's name or an Optimizer."
            )

    def _training_spec(self) -> TrainingSpec:
        architecture = self._fitted_architecture()
        check_memory(architecture)
        return TrainingSpec(
            architecture=architecture,
            optimizer=self._optimizer(),
            loss=self._loss(),
            augmentation=self._found_augmentation(),
            task=self._task,
            metrics=find_metrics(self.metrics),
        )

    def _start(self, spec: TrainingSpec) -> State | None:
        """Return the state to continue from; None draws new weights."""
        if self._predictor_ is None:
            return None
        if not spec.architecture.takes_weights_of(self._predictor_.architecture):
            raise ValueError(
                "The network's parameters have changed since it was fitted, so training can't "
                "continue from there. Set warm_start=False to start over, or set them back."
            )
        kept = self._optimizer_state_
        return State(
            self._predictor_.variables,
            kept[1] if kept is not None and kept[0] == spec.optimizer else None,
        )

    def _learned(self, architecture: Architecture, outcome: Outcome) -> dict[str, Any]:
        """Return all attributes that training sets."""
        predictor = Predictor(architecture, outcome.state.network, self._scaling)
        return {
            "_predictor_": predictor,
            "n_parameters_": predictor.n_parameters,
            "callbacks_": list(self.callbacks or ()),
            "augmentation_": self._found_augmentation(),
            "best_epoch_": outcome.best_epoch,
            "n_epochs_": self.n_epochs_ + len(outcome.history["loss"]),
            "history_": continued(self.history_, outcome.history),
        }
