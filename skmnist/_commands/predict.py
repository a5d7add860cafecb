"""``skmnist predict``."""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from skmnist._commands.interface import check_model, errors_in_one_line, warnings_in_one_line
from skmnist._commands.sources import is_array_file, kind_of
from skmnist._utils.progress import activity, progress_bar

if TYPE_CHECKING:
    from skmnist._commands.pictures import Model

_BATCH = 256  # pictures in memory at the same time


class Prediction(NamedTuple):
    """The label that was predicted for a picture or for a row of an array."""

    file: str
    label: Any
    probability: float | None


def predict(
    model: Annotated[Path, typer.Argument(help="A file of `skmnist train`.")],
    files: Annotated[
        list[str],
        typer.Argument(help="Pictures, or arrays of images: .npy, .npz, CSV or IDX files."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of objects.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but predictions and errors.")
    ] = False,
) -> None:
    """Predict labels: print each file, its label and the label's probability.

    Pictures are prepared as in training.

    If a file is damaged, the others are predicted, and the exit code is 1.
    """
    if as_json and as_csv:
        raise typer.BadParameter("give one of --json and --csv.", param_hint="--json")
    check_model(model)
    _check_files(files)
    with errors_in_one_line(), warnings_in_one_line():
        with activity("Loading Keras and the model", not quiet):
            from skmnist._commands.pictures import load_model

            loaded = load_model(model)
        found, errors = _predict_all(loaded, files, verbose=not quiet)
        _print(found, "json" if as_json else "csv" if as_csv else "text")
    for error in errors:
        typer.echo(f"Error: {error}", err=True)
    if errors:
        raise typer.Exit(1)


def _check_files(files: list[str]) -> None:
    for file in files:
        path = Path(file).expanduser()
        if not path.exists() or path.is_dir():
            problem = "is a folder; give the pictures in it" if path.exists() else "doesn't exist"
            raise typer.BadParameter(f"{file!r} {problem}.", param_hint="FILES")


def _predict_all(
    model: "Model", files: list[str], *, verbose: bool
) -> tuple[list[Prediction], list[Exception]]:
    """Return the predictions in the order of the files, and the errors of those not readable."""
    found: list[Prediction] = []
    errors: list[Exception] = []
    done = 0
    with progress_bar(len(files), verbose, name="Predicting", unit="files") as announce:
        for batch in _batches(files):
            announce(done, batch[0])
            found += _predict_batch(model, batch, errors)
            done += len(batch)
    return found, errors


def _batches(files: list[str]) -> Iterator[list[str]]:
    """Yield files in order: each file of arrays by itself, pictures together."""
    pictures: list[str] = []
    for file in files:
        is_array = is_array_file(file)
        if pictures and (is_array or len(pictures) == _BATCH):
            yield pictures
            pictures = []
        if is_array:
            yield [file]
        else:
            pictures.append(file)
    if pictures:
        yield pictures


def _predict_batch(model: "Model", files: list[str], errors: list[Exception]) -> list[Prediction]:
    """Predict files together; if one can't be read, each by itself, and add its error."""
    from skmnist._commands.evaluation import predictions
    from skmnist._commands.samples import Samples, load_unlabelled

    try:
        if is_array_file(files[0]):
            samples = load_unlabelled(files[0], kind_of(files[0]))
        else:
            samples = Samples(files, None, files[0])
        images = model.images(samples)
    except (OSError, ValueError) as error:
        if len(files) > 1:
            return [one for file in files for one in _predict_batch(model, [file], errors)]
        errors.append(error)
        return []
    labels, probabilities = predictions(model.classifier, images)
    known = [None] * len(labels) if probabilities is None else probabilities.tolist()
    return [*map(Prediction, samples.names, labels.tolist(), known)]


def _print(predictions: list[Prediction], form: str) -> None:
    if form == "json":
        typer.echo(json.dumps([one._asdict() for one in predictions], indent=2))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([Prediction._fields, *predictions])
    else:
        for line in _aligned(predictions):
            typer.echo(line)


def _aligned(predictions: list[Prediction]) -> Iterator[str]:
    file_width = max((len(one.file) for one in predictions), default=0)
    label_width = max((len(str(one.label)) for one in predictions), default=0)
    for file, label, probability in predictions:
        shown = "" if probability is None else f"{probability:.3f}"
        yield f"{file:{file_width}}  {label!s:{label_width}}  {shown}".rstrip()
