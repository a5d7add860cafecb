"""``skmnist demo``."""

import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer

from skmnist._commands.interface import (
    INTERRUPTED,
    LOADING,
    Quiet,
    Seed,
    check_model,
    check_output,
    errors_in_one_line,
    warnings_in_one_line,
)
from skmnist._utils.progress import activity


def demo(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="A file of `skmnist train`, whose classifier the page has. Without it, a network "
            "is trained on MNIST within a minute; MNIST is downloaded if it is missing, and where "
            "that fails, scikit-learn's digits take its place.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="File of the page, .html.")] = Path(
        "digits.html"
    ),
    show: Annotated[
        bool, typer.Option("--open/--no-open", help="Whether the browser opens the page.")
    ] = True,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Make a page on which one draws a digit and a network reads it, and open the page.

    The page is one file, which needs no server, no network and no Python.
    """
    if model is not None:
        check_model(model)
    check_output(output, ".html")
    with errors_in_one_line(), warnings_in_one_line():
        with activity(LOADING, not quiet):
            from skmnist import exporting, persistence
            from skmnist._commands.demonstration import trained
        if model is None:
            classifier, interrupted = trained(seed, quiet=quiet)
        else:
            with activity("Loading Keras and the model", not quiet):
                classifier, interrupted = persistence.load(model), False
        with activity("Writing the page", not quiet):
            exporting.export(classifier, output)
    if not quiet:
        typer.echo(f"The page is in {output}.")
    if show:
        _show(output.expanduser(), quiet=quiet)
    if interrupted:
        raise typer.Exit(INTERRUPTED)


def _show(page: Path, *, quiet: Any) -> None:
    if not webbrowser.open(page.resolve().as_uri()) and not quiet:
        typer.echo("No browser was found; open the file in one.")
