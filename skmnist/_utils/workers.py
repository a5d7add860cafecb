"""Work that is divided among the workers of joblib's current backend."""

import warnings
from collections.abc import Iterable, Iterator
from numbers import Integral
from typing import Any

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel

from skmnist._utils.errors import shown


def workers_for(n_parts: int, n_jobs: Any) -> int:
    """Return the number of workers that have work to do.

    joblib gives each of `n_jobs` workers its share of the cores, and the cores of workers without
    work would be idle.
    """
    if n_jobs is not None and (
        type(n_jobs) is bool or not isinstance(n_jobs, Integral) or not n_jobs
    ):
        raise ValueError(
            f"n_jobs={shown(n_jobs)}; expected a number of workers, -1 for all cores, or None."
        )
    return min(n_parts, int(effective_n_jobs(n_jobs)))


def results_of(tasks: Iterable[Any], n_jobs: int | None) -> Iterator[Any]:
    """Run tasks, made by ``sklearn.utils.parallel.delayed``, and yield their results in order.

    Each result is yielded as soon as it is there; one worker begins a task only after that.
    Backends that can't do so, such as Ray's, return all results at the end.

    Examples
    --------
    >>> from sklearn.utils.parallel import delayed
    >>> from skmnist._utils.workers import results_of
    >>> list(results_of((delayed(abs)(number) for number in (-1, 2)), n_jobs=None))
    [1, 2]
    """
    try:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    except ValueError:
        parallel = Parallel(n_jobs=n_jobs)
    with warnings.catch_warnings():
        # A worker that imports TensorFlow after its first task grows by more than loky allows; it
        # ends then, and another takes its place.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        yield from parallel(tasks)
