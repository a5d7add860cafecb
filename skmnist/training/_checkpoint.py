"""Where and how often `fit` writes what it has reached."""

from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike, fspath
from typing import Any

import numpy as np

from skmnist._utils.errors import shown
from skmnist._utils.values import Value, is_a


@dataclass(frozen=True, repr=False)
class Checkpoint(Value):
    """A file from which a fit that was ended goes on.

    It is the argument `checkpoint` of `fit`; a path alone stands for ``Checkpoint(path)``.  A file
    is written at the end of an epoch, once as many epochs and as many minutes have passed since the
    last one, and at the end of the fit.

    Parameters
    ----------
    path : str or path-like
        Path of the file, such as "digits.checkpoint"; "~" is the home folder. The file is replaced
        atomically, so that there is always a whole one.
    every_epochs : int, default=1
        The least number of epochs between two files.
    every_minutes : float or None, default=None
        The least number of minutes between two files, for large networks and short epochs. None
        doesn't look at the time.

    See Also
    --------
    skmnist.save : Writes a fitted estimator.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import Checkpoint, DNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> with TemporaryDirectory() as folder:
    ...     checkpoint = Checkpoint(Path(folder, "digits.checkpoint"), every_minutes=5)
    ...     classifier = DNNClassifier(hidden_units=(16,), epochs=2, random_state=0)
    ...     _ = classifier.fit(X, y, checkpoint=checkpoint, resume=True)
    ...     checkpoint.path.exists()
    True
    """

    path: str | PathLike[str]
    every_epochs: int = 1
    every_minutes: float | None = None

    def __post_init__(self) -> None:
        _check_path(self, "file")
        if not (is_a(Integral, self.every_epochs) and self.every_epochs >= 1):
            raise ValueError(
                f"Checkpoint: every_epochs={shown(self.every_epochs)}; expected a whole number, at "
                "least 1."
            )
        minutes = self.every_minutes
        if not (minutes is None or (is_a(Real, minutes) and minutes > 0)):
            raise ValueError(
                f"Checkpoint: every_minutes={shown(minutes)}; expected a number over 0, or None."
            )


@dataclass(frozen=True, repr=False)
class CheckpointFolder(Value):
    """A folder in which each of many fits has a checkpoint of its own, as the fits of a search.

    It is the argument `checkpoint` of `fit`, with ``resume=True``.  A fit writes its file at its
    end, and finds it by all that its result depends on: the network, its settings, the data, the
    seed.  So a search that was killed goes on: fits that had ended aren't repeated.

    A fit that differs from an earlier one in its larger number of epochs alone goes on from there,
    and ends with the bits of one that didn't: the rounds of successive halving with
    ``resource="epochs"`` continue instead of beginning again.  That is so if nothing that happens
    in its first epochs depends on how many are planned: with a constant schedule or a `Plateau`, or
    a schedule of the Keras optimizer, without `early_stopping` and without Keras callbacks.  All
    other fits begin again.

    Parameters
    ----------
    path : str or path-like
        Path of the folder, made if it is missing; "~" is the home folder. Worker processes write
        into it too. Delete it when the search is done: it has a file for each fit, of the size of
        the weights and the optimizer's state.

    See Also
    --------
    Checkpoint : The file of a single fit.

    Notes
    -----
    Fits of ``random_state=None`` have a seed of their own each, and never find a file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import CheckpointFolder, DNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> network = DNNClassifier(hidden_units=(8,), schedule="constant", random_state=0)
    >>> with TemporaryDirectory() as folder:
    ...     kept = {"checkpoint": CheckpointFolder(folder), "resume": True}
    ...     _ = network.set_params(epochs=1).fit(X, y, **kept)
    ...     _ = network.set_params(epochs=3).fit(X, y, **kept)  # trains for two epochs
    >>> len(network.history_["loss"])
    3
    """

    path: str | PathLike[str]

    def __post_init__(self) -> None:
        _check_path(self, "folder")


def _check_path(checkpoint: Any, what: str) -> None:
    path = checkpoint.path
    if not isinstance(path, str | PathLike) or not fspath(path):
        raise TypeError(
            f"{type(checkpoint).__name__}: path={shown(path)}; expected the path of a {what}, such "
            f"as 'digits.{_ENDINGS[what]}'."
        )


_ENDINGS = {"file": "checkpoint", "folder": "checkpoints"}


def find_checkpoint(checkpoint: Any, resume: Any) -> Checkpoint | CheckpointFolder | None:
    """Return the checkpoint that the arguments of `fit` describe, or None.

    Raises
    ------
    TypeError
        If `checkpoint` is no path and no Checkpoint or CheckpointFolder, or `resume` isn't a bool.
    ValueError
        If there is nothing to resume from.

    Examples
    --------
    >>> from skmnist.training._checkpoint import find_checkpoint
    >>> find_checkpoint("digits.checkpoint", True)
    Checkpoint(path='digits.checkpoint')
    """
    if not isinstance(resume, bool | np.bool_):
        raise TypeError(f"resume={shown(resume)}; expected True or False.")
    if checkpoint is None:
        if resume:
            raise ValueError(
                "resume=True, but checkpoint is None; give the path of the file to go on from, "
                "such as checkpoint='digits.checkpoint'."
            )
        return None
    if isinstance(checkpoint, Checkpoint | CheckpointFolder):
        return checkpoint
    if not isinstance(checkpoint, str | PathLike) or not fspath(checkpoint):
        raise TypeError(
            f"checkpoint={shown(checkpoint)}; expected the path of a file, a Checkpoint(path, "
            "every_minutes=...), or a CheckpointFolder(path) for many fits."
        )
    return Checkpoint(checkpoint)
