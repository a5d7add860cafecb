"""The page of several reproductions: reported beside ours, with links to their pages."""

from typing import TYPE_CHECKING, Any

from skmnist._provenance import machine
from skmnist.recipes import RECIPES
from skmnist.reports._html import Markup, document, element, link, section, table, verdict_mark
from skmnist.reports._summary import COMPARED, MEASURED, caption_of, rows_by_recipe, summary

if TYPE_CHECKING:
    from skmnist.reports._reproductions import Reproductions


def folder_of(name: str, random_state: int) -> str:
    """Name the folder of a recipe's fit with a seed."""
    return f"{name}-seed-{random_state}"


def overview(reproductions: "Reproductions") -> str:
    """Make the page.

    Parameters
    ----------
    reproductions : Reproductions
        What is shown.

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
    headers = ("Reported", "Here", "Verdict", "Pages", *COMPARED[4:], *MEASURED)
    cells = [
        [_recipe(name), *(_cells(name, of_one)[header] for header in headers)]
        for name, of_one in rows_by_recipe(rows).items()
    ]
    numbers = [header for header in headers if header not in ("Verdict", "Pages")]
    return table(("Recipe", *headers), cells, numbers=numbers, caption=caption_of(rows))


def _recipe(name: str) -> Markup:
    source = element("div", RECIPES[name].source, class_="muted")
    return Markup(element("div", name, class_="name") + source)


def _cells(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    texts = summary(name, rows)
    return {**texts, "Verdict": verdict_mark(texts["Verdict"]), "Pages": _pages(rows)}


def _pages(rows: list[dict[str, Any]]) -> Markup:
    links = (
        link(
            f"{folder_of(row['recipe'], row['random_state'])}/index.html",
            f"seed\N{NO-BREAK SPACE}{row['random_state']}",
        )
        for row in rows
    )
    return Markup("<br>".join(links))


def _failed(failed: dict[str, str]) -> Markup:
    return element("ul", *(element("li", f"{name}: {why}") for name, why in failed.items()))


def _files() -> Markup:
    names = ("reproductions.csv", "reproductions.json")
    return element("ul", *(element("li", link(name, name)) for name in names))
