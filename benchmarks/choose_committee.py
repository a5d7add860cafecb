"""How the committee was chosen: on held-out training images only.

Protocol: members are fitted on the first 50,000 training images, each asked about nine shifts of
the last 10,000, and their probabilities averaged; the test set is not read. Each design differs
from the class's defaults as it says. A committee is named by how many it has of each design.

    python benchmarks/choose_committee.py          # all, and writes the results
    python benchmarks/choose_committee.py shift 0  # one fit
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import _own_process
import numpy as np
from numpy.typing import NDArray

from skmnist.networks import pooled_blocks

PROTOCOL = __doc__.partition("\n\n    python")[0]


def _kernels(width: int, *sizes: int) -> Any:
    blocks = zip(pooled_blocks(width), sizes, strict=True)
    return tuple(replace(block, kernel_size=size) for block, size in blocks)


DESIGNS: dict[str, dict[str, Any]] = {
    "shift": {},
    "affine": {"augmentation": "affine", "epochs": 15},
    "elastic": {"augmentation": "elastic", "epochs": 15},
    "small-kernels": {"conv_blocks": _kernels(32, 3, 3, 3)},
    "large-kernels": {"conv_blocks": _kernels(24, 7, 5, 3)},
}
SEEDS = {"shift": 3, "affine": 2, "elastic": 2, "small-kernels": 1, "large-kernels": 1}
COMMITTEES = [
    {"shift": 3},
    {"affine": 2},
    {"elastic": 2},
    {"shift": 1, "affine": 1, "elastic": 1},
    {"shift": 1, "small-kernels": 1, "large-kernels": 1},
    {"shift": 1, "affine": 1, "elastic": 1, "small-kernels": 1, "large-kernels": 1},
    {"shift": 2, "affine": 2, "elastic": 2},
    {"shift": 3, "affine": 2, "elastic": 2, "small-kernels": 1, "large-kernels": 1},
]


def run_one(design: str, seed: int) -> dict[str, Any]:
    """Fit one member and give its probabilities of the held-out images."""
    from skmnist import CNNClassifier, CommitteeClassifier, fetch_mnist

    (X, y), _ = fetch_mnist()
    member = CNNClassifier(**DESIGNS[design], random_state=seed)
    alone = CommitteeClassifier(members=[member], test_time_shifts=1)
    alone.fit(X[:50_000], y[:50_000])
    return {"probabilities": alone.predict_proba(X[50_000:]).round(6).tolist()}


def accuracy(probabilities: Iterable[NDArray], y: NDArray) -> float:
    mean = np.mean(list(probabilities), axis=0)
    return round(100 * float((mean.argmax(axis=1) == y).mean()), 2)


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(run_one(sys.argv[1], int(sys.argv[2]))))
        return
    from skmnist import fetch_mnist

    y = fetch_mnist()[0][1][50_000:]
    jobs = [(design, seed) for design, n in SEEDS.items() for seed in range(n)]
    found: dict[str, list[NDArray]] = {design: [] for design in DESIGNS}
    for (design, seed), run in zip(
        jobs, _own_process.measure_on_cores(__file__, jobs), strict=True
    ):
        found[design].append(np.array(run["probabilities"]))
        print(design, seed, accuracy(found[design][-1:], y), flush=True)
    rows = {
        "single": {design: [accuracy([one], y) for one in found[design]] for design in DESIGNS},
        "committees": {
            " + ".join(f"{n} {design}" for design, n in committee.items()): accuracy(
                [one for design, n in committee.items() for one in found[design][:n]], y
            )
            for committee in COMMITTEES
        },
    }
    print(json.dumps(rows, indent=1))
    _own_process.save("choose_committee", PROTOCOL, rows)


if __name__ == "__main__":
    main()
