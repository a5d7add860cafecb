"""Accuracy of classical classifiers on networks' features: networks x classifiers x sizes.

Protocol: a network is trained on 1,000 images (100 of each class, the draws of few_labels.py, three
of them) or on all 60,000 of MNIST's training set (once). The outputs of its last layer but one are
the features, computed once; if there are more than 128, their 128 principal components, found on
the same images without labels. Four classical classifiers, with the settings of the recipes for
pixels, are trained on the features of the same images, and all are judged once on the 10,000 test
images. "network" is the network itself, "pixels" the same classifiers on the images. Nothing was
chosen.

The classifiers are trained on features of the network's own training images, where classes lie
farther apart than among new images; so the classifiers are more confident than they should be.
``skmnist.CNNStackingClassifier``, which trains them on features of images that were held out, is
measured by accuracy.py. Accuracy only: fits may run beside other work.

    python benchmarks/feature_study.py                         # what is not measured yet
    python benchmarks/feature_study.py lenet pixels --sizes 1000
    python benchmarks/feature_study.py --core 1                # on one core
    python benchmarks/feature_study.py lenet --sizes 1000 --seed 0   # one network
"""

import argparse
import json
from itertools import product
from statistics import fmean, stdev
from typing import Any

import _own_process
from few_labels import drawn_rows
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator

from skmnist import CNNFeatures, gradient_boosting, knn, random_forest, recipe, svm
from skmnist.comparison._measure import seeded

PIXELS = "pixels"
NETWORKS = {
    "lenet": recipe("lenet"),
    "cnn-brisk": recipe("cnn-brisk"),
    "bejar-cnn2a": recipe("bejar-cnn2a"),
    "portillo-v2": recipe("portillo-v2"),
    "resnet": recipe("resnet").set_params(epochs=5),
}
CLASSIFIERS = {
    "svm": svm,
    "knn": knn,
    "random_forest": random_forest,
    "gradient_boosting": gradient_boosting,
}
SEEDS = {1000: 3, 60_000: 1}
MOST_FEATURES = 128
PROTOCOL = __doc__.partition("\n\n    python")[0]


def run_one(name: str, size: int, seed: int) -> dict[str, float]:
    """Train one network, or none for the pixels, and every classifier on its features."""
    from skmnist import fetch_mnist

    (X, y), (X_test, y_test) = fetch_mnist()
    if size < len(y):
        rows = drawn_rows(y, size // 10, seed)
        X, y = X[rows], y[rows]
    accuracies = {}
    if name != PIXELS:
        network = seeded(NETWORKS[name], seed).fit(X, y)
        accuracies["network"] = network.score(X_test, y_test)
        X, X_test = features(network, X, X_test, seed)
    for kind, make in CLASSIFIERS.items():
        accuracies[kind] = seeded(make(), seed).fit(X, y).score(X_test, y_test)
    return {kind: round(100 * accuracy, 2) for kind, accuracy in accuracies.items()}


def features(network: Any, X: Any, X_test: Any, seed: int) -> tuple[Any, Any]:
    """Return a fitted network's features, or their principal components if there are many."""
    layer = CNNFeatures(FrozenEstimator(network)).fit(X)
    train, test = layer.transform(X), layer.transform(X_test)
    if train.shape[1] <= MOST_FEATURES:
        return train, test
    components = PCA(MOST_FEATURES, random_state=seed).fit(train)
    return components.transform(train), components.transform(test)


def joined(name: str, size: int, seed: int, run: dict[str, float]) -> dict[str, Any]:
    """Add a run to the known ones on the same features; summarise the seeds of its size."""
    sizes = _own_process.measured("feature_study").get(name, {})
    seeds = {**sizes.get(str(size), {}).get("seeds", {}), str(seed): run}
    return {**sizes, str(size): summary(seeds)}


def summary(seeds: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Summarise the seeds of one network and size."""
    columns = {kind: [run[kind] for run in seeds.values()] for kind in next(iter(seeds.values()))}
    several = len(seeds) > 1
    return {
        "mean": {kind: round(fmean(column), 2) for kind, column in columns.items()},
        "sd": {kind: round(stdev(c), 2) for kind, c in columns.items()} if several else None,
        "seeds": dict(sorted(seeds.items())),
    }


def is_known(name: str, size: int, seed: int) -> bool:
    """Return whether a run is among the results of this machine and versions."""
    sizes = _own_process.measured("feature_study").get(name, {})
    return str(seed) in sizes.get(str(size), {}).get("seeds", {})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=[PIXELS, *NETWORKS])
    parser.add_argument("--sizes", type=int, nargs="*", choices=SEEDS, default=list(SEEDS))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--core", type=int)
    arguments = parser.parse_args()
    if arguments.seed is not None:
        print(json.dumps(run_one(arguments.names[0], arguments.sizes[0], arguments.seed)))
        return
    runs = [
        (name, size, seed)
        for size, name in product(arguments.sizes, arguments.names)
        for seed in range(SEEDS[size])
    ]
    for name, size, seed in runs:
        if is_known(name, size, seed):
            continue
        run = _own_process.measure(
            __file__, name, "--sizes", size, "--seed", seed, core=arguments.core
        )
        print(f"{name:12} {size:6}", run, flush=True)
        row = joined(name, size, seed, run)
        _own_process.update("feature_study", PROTOCOL, {name: row})


if __name__ == "__main__":
    main()
