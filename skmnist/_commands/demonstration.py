"""The classifier of the page that ``skmnist demo`` writes."""

import warnings
from typing import Any

import typer

from skmnist._commands.pictures import Options
from skmnist._commands.samples import Samples, load_digits_whole, load_samples
from skmnist._commands.sources import Source
from skmnist._commands.training import Training, classifier_to_save
from skmnist._utils.progress import activity

# Three epochs of so many images take half a minute on two cores, and drawings are read as well as
# by a network that has seen all of them for longer.
_N_IMAGES, _EPOCHS = 30_000, 3


def trained(seed: int, *, quiet: bool) -> tuple[Any, bool]:
    """Train the default network on MNIST, or else on scikit-learn's digits.

    Parameters
    ----------
    seed : int
        Determines everything random.
    quiet : bool
        Whether nothing is printed.

    Returns
    -------
    classifier : Pipeline
        Fitted.
    interrupted : bool
        Whether Ctrl-C ended the training after some epochs.

    Warns
    -----
    UserWarning
        If MNIST is missing and can't be downloaded.
    """
    with activity("Loading MNIST", not quiet):
        samples, epochs = _samples()
        options = Options(None, "grey", photographs=False)
        training = Training.on(samples, options, _size(samples), None, seed)
    if not quiet:
        typer.echo(training.text)
    with activity("Loading Keras", not quiet):
        training.load_keras()
    with activity("Training the default network", not quiet):
        interrupted = training.fit(classifier_to_save("cnn", epochs, seed), verbose=not quiet)
    return training.model, interrupted


def _samples() -> tuple[Samples, int | None]:
    """Return images to train on, and for how many epochs; None are as many as the network's own."""
    try:
        return load_samples(Source("mnist", "name")).train, _EPOCHS
    except OSError:
        warnings.warn(
            "MNIST is missing and can't be downloaded, so the network learns scikit-learn's 1,797 "
            "digits of 8 x 8 pixels, and reads drawings less well. Set SKMNIST_DATA to a folder "
            "that holds mnist/, or connect to the internet, and run it again.",
            UserWarning,
            stacklevel=3,
        )
        return load_digits_whole().train, None


def _size(samples: Samples) -> int | None:
    return _N_IMAGES if len(samples.y) > _N_IMAGES else None
