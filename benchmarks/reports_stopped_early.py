"""The four networks of bejar-cnn3, which differ only in when they stop: one fit gives all four.

With one seed they hold out the same images, start with the same weights and go through the same
epochs; early stopping only determines where each stops on this curve, and which of its epochs it
keeps. So the longest of them is trained, judged on the test set after each epoch, and the others'
figures are taken from its epochs. The rows are those of ``reports.py``, whose protocol applies
otherwise.

    python benchmarks/reports_stopped_early.py            # what the results don't have yet
    python benchmarks/reports_stopped_early.py --seed 0   # one fit
"""

import argparse
import json
from time import perf_counter
from typing import Any

import _own_process
from reports import PROTOCOL, SEEDS, joined, missing

from skmnist.training._loop import Lowest

PLAIN = "bejar-cnn3"
STOPPED = (
    f"{PLAIN}-early-stopping",
    f"{PLAIN}-early-stopping-coarse",
    f"{PLAIN}-early-stopping-hasty",
)


def stops(classifier: Any, losses: list[float]) -> tuple[int, int] | None:
    """Return the epoch where training stops and the one that is kept; None if it continues."""
    if not classifier.early_stopping:
        return (classifier.epochs,) * 2 if len(losses) >= classifier.epochs else None
    judged, best = Lowest(classifier.tol), 0
    for epoch, loss in enumerate(losses[: classifier.epochs], start=1):
        best = epoch if judged.improves(loss) else best
        if judged.waited >= classifier.n_iter_no_change or epoch == classifier.epochs:
            return epoch, best
    return None


def curve(classifiers: list[Any], X_test: Any, y_test: Any) -> Any:
    """Return a callback that records each epoch, and ends training when all have stopped."""
    import keras
    from sklearn.metrics import log_loss

    class Curve(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[dict[str, float]] = []
            self._start = perf_counter()

        def __deepcopy__(self, memo: Any) -> Any:
            return self  # estimators copy their callbacks

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seconds = perf_counter() - self._start
            outputs = self.model.predict(X_test, batch_size=512, verbose=0)
            outputs = outputs.astype(float) / outputs.sum(axis=1, keepdims=True, dtype=float)
            judged = {
                "measured": round(100 * float((outputs.argmax(1) == y_test).mean()), 2),
                "test_loss": round(float(log_loss(y_test, outputs)), 5),
                "fit_seconds": round(seconds, 1),
            }
            self.epochs.append({**logs, **judged})
            losses = [one["val_loss"] for one in self.epochs]
            self.model.stop_training = all(stops(c, losses) for c in classifiers)

    return Curve()


def run_one(seed: int) -> list[dict[str, Any]]:
    """Train one network; return one row per recipe."""
    import numpy as np

    from skmnist import fetch_mnist, recipe

    (X, y), (X_test, y_test) = fetch_mnist()
    classifiers = [recipe(name) for name in (PLAIN, *STOPPED)]
    note = curve(classifiers, (X_test / np.float32(255))[..., None], y_test)
    # Without early stopping, as the callback ends the training.
    network = recipe(STOPPED[0]).set_params(
        early_stopping=False, random_state=seed, callbacks=[note]
    )
    network.fit(X, y)
    losses = [epoch["val_loss"] for epoch in note.epochs]
    rows = []
    for name, classifier in zip((PLAIN, *STOPPED), classifiers, strict=True):
        stopped, kept = stops(classifier, losses)
        last, best = note.epochs[stopped - 1], note.epochs[kept - 1]
        rows.append(
            {
                "recipe": name,
                "random_state": seed,
                "n_judged": len(y_test),
                "n_parameters": network.n_parameters_,
                "measured": best["measured"],
                "test_loss": best["test_loss"],
                "training_accuracy": round(100 * last["accuracy"], 3),
                "training_loss": round(last["loss"], 5),
                "n_epochs": stopped,
                "best_epoch": 1 + int(np.argmin(losses[:stopped])) if name == PLAIN else kept,
                "fit_seconds": last["fit_seconds"],
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    if arguments.seed is not None:
        print(json.dumps({"rows": run_one(arguments.seed)}))
        return
    rows = [(name, seed) for name in (PLAIN, *STOPPED) for seed in SEEDS]
    jobs = [("--seed", seed) for seed in sorted({seed for _, seed in missing(rows)})]
    for result in _own_process.measure_on_cores(__file__, jobs):
        for row in result["rows"]:
            summary = joined(row["recipe"], row)
            print(row["recipe"], summary, flush=True)
            _own_process.update("reports", PROTOCOL, {row["recipe"]: summary})


if __name__ == "__main__":
    main()
