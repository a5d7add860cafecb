"""Check that the sdists and wheels in a folder hold what the tree holds.

    python -m build --outdir dist && python packaging/check_dists.py dist

A forgotten package, py.typed or test shows only in what is installed, never in an editable install.
"""

import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parents[1]


def tracked() -> set[str]:
    """Return the files of the repository, as paths from its root with slashes."""
    names = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    return set(names.split("\0")) - {""}


def wrong_in_wheel(path: Path, files: set[str]) -> list[str]:
    """Return what a wheel lacks, and what is in it besides the package."""
    package = {name for name in files if name.startswith("skmnist/")}
    with zipfile.ZipFile(path) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        (points,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
        commands = ConfigParser()
        commands.read_string(wheel.read(points).decode())
    if dict(commands["console_scripts"]) != {"skmnist": "skmnist.cli:main"}:
        return [f"wrong commands: {dict(commands['console_scripts'])}"]
    return _differences(package, names) + _differences(names, package, kind="alien")


def wrong_in_sdist(path: Path, files: set[str]) -> list[str]:
    """Return what an sdist lacks of the repository."""
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    return _differences(files, names)


def _differences(expected: set[str], found: set[str], kind: str = "missing") -> list[str]:
    return [f"{kind}: {name}" for name in sorted(expected - found)]


def main(folder: Path) -> int:
    """Print what is wrong; return the exit status."""
    files = tracked()
    wheels, sdists = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    found = {path.name: wrong_in_wheel(path, files) for path in wheels}
    found |= {path.name: wrong_in_sdist(path, files) for path in sdists}
    for name, wrong in found.items():
        print(name, *(wrong or ["holds what it should"]), sep="\n    ")
    return int(not wheels or not sdists or any(found.values()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
