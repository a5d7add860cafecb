"""How the convolutional recipes were chosen: on held-out training images only.

Protocol: fit on the first 50,000 training images, judge on the last 10,000, seeds 0 and 1; the test
set is not read. Each candidate differs from the class's defaults as it says.

    python benchmarks/choose_recipes.py                   # all candidates, and writes the results
    python benchmarks/choose_recipes.py 3-w16 0           # one fit
"""

import json
import sys
from statistics import fmean
from time import perf_counter
from typing import Any

import _own_process

from skmnist.networks import pooled_blocks

SEEDS = (0, 1)
_ADAM = {"beta_1": None, "beta_2": None}
CANDIDATES: dict[str, dict[str, Any]] = {
    "1-w12": {"epochs": 1, "conv_blocks": pooled_blocks(12), "augmentation": None},
    "1-w16": {"epochs": 1, "conv_blocks": pooled_blocks(16), "augmentation": None},
    "1-w16-b128": {
        "epochs": 1,
        "conv_blocks": pooled_blocks(16),
        "augmentation": None,
        "batch_size": 128,
    },
    "1-w16-b128-adam": {
        "epochs": 1,
        "conv_blocks": pooled_blocks(16),
        "augmentation": None,
        "batch_size": 128,
        **_ADAM,
    },
    "3-w16": {"epochs": 3, "conv_blocks": pooled_blocks(16)},
    "3-w16-adam": {"epochs": 3, "conv_blocks": pooled_blocks(16), **_ADAM},
    "3-w24": {"epochs": 3},
    "5-w24": {"epochs": 5},
    "10-w24": {},
    "10-w24-adam": _ADAM,
}


def run_one(name: str, seed: int) -> dict[str, float]:
    """Fit one candidate with one seed."""
    from skmnist import CNNClassifier, fetch_mnist

    (X, y), _ = fetch_mnist()
    classifier = CNNClassifier(**CANDIDATES[name], random_state=seed)
    start = perf_counter()
    classifier.fit(X[:50_000], y[:50_000])
    seconds = perf_counter() - start
    held_out = round(100 * classifier.score(X[50_000:], y[50_000:]), 2)
    return {"held_out_accuracy": held_out, "fit_seconds": round(seconds, 1)}


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(run_one(sys.argv[1], int(sys.argv[2]))))
        return
    summary = {}
    for name in CANDIDATES:
        runs = [_own_process.measure(__file__, name, seed) for seed in SEEDS]
        mean = round(fmean(run["held_out_accuracy"] for run in runs), 3)
        summary[name] = {"held_out_mean": mean, "runs": runs}
        print(name, summary[name], flush=True)
    _own_process.save("choose_recipes", __doc__.partition("\n\n    python")[0], summary)


if __name__ == "__main__":
    main()
