"""What is in the package, and in what is published."""

import subprocess
import sys
import tomllib
from pathlib import Path

import skmnist

ROOT = Path(__file__).parents[1]
FOLDERS = "benchmarks", "examples", "tests"

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


def test_every_package_is_published():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = (path.parent for path in (ROOT / "skmnist").rglob("__init__.py"))
    found = sorted(".".join(folder.relative_to(ROOT).parts) for folder in folders)
    assert settings["packages"] == found


def test_the_sdist_has_what_its_tests_need():
    lines = (ROOT / "MANIFEST.in").read_text().splitlines()
    assert {"include CHANGELOG.md", *(f"graft {name}" for name in FOLDERS)} <= set(lines)
    assert all((ROOT / name).is_dir() for name in FOLDERS)
