"""All seeds of a recipe in one row, for the terminal and for the page of several recipes."""

from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from skmnist._utils.tables import Table
from skmnist.recipes import RECIPES, verdict

Rows = Sequence[dict[str, Any]]

COMPARED = ("Reported", "Here", "Verdict", "Seeds", "Parameters")
MEASURED = (
    "Training accuracy",
    "Training loss",
    "Accuracy",
    "Loss",
    "Epochs",
    "Fit, s",
    "s per epoch",
)


def rows_by_recipe(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each recipe, in order."""
    names = dict.fromkeys(row["recipe"] for row in rows)
    return {name: [row for row in rows if row["recipe"] == name] for name in names}


def summary(name: str, rows: Rows) -> dict[str, str]:
    """Summarise the rows of one recipe by means: texts by the headers `COMPARED` and `MEASURED`."""
    recipe = RECIPES[name]
    figures = [row["measured"] for row in rows]
    here = f"{fmean(figures):.{recipe.decimals}f}"
    spread = f" ± {stdev(figures):.{recipe.decimals}f}" if len(figures) > 1 else ""
    judge = "validation" if "n_validation" in rows[0] else "test"
    return {
        "Reported": recipe.figure_text + ("" if recipe.figure is None else recipe.unit),
        "Here": here + spread + recipe.unit,
        "Verdict": _verdict(name, rows) or "",
        "Seeds": str(len(rows)),
        "Parameters": _mean(rows, "n_parameters", ",.0f"),
        "Training accuracy": _mean(rows, "training_accuracy", ".2f"),
        "Training loss": _mean(rows, "training_loss", ".4f"),
        "Accuracy": _mean(rows, f"{judge}_accuracy", ".2f"),
        "Loss": _mean(rows, f"{judge}_loss", ".4f"),
        "Epochs": _mean(rows, "n_epochs", ",.0f"),
        "Fit, s": _mean(rows, "fit_seconds", ",.0f"),
        "s per epoch": _mean(rows, "seconds_per_epoch", ".3g"),
    }


def caption_of(rows: Rows) -> str:
    """Return a caption that explains the figures of a table."""
    where = "the test set"
    if rows and "n_validation" in rows[0]:
        n = rows[0]["n_validation"]
        where = f"{n:,} training samples held out; the test set was not used"
    trial = "A trial, so without a verdict. " if any(row["trial"] for row in rows) else ""
    return (
        f"{trial}Accuracy in %, or the probability of the right class; means over the seeds. "
        f"Judged on {where}. Training figures are those of the last epoch."
    )


def rich_tables(rows: Rows) -> Any:
    """Return the tables for the terminal: figures compared, and figures measured."""
    from rich.console import Group

    summaries = {name: summary(name, of_one) for name, of_one in rows_by_recipe(rows).items()}
    return Group(
        _rich_table(summaries, COMPARED),
        _rich_table(summaries, MEASURED, caption_of(rows)),
    )


def _rich_table(
    summaries: dict[str, dict[str, str]], headers: Sequence[str], caption: str | None = None
) -> Table:
    broken = ["\n".join(header.rsplit(" ", 1)) for header in headers]
    rows = [[name, *(cells[header] for header in headers)] for name, cells in summaries.items()]
    return Table(["Recipe", *broken], rows, caption=caption, names_break=True)


def _verdict(name: str, rows: Rows) -> str | None:
    if rows[0]["verdict"] is None:
        return None
    return verdict(RECIPES[name], [row["measured"] for row in rows], rows[0]["n_judged"])


def _mean(rows: Rows, key: str, format_spec: str) -> str:
    values = [row[key] for row in rows if row[key] is not None]
    return format(fmean(values), format_spec) if values else ""


def table_of_recipes() -> Table:
    """Return the table of all recipes for the terminal."""
    rows = [[name, recipe.note, recipe.figure_text] for name, recipe in RECIPES.items()]
    return Table(["Recipe", "What it is for", "Reported"], rows, prose=["What it is for"])
