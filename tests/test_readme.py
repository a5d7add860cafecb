"""README and docs/ quote the committed results and nothing else, link to what is there, and run."""

import os
import re
import sys
import warnings
from pathlib import Path
from time import process_time

import matplotlib.pyplot as plt
import pytest
import typer
from threadpoolctl import threadpool_limits

import skmnist
from skmnist._utils.backend import load_keras
from skmnist.cli import app
from skmnist.recipes import RECIPES

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Where the project is published; the package index shows README.md far from its files.
REPOSITORY = re.compile(
    r"https://(?:github\.com/skmnist/skmnist/(?:blob|tree)"
    r"|raw\.githubusercontent\.com/skmnist/skmnist)/main/"
)


# -- tables -----------------------------------------------------------------------------------


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import tables

    yield tables
    del sys.modules["tables"]


def test_the_tables_are_those_of_the_results(tables):
    for page in tables.PAGES:
        text = (ROOT / page).read_text()
        assert tables.with_tables(page, text) == text, "run python benchmarks/tables.py"


def test_every_table_is_on_a_page(tables):
    shown = sorted(name for names in tables.PAGES.values() for name in names)
    assert shown == sorted(tables.TABLES)


def test_a_table_without_a_place_is_named(tables):
    with pytest.raises(SystemExit, match="no place for the table 'accuracy'"):
        tables.with_tables("docs/results.md", "# skmnist")


def test_a_row_of_the_reports_has_its_verdict(tables):
    row = next(line for line in tables.reports().splitlines() if "`bejar-mlp`" in line)
    assert row == "| `bejar-mlp` | 98.20 | 98.42 ± 0.06 (3 seeds) | reached |"


# -- links and names --------------------------------------------------------------------------


def links(page):
    return re.findall(r"\]\(([^)\s]+)\)", page.read_text())


def anchors(page):
    """The addresses that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_of_the_project(page):
    for link in links(page):
        path, _, anchor = REPOSITORY.sub("", link).partition("#")
        folder = ROOT if REPOSITORY.match(link) else page.parent
        target = folder / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_links_of_the_readme_work_on_the_package_index():
    shown = links(ROOT / "README.md")
    assert len(shown) > 9
    assert all(REPOSITORY.match(link) for link in shown)


def test_the_readme_has_one_command_that_runs_the_tests():
    (line,) = re.findall(r"^.*python -m pytest.*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert line.startswith("python3 -m venv .venv && ")


def commands(page):
    """What a page shows as a command of this package: its words, without comments."""
    text = page.read_text()
    code = re.findall(r"^```bash\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    code += re.findall(r"`(skmnist [^`]+)`", text)
    for line in "\n".join(code).splitlines():
        if found := re.search(r"(?:^|/)skmnist ([a-z].*)", line.partition("#")[0]):
            yield found[1].split()


def test_every_command_shown_exists_with_its_options_and_recipes():
    shown = [words for page in PAGES for words in commands(page)]
    assert len(shown) > 4
    known = typer.main.get_command(app).commands
    for command, *words in shown:
        known[command].make_context(command, words)  # raises for what it doesn't know


def test_every_recipe_shown_exists():
    names = {name for page in PAGES for name in re.findall(r'recipe\("(.+?)"\)', page.read_text())}
    assert names
    assert names <= {*RECIPES}


def test_the_citation_is_of_this_version():
    lines = (ROOT / "CITATION.cff").read_text().splitlines()
    assert {"cff-version: 1.2.0", f"version: {skmnist.__version__}"} <= set(lines)


# -- snippets ---------------------------------------------------------------------------------


def snippets():
    for page in PAGES:
        text = page.read_text()
        for found in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            line = text[: found.start()].count("\n") + 2
            yield pytest.param(page, line, found[1], id=f"{page.name}:{line}")


def skip_without_data(code):
    for call, name in {"fetch_mnist(": "mnist", "load_imdb(": "imdb"}.items():
        if call in code and not Path(os.environ.get("SKMNIST_DATA", ""), name).is_dir():
            pytest.skip(f"set SKMNIST_DATA to the folder that holds {name}/")


@pytest.mark.parametrize(("page", "line", "code"), [*snippets()])
def test_a_snippet_runs_by_itself_in_a_minute_of_one_core(page, line, code, tmp_path, monkeypatch):
    skip_without_data(code)
    load_keras()  # first, so that TensorFlow starts as it does for this package
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    # The line numbers in a traceback are those of the page.
    compiled = compile("\n" * (line - 1) + code, str(page), "exec")
    began = process_time()
    # The threads of gradient boosting wait for each other: slow where others want the cores.
    with warnings.catch_warnings(), threadpool_limits(1, user_api="openmp"):
        warnings.simplefilter("error")
        # Of Keras itself, where it saves a model.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        exec(compiled, {"__name__": "__main__"})
    plt.close("all")
    assert process_time() - began < 60
