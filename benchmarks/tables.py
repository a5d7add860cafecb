"""The tables of README.md and docs/, made from the committed results: no figure is typed by hand.

python benchmarks/tables.py           # write them
python benchmarks/tables.py --check   # fail if a page's tables are out of date
"""

import json
import re
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from skmnist.recipes import RECIPES
from skmnist.recipes._reports import REPORTS

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
_SAME_AS = {"cnn": "CNNClassifier", "lenet": "LeNetClassifier", "dnn": "DNNClassifier"}
# Our recipes that the README shows; docs/results.md shows all of them.
_IN_SHORT = "committee", "cnn", "svm-best", "cnn-fast", "lenet", "dnn", "knn", "random-forest"
_FEW = "10", "100", "1000"
_HEADS = {
    "svm": "SVM",
    "knn": "nearest neighbours",
    "random_forest": "random forest",
    "gradient_boosting": "gradient boosting",
}
_PEERS = {
    "skmnist": "skmnist",
    "keras": "Keras's `fit`",
    "scikeras": "SciKeras",
    "skorch": "skorch",
    "mlp": "`MLPClassifier`",
}


@cache
def measurements(name: str) -> Any:
    """Return the measurements of one benchmark; none if it hasn't run yet."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text())["measurements"] if path.exists() else {}


def as_markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
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
    """Return the table of all of our recipes on full MNIST, the best first."""
    return _accuracy(measurements("accuracy"))


def accuracy_in_short() -> str:
    """Return that table for a few of them."""
    found = measurements("accuracy")
    return _accuracy({name: found[name] for name in _IN_SHORT if name in found})


def _accuracy(found: dict[str, Any]) -> str:
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
    """Return the table of classifiers that learn from few images."""
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
    """Return the table of the reports' networks, and of those that they name as next steps."""
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
    """Return a comparison with the report's Keras code on this machine, if that was run."""
    study = measurements("against_keras").get(name, {})
    if "p" not in study:
        return ""
    ours, theirs = (
        plus_minus(study[trainer]["mean"], study[trainer]["sd"]) for trainer in ("skmnist", "keras")
    )
    epochs = f"{2 * study['epochs'] // 5 + 1} to {study['epochs']}"
    return f"; in epochs {epochs} {ours}, the report's Keras code {theirs} (p = {study['p']:.2f})"


def feature_study() -> str:
    """Return the table of classical classifiers on the features of networks."""
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
    """Return the table of times and memory, beside peers."""
    memory = measurements("memory_and_reuse")
    rows = [
        *_training_rows(),
        *_prediction_rows(),
        ["memory while fitting 60,000 images, over the loaded process", f"{memory['peak_mb']} MB"],
        ["a further fit of an equal network, of one step", f"{memory['second_fit_ms']:.0f} ms"],
    ]
    return _beside_peers(rows)


def speed_in_short() -> str:
    """Return that table for the two best-known networks."""
    training, in_float32, dense, _ = _training_rows()
    one_image, many_images, _ = _prediction_rows()
    return _beside_peers([training, in_float32, dense, many_images, one_image])


def _beside_peers(rows: Iterable[list[str]]) -> str:
    head = ["", *_PEERS.values()]
    return as_markdown(head, ([*row, *[""] * (len(head) - len(row))] for row in rows))


def _training_rows() -> list[list[str]]:
    found = measurements("training_speed")

    def row(what: str, network: str, peers: Iterable[str] = _PEERS) -> list[str]:
        rates = (found[network].get(peer) for peer in peers)
        return [what, *(f"{rate['images_per_second']:,}" if rate else "" for rate in rates)]

    return [
        row("training Keras's example CNN, images per second", "keras-cnn"),
        row("the same in float32, as the others train", "keras-cnn", ["skmnist-float32"]),
        row("training a dense network 512-512, images per second", "dense"),
        row("training LeNet-5, images per second", "lenet"),
    ]


