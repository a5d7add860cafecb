"""Accuracy and time of the default network and of two recipes for other data sets than MNIST.

Protocol: the classifier is fitted on the whole training part with a seed, and tested once on the
test part, each seed in a fresh process. Seconds are those of the fit, compilation included, imports
and reading not; other work on the machine makes them upper bounds. What the default network chooses
by itself and the recipes' networks were decided on held-out training images (choose_defaults.py).
"fashion-mnist" and "cifar10" are `CNNClassifier()` on these data sets, other names recipes.
Fashion-MNIST: 60,000 and 10,000 images, in another order than published. CIFAR-10: the 20,000 and
5,000 images that SKMNIST_DATA has, from JPEG files.

    python benchmarks/accuracy_on_pictures.py                      # what isn't measured yet
    python benchmarks/accuracy_on_pictures.py cifar10 --seed 0     # one fit
"""

import argparse
import json
from statistics import fmean, median, stdev
from time import perf_counter
from typing import Any

import _own_process
from arena import published

from skmnist import CNNClassifier, CommitteeClassifier, recipe
from skmnist._utils.backend import load_keras
from skmnist.recipes import RECIPES

PROTOCOL = __doc__.partition("\n\n    python")[0]
DATA_SETS = "fashion-mnist", "cifar10"
OF_RECIPES = "fashion-best", "cifar-best"
SEEDS = range(3)


def run_one(name: str, seed: int) -> dict[str, Any]:
    """Fit and test once."""
    is_default = name in DATA_SETS
    (X, y), (X_test, y_test) = published(name if is_default else RECIPES[name].data)
    load_keras()
    classifier = CNNClassifier() if is_default else recipe(name)
    started = perf_counter()
    classifier.set_params(random_state=seed).fit(X, y)
    found = {"fit_seconds": round(perf_counter() - started, 1)}
    network = classifier
    if isinstance(classifier, CommitteeClassifier):
        network = classifier.estimators_[0]
        scores = [member.score(X_test, y_test) for member in classifier.estimators_]
        found["members"] = [round(100 * score, 2) for score in scores]
    return found | {
        "accuracy": round(100 * classifier.score(X_test, y_test), 2),
        "n_epochs": network.n_epochs_,
        "n_parameters": network.n_parameters_,
        "mirrored": network.augmentation_.horizontal_flip,
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
    parser.add_argument("names", nargs="*", default=(*DATA_SETS, *OF_RECIPES))
    parser.add_argument("--seed", type=int)
    chosen = parser.parse_args()
    if chosen.seed is not None:
        print(json.dumps(run_one(chosen.names[0], chosen.seed)))
        return
    for seed in SEEDS:
        for name in chosen.names:
            runs = _own_process.measured("accuracy_on_pictures").get(name, {"runs": []})["runs"]
            if seed < len(runs):
                continue
            runs.append(_own_process.measure(__file__, name, "--seed", seed))
            print(name, seed, runs[-1], flush=True)
            _own_process.update("accuracy_on_pictures", PROTOCOL, {name: summary(runs)})


if __name__ == "__main__":
    main()
