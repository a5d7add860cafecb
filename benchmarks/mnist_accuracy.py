"""Accuracy on full MNIST of every classifier with its default settings.

Protocol: fit on the 60,000 training images, test once on the 10,000 test images; networks with
seeds 0, 1 and 2, each fit in a process of its own. The defaults were chosen on the last 10,000
training images, never on the test set. Times are of one fit, compilation included, imports not.

    python benchmarks/mnist_accuracy.py                 # all of them, and writes the results
    python benchmarks/mnist_accuracy.py cnn 0           # one of them with one seed
"""

import json
import sys
from statistics import fmean
from time import perf_counter

import _own_process

WANTED = {
    "cnn": 99.4,
    "lenet": 98.9,
    "dnn": 98.2,
    "svm": 98.3,
    "knn": 97.0,
    "random_forest": 97.0,
}
NETWORKS = ("cnn", "lenet", "dnn")


def run_one(name: str, seed: int) -> dict[str, object]:
    """Fit and test one classifier."""
    from skmnist import fetch_mnist
    from skmnist.comparison import default_classifiers

    (X, y), (X_test, y_test) = fetch_mnist()
    classifier = default_classifiers()[name]
    if name in NETWORKS:
        from skmnist._backend import load_keras

        load_keras()
        classifier.set_params(random_state=seed)
    elif name == "random_forest":
        classifier.set_params(forest__random_state=seed, forest__n_jobs=-1)
    start = perf_counter()
    classifier.fit(X, y)
    fitted = perf_counter()
    accuracy = 100 * classifier.score(X_test, y_test)
    return {
        "classifier": name,
        "seed": seed,
        "accuracy": round(accuracy, 2),
        "fit_seconds": round(fitted - start, 1),
        "predict_seconds": round(perf_counter() - fitted, 2),
    }


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(run_one(sys.argv[1], int(sys.argv[2]))))
        return
    measurements = []
    for name, wanted in WANTED.items():
        seeds = (0, 1, 2) if name in NETWORKS else (0,)
        runs = [_own_process.measure(__file__, name, seed) for seed in seeds]
        measurements += runs
        mean = fmean(run["accuracy"] for run in runs)
        print(
            f"{name:14} {mean:.2f} % (wanted {wanted}), fit {runs[0]['fit_seconds']} s, "
            f"each {[run['accuracy'] for run in runs]}",
            flush=True,
        )
    _own_process.save("mnist_accuracy", __doc__.partition("\n\n    python")[0], measurements)


if __name__ == "__main__":
    main()