def _prediction_rows() -> list[list[str]]:
    found = measurements("prediction_latency")

    def row(what: str, network: str, as_text: Callable[[dict[str, float]], str]) -> list[str]:
        peers = (found[network].get(peer) for peer in _PEERS)
        return [what, *(as_text(peer) if peer else "" for peer in peers)]

    def one_image(peer: dict[str, float]) -> str:
        milliseconds = peer["one_image_p50_ms"]
        return f"{milliseconds:.2f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"

    def many_images(peer: dict[str, float]) -> str:
        return f"{peer['10000_images_ms'] / 1000:.2f} s"

    return [
        row("predicting one image, example CNN, median", "keras-cnn", one_image),
        row("predicting 10,000 images, example CNN", "keras-cnn", many_images),
        row("predicting one image, dense network 100, median", "dense-100", one_image),
    ]


def own_network_speed() -> str:
    """Return how fast a network of the user's own is trained here and by others."""
    peers = {"own": "`KerasClassifier`", "class": "our class of that network"}
    peers |= {name: _PEERS[name] for name in ("scikeras", "keras")}
    networks = {
        "lenet": "LeNet-5",
        "dense": "dense network 512-512",
        "keras-cnn": "Keras's example CNN",
    }
    found = measurements("own_network_speed")
    rows = []
    for network, what in networks.items():
        if network in found:
            rates = (f"{found[network][peer]['images_per_second']:,}" for peer in peers)
            ratio = found[network]["scikeras"]["own_over_this"]
            rows.append([what, *rates, f"{ratio:.2f}"])
    head = ["images per second, float32", *peers.values(), "`KerasClassifier` over SciKeras"]
    return as_markdown(head, rows)


def exported_speed() -> str:
    """Return how long exported networks take for one image, and until the first answer."""
    found = measurements("exported_speed")
    of_images, starts, suffixes = found["one_image_us"], found["first_answer_s"], ("onnx", "tflite")
    recipes = dict.fromkeys(name.rpartition(".")[0] for name in of_images)
    rows = [
        [
            f"`{name}`, one image",
            *(f"{of_images[f'{name}.{s}']['median_of_fastest_round']:.0f} µs" for s in suffixes),
            "",
        ]
        for name in recipes
    ]
    seconds = (f"{starts[s]['wall']:.2f} s" for s in (*suffixes, "safetensors"))
    rows.append(["a new process until its first answer", *seconds])
    return as_markdown(["", ".onnx", ".tflite", "`skmnist.load`"], rows)


def arena() -> str:
    """Tabulate the accuracy of every classifier on every data set of the arena."""
    found = measurements("arena")
    data_sets = list(dict.fromkeys(key.split()[0] for key in found))
    names = list(dict.fromkeys(key.split()[1] for key in found))
    rows = [
        [
            _PEERS.get(name, f"`{name}`"),
            *(_in_arena(found.get(f"{data} {name}")) for data in data_sets),
        ]
        for name in names
    ]
    return as_markdown(["", *data_sets], rows)


