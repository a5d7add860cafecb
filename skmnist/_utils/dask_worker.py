"""What a worker of Dask says about itself."""

import sys


def tasks_at_once() -> int:
    """Return how many tasks this process may run at the same time, in threads: 1 without Dask.

    Examples
    --------
    >>> from skmnist._utils.dask_worker import tasks_at_once
    >>> tasks_at_once()
    1
    """
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return 1
    try:
        return int(distributed.get_worker().state.nthreads)
    except ValueError:  # not within a task
        return 1
