"""The ``skmnist`` command."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import skmnist
from skmnist._errors import unknown_name

app = typer.Typer(
    name="skmnist",
    help="Keras networks as scikit-learn classifiers for small images.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Dataset(StrEnum):
    """Data sets by name."""

    digits = "digits"
    mnist = "mnist"


def main() -> None:
    """Run the command.

    Raises
    ------
    SystemExit
        Always: with 0, with 1 after an error, 2 after a wrong option and 130 after Ctrl-C.
    """
    app()


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
    """Make room for several commands, and for options that belong to none."""


@app.command()
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
            help="Only this classifier; repeat it for more. Besides those of the table there is "
            "gradient_boosting."
        ),
    ] = None,
    cv: Annotated[int, typer.Option(min=2, help="Folds of the digits' cross-validation.")] = 5,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs of the networks, else each one's own.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for the table and the pictures.")] = Path(
        "skmnist-comparison"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Compare networks and classical classifiers: scores, times, sizes and significance.

    Ctrl-C ends it with what is done so far.
    """
    try:
        chosen = _choose(classifier, epochs)
        data = _load(dataset, train_size, seed)
        result = skmnist.compare(
            chosen, **data, cv=cv, random_state=seed, verbose=not quiet, output=output
        )
    except (ImportError, OSError, ValueError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error
    if not quiet:
        typer.echo(f"Table and pictures are in {output}.")
    if result.interrupted:
        raise typer.Exit(_INTERRUPTED)
    if not result.rows:
        raise typer.Exit(1)


@app.command()
def reproduce(
    names: Annotated[
        list[str] | None, typer.Argument(help="Recipes by name; `skmnist recipes` lists them.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every recipe with a reported figure.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from --seed on.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0,
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
            help="Hold out so many training samples and judge on these, never on the test set.",
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
        Path, typer.Option(help="Folder for the pages, tables, pictures and models.")
    ] = Path("skmnist-reports"),
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Train recipes as their reports did, and put the reported figures beside ours.

    Ctrl-C ends it with what is done so far.
    """
    if protocol is not None:
        if train_size is not None or validation_size is not None:
            raise typer.BadParameter(
                "it gives both sizes; leave out --train-size and --validation-size.",
                param_hint="--protocol",
            )
        train_size, validation_size = _sizes(protocol)

    from rich.console import Console

    from skmnist.reports import reproduce_all

    try:
        chosen = _recipes(names or [], every)
        results = reproduce_all(
            chosen,
            random_states=range(seed, seed + seeds),
            epochs=epochs,
            train_size=train_size,
            validation_size=validation_size,
            verbose=not quiet,
            output=output,
        )
    except (OSError, ValueError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error
    for name, message in results.failed.items():
        typer.echo(f"Error: {name}: {message}", err=True)
    if results.interrupted:
        typer.echo("Interrupted.", err=True)
    if results.rows and not quiet:
        Console().print(results)
        typer.echo(f"All of it is in {output / 'index.html'}.")
    if results.interrupted:
        raise typer.Exit(_INTERRUPTED)
    if results.failed:
        raise typer.Exit(1)


@app.command()
def recipes() -> None:
    """List the recipes, with what they are for and the figures that reports give."""
    from rich.console import Console

    from skmnist.reports import table_of_recipes

    Console().print(table_of_recipes())


def _sizes(protocol: str) -> tuple[int, int]:
    """Read the sizes of "45000/15000"."""
    sizes = re.fullmatch(r"([1-9][0-9]*)/([1-9][0-9]*)", protocol)
    if sizes is None:
        raise typer.BadParameter(
            f"{protocol!r} is not two sizes; expected training/validation samples, such as "
            "45000/15000.",
            param_hint="--protocol",
        )
    return int(sizes[1]), int(sizes[2])


def _recipes(names: list[str], every: bool) -> list[str]:
    from skmnist.recipes import RECIPES

    for name in names:
        if name not in RECIPES:
            raise unknown_name("recipe", name, RECIPES)
    if every and names:
        raise ValueError(f"--all is every recipe; leave out {', '.join(names)}, or --all.")
    if every:
        return [name for name, recipe in RECIPES.items() if recipe.figure_text]
    if not names:
        raise ValueError("give names of recipes, or --all; `skmnist recipes` lists them.")
    return names


def _choose(names: list[str] | None, epochs: int | None) -> dict[str, Any]:
    from skmnist.comparison import default_classifiers, further_classifiers

    defaults = default_classifiers(epochs)
    known = {**defaults, **further_classifiers()}
    for name in names or []:
        if name not in known:
            raise unknown_name("--classifier", name, known)
    return {name: known[name] for name in names or defaults}


def _load(dataset: Dataset, train_size: int | None, seed: int) -> dict[str, Any]:
    from skmnist.reports import part_of

    if dataset is Dataset.mnist:
        (X, y), (X_test, y_test) = skmnist.fetch_mnist()
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
