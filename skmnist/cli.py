"""The ``skmnist`` command."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

import skmnist
from skmnist._utils.errors import no_recipe
from skmnist._utils.progress import activity
from skmnist._utils.recipe_names import RECIPE_NAMES


class _PlainFlags:
    """Hide the type that Typer prints after an option that takes no value (mixin)."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params


class _Command(_PlainFlags, TyperCommand):
    """A command."""


class _Group(_PlainFlags, TyperGroup):
    """The command that contains the others."""


app = typer.Typer(
    name="skmnist",
    help="Keras networks as scikit-learn classifiers for small images.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    cls=_Group,
)

_INTERRUPTED = 130  # 128 + SIGINT, as in shells
_LOADING = "Loading scikit-learn"


class Dataset(StrEnum):
    """Data sets by name."""

    digits = "digits"
    mnist = "mnist"


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


def _recipe_names(names: list[str] | None) -> list[str]:
    for name in names or []:
        if name not in RECIPE_NAMES:
            raise typer.BadParameter(no_recipe(name, RECIPE_NAMES))
    return names or []


@app.callback()
def _skmnist(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Hold the commands, and the options that belong to none of them."""


@app.command(cls=_Command)
def compare(
    dataset: Annotated[
        Dataset,
        typer.Option(
            help="scikit-learn's digits, cross-validated; or MNIST in its standard split."
        ),
    ] = Dataset.digits,
    train_size: Annotated[
        int | None, typer.Option(min=1, help="Train on a stratified random part of this size.")
    ] = None,
    classifier: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RECIPE",
            callback=_recipe_names,
            help="Any recipe of `skmnist recipes`; repeat the option for more. By default dnn, "
            "lenet, cnn, svm, knn and random-forest.",
        ),
    ] = None,
    cv: Annotated[int, typer.Option(min=2, help="Folds of the digits' cross-validation.")] = 5,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Epochs of the networks; by default each network's own."),
    ] = None,
    output: Annotated[
        Path, typer.Option(file_okay=False, help="Folder for the table and the pictures.")
    ] = Path("skmnist-comparison"),
    seed: Annotated[int, typer.Option(min=0, help="Determines everything random.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Compare networks and classical classifiers: scores, times, sizes and significance.

    Ctrl-C ends it and keeps the finished fits.
    """
    with _errors_in_one_line():
        with activity(_LOADING, not quiet):
            chosen = _chosen(classifier or [], epochs)
            data = _load(dataset, train_size, seed)
        result = skmnist.compare(
            chosen, **data, cv=cv, random_state=seed, verbose=not quiet, output=output
        )
    if not quiet:
        typer.echo(f"Table and pictures are in {output}.")
    if result.interrupted:
        raise typer.Exit(_INTERRUPTED)
    if not result.rows:
        raise typer.Exit(1)


@app.command(cls=_Command)
def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            callback=_recipe_names, help="Recipes by name; `skmnist recipes` lists them."
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every recipe with a reported figure.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, starting at --seed.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Determines everything random.")] = 0,
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
    output: Annotated[
        Path,
        typer.Option(file_okay=False, help="Folder for the pages, tables, pictures and models."),
    ] = Path("skmnist-reports"),
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
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

    with activity(_LOADING, not quiet):
        from rich.console import Console

        from skmnist.reports import reproduce_all

    with _errors_in_one_line():
        results = reproduce_all(
            _with_a_figure() if every else names or [],
            random_states=range(seed, seed + seeds),
            epochs=epochs,
            train_size=train_size,
            validation_size=validation_size,
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
        raise typer.Exit(_INTERRUPTED)
    if results.failed:
        raise typer.Exit(1)


@app.command(cls=_Command)
def recipes() -> None:
    """List the recipes, with their purpose and the reported figures."""
    with activity(_LOADING):
        from rich.console import Console

        from skmnist.reports import table_of_recipes

    Console().print(table_of_recipes())


@contextmanager
def _errors_in_one_line() -> Iterator[None]:
    """Print an error in one line, and exit with 1."""
    try:
        yield
    except BrokenPipeError:  # nobody would read the line either
        raise
    except (ImportError, OSError, ValueError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error


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


def _chosen(names: list[str], epochs: int | None) -> dict[str, Any]:
    """Return the classifiers to compare, by name."""
    from skmnist.comparison._compare import classifiers_of, default_classifiers
    from skmnist.datasets._registry import DATASETS
    from skmnist.recipes import RECIPES

    if not names:
        return default_classifiers(epochs)
    others = [name for name in names if DATASETS[RECIPES[name].data].samples != "images"]
    if others:
        raise typer.BadParameter(
            f"{', '.join(others)} can't be compared on images; `skmnist reproduce` trains it on "
            "its own data.",
            param_hint="--classifier",
        )
    return classifiers_of(names, epochs)


def _load(dataset: Dataset, train_size: int | None, seed: int) -> dict[str, Any]:
    from skmnist.datasets._registry import DATASETS
    from skmnist.reports import part_of

    if dataset is Dataset.mnist:
        (X, y), (X_test, y_test) = DATASETS["mnist"].load(seed)
        # Rows, as any classifier takes them; the networks find the square.
        X, X_test = X.reshape(len(X), -1), X_test.reshape(len(X_test), -1)
        test = {"X_test": X_test, "y_test": y_test}
    else:
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
        test = {}
    X, y = part_of(X, y, train_size, seed)
    return {"X": X, "y": y, **test}


if __name__ == "__main__":
    main()
