"""How many parts of an ensemble are fitted at once."""

from joblib import effective_n_jobs


def workers_for(n_parts: int, n_jobs: int | None) -> int:
    """Count the workers that have something to do.

    joblib gives each of `n_jobs` workers its share of the cores, and those of workers without
    work would lie idle.
    """
    return min(n_parts, effective_n_jobs(n_jobs))
