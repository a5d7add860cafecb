"""README quotes the committed results and nothing else."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import tables

    yield tables
    del sys.modules["tables"]


def test_the_tables_are_those_of_the_results(tables):
    text = tables.README.read_text()
    assert tables.with_tables(text) == text, "run python benchmarks/tables.py"


def test_a_table_without_a_place_is_named(tables):
    with pytest.raises(SystemExit, match="no place for the table 'accuracy'"):
        tables.with_tables("# skmnist")


def test_a_row_of_the_reports_has_its_verdict(tables):
    row = next(line for line in tables.reports().splitlines() if "`bejar-mlp`" in line)
    assert row == "| `bejar-mlp` | 98.20 | 98.42 ± 0.06 (3 seeds) | reached |"
