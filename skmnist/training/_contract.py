"""The data structures of training, shared by all backends."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist.networks._architecture import Architecture
from skmnist.training._augmentation import Augmentation
from skmnist.training._losses import Loss
from skmnist.training._metrics import Metric
from skmnist.training._optimizers import OptimizerSpec
from skmnist.training._schedules import Schedule
from skmnist.training._tasks import ONE_CLASS, Task


@dataclass(frozen=True)
class TrainingSpec:
    """The settings that are compiled: equal specs share one compiled loop."""

    architecture: Architecture
    optimizer: OptimizerSpec
    loss: Loss
    augmentation: Augmentation | None
    task: Task = ONE_CLASS
    metrics: tuple[Metric, ...] = ()


@dataclass(frozen=True)
class Plan:
    """All other settings of a run; together with the data they determine it bit for bit."""

    epochs: int
    batch_size: int
    learning_rate: float | None
    schedule: Schedule
    seed: int
    shuffle: bool = True
    first_epoch: int = 0
    patience: int | None = None
    monitor: str = "auto"
    tol: float = 0.0

    @property
    def begins_longer_ones(self) -> bool:
        """Whether a plan of more epochs begins with the epochs of this one."""
        of_rates = self.learning_rate is not None and self.schedule.depends_on_epochs
        return self.patience is None and not of_rates

    def steps_per_epoch(self, n_rows: int) -> int:
        """Return the number of batches for `n_rows` rows."""
        return -(-n_rows // self.batch_size)


@dataclass(frozen=True)
class Data:
    """The data as passed, and which rows are for training and which for validation.

    Attributes
    ----------
    images : ndarray or RowSource of shape (n, height, width, channels)
        Pixels of any real dtype, still to be divided by `pixel_scale`.
    labels : ndarray of shape (n,), int32, or (n, n_targets), float
        Class numbers, or what else the task predicts.
    weights : ndarray of shape (n,), float
        Sample weights, of mean 1 over the training rows.
    train_rows : ndarray of int32
        Row numbers.
    validation_rows : ndarray of int32
        Row numbers of the validation images: those of `validation` if that is given.
    pixel_scale : float
        The divisor of pixels.
    validation : Data or None
        A separate validation set; None if the validation rows are among these images.
    background : tuple of float
        Scaled background of the images, per channel or for all: augmentation fills with it.
    """

    images: Any
    labels: NDArray[Any]
    weights: NDArray[Any]
    train_rows: NDArray[Any]
    validation_rows: NDArray[Any]
    pixel_scale: float
    validation: "Data | None" = None
    background: tuple[float, ...] = (0.0,)

    def parts(self, rows: NDArray[Any], size: int) -> Iterator["Data"]:
        """Yield rows in parts of a size, with their images as an array."""
        return (self.take(rows[start : start + size]) for start in range(0, len(rows), size))

    def take(self, rows: NDArray[Any]) -> "Data":
        """Return some of the rows, with their images as an array."""
        return replace(
            self, images=self.images[rows], labels=self.labels[rows], weights=self.weights[rows]
        )


@dataclass(frozen=True)
class State:
    """The state of training as plain arrays: the network's variables and the optimizer's.

    Without the optimizer's, training continues with a new optimizer; if that is empty, the network
    is new too.
    """

    network: Sequence[NDArray[Any]]
    optimizer: Sequence[NDArray[Any]] | None


@dataclass(frozen=True)
class Outcome:
    """The result of training.

    Attributes
    ----------
    state : State
        At the best epoch if training may stop early, else at the last.
    history : dict of str to list of float
        "loss", "accuracy" if the task has one, "learning_rate" and the metrics; those of held-out
        rows are named "val_loss" and so on. One number per epoch.
    best_epoch : int
        The epoch with the lowest validation loss (the training loss if nothing is held out),
        counted from 1 over all calls.
    interrupted : bool
        Whether Ctrl-C ended it.
    n_steps : int
        Number of training steps; of the last phase, if there are several.
    loss, accuracy : float
        On the training rows, in the epoch whose state is kept; NaN for a task without accuracy.
    """

    state: State
    history: dict[str, list[float]] = field(default_factory=dict)
    best_epoch: int = 0
    interrupted: bool = False
    n_steps: int = 0
    loss: float = nan
    accuracy: float = nan


@dataclass(frozen=True)
class Saved:
    """What a training, or a phase of one, had reached at the end of an epoch.

    Attributes
    ----------
    latest : State
        As trained, weights not averaged; of a training that has ended, what it returned.
    best : State or None
        At the best epoch, if training may stop early and hasn't ended.
    history : dict of str to list of float
        The curves so far.
    ended : bool
        Whether no epoch is left.
    """

    latest: State
    best: State | None
    history: dict[str, list[float]]
    ended: bool


class Saver:
    """Keeps what a training has reached, for another run; this base class keeps nothing.

    Attributes
    ----------
    saved : Saved or None
        What an earlier run of the same training, or phase, has kept.
    n_epochs : int
        Number of epochs that an earlier run has finished, in all phases.
    """

    saved: Saved | None = None
    n_epochs: int = 0

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to train."""
        return self.saved is not None and self.saved.ended

    def epoch_ended(self, reached: Callable[[], Saved], is_last: bool = False) -> None:
        """Receive, after an epoch, a function to copy what was reached."""

    def training_ended(self, reached: Saved) -> None:
        """Receive what the training, or the phase, has returned."""

    def next_phase(self) -> "Saver":
        """Return what keeps the following phase."""
        return self


class Watcher:
    """Called for each epoch, numbered from 1 over all calls; this base class does nothing."""

    def resumes(self, history: dict[str, list[float]]) -> None:
        """Receive the curves of the epochs that an earlier run has finished."""

    def epoch_begins(self, epoch: int) -> None:
        """Receive the number of an epoch that begins."""

    def epoch_ended(self, epoch: int, logs: dict[str, float], state: Callable[[], State]) -> bool:
        """Receive its losses and scores, and a function to copy the state; True ends the run."""
        return False


def epoch_generator(seed: int, epoch: int) -> np.random.Generator:
    """Return the generator for one epoch's random draws: the order and the augmentation."""
    return np.random.default_rng([seed, epoch])


class TrainingDivergedError(ValueError):
    """The loss became NaN or infinite."""


def check_finite_loss(loss: float, epoch: int, rate: Any) -> None:
    """Raise an error if the loss is NaN or infinite."""
    if not np.isfinite(loss):
        raise TrainingDivergedError(
            f"Training diverged: the loss is {loss} in epoch {epoch} at learning_rate={rate:.3g}. "
            "Lower learning_rate, or scale the pixels."
        )
