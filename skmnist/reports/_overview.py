"""The page of several reproductions: reported figures beside ours, links to their pages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from skmnist._utils.provenance import machine
from skmnist.recipes import RECIPES
from skmnist.reports._html import Markup, document, element, link, section, table, verdict_mark
from skmnist.reports._summary import COMPARED, MEASURED, caption_of, rows_by_recipe, summary

if TYPE_CHECKING:
    from skmnist.reports._reproductions import Reproductions


def folder_of(name: str, random_state: int) -> str:
    """Return the name of the folder of a recipe's fit with a seed."""
    return f"{name}-seed-{random_state}"


def overview(reproductions: "Reproductions") -> str:
    """Return the page.

    Parameters
    ----------
    reproductions : Reproductions
        The reproductions to show.

    Returns
    -------
    page : str
        HTML.
    """
    rows = reproductions.rows
    interrupted = [element("p", "Interrupted: there would have been more.")]
    parts = [
        *(interrupted if reproductions.interrupted else []),
        *([_table(rows)] if rows else []),
        section("Failed", _failed(reproductions.failed)) if reproductions.failed else None,
        section("Files", _files()),
        element("p", f"Measured on {machine()['processor']}.", class_="muted"),
    ]
    return document("Reproductions", *filter(None, parts))


def _table(rows: list[dict[str, Any]]) -> Markup:
    headers = COMPARED + MEASURED
    cells = [
        [_recipe(name, of_one), *_cells(name, of_one, headers)]
        for name, of_one in rows_by_recipe(rows).items()
    ]
    numbers = [header for header in headers if header != "Verdict"]
    return table(("Recipe", *headers), cells, numbers=numbers, caption=caption_of(rows))


def _recipe(name: str, rows: list[dict[str, Any]]) -> Markup:
    """Return a recipe's name, its source and links to the pages of its seeds."""
    seeds = [row["random_state"] for row in rows]
    links = [
        link(f"{folder_of(name, seed)}/index.html", f"seed\N{NO-BREAK SPACE}{seed}")
        for seed in seeds
    ]
    lines = (
        element("div", name, class_="name"),
        element("div", RECIPES[name].source, class_="muted"),
        element("div", Markup(", ".join(links))),
    )
    return Markup("".join(lines))


def _cells(name: str, rows: list[dict[str, Any]], headers: Sequence[str]) -> list[Any]:
    texts = summary(name, rows)
    return [verdict_mark(texts[h]) if h == "Verdict" else texts[h] for h in headers]


def _failed(failed: dict[str, str]) -> Markup:
    return element("ul", *(element("li", f"{name}: {why}") for name, why in failed.items()))


def _files() -> Markup:
    names = ("reproductions.csv", "reproductions.json")
    return element("ul", *(element("li", link(name, name)) for name in names))
