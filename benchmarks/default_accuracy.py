"""Accuracy and time of `CNNClassifier()` on other data sets than MNIST.

Protocol: `CNNClassifier(random_state=seed)` is fitted on the whole training part and tested once on
the test part, each seed in a fresh process. Seconds are those of the fit, compilation included,
imports and reading not; other work on the machine makes them upper bounds. What the class chooses
by itself was decided on held-out training images (choose_defaults.py). Fashion-MNIST: 60,000 and
10,000 images, in another order than published. CIFAR-10: the 20,000 and 5,000 images that
SKMNIST_DATA has, from JPEG files.

    python benchmarks/default_accuracy.py                   # what isn't measured yet
    python benchmarks/default_accuracy.py cifar10 --seed 0  # one fit
"""

import argparse
import json
from statistics import fmean, median, stdev
from time import perf_counter
from typing import Any

import _own_process
from arena import published

from skmnist import CNNClassifier
from skmnist._utils.backend import load_keras

PROTOCOL = __doc__.partition("\n\n    python")[0]
DATA_SETS = "fashion-mnist", "cifar10"
SEEDS = range(3)


def run_one(data: str, seed: int) -> dict[str, Any]:
    """Fit and test once."""
    (X, y), (X_test, y_test) = published(data)
    load_keras()
    started = perf_counter()
    classifier = CNNClassifier(random_state=seed).fit(X, y)
    return {
        "fit_seconds": round(perf_counter() - started, 1),
        "accuracy": round(100 * classifier.score(X_test, y_test), 2),
        "n_epochs": classifier.n_epochs_,
        "n_parameters": classifier.n_parameters_,
        "mirrored": classifier.augmentation_.horizontal_flip,
    }


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the mean accuracy and the median time of the runs, and the runs."""
    accuracies = [run["accuracy"] for run in runs]
    return {
        "accuracy_mean": round(fmean(accuracies), 2),
        "accuracy_sd": round(stdev(accuracies), 3) if len(runs) > 1 else None,
        "fit_seconds": median(run["fit_seconds"] for run in runs),
        "runs": runs,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", nargs="*", default=DATA_SETS)
    parser.add_argument("--seed", type=int)
    chosen = parser.parse_args()
    if chosen.seed is not None:
        print(json.dumps(run_one(chosen.data[0], chosen.seed)))
        return
    for seed in SEEDS:
        for data in chosen.data:
            runs = _own_process.measured("default_accuracy").get(data, {"runs": []})["runs"]
            if seed < len(runs):
                continue
            runs.append(_own_process.measure(__file__, data, "--seed", seed))
            print(data, seed, runs[-1], flush=True)
            _own_process.update("default_accuracy", PROTOCOL, {data: summary(runs)})


if __name__ == "__main__":
    main()
