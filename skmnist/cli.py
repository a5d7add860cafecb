"""The ``skmnist`` command."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import skmnist
from skmnist._commands.compare import compare
from skmnist._commands.demo import demo
from skmnist._commands.evaluate import evaluate
from skmnist._commands.export import export
from skmnist._commands.interface import EXIT_CODES, Command, Group
from skmnist._commands.predict import predict
from skmnist._commands.recipes import recipes
from skmnist._commands.reproduce import reproduce
from skmnist._commands.search import search
from skmnist._commands.train import train

app = typer.Typer(
    name="skmnist",
    help="Keras networks as scikit-learn classifiers for small images.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    cls=Group,
)
for command in (
    train,
    search,
    evaluate,
    predict,
    export,
    demo,
    compare,
    reproduce,
    recipes,
):
    app.command(cls=Command, epilog=EXIT_CODES)(command)


def main() -> None:
    """Run the command.

    Raises
    ------
    SystemExit
        Always: with 0, with 1 after an error or if the output's reader has gone, with 2 after a
        wrong option or name, and with 130 after Ctrl-C.
    """
    _replace_closed_streams()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except OSError as error:
        # So that Python doesn't flush to the broken stream again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # silent, as in Unix tools
            typer.echo(f"Error: {error}", err=True)
        raise SystemExit(1) from None


def _replace_closed_streams() -> None:
    """Replace streams that the parent has closed, as ``2>&-`` does, by the null device."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 (open until the end)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(skmnist.__version__)
        raise typer.Exit


@app.callback()
def _skmnist(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Hold the commands, and the options that belong to none of them."""


if __name__ == "__main__":
    main()
