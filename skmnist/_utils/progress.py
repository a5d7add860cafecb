"""Progress of the work, shown on a terminal while it runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    console = _terminal(verbose)
    if console is None:
        yield
        return
    with console.status(text):
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
    console = _terminal(verbose)
    if console is None:
        yield lambda step, description: None
        return
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


def _terminal(verbose: Any) -> Any:
    """Return a console that writes to stderr, or None where nobody would see it."""
    if not verbose:
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return console if console.is_terminal else None
