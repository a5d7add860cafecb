"""Memory that each further network leaves in a process, compared with Keras's ``fit``.

Protocol: each measurement in a separate process. Dense networks with one hidden layer, one epoch
on 300 of scikit-learn's digits: ten to warm up, then 60 that differ in the number of hidden units
(32 to 91), or 60 equal ones. MB per network: growth of resident memory over the 60 divided by 60,
after the last fit, and after freeing all that the interface allows: by our ``clear_caches``, for
Keras by a garbage collection after the last model is dropped.

    python benchmarks/memory_of_architectures.py               # everything, and writes the results
    python benchmarks/memory_of_architectures.py skmnist different        # one measurement
"""

import gc
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _own_process
from sklearn.datasets import load_digits

N_WARM_UP, N_NETWORKS, SMALLEST = 10, 60, 32
JOBS = [("skmnist", "different"), ("skmnist", "equal"), ("keras", "different")]


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _digits() -> tuple[Any, Any]:
    X, y = load_digits(return_X_y=True)
    return X[:300], y[:300]


def of_skmnist() -> tuple[Callable[[int], None], Callable[[], Any]]:
    """Return a function that fits a network with a number of units, and one that frees memory."""
    from skmnist import DNNClassifier, clear_caches

    X, y = _digits()

    def fit(n_units: int) -> None:
        DNNClassifier(hidden_units=(n_units,), epochs=1, random_state=0).fit(X, y)

    return fit, clear_caches


def of_keras() -> tuple[Callable[[int], None], Callable[[], Any]]:
    """Return the same for a ``keras.Sequential``."""
    from skmnist._utils.backend import load_keras

    keras = load_keras()
    X, y = _digits()
    X = (X / 16).astype("float32")

    def fit(n_units: int) -> None:
        layers = keras.layers
        network = keras.Sequential(
            [
                keras.Input((64,)),
                layers.Dense(n_units, activation="relu"),
                layers.Dense(10, activation="softmax"),
            ]
        )
        network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        network.fit(X, y, epochs=1, verbose=0)

    return fit, gc.collect


def measure(library: str, networks: str) -> dict[str, float]:
    """Fit all networks, and measure the memory that stays in use."""
    fit, free = {"skmnist": of_skmnist, "keras": of_keras}[library]()
    sizes = list(range(SMALLEST - N_WARM_UP, SMALLEST + N_NETWORKS))
    if networks == "equal":
        sizes = [SMALLEST] * len(sizes)
    for n_units in sizes[:N_WARM_UP]:
        fit(n_units)
    before = _resident_mb()
    for n_units in sizes[N_WARM_UP:]:
        fit(n_units)
    after = _resident_mb()
    free()
    freed = _resident_mb()
    return {
        "mb_per_network": round((after - before) / N_NETWORKS, 2),
        "mb_per_network_after_freeing": round((freed - before) / N_NETWORKS, 2),
    }


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(measure(*sys.argv[1:])))
        return
    measurements = {
        f"{library}, {networks} networks": _own_process.measure(__file__, library, networks)
        for library, networks in JOBS
    }
    print(measurements)
    protocol = __doc__.partition("\n\n    python")[0]
    _own_process.update("memory_of_architectures", protocol, measurements)


if __name__ == "__main__":
    main()
