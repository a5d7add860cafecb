"""Candidates per minute of a grid search: here, with SciKeras, with skorch, and with raw Keras.

Protocol: LeNet-5 on 10,000 MNIST images, Adam, 3 epochs; 4 learning rates x 3 batch sizes in 3
stratified folds. Ours, SciKeras and skorch by scikit-learn's GridSearchCV(n_jobs=2), raw Keras by
two loops in one process. Every peer runs in processes of its own, which import its library within
the time that is measured; the peers take turns, three rounds. Figures are medians over the rounds,
ratios are ours over theirs, round by round. Memory is the largest sum of the proportional set
sizes (PSS) of a peer's processes, looked at twice a second. A worker's first fit takes longer than
its others: the difference is listed as the tracing, that of the slower worker.

    python benchmarks/search_speed.py                        # what is missing in the results
    python benchmarks/search_speed.py --images 500           # a trial, which writes nothing
    python benchmarks/search_speed.py scikeras 10000         # one measurement
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import pairwise
from statistics import median
from time import perf_counter, time
from typing import Any

import _own_process
from _keras_lenet5 import keras_lenet5

ROUNDS = 3
IMAGES = 10_000
EPOCHS = 3
LEARNING_RATES = [3e-4, 1e-3, 3e-3, 1e-2]
BATCH_SIZES = [64, 128, 256]
N_CANDIDATES = len(LEARNING_RATES) * len(BATCH_SIZES)
N_FOLDS = 3
# What each peer's processes import.
PEERS = {
    "skmnist": "skmnist",
    "skmnist-float32": "skmnist",
    "scikeras": "scikeras.wrappers",
    "skorch": "skorch",
    "keras": "keras",
}


def _folds() -> Any:
    from sklearn.model_selection import StratifiedKFold

    return StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)


def _as_float(X: Any) -> Any:
    return (X / 255.0).astype("float32")[..., None]


# -- the peers: an estimator, its images and the names of the two parameters ------------------


def ours(X: Any, dtype: str = "auto") -> tuple[Any, Any, str, str]:
    """Return our LeNet-5."""
    from skmnist import LeNetClassifier

    classifier = LeNetClassifier(
        epochs=EPOCHS, schedule="constant", augmentation=None, dtype=dtype, random_state=0
    )
    return classifier, X, "learning_rate", "batch_size"


def of_scikeras(X: Any) -> tuple[Any, Any, str, str]:
    """Return SciKeras's classifier."""
    from scikeras.wrappers import KerasClassifier

    classifier = KerasClassifier(
        keras_lenet5,
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
        epochs=EPOCHS,
        random_state=0,
        verbose=0,
    )
    return classifier, _as_float(X), "optimizer__learning_rate", "batch_size"


def torch_lenet5() -> Any:
    """Build LeNet-5 in PyTorch."""
    from torch import nn

    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    )


def of_skorch(X: Any) -> tuple[Any, Any, str, str]:
    """Return skorch's classifier."""
    import torch
    from skorch import NeuralNetClassifier

    classifier = NeuralNetClassifier(
        torch_lenet5,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=EPOCHS,
        train_split=None,
        verbose=0,
    )
    return classifier, _as_float(X).transpose(0, 3, 1, 2).copy(), "lr", "batch_size"


# -- one search --------------------------------------------------------------------------


def _imported(module: str) -> float:
    """Import a peer, and return the seconds that it took."""
    begun = perf_counter()
    import_module(module)
    if module == "skmnist":
        from skmnist._utils.backend import load_keras

        load_keras()
    return perf_counter() - begun


