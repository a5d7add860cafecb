"""Build the distribution skmnist-core: the package skmnist, without TensorFlow.

    python -m pip install build
    python packaging/build_core.py          # writes to dist/

TensorFlow is 1.9 of the 2.4 GB of an installation, and nobody who runs Keras on JAX or PyTorch
needs it; but an extra can only add a dependency, never remove one.  So there are two distributions
of the same files, as with opencv-python and opencv-python-headless: skmnist requires TensorFlow,
and skmnist-core has each backend as an extra.  One installs one of them.

The code doesn't live in skmnist-core with skmnist as a distribution without code that requires it:
``pip install .`` and ``pip install -e .`` install what pyproject.toml describes, so a checkout
would then come without a backend, and nothing in it could be tried before a second command.

The sdist of skmnist is the source, so both have the same files; only pyproject.toml's name, summary
and dependency on TensorFlow differ, and the README begins with the commands.
"""

import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]

README = """\
> This is **skmnist-core**: the package `skmnist` without TensorFlow. Install it with the backend
> that Keras is to run on:
>
> - `pip install "skmnist-core[jax]"` and set the environment variable `KERAS_BACKEND=jax`,
> - `pip install "skmnist-core[torch]"` and set `KERAS_BACKEND=torch`,
> - `pip install "skmnist-core[tensorflow]"`, which is the same as `pip install skmnist`.
>
> Both distributions own the same files: install one of them, and uninstall the other first.

"""


def core_settings(pyproject: str) -> str:
    """Return skmnist's pyproject.toml as that of skmnist-core."""
    dependencies = tomllib.loads(pyproject)["project"]["dependencies"]
    (tensorflow,) = (one for one in dependencies if one.startswith("tensorflow"))
    extras = "[project.optional-dependencies]\n"
    for before, after in (
        ('name = "skmnist"\n', 'name = "skmnist-core"\n'),
        (
            "; with TensorFlow (install this or skmnist-core, not both)",
            "; without TensorFlow (install this or skmnist, not both)",
        ),
        (f'    "{tensorflow}",\n', ""),
        (extras, f'{extras}tensorflow = ["{tensorflow}"]\n'),
    ):
        if pyproject.count(before) != 1:
            raise SystemExit(f"pyproject.toml: expected {before!r} once")
        pyproject = pyproject.replace(before, after)
    return pyproject


def build(folder: Path) -> None:
    """Write the wheel and the sdist of skmnist-core into a folder."""
    with tempfile.TemporaryDirectory() as temporary:
        _run_build(ROOT, temporary, "--sdist")
        (sdist,) = Path(temporary).glob("*.tar.gz")
        with tarfile.open(sdist) as archive:
            archive.extractall(temporary, filter="data")
        source = sdist.with_name(sdist.name.removesuffix(".tar.gz"))
        _change(source / "pyproject.toml", core_settings)
        _change(source / "README.md", lambda text: README + text)
        _run_build(source, folder)


def _change(path: Path, change) -> None:
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


def _run_build(source: Path, folder: Path | str, *options: str) -> None:
    command = [sys.executable, "-m", "build", "--outdir", str(folder), *options, str(source)]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    build(ROOT / "dist")