def _in_arena(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    return plus_minus(found["accuracy_mean"], found.get("accuracy_sd"), decimals=1)


def accuracy_on_pictures() -> str:
    """Tabulate the accuracy of the default network and of recipes on other data sets than MNIST."""
    rows = []
    for name, found in measurements("accuracy_on_pictures").items():
        accuracy = plus_minus(found["accuracy_mean"], found["accuracy_sd"])
        is_recipe = name in RECIPES
        rows.append(
            [
                RECIPES[name].data if is_recipe else name,
                f"`{name}`" if is_recipe else "`CNNClassifier()`",
                accuracy + seeds(len(found["runs"])),
                f"{found['fit_seconds'] / 60:.1f} min",
            ]
        )
    return as_markdown(["data set", "classifier", "test accuracy, %", "fit"], rows)


def defaults() -> str:
    """Tabulate the candidates for the default network."""
    rows = []
    for name, found in measurements("choose_defaults").items():
        data, n, candidate = re.split(r"-(\d{5})-", name)
        accuracy = f"{found['held_out_accuracy']:.2f}"
        rows.append([data, f"{int(n):,}", candidate, f"{found['n_parameters']:,}", accuracy])
    head = ["data set", "training images", "candidate", "parameters", "held out, %"]
    return as_markdown(head, rows)


def cluster() -> str:
    """Tabulate what a task costs on a Dask cluster."""
    rows = [
        [
            f"{n} of 2 threads",
            f"{row['start_s']:.0f} s",
            f"{row['first_mb'] / row['data_mb']:.1f}",
            f"{row['overhead_ms']:.0f} ms",
            f"{row['kb_a_task']:.0f} kB",
            f"{row['fits_a_minute']:.0f}",
        ]
        for n, row in measurements("cluster").items()
    ]
    head = ["workers", "start", "copies of the data sent", "overhead a task", "bytes a task"]
    return as_markdown([*head, "fits a minute"], rows)


def cluster_on_paper() -> str:
    """Extrapolate the table of the cluster to 100 workers and 30,000 tasks."""
    n_workers, n_tasks = 100, 30_000
    rows = []
    for row in list(measurements("cluster").values())[-1:]:
        overhead_h = n_tasks * row["overhead_ms"] / 1e3 / 3600
        sent_gb = n_tasks * row["kb_a_task"] / 1e6
        for seconds in (0.5, 5, 60):
            alone_h = n_tasks * seconds / n_workers / 3600
            rows.append(
                [
                    f"{seconds:g} s",
                    f"{alone_h:.2g} h",
                    f"{overhead_h:.2g} h",
                    f"{sent_gb:.1f} GB",
                    f"{100 * alone_h / max(alone_h, overhead_h):.0f} %",
                ]
            )
    head = ["a fit takes", "all fits / 100", "overhead of all tasks", "traffic of all tasks"]
    return as_markdown([*head, "workers busy"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "cluster": cluster,
    "cluster_on_paper": cluster_on_paper,
    "accuracy": accuracy,
    "accuracy_in_short": accuracy_in_short,
    "feature_study": feature_study,
    "arena": arena,
    "accuracy_on_pictures": accuracy_on_pictures,
    "defaults": defaults,
    "few_labels": few_labels,
    "exported_speed": exported_speed,
    "own_network_speed": own_network_speed,
    "reports": reports,
    "speed": speed,
    "speed_in_short": speed_in_short,
}
# The tables of each page.
PAGES: dict[str, tuple[str, ...]] = {
    "README.md": ("accuracy_in_short", "speed_in_short"),
    "docs/clusters.md": ("cluster", "cluster_on_paper"),
    "docs/results.md": (
        "accuracy",
        "few_labels",
        "arena",
        "accuracy_on_pictures",
        "defaults",
        "feature_study",
        "speed",
        "own_network_speed",
        "exported_speed",
        "reports",
    ),
}


def with_tables(page: str, text: str) -> str:
    """Return a page's text with each of its tables between its marks."""
    for name in PAGES[page]:
        start, end = f"<!-- table: {name} -->\n\n", "\n\n<!-- end of table -->"
        before, found, rest = text.partition(start)
        _, also_found, after = rest.partition(end)
        if not (found and also_found):
            raise SystemExit(f"{page} has no place for the table {name!r}: {start}...{end}")
        text = "".join([before, start, TABLES[name](), end, after])
    return text


def main() -> None:
    for page in PAGES:
        text = (ROOT / page).read_text()
        new = with_tables(page, text)
        if "--check" not in sys.argv:
            (ROOT / page).write_text(new)
        elif new != text:
            raise SystemExit(f"{page} has other tables; run python benchmarks/tables.py.")


if __name__ == "__main__":
    main()
