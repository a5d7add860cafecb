"""Several data sets, and all kinds of classifiers on each: accuracy and time, ours and the peers'.

Protocol: each data set gives 5,000 training images and at most 5,000 test images, drawn with seed
0 from its published parts (scikit-learn's digits: 1,297 and 500). Nothing was chosen on these test
images. Every classifier is fitted in a fresh process with each seed; ours are used as they are by
default, or as the recipe of that name. SciKeras trains the example network of Keras's documentation
(32-64-dropout, Adam, batches of 128, 15 epochs) and skorch the convolutional network of its MNIST
example (32-64-100, Adam with rate 0.002, batches of 64, 10 epochs), both on pixels divided by 255
(digits: 16). Seconds are those of the fit, and of predicting the test images, on a machine that
may have done other work, and so of order of magnitude only unless `alone` is true. The predictions
are in `arena_predictions.npz`, so that anything else can be computed from them.

    python benchmarks/arena.py                       # what isn't measured yet; writes and draws
    python benchmarks/arena.py --data digits mnist   # on these data sets
    python benchmarks/arena.py --only cnn svm        # these classifiers
    python benchmarks/arena.py --seeds 3             # three seeds instead of one
    python benchmarks/arena.py --alone               # nothing else runs on this machine
    python benchmarks/arena.py --draw                # draw the committed results
"""

import argparse
import json
import os
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import _own_process
import numpy as np

PROTOCOL = __doc__.partition("\n\n    python")[0]
DATA_SETS = "digits", "mnist", "fashion-mnist", "cifar10"
BASELINES = "knn", "random-forest", "svm"
RECIPES = "knn-best", "forest-best", "svm-best", "svm-objects"
NETWORKS = "dnn", "lenet", "resnet", "cnn"
PEERS = "scikeras", "skorch"
CLASSIFIERS = (*BASELINES, *RECIPES, *PEERS, *NETWORKS)
_N_TRAINING = _N_TEST = 5000
_PREDICTIONS = _own_process.RESULTS / "arena_predictions.npz"

Part = tuple[Any, Any]


# -- data sets -------------------------------------------------------------------------


def parts_of(name: str) -> tuple[Part, Part]:
    """Return the training and the test images of the arena."""
    (X, y), (X_test, y_test) = published(name)
    return _drawn(X, y, _N_TRAINING), _drawn(X_test, y_test, _N_TEST)


def published(name: str) -> tuple[Part, Part]:
    """Return all training and test images: those that SKMNIST_DATA has, or as published."""
    if name == "digits":
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        digits = load_digits()
        X, X_test, y, y_test = train_test_split(
            digits.images, digits.target, test_size=500, stratify=digits.target, random_state=0
        )
        return (X, y), (X_test, y_test)
    folder = Path(os.environ.get("SKMNIST_DATA", ""))
    if name == "fashion-mnist" and (folder / "fashion_mnist").is_dir():
        return _idx(folder / "fashion_mnist", "train"), _idx(folder / "fashion_mnist", "t10k")
    if name == "cifar10" and (folder / "cifar10_part").is_dir():
        return _npz(folder / "cifar10_part" / "train.npz"), _npz(folder / "cifar10_part/test.npz")
    from skmnist.datasets._registry import DATASETS

    return DATASETS[name].load(0)


def _idx(folder: Path, part: str) -> Part:
    """Read a copy of the data set that may be in another order than the published one."""
    from skmnist import read_idx

    images = folder / f"{part}-images-idx3-ubyte.gz"
    return read_idx(images), read_idx(folder / f"{part}-labels-idx1-ubyte.gz")


def _npz(path: Path) -> Part:
    part = np.load(path)
    return part["X"], part["y"]


def _drawn(X: Any, y: Any, n: int) -> Part:
    rows = np.random.default_rng(0).permutation(len(X))[:n]
    return X[rows], y[rows].astype("int64")


# -- classifiers -----------------------------------------------------------------------


def _keras_example(meta: dict[str, Any]) -> Any:
    import keras

    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def _scikeras(seed: int) -> Any:
    from scikeras.wrappers import KerasClassifier

    return KerasClassifier(
        _keras_example,
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
        batch_size=128,
        epochs=15,
        verbose=0,
        random_state=seed,
    )


