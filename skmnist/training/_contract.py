"""The nouns of training, shared by all backends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist.networks._architecture import Architecture
from skmnist.training._augmentation import Augmentation
from skmnist.training._losses import Loss
from skmnist.training._optimizers import OptimizerSpec
from skmnist.training._schedules import Schedule


@dataclass(frozen=True)
class TrainingSpec:
    """What is compiled: equal specs share one compiled loop."""

    architecture: Architecture
    optimizer: OptimizerSpec
    loss: Loss
    augmentation: Augmentation | None


@dataclass(frozen=True)
class Plan:
    """Everything else that decides a run; with the data, it decides every bit of it."""

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

    def steps_per_epoch(self, n_rows: int) -> int:
        """Return the number of batches that `n_rows` make."""
        return -(-n_rows // self.batch_size)


@dataclass(frozen=True)
class Data:
    """The data as it came, and which rows train and which judge.

    Attributes
    ----------
    images : ndarray of shape (n, height, width, channels)
        Pixels of any real dtype, still to be divided by `pixel_scale`.
    labels : ndarray of shape (n,), int32
        Class numbers.
    weights : ndarray of shape (n,), float
        Sample weights, of mean 1 over the training rows.
    train_rows : ndarray of int32
        Row numbers.
    validation_rows : ndarray of int32
        Row numbers of the images that judge: of `validation` where that is given.
    pixel_scale : float
        What pixels are divided by.
    validation : Data or None
        A set of its own to judge on; None where the rows that judge are among these images.
    background : tuple of float
        What surrounds the images, scaled, for each channel or for all: augmentation fills with it.
    """

    images: NDArray
    labels: NDArray
    weights: NDArray
    train_rows: NDArray
    validation_rows: NDArray
    pixel_scale: float
    validation: "Data | None" = None
    background: tuple[float, ...] = (0.0,)


@dataclass(frozen=True)
class State:
    """Where training stands, in plain arrays: the network's variables and the optimizer's.

    Without the optimizer's, training goes on with a new optimizer.
    """

    network: Sequence[NDArray]
    optimizer: Sequence[NDArray] | None


@dataclass(frozen=True)
class Outcome:
    """What training gives back.

    Attributes
    ----------
    state : State
        At the best epoch where training may stop early, else at the last.
    history : dict of str to list of float
        "loss", "accuracy", "learning_rate", and "val_loss", "val_accuracy" where rows were
        held out; one number an epoch.
    best_epoch : int
        The epoch with the lowest judged loss, counted from 1 over all calls.
    interrupted : bool
        Whether Ctrl-C ended it.
    n_steps : int
        Training steps taken; of the last phase, where there are several.
    loss, accuracy : float
        Of the training rows, in the epoch whose state is kept.
    """

    state: State
    history: dict[str, list[float]] = field(default_factory=dict)
    best_epoch: int = 0
    interrupted: bool = False
    n_steps: int = 0
    loss: float = nan
    accuracy: float = nan


class Watcher:
    """Told of each epoch, numbered from 1 over all calls (does nothing by itself)."""

    def epoch_begins(self, epoch: int) -> None:
        """Hear that an epoch begins."""

    def epoch_ended(self, epoch: int, logs: dict[str, float], state: Callable[[], State]) -> bool:
        """Hear its losses and scores, and how to copy the state; True ends the run."""
        return False


def epoch_generator(seed: int, epoch: int) -> np.random.Generator:
    """Give the source of all that is drawn for one epoch: the order and the augmentation."""
    return np.random.default_rng([seed, epoch])


def epoch_order(plan: Plan, rows: NDArray, rng: np.random.Generator) -> NDArray:
    """Order the training rows for one epoch."""
    return rng.permutation(rows) if plan.shuffle else rows


class TrainingDivergedError(ValueError):
    """The loss is no longer a number."""


def check_finite_loss(loss: float, epoch: int, rate: Any) -> None:
    """Stop a run whose loss became NaN or infinite."""
    if not np.isfinite(loss):
        raise TrainingDivergedError(
            f"Training diverged: the loss is {loss} in epoch {epoch} at learning_rate={rate:.3g}. "
            "Lower learning_rate, or scale the pixels."
        )
