"""Fits in Ray's processes have the bits of one process."""

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV

from skmnist import CommitteeClassifier, DNNClassifier, compare, knn

pytest.importorskip("ray")


def dense():
    return DNNClassifier(hidden_units=(12,), epochs=2, random_state=0)


@pytest.fixture
def on_ray(monkeypatch):
    import ray
    from ray.util.joblib import register_ray

    monkeypatch.setenv("RAY_worker_niceness", "0")  # by default 15: a busy machine starves them
    ray.init(num_cpus=2, include_dashboard=False)
    register_ray()
    yield lambda: parallel_config("ray", n_jobs=-1)
    ray.shutdown()


@pytest.mark.slow  # Ray starts half a dozen processes
@pytest.mark.filterwarnings("default")  # Ray's own
def test_fits_in_rays_processes_have_the_bits_of_one(on_ray, few):
    X, y = few

    def search():
        grid = {"learning_rate": [1e-3, 3e-3]}
        return GridSearchCV(dense(), grid, cv=3, scoring="neg_log_loss", error_score="raise")

    def committee():
        return CommitteeClassifier(dense(), n_estimators=3, random_state=0)

    for make in (search, committee):
        with on_ray():
            there = make().fit(X, y)
        assert there.predict_proba(X).tobytes() == make().fit(X, y).predict_proba(X).tobytes()

    classifiers = {"dense": dense(), "neighbours": knn()}
    with on_ray():
        there = compare(classifiers, X, y, cv=2, verbose=0)
    here = compare(classifiers, X, y, cv=2, verbose=0)
    assert there.n_jobs == 2
    for one, other in zip(here.folds, there.folds, strict=True):
        assert np.array_equal(one.confidence, other.confidence)
