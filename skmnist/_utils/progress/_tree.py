"""What is running, how much of it is done, and how long the rest takes."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A running task, as it is shown.

    Parameters
    ----------
    depth : int
        The number of tasks around it that are shown.
    title : str
        What runs.
    fraction : float or None
        The part of it that is done, 0 to 1; None if that isn't known.
    steps : str
        The number of finished steps, and of all, such as "3/10 epochs".
    times : str
        The time passed and the time left, where they are shown.
    """

    depth: int
    title: str
    fraction: float | None
    steps: str
    times: str


@dataclass
class Task:
    """A running task and the tasks in it.

    Parameters
    ----------
    name : str
        What runs; "" shows the tasks in it only.
    began : float
        When, in seconds of any clock.
    total : int or None, default=None
        Number of steps; None if it isn't known.
    unit : str or None, default=None
        What the steps are, in the plural; None doesn't show their number.
    group : int, default=1
        How many steps are one of `unit`, as a candidate has a fit per fold.
    weight : float, default=1.0
        The work in it, relative to other steps of the task around it.
    is_step : bool, default=True
        Whether it is a step of the task around it.
    worker : hashable, default=None
        The process and the thread that run it.
    """

    name: str
    began: float
    total: int | None = None
    unit: str | None = None
    group: int = 1
    weight: float = 1.0
    is_step: bool = True
    worker: Hashable = None
    note: str = ""
    parts: dict[Hashable, "Task"] = field(default_factory=dict)
    _n_done: int = 0
    _weight_done: float = 0.0
    _pace: "_Pace | None" = None

    def end(self, part: Hashable) -> None:
        """Count a step as done; steps that were too short to be announced have no task."""
        task = self.parts.pop(part, None)
        if task is None or task.is_step:
            self._n_done += 1
            self._weight_done += 1.0 if task is None else task.weight

    def reach(self, n_done: int) -> None:
        """Set the number of finished steps, unless more were counted."""
        if n_done * self.group > self._n_done:
            self._n_done = n_done * self.group
            self._weight_done = float(self._n_done)

    def skip(self, n_done: int) -> None:
        """Set the number of steps that were finished before, of which no pace is taken."""
        self.reach(n_done)
        self._pace = None

    @property
    def fraction(self) -> float | None:
        """The part that is done, 0 to 1; None if the number of steps isn't known."""
        if not self.total:
            return None
        running = [(task.weight, task.reached) for task in self.parts.values()]
        n_left = max(self.total - self._n_done - len(running), 0)
        whole = self._weight_done + sum(weight for weight, _ in running) + n_left
        done = self._weight_done + sum(weight * part for weight, part in running)
        return min(done / whole, 1.0) if whole else 1.0

    @property
    def reached(self) -> float:
        """The part that is done, or else that of the furthest task in it."""
        if self.fraction is not None:
            return self.fraction
        return max((task.reached for task in self.parts.values()), default=0.0)

    @property
    def steps(self) -> str:
        """The number of finished steps, of all steps if that is known, and what they are."""
        if self.unit is None or (self.total is None and not self._n_done):
            return ""
        unit = f" {self.unit}" if self.unit else ""
        if self.total is None:
            return f"{self._n_done // self.group}{unit}"
        n_done = min(self._n_done, self.total)
        return f"{n_done // self.group}/{-(-self.total // self.group)}{unit}"

    def seconds_left(self, now: float) -> float | None:
        """Estimate the time that the rest takes; None if there is nothing to go by."""
        fraction = self.fraction
        if fraction is None:
            return None
        if self._pace is None:
            self._pace = _Pace(self.began if not fraction else now, fraction)
        return self._pace.seconds_left(now, fraction)

    def rows(self, now: float, depth: int = 0, *, timed: bool = False) -> Iterator[Row]:
        """Return this task and those in it, each after the one that it is in."""
        left = self.seconds_left(now)
        title = ", ".join(filter(None, (self.name, self.note)))
        if title:
            times = [] if depth else [_clock(now - self.began)]
            if left is not None and left >= 0.5 and not timed:
                times.append(f"{duration(left)} left")
            yield Row(depth, title, self.fraction, self.steps, ", ".join(times))
        for task in list(self.parts.values()):
            yield from task.rows(now, depth + bool(title), timed=timed or self.total is not None)


class _Pace:
    """How fast a task gets on.

    The first step is left out once a second one is done, as it includes what is done only once,
    such as compiling a network.

    Parameters
    ----------
    began : float
        When the task began.
    fraction : float
        The part of it that was done then.
    """

    def __init__(self, began: float, fraction: float) -> None:
        self._marks = [(began, fraction)]
        self._left: float | None = None

    def seconds_left(self, now: float, fraction: float) -> float | None:
        """Return the estimate of the last step that was done, less the time since then."""
        at, before = self._marks[-1]
        if fraction > before:
            self._marks = [*self._marks[:2], (now, fraction)]
            since, already = self._marks[-2 if len(self._marks) == 2 else 1]
            self._left = (now - since) / (fraction - already) * (1 - fraction)
            return self._left
        left = 0.0 if self._left is None else self._left - (now - at)
        return left if left > 0 else None


def duration(seconds: float) -> str:
    """Return a time as text.

    Examples
    --------
    >>> from skmnist._utils.progress import duration
    >>> duration(7.2), duration(90), duration(3700)
    ('7 s', '2 min', '1 h 2 min')
    """
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _clock(seconds: float) -> str:
    """Return a time with seconds, in which each of them is seen to pass."""
    minutes, second = divmod(int(seconds), 60)
    if not minutes:
        return f"{second} s"
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def find(root: Task, path: Any) -> Task | None:
    """Return the task at a path of keys; None if it isn't running."""
    task: Task | None = root
    for key in path:
        task = None if task is None else task.parts.get(key)
    return task
