"""Progress of the work, shown on a terminal while it runs."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any


@contextmanager
def activity(text: str, verbose: Any = 1) -> Iterator[None]:
    """Show a spinner and a text on stderr if that is a terminal, unless `verbose` is 0.

    Examples
    --------
    >>> from skmnist._utils.progress import activity
    >>> with activity("Loading the data"):
    ...     pass
    """
    with _terminal(verbose) as console, nullcontext() if console is None else console.status(text):
        yield


@contextmanager
def progress_bar(n_steps: int, verbose: Any = 1) -> Iterator[Callable[[int, str], None]]:
    """Show a progress bar on stderr if that is a terminal, and yield a function to advance it.

    Examples
    --------
    >>> from skmnist._utils.progress import progress_bar
    >>> with progress_bar(2) as announce:
    ...     announce(0, "the first of two")
    """
    with _terminal(verbose) as console:
        if console is None:
            yield lambda step, description: None
            return
        with _bar(console, n_steps) as announce:
            yield announce


@contextmanager
def _bar(console: Any, n_steps: int) -> Iterator[Callable[[int, str], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    # A bar that is drawn from another thread would disturb the timings.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        bar = progress.add_task("", total=n_steps)
        yield lambda step, description: progress.update(
            bar, completed=step, description=description, refresh=True
        )


@contextmanager
def _terminal(verbose: Any) -> Iterator[Any]:
    """Yield a console that writes to stderr, or None where nobody would see it."""
    if not verbose:
        yield None
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    try:
        # A descriptor of its own: what is written to stderr's is held back while Keras is loaded.
        file = open(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding)  # noqa: PTH123, SIM115
    except (AttributeError, OSError):  # stderr is no file
        yield console
        return
    with file:
        yield Console(file=file)
