"""The fits of estimators, reported to a display through scikit-learn's callbacks."""

import os
import threading
from typing import Any

from skmnist._utils.progress._display import Display, Path, leave_display, use_display
from skmnist._utils.progress._sender import Sender

_CANDIDATE = "candidate-split-evaluation"
_SEARCHES = ("search", "halving-iteration")

# What the subtasks of these names are together.
_UNITS = {
    "epoch": "epochs",
    "fold": "folds",
    "halving-iteration": "iterations",
    "lbfgs-iter": "iterations",
    "member": "members",
}


class Fits:
    """A callback of scikit-learn that reports a fit, the fits within it, and their epochs.

    Parameters
    ----------
    sender : Sender
        Delivers the reports.
    place : tuple
        The path of the display's task that the fit is; () for each fit a task of its own.
    """

    max_propagation_depth: int | None = None

    def __init__(self, sender: Sender, place: Path = ()) -> None:
        self._sender = sender
        self._place = place
        self._n_splits: dict[Path, int] = {}

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing before a fit."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Forget a fit."""
        self._n_splits.clear()

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Report the beginning of a fit, or of a part of it."""
        path = self._path(context)
        if context.parent is None:
            self._begin(path, name=context.estimator_name, total=context.max_subtasks or None)
            return
        name = _name(context)
        if name in _UNITS and context.task_id == 0:
            self._begin(path[:-1], unit=_UNITS[name])
        if name in _UNITS and context.parent.sequential_subtasks and not context.max_subtasks:
            return  # one of many short steps, such as an epoch
        settings = {"total": context.max_subtasks or None, "worker": _worker()}
        if name in _SEARCHES:
            settings |= self._of_search(estimator, context, path)
        self._begin(path, name=self._title(context, path), **settings)

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Report the end of a part of a fit."""
        if context.parent is not None:
            self._sender.send(("end", self._path(context)))

    def _path(self, context: Any) -> Path:
        ids = []
        while context.parent is not None:
            ids.append(context.task_id)
            context = context.parent
        return (*(self._place or (context.root_uuid.hex,)), *reversed(ids))

    def _begin(self, path: Path, **settings: Any) -> None:
        self._sender.send(("begin", path, settings))

    def _of_search(self, estimator: Any, context: Any, path: Path) -> dict[str, Any]:
        """Return how the fits of a search are counted: by candidates, each on several folds."""
        # Fitting the best one again afterwards is only one more fit.
        settings: dict[str, Any] = {"weight": context.max_subtasks or 1}
        if context.sequential_subtasks:  # rounds of successive halving, with searches in them
            return settings
        n_splits = self._n_splits[path] = getattr(estimator, "n_splits_", 1)
        return {**settings, "group": n_splits, "unit": "candidates"}

    def _title(self, context: Any, path: Path) -> str:
        name, number = _name(context), context.task_id
        words = name.replace("-", " ")
        if name == _CANDIDATE:
            candidate, fold = divmod(number, self._n_splits.get(path[:-1], 1))
            return f"candidate {candidate + 1}, fold {fold + 1}"
        if name in _UNITS:
            return f"{words} {number + 1}"
        if context.source_task_name is None or context.estimator_name.lower() in words:
            return words
        return f"{words}, {context.estimator_name}"


def _name(context: Any) -> str:
    """Return the name that the estimator around gives to a task, if it is a fit in another fit."""
    return str(context.source_task_name or context.task_name)


def _worker() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


class ProgressDisplay(Fits):
    """Callback that shows how a fit gets on: candidates, folds, members, epochs, the time left.

    It is shown on a terminal, in a notebook, which needs no widgets for it, and elsewhere as one
    line every half minute, all on stderr.  It disappears when the fit has ended.

    Set on a search, a committee, a Pipeline or another estimator of scikit-learn that passes
    callbacks on, it also shows the fits within, in all processes of this machine.  The functions
    of scikit-learn that take no callbacks, such as
    :func:`~sklearn.model_selection.cross_validate`, call those of the estimator itself: set it on
    that.

    Parameters
    ----------
    max_propagation_depth : int or None, default=None
        The number of levels of estimators, within the one that it is set on, that are shown too;
        None shows all.

    See Also
    --------
    sklearn.callback.ProgressBar : Scikit-learn's own, with one bar for each task.

    Notes
    -----
    The time left is estimated from the fits and epochs that are done; the first of them is left out
    once there is a second, as a network is compiled in it.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skmnist import DNNClassifier
    >>> from skmnist.display import ProgressDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> network = DNNClassifier(hidden_units=(16,), epochs=2, random_state=0)
    >>> search = GridSearchCV(network, {"learning_rate": [0.001, 0.01]}, cv=2)
    >>> search.set_callbacks(ProgressDisplay()).fit(X, y).best_params_
    {'learning_rate': 0.01}
    """

    def __init__(self, max_propagation_depth: int | None = None) -> None:
        super().__init__(Sender(_DisplayOfFits().receive))
        self.max_propagation_depth = max_propagation_depth

    def setup(self, estimator: Any, context: Any) -> None:
        """Find the display of the process that made this callback, or use one of this process."""
        if not self._sender.send(("hello",)):
            self._sender = Sender(_DisplayOfFits().receive)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Remove a fit from the display."""
        super().teardown(estimator, context)
        self._sender.send(("end", self._path(context)))


class _DisplayOfFits:
    """Opens the display for the first of several fits, and closes it after the last one."""

    def __init__(self) -> None:
        self._displays: dict[Any, Display] = {}

    def receive(self, message: tuple[Any, ...]) -> None:
        """Pass on a message of a fit, whose path begins with the fit itself."""
        if message == ("hello",):
            return
        kind, (fit, *within) = message[:2]
        if kind == "begin" and not within and fit not in self._displays:
            self._displays[fit] = use_display()
        display = self._displays.get(fit)
        if display is None:
            return
        display.receive(message)
        if kind == "end" and not within:
            del self._displays[fit]
            leave_display(display)
