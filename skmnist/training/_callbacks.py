"""The user's Keras callbacks: run as in Keras's ``Model.fit``, and copied for a clone."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from types import MethodType
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown
from skmnist.networks._adapted import own_network
from skmnist.training._contract import Plan, TrainingSpec
from skmnist.training._evaluation import compile_for_evaluation
from skmnist.training._schedules import Constant

_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
_SET_THE_RATE = ("LearningRateScheduler", "ReduceLROnPlateau")
_REFUSED = {
    "BackupAndRestore": "resumes an interrupted Model.fit of Keras, which isn't used here. "
    "Give fit the arguments checkpoint='fit.checkpoint' and resume=True instead.",
    "SwapEMAWeights": "swaps weights that are averaged here already. Leave it out: with "
    "ema_momentum in the optimizer, validation and predict use the averaged weights.",
}


class KerasCallbacks:
    """The user's callbacks, called as Keras calls them in ``Model.fit``.

    Batch hooks require a return to Python at each step, so they are called only if a callback has
    one.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback
        The callbacks themselves are run, and keep what they have recorded.
    trainer : AbstractTrainer
        Its network, or the user's own in it, becomes their ``model``, compiled, so that they can
        evaluate it.
    spec : TrainingSpec
        Determines the loss and the metrics of the compiled model.
    plan : Plan
        Determines their ``params``.
    n_rows : int
        Number of training rows.

    Raises
    ------
    TypeError
        If one isn't a Keras callback.
    ValueError
        If one would have no effect here.
    """

    def __init__(
        self, callbacks: Sequence[Any], trainer: Any, spec: TrainingSpec, plan: Plan, n_rows: int
    ) -> None:
        self._network = own_network(trainer.network)
        self._callbacks = list(callbacks)
        self._has_schedule = plan.learning_rate is not None and plan.schedule != Constant()
        for callback in self._callbacks:
            _check_effective(callback, self._has_schedule)
        if not self._callbacks:
            return
        compile_for_evaluation(self._network, trainer.network.optimizer, spec)
        self._network.stop_training = False
        # With verbose=0, a callback such as Keras's ProgbarLogger would show nothing.
        params = {"epochs": plan.epochs, "steps": -(-n_rows // plan.batch_size), "verbose": 1}
        for callback in self._callbacks:
            callback.set_model(self._network)
            callback.set_params(params)

    @property
    def want_batches(self) -> bool:
        """Whether any callback overrides a batch hook."""
        base = load_keras().callbacks.Callback
        return any(
            getattr(type(callback), hook) is not getattr(base, hook)
            or hook in vars(callback)  # as in LambdaCallback
            for callback in self._callbacks
            for hook in _BATCH_HOOKS
        )

    @property
    def stop(self) -> bool:
        """Whether a callback asks training to stop."""
        return bool(self._callbacks) and bool(self._network.stop_training)

    def on_train_begin(self) -> None:
        """Call the hooks before the first epoch."""
        self._call("on_train_begin", {})

    def on_train_end(self, logs: dict[str, float]) -> None:
        """Call the hooks after the last epoch."""
        self._call("on_train_end", logs)

    def on_epoch_begin(self, epoch: int) -> None:
        """Call the hooks before an epoch, numbered from 0."""
        self._call("on_epoch_begin", epoch, {})

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> dict[str, float]:
        """Call the hooks after an epoch; return the numbers that they have added to the logs."""
        seen: dict[str, Any] = dict(logs)
        self._call("on_epoch_end", epoch, seen)
        return {
            name: float(value)
            for name, value in seen.items()
            if name not in logs and (isinstance(value, Real) or getattr(value, "ndim", None) == 0)
        }

    def on_batch_begin(self, step: int) -> None:
        """Call the hooks before a step."""
        self._call("on_train_batch_begin", step, {})

    def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
        """Call the hooks after a step."""
        self._call("on_train_batch_end", step, logs)

    def _call(self, hook: str, *arguments: Any) -> None:
        for callback in self._callbacks:
            with self._rate_kept_by(callback):
                getattr(callback, hook)(*arguments)

    @contextmanager
    def _rate_kept_by(self, callback: Any) -> Iterator[None]:
        """Raise an error if a callback sets a learning rate, which the schedule would replace."""
        if not self._has_schedule:
            yield
            return
        optimizer = self._network.optimizer
        before = float(optimizer.learning_rate)
        yield
        if float(optimizer.learning_rate) != before:
            raise ValueError(_rate_refused(callback))


def copied(callback: Any) -> Any:
    """Return a copy of a callback for a clone or a pickle.

    Its numbers, arrays, lists and dicts are copied, and callbacks that it contains.  Everything
    else is shared: functions, and objects that must not or can't be copied, such as a trial of
    optuna, a progress bar or an open file.  Closed files and the callback's network are left out.

    Parameters
    ----------
    callback : keras.callbacks.Callback
        Anything else is returned unchanged.

    Returns
    -------
    callback : keras.callbacks.Callback

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.training._callbacks import copied
    >>> history = load_keras().callbacks.History()
    >>> history.seen, history.file = [0.5], open
    >>> other = copied(history)
    >>> other.seen is history.seen, other.file is history.file
    (False, True)
    """
    return _copied(callback, {})


def _copied(value: Any, copies: dict[int, Any]) -> Any:
    if id(value) in copies:
        return copies[id(value)]
    if isinstance(value, load_keras().callbacks.Callback):
        return _copied_callback(value, copies)
    if isinstance(value, MethodType) and id(value.__self__) in copies:
        return MethodType(value.__func__, copies[id(value.__self__)])
    if isinstance(value, list):
        copies[id(value)] = items = copy.copy(value)
        items[:] = [_copied(item, copies) for item in value]
        return items
    if isinstance(value, dict):
        copies[id(value)] = named = copy.copy(value)
        named.update({name: _copied(item, copies) for name, item in value.items()})
        return named
    if isinstance(value, set):
        return copy.copy(value)
    if type(value) is tuple:
        return tuple(_copied(item, copies) for item in value)
    if type(value).__module__.partition(".")[0] == "numpy":
        return copy.deepcopy(value)
    return None if getattr(value, "closed", False) is True else value


def _copied_callback(callback: Any, copies: dict[int, Any]) -> Any:
    if hasattr(callback, "__deepcopy__"):
        return callback.__deepcopy__({})
    copies[id(callback)] = new = copy.copy(callback)
    network = getattr(callback, "_model", None)
    for name, value in vars(callback).items():
        vars(new)[name] = None if value is network else _copied(value, copies)
    return new


def _check_effective(callback: Any, has_schedule: bool) -> None:
    """Raise an error for an object that isn't a callback, or that would have no effect."""
    keras = load_keras().callbacks
    if not isinstance(callback, keras.Callback):
        raise TypeError(
            f"callbacks holds {shown(callback)}; expected keras.callbacks.Callback objects. "
            "For scikit-learn's callbacks there is set_callbacks."
        )
    for name, reason in _REFUSED.items():
        if isinstance(callback, getattr(keras, name)):
            raise ValueError(f"callbacks holds a {name}, which {reason}")
    if has_schedule and isinstance(callback, tuple(getattr(keras, n) for n in _SET_THE_RATE)):
        raise ValueError(_rate_refused(callback))


def _rate_refused(callback: Any) -> str:
    return (
        f"callbacks holds a {type(callback).__name__}, which sets the learning rate, and so does "
        "the estimator's schedule, before each step. Set schedule='constant' to leave it to the "
        "callback, or leave the callback out."
    )
