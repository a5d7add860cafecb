"""The user's Keras callbacks."""

import copy
from collections.abc import Sequence
from typing import Any

from skmnist._backend import load_keras
from skmnist._errors import shown
from skmnist.training.contract import Plan

_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


class KerasCallbacks:
    """Copies of the user's callbacks, called as Keras calls them in ``Model.fit``.

    Batch hooks cost a return to Python at each step, so they are called only where a callback
    has one.
    """

    def __init__(self, callbacks: Sequence[Any], trainer: Any, plan: Plan) -> None:
        self._network = trainer.network
        base = load_keras().callbacks.Callback
        for callback in callbacks:
            if not isinstance(callback, base):
                raise TypeError(
                    f"callbacks holds {shown(callback)}; expected keras.callbacks.Callback "
                    "objects. For scikit-learn's callbacks there is set_callbacks."
                )
        self._callbacks = [copy.deepcopy(callback) for callback in callbacks]
        self._list = None
        if self._callbacks:
            self._network.stop_training = False
            self._list = load_keras().callbacks.CallbackList(
                self._callbacks,
                add_history=False,
                add_progbar=False,
                model=self._network,
                epochs=plan.epochs,
                verbose=0,
            )

    @property
    def want_batches(self) -> bool:
        """Whether any callback has a batch hook of its own."""
        base = load_keras().callbacks.Callback
        return any(
            getattr(type(callback), hook) is not getattr(base, hook)
            or hook in vars(callback)  # as LambdaCallback has it
            for callback in self._callbacks
            for hook in _BATCH_HOOKS
        )

    def on_train_begin(self) -> None:
        """Call the hooks before the first epoch."""
        if self._list:
            self._list.on_train_begin()

    def on_train_end(self) -> None:
        """Call the hooks after the last epoch."""
        if self._list:
            self._list.on_train_end()

    def on_epoch_begin(self, epoch: int) -> None:
        """Call the hooks before an epoch, numbered from 0."""
        if self._list:
            self._list.on_epoch_begin(epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> bool:
        """Call the hooks; tell whether a callback asks training to stop."""
        if not self._list:
            return False
        self._list.on_epoch_end(epoch, dict(logs))
        return bool(self._network.stop_training)

    def on_batch_begin(self, step: int) -> None:
        """Call the hooks before a step."""
        if self._list:
            self._list.on_train_batch_begin(step)

    def on_batch_end(self, step: int, logs: dict[str, float]) -> None:
        """Call the hooks after a step."""
        if self._list:
            self._list.on_train_batch_end(step, logs)
