"""Accuracy on MNIST with few labelled images: 10, 100 and 1,000 of each class.

Protocol: ten draws of each size from the 60,000 training images, the same for every classifier;
each is fitted on a draw, with the draw's number as seed, and tested once on the 10,000 test images.
Mean and standard deviation over the draws. The settings of the recipes for few labels were chosen
by ``--choose``, on two draws of 10 and of 100 of each class from the first 50,000 training images,
judged on the last 10,000.

    python benchmarks/few_labels.py                        # everything, and writes the results
    python benchmarks/few_labels.py knn svm-best           # these, into the existing results
    python benchmarks/few_labels.py knn --per-class 100    # one classifier and size
    python benchmarks/few_labels.py knn --per-class 100 --draw 0
    python benchmarks/few_labels.py --choose               # the choice of the settings
"""

import argparse
import json
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

import _own_process
import numpy as np
from sklearn.pipeline import make_pipeline

from skmnist import Augmentation, CNNClassifier, CommitteeClassifier, recipe
from skmnist.networks import PooledBlocks
from skmnist.preprocessing import Deskew, MomentNormalizer

SIZES = (10, 100, 1000)
# A hundred images have no 120 principal components.
FEWEST = {"svm-best": 100}
DRAWS = range(10)
# The default is trained for more epochs of so few images.
_TEN_EPOCHS = "cnn-ten-epochs"
CLASSIFIERS = [
    "svm",
    "knn",
    "random-forest",
    "svm-best",
    "svm-few-labels",
    "knn-best",
    "forest-best",
    "ridge-best",
    _TEN_EPOCHS,
    "cnn-few-labels",
    "committee-few-labels",
]
_AFFINE = {"shift": 2 / 28, "rotation": 12, "zoom": 0.12, "shear": 8}
_ELASTIC = Augmentation(**_AFFINE, elastic=12)
_DROPOUT = tuple(replace(block, dropout=0.2) for block in PooledBlocks(24)())


def _trained_long(augmentation: Any, **settings: Any) -> CNNClassifier:
    return CNNClassifier(epochs="auto", batch_size=64, augmentation=augmentation, **settings)


_BENT = _trained_long(_ELASTIC)
_UPRIGHT = make_pipeline(Deskew(), _BENT)
_UPRIGHT_AND_SIZED = make_pipeline(Deskew(), MomentNormalizer(), _BENT)
_DESIGNS = [_BENT, _UPRIGHT, _UPRIGHT_AND_SIZED]
CANDIDATES: dict[str, Any] = {
    "ten epochs": CNNClassifier(epochs=10),
    "affine": _trained_long("affine"),
    "affine, averaged weights": _trained_long("affine").set_params(optimizer__ema_momentum=0.99),
    "affine, dropout": _trained_long("affine", conv_blocks=_DROPOUT),
    "elastic 12": _BENT,
    "elastic 24": _trained_long(Augmentation(**_AFFINE, elastic=24)),
    "upright, elastic 12": _UPRIGHT,
    "upright and of one size, elastic 12": _UPRIGHT_AND_SIZED,
    "three seeds": CommitteeClassifier(_UPRIGHT, n_estimators=3),
    "three designs": CommitteeClassifier(_DESIGNS),
    "three designs and knn-best": CommitteeClassifier([*_DESIGNS, recipe("knn-best")]),
    "svm-few-labels": recipe("svm-few-labels"),
    "three designs and svm-few-labels": recipe("committee-few-labels"),
}
PROTOCOL = __doc__.partition("\n\n    python")[0]


def run_one(name: str, per_class: int, draw: int, *, choosing: bool) -> dict[str, float]:
    """Fit one classifier on one draw of one size."""
    from skmnist import fetch_mnist
    from skmnist.comparison._measure import seeded

    (X, y), (X_judge, y_judge) = fetch_mnist()
    if choosing:
        X, y, X_judge, y_judge = X[:50_000], y[:50_000], X[50_000:], y[50_000:]
    rows = drawn_rows(y, per_class, draw)
    classifier = seeded(CANDIDATES[name] if choosing else _made(name), draw)
    classifier.fit(X[rows], y[rows])
    return {"accuracy": round(100 * classifier.score(X_judge, y_judge), 2)}


def _made(name: str) -> Any:
    return recipe("cnn").set_params(epochs=10) if name == _TEN_EPOCHS else recipe(name)


def drawn_rows(y: Any, per_class: int, draw: int) -> Any:
    """Draw the same number of rows of each class."""
    rng = np.random.default_rng([draw, per_class])
    rows = [rng.choice(np.flatnonzero(y == c), per_class, replace=False) for c in np.unique(y)]
    return rng.permutation(np.concatenate(rows))


def run_all(name: str, per_class: int, *, choosing: bool) -> dict[str, Any]:
    """Run every draw of one size, one process per core."""
    flags = ["--choose"] if choosing else []
    draws = DRAWS[:2] if choosing else DRAWS
    jobs = [[name, "--per-class", per_class, "--draw", draw, *flags] for draw in draws]
    accuracies = [run["accuracy"] for run in _own_process.measure_on_cores(__file__, jobs)]
    return {
        "accuracy_mean": round(fmean(accuracies), 2),
        "accuracy_sd": round(stdev(accuracies), 2),
        "accuracies": accuracies,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--per-class", type=int, nargs="*", default=SIZES)
    parser.add_argument("--draw", type=int)
    parser.add_argument("--choose", action="store_true")
    arguments = parser.parse_args()
    choosing, names = arguments.choose, arguments.names
    if arguments.draw is not None:
        found = run_one(names[0], arguments.per_class[0], arguments.draw, choosing=choosing)
        print(json.dumps(found))
        return
    where = "few_labels_choice" if choosing else "few_labels"
    for name in names or (CANDIDATES if choosing else CLASSIFIERS):
        for per_class in (10, 100) if choosing else arguments.per_class:
            if per_class < FEWEST.get(name, 0):
                continue
            row = run_all(name, per_class, choosing=choosing)
            print(f"{name:26} {per_class:5} per class", row, flush=True)
            rows = {**_own_process.measured(where).get(name, {}), str(per_class): row}
            _own_process.update(where, PROTOCOL, {name: rows})


if __name__ == "__main__":
    main()
