"""How many parts of an ensemble are fitted at once."""

from joblib import effective_n_jobs


def workers_for(n_parts: int, n_jobs: int | None) -> int:
    """Return the number of workers that have work to do.

    joblib gives each of `n_jobs` workers its share of the cores, and the cores of workers without
    work would be idle.
    """
    return min(n_parts, effective_n_jobs(n_jobs))
