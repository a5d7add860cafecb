"""Accuracy on full MNIST of every classifier of this package, and its times.

Protocol: every recipe was chosen on the last 10,000 training images (choose_recipes.py,
choose_classical.py, choose_committee.py), never on the test set; here it is fitted on all 60,000
training images and tested once on the 10,000 test images. Classifiers that draw random numbers are
fitted with several seeds, each in a fresh process. The first seed runs alone on the machine and
gives the times: of the fit, including compilation but not imports and reading, and of predicting
the test images. The other seeds run one per core and give only their accuracy, as do all seeds of
classifiers without times so far. The interval is Wilson's, 95 %, of the mean accuracy on 10,000
images.

Published committees with 99.87 to 99.91 % were selected on the test set (their code evaluates every
triple of networks on it), so the figures here can't be compared with theirs.

    python benchmarks/accuracy.py                # all of them, and writes the results
    python benchmarks/accuracy.py svm-best cnn   # these, into the results of the same machine
    python benchmarks/accuracy.py --only alone   # the first seeds, with times
    python benchmarks/accuracy.py cnn --core 1   # on one core, beside other work: seeds that are
                                                 # not measured yet, without times
    python benchmarks/accuracy.py cnn --seed 0   # one fit
"""

import argparse
import json
from collections.abc import Iterator
from statistics import fmean, stdev
from time import perf_counter
from typing import Any

import _own_process

# Numbers of seeds; classifiers without random numbers have one.
SEEDS = {
    "svm": 1,
    "knn": 1,
    "random-forest": 5,
    "gradient-boosting": 5,
    "svm-best": 1,
    "knn-best": 1,
    "forest-best": 5,
    "gradient-boosting-best": 5,
    "ridge-best": 5,
    "dnn": 5,
    "lenet": 5,
    "cnn-fast": 5,
    "cnn-quick": 5,
    "cnn-brisk": 5,
    "cnn": 5,
    "cnn-best": 5,
    "committee": 5,
    "stack": 3,
    "stack-soft-vote": 3,
    "committee-architectures": 1,
    "stack-architectures": 1,
}


def run_one(name: str, seed: int) -> dict[str, float]:
    """Fit and test one recipe."""
    from skmnist import fetch_mnist, recipe
    from skmnist._utils.backend import load_keras
    from skmnist.comparison._measure import seeded

    load_keras()
    (X, y), (X_test, y_test) = fetch_mnist()
    classifier = seeded(recipe(name), seed)
    _use_all_cores(classifier)
    start = perf_counter()
    classifier.fit(X, y)
    fitted = perf_counter()
    accuracy = 100 * classifier.score(X_test, y_test)
    return {
        "seed": seed,
        "accuracy": round(accuracy, 2),
        "fit_seconds": round(fitted - start, 1),
        "predict_seconds": round(perf_counter() - fitted, 2),
    }


def _use_all_cores(classifier: Any) -> None:
    """Set the outermost ``n_jobs`` of a classifier, so that workers don't start workers."""
    jobs = [
        name
        for name in classifier.get_params()
        # Sending all features to a union's workers takes longer than their work.
        if name.split("__")[-1] == "n_jobs" and "featureunion" not in name
    ]
    outermost = min((name.count("__") for name in jobs), default=0)
    classifier.set_params(**{name: -1 for name in jobs if name.count("__") == outermost})


def run_alone(name: str) -> dict[str, Any]:
    """Run the first seed alone on the machine."""
    alone = _own_process.measure(__file__, name, "--seed", 0)
    times = {key: alone[key] for key in ("fit_seconds", "predict_seconds")}
    return {**times, "accuracies": {"0": alone["accuracy"]}}


def run_on_cores(name: str) -> dict[str, Any]:
    """Run the other seeds, one per core."""
    seeds = range(1, SEEDS[name])
    jobs = [[name, "--seed", seed] for seed in seeds]
    runs = _own_process.measure_on_cores(__file__, jobs)
    return {"accuracies": {str(run["seed"]): run["accuracy"] for run in runs}}


def run_beside_others(name: str, core: int) -> Iterator[dict[str, Any]]:
    """Run the seeds that are not measured yet on one core, one after the other."""
    known = _own_process.measured("accuracy").get(name, {}).get("accuracies", {})
    for seed in range(SEEDS[name]):
        if str(seed) not in known:
            run = _own_process.measure(__file__, name, "--seed", seed, core=core)
            yield {"accuracies": {str(seed): run["accuracy"]}}


def joined(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Add a row to the known ones of the same classifier; summarise all its seeds."""
    from skmnist.comparison import wilson_interval

    old = _own_process.measured("accuracy").get(name, {})
    by_seed = {**old.get("accuracies", {}), **row["accuracies"]}
    accuracies = [by_seed[seed] for seed in sorted(by_seed)]
    mean = fmean(accuracies)
    low, high = wilson_interval(round(100 * mean), 10_000)
    return {
        **old,
        **row,
        "accuracies": dict(sorted(by_seed.items())),
        "accuracy_mean": round(mean, 3),
        "accuracy_sd": round(stdev(accuracies), 3) if len(accuracies) > 1 else None,
        "interval": [round(100 * low, 2), round(100 * high, 2)],
    }


def runs_of(name: str, only: str | None, core: int | None) -> Iterator[dict[str, Any]]:
    """Run the requested parts of a recipe's measurements."""
    if core is not None:
        yield from run_beside_others(name, core)
        return
    if only in (None, "alone"):
        yield run_alone(name)
    if only in (None, "on-cores") and SEEDS[name] > 1:
        yield run_on_cores(name)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(SEEDS))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", choices=["alone", "on-cores"])
    parser.add_argument("--core", type=int)
    arguments = parser.parse_args()
    if arguments.seed is not None:
        print(json.dumps(run_one(arguments.names[0], arguments.seed)))
        return
    for name in arguments.names:
        for run in runs_of(name, arguments.only, arguments.core):
            row = joined(name, run)
            print(f"{name:16}", row, flush=True)
            _own_process.update("accuracy", __doc__.partition("\n\n    python")[0], {name: row})


if __name__ == "__main__":
    main()
