"""``skmnist evaluate``."""

from pathlib import Path
from typing import Annotated

import typer

from skmnist._commands.interface import (
    Data,
    Labels,
    Quiet,
    check_model,
    errors_in_one_line,
    warnings_in_one_line,
)
from skmnist._commands.sources import source_of
from skmnist._utils.progress import activity


def evaluate(
    model: Annotated[Path, typer.Argument(help="A file of `skmnist train`.")],
    data: Data,
    labels: Labels = None,
    output: Annotated[
        Path, typer.Option(file_okay=False, help="Folder for the tables and the pictures.")
    ] = Path("skmnist-evaluation"),
    quiet: Quiet = False,
) -> None:
    """Evaluate a model on labelled images: accuracy, a table of the classes, its mistakes.

    Of data that have a test part, that part is taken.
    """
    check_model(model)
    source = source_of(data, labels)
    with errors_in_one_line(), warnings_in_one_line():
        with activity("Loading Keras and the model", not quiet):
            from rich.console import Console

            from skmnist._commands.evaluation import Evaluation, as_labels_of
            from skmnist._commands.pictures import load_model
            from skmnist._commands.samples import load_samples

            loaded = load_model(model)
        with activity("Loading the data", not quiet):
            parts = load_samples(source)
            samples = parts.test or parts.train
            y = as_labels_of(loaded.classes, samples.y, samples.place)
        with activity("Predicting", not quiet):
            images = loaded.images(samples)
            evaluation = Evaluation.of(loaded.classifier, images, y, samples.names)
        if not quiet:
            Console().print(evaluation)
        with activity("Drawing the pictures", not quiet):
            evaluation.save(output, images)
    if not quiet:
        typer.echo(f"Tables and pictures are in {output}.")
