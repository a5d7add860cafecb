"""A random search over an estimator's parameters, candidate by candidate."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import nan, prod
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import ParameterSampler, StratifiedKFold
from sklearn.utils.parallel import delayed

from skmnist._utils.progress import watched
from skmnist._utils.sklearn import safe_indexing
from skmnist._utils.workers import results_of
from skmnist.search._journal import Journal
from skmnist.search._space import param_space


@dataclass(frozen=True)
class Trial:
    """A candidate and how it did.

    Parameters
    ----------
    parameters : dict
        Its parameters.
    scores : tuple of float
        Its accuracy in each fold; NaN if the fit failed.
    seconds : float
        The time of all its fits and predictions.
    error : str or None
        Why a fit failed.
    """

    parameters: dict[str, Any]
    scores: tuple[float, ...]
    seconds: float
    error: str | None = None

    @property
    def mean(self) -> float:
        """The mean accuracy; NaN if a fit failed."""
        return float(np.mean(self.scores))


def candidates_of(estimator: Any, size: str, n_candidates: int, seed: int) -> list[dict[str, Any]]:
    """Draw the candidates of a search: the present parameters first, then random ones.

    Fewer are returned if there are no more.  More of them begin with the same ones.

    Examples
    --------
    >>> from skmnist import LeNetClassifier
    >>> from skmnist.search._trials import candidates_of
    >>> first, second = candidates_of(LeNetClassifier(), "small", 2, seed=0)
    >>> first, sorted(second)
    ({}, ['activation', 'learning_rate'])
    """
    space = param_space(estimator, size)
    most = n_drawn = n_candidates - 1
    if all(isinstance(values, list) for values in space.values()):
        # Drawn without replacement, these depend on their number; scikit-learn warns of more.
        n_drawn = prod(map(len, space.values()))
    return [{}, *islice(ParameterSampler(space, n_drawn, random_state=seed), most)]


def run(
    estimator: Any,
    candidates: list[dict[str, Any]],
    X: Any,
    y: NDArray[Any],
    *,
    cv: int,
    seed: int,
    journal: Journal,
    n_jobs: int | None = None,
    watch: Callable[[str], Any] = lambda _: None,
) -> Iterator[tuple[int, Trial]]:
    """Evaluate candidates, and yield each with its number when all of its folds are done.

    Parameters
    ----------
    estimator : estimator
        Not fitted, and not changed.
    candidates : list of dict
        The parameters of each candidate.
    X, y : array-likes of length n
        Samples and their labels.
    cv : int
        Number of folds, which are stratified.
    seed : int
        Determines the folds.
    journal : Journal
        Candidates in it aren't evaluated again; others are added. It may have further ones.
    n_jobs : int or None
        Number of folds that are evaluated at the same time, by processes of their own.
    watch : callable
        Returns what shows a fit of this name, or None; see :func:`watched`.

    Yields
    ------
    number : int
        The candidate's number.
    trial : Trial
        How it did.
    """
    finished = [number for number in range(len(candidates)) if number in journal.finished]
    for number in finished:
        yield number, _trial(candidates[number], journal.finished[number])
    missing = [number for number in range(len(candidates)) if number not in finished]
    folds = list(StratifiedKFold(cv, shuffle=True, random_state=seed).split(np.empty(len(y)), y))
    tasks = (
        delayed(_evaluated)(
            clone(estimator),
            candidates[number],
            X,
            y,
            train,
            test,
            watch(f"candidate {number + 1}, fold {fold}"),
        )
        for number in missing
        for fold, (train, test) in enumerate(folds, 1)
    )
    results = results_of(tasks, n_jobs)
    for number in missing:
        parts = [next(results) for _ in folds]
        errors = [part["error"] for part in parts if part["error"]]
        found = {
            "scores": [part["score"] for part in parts if not errors],
            "seconds": round(sum(part["seconds"] for part in parts), 3),
            "error": errors[0] if errors else None,
        }
        journal.add(number, found)
        yield number, _trial(candidates[number], found)


def _trial(parameters: dict[str, Any], found: dict[str, Any]) -> Trial:
    return Trial(parameters, tuple(found["scores"] or [nan]), found["seconds"], found["error"])


def _evaluated(
    estimator: Any, parameters: dict[str, Any], X: Any, y: Any, train: Any, test: Any, watch: Any
) -> dict[str, Any]:
    """Fit a candidate on a fold's training rows, and return its accuracy on the others."""
    started = perf_counter()
    score, error = nan, None
    try:
        with watched(estimator, watch):
            estimator.set_params(**parameters).fit(safe_indexing(X, train), y[train])
            score = float(np.mean(estimator.predict(safe_indexing(X, test)) == y[test]))
    except ValueError as problem:  # such as an image that is too small for a network
        error = str(problem)
    return {"score": score, "seconds": perf_counter() - started, "error": error}
