"""The networks of five student reports, and of one on reviews: reported figures beside ours.

Protocol: each recipe is trained as in its report, on the report's split, and judged once by the
report's measure (``skmnist.reproduce``); networks with several seeds, each in a fresh process. Fits
ran one per core, side by side, so their times only show the order of magnitude. The target is that
the mean reaches the reported figure. Recipes of more than ten minutes on two cores run with one
seed, and so do the reports' next steps, whose figures are from papers.

    python benchmarks/reports.py                         # what the results don't have yet
    python benchmarks/reports.py martin-dnn bueno-relu   # the same, of these recipes only
    python benchmarks/reports.py martin-dnn --again      # even if the results have it
    python benchmarks/reports.py --seeds 0               # the first seed only
    python benchmarks/reports.py martin-dnn --seed 0     # one fit
"""

import argparse
import json
from statistics import fmean, stdev
from typing import Any

import _own_process

from skmnist.recipes import RECIPES, verdict

PROTOCOL = __doc__.partition("\n\n    python")[0]
# Shortest first. VGG16 starts with downloaded weights.
LONG = ("bejar-keras-cnn-augmented", "martin-cnn", "portillo-v3")
NEXT_STEPS = ("capsnet", "resnet", "alexnet")
BASELINES = ("tfidf",)  # without random numbers
LONGEST = ("navarro-triple", "navarro-double", "navarro-vgg16", "navarro-vgg16-augmented")
NAMES = (
    *("bueno-perceptron", "bueno-circles", "bueno-relu", "bueno-sigmoid"),
    *(
        "bueno-imdb-cnn",
        "bueno-imdb-dense",
        "portillo-v1",
        "bejar-mlp",
        "bejar-cnn1",
        "portillo-v2",
    ),
    *("martin-dnn", "bejar-cnn2b", "bejar-cnn2a", "navarro-lenet5", "bejar-keras-cnn"),
    *("bejar-cnn3", "bejar-cnn3-early-stopping", "bejar-cnn3-early-stopping-coarse"),
    "bejar-cnn3-early-stopping-hasty",
    *BASELINES,
    *NEXT_STEPS,
    *LONG,
    *LONGEST,
)
ONE_SEED = BASELINES + NEXT_STEPS + LONG + LONGEST
SEEDS = (0, 1, 2)


def run_one(name: str, seed: int) -> dict[str, Any]:
    """Reproduce one recipe with one seed."""
    from skmnist import reproduce

    result = reproduce(name, random_state=seed, verbose=0)
    network = result.network
    return result.row | ({} if network is None else {"best_epoch": network.best_epoch_})


def joined(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Add a row to the known ones of the same recipe; summarise all its seeds."""
    known = _own_process.measured("reports").get(name, {}).get("seeds", {})
    seeds = {**known, str(row["random_state"]): _of_one_seed(row)}
    return {**summary(name, seeds, row["n_judged"]), "n_parameters": row["n_parameters"]}


def summary(name: str, seeds: dict[str, Any], n_judged: int) -> dict[str, Any]:
    """Summarise all seeds of a recipe."""
    recipe = RECIPES[name]
    figures = [seed["measured"] for seed in seeds.values()]
    return {
        "measure": recipe.measure,
        "reported": recipe.figure,
        "mean": round(fmean(figures), recipe.decimals + 1),
        "sd": round(stdev(figures), recipe.decimals + 1) if len(figures) > 1 else None,
        "verdict": verdict(recipe, figures, n_judged),
        "n_judged": n_judged,
        "seeds": dict(sorted(seeds.items())),
    }


_FIGURES_OF_SEED = (
    *("measured", "test_loss", "training_accuracy", "training_loss"),
    *("n_epochs", "best_epoch", "fit_seconds"),
)


def _of_one_seed(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in _FIGURES_OF_SEED if key in row}


def missing(jobs: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the jobs that the results don't have yet."""
    known = _own_process.measured("reports")
    return [
        (name, seed) for name, seed in jobs if str(seed) not in known.get(name, {}).get("seeds", {})
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(NAMES))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--again", action="store_true")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        print(json.dumps(run_one(arguments.names[0], arguments.seed)))
        return
    jobs = [
        (name, seed)
        for name in arguments.names
        for seed in (arguments.seeds if name not in ONE_SEED else arguments.seeds[:1])
    ]
    jobs = jobs if arguments.again else missing(jobs)
    runs = _own_process.measure_on_cores(__file__, [(n, "--seed", seed) for n, seed in jobs])
    for (name, _), row in zip(jobs, runs, strict=True):
        summary = joined(name, row)
        print(name, summary, flush=True)
        _own_process.update("reports", PROTOCOL, {name: summary})


if __name__ == "__main__":
    main()
