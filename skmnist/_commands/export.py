"""``skmnist export``."""

from pathlib import Path
from typing import Annotated

import typer

from skmnist._commands.interface import (
    Quiet,
    check_model,
    errors_in_one_line,
    problem_of_place,
    warnings_in_one_line,
)
from skmnist._utils.progress import activity

_SUFFIXES = (".html", ".keras", ".onnx", ".tflite")


def export(
    model: Annotated[Path, typer.Argument(help="A file of `skmnist train`.")],
    output: Annotated[
        Path,
        typer.Argument(
            help="The file to write. Its suffix is the format: .onnx for ONNX Runtime, .tflite for "
            "LiteRT, .keras for Keras, .html for a page to draw on."
        ),
    ],
    quiet: Quiet = False,
) -> None:
    """Export a model to a file that other programs use without skmnist.

    It takes images as the classifier does: the steps that read and prepare pictures for it, which
    `skmnist train` keeps in the model, are in a page only.
    """
    check_model(model)
    _check_output(output)
    with errors_in_one_line(), warnings_in_one_line():
        with activity("Loading Keras and the model", not quiet):
            from skmnist import exporting, persistence
            from skmnist._commands.pictures import load_model

            of_page = output.suffix.lower() == ".html"
            estimator = persistence.load(model) if of_page else load_model(model).classifier
        with activity("Exporting", not quiet):
            exporting.export(estimator, output)
    if not quiet:
        size = output.expanduser().stat().st_size
        typer.echo(f"The model is in {output} ({size / 1024:,.0f} KiB).")


def _check_output(output: Path) -> None:
    """Raise an error unless the file can have this name."""
    problem = problem_of_place(output)
    if output.suffix.lower() not in _SUFFIXES:
        problem = f"its suffix is no format; expected one of {', '.join(_SUFFIXES)}"
    if problem:
        raise typer.BadParameter(f"{str(output)!r}: {problem}.", param_hint="OUTPUT")
