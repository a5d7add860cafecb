"""docs/scikeras-tests.md names tests that exist, and has a verdict for each of SciKeras's."""

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
PAGE = (ROOT / "docs" / "scikeras-tests.md").read_text()
ROWS = re.findall(r"^\| (?!SciKeras's test|---)(.+?) \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)


def functions_of(*paths):
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text())))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


HERE = functions_of(*FOLDER.glob("test_*.py"))


@pytest.mark.parametrize(("theirs", "verdict", "ours"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_names_tests_that_exist(theirs, verdict, ours):
    file = re.search(r"`(tests/\S+\.py)`: ", ours)
    known = functions_of(ROOT / file[1]) if file else HERE
    names = re.findall(r"`(test_\w+)`", ours)
    assert set(names) <= known
    assert names or verdict == "not applicable"
    assert verdict in {"pass", "refused", "not applicable"}


def test_no_test_of_scikeras_has_two_rows():
    for section in PAGE.split("\n## ")[1:]:
        theirs = re.findall(r"^\| `(\w[\w.]+)`.* \| .+ \|$", section, re.MULTILINE)
        assert theirs
        assert len(theirs) == len(set(theirs))
