"""What a task costs on a Dask cluster of this machine's processes, beside its own work.

Protocol: clusters of 1, 2 and 4 processes of two threads, ``dask_client`` and scikit-learn's
``cross_val_score`` over many splits of 10,000 MNIST images (uint8), after a first run that starts
everything. "Empty" tasks fit a classifier that does nothing: their time is overhead alone. "Bytes
at first" moved in the first run, in which the data are sent, and "bytes a task" in further ones
less the data: everything that the client, the scheduler and the workers write, counted by
distributed itself. "Fits" are of a dense network of 32 units for one epoch; of n workers on fewer
cores they show what shares a core.

    python benchmarks/cluster.py                  # everything, and writes the results
    python benchmarks/cluster.py measure 2        # one number of workers
"""

import json
import sys
from statistics import median
from time import perf_counter
from typing import Any

import _own_process
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import ShuffleSplit, cross_val_score

N_IMAGES, N_EMPTY, N_FITS, N_ROUNDS = 10_000, 100, 12, 3
WORKERS = 1, 2, 4


class Nothing(ClassifierMixin, BaseEstimator):
    """A classifier whose fit and score take no time."""

    def fit(self, X: Any, y: Any) -> "Nothing":
        """Note the classes."""
        self.classes_ = np.unique(y)
        return self

    def score(self, X: Any, y: Any) -> float:
        """Return no accuracy."""
        return 0.0


class Counter:
    """Bytes written by the client and the scheduler, which are in this process, and by workers."""

    def __init__(self, client: Any) -> None:
        from distributed.comm.tcp import TCP

        self._client, self._here = client, 0
        write = TCP.write

        async def write_and_count(comm: Any, *args: Any, **kwargs: Any) -> Any:
            n = await write(comm, *args, **kwargs)
            self._here += n
            return n

        TCP.write = write_and_count

    def total(self) -> int:
        """Return how many bytes have been written so far."""
        sent = self._client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total)
        return self._here + sum(sent.values())


def measure(n_workers: int) -> dict[str, Any]:
    """Measure tasks without work, and fits, on a cluster of a number of workers."""
    from dask.distributed import LocalCluster
    from joblib import parallel_config

    from skmnist import DNNClassifier, fetch_mnist
    from skmnist.clusters import dask_client

    (X, y), _ = fetch_mnist()
    X, y = X[:N_IMAGES].reshape(N_IMAGES, -1), y[:N_IMAGES]
    empty, network = Nothing(), DNNClassifier(hidden_units=(32,), epochs=1, random_state=0)
    start = perf_counter()
    cluster = LocalCluster(n_workers=n_workers, threads_per_worker=2, dashboard_address=":0")
    with cluster, dask_client(cluster) as client, parallel_config("dask"):
        client.wait_for_workers(n_workers)
        started = perf_counter() - start
        counter = Counter(client)

        def run(estimator: Any, n_tasks: int) -> tuple[float, int]:
            splits = ShuffleSplit(n_tasks, train_size=1000, test_size=100, random_state=0)
            before, start = counter.total(), perf_counter()
            cross_val_score(estimator, X, y, cv=splits, pre_dispatch="all")
            return perf_counter() - start, counter.total() - before

        _, first = run(empty, 2 * n_workers)
        rounds = [run(empty, N_EMPTY) for _ in range(N_ROUNDS)]
        warm_up, _ = run(network, 2 * n_workers)
        fits, _ = run(network, N_FITS)
    data = X.nbytes + y.nbytes
    return {
        "start_s": round(started, 2),
        "data_mb": round(data / 1e6, 2),
        "first_mb": round(first / 1e6, 2),
        "overhead_ms": round(1e3 * median(seconds for seconds, _ in rounds) / N_EMPTY, 2),
        "kb_a_task": round(
            median(sent - (n_workers + 1) * data for _, sent in rounds) / N_EMPTY / 1e3, 1
        ),
        "first_fits_s": round(warm_up, 1),
        "fits_a_minute": round(60 * N_FITS / fits, 1),
    }


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(measure(int(sys.argv[2]))))
        return
    found = {str(n): _own_process.measure(__file__, "measure", n) for n in WORKERS}
    print(json.dumps(found, indent=1))
    _own_process.save("cluster", __doc__.partition("\n\n    python")[0], found)


if __name__ == "__main__":
    main()
