"""Each example runs by itself, as a user runs it, and draws its picture."""

from importlib.util import find_spec
from pathlib import Path

import pytest

NEEDS = {"plot_search_with_mlflow": "mlflow", "plot_search_with_optuna": "optuna"}
EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("plot_*.py"))
NO_WINDOWS = {"MPLBACKEND": "Agg"}


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(path, id=path.stem, marks=pytest.mark.beside(path, **NO_WINDOWS))
        for path in EXAMPLES
        if path.stem not in NEEDS or find_spec(NEEDS[path.stem])
    ],
)
def test_the_example_runs_and_draws_its_picture(example, beside):
    done = beside(example, **NO_WINDOWS)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert list(done.folder.glob("*.png"))
