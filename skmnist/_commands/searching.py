"""A search over the parameters of a classifier, with its progress and its table."""

from dataclasses import dataclass, field
from hashlib import sha256
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.base import clone

from skmnist import __version__
from skmnist._commands.training import Training
from skmnist._utils.files import write
from skmnist._utils.progress import duration, progress_bar
from skmnist._utils.tables import Table
from skmnist.comparison._report import as_csv
from skmnist.search._journal import Journal
from skmnist.search._trials import Trial, candidates_of, run

_MOST_SHOWN = 10
_PART = 1024  # images


@dataclass
class Search:
    """A search: what is searched, and what was found.

    Parameters
    ----------
    classifier : classifier
        Not fitted.
    name : str
        The name of its recipe, or its import path.
    n_candidates : int
        Number of candidates.
    size : {"small", "large"}
        The size of the space.
    cv : int
        Number of folds.
    seed : int
        Determines the candidates and the folds.
    epochs : int or None
        The epochs that the classifier was given.

    Raises
    ------
    ValueError
        If nothing is known about the classifier's parameters.
    """

    classifier: Any
    name: str
    n_candidates: int
    size: str
    cv: int
    seed: int
    epochs: int | None
    trials: list[Trial] = field(default_factory=list)

    def __post_init__(self) -> None:
        try:
            self.candidates = candidates_of(
                self.classifier, self.size, self.n_candidates, self.seed
            )
        except TypeError as error:
            raise ValueError(f"--recipe {self.name}: {error}") from error

    def run(self, training: Training, output: Path, *, n_jobs: int, verbose: bool) -> bool:
        """Evaluate the candidates that aren't in the journal; return whether Ctrl-C ended it."""
        _check_folds(self.cv, training.y)
        journal = Journal(
            output.with_suffix(".search.jsonl"),
            {"shape of the images": str(training.images.shape), **self._description()},
            _digest(training.images, training.y),
        )
        n_before = len(journal.finished.keys() & set(range(len(self.candidates))))
        interrupted = False
        progress = progress_bar(
            len(self.candidates), verbose, name="Search", unit="candidates", group=self.cv
        )
        with progress as announce:
            announce.skip(n_before)
            trials = run(
                self.classifier,
                self.candidates,
                training.images,
                training.y,
                cv=self.cv,
                seed=self.seed,
                journal=journal,
                n_jobs=n_jobs,
                watch=announce.watch,
            )
            try:
                for _, trial in trials:
                    self.trials.append(trial)
                    if len(self.trials) <= n_before:
                        continue
                    announce(len(self.trials), f"best {self._best.mean:.2%}")
                    if verbose:
                        left = announce.seconds_left
                        print(self._line(trial, len(self.candidates), left), flush=True)
            except KeyboardInterrupt:
                interrupted = True
        self._report(output, verbose)
        return interrupted

    def best(self) -> Any:
        """Return the classifier with the best parameters, not fitted.

        Raises
        ------
        ValueError
            If no candidate could be fitted.
        """
        best = self._best
        if isnan(best.mean):
            raise ValueError(f"no candidate could be fitted; the last one: {self.trials[-1].error}")
        return clone(self.classifier).set_params(**best.parameters)

    @property
    def _best(self) -> Trial:
        return self._ordered[0]

    @property
    def _ordered(self) -> list[Trial]:
        return sorted(self.trials, key=lambda trial: 1 if isnan(trial.mean) else -trial.mean)

    def _description(self) -> dict[str, Any]:
        return {
            "recipe": self.name,
            "space": self.size,
            "number of folds": self.cv,
            "seed": self.seed,
            "number of epochs": self.epochs,
            "version of skmnist": __version__,
        }

    def _line(self, trial: Trial, n: int, left: float | None) -> str:
        score = "failed" if isnan(trial.mean) else f"{trial.mean:7.2%}"
        end = f", {duration(left)} left" if left else ""
        return f"[{len(self.trials)}/{n}] {score}  {_shown(trial)} ({trial.seconds:.0f} s{end})"

    def _report(self, output: Path, verbose: bool) -> None:
        """Write the table, and print its top."""
        if not self.trials:
            return
        write(output.with_suffix(".search.csv"), as_csv(self._rows()).encode())
        if verbose:
            rows = [[_shown(trial), *_cells(trial)] for trial in self._ordered[:_MOST_SHOWN]]
            caption = f"Accuracy in {self.cv}-fold cross-validation, mean and standard deviation."
            head = ["Parameters", "Accuracy\n%", "s"]
            Console().print(Table(head, rows, caption=caption, names_break=True))

    def _rows(self) -> list[dict[str, Any]]:
        names = sorted({name for trial in self.trials for name in trial.parameters})
        return [
            {
                "accuracy": trial.mean,
                "accuracy_sd": float(np.std(trial.scores)),
                "seconds": trial.seconds,
                **{name: trial.parameters.get(name) for name in names},
                "error": trial.error,
            }
            for trial in self._ordered
        ]


def _check_folds(cv: int, y: NDArray[Any]) -> None:
    """Raise an error if no class has a sample for each fold."""
    most = int(np.unique(y, return_counts=True)[1].max())
    if cv > most:
        raise ValueError(
            f"--cv {cv}, but no class has more than {most} samples; give at most so many folds, or "
            "more samples."
        )


def _digest(images: Any, y: NDArray[Any]) -> str:
    content = sha256(repr((images.shape, images.dtype, y.tolist())).encode())
    # Of pictures that are decoded when they are needed, a part at a time.
    for start in range(0, len(images), _PART):
        content.update(np.ascontiguousarray(images[start : start + _PART]).data)
    return content.hexdigest()


def _shown(trial: Trial) -> str:
    values = (f"{name}={_value(value)}" for name, value in trial.parameters.items())
    return ", ".join(values) or "as it is"


def _value(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _cells(trial: Trial) -> list[str]:
    if isnan(trial.mean):
        return ["failed", f"{trial.seconds:.0f}"]
    spread = f"{100 * trial.mean:.2f} ± {100 * np.std(trial.scores):.2f}"
    return [spread, f"{trial.seconds:.0f}"]