def _accuracy(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    """Return the accuracy, and when and where it was computed."""
    accuracy = float((estimator.predict(X) == y).mean())
    return {"accuracy": accuracy, "process": os.getpid(), "ended": time()}


def search(make: Any, module: str, X: Any, y: Any) -> tuple[float, list[float], dict[int, Any]]:
    """Search with two workers; return the accuracy, seconds of imports, and when tasks ended."""
    from joblib import Parallel, delayed
    from sklearn.model_selection import GridSearchCV

    imports = Parallel(n_jobs=2)(delayed(_imported)(module) for _ in range(2))
    estimator, X, rate, size = make(X)
    grid = {rate: LEARNING_RATES, size: BATCH_SIZES}
    found = GridSearchCV(
        estimator,
        grid,
        cv=_folds(),
        n_jobs=2,
        scoring=_accuracy,
        refit=False,
        error_score="raise",
    ).fit(X, y)
    results, ended = found.cv_results_, {}
    for fold in range(N_FOLDS):
        names = (f"split{fold}_test_process", f"split{fold}_test_ended")
        for process, moment in zip(*(results[name] for name in names), strict=True):
            ended.setdefault(int(process), []).append(float(moment))
    return float(results["mean_test_accuracy"].max()), imports, ended


def by_hand(module: str, X: Any, y: Any) -> tuple[float, list[float], dict[int, Any]]:
    """Search with raw Keras, as `search`, in this process."""
    imports = [_imported(module)]
    import keras

    X, ended, best = _as_float(X), [], 0.0
    for rate in LEARNING_RATES:
        for size in BATCH_SIZES:
            scores = []
            for train, test in _folds().split(X, y):
                keras.utils.clear_session()
                keras.utils.set_random_seed(0)
                model = keras_lenet5()
                model.compile(
                    keras.optimizers.Adam(rate),
                    "sparse_categorical_crossentropy",
                    metrics=["accuracy"],
                )
                model.fit(X[train], y[train], batch_size=size, epochs=EPOCHS, verbose=0)
                scores.append(model.evaluate(X[test], y[test], verbose=0)[1])
                ended.append(time())
            best = max(best, sum(scores) / N_FOLDS)
    return best, imports, {os.getpid(): ended}


SEARCHES = {
    "skmnist": lambda *data: search(ours, *data),
    "skmnist-float32": lambda *data: search(lambda X: ours(X, "float32"), *data),
    "scikeras": lambda *data: search(of_scikeras, *data),
    "skorch": lambda *data: search(of_skorch, *data),
    "keras": by_hand,
}


@contextmanager
def _memory_watched() -> Iterator[list[float]]:
    """Fill a list with the MB that this process and its workers have, twice a second."""
    import psutil

    seen, done, own = [0.0], threading.Event(), psutil.Process()

    def watch() -> None:
        while not done.wait(0.5):
            total = 0
            for process in (own, *own.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:  # has ended meanwhile
                    continue
            seen.append(total / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def measure(peer: str, n_images: int) -> dict[str, float]:
    """Search with a peer."""
    begun = time()
    from skmnist import fetch_mnist

    (X, y), _ = fetch_mnist()
    X, y = X[:n_images], y[:n_images].astype("int64")
    with _memory_watched() as memory:
        loaded = time()
        accuracy, imports, ended = SEARCHES[peer](PEERS[peer], X, y)
        seconds = time() - loaded
    tasks = {process: sorted(moments) for process, moments in ended.items()}
    later = [b - a for moments in tasks.values() for a, b in pairwise(moments)]
    searching = max(max(moments) for moments in tasks.values()) - loaded - max(imports)
    first = max(min(moments) for moments in tasks.values()) - loaded - max(imports)
    return {
        "candidates_per_minute": round(60 * N_CANDIDATES / seconds, 2),
        "peak_memory_mb": round(max(memory)),
        "accuracy": round(100 * accuracy, 2),
        "seconds": round(seconds, 1),
        "seconds_loading_data": round(loaded - begun, 1),
        "seconds_importing": round(max(imports), 1),
        "seconds_tracing": round(max(0.0, first - median(later)), 1),
        "seconds_fitting": round(searching - max(0.0, first - median(later)), 1),
        "seconds_per_fit": round(median(later), 2),
    }


# -- all of them -------------------------------------------------------------------------


def summary(rounds: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Return the medians over the rounds that are whole, and the ratios."""
    whole = [turn for turn in rounds.values() if turn.keys() == PEERS.keys()]
    if not whole:
        return {}

    def ratio(peer: str, figure: str) -> float:
        return round(median(turn["skmnist"][figure] / turn[peer][figure] for turn in whole), 2)

    return {
        peer: {
            **{name: median(turn[peer][name] for turn in whole) for name in whole[0][peer]},
            "ours_over_this": ratio(peer, "candidates_per_minute"),
            "our_memory_over_this": ratio(peer, "peak_memory_mb"),
        }
        for peer in PEERS
    }


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] in PEERS:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
        return
    trial = sys.argv[1] == "--images" if len(sys.argv) > 1 else False
    n_images, n_rounds = (int(sys.argv[2]), 1) if trial else (IMAGES, ROUNDS)
    rounds = {} if trial else _own_process.measured("search_speed").get("rounds", {})
    for number in map(str, range(n_rounds)):
        for peer in PEERS:
            if peer in rounds.get(number, {}):
                continue
            figures = _own_process.measure(__file__, peer, n_images)
            rounds.setdefault(number, {})[peer] = figures
            print(f"{number} {peer:16} {figures}", flush=True)
            if not trial:
                _own_process.save(
                    "search_speed",
                    __doc__.partition("\n\n    python")[0],
                    {"summary": summary(rounds), "rounds": rounds},
                )
    for peer, figures in summary(rounds).items():
        print(f"{peer:16} {figures}")


if __name__ == "__main__":
    main()
