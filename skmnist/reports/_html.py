"""A few HTML elements: whatever isn't `Markup` is escaped."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from string import Template
from typing import Any
from urllib.parse import quote

_DOCUMENT = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root {
  color-scheme: light dark;
  --text: #1d2126; --muted: #5d6670; --line: #d9dee3; --paper: #fff; --shade: #f4f6f8;
  --link: #0060a0; --good: #1a6e3c; --fair: #8a5a00; --bad: #ad2f22;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e3e6ea; --muted: #9aa4ae; --line: #3a4148; --paper: #15181c; --shade: #1f2429;
    --link: #7cbcf0; --good: #6fcf97; --fair: #f0b95a; --bad: #f2897d;
  }
  img { filter: brightness(.88); }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 58rem; padding: 1.5rem 1rem 4rem;
  background: var(--paper); color: var(--text);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .7rem; }
p { margin: .5rem 0; }
a { color: var(--link); }
.muted, figcaption { color: var(--muted); font-size: .9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
figcaption { padding: .4rem 0; }
th, td {
  padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line);
  text-align: left; vertical-align: top;
}
thead th { color: var(--muted); font-weight: 600; font-size: .9rem; }
th[scope=row] { font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th { vertical-align: bottom; }
td.number, th.number { text-align: right; }
td.number, .name { white-space: nowrap; }
@media (max-width: 30rem) {
  th, td { padding-right: .5rem; font-size: .9rem; }
}
figure { margin: 1rem 0; }
img {
  max-width: min(100%, 42rem); height: auto; background: #fff; border-radius: 4px;
  vertical-align: top;
}
pre {
  background: var(--shade); border-radius: 4px; padding: .8rem; margin: .5rem 0;
  overflow-x: auto; font: .8rem/1.35 ui-monospace, monospace;
}
pre.folded { white-space: pre-wrap; }
blockquote { margin: .6rem 0; padding-left: .8rem; border-left: 3px solid var(--line); }
ul { padding-left: 1.2rem; margin: .5rem 0; }
.reached { color: var(--good); } .within { color: var(--fair); } .missed { color: var(--bad); }
</style>
</head>
<body>
$body
</body>
</html>
""")


class Markup(str):
    """HTML, as opposed to text that has to be escaped."""


def document(title: str, *parts: Markup) -> str:
    """Return a whole page, which needs no other file and allows no script."""
    heading = element("h1", title)
    return _DOCUMENT.substitute(title=html(title), body="\n".join([heading, *parts]))


def html(value: Any) -> Markup:
    """Escape a value unless it is HTML; None becomes empty."""
    if isinstance(value, Markup):
        return value
    return Markup("" if value is None else escape(str(value)))


def element(tag: str, *content: Any, **attributes: str) -> Markup:
    """Return an element; ``class_`` is the attribute "class"."""
    named = "".join(
        f' {name.strip("_")}="{escape(value)}"' for name, value in attributes.items() if value
    )
    return Markup(f"<{tag}{named}>{''.join(map(html, content))}</{tag}>")


def section(heading: str, *parts: Markup | None) -> Markup | None:
    """Return a section of the parts that aren't None or empty; None if there are none."""
    there = [part for part in parts if part]
    return element("section", element("h2", heading), *there) if there else None


def link(path: str, text: Any) -> Markup:
    """Return a link to a file by its path relative to the page."""
    return element("a", text, href=quote(path))


def picture(name: str, pictures: Mapping[str, bytes], alt: str, caption: str = "") -> Markup | None:
    """Return an embedded PNG that links to its file; None if there is no such picture."""
    if name not in pictures:
        return None
    source = f"data:image/png;base64,{b64encode(pictures[name]).decode()}"
    image = Markup(f'<img src="{source}" alt="{escape(alt)}">')
    return _figure(link(name, image), caption)


def _figure(content: Markup, caption: str) -> Markup:
    return element("figure", content, *([element("figcaption", caption)] if caption else []))


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    numbers: Iterable[str] = (),
    caption: str = "",
) -> Markup:
    """Return a table whose first column holds the row headers.

    Parameters
    ----------
    headers : sequence of str
        The columns.
    rows : iterable of sequences
        Cells, text or `Markup`.
    numbers : iterable of str
        Headers of the columns that hold numbers.
    caption : str, default=""
        A note below the table.

    Returns
    -------
    table : Markup

    Examples
    --------
    >>> from skmnist.reports._html import table
    >>> "<td>&lt;b&gt;</td>" in table(["row", "text"], [[1, "<b>"]])
    True
    """
    numbers = set(numbers)
    kinds = ["number" if header in numbers else "" for header in headers]
    head = (
        element("th", header, scope="col", class_=kind)
        for header, kind in zip(headers, kinds, strict=True)
    )
    body = element("tbody", *(_row(cells, kinds) for cells in rows))
    whole = element("table", element("thead", element("tr", *head)), body)
    return _figure(element("div", whole, class_="wide"), caption)


def _row(cells: Sequence[Any], kinds: Sequence[str]) -> Markup:
    first, *others = cells
    of_others = (
        element("td", cell, class_=kind) for cell, kind in zip(others, kinds[1:], strict=True)
    )
    return element("tr", element("th", first, scope="row"), *of_others)


def verdict_mark(verdict: str | None) -> Markup:
    """Return a verdict in its colour."""
    return element("strong", verdict, class_=verdict.partition(" ")[0]) if verdict else html(None)
