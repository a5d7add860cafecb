"""Test accuracy against seconds on full MNIST, for each convolutional recipe.

Protocol: fit on the 60,000 training images, test once on the 10,000 test images, seeds 0 to 4, each
fit in a fresh process. Seconds are of the fit, compilation counted; imports and reading the data
are not, and are given beside. The recipes were chosen on the last 10,000 training images
(choose_recipes.py).

    python benchmarks/time_to_accuracy.py                     # everything, and writes the results
    python benchmarks/time_to_accuracy.py cnn-fast cnn-quick  # these recipes
    python benchmarks/time_to_accuracy.py cnn-fast 0          # one fit
"""

import json
import sys
from statistics import fmean, median, stdev
from time import perf_counter

import _own_process

SEEDS = range(5)


def run_one(name: str, seed: int) -> dict[str, float]:
    """Fit one recipe with one seed."""
    start = perf_counter()
    from skmnist import fetch_mnist, recipe
    from skmnist._backend import load_keras

    load_keras()
    (X, y), (X_test, y_test) = fetch_mnist()
    classifier = recipe(name).set_params(random_state=seed)
    loaded = perf_counter()
    classifier.fit(X, y)
    fitted = perf_counter()
    return {
        "accuracy": round(100 * classifier.score(X_test, y_test), 2),
        "fit_seconds": round(fitted - loaded, 2),
        "seconds_with_imports": round(fitted - start, 2),
        "n_parameters": classifier.n_parameters_,
    }


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[2].isdigit():
        print(json.dumps(run_one(sys.argv[1], int(sys.argv[2]))))
        return
    from skmnist import list_recipes

    summary = {}
    for name in sys.argv[1:] or list_recipes():
        runs = [_own_process.measure(__file__, name, seed) for seed in SEEDS]
        accuracies = [run["accuracy"] for run in runs]
        summary[name] = {
            "accuracy_mean": round(fmean(accuracies), 3),
            "accuracy_sd": round(stdev(accuracies), 3),
            "fit_seconds": round(median(run["fit_seconds"] for run in runs), 2),
            "seconds_with_imports": round(median(run["seconds_with_imports"] for run in runs), 2),
            "runs": runs,
        }
        print(name, {k: v for k, v in summary[name].items() if k != "runs"}, flush=True)
    _own_process.save("time_to_accuracy", __doc__.partition("\n\n    python")[0], summary)


if __name__ == "__main__":
    main()
