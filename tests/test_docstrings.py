import ast
import re
from pathlib import Path

import pytest

import skmnist

MODULES = sorted(Path(skmnist.__file__).parent.rglob("*.py"))
LINK = re.compile(r"(?<![\w`])[A-Za-z]\w*_(?![\w`])")


def prose(docstring):
    """Leave out of a docstring what Sphinx takes as it is: code, quotes, names of fields."""
    for line in docstring.splitlines():
        if not line.lstrip().startswith((">>>", "...")):
            described = re.sub(r"^\s*[\w, ]+ : ", "", line)
            yield re.sub(r"``[^`]*``|`[^`]*`", "", described)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_word_ends_in_an_underscore_that_sphinx_takes_for_a_link(path):
    kinds = ast.Module, ast.ClassDef, ast.FunctionDef
    nodes = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds))
    docstrings = [ast.get_docstring(node) or "" for node in nodes]
    assert [line for text in docstrings for line in prose(text) if LINK.search(line)] == []


def test_a_link_is_found():
    assert LINK.search(next(prose("an array of shape (n_features_in_,)")))
    assert not LINK.search(next(prose("x_ : an array of shape (`n_features_in_`,)")))
