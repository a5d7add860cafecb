"""Searches in joblib's workers on each backend: started once, shared, on their own cores.

A process of its own runs this file for each backend, and prints what its searches have seen.
"""

import hashlib
import importlib.util
import json
import os
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, ParameterGrid, StratifiedKFold

from skmnist import DNNClassifier
from skmnist.training import _loop as loop

NETWORK = DNNClassifier(hidden_units=(8,), batch_size=32, epochs=1, random_state=0)
GRID = {"learning_rate": [0.01, 0.02, 0.05]}
CV = StratifiedKFold(2)
# The threads that compute, by the names that TensorFlow and JAX give them.
COMPUTING = ("tf_Compute", "tf_XLAEigen")


def cores_of_threads():
    """How many cores each of the backend's threads may use, and PyTorch's number of threads."""
    if "torch" in sys.modules:
        return [sys.modules["torch"].get_num_threads()]
    cores = []
    for task in Path("/proc/self/task").iterdir():
        try:
            if (task / "comm").read_text().startswith(COMPUTING):
                cores.append(len(os.sched_getaffinity(int(task.name))))
        except OSError:  # a thread that has ended meanwhile
            continue
    return cores


def seen(estimator, X, y):
    """What a task sees in its process, as scores."""
    digest = hashlib.sha256(estimator.predict_proba(X).tobytes()).hexdigest()
    return {
        "score": estimator.score(X, y),
        "bits": int(digest[:12], 16),
        "process": os.getpid(),
        "compiled loops": len(loop._pool),
        "share": int(os.environ.get("OMP_NUM_THREADS", 0)),
        "most cores": max(cores_of_threads(), default=0),
        "own cores": len(os.sched_getaffinity(0)),
    }


def search(X, y):
    search = GridSearchCV(NETWORK, GRID, cv=CV, scoring=seen, refit=False, n_jobs=2).fit(X, y)
    results = search.cv_results_
    return {
        name.removeprefix("split0_test_"): [
            *first.tolist(),
            *results[name.replace("0", "1")].tolist(),
        ]
        for name, first in results.items()
        if name.startswith("split0_test_")
    }


def everything():
    X, y = load_digits(return_X_y=True)
    X, y = X[:256].astype(np.uint8), y[:256]
    found = {"first": search(X, y), "again": search(X, y)}
    train, test = next(CV.split(X, y))
    alone = clone(NETWORK).set_params(**next(iter(ParameterGrid(GRID)))).fit(X[train], y[train])
    return {**found, "alone": seen(alone, X[test], y[test])}


# -- what is expected of it ------------------------------------------------------------


def on(name, *marks):
    if importlib.util.find_spec(name) is None:
        marks = (pytest.mark.skip(reason=f"{name} is not installed"),)
    else:
        marks = *marks, pytest.mark.beside("-W", "ignore", __file__, KERAS_BACKEND=name)
    return pytest.param(name, marks=marks)


BACKENDS = [on("tensorflow"), on("jax"), on("torch", pytest.mark.slow)]


@pytest.fixture
def found(backend, beside):
    done = beside("-W", "ignore", __file__, KERAS_BACKEND=backend)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores are counted on Linux only")
@pytest.mark.skipif(joblib.cpu_count() < 2, reason="one core has no shares")
@pytest.mark.parametrize("backend", BACKENDS)
def test_threads_times_workers_are_no_more_than_the_cores(found):
    first = found["first"]
    for share, most, own in zip(
        first["share"], first["most cores"], first["own cores"], strict=True
    ):
        assert 1 <= most <= share <= own // 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_workers_start_once_and_share_what_they_have_compiled(found):
    first, again = found["first"], found["again"]
    assert 1 <= len(set(first["process"])) <= 2
    assert set(again["process"]) <= set(first["process"])
    assert set(first["compiled loops"]) == set(again["compiled loops"]) == {1}


@pytest.mark.parametrize("backend", BACKENDS)
def test_workers_find_what_one_process_finds(backend, found):
    assert found["first"]["score"] == found["again"]["score"]
    assert found["first"]["bits"] == found["again"]["bits"]
    if backend != "torch":  # whose sums depend on the number of threads
        assert found["first"]["bits"][0] == found["alone"]["bits"]


if __name__ == "__main__":
    print(json.dumps(everything()))
