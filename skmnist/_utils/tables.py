"""Tables for the terminal that become lists where it is too narrow for columns."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

_BROKEN_NAME = 20  # characters
_NARROWEST_PROSE = 24  # characters


class Table:
    """A table whose first column holds names.

    rich shortens columns, down to nothing, until a table fits. Here the names stay whole: first
    they break after hyphens, where that is allowed, then each row becomes a list.

    Parameters
    ----------
    headers : sequence of str
        One per column; line breaks are kept.
    rows : sequence of sequences of str
        The cells.
    prose : sequence of str, default=()
        Headers of the columns that hold sentences; all others but the first hold numbers.
    caption : str, default=None
        Text below the table.
    names_break : bool, default=False
        Whether names may break after hyphens.

    Examples
    --------
    >>> from rich.console import Console
    >>> from skmnist._utils.tables import Table
    >>> table = Table(["Recipe", "Accuracy"], [["cnn-fast", "99.29"]])
    >>> Console(width=15).print(table)
    cnn-fast
      Accuracy:
      99.29
    """

    def __init__(
        self,
        headers: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        prose: Sequence[str] = (),
        caption: str | None = None,
        names_break: bool = False,
    ) -> None:
        self.headers = headers
        self.rows = [[printable(cell, but="\n") for cell in row] for row in rows]
        self.prose = prose
        self.caption = None if caption is None else printable(caption, but="\n")
        self.names_break = names_break

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        unlimited = options.update(width=10_000)
        for name_width in (None, _BROKEN_NAME) if self.names_break else (None,):
            table = self._table(name_width)
            if console.measure(table, options=unlimited).minimum <= options.max_width:
                yield table
                return
        yield from self._list()

    def _table(self, name_width: int | None) -> Any:
        from rich import box, table
        from rich.text import Text

        made = table.Table(
            box=box.SIMPLE_HEAD, caption=self.caption, caption_justify="left", padding=(0, 1, 0, 0)
        )
        made.add_column(self.headers[0], no_wrap=True)
        for header in self.headers[1:]:
            if header in self.prose:
                made.add_column(header, min_width=_NARROWEST_PROSE)
            else:
                made.add_column(header, justify="right", no_wrap=True)
        for name, *cells in self.rows:
            broken = name if name_width is None else "\n".join(wrap(name, name_width))
            made.add_row(*map(Text, (broken, *cells)))
        return made

    def _list(self) -> Iterator[Any]:
        from rich.padding import Padding
        from rich.text import Text

        for name, *cells in self.rows:
            yield Text(name, style="bold")
            for header, cell in zip(self.headers[1:], cells, strict=True):
                if cell:
                    text = cell if header in self.prose else f"{' '.join(header.split())}: {cell}"
                    yield Padding(Text(text), (0, 0, 0, 2))
        if self.caption:
            yield Text(f"\n{self.caption}")


def printable(text: str, but: str = "") -> str:
    r"""Replace characters that could move the cursor or end a line, but for those given.

    Examples
    --------
    >>> from skmnist._utils.tables import printable
    >>> printable("digits\x1b[2J")
    'digits?[2J'
    """
    return "".join(letter if letter.isprintable() or letter in but else "?" for letter in text)
