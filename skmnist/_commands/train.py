"""``skmnist train``."""

from pathlib import Path
from typing import Annotated, Any

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
from skmnist._commands.sources import Source, source_of
from skmnist._utils.progress import activity


def train(
    data: Data,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File of the model, .safetensors.", show_default=False),
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
            help="Hold out this stratified part of the data, and evaluate the model on it.",
        ),
    ] = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Write what each epoch has reached to this file.", metavar="FILE"),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on from the file of --checkpoint, if it is there already."
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train a classifier on your own images, and save it to a file.

    The model's file keeps how pictures are prepared, for `predict` and `evaluate`.

    Ctrl-C ends the training and keeps the finished epochs. With --checkpoint and --resume, the same
    command goes on where it was ended, even by a power failure, to the same model.
    """
    source = source_of(data, labels)
    wanted_size = size_of(size)
    check_photographs(wanted_size, mode, photographs)
    check_output(output)
    if resume and checkpoint is None:
        raise typer.BadParameter(
            "give the file to go on from as --checkpoint.", param_hint="--resume"
        )
    with errors_in_one_line(), warnings_in_one_line():
        with activity(LOADING, not quiet):
            from skmnist._commands.pictures import Options
            from skmnist._commands.training import (
                Training,
                classifier_to_save,
                with_checkpoint,
            )

            classifier = classifier_to_save(recipe, epochs, seed)
            going_on = with_checkpoint(classifier, recipe, checkpoint, resume)
        with activity("Loading the data", not quiet):
            options = Options(wanted_size, mode.value, photographs)
            training = Training.on(_samples(source), options, train_size, test_size, seed)
        if not quiet:
            typer.echo(training.text)
        with activity("Loading Keras", not quiet):
            training.load_keras()
        with activity(f"Training {recipe}", not quiet):
            interrupted = training.fit(classifier, going_on, verbose=not quiet)
        with activity("Saving the model", not quiet):
            training.save(output.expanduser())
        if not quiet:
            training.print_evaluation()
            typer.echo(f"The model is in {output}.")
    if interrupted:
        raise typer.Exit(INTERRUPTED)


def _samples(source: Source) -> Any:
    from skmnist._commands.samples import load_samples

    return load_samples(source).train
