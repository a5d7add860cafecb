"""What is in the package, and in what is published."""

import ast
import importlib
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest

import skmnist

ROOT = Path(__file__).parents[1]
FOLDERS = ".ci", ".github", "benchmarks", "docs", "examples", "packaging", "tests"
PYPROJECT_TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads(PYPROJECT_TEXT)
PROJECT = PYPROJECT["project"]

EVERY_NAME = """
import sys
import skmnist
packages = [name for name in dir(skmnist) if hasattr(getattr(skmnist, name), "__path__")]
for name in packages:
    module = getattr(skmnist, name)
    assert module.__name__ == f"skmnist.{name}", module
    assert module.__doc__, module
    for public in module.__all__:
        assert getattr(module, public).__doc__, (name, public)
heavy = {"tensorflow", "keras", "jax", "torch"} & set(sys.modules)
assert not heavy, heavy
print(*packages)
"""


def test_packages_are_attributes_without_an_import_of_tensorflow():
    command = [sys.executable, "-c", EVERY_NAME]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert ended.returncode == 0, ended.stderr
    folders = (path.parent.name for path in (ROOT / "skmnist").glob("*/__init__.py"))
    public = sorted(name for name in folders if not name.startswith("_"))
    assert ended.stdout.split() == public


def test_every_module_but_the_command_is_private():
    modules = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / "skmnist").rglob("*.py"))
    named = (module.parts for module in modules if module.name not in {"__init__", "__main__"})
    public = [parts for parts in named if not any(part.startswith("_") for part in parts)]
    assert public == [("skmnist", "cli")]


# Each room may import those before it; those of a line are independent of each other.
FLOORS = [
    {"_utils"},
    {"_inputs", "networks"},
    {"datasets", "training", "preprocessing", "display"},
    {"classifiers"},
    {"text", "ensemble", "regressors"},
    {"wrappers"},
    {"clusters", "recipes", "persistence", "search", "streaming"},
    {"exporting"},
    {"comparison"},
    {"reports"},
    {"_commands"},
    {"cli"},
]


def imported_rooms(path):
    """The rooms of the package that a module imports, at its top or in a function."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {module.split(".")[1] for module in modules if module.startswith("skmnist.")}


def test_imports_go_downwards():
    package = ROOT / "skmnist"
    for path in package.rglob("*.py"):
        room = path.relative_to(package).with_suffix("").parts[0]
        if room != "__init__":
            floor = next(i for i, rooms in enumerate(FLOORS) if room in rooms)
            below = set().union(*FLOORS[:floor])
            assert imported_rooms(path) - {room} <= below, path


def test_dir_lists_public_names_only():
    names = dir(skmnist)
    assert names == sorted(set(names)) == skmnist.__all__
    assert [name for name in names if name.startswith("_")] == []
    kinds = type, types.FunctionType, types.ModuleType
    for name in names:
        assert isinstance(getattr(skmnist, name), kinds), name
    assert skmnist.__version__


def test_a_name_at_the_top_is_the_same_in_its_package():
    packages = [
        value for name in dir(skmnist) if hasattr(value := getattr(skmnist, name), "__path__")
    ]
    everywhere = {name: getattr(package, name) for package in packages for name in package.__all__}
    at_the_top = {name for name in dir(skmnist) if not hasattr(getattr(skmnist, name), "__path__")}
    assert at_the_top - everywhere.keys() == {"PixelRangeWarning", "clear_caches"}
    for name in at_the_top & everywhere.keys():
        assert getattr(skmnist, name) is everywhere[name]


def test_setuptools_finds_every_package():
    packages = PYPROJECT["tool"]["setuptools"]["packages"]
    assert packages == {"find": {"include": ["skmnist*"]}}
    folders = {path.parent for path in (ROOT / "skmnist").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_sdist_has_what_its_tests_need():
    lines = (ROOT / "MANIFEST.in").read_text().splitlines()
    words = {word for line in lines for word in line.split()}
    assert {"CHANGELOG.md", ".pre-commit-config.yaml", *FOLDERS} <= words
    assert all((ROOT / name).is_dir() for name in FOLDERS)


def test_the_oldest_dependencies_are_the_lower_bounds():
    script = [sys.executable, ROOT / "packaging" / "oldest.py"]
    pins = subprocess.check_output(script, text=True, timeout=900).splitlines()
    for requirement in PROJECT["dependencies"]:
        assert requirement.replace(">=", "==") in pins
    assert len(pins) == len(PROJECT["dependencies"]) + len(PROJECT["optional-dependencies"]["test"])


@pytest.fixture
def core(monkeypatch):
    """The script that builds skmnist-core."""
    monkeypatch.syspath_prepend(ROOT / "packaging")
    yield importlib.import_module("build_core")
    del sys.modules["build_core"]


def test_skmnist_core_differs_from_skmnist_in_name_summary_and_tensorflow_alone(core):
    whole, changed = PYPROJECT, tomllib.loads(core.core_settings(PYPROJECT_TEXT))
    mine, theirs = dict(whole["project"]), dict(changed["project"])
    assert (mine.pop("name"), theirs.pop("name")) == ("skmnist", "skmnist-core")
    for summary in (mine.pop("description"), theirs.pop("description")):
        assert "not both" in summary
    extras = theirs.pop("optional-dependencies")
    assert {"tensorflow", "jax", "torch"} <= set(extras)
    moved = extras.pop("tensorflow")
    assert extras == mine.pop("optional-dependencies")
    assert sorted(theirs.pop("dependencies") + moved) == sorted(mine.pop("dependencies"))
    assert theirs == mine
    assert changed["tool"] == whole["tool"]


def test_skmnist_core_is_not_built_from_settings_that_have_changed_unseen(core):
    with pytest.raises(SystemExit, match='expected \'name = "skmnist"'):
        core.core_settings(PYPROJECT_TEXT.replace('name = "skmnist"', 'name = "other"'))
