"""Memory while fitting, its growth over many fits and predictions, and the time of a second fit.

Protocol: the default CNN, each measurement in a separate process. Peak: resident memory while
fitting 60,000 uint8 images for one epoch, above that of the process with its libraries imported and
the data loaded. Growth: resident memory after 50 fits of 500 images and after 10,000 single
predictions, above that after the first five fits. Second fit: seconds for a fit of one step in a
process that has fitted an equal network with another seed before; the median of ten.

    python benchmarks/memory_and_reuse.py               # everything, and writes the results
    python benchmarks/memory_and_reuse.py peak x        # one measurement
"""

import json
import resource
import sys
import threading
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import _own_process


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def measure_peak() -> dict[str, float]:
    """Measure the peak of resident memory during one fit."""
    from skmnist import CNNClassifier, fetch_mnist
    from skmnist._utils.backend import load_keras

    load_keras()
    (X, y), _ = fetch_mnist()
    before, seen, done = _resident_mb(), [], threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(_resident_mb())
            sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    CNNClassifier(epochs=1, random_state=0).fit(X, y)
    done.set()
    watcher.join()
    return {"peak_mb": round(max(seen) - before)}


def measure_growth() -> dict[str, float]:
    """Measure the growth of memory over many fits and predictions."""
    from skmnist import CNNClassifier, fetch_mnist

    (X, y), _ = fetch_mnist()
    X, y = X[:500], y[:500]
    classifier = CNNClassifier(epochs=1)
    for seed in range(5):
        classifier.set_params(random_state=seed).fit(X, y).predict(X[:1])
    before = _resident_mb()
    for seed in range(5, 50):
        classifier.set_params(random_state=seed).fit(X, y)
    fits = _resident_mb() - before
    for i in range(10_000):
        classifier.predict(X[i % 500 : i % 500 + 1])
    return {"growth_fits_mb": round(fits, 1), "growth_mb": round(_resident_mb() - before, 1)}


def measure_second_fit() -> dict[str, float]:
    """Time fits of a single step."""
    from skmnist import CNNClassifier, fetch_mnist

    (X, y), _ = fetch_mnist()
    X, y = X[:256], y[:256]
    seconds = []
    for seed in range(11):
        classifier = CNNClassifier(epochs=1, batch_size=None, random_state=seed)
        start = perf_counter()
        classifier.fit(X, y)
        seconds.append(perf_counter() - start)
    return {"second_fit_ms": round(1e3 * median(seconds[1:]), 1)}


MEASURES = {"peak": measure_peak, "growth": measure_growth, "second_fit": measure_second_fit}


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(MEASURES[sys.argv[1]]()))
        return
    measurements = {}
    for name in MEASURES:
        measurements |= _own_process.measure(__file__, name, "x")
    print(measurements)
    _own_process.save("memory_and_reuse", __doc__.partition("\n\n    python")[0], measurements)


if __name__ == "__main__":
    main()
