"""The cores that a worker process has been given."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from skmnist._utils.core_claims import claimed
from skmnist._utils.dask_worker import tasks_at_once
from skmnist._utils.environment import variable_set


def start_on_our_cores(start: Callable[[], Any], backend: str) -> None:
    """Start a backend whose threads use this process's share of the cores only.

    Joblib and dask give their workers a share in ``OMP_NUM_THREADS``, which PyTorch reads, but
    neither TensorFlow nor JAX.  A smaller pool would change the order in which convolutions are
    summed, and with it the last bits of a fit; so the pool keeps its size, and its threads are
    bound, when they are created, to as many cores as the share has.
    """
    share = _cores_given()
    if share is None or backend not in _WITH_THREADS:
        start()
        return
    if not hasattr(os, "sched_setaffinity"):
        with _WITH_THREADS[backend](share):
            start()
        return
    ours = os.sched_getaffinity(0)
    with _WITH_THREADS[backend](len(ours)), _bound_to(_part_of(sorted(ours), share)):
        start()


@contextmanager
def _threads_of_tensorflow(n: int) -> Iterator[None]:
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(n)
        tf.config.threading.set_inter_op_parallelism_threads(n)
    except RuntimeError:  # the user has started TensorFlow already
        pass
    yield


def _threads_of_jax(n: int) -> Any:
    name = "NPROC"  # which XLA reads when it starts, and nothing says so but its code
    return nullcontext() if name in os.environ else variable_set(name, str(n))


_WITH_THREADS = {"tensorflow": _threads_of_tensorflow, "jax": _threads_of_jax}


@contextmanager
def _bound_to(cores: set[int]) -> Iterator[None]:
    """Bind this thread to some cores, and with it those that it creates."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


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