def _skorch(seed: int) -> Any:
    import torch
    from skorch import NeuralNetClassifier
    from torch import nn

    torch.manual_seed(seed)
    module = nn.Sequential(
        nn.LazyConv2d(32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.Dropout2d(0.5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.LazyLinear(100),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(100, 10),
    )
    return NeuralNetClassifier(
        module,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.002,
        batch_size=64,
        max_epochs=10,
        train_split=None,
        verbose=0,
    )


def _made(name: str, seed: int) -> Any:
    if name in PEERS:
        return {"scikeras": _scikeras, "skorch": _skorch}[name](seed)
    from skmnist import recipe
    from skmnist.comparison._measure import seeded

    return seeded(recipe(name), seed)


def _for(name: str, X: Any, largest: float) -> Any:
    """Return images as this classifier takes them."""
    if name in BASELINES:
        return X.reshape(len(X), -1)
    if name not in PEERS:
        return X
    floats = (X[..., None] if X.ndim == 3 else X).astype("float32") / np.float32(largest)
    return np.ascontiguousarray(floats.transpose(0, 3, 1, 2)) if name == "skorch" else floats


def run_one(data: str, name: str, seed: int, predictions: Path) -> dict[str, float]:
    """Fit and test one classifier; write its predictions."""
    (X, y), (X_test, y_test) = parts_of(data)
    largest = X.max()
    X, X_test = _for(name, X, largest), _for(name, X_test, largest)
    classifier = _made(name, seed)
    started = perf_counter()
    classifier.fit(X, y)
    fitted = perf_counter()
    predicted = classifier.predict(X_test)
    ended = perf_counter()
    np.save(predictions, predicted.astype(np.uint8))
    return {
        "accuracy": round(100 * float((predicted == y_test).mean()), 2),
        "fit_seconds": round(fitted - started, 2),
        "predict_seconds": round(ended - fitted, 2),
    }


# -- measuring -------------------------------------------------------------------------


def measure(data: str, name: str, seeds: int, alone: bool) -> None:
    """Measure what is missing of a classifier on a data set, and add it to the results."""
    key = f"{data} {name}"
    found = _own_process.measured("arena").get(key, {"runs": []})
    for seed in range(len(found["runs"]), seeds):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "predictions.npy"
            run = _own_process.measure(__file__, "--run", data, name, seed, path)
            _keep_predictions(f"{key} {seed}", np.load(path))
        found["runs"].append(run | {"alone": alone})
        print(key, seed, run, flush=True)
        accuracies = [run["accuracy"] for run in found["runs"]]
        found["accuracy_mean"] = round(fmean(accuracies), 2)
        if len(accuracies) > 1:
            found["accuracy_sd"] = round(stdev(accuracies), 3)
        _own_process.update("arena", PROTOCOL, {key: found})


def _keep_predictions(key: str, predicted: Any) -> None:
    known = dict(np.load(_PREDICTIONS)) if _PREDICTIONS.exists() else {}
    np.savez_compressed(_PREDICTIONS, **{**known, key: predicted})


def draw() -> None:
    """Draw the accuracy of every classifier on every data set."""
    from skmnist.display._drawing import BLUE, GREY, figure_of, hide_spines

    measurements = json.loads((_own_process.RESULTS / "arena.json").read_text())["measurements"]
    figure = figure_of(9, 4.6)
    measured = [data for data in DATA_SETS if any(key.startswith(data) for key in measurements)]
    panels = figure.subplots(1, len(measured), sharey=True, squeeze=False)[0]
    for axes, data in zip(panels, measured, strict=True):
        for place, name in enumerate(CLASSIFIERS):
            found = measurements.get(f"{data} {name}")
            if found is None:
                continue
            colour = GREY if name in PEERS else BLUE
            for run in found["runs"]:
                axes.plot(run["accuracy"], place, "o", color=colour, markersize=5)
            mean = found["accuracy_mean"]
            axes.annotate(
                f"{mean:.1f}",
                (mean, place),
                (0, 5),
                textcoords="offset points",
                ha="center",
                size=7,
            )
        axes.set_title(data, size=10)
        axes.margins(x=0.25)
        axes.grid(axis="y", linewidth=0.4)
        hide_spines(axes, "top", "right")
    panels[0].set_yticks(range(len(CLASSIFIERS)), CLASSIFIERS)
    figure.supxlabel("test accuracy after 5,000 training images (digits: 1,297), %", size=10)
    figure.savefig(_own_process.RESULTS / "arena.png", dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", nargs="*", default=DATA_SETS, choices=DATA_SETS)
    parser.add_argument("--only", nargs="*", default=CLASSIFIERS, choices=CLASSIFIERS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--draw", action="store_true")
    parser.add_argument("--run", nargs=4, metavar=("DATA", "CLASSIFIER", "SEED", "PATH"))
    chosen = parser.parse_args()
    if chosen.run:
        data, name, seed, path = chosen.run
        print(json.dumps(run_one(data, name, int(seed), Path(path))))
        return
    if not chosen.draw:
        for data in chosen.data:
            for name in chosen.only:
                measure(data, name, chosen.seeds, chosen.alone)
    draw()


if __name__ == "__main__":
    main()
