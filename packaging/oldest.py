"""Print the lowest release of every dependency as pip's constraints.

pyproject.toml is the only list of lower bounds; the tests run on exactly these:

    python packaging/oldest.py > oldest.txt
    python -m pip install --only-binary :all: --constraint oldest.txt -e ".[test]"
"""

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def constraints() -> list[str]:
    """Return "name==version" for each "name>=version" of the package and its tests."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    return [_lowest(requirement) for requirement in required]


def _lowest(requirement: str) -> str:
    bound = re.fullmatch(r"([\w.-]+)>=([\d.]+)", requirement)
    if bound is None:
        raise SystemExit(f"pyproject.toml: expected name>=version, got {requirement!r}")
    return "{}=={}".format(*bound.groups())


if __name__ == "__main__":
    print(*constraints(), sep="\n")
