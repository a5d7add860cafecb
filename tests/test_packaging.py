"""What is in the package, and in what is published."""

import subprocess
import sys
import tomllib
import types
from pathlib import Path

from setuptools import find_packages

import skmnist

ROOT = Path(__file__).parents[1]
FOLDERS = "benchmarks", "examples", "tests"

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
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    folders = (path.parent.name for path in (ROOT / "skmnist").glob("*/__init__.py"))
    public = sorted(name for name in folders if not name.startswith("_"))
    assert ended.stdout.split() == public


def test_every_module_but_the_command_is_private():
    modules = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / "skmnist").rglob("*.py"))
    named = (module.parts for module in modules if module.name not in {"__init__", "__main__"})
    public = [parts for parts in named if not any(part.startswith("_") for part in parts)]
    assert public == [("skmnist", "cli")]


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
    assert at_the_top - everywhere.keys() == {"PixelRangeWarning"}
    for name in at_the_top & everywhere.keys():
        assert getattr(skmnist, name) is everywhere[name]


def test_every_package_is_found():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = set(find_packages(str(ROOT), **settings["packages"]["find"]))
    folders = {path.parent for path in (ROOT / "skmnist").rglob("*.py")}
    assert found == {".".join(folder.relative_to(ROOT).parts) for folder in folders}


def test_the_sdist_has_what_its_tests_need():
    lines = (ROOT / "MANIFEST.in").read_text().splitlines()
    assert {"include CHANGELOG.md", *(f"graft {name}" for name in FOLDERS)} <= set(lines)
    assert all((ROOT / name).is_dir() for name in FOLDERS)
