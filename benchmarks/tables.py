"""The tables of README.md, made of the committed results: no figure is typed by hand.

python benchmarks/tables.py           # write them
python benchmarks/tables.py --check   # fail if README.md has others
"""

import json
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from skmnist.recipes import RECIPES
from skmnist.recipes._reports import REPORTS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
_SAME_AS = {"cnn": "CNNClassifier", "lenet": "LeNetClassifier", "dnn": "DNNClassifier"}
_FEW = "10", "100", "1000"
_HEADS = {
    "svm": "SVM",
    "knn": "nearest neighbours",
    "random_forest": "random forest",
    "gradient_boosting": "gradient boosting",
}


@cache
def measurements(name: str) -> Any:
    """Read the measurements of one benchmark; none if it hasn't run yet."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text())["measurements"] if path.exists() else {}


def as_markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Draw a table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plus_minus(mean: float, sd: float | None, decimals: int = 2) -> str:
    spread = "" if sd is None else f" ± {sd:.{decimals}f}"
    return f"{mean:.{decimals}f}{spread}"


def seeds(n: int) -> str:
    return f" ({n} seed{'s' if n > 1 else ''})"


# -- the tables ---------------------------------------------------------------------------------


def accuracy() -> str:
    """Draw the table of our own recipes on full MNIST, the best first."""
    found = measurements("accuracy")
    rows = []
    for name in sorted(found, key=lambda name: -found[name]["accuracy_mean"]):
        row = found[name]
        same = f", the same as `{_SAME_AS[name]}()`" if name in _SAME_AS else ""
        n = len(row["accuracies"])
        rows.append(
            [
                f"`{name}`{same}",
                plus_minus(row["accuracy_mean"], row["accuracy_sd"]) + (seeds(n) if n > 1 else ""),
                f"{row['fit_seconds']:.0f} s" if "fit_seconds" in row else "",
                f"{row['predict_seconds']:.1f} s" if "predict_seconds" in row else "",
            ]
        )
    return as_markdown(["recipe", "test accuracy, %", "fit", "predict 10,000"], rows)


def few_labels() -> str:
    """Draw the table of classifiers that learn from few images."""
    found = measurements("few_labels")

    def best(name: str) -> float:
        return -found[name]["100"]["accuracy_mean"]

    rows = []
    for name in sorted(found, key=best):
        cells = [
            plus_minus(found[name][n]["accuracy_mean"], found[name][n]["accuracy_sd"])
            if n in found[name]
            else ""
            for n in _FEW
        ]
        rows.append([f"`{name}`", *cells])
    return as_markdown(["", *(f"{int(n):,} of each class" for n in _FEW)], rows)


def reports() -> str:
    """Draw the table of the reports' networks, and of what the reports name as a next step."""
    found = measurements("reports")
    names = [*REPORTS, *(name for name in RECIPES if name not in REPORTS)]
    rows = []
    for name in names:
        if name not in found:
            continue
        recipe, row = RECIPES[name], found[name]
        reported = recipe.figure_text + ("" if recipe.figure is None else recipe.unit)
        here = plus_minus(row["mean"], row["sd"], recipe.decimals)
        here += recipe.unit if recipe.figure is None else ""
        verdict = (row["verdict"] or "") + against_keras(name)
        rows.append([f"`{name}`", reported, here + seeds(len(row["seeds"])), verdict])
    return as_markdown(["recipe", "reported", "here", ""], rows)


def against_keras(name: str) -> str:
    """Compare with what the report's own Keras code reached on this machine, where it was run."""
    study = measurements("against_keras").get(name, {})
    if "p" not in study:
        return ""
    ours, theirs = (
        plus_minus(study[trainer]["mean"], study[trainer]["sd"]) for trainer in ("skmnist", "keras")
    )
    epochs = f"{2 * study['epochs'] // 5 + 1} to {study['epochs']}"
    return f"; in epochs {epochs} {ours}, the report's Keras code {theirs} (p = {study['p']:.2f})"


