"""Exported networks: from the start of a process to the first answer, and one image at a time.

Protocol: the recipes of single networks, trained for one epoch on 300 MNIST images, as weights
don't change the times, and exported to .onnx and .tflite. Start: a new process loads a file and
predicts one image of bytes; beside it one that loads what `skmnist.save` has saved. The median of
five, in turns, of the wall time and of the processor's time, which other programs don't change.
One image: 2,000 calls of `predict` on a row of bytes, on one thread, in five rounds in turns; the
median of all calls, and that of the fastest round.

    python benchmarks/exported_speed.py [FOLDER]

The folder keeps the networks for the next time.
"""

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from skmnist import export, fetch_mnist, load, load_exported, recipe, save
from skmnist._utils.provenance import machine, versions

RESULTS = Path(__file__).parent / "results" / "exported_speed.json"
RECIPES = "cnn-fast", "lenet", "cnn", "dnn"
SUFFIXES = "onnx", "tflite"
STARTS, ROUNDS, CALLS = 5, 5, 400

FIRST_ANSWER = """
from time import perf_counter, process_time
start = perf_counter()
import numpy as np
from skmnist import {load}
{load}({path!r}).predict(np.zeros((1, 784), np.uint8))
print(perf_counter() - start, process_time())
"""


def saved(name: str, folder: Path) -> None:
    """Save a network of a recipe in all formats."""
    path = folder / f"{name}.safetensors"
    if not path.exists():
        X, y = fetch_mnist()[0]
        save(recipe(name).set_params(epochs=1, random_state=0).fit(X[:300], y[:300]), path)
    for suffix in SUFFIXES:
        export(load(path), path.with_suffix(f".{suffix}"))


def first_answers(folder: Path) -> dict[str, dict[str, float]]:
    """Measure the seconds until the first answer of a new process, for each format."""
    loaders = {"onnx": "load_exported", "tflite": "load_exported", "safetensors": "load"}
    times: dict[str, list[list[float]]] = {suffix: [] for suffix in loaders}
    for _, (suffix, loader) in product(range(STARTS), loaders.items()):
        code = FIRST_ANSWER.format(load=loader, path=str(folder / f"cnn-fast.{suffix}"))
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        times[suffix].append([float(seconds) for seconds in ended.stdout.split()])
    return {
        suffix: dict(zip(("wall", "processor"), map(median, zip(*of, strict=True)), strict=True))
        for suffix, of in times.items()
    }


def single_images(folder: Path) -> dict[str, dict[str, float]]:
    """Measure the microseconds that one image takes, for each recipe and format."""
    row = fetch_mnist()[0][0][:1].reshape(1, -1)
    names = [f"{name}.{suffix}" for name, suffix in product(RECIPES, SUFFIXES)]
    models = {name: load_exported(folder / name) for name in names}
    rounds: dict[str, list[list[float]]] = {name: [] for name in names}
    for _, name in product(range(ROUNDS), names):
        rounds[name].append(calls(models[name].predict, row))
    return {
        name: {
            "median": median(one for each in of for one in each),
            "median_of_fastest_round": min(map(median, of)),
        }
        for name, of in rounds.items()
    }


def calls(predict, row: np.ndarray) -> list[float]:
    """Time calls one by one, in microseconds, after some that aren't timed."""
    times = []
    for _ in range(CALLS + 50):
        start = perf_counter()
        predict(row)
        times.append(1e6 * (perf_counter() - start))
    return times[50:]


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else name)
        folder.mkdir(exist_ok=True)
        for each in RECIPES:
            saved(each, folder)
        load_before = os.getloadavg()[0]
        report = {
            "measurements": {
                "first_answer_s": first_answers(folder),
                "one_image_us": single_images(folder),
                "bytes": {file.name: file.stat().st_size for file in sorted(folder.iterdir())},
            },
            "load_average": [load_before, os.getloadavg()[0]],
            "machine": machine(),
            "versions": versions("onnxruntime", "ai-edge-litert", "onnx", "tf2onnx", "skl2onnx"),
        }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
