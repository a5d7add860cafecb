"""Epochs of a search: all candidates in full, by successive halving, and by halving that goes on.

Protocol: 30 random candidates of `param_space` for a dense network of a constant schedule, 27
epochs at most, 2,000 MNIST images in 3 stratified folds, judged by their accuracy. "full" trains
every candidate for 27 epochs; "halving" is scikit-learn's HalvingRandomSearchCV with
resource="epochs" and factor=3, whose rounds begin again; "going on" is the same with a
CheckpointFolder. The epochs are those that were trained, counted in the training loop, over all
folds; without the refit. What a search has chosen is judged by its place in the full search, and,
fitted on all 2,000 images for 27 epochs, on the 10,000 test images.

    python benchmarks/halving.py                 # everything, and writes the results
    python benchmarks/halving.py --trial         # few images and epochs; writes nothing
"""

import sys
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import _own_process
import numpy as np
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    ParameterSampler,
    StratifiedKFold,
)

from skmnist import CheckpointFolder, DNNClassifier, fetch_mnist, param_space
from skmnist.training._backends.trainer import AbstractTrainer

N_CANDIDATES = 30
EPOCHS, IMAGES = 27, 2_000
CV = StratifiedKFold(3, shuffle=True, random_state=0)


class Epochs:
    """Counts the epochs that are trained in this process."""

    def __init__(self) -> None:
        self.n = 0
        run = AbstractTrainer.run_epoch

        def counted(*arguments: Any) -> Any:
            self.n += 1
            return run(*arguments)

        AbstractTrainer.run_epoch = counted  # type: ignore[method-assign]


def searches(folder: str, epochs: int) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return the searches and what their `fit` is given."""
    network = DNNClassifier(schedule="constant", dtype="float32", random_state=0)
    space = param_space(network)
    candidates = ParameterSampler(space, N_CANDIDATES, random_state=0)
    grid = [{name: [value] for name, value in each.items()} for each in candidates]
    common = {"cv": CV, "refit": False, "error_score": "raise"}
    halving = HalvingRandomSearchCV(
        network,
        space,
        n_candidates=N_CANDIDATES,
        resource="epochs",
        max_resources=epochs,
        factor=3,
        random_state=0,
        **common,
    )
    going_on = {"checkpoint": CheckpointFolder(folder), "resume": True}
    return {
        "full": (GridSearchCV(network.set_params(epochs=epochs), grid, **common), {}),
        "halving": (halving, {}),
        "going on": (halving, going_on),
    }


def main() -> None:
    trial = "--trial" in sys.argv
    n_images, epochs = (300, 9) if trial else (IMAGES, EPOCHS)
    (X, y), (X_test, y_test) = fetch_mnist()
    X, y = X[:n_images], y[:n_images]
    counted, found, measurements = Epochs(), {}, {}
    with TemporaryDirectory() as folder:
        for name, (search, given) in searches(folder, epochs).items():
            counted.n, started = 0, perf_counter()
            results = search.fit(X, y, **given).cv_results_
            seconds, n = perf_counter() - started, counted.n
            scores, rounds = results["mean_test_score"], results.get("iter", np.zeros(1))
            best = np.flatnonzero(rounds == rounds.max())[
                scores[-sum(rounds == rounds.max()) :].argmax()
            ]
            best = int(scores.argmax()) if name == "full" else int(best)
            found[name] = {k: v for k, v in results["params"][best].items() if k != "epochs"}
            chosen = DNNClassifier(schedule="constant", dtype="float32", random_state=0)
            chosen.set_params(**found[name], epochs=epochs).fit(X, y)
            measurements[name] = {
                "epochs": n,
                "seconds": round(seconds, 1),
                "chosen": {k: str(v) for k, v in found[name].items()},
                "test_accuracy": round(100 * chosen.score(X_test, y_test), 2),
            }
            if name == "full":
                of_all = list(zip(results["params"], scores, strict=True))
            place = next(s for p, s in of_all if p == found[name])
            measurements[name] |= {
                "accuracy_in_full_search": round(100 * float(place), 2),
                "place_in_full_search": 1 + sum(bool(score > place) for _, score in of_all),
            }
            print(f"{name:10} {measurements[name]}", flush=True)
    if not trial:
        _own_process.save("halving", __doc__.partition("\n\n    python")[0], measurements)


if __name__ == "__main__":
    main()
