"""Memory and speed of a fit on a file that is mapped into memory, beside one on an array in memory.

Protocol: 5,000,000 images of 28 x 28 pixels (3.9 GB) are MNIST's training images, each moved by up
to two pixels, in random order. A dense network of 128 units is trained for two epochs, in batches
of 512, twice each way in turn, each time in a process of its own: from the file
(np.load(mmap_mode="r")), and from an array that was read before. Megabytes are the peak of the
resident memory over that of the process after a fit of 1,000 images; images per second, and per
second of the processor, are those of the faster epoch of all. The accuracy of the order by blocks
is that of DNNClassifier() (5 epochs) on MNIST's test images, from the same 60,000 training images
as an array, as a file, and as a file that is sorted by class. Blocks and parts are a tenth as large
as usual there, 33 and 4,224 images, so that a part has 128 of many more blocks, as of a large file.

    python benchmarks/larger_than_memory.py                   # what isn't measured yet
    python benchmarks/larger_than_memory.py --work fit-mapped
"""

import argparse
import json
import os
import resource
import tempfile
from pathlib import Path
from statistics import fmean
from time import perf_counter, process_time
from typing import Any

import _own_process
import numpy as np

from skmnist import DNNClassifier, fetch_mnist
from skmnist._inputs import mapped_images
from skmnist.training import _parts

PROTOCOL = __doc__.partition("\n\n    python")[0]
N_IMAGES = 5_000_000
FILE = Path(os.environ.get("SKMNIST_SCRATCH", tempfile.gettempdir())) / "skmnist-large.npy"
NAME = "larger_than_memory"
RUNS, SEEDS = 2, range(3)


def make_file() -> None:
    """Write the images, and their labels beside them."""
    (X, y), _ = fetch_mnist()
    rng = np.random.default_rng(0)
    images = np.lib.format.open_memmap(FILE, "w+", np.uint8, (N_IMAGES, 28, 28))
    labels = np.empty(N_IMAGES, np.uint8)
    for start in range(0, N_IMAGES, 50_000):
        chosen = rng.integers(0, len(y), 50_000)
        shift = tuple(rng.integers(-2, 3, 2))
        images[start : start + 50_000] = np.roll(X[chosen], shift, (1, 2))
        labels[start : start + 50_000] = y[chosen]
    images.flush()
    np.save(FILE.with_suffix(".labels.npy"), labels)


def fit(how: str) -> dict[str, Any]:
    """Fit once, and return the peak of memory and the speed."""
    y = np.load(FILE.with_suffix(".labels.npy"))
    X = np.load(FILE, mmap_mode="r")
    network = DNNClassifier(hidden_units=(128,), epochs=2, batch_size=512, random_state=0)
    network.fit(np.array(X[:1000]), y[:1000])
    before = _peak()
    if how == "fit-array":
        X = np.array(X)
    times: list[tuple[float, float]] = []
    network.set_params(callbacks=[_clock(times)]).fit(X, y)
    wall, processor = np.diff(times, axis=0)[::2].min(axis=0)
    return {
        "peak_mb": round(_peak() - before),
        "images_per_second": round(N_IMAGES / wall),
        "images_per_processor_second": round(N_IMAGES / processor),
    }


def _clock(times: list[tuple[float, float]]) -> Any:
    """Return a callback that notes the times at the beginning and the end of each epoch."""
    from keras.callbacks import LambdaCallback

    def note(*_: Any) -> None:
        times.append((perf_counter(), process_time()))

    return LambdaCallback(on_epoch_begin=note, on_epoch_end=note)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def order_accuracy(how: str, seed: int) -> dict[str, Any]:
    """Return the test accuracy of a network that saw the images in an order."""
    (X, y), (X_test, y_test) = fetch_mnist()
    network = DNNClassifier(epochs=5, batch_size=128, random_state=seed)
    if how == "order-blocks-sorted":
        by_class = np.argsort(y, kind="stable")
        X, y = X[by_class], y[by_class]
    if how != "order-array":
        mapped_images._LEAST_BYTES = 2**20
        mapped_images._BYTES_IN_BLOCK //= 10
        _parts._BYTES_IN_PART //= 10
        np.save(FILE.with_suffix(".mnist.npy"), X)
        X = np.load(FILE.with_suffix(".mnist.npy"), mmap_mode="r")
    return {"accuracy": round(100 * network.fit(X, y).score(X_test, y_test), 2)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--work")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if chosen.work:
        is_fit = chosen.work.startswith("fit")
        found = fit(chosen.work) if is_fit else order_accuracy(chosen.work, chosen.seed)
        print(json.dumps(found))
        return
    if not FILE.with_suffix(".labels.npy").exists():
        make_file()
    for n_runs in range(1, RUNS + 1):
        for name in ("fit-mapped", "fit-array"):
            _run_until(name, n_runs)
    for name in ("order-array", "order-blocks", "order-blocks-sorted"):
        _run_until(name, len(SEEDS))


def _run_until(name: str, n: int) -> None:
    """Measure until there are so many runs."""
    runs = _own_process.measured(NAME).get(name, {"runs": []})["runs"]
    for seed in range(len(runs), n):
        runs.append(_own_process.measure(__file__, "--work", name, "--seed", seed))
        summary = {key: _summary(key, [run[key] for run in runs]) for key in runs[0]}
        _own_process.update(NAME, PROTOCOL, {name: {**summary, "runs": runs}})


def _summary(key: str, values: list[float]) -> float:
    return round(fmean(values), 3) if key == "accuracy" else max(values)


if __name__ == "__main__":
    main()
