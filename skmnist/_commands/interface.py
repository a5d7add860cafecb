"""What the commands have in common: their help, their options, their errors and exit codes."""

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from skmnist._utils.dataset_names import DATASET_NAMES

INTERRUPTED = 130  # 128 + SIGINT, as in shells
LOADING = "Loading scikit-learn"
EXIT_CODES = (
    "Exit codes: 0 if all was done, 1 after an error, 2 after a wrong option or argument, "
    f"{INTERRUPTED} after Ctrl-C."
)


class _PlainFlags:
    """Hide the type that Typer prints after an option that takes no value (mixin)."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params


class Command(_PlainFlags, TyperCommand):
    """A command."""


class Group(_PlainFlags, TyperGroup):
    """The command that contains the others."""


# -- options of several commands -----------------------------------------------------------


class Mode(StrEnum):
    """The colours of images, as `ImageLoader` names them."""

    grey = "grey"
    rgb = "RGB"


DATA_HELP = (
    f"A data set's name ({', '.join(DATASET_NAMES)}), or a path: a folder of pictures, with a "
    "subfolder per class; an .npz file; an .npy file; a CSV file of pixels with a column of "
    "labels; an IDX file of images. Files may be compressed by gzip, except .npz."
)
Data = Annotated[str, typer.Argument(help=DATA_HELP, show_default=False)]
Labels = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Where the labels are: for .npy and IDX images a file, for a folder of pictures a CSV "
        "file of file names and labels, for an .npz file an array, for a CSV file a column, or its "
        "number if there is no header. By default found by usual names.",
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Size of the images in pixels, such as 28 or 32x24 (height x width): pictures are "
        "resized to it, rows of pixels have it. By default pictures keep a common size of at most "
        "64 pixels, others become 32x32, and rows are squares.",
    ),
]
Colours = Annotated[Mode, typer.Option("--mode", help="Colours of pictures and of rows of pixels.")]
Photographs = Annotated[
    bool,
    typer.Option(
        "--photographs",
        help="Prepare pictures as photographs of one character each: the ink is separated from "
        "the paper, cropped, scaled and centred as in MNIST.",
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(min=1, help="Epochs of the networks; by default each network's own."),
]
TrainSize = Annotated[
    int | None, typer.Option(min=1, help="Train on a stratified random part of this size.")
]
Seed = Annotated[int, typer.Option(min=0, help="Determines everything random.")]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs",
        "-j",
        help="Fits at the same time; -1 for all cores. Times are comparable with 1 only.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]


# -- checks and errors -----------------------------------------------------------------------


def size_of(text: str | None) -> tuple[int, int] | None:
    """Parse a size such as "28" or "32x24"; raise an error for anything else."""
    if text is None:
        return None
    sides = re.fullmatch(r"([1-9][0-9]{0,4})(?:x([1-9][0-9]{0,4}))?", text)
    if sides is None:
        raise typer.BadParameter(
            f"{text!r} is not a size in pixels; expected a side, such as 28, or height and width, "
            "such as 32x24.",
            param_hint="--size",
        )
    return int(sides[1]), int(sides[2] or sides[1])


def check_photographs(size: tuple[int, int] | None, mode: Mode, photographs: bool) -> None:
    """Raise an error for images that photographs aren't prepared as."""
    if photographs and (mode is Mode.rgb or (size is not None and size[0] != size[1])):
        raise typer.BadParameter(
            "it makes square images in grey; leave out --mode, and give the side as --size.",
            param_hint="--photographs",
        )


def check_output(output: Path, suffix: str = ".safetensors") -> None:
    """Raise an error unless a file of this format, by default a model, can be written there."""
    problem = problem_of_place(output)
    if problem is None and output.suffix != suffix:
        problem = f"the file has the format of {output.with_suffix(suffix).name}; name it so"
    if problem:
        raise typer.BadParameter(f"{str(output)!r}: {problem}.", param_hint="--output")


def problem_of_place(output: Path) -> str | None:
    """Return why no file can be written there; None if one can."""
    if output.is_dir():
        return "it is a folder; give the path of a file in it"
    if not output.expanduser().parent.is_dir():
        return f"there is no folder {output.parent}; make it first"
    return None


def check_model(model: Path) -> None:
    """Raise an error unless there is such a file."""
    if not model.is_file():
        problem = "is a folder" if model.is_dir() else "doesn't exist"
        raise typer.BadParameter(
            f"{str(model)!r} {problem}; give a file that `skmnist train` or skmnist.save has "
            "written.",
            param_hint="MODEL",
        )


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Print an error in one line, and exit with 1."""
    try:
        yield
    except BrokenPipeError:  # nobody would read the line either
        raise
    except (ImportError, OSError, ValueError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Print each warning in one line, without the place in the code that Python adds."""

    def show(message: Warning | str, *_place: Any, **_more: Any) -> None:
        print(f"Warning: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
