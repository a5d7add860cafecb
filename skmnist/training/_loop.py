"""The run over the epochs, the same for every backend."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.backend import backend_name, check_execution_mode, distribution
from skmnist._utils.onednn import warn_of_missing_onednn
from skmnist.networks._layers import all_layers
from skmnist.training._callbacks import KerasCallbacks
from skmnist.training._contract import (
    Data,
    Outcome,
    Plan,
    Saved,
    Saver,
    State,
    TrainingSpec,
    Watcher,
    check_finite_loss,
    epoch_generator,
)
from skmnist.training._history import continued
from skmnist.training._identity import Identity, identity_of
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

    @property
    def begins_longer_ones(self) -> bool:
        """Whether a training of more epochs begins with the epochs of this one."""
        return self.plan.begins_longer_ones

    def identity(self, start: State | None) -> Identity:
        """Describe what the result depends on; see :func:`identity_of`."""
        return identity_of(self.spec, self.plan, self.data, start)

    def run(
        self,
        start: State | None,
        callbacks: Sequence[Any],
        watcher: Watcher,
        saver: Saver | None = None,
    ) -> Outcome:
        """Train; see :func:`train`."""
        return train(self.spec, self.plan, self.data, start, callbacks, watcher, saver)


def train(
    spec: TrainingSpec,
    plan: Plan,
    data: Data,
    start: State | None = None,
    callbacks: Sequence[Any] = (),
    watcher: Watcher | None = None,
    saver: Saver | None = None,
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
    saver : Saver or None, default=None
        Keeps what was reached, and has what an earlier run has reached.

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
    run = _Run(spec, plan, data, watcher or Watcher(), saver or Saver())
    if not callbacks:
        # Of another distribution, a trainer has its variables elsewhere.
        key = spec, distribution()
        with _pool.lend(key, lambda: _new_trainer(spec, plan.seed)) as trainer:
            return run(trainer, start, ())
    # A user's callback may keep the network, so this trainer is never lent again.
    return run(_new_trainer(spec, plan.seed), start, callbacks)


def _new_trainer(spec: TrainingSpec, seed: int) -> Any:
    module = import_module(f"skmnist.training._backends.{backend_name()}")
    trainer = module.Trainer(spec, seed)
    if _has_convolutions(trainer.network):
        warn_of_missing_onednn()
    return trainer


def _has_convolutions(network: Any) -> bool:
    return any("Conv" in type(layer).__name__ for layer in all_layers(network))


class _Run:
    """One training, by a trainer that is lent for it.

    Parameters
    ----------
    spec, plan, data, watcher, saver
        As for :func:`train`.
    """

    def __init__(
        self, spec: TrainingSpec, plan: Plan, data: Data, watcher: Watcher, saver: Saver
    ) -> None:
        self._spec, self._plan, self._data = spec, plan, data
        self._watcher, self._saver = watcher, saver
        self._progress = _Progress(plan, data)

    def __call__(self, trainer: Any, start: State | None, callbacks: Sequence[Any]) -> Outcome:
        """Train, or return what an earlier run has ended with."""
        _check_watchable(self._plan, self._data, self._spec)
        saved = None if self._saver.saved is None else self._taken_up(self._saver.saved, trainer)
        if saved is not None and saved.ended:
            return self._progress.outcome(lambda: saved.latest)
        trainer.begin(self._data, self._plan, start)
        if saved is not None:
            trainer.restore([*saved.latest.network, *(saved.latest.optimizer or ())])
            self._progress.kept = trainer.kept()
        outcome = self._train(trainer, callbacks)
        if not outcome.interrupted:
            self._saver.training_ended(Saved(outcome.state, None, outcome.history, ended=True))
        trainer.finish()
        return outcome

    def _taken_up(self, saved: Saved, trainer: Any) -> Saved:
        """Check what an earlier run has reached, and count its epochs."""
        try:
            best = None if saved.best is None else trainer.checked(saved.best)
            saved = replace(saved, latest=trainer.checked(saved.latest), best=best)
            missing = _curves(self._spec, self._data) - saved.history.keys()
            if missing:
                raise ValueError(f"its history lacks {sorted(missing)}.")
            self._progress.take_up(saved)
        except ValueError as error:
            raise ValueError(f"the checkpoint can't be resumed from: {error}") from error
        self._watcher.resumes(saved.history)
        return saved

    def _train(self, trainer: Any, callbacks: Sequence[Any]) -> Outcome:
        progress = self._progress
        keras_callbacks = KerasCallbacks(
            callbacks, trainer, self._spec, self._plan, len(self._data.train_rows)
        )
        keras_callbacks.on_train_begin()
        try:
            for epoch in range(progress.n_epochs, self._plan.epochs):
                ends = self._train_epoch(trainer, epoch, keras_callbacks)
                self._saver.epoch_ended(lambda: progress.saved(trainer.latest()), ends)
                if ends:
                    break
        except KeyboardInterrupt:
            keep_after_interrupt(progress.n_epochs)
            if progress.kept is not None:
                trainer.restore(progress.kept)
            progress.interrupted = True
        keras_callbacks.on_train_end({name: curve[-1] for name, curve in progress.history.items()})
        return progress.outcome(trainer.state)

    def _train_epoch(self, trainer: Any, epoch: int, keras_callbacks: KerasCallbacks) -> bool:
        """Train for one epoch and call all hooks; return whether it is the last one."""
        number, progress = self._plan.first_epoch + epoch + 1, self._progress
        self._watcher.epoch_begins(number)
        keras_callbacks.on_epoch_begin(epoch)
        logs = self._run_epoch(trainer, epoch, keras_callbacks)
        progress.judge(logs, trainer.state)
        stop = self._watcher.epoch_ended(number, logs, trainer.state)
        added = keras_callbacks.on_epoch_end(epoch, logs)
        # No interrupt can damage the state after the last epoch.
        is_last = epoch == self._plan.epochs - 1
        progress.epoch_ended(logs | added, None if is_last else trainer.kept())
        return is_last or stop or keras_callbacks.stop or progress.best.waited_enough

    def _run_epoch(
        self, trainer: Any, epoch: int, keras_callbacks: KerasCallbacks
    ) -> dict[str, float]:
        spec, plan, data = self._spec, self._plan, self._data
        rng = epoch_generator(plan.seed, plan.first_epoch + epoch)
        order = epoch_order(plan, data, rng)
        draws = (
            spec.augmentation.draw(rng, len(order), data.images.shape[1:3], plan.batch_size)
            if spec.augmentation
            else np.zeros((0, 8), np.float32)
        )
        rates = self._rates(epoch, len(order), trainer.n_steps)
        # A schedule of the optimizer has the next epoch's rate afterwards.
        at_first = trainer.learning_rate if plan.learning_rate is None else None
        # NaN means the optimizer's current rate, which callbacks may change.
        planned = np.full(plan.steps_per_epoch(len(order)), np.nan) if rates is None else rates
        scores = trainer.run_epoch(order, draws, planned, keras_callbacks)
        if rates is None:
            rates = np.array([trainer.learning_rate if at_first is None else at_first])
        check_finite_loss(scores["loss"], plan.first_epoch + epoch + 1, max(rates))
        logs = {**scores, "learning_rate": float(rates[-1])}
        if len(data.validation_rows):
            judged = trainer.evaluate(data.validation_rows)
            logs |= {f"val_{name}": score for name, score in judged.items()}
        return logs

    def _rates(self, epoch: int, n_rows: int, n_steps: int) -> NDArray[Any] | None:
        """Return the rate of each step; None leaves it to the optimizer."""
        plan, base = self._plan, self._plan.learning_rate
        if base is None:
            return None
        steps = plan.steps_per_epoch(n_rows)
        history = self._progress.history
        return plan.schedule.rates(base, epoch, plan.epochs, steps, history, n_steps)


def _as_curves(logs: Mapping[str, float]) -> dict[str, list[float]]:
    return {name: [value] for name, value in logs.items()}


def _curves(spec: TrainingSpec, data: Data) -> set[str]:
    """Return the names of the curves that every epoch of a training has."""
    scores = {"loss", *(metric.name for metric in spec.metrics)}
    if spec.task.has_accuracy:
        scores.add("accuracy")
    of_validation = {f"val_{name}" for name in scores} if len(data.validation_rows) else set()
    return {"learning_rate", *scores, *of_validation}


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

    def __init__(self, plan: Plan, data: Data) -> None:
        self._plan, self._n_rows = plan, len(data.train_rows)
        self._held_out = len(data.validation_rows) > 0
        self.best = _Best(plan)
        self.history: dict[str, list[float]] = {}
        self.kept: Sequence[Any] | None = None
        self.interrupted = False

    @property
    def n_epochs(self) -> int:
        return len(self.history.get("loss", ()))

    def judge(self, logs: Mapping[str, float], state: Callable[[], State]) -> None:
        """Compare the scores of an epoch with those of the epochs before."""
        self._see(continued(self.history, _as_curves(logs)), state)

    def _see(self, history: Mapping[str, Sequence[float]], state: Callable[[], State]) -> None:
        # Without validation rows, a callback may have added a curve of such a name.
        measured = {
            name: curve
            for name, curve in history.items()
            if self._held_out or not name.startswith("val_")
        }
        self.best.see(self._plan.first_epoch + len(history["loss"]), measured, state)

    def epoch_ended(self, logs: Mapping[str, float], kept: Sequence[Any] | None) -> None:
        self.history, self.kept = continued(self.history, _as_curves(logs)), kept

    def saved(self, latest: State) -> Saved:
        """Return what was reached, for a run that goes on from here."""
        return Saved(latest, self.best.state, self.history, ended=False)

    def take_up(self, saved: Saved) -> None:
        """Go on from what an earlier run has reached."""
        n_epochs = len(saved.history["loss"])
        if not 1 <= n_epochs <= self._plan.epochs:
            raise ValueError(f"it has {n_epochs} epochs; expected 1 to {self._plan.epochs}.")
        stops_early = self._plan.patience is not None and not saved.ended
        if stops_early is not (saved.best is not None):
            raise ValueError("it lacks the best epoch's state, or has one without early stopping.")
        best = saved.best or saved.latest
        for n in range(1, n_epochs + 1):  # as they were judged then
            self._see({name: curve[:n] for name, curve in saved.history.items()}, lambda: best)
        self.history = saved.history

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
