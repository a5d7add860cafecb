"""Where progress is shown: on a terminal, in a notebook, or as lines in a file."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from html import escape
from multiprocessing import current_process
from typing import Any, Protocol
from uuid import uuid4

from skmnist._utils.progress._tree import Row

HALF_A_MINUTE = 30.0  # seconds
_MOST_ROWS = 12
_ROOM_FOR_BARS = 72  # columns


class Screen(Protocol):
    """Shows rows.

    Attributes
    ----------
    period : float
        Seconds between two pictures.
    at_once : bool
        Whether what begins is shown at once.
    """

    period: float
    at_once: bool

    def draw(self, rows: Sequence[Row]) -> None:
        """Show these rows instead of those before."""

    def close(self) -> None:
        """Remove what is shown."""


def screen_here() -> Screen:
    """Return the notebook that this process runs in, or else what stderr is."""
    shell = _shell_of_notebook()
    if shell is not None:
        return Notebook()
    if sys.stderr is None:
        return Nowhere()
    if current_process().name != "MainProcess":
        return Lines()  # a terminal is that of the process that started this one
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal and not console.is_dumb_terminal:
        return Terminal()
    return Lines()


def _shell_of_notebook() -> Any:
    """Return IPython's shell if it is that of a notebook, without importing IPython."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if hasattr(ipython, "get_ipython") else None
    return shell if hasattr(shell, "kernel") else None


class Nowhere:
    """Shows nothing."""

    period = 3600.0
    at_once = False

    def draw(self, rows: Sequence[Row]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Terminal:
    """Shows a row per line on stderr, and draws over the rows that were there before."""

    period = 0.5
    at_once = True

    def __init__(self) -> None:
        self._open = ExitStack()
        self._live: Any = None

    def draw(self, rows: Sequence[Row]) -> None:
        """Show these rows instead of those before."""
        if self._live is None:
            self._live = self._open.enter_context(_live())
        self._live.update(self._table(rows, self._live.console), refresh=True)

    def close(self) -> None:
        """Remove what is shown."""
        self._open.close()
        self._live = None

    def _table(self, rows: Sequence[Row], console: Any) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column(overflow="ellipsis")  # the one that becomes narrower
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        width = console.width // 6 if console.width >= _ROOM_FOR_BARS else 0
        for row in shown_rows(rows):
            title = Text("  " * row.depth + row.title, no_wrap=True, overflow="ellipsis")
            known = row.fraction is not None and width
            bar = ProgressBar(1.0, row.fraction or 0.0, min(width, 30)) if known else Text()
            table.add_row(title, bar, Text(details_of(row)))
        if any(row.fraction is not None for row in rows):
            return table
        self._spinner = getattr(self, "_spinner", None) or Spinner(_spinner_of(console))
        self._spinner.update(text=table)
        return self._spinner


def _spinner_of(console: Any) -> str:
    return "dots" if console.encoding.startswith("utf") else "line"


@contextmanager
def _live() -> Iterator[Any]:
    """Yield what draws over itself; what is printed meanwhile comes above it."""
    from rich.console import Console
    from rich.live import Live

    with ExitStack() as stack:
        console = Console(stderr=True)
        with suppress(AttributeError, OSError):  # stderr has no descriptor
            # Another one than stderr's, as what is written to that is held back while Keras loads.
            file = open(  # noqa: PTH123, SIM115
                os.dup(sys.stderr.fileno()),
                "w",
                encoding=sys.stderr.encoding,
                errors=sys.stderr.errors,
            )
            console = Console(file=stack.enter_context(file))
        to_terminal = sys.stdout is not None and sys.stdout.isatty()
        live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=to_terminal
        )
        yield stack.enter_context(live)


class Notebook:
    """Shows a table in a cell's output, and replaces it; needs no widgets."""

    period = 1.0
    at_once = True

    def __init__(self) -> None:
        self._id = f"skmnist-{uuid4().hex}"
        self._begun = False

    def draw(self, rows: Sequence[Row]) -> None:
        """Show these rows instead of those before."""
        self._publish("\n".join(map(line_of, shown_rows(rows))), _table_of(shown_rows(rows)))

    def close(self) -> None:
        """Remove what is shown."""
        if self._begun:
            self._publish("", "")

    def _publish(self, text: str, html: str) -> None:
        from IPython.display import display  # type: ignore[import-not-found, unused-ignore]

        data = {"text/plain": text, "text/html": html}
        display(data, raw=True, display_id=self._id, update=self._begun)
        self._begun = True


def _table_of(rows: Sequence[Row]) -> str:
    """Return rows in HTML."""
    return f"<table>{''.join(map(_row_of, rows))}</table>"


def _row_of(row: Row) -> str:
    bar = "" if row.fraction is None else f'<progress value="{row.fraction:.4f}"></progress>'
    left = f"text-align: left; padding-left: {1 + row.depth}em"
    return (
        f'<tr><td style="{left}">{escape(row.title)}</td><td>{bar}</td>'
        f'<td style="text-align: left">{escape(details_of(row))}</td></tr>'
    )


class Lines:
    """Prints all rows in one line on stderr, every half minute."""

    period = HALF_A_MINUTE
    at_once = False

    def draw(self, rows: Sequence[Row]) -> None:
        """Print a line."""
        print("; ".join(map(line_of, shown_rows(rows))), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Do nothing: lines stay."""


def shown_rows(rows: Sequence[Row]) -> Sequence[Row]:
    """Return as many rows as fit, with the number of the others in the last one."""
    if len(rows) <= _MOST_ROWS:
        return rows
    n_more = len(rows) - _MOST_ROWS + 1
    return [*rows[: _MOST_ROWS - 1], Row(rows[-1].depth, f"and {n_more} more", None, "", "")]


def line_of(row: Row) -> str:
    """Return a row as text."""
    details = details_of(row)
    return f"{row.title}: {details}" if details else row.title


def details_of(row: Row) -> str:
    """Return the numbers and times of a row."""
    return ", ".join(filter(None, (row.steps, row.times)))
