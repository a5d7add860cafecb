"""Private names of others are used in the modules that are there for them."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOOR = Path("skmnist/_utils/sklearn.py")
MODULES = sorted(path.relative_to(ROOT) for path in (ROOT / "skmnist").rglob("*.py"))


def _imported(source):
    """Return all modules and names that a source imports, with dots between."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _private_of_sklearn(source):
    names = (name.split(".") for name in _imported(source))
    return [
        ".".join(parts)
        for parts in names
        if parts[0] == "sklearn" and any(part.startswith("_") for part in parts)
    ]


def test_private_names_of_sklearn_enter_through_one_module():
    found = {path: _private_of_sklearn((ROOT / path).read_text()) for path in MODULES}
    assert found.pop(DOOR)
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from sklearn.base import _fit_context",
        "from sklearn.utils._param_validation import Interval",
        "import sklearn.utils._tags",
        "def fit():\n    from sklearn.ensemble import _base",
    ],
)
def test_a_private_import_is_found_wherever_it_stands(line):
    assert len(_private_of_sklearn(line)) == 1


def test_the_door_is_light():
    command = (
        "import sys, skmnist._utils.sklearn; "
        "print({'sklearn.ensemble', 'matplotlib', 'keras'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert ended.stdout == "set()\n", ended.stderr


def test_only_the_doors_may_use_private_names_of_others():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "SLF" in settings["select"]
    exempt = {path for path, rules in settings["per-file-ignores"].items() if "SLF" in rules}
    assert exempt == {
        "benchmarks/*",
        "examples/*",
        "tests/*",
        "skmnist/_utils/graphs.py",
        "skmnist/_utils/keras.py",
        "skmnist/_utils/sklearn.py",
    }
    assert not [path for path in MODULES if "noqa: SLF" in (ROOT / path).read_text()]


def _enum_like(source):
    """Return the private attributes `_x_` of other objects, which ruff takes for an enum's."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and not (
            isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
        ):
            name = node.attr
            if name.startswith("_") and name.endswith("_") and "__" not in name:
                yield name


def test_no_module_uses_a_private_fitted_attribute_of_another_object():
    found = {path: list(_enum_like((ROOT / path).read_text())) for path in MODULES}
    assert {path: names for path, names in found.items() if names} == {}
    assert list(_enum_like("classifier._predictor_.outputs(self._seed_)")) == ["_predictor_"]
