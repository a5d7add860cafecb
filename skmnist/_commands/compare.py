"""``skmnist compare``."""

from pathlib import Path
from typing import Annotated, Any

import typer

import skmnist
from skmnist._commands.classifiers import check_classifiers
from skmnist._commands.interface import (
    DATA_HELP,
    INTERRUPTED,
    LOADING,
    Colours,
    Epochs,
    Jobs,
    Labels,
    Mode,
    Photographs,
    Quiet,
    Seed,
    Size,
    TrainSize,
    check_photographs,
    errors_in_one_line,
    size_of,
    warnings_in_one_line,
)
from skmnist._commands.sources import Source, source_of
from skmnist._utils.progress import activity


def compare(
    data: Annotated[
        str,
        typer.Option(
            "--data",
            "--dataset",
            metavar="DATA",
            help=DATA_HELP + " Data with a test part are tested on it, others cross-validated.",
        ),
    ] = "digits",
    labels: Labels = None,
    size: Size = None,
    mode: Colours = Mode.grey,
    photographs: Photographs = False,
    train_size: TrainSize = None,
    classifier: Annotated[
        list[str] | None,
        typer.Option(
            "--classifier",
            "--recipe",
            metavar="NAME",
            callback=check_classifiers,
            help="Any recipe of `skmnist recipes`, or the import path of a classifier; repeat the "
            "option for more. By default dnn, lenet, cnn, svm, knn and random-forest.",
        ),
    ] = None,
    cv: Annotated[int, typer.Option(min=2, help="Folds of the cross-validation.")] = 5,
    epochs: Epochs = None,
    jobs: Jobs = 1,
    output: Annotated[
        Path, typer.Option(file_okay=False, help="Folder for the table and the pictures.")
    ] = Path("skmnist-comparison"),
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Compare networks and classical classifiers: scores, times, sizes and significance.

    Ctrl-C ends it and keeps the finished fits.
    """
    source = source_of(data, labels, hint="--data / --dataset")
    wanted_size = size_of(size)
    check_photographs(wanted_size, mode, photographs)
    with errors_in_one_line(), warnings_in_one_line():
        with activity(LOADING, not quiet):
            chosen = _chosen(classifier or [], epochs)
        with activity("Loading the data", not quiet):
            loaded = _loaded(source, wanted_size, mode, photographs, train_size, seed)
        result = skmnist.compare(
            chosen,
            **loaded,
            cv=cv,
            random_state=seed,
            n_jobs=jobs,
            verbose=not quiet,
            output=output,
        )
    if not quiet:
        typer.echo(f"Table and pictures are in {output}.")
    if result.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not result.rows:
        raise typer.Exit(1)


def _chosen(names: list[str], epochs: int | None) -> dict[str, Any]:
    """Return the classifiers to compare, by name."""
    from skmnist._commands.classifiers import named_classifiers
    from skmnist.comparison._compare import default_classifiers

    return named_classifiers(names, epochs) if names else default_classifiers(epochs)


def _loaded(
    source: Source,
    size: tuple[int, int] | None,
    mode: Mode,
    photographs: bool,
    train_size: int | None,
    seed: int,
) -> dict[str, Any]:
    """Return the data as `skmnist.compare` takes them."""
    from skmnist._commands.pictures import Options, prepared, steps_for
    from skmnist._commands.samples import load_digits_whole, load_samples
    from skmnist.reports import part_of

    parts = load_digits_whole() if source.place == "digits" else load_samples(source)
    train = parts.train
    options = Options(size, mode.value, photographs)
    if train.are_pictures:
        X = prepared(train.X, steps_for(train.X, options))
    else:
        X = train.as_images(size, options.channels).X
    X, y = part_of(_as_all_take_them(X), train.y, train_size, seed)
    if parts.test is None:
        return {"X": X, "y": y}
    X_test = parts.test.as_images(size, options.channels).X
    return {"X": X, "y": y, "X_test": _as_all_take_them(X_test), "y_test": parts.test.y}


def _as_all_take_them(images: Any) -> Any:
    """Return square images in grey as rows, of which networks find the square."""
    if images.ndim == 3 and images.shape[1] == images.shape[2]:
        return images.reshape(len(images), -1)
    return images
