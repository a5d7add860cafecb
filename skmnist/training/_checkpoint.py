"""Where and how often `fit` writes what it has reached."""

from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike, fspath
from typing import Any

import numpy as np

from skmnist._utils.errors import shown
from skmnist._utils.values import Value


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
        if not isinstance(self.path, str | PathLike) or not fspath(self.path):
            raise TypeError(
                f"Checkpoint: path={shown(self.path)}; expected the path of a file, such as "
                "'digits.checkpoint'."
            )
        if not (_is(Integral, self.every_epochs) and self.every_epochs >= 1):
            raise ValueError(
                f"Checkpoint: every_epochs={shown(self.every_epochs)}; expected a whole number, at "
                "least 1."
            )
        minutes = self.every_minutes
        if not (minutes is None or (_is(Real, minutes) and minutes > 0)):
            raise ValueError(
                f"Checkpoint: every_minutes={shown(minutes)}; expected a number over 0, or None."
            )


def _is(kind: type, value: Any) -> bool:
    """Return whether a value is a number of a kind; True and False are none."""
    return isinstance(value, kind) and not isinstance(value, bool)


def find_checkpoint(checkpoint: Any, resume: Any) -> Checkpoint | None:
    """Return the checkpoint that the arguments of `fit` describe, or None.

    Raises
    ------
    TypeError
        If `checkpoint` is neither a path nor a Checkpoint, or `resume` isn't a bool.
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
    if isinstance(checkpoint, Checkpoint):
        return checkpoint
    if not isinstance(checkpoint, str | PathLike) or not fspath(checkpoint):
        raise TypeError(
            f"checkpoint={shown(checkpoint)}; expected the path of a file, or a "
            "Checkpoint(path, every_minutes=...)."
        )
    return Checkpoint(checkpoint)
