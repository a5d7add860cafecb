"""A training on samples from DATA."""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from skmnist._commands.classifiers import classifier_of
from skmnist._commands.evaluation import Evaluation
from skmnist._commands.pictures import Options, images_to_learn
from skmnist._commands.samples import Samples
from skmnist._utils.backend import load_keras
from skmnist._utils.progress import activity, watched
from skmnist._utils.sklearn import safe_indexing
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.comparison._measure import last_step, seeded
from skmnist.ensemble import CommitteeClassifier
from skmnist.persistence import save
from skmnist.persistence._fitted import check_can_be_saved
from skmnist.reports import part_of


def classifier_to_save(name: str, epochs: int | None, seed: int) -> Any:
    """Return a new classifier by a recipe's name or an import path, of which files can be made.

    Parameters
    ----------
    name : str
        The recipe or the import path.
    epochs : int or None
        Epochs of its networks.
    seed : int
        Determines everything random.

    Raises
    ------
    typer.BadParameter
        If it can't be saved.
    """
    classifier = seeded(classifier_of(name, epochs), seed)
    try:
        check_can_be_saved(classifier)
    except (ImportError, TypeError) as error:
        raise typer.BadParameter(str(error), param_hint="--recipe") from error
    return classifier


def with_checkpoint(
    classifier: Any, name: str, checkpoint: Path | None, resume: bool
) -> dict[str, Any]:
    """Return the arguments of `fit` by which a network, or a Pipeline's, has a checkpoint.

    Raises
    ------
    typer.BadParameter
        If the classifier isn't a single network.
    """
    if checkpoint is None:
        return {}
    if not isinstance(last_step(classifier), NetworkEstimator):
        raise typer.BadParameter(
            f"{name} isn't a single network, and only a network's training has a checkpoint.",
            param_hint="--checkpoint",
        )
    place = ""
    while isinstance(classifier, Pipeline):
        step, classifier = classifier.steps[-1]
        place += f"{step}__"
    return {f"{place}checkpoint": checkpoint, f"{place}resume": resume}


@dataclass
class Training:
    """Images to train on, how pictures get like them, and images held out.

    Parameters
    ----------
    images : ndarray or LazyImages of shape (n, height, width) or (n, height, width, 3)
        Images to train on.
    y : ndarray of shape (n,)
        Their labels.
    steps : Pipeline or None
        What prepares pictures.
    held_out : tuple of images, labels and names, or None
        Samples to evaluate on.
    """

    images: Any
    y: NDArray[Any]
    steps: Pipeline | None
    held_out: tuple[Any, NDArray[Any], list[str]] | None
    model: Any = None

    @classmethod
    def on(
        cls,
        samples: Samples,
        options: Options,
        train_size: int | None,
        test_size: float | None,
        seed: int,
    ) -> "Training":
        """Prepare the images, hold out a part, and take as many of the others as wanted."""
        images, steps = images_to_learn(samples, options)
        y = samples.y
        rows = np.arange(len(y))
        held_out = None
        if test_size is not None:
            rows, judged = _split(rows, y, test_size, seed)
            names = samples.names
            held_out = images[judged], y[judged], [names[i] for i in judged]
        rows, _ = part_of(rows, y[rows], train_size, seed)
        _check_classes(y[rows], samples.place)
        return cls(safe_indexing(images, rows), y[rows], steps, held_out)

    @property
    def text(self) -> str:
        """The number of images, their size, and their classes."""
        classes = np.unique(self.y)
        height, width, *channels = self.images.shape[1:]
        colours = " in colour" if channels == [3] else ""
        return (
            f"{len(self.y):,} images of {height} x {width} pixels{colours}, {len(classes)} classes"
        )

    @staticmethod
    def load_keras() -> None:
        """Load Keras, which takes seconds."""
        load_keras()

    def fit(
        self, classifier: Any, arguments: Mapping[str, Any] | None = None, *, verbose: bool
    ) -> bool:
        """Fit a classifier, with further arguments of its `fit`.

        Returns
        -------
        interrupted : bool
            Whether Ctrl-C ended it after some epochs, which are kept.
        """
        network = last_step(classifier)
        # Not those of scikit-learn, some of which print a line for each iteration.
        can_print = isinstance(network, NetworkClassifier | CommitteeClassifier)
        before = network.verbose if can_print else None
        if can_print:
            network.set_params(verbose=int(verbose))
        with _interrupts_noted() as interrupts, watched(classifier):
            classifier.fit(self.images, self.y, **(arguments or {}))
        if can_print:
            network.set_params(verbose=before)
        steps = [] if self.steps is None else self.steps.steps
        self.model = Pipeline([*steps, ("classifier", classifier)]) if steps else classifier
        return bool(interrupts)

    def save(self, path: Path) -> None:
        """Write the model to a file."""
        save(self.model, path)

    def evaluation(self) -> Evaluation | None:
        """Return the predictions for the samples that were held out; None if none were."""
        if self.held_out is None:
            return None
        classifier = self.model if self.steps is None else self.model[-1]
        return Evaluation.of(classifier, *self.held_out)

    def print_evaluation(self) -> None:
        """Print how well the model does on the samples that were held out, if any were."""
        from rich.console import Console

        if self.held_out is None:
            return
        with activity("Predicting the samples held out"):
            evaluation = self.evaluation()
        Console().print(evaluation)


def _split(
    rows: NDArray[Any], y: NDArray[Any], test_size: float, seed: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    try:
        train, judged = train_test_split(rows, test_size=test_size, stratify=y, random_state=seed)
    except ValueError as error:
        raise ValueError(
            f"--test-size={test_size} can't be held out of {len(y):,} samples, the same part of "
            f"each class: {error}"
        ) from error
    return np.sort(train), np.sort(judged)


def _check_classes(y: NDArray[Any], place: str) -> None:
    if len(np.unique(y)) < 2:
        raise ValueError(
            f"{place} has one class only, {y[:1].tolist()[0]!r}; a classifier needs two at least."
        )


@contextmanager
def _interrupts_noted() -> Iterator[list[int]]:
    """Yield a list of the Ctrl-C that arrive, each of which raises KeyboardInterrupt as usual."""
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return

    def note(number: int, _frame: Any) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)
