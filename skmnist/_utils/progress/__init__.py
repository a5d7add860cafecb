"""The progress of everything long, shown on a terminal, in a notebook, or as a line at times.

What is shown is one tree of tasks: a task that begins while another runs becomes a part of it.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any

from skmnist._utils.progress._display import Display, Path, display_in_use, open_display
from skmnist._utils.progress._fits import Fits, ProgressDisplay
from skmnist._utils.progress._tree import duration

__all__ = [
    "SHORT",
    "Progress",
    "ProgressDisplay",
    "activity",
    "duration",
    "fit_shown",
    "progress_bar",
    "watched",
]

SHORT = 2.0  # seconds in which nobody asks what is going on

_place: ContextVar[Path] = ContextVar("place", default=())
_silent: ContextVar[bool] = ContextVar("silent", default=False)
_numbers = count()


@contextmanager
def activity(text: str, verbose: Any = 1, *, delay: float = 0.0) -> Iterator[None]:
    """Show a text and the time on stderr; if `verbose` is 0, nothing of what is done within.

    With a `delay` in seconds, nothing is shown before, unless something else is shown already.

    Examples
    --------
    >>> from skmnist._utils.progress import activity
    >>> with activity("Loading the data"):
    ...     pass
    """
    with _silence(not verbose), _task({"name": text, "is_step": False}, delay):
        yield


@contextmanager
def _silence(wanted: bool) -> Iterator[None]:
    """Show nothing of what begins within this context."""
    token = _silent.set(wanted or _silent.get())
    try:
        yield
    finally:
        _silent.reset(token)


@contextmanager
def progress_bar(
    n_steps: int | None, verbose: Any = 1, *, name: str = "", unit: str = "", group: int = 1
) -> Iterator["Progress"]:
    """Show the number of finished steps on stderr, and yield a function to advance it.

    Parameters
    ----------
    n_steps : int or None
        Number of steps; None if it isn't known yet.
    verbose : int, default=1
        0 shows nothing.
    name : str, default=""
        What the steps make.
    unit : str, default=""
        What the steps are, in the plural.
    group : int, default=1
        How many fits that are watched make a step.

    Examples
    --------
    >>> from skmnist._utils.progress import progress_bar
    >>> with progress_bar(2) as announce:
    ...     announce(0, "the first of two")
    """
    settings = {
        "name": name,
        "total": n_steps and n_steps * group,
        "unit": unit,
        "group": group,
        "is_step": False,
    }
    with _silence(not verbose), _task(settings) as (display, path):
        yield Progress(display, path)


class Progress:
    """The steps of a task.

    Parameters
    ----------
    display : Display or None
        Where they are shown; None shows nothing.
    path : tuple
        The task.
    """

    def __init__(self, display: Display | None, path: Path) -> None:
        self._display, self._path = display, path

    def __call__(self, step: int, description: str) -> None:
        """Show that so many steps are done, with a text."""
        if self._display is not None:
            self._display.reach(self._path, step, description)

    def expect(self, n_steps: int) -> None:
        """Set the number of all steps."""
        if self._display is not None:
            self._display.begin(self._path, {"total": n_steps})

    def skip(self, n_steps: int) -> None:
        """Count steps that were done before, and took no time."""
        if self._display is not None:
            self._display.skip(self._path, n_steps)

    @property
    def seconds_left(self) -> float | None:
        """The estimate of the time that the rest takes; None if there is none."""
        return None if self._display is None else self._display.seconds_left(self._path)

    def watch(self, name: str) -> "Watch | None":
        """Return what shows one fit, in whichever process, with a name; see :func:`watched`."""
        if self._display is None:
            return None
        return Watch(self._display.sender, (*self._path, next(_numbers)), name)


class Watch(Fits):
    """The callback of one fit, at its place in a display.

    Parameters
    ----------
    sender : Sender
        Delivers the reports.
    place : tuple
        The path of the fit's task.
    name : str or None, default=None
        A name to show, and to count the fit as a step of the task around it; None shows the
        estimator's, if it reports its fit.
    """

    def __init__(self, sender: Any, place: Path, name: str | None = None) -> None:
        super().__init__(sender, place)
        self._name = name
        self._begun = False

    def begin(self) -> None:
        """Show the fit, if it has a name."""
        if self._name is not None:
            self._begin(self._place)

    def end(self) -> None:
        """Remove the fit, if it was shown."""
        if self._begun:
            self._sender.send(("end", self._place))

    def _begin(self, path: Path, **settings: Any) -> None:
        if path == self._place:
            self._begun = True
            if self._name is None:
                settings["is_step"] = False
            else:
                settings["name"] = self._name
        super()._begin(path, **settings)


@contextmanager
def watched(estimator: Any, watch: Watch | None = None) -> Iterator[None]:
    """Show the fits of an estimator within this context, with their epochs.

    Parameters
    ----------
    estimator : estimator
        Of any kind; those without callbacks aren't shown unless the watch has a name.
    watch : Watch or None, default=None
        From :meth:`Progress.watch`; None shows the fit below what runs in this process, if that is
        shown.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier
    >>> from skmnist._utils.progress import activity, watched
    >>> network = DNNClassifier(hidden_units=(16,), epochs=2, random_state=0)
    >>> with activity("Training"), watched(network):
    ...     network.fit(*load_digits(return_X_y=True)).n_epochs_
    2
    """
    watch = watch or _watch_here()
    if watch is None:
        yield
        return
    watch.begin()
    try:
        with _attached(estimator, watch):
            yield
    finally:
        watch.end()


@contextmanager
def fit_shown(estimator: Any) -> Iterator[None]:
    """Show the fit of an estimator within this context if it is verbose, unless it is already.

    Examples
    --------
    >>> from skmnist import DNNClassifier
    >>> from skmnist._utils.progress import fit_shown
    >>> with fit_shown(DNNClassifier(verbose=0)):
    ...     pass
    """
    from skmnist._utils.sklearn import callbacks_of

    is_shown = any(isinstance(callback, Fits) for callback in callbacks_of(estimator))
    if is_shown or not getattr(estimator, "verbose", 0):
        yield
        return
    with activity(f"Fitting {type(estimator).__name__}"), watched(estimator):
        yield


def _watch_here() -> Watch | None:
    display, place = open_display(), _place.get()
    if display is None or not place or _silent.get():
        return None
    return Watch(display.sender, (*place, next(_numbers)))


@contextmanager
def _attached(estimator: Any, watch: Watch) -> Iterator[None]:
    if not hasattr(estimator, "set_callbacks"):
        yield
        return
    from skmnist._utils.sklearn import callbacks_of

    before = callbacks_of(estimator)
    estimator.set_callbacks(*before, watch)
    try:
        with warnings.catch_warnings():
            # They say that the transformers of a Pipeline, for example, aren't shown.
            warnings.filterwarnings("ignore", ".* does not support callbacks", UserWarning)
            yield
    finally:
        estimator.set_callbacks(*before)


@contextmanager
def _task(settings: dict[str, Any], delay: float = 0.0) -> Iterator[tuple[Display | None, Path]]:
    """Show a task within what runs already, unless nothing is to be shown."""
    if _silent.get():
        yield None, ()
        return
    with display_in_use(delay) as display:
        around = _place.get()
        path = (*around, next(_numbers))
        display.begin(path, settings, at_once=True)
        token = _place.set(path)
        try:
            yield display, path
        finally:
            _place.reset(token)
            display.end(path)
