"""Many recipes, one table: the reports' figures beside ours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from skmnist._comparison_report import as_csv, as_json
from skmnist._files import write
from skmnist._provenance import machine, versions
from skmnist.recipes import RECIPES, verdict
from skmnist.reproduction import reproduce


@dataclass
class Reproductions:
    """What became of several recipes, over one or more seeds.

    Attributes
    ----------
    rows : list of dict
        One row a fit; see `Reproduction.row`.
    failed : dict of str to str
        The message of each recipe that could not be trained.
    interrupted : bool
        Whether Ctrl-C ended it.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False

    def save(self, folder: Path) -> None:
        """Write ``reproductions.csv``, and ``reproductions.json`` with machine and versions."""
        folder.mkdir(parents=True, exist_ok=True)
        report = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "versions": versions(),
            "interrupted": self.interrupted,
            "failed": self.failed,
            "rows": self.rows,
        }
        write(folder / "reproductions.csv", as_csv(self.rows).encode())
        write(folder / "reproductions.json", as_json(report).encode())

    def __rich__(self) -> Any:
        from rich import box
        from rich.table import Table

        table = Table(
            box=box.SIMPLE_HEAD,
            caption="Accuracy in %, or the probability of the right class; means over the seeds.",
            caption_justify="left",
            padding=(0, 1, 0, 0),
        )
        table.add_column("Recipe", overflow="fold")
        for header in ("Reported", "Here", "Verdict", "Seeds", "Epochs", "Fit, s", "Parameters"):
            table.add_column(header, justify="right", no_wrap=True)
        for name in dict.fromkeys(row["recipe"] for row in self.rows):
            table.add_row(name, *_cells(name, [r for r in self.rows if r["recipe"] == name]))
        return table


def reproduce_all(
    names: Sequence[str],
    *,
    random_states: Iterable[int] = (0,),
    epochs: int | None = None,
    train_size: int | None = None,
    verbose: int = 1,
    output: Path | None = None,
) -> Reproductions:
    """Reproduce recipes one after the other; what fails or is interrupted leaves the others whole.

    Parameters
    ----------
    names : sequence of str
        The recipes.
    random_states : iterable of int, default=(0,)
        A fit each.
    epochs, train_size, verbose
        As in `reproduce`.
    output : Path or None, default=None
        Folder for the table, written anew after each fit, and a folder of each fit.

    Returns
    -------
    reproductions : Reproductions
    """
    done = Reproductions()
    jobs = [(name, seed) for name in names for seed in random_states]
    try:
        for name, seed in jobs:
            if name not in done.failed:
                _add(done, name, seed, epochs, train_size, verbose, output)
    except KeyboardInterrupt:
        done.interrupted = True
        if output is not None:
            done.save(output)
    return done


def _add(
    done: Reproductions,
    name: str,
    seed: int,
    epochs: int | None,
    train_size: int | None,
    verbose: int,
    output: Path | None,
) -> None:
    try:
        result = reproduce(
            name, random_state=seed, epochs=epochs, train_size=train_size, verbose=verbose
        )
    except (ImportError, OSError, ValueError) as error:
        done.failed[name] = str(error)
    else:
        done.rows.append(result.row)
        if output is not None:
            result.save(output / f"{name}-seed-{seed}")
    if output is not None:
        done.save(output)


def _cells(name: str, rows: list[dict[str, Any]]) -> list[str]:
    figures = [row["measured"] for row in rows]
    mean = fmean(figures)
    recipe = RECIPES[name]
    epochs = [row["n_epochs"] for row in rows if row["n_epochs"] is not None]
    size = rows[0]["n_parameters"]
    return [
        recipe.figure_text,
        f"{mean:.{recipe.decimals}f}",
        verdict(recipe, figures, rows[0]["n_judged"]) or "",
        str(len(rows)),
        f"{fmean(epochs):.0f}" if epochs else "",
        f"{fmean(row['fit_seconds'] for row in rows):.0f}",
        "" if size is None else f"{size:,}",
    ]


def table_of_recipes() -> Any:
    """Make the table of all recipes for the screen."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Recipe", overflow="fold", min_width=12)
    table.add_column("What it is for")
    table.add_column("Reported", justify="right", no_wrap=True)
    for name, recipe in RECIPES.items():
        table.add_row(name, recipe.note, recipe.figure_text)
    return table
