"""Memory and speed of a fit on a file that is mapped into memory, beside one on an array in memory.

Protocol: 5,000,000 images of 28 x 28 pixels (3.9 GB) are MNIST's training images, each moved by up
to two pixels, in random order. A dense network of 128 units is trained for one epoch, in batches of
512, each way in a process of its own: from the file (np.load(mmap_mode="r")), and from an array
that was read before. Megabytes are the peak of the resident memory over that of the process after a
fit of 1,000 images; images per second are those of the second epoch. The accuracy of the order by
blocks is that of the example network of Keras's documentation (5 epochs) on MNIST's test images,
from the same 60,000 training images as a file (blocks of 334 images, parts of 42,496) and as an
array.

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
from time import perf_counter
from typing import Any

import _own_process
import numpy as np

from skmnist import CNNClassifier, ConvBlock, DNNClassifier, fetch_mnist
from skmnist._inputs import mapped_images

PROTOCOL = __doc__.partition("\n\n    python")[0]
N_IMAGES = 5_000_000
FILE = Path(os.environ.get("SKMNIST_SCRATCH", tempfile.gettempdir())) / "skmnist-large.npy"
SEEDS = range(3)


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
    ends: list[float] = []
    network.set_params(callbacks=[_clock(ends)]).fit(X, y)
    return {
        "peak_mb": round(_peak() - before),
        "images_per_second": round(N_IMAGES / (ends[-1] - ends[-2])),
    }


def _clock(ends: list[float]) -> Any:
    from keras.callbacks import LambdaCallback

    return LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(perf_counter()))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def order_accuracy(how: str, seed: int) -> dict[str, Any]:
    """Return the test accuracy of a network that saw the images in an order."""
    (X, y), (X_test, y_test) = fetch_mnist()
    network = CNNClassifier(
        conv_blocks=[ConvBlock(32, pool="max"), ConvBlock(64, pool="max")],
        dropout=0.5,
        epochs=5,
        batch_size=128,
        augmentation=None,
        random_state=seed,
    )
    if how == "order-blocks":
        mapped_images._LEAST_BYTES = 2**20
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
    for name in ("fit-mapped", "fit-array"):
        if name not in _own_process.measured("larger_than_memory"):
            found = _own_process.measure(__file__, "--work", name)
            _own_process.update("larger_than_memory", PROTOCOL, {name: found})
    for name in ("order-blocks", "order-array"):
        runs = _own_process.measured("larger_than_memory").get(name, {"accuracies": []})[
            "accuracies"
        ]
        for seed in SEEDS[len(runs) :]:
            runs.append(_own_process.measure(__file__, "--work", name, "--seed", seed)["accuracy"])
            found = {"accuracy_mean": round(fmean(runs), 3), "accuracies": runs}
            _own_process.update("larger_than_memory", PROTOCOL, {name: found})


if __name__ == "__main__":
    main()
