"""``skmnist reproduce``."""

import re
from pathlib import Path
from typing import Annotated

import typer

from skmnist._commands.classifiers import check_recipes
from skmnist._commands.interface import INTERRUPTED, LOADING, Jobs, Quiet, Seed, errors_in_one_line
from skmnist._utils.progress import activity


def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            callback=check_recipes, help="Recipes by name; `skmnist recipes` lists them."
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every recipe with a reported figure.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, starting at --seed.")] = 1,
    seed: Seed = 0,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs instead of the recipe's own, for a trial.")
    ] = None,
    train_size: Annotated[
        int | None, typer.Option(min=1, help="Train on a part of this size, for a trial.")
    ] = None,
    validation_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Hold out this many training samples and judge on them, never on the test set.",
        ),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="TRAIN/VALIDATION",
            help="Both sizes at once: 45000/15000 is the split of the reports' studies.",
        ),
    ] = None,
    jobs: Jobs = 1,
    output: Annotated[
        Path,
        typer.Option(file_okay=False, help="Folder for the pages, tables, pictures and models."),
    ] = Path("skmnist-reports"),
    quiet: Quiet = False,
) -> None:
    """Train recipes as their reports did, and show the reported figures beside ours.

    Ctrl-C ends it and keeps the finished fits.
    """
    if protocol is not None:
        if train_size is not None or validation_size is not None:
            raise typer.BadParameter(
                "it gives both sizes; leave out --train-size and --validation-size.",
                param_hint="--protocol",
            )
        train_size, validation_size = _sizes(protocol)
    _check_names_and_all(names or [], every)

    with activity(LOADING, not quiet):
        from rich.console import Console

        from skmnist.reports import reproduce_all

    with errors_in_one_line():
        results = reproduce_all(
            _with_a_figure() if every else names or [],
            random_states=range(seed, seed + seeds),
            epochs=epochs,
            train_size=train_size,
            validation_size=validation_size,
            n_jobs=jobs,
            verbose=not quiet,
            output=output,
        )
    for name, message in results.failed.items():
        typer.echo(f"Error: {name}: {message}", err=True)
    if results.interrupted:
        typer.echo("Interrupted.", err=True)
    if results.rows and not quiet:
        Console().print(results)
        typer.echo(f"All results are in {output / 'index.html'}.")
    if results.interrupted:
        raise typer.Exit(INTERRUPTED)
    if results.failed:
        raise typer.Exit(1)


def _sizes(protocol: str) -> tuple[int, int]:
    """Parse two sizes such as "45000/15000"."""
    sizes = re.fullmatch(r"([1-9][0-9]*)/([1-9][0-9]*)", protocol)
    if sizes is None:
        raise typer.BadParameter(
            f"{protocol!r} is not two sizes; expected training/validation samples, such as "
            "45000/15000.",
            param_hint="--protocol",
        )
    return int(sizes[1]), int(sizes[2])


def _check_names_and_all(names: list[str], every: bool) -> None:
    if every and names:
        raise typer.BadParameter(
            f"it is every recipe; leave out {', '.join(names)}, or --all.", param_hint="--all"
        )
    if not every and not names:
        raise typer.BadParameter(
            "give names of recipes, or --all; `skmnist recipes` lists them.", param_hint="NAMES"
        )


def _with_a_figure() -> list[str]:
    from skmnist.recipes import RECIPES

    return [name for name, recipe in RECIPES.items() if recipe.figure_text]
