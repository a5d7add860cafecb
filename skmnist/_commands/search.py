"""``skmnist search``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from skmnist._commands.classifiers import check_classifier
from skmnist._commands.interface import (
    INTERRUPTED,
    LOADING,
    Colours,
    Data,
    Epochs,
    Labels,
    Mode,
    Photographs,
    Quiet,
    Seed,
    Size,
    TrainSize,
    check_output,
    check_photographs,
    errors_in_one_line,
    size_of,
    warnings_in_one_line,
)
from skmnist._commands.sources import source_of
from skmnist._utils.progress import activity


class SpaceSize(StrEnum):
    """How much of the parameters is searched, as `param_space` names it."""

    small = "small"
    large = "large"


def search(
    data: Data,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="File of the best model, .safetensors. Beside it, files that end in .search.jsonl "
            "and .search.csv get the finished candidates and their table.",
            show_default=False,
        ),
    ],
    recipe: Annotated[
        str,
        typer.Option(
            "--recipe",
            "--classifier",
            metavar="NAME",
            callback=check_classifier,
            help="A recipe of `skmnist recipes`, or the import path of a classifier that "
            "skmnist.save can save.",
        ),
    ] = "cnn",
    candidates: Annotated[
        int, typer.Option(min=2, help="Number of candidates; the first is the recipe as it is.")
    ] = 20,
    space: Annotated[
        SpaceSize, typer.Option("--space", help="How many parameters are searched.")
    ] = SpaceSize.small,
    cv: Annotated[int, typer.Option(min=2, help="Folds of the cross-validation.")] = 3,
    jobs: Annotated[
        int,
        typer.Option("--jobs", "-j", help="Folds evaluated at the same time; -1 for all cores."),
    ] = 1,
    labels: Labels = None,
    size: Size = None,
    mode: Colours = Mode.grey,
    photographs: Photographs = False,
    train_size: TrainSize = None,
    test_size: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=0.99,
            metavar="FRACTION",
            help="Hold out this stratified part of the data, and evaluate the best model on it.",
        ),
    ] = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Search for good parameters by cross-validation, and save the best model.

    Ctrl-C ends the search and keeps the finished candidates. The same command goes on with the
    others, also after the process was killed, and with more --candidates; to search anew, delete
    the .search.jsonl file.
    """
    source = source_of(data, labels)
    wanted_size = size_of(size)
    check_photographs(wanted_size, mode, photographs)
    check_output(output)
    if jobs == 0:
        raise typer.BadParameter(
            "0 folds at the same time; expected 1 or more.", param_hint="--jobs"
        )
    with errors_in_one_line(), warnings_in_one_line():
        with activity(LOADING, not quiet):
            from skmnist._commands.pictures import Options
            from skmnist._commands.samples import load_samples
            from skmnist._commands.searching import Search
            from skmnist._commands.training import Training, classifier_to_save

            classifier = classifier_to_save(recipe, epochs, seed)
            found = Search(classifier, recipe, candidates, space.value, cv, seed, epochs)
        with activity("Loading the data", not quiet):
            options = Options(wanted_size, mode.value, photographs)
            samples = load_samples(source).train
            training = Training.on(samples, options, train_size, test_size, seed)
        if not quiet:
            typer.echo(training.text)
        with activity("Loading Keras", not quiet):
            training.load_keras()
        interrupted = found.run(training, output.expanduser(), n_jobs=jobs, verbose=not quiet)
        if interrupted:
            typer.echo("Interrupted; the same command goes on.", err=True)
            raise typer.Exit(INTERRUPTED)
        with activity("Training the best one", not quiet):
            interrupted = training.fit(found.best(), verbose=not quiet)
        training.save(output.expanduser())
        if not quiet:
            training.print_evaluation()
            typer.echo(f"The best model is in {output}.")
    if interrupted:
        raise typer.Exit(INTERRUPTED)
