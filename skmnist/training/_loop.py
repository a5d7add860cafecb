"""The run over the epochs, the same for every backend."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import nan
from typing import Any

import numpy as np

from skmnist._utils.backend import backend_name, check_execution_mode
from skmnist._utils.onednn import warn_of_missing_onednn
from skmnist.networks._layers import all_layers
from skmnist.training._callbacks import KerasCallbacks
from skmnist.training._contract import (
    Data,
    Outcome,
    Plan,
    State,
    TrainingSpec,
    Watcher,
    check_finite_loss,
    epoch_generator,
)
from skmnist.training._history import continued
from skmnist.training._interrupts import keep_after_interrupt
from skmnist.training._monitor import check_watchable, watched
from skmnist.training._parts import epoch_order
from skmnist.training._pool import Pool

_pool = Pool(maxsize=8)


@dataclass(frozen=True)
class Training:
    """The arguments of :func:`train`, except for the start, the callbacks and the watcher.

    Parameters
    ----------
    spec : TrainingSpec
        The network, the optimizer and the loss.
    plan : Plan
        Epochs, batches, order, rates, seed.
    data : Data
        Images, labels, weights; which rows are for training and which for validation.
    """

    spec: TrainingSpec
    plan: Plan
    data: Data

    @property
    def n_epochs(self) -> int:
        """The planned number of epochs."""
        return self.plan.epochs

    def run(self, start: State | None, callbacks: Sequence[Any], watcher: Watcher) -> Outcome:
        """Train; see :func:`train`."""
        return train(self.spec, self.plan, self.data, start, callbacks, watcher)


def train(
    spec: TrainingSpec,
    plan: Plan,
    data: Data,
    start: State | None = None,
    callbacks: Sequence[Any] = (),
    watcher: Watcher | None = None,
) -> Outcome:
    """Train a network.

    Parameters
    ----------
    spec : TrainingSpec
        The network, the optimizer and the loss.
    plan : Plan
        Epochs, batches, order, rates, seed.
    data : Data
        Images, labels, weights; which rows are for training and which for validation.
    start : State or None, default=None
        The state to continue from; None draws new weights from the plan's seed.
    callbacks : sequence of keras.callbacks.Callback, default=()
        The callbacks themselves are run, not copies.
    watcher : Watcher or None, default=None
        Called before and after each epoch; may end the run.

    Returns
    -------
    outcome : Outcome
        The final arrays, and the losses and scores of each epoch.

    Raises
    ------
    TrainingDivergedError
        If a loss is not finite.
    KeyboardInterrupt
        Ctrl-C before the first epoch has ended, or within joblib; otherwise training ends with a
        warning and keeps what it has learned.
    """
    check_execution_mode()
    if not callbacks:
        with _pool.lend(spec, lambda: _new_trainer(spec, plan.seed)) as trainer:
            return _run(trainer, plan, data, spec, start, (), watcher or Watcher())
    # A user's callback may keep the network, so this trainer is never lent again.
    trainer = _new_trainer(spec, plan.seed)
    return _run(trainer, plan, data, spec, start, callbacks, watcher or Watcher())


def _new_trainer(spec: TrainingSpec, seed: int) -> Any:
    module = import_module(f"skmnist.training._backends.{backend_name()}")
    trainer = module.Trainer(spec, seed)
    if _has_convolutions(trainer.network):
        warn_of_missing_onednn()
    return trainer


def _has_convolutions(network: Any) -> bool:
    return any("Conv" in type(layer).__name__ for layer in all_layers(network))


def _run(
    trainer: Any,
    plan: Plan,
    data: Data,
    spec: TrainingSpec,
    start: State | None,
    callbacks: Sequence[Any],
    watcher: Watcher,
) -> Outcome:
    _check_watchable(plan, data, spec)
    trainer.begin(data, plan, start)
    keras_callbacks = KerasCallbacks(callbacks, trainer, spec, plan, len(data.train_rows))
    progress = _Progress(plan, len(data.train_rows))
    keras_callbacks.on_train_begin()
    try:
        for epoch in range(plan.epochs):
            if _train_epoch(trainer, plan, data, spec, epoch, progress, keras_callbacks, watcher):
                break
    except KeyboardInterrupt:
        keep_after_interrupt(len(progress.history.get("loss", ())))
        if progress.kept is not None:
            trainer.restore(progress.kept)
        progress.interrupted = True
    keras_callbacks.on_train_end({name: curve[-1] for name, curve in progress.history.items()})
    outcome = progress.outcome(trainer.state)
    trainer.finish()
    return outcome


def _train_epoch(
    trainer: Any,
    plan: Plan,
    data: Data,
    spec: TrainingSpec,
    epoch: int,
    progress: "_Progress",
    keras_callbacks: KerasCallbacks,
    watcher: Watcher,
) -> bool:
    """Train for one epoch and call all hooks; return whether to stop."""
    number = plan.first_epoch + epoch + 1
    watcher.epoch_begins(number)
    keras_callbacks.on_epoch_begin(epoch)
    logs = _run_epoch(trainer, plan, data, spec, epoch, progress.history, keras_callbacks)
    judged = continued(progress.history, _as_curves(logs))
    progress.best.see(number, judged, trainer.state)
    stop = watcher.epoch_ended(number, logs, trainer.state)
    added = keras_callbacks.on_epoch_end(epoch, logs)
    # No interrupt can damage the state after the last epoch.
    is_last = epoch == plan.epochs - 1
    progress.epoch_ended(logs | added, None if is_last else trainer.kept())
    return stop or keras_callbacks.stop or progress.best.waited_enough


def _as_curves(logs: Mapping[str, float]) -> dict[str, list[float]]:
    return {name: [value] for name, value in logs.items()}


def _run_epoch(
    trainer: Any,
    plan: Plan,
    data: Data,
    spec: TrainingSpec,
    epoch: int,
    history: Mapping[str, Sequence[float]],
    keras_callbacks: KerasCallbacks,
) -> dict[str, float]:
    rng = epoch_generator(plan.seed, plan.first_epoch + epoch)
    order = epoch_order(plan, data, rng)
    draws = (
        spec.augmentation.draw(rng, len(order), data.images.shape[1:3], plan.batch_size)
        if spec.augmentation
        else np.zeros((0, 8), np.float32)
    )
    steps = plan.steps_per_epoch(len(order))
    base = plan.learning_rate
    rates = None if base is None else plan.schedule.rates(base, epoch, plan.epochs, steps, history)
    # A schedule of the optimizer has the next epoch's rate afterwards.
    at_first = trainer.learning_rate if base is None else None
    # NaN means the optimizer's current rate, which callbacks may change.
    planned = np.full(steps, np.nan) if rates is None else rates
    scores = trainer.run_epoch(order, draws, planned, keras_callbacks)
    if rates is None:
        rates = np.array([trainer.learning_rate if at_first is None else at_first])
    check_finite_loss(scores["loss"], plan.first_epoch + epoch + 1, max(rates))
    logs = {**scores, "learning_rate": float(rates[-1])}
    if len(data.validation_rows):
        judged = trainer.evaluate(data.validation_rows)
        logs |= {f"val_{name}": score for name, score in judged.items()}
    return logs


def _check_watchable(plan: Plan, data: Data, spec: TrainingSpec) -> None:
    known = len(data.validation_rows) > 0, spec.task.has_accuracy
    check_watchable(plan.schedule.monitor, type(plan.schedule).__name__, *known)
    if plan.patience is not None:
        check_watchable(plan.monitor, "early stopping", *known)


class Lowest:
    """The lowest value so far, and the number of epochs since then."""

    def __init__(self, tol: float) -> None:
        self._tol = tol
        self._value: float | None = None
        self.waited = 0

    def improves(self, value: float) -> bool:
        """Record a value, and return whether it is the lowest by more than the tolerance."""
        if self._value is None or value < self._value - self._tol:
            self._value, self.waited = value, 0
            return True
        self.waited += 1
        return False


class _Best:
    """The best epoch, and its state if training may stop early.

    The best epoch is that of the lowest validation loss (the training loss if nothing is held
    out), whatever `monitor` is.
    """

    def __init__(self, plan: Plan) -> None:
        self._patience = plan.patience
        self._monitor = plan.monitor
        # The kept epoch is the best one, however little better it is.
        self._judged, self._watched = Lowest(0.0), Lowest(plan.tol)
        self.epoch = 0
        self.state: State | None = None

    def see(
        self, epoch: int, history: Mapping[str, Sequence[float]], state: Callable[[], State]
    ) -> None:
        if self._patience is not None:
            self._watched.improves(watched(history, self._monitor)[-1])
        if self._judged.improves(watched(history, "auto")[-1]):
            self.epoch = epoch
            if self._patience is not None:
                self.state = state()

    @property
    def waited_enough(self) -> bool:
        return self._patience is not None and self._watched.waited >= self._patience


class _Progress:
    """The results of the finished epochs, which an interrupted training returns."""

    def __init__(self, plan: Plan, n_rows: int) -> None:
        self._plan, self._n_rows = plan, n_rows
        self.best = _Best(plan)
        self.history: dict[str, list[float]] = {}
        self.kept: Sequence[Any] | None = None
        self.interrupted = False

    def epoch_ended(self, logs: Mapping[str, float], kept: Sequence[Any] | None) -> None:
        self.history, self.kept = continued(self.history, _as_curves(logs)), kept

    def outcome(self, state: Callable[[], State]) -> Outcome:
        history, kept = self.history, -1
        if self.best.state is not None:
            kept = self.best.epoch - self._plan.first_epoch - 1
        return Outcome(
            self.best.state or state(),
            history,
            self.best.epoch,
            self.interrupted,
            n_steps=len(history["loss"]) * self._plan.steps_per_epoch(self._n_rows),
            loss=history["loss"][kept],
            accuracy=history["accuracy"][kept] if "accuracy" in history else nan,
        )
