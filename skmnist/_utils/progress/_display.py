"""The display of what runs in this process, and in those that work for it."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from skmnist._utils.progress._screens import Screen, screen_here
from skmnist._utils.progress._sender import Sender
from skmnist._utils.progress._tree import Row, Task, find
from skmnist._utils.tables import printable

Path = tuple[Any, ...]

_BEAT = 0.5  # seconds

_lock = threading.Lock()
_open: "Display | None" = None


class Display:
    """A tree of tasks that is drawn while they run.

    Parameters
    ----------
    screen : Screen
        Where it is shown.
    delay : float, default=0.0
        Seconds until it is first shown; what takes less time is never seen.
    clock : callable, default=time.monotonic
        Returns the time in seconds.
    """

    def __init__(
        self, screen: Screen, delay: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.sender = Sender(self.receive)
        self.n_users = 0
        self.process = os.getpid()
        self._screen, self._clock = screen, clock
        self._changing = threading.RLock()
        self._ended = threading.Event()
        self._root = Task("", clock())
        self._shown_from = clock() + delay
        self._due = clock() + (0.0 if screen.at_once else screen.period)
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def open(self) -> None:
        """Begin to draw from time to time."""
        self._thread.start()

    def close(self) -> None:
        """Remove everything from the screen."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self.sender.close()
        with self._changing, suppress(OSError, ValueError):
            self._screen.close()

    # -- what is reported, in messages that other processes may send --------------------

    def receive(self, message: tuple[Any, ...]) -> None:
        """Take the name and the arguments of one of the methods below."""
        kind, *arguments = message
        if kind == "begin":
            self.begin(*arguments)
        elif kind == "end":
            self.end(*arguments)

    def begin(self, path: Path, settings: dict[str, Any], *, at_once: bool = False) -> None:
        """Add a task, or change the settings of one that runs."""
        with self._changing:
            around, task = find(self._root, path[:-1]), find(self._root, path)
            settings = {k: printable(v) if isinstance(v, str) else v for k, v in settings.items()}
            if task is not None:
                for name, value in settings.items():
                    setattr(task, name, value)
            elif around is not None:
                _end_broken_off(around, settings.get("worker"))
                around.parts[path[-1]] = Task(began=self._clock(), **settings)
            self._changed(at_once)

    def end(self, path: Path) -> None:
        """Count a task as done."""
        with self._changing:
            around = find(self._root, path[:-1])
            if around is not None:
                around.end(path[-1])
            self._changed()

    def reach(self, path: Path, n_done: int, note: str) -> None:
        """Set the number of finished steps, and the text beside the name."""
        with self._changing:
            task = find(self._root, path)
            if task is not None:
                task.reach(n_done)
                task.note = printable(note)
            self._changed(at_once=bool(note))

    def skip(self, path: Path, n_done: int) -> None:
        """Set the number of steps that were done before."""
        with self._changing:
            task = find(self._root, path)
            if task is not None:
                task.skip(n_done)

    # -- the drawing --------------------------------------------------------------------

    def rows(self) -> list[Row]:
        """Return what is to be shown now."""
        return list(self._root.rows(self._clock()))

    def seconds_left(self, path: Path) -> float | None:
        """Return the estimate of the time that the rest of a task takes."""
        with self._changing:
            task = find(self._root, path)
            return None if task is None else task.seconds_left(self._clock())

    def tick(self) -> None:
        """Draw if it is time to."""
        with self._changing:
            self._changed()

    def _changed(self, at_once: bool = False) -> None:
        now, rows = self._clock(), self.rows()  # also notes how fast it gets on
        at_once = at_once and self._screen.at_once
        if now >= self._shown_from and (at_once or now >= self._due) and not self._ended.is_set():
            self._due = now + self._screen.period
            # Nobody may be there to see it any more, which is no reason to end the work.
            with suppress(OSError, ValueError):
                if rows:
                    self._screen.draw(rows)

    def _go_on(self) -> None:
        while not self._ended.wait(_BEAT):
            self.tick()


def _end_broken_off(around: Task, worker: Any) -> None:
    """End the task that a worker had begun and, as after an error, not ended."""
    left = [key for key, part in around.parts.items() if worker and part.worker == worker]
    for key in left:
        around.end(key)


def open_display() -> Display | None:
    """Return the display of this process, if one is open."""
    display = _open
    return display if display is not None and display.process == os.getpid() else None


def use_display(delay: float = 0.0) -> Display:
    """Return the display of this process, opened if need be, until `leave_display`."""
    global _open
    with _lock:
        display = open_display()
        if display is None:
            display = _open = Display(screen_here(), delay)
            display.open()
        display.n_users += 1
        return display


def leave_display(display: Display) -> None:
    """Close the display after its last user."""
    global _open
    with _lock:
        display.n_users -= 1
        if display.n_users:
            return
        if _open is display:
            _open = None
    display.close()


@contextmanager
def display_in_use(delay: float = 0.0) -> Iterator[Display]:
    """Use the display of this process within a context."""
    display = use_display(delay)
    try:
        yield display
    finally:
        leave_display(display)
