"""What is in the package, and in what is published."""

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import skmnist

ROOT = Path(__file__).parents[1]
FOLDERS = ".ci", ".github", "benchmarks", "docs", "examples", "packaging", "tests"
PYPROJECT_TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads(PYPROJECT_TEXT)
PROJECT = PYPROJECT["project"]

EVERY_MODULE = """
import sys
import skmnist
names = sorted(set(dir(skmnist)) - set(skmnist.__all__) - {"__version__"})
for name in names:
    module = getattr(skmnist, name)
    assert module.__name__ == f"skmnist.{name}", module
    assert module.__doc__, module
heavy = {"tensorflow", "keras", "jax", "torch"} & set(sys.modules)
assert not heavy, heavy
print(*names)
"""


def test_modules_are_attributes_without_an_import_of_tensorflow():
    command = [sys.executable, "-c", EVERY_MODULE]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert {"display", "preprocessing", "recipes", "significance"} <= set(ended.stdout.split())


def test_every_public_module_is_listed():
    folder = Path(skmnist.__file__).parent
    modules = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    public = {name for name in modules if not name.startswith("_")} - {"cli"}
    assert public <= set(dir(skmnist))


def test_dir_lists_public_names_only():
    names = dir(skmnist)
    assert names == sorted(set(names))
    assert set(skmnist.__all__) <= set(names)
    assert [name for name in names if name.startswith("_")] == ["__version__"]
    assert not {"Any", "import_module"} & set(names)
    for name in names:
        assert getattr(skmnist, name) is not None


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
    pins = subprocess.check_output(script, text=True, timeout=60).splitlines()
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
