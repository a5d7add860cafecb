"""What a fit reports while it runs: to scikit-learn's callbacks, and on the screen."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.row_sources import as_passed
from skmnist.training._contract import Outcome, State, Watcher
from skmnist.training._loop import Training


class Reporter(Watcher):
    """Reports each epoch to scikit-learn's callbacks, as one subtask.

    Parameters
    ----------
    estimator : NetworkEstimator
        The estimator being fitted.
    task : sklearn.callback.CallbackContext
        The fit's task, with one subtask per epoch.
    learned : callable
        Returns the fitted attributes that follow from an outcome of the training.
    training : Training
        The network, the data and the number of epochs.
    sample_weight : array-like of shape (n,) or None
        As the user gave it; with None, scorers that take no weights can be used.
    as_given : callable
        Converts labels, as the training has them, back to targets as in `y`.
    """

    def __init__(
        self,
        estimator: Any,
        task: Any,
        learned: Callable[[Outcome], dict[str, Any]],
        training: Training,
        sample_weight: Any,
        as_given: Callable[[NDArray[Any]], NDArray[Any]],
    ) -> None:
        self._estimator = estimator
        self._task = task
        self._learned = learned
        self._n_epochs = training.n_epochs
        self._first_epoch = training.plan.first_epoch
        data = training.data
        self._history: dict[str, list[float]] = {}
        rows = data.train_rows
        self._training_set: dict[str, Any] = {
            "estimator": estimator,
            "X": lambda: as_passed(data.images, rows),
            "y": lambda: as_given(data.labels[rows]),
        }
        if sample_weight is not None:
            self._training_set["metadata"] = lambda: {
                "sample_weight": np.broadcast_to(np.asarray(sample_weight), len(data.images))[rows]
            }
        self._task.call_on_fit_task_begin(**self._training_set)

    def resumes(self, history: dict[str, list[float]]) -> None:
        """Go on with the curves of an earlier run."""
        self._history |= {name: list(curve) for name, curve in history.items()}

    def epoch_begins(self, epoch: int) -> None:
        """Open the epoch's subtask."""
        self._epoch_task = self._task.subcontext(task_name="epoch")
        self._epoch_task.call_on_fit_task_begin(**self._training_set)

    def epoch_ended(self, epoch: int, logs: dict[str, float], state: Callable[[], State]) -> bool:
        """Close the epoch's subtask, with an estimator as if the fit had ended here."""
        for name, value in logs.items():
            self._history.setdefault(name, []).append(value)
        if self._estimator.verbose:
            self._print(epoch, logs)
        return bool(
            self._epoch_task.call_on_fit_task_end(
                **self._training_set,
                reconstruction_attributes=lambda: self._learned(
                    Outcome(state(), self._history, epoch)
                ),
            )
        )

    def fit_ended(self) -> None:
        """Close the fit's task."""
        self._task.call_on_fit_task_end(**self._training_set, reconstruction_attributes=lambda: {})

    def _print(self, epoch: int, logs: dict[str, float]) -> None:
        last = self._first_epoch + self._n_epochs
        scores = "  ".join(f"{name} {value:.4g}" for name, value in logs.items())
        print(f"[{type(self._estimator).__name__}] epoch {epoch}/{last}  {scores}")
