"""One image at a time: how long a live prediction takes here, in skorch, Keras and SciKeras.

Protocol: Keras's example CNN (32-64-128), trained for one epoch on 2,000 MNIST images, float32;
each peer in a separate process, whose calls take turns in rounds of 50 images, so that whatever
else the machine does concerns all of them. Predictions are timed one by one, after 50 untimed
ones: 1,000 of each peer, 100 of Keras's and SciKeras's `predict`, which take tens of milliseconds.
"keras-call" is the model called as a function; it returns probabilities, not labels. All processes
run on one core; figures are milliseconds.  On a machine that does other work too, the processor's
time, of all threads of the process, is the one to compare.

    python benchmarks/live_latency.py            # everything, writes the results
    python benchmarks/live_latency.py skmnist    # one peer, for the script itself
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import _own_process
import numpy as np
from prediction_latency import FITTED
from training_speed import _data, as_float, keras_model

NETWORK = "keras-cnn"
ROUNDS, IMAGES = 20, 50
ROUNDS_OF = {"keras-predict": 2, "scikeras": 2}
UNTIMED = 50
PEERS = ["skmnist", "skorch", "keras-call", "keras-predict", "scikeras"]


def predictor(peer: str) -> tuple[Callable[[Any], Any], Any]:
    """Return a function that predicts, and images for it."""
    X, y, *_ = _data()
    X, y = X[:2000], y[:2000]
    if not peer.startswith("keras"):
        classifier, images = FITTED[peer](NETWORK, X, y)
        return classifier.predict, images
    model, images = keras_model(NETWORK), as_float(X)
    model.fit(images, y, batch_size=128, verbose=0)
    if peer == "keras-call":
        return lambda image: np.asarray(model(image, training=False)), images
    return lambda image: model.predict(image, verbose=0).argmax(axis=1), images


def serve(peer: str) -> None:
    """Predict `IMAGES` images for each line that comes in, and write their times as JSON."""
    predict, images = predictor(peer)

    def time_of(i: int) -> tuple[float, float]:
        image = images[i % len(images)][np.newaxis]
        start, start_of_work = perf_counter(), process_time()
        predict(image)
        work = process_time() - start_of_work
        return 1e3 * (perf_counter() - start), 1e3 * work

    for i in range(UNTIMED):
        time_of(i)
    print("ready", flush=True)
    done = UNTIMED
    for _ in sys.stdin:
        print(json.dumps([time_of(done + i) for i in range(IMAGES)]), flush=True)
        done += IMAGES


def started(peer: str) -> Any:
    """Start a peer's process."""
    return subprocess.Popen(
        [sys.executable, __file__, peer],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def wait_for(process: Any) -> None:
    """Wait until a process is ready."""
    if not any(line.strip() == "ready" for line in process.stdout):
        raise SystemExit(f"{' '.join(process.args)} failed")


def one_round(process: Any) -> list[tuple[float, float]]:
    """Return the times of the next images."""
    process.stdin.write("go\n")
    process.stdin.flush()
    times: list[tuple[float, float]] = json.loads(process.stdout.readline())
    return times


def percentiles(times: list[float], kind: str) -> dict[str, float]:
    """Return the percentiles of some times."""
    return {f"{kind}p{p}_ms": round(float(np.percentile(times, p)), 3) for p in (10, 50, 90)}


def main() -> None:
    if len(sys.argv) == 2:
        serve(sys.argv[1])
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    processes = {peer: started(peer) for peer in PEERS}
    for process in processes.values():
        wait_for(process)
    times: dict[str, list[tuple[float, float]]] = {peer: [] for peer in PEERS}
    for turn in range(ROUNDS):
        for peer, process in processes.items():
            if turn < ROUNDS_OF.get(peer, ROUNDS):
                times[peer] += one_round(process)
    for process in processes.values():
        process.stdin.close()
        process.wait()
    summary = {
        peer: {
            "predictions": len(found),
            **percentiles([wall for wall, _ in found], ""),
            **percentiles([work for _, work in found], "processor_"),
        }
        for peer, found in times.items()
    }
    for peer, figures in summary.items():
        print(f"{peer:14} {figures}")
    _own_process.save("live_latency", __doc__.partition("\n\n    python")[0], summary)


if __name__ == "__main__":
    main()