def feature_study() -> str:
    """Draw the table of classical classifiers on the features of networks."""
    rows = []
    for name, by_size in measurements("feature_study").items():
        for size, row in by_size.items():
            cells = [
                plus_minus(row["mean"][head], (row["sd"] or {}).get(head))
                if head in row["mean"]
                else ""
                for head in ("network", *_HEADS)
            ]
            images = f"{int(size):,}{seeds(len(row['seeds']))}"
            rows.append([name if name == "pixels" else f"`{name}`", images, *cells])
    return as_markdown(["features of", "images", "the network", *_HEADS.values()], rows)


def speed() -> str:
    """Draw the table of times beside those of peers."""
    training, latency = measurements("training_speed"), measurements("prediction_latency")
    memory = measurements("memory_and_reuse")

    def rate(network: str, peer: str) -> str:
        return f"{training[network][peer]['images_per_second']:,}"

    def one(network: str, peer: str) -> str:
        milliseconds = latency[network][peer]["one_image_p50_ms"]
        return f"{milliseconds:.2f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"

    def many(peer: str) -> str:
        return f"{latency['keras-cnn'][peer]['10000_images_ms'] / 1000:.2f} s"

    cnn, dense, lenet = "keras-cnn", "dense", "lenet"
    rows = [
        [
            "training, Keras's example CNN, images per second",
            f"{rate(cnn, 'skmnist')} (float32: {rate(cnn, 'skmnist-float32')})",
            f"SciKeras {rate(cnn, 'scikeras')}; Keras's own `fit` {rate(cnn, 'keras')}; "
            f"skorch {rate(cnn, 'skorch')}",
        ],
        [
            "training, dense 512-512, images per second",
            rate(dense, "skmnist"),
            f"SciKeras {rate(dense, 'scikeras')}; `MLPClassifier` {rate(dense, 'mlp')}",
        ],
        [
            "training, LeNet-5, images per second",
            rate(lenet, "skmnist"),
            f"Keras's own `fit` {rate(lenet, 'keras')}",
        ],
        [
            "predicting one image, example CNN, median",
            one(cnn, "skmnist"),
            f"skorch {one(cnn, 'skorch')}; SciKeras {one(cnn, 'scikeras')}",
        ],
        [
            "predicting one image, dense 100, median",
            one("dense-100", "skmnist"),
            f"`MLPClassifier` {one('dense-100', 'mlp')}",
        ],
        [
            "predicting 10,000 images, example CNN",
            many("skmnist"),
            f"SciKeras {many('scikeras')}; skorch {many('skorch')}",
        ],
        [
            "memory while fitting 60,000 images, over the loaded process",
            f"{memory['peak_mb']} MB",
            "",
        ],
        ["a further fit of an equal network, of one step", f"{memory['second_fit_ms']:.0f} ms", ""],
    ]
    return as_markdown(["", "here", "elsewhere"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "accuracy": accuracy,
    "feature_study": feature_study,
    "few_labels": few_labels,
    "reports": reports,
    "speed": speed,
}


def with_tables(text: str) -> str:
    """Put each table between its marks."""
    for name, draw in TABLES.items():
        start, end = f"<!-- table: {name} -->\n\n", "\n\n<!-- end of table -->"
        before, found, rest = text.partition(start)
        _, also_found, after = rest.partition(end)
        if not (found and also_found):
            raise SystemExit(f"README.md has no place for the table {name!r}: {start}...{end}")
        text = "".join([before, start, draw(), end, after])
    return text


def main() -> None:
    text = README.read_text()
    new = with_tables(text)
    if "--check" not in sys.argv:
        README.write_text(new)
    elif new != text:
        raise SystemExit("README.md has other tables; run python benchmarks/tables.py.")


if __name__ == "__main__":
    main()
