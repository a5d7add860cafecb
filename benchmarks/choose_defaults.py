"""How networks were chosen for pictures that aren't ink on paper: the default, and recipes.

Protocol: the training images of a data set are shuffled (seed 99); the last fifth, at most 10,000
(CIFAR-10: 4,000), are held out, and each candidate is fitted on the first `n` with seed 0. Test
sets are not read. A candidate is named by its convolutions and by what differs from three settings:
ten epochs, shifts only, learning rate 0.01. Convolutions are named by the feature maps of the first
one: "pooled" is `PooledBlocks`, as it is; "padded" the same with padding; "vgg" is `VGGBlocks` of
three stages. `cpu_seconds` are of one core that did other work, too, so only their order of
magnitude counts.

    python benchmarks/choose_defaults.py                       # all, and writes the results
    python benchmarks/choose_defaults.py fashion-mnist-20000-vgg24   # this one
"""

import json
import sys
from dataclasses import replace
from time import process_time
from typing import Any

import _own_process
import numpy as np
from arena import published

from skmnist import Augmentation, CNNClassifier
from skmnist.networks import PooledBlocks, VGGBlocks

PROTOCOL = __doc__.partition("\n\n    python")[0]
_MIRRORED = {"augmentation": Augmentation(shift=2 / 28, horizontal_flip=True)}


def _padded(filters: int) -> list[Any]:
    return [replace(block, padding="same") for block in PooledBlocks(filters)()]


def _network(conv_blocks: Any, **settings: Any) -> CNNClassifier:
    fixed = {"epochs": 10, "augmentation": "shift", "random_state": 0}
    return CNNClassifier(conv_blocks=conv_blocks, **{**fixed, **settings})


# The data set and the number of images, the name of the candidate, the candidate.
CANDIDATES: dict[tuple[str, int], dict[str, CNNClassifier]] = {
    ("fashion-mnist", 20_000): {
        "pooled24": _network(PooledBlocks(24)),
        "padded24": _network(_padded(24)),
        "padded24-unshifted": _network(_padded(24), augmentation=None),
        "vgg24": _network(VGGBlocks(24)),
    },
    ("fashion-mnist", 50_000): {
        "vgg16": _network(VGGBlocks(16)),
        "vgg24-6-epochs": _network(VGGBlocks(24), epochs=6),
        "vgg24-20-epochs": _network(VGGBlocks(24), epochs=20),
    },
    ("cifar10", 10_000): {
        "pooled24": _network(PooledBlocks(24)),
        "vgg32": _network(VGGBlocks(32)),
    },
    ("cifar10", 16_000): {
        "vgg20-26-epochs-mirrored": _network(VGGBlocks(20), epochs=26, **_MIRRORED),
        "vgg32-30-epochs-mirrored": _network(VGGBlocks(32), epochs=30, **_MIRRORED),
    },
}


def run_one(data: str, n: int, candidate: str) -> dict[str, float]:
    """Fit one candidate, and judge it on the images that are held out."""
    X, y = published(data)[0]
    order = np.random.default_rng(99).permutation(len(X))
    n_held_out = 4000 if data == "cifar10" else min(10_000, len(X) // 5)
    rows, held_out = order[:n], order[-n_held_out:]
    started = process_time()
    classifier = CANDIDATES[data, n][candidate].fit(X[rows], y[rows])
    return {
        "held_out_accuracy": round(100 * classifier.score(X[held_out], y[held_out]), 2),
        "training_accuracy": round(100 * classifier.history_["accuracy"][-1], 2),
        "n_parameters": classifier.n_parameters_,
        "cpu_seconds": round(process_time() - started),
    }


def main() -> None:
    jobs = {f"{data}-{n}-{c}": (data, n, c) for (data, n), cs in CANDIDATES.items() for c in cs}
    if len(sys.argv) == 4:
        data, n, candidate = sys.argv[1:]
        print(json.dumps(run_one(data, int(n), candidate)))
        return
    names = sys.argv[1:] or list(jobs)
    runs = _own_process.measure_on_cores(__file__, [jobs[name] for name in names])
    for name, run in zip(names, runs, strict=True):
        print(name, run, flush=True)
        _own_process.update("choose_defaults", PROTOCOL, {name: run})


if __name__ == "__main__":
    main()
