"""The cores that a worker process has been given."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from skmnist._utils.core_claims import claimed
from skmnist._utils.dask_worker import tasks_at_once


@contextmanager
def threads_on_our_cores() -> Iterator[None]:
    """Run TensorFlow's threads on this process's share of the cores only.

    Joblib and dask give their workers a share in ``OMP_NUM_THREADS``, which TensorFlow does not
    read.  A smaller pool would change the order in which convolutions are summed, and with it the
    last bits of a fit; so the pool keeps its size, and its threads are bound, when they are
    created, to as many cores as the share has.
    """
    share = _cores_given()
    if share is None:
        yield
        return
    import tensorflow as tf

    if not hasattr(os, "sched_setaffinity"):
        with suppress(RuntimeError):  # the user has started TensorFlow already
            tf.config.threading.set_intra_op_parallelism_threads(share)
        yield
        return
    ours = os.sched_getaffinity(0)
    try:
        tf.config.threading.set_intra_op_parallelism_threads(len(ours))
        tf.config.threading.set_inter_op_parallelism_threads(len(ours))
    except RuntimeError:
        yield
        return
    os.sched_setaffinity(0, _part_of(sorted(ours), share))
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


def _cores_given() -> int | None:
    value = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(value) * tasks_at_once() if value.isdigit() and int(value) > 0 else None


def _part_of(cores: list[int], share: int) -> set[int]:
    """Choose ``share`` cores; neighbouring workers get neighbouring parts."""
    import multiprocessing

    if free := claimed(cores, share):
        return free
    # Private to CPython; unless the user named the process, its name ends with the same number.
    identity = getattr(multiprocessing.current_process(), "_identity", ())
    number = identity[-1] if identity else _number_in_name()
    start = number * share % len(cores)
    return {cores[(start + i) % len(cores)] for i in range(min(share, len(cores)))}


def _number_in_name() -> int:
    import multiprocessing

    found = re.search(r"(\d+)$", multiprocessing.current_process().name)
    return int(found.group(1)) if found else 0
