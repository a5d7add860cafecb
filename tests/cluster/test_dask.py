"""Fits on a cluster of processes by Dask: the bits of one process, data sent once, lost workers."""

import sys

import dask.array as da
import distributed.comm.tcp
import numpy as np
import pytest
from joblib import parallel_config
from scorers import AwaitsAThirdProcess, KillerOfItsProcess
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from skmnist import (
    CNNClassifier,
    CNNStackingClassifier,
    CommitteeClassifier,
    DNNClassifier,
    compare,
    knn,
    predict_batches,
)
from skmnist.clusters import dask_client


def dense(**settings):
    return DNNClassifier(hidden_units=(12,), epochs=2, random_state=0, **settings)


def convolutional():
    block = {"filters": 4, "pool": "max", "padding": "same", "dropout": 0.2}
    return CNNClassifier(
        conv_blocks=[block], hidden_units=(8,), epochs=2, augmentation="shift", random_state=0
    )


def search(scoring="neg_log_loss"):
    grid = {"learning_rate": [1e-3, 3e-3], "batch_size": [32, 64]}
    return GridSearchCV(dense(), grid, cv=3, scoring=scoring, error_score="raise")


def of_neighbours(scoring):
    grid = {"knn__n_neighbors": list(range(1, 7))}
    return GridSearchCV(knn(), grid, cv=3, scoring=scoring, refit=False, error_score="raise")


def scores_of(search):
    return np.stack([search.cv_results_[f"split{i}_test_score"] for i in range(3)])


@pytest.mark.parametrize(
    "make",
    [
        search,
        lambda: CommitteeClassifier([dense(), convolutional()], n_estimators=5, random_state=0),
        lambda: CNNStackingClassifier(
            [("logistic", LogisticRegression())], network=convolutional(), cv=3, random_state=0
        ),
    ],
    ids=["search", "committee", "stack"],
)
def test_fits_on_a_cluster_have_the_bits_of_one_process(make, client, few):
    X, y = few
    with parallel_config("dask"):
        there = make().fit(X, y)
    here = make().fit(X, y)
    assert there.predict_proba(X).tobytes() == here.predict_proba(X).tobytes()
    if isinstance(here, GridSearchCV):
        assert scores_of(there).tobytes() == scores_of(here).tobytes()


@pytest.fixture
def n_bytes_sent(client, monkeypatch):
    """A function that returns how many bytes were sent since the test began, between anyone."""
    written = []
    write = distributed.comm.tcp.TCP.write

    async def write_and_count(self, *args, **kwargs):
        written.append(await write(self, *args, **kwargs))
        return written[-1]

    def between_workers():
        sent = client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total)
        return sum(sent.values())

    before = between_workers()
    # The client and the scheduler are both in this process.
    monkeypatch.setattr(distributed.comm.tcp.TCP, "write", write_and_count)
    return lambda: sum(written) + between_workers() - before


@pytest.mark.parametrize(
    "make",
    [lambda: of_neighbours("accuracy"), lambda: CommitteeClassifier(dense(), n_estimators=8)],
    ids=["search", "committee"],
)
def test_data_are_sent_once_to_each_worker_and_not_with_each_task(
    make, client, digits, n_bytes_sent
):
    X_train, _, y_train, _ = digits
    X = np.tile(X_train, (1, 16)).reshape(-1, 32, 32)
    with parallel_config("dask"):
        make().fit(X, y_train)
    # To the scheduler, from it to one worker, and from that to the other.
    assert 2 * X.nbytes < n_bytes_sent() < 4 * X.nbytes


def test_a_search_ends_with_the_same_result_if_a_worker_is_killed(client, few, tmp_path):
    scorer = KillerOfItsProcess(tmp_path)
    with parallel_config("dask"):
        there = search(scorer).fit(*few)
    assert len(list(tmp_path.iterdir())) > 12  # some were scored again
    here = search("accuracy").fit(*few)
    assert np.array_equal(scores_of(there), scores_of(here))
    assert there.best_params_ == here.best_params_


def test_a_worker_that_joins_during_a_search_is_used(cluster, client, few, tmp_path):
    client.wait_for_workers(2)
    scorer = AwaitsAThirdProcess(tmp_path)
    with parallel_config("dask"):
        cluster.scale(3)
        there = of_neighbours(scorer).fit(*few)
    assert len(scorer.processes()) == 3
    assert np.array_equal(scores_of(there), scores_of(of_neighbours("accuracy").fit(*few)))


def test_a_comparison_on_a_cluster_differs_in_its_times_only(client, few):
    X, y = few
    classifiers = {"dense": dense(), "neighbours": knn()}
    with parallel_config("dask"):
        there = compare(classifiers, X, y, cv=2, verbose=0)
    here = compare(classifiers, X, y, cv=2, verbose=0)
    assert (here.n_jobs, there.n_jobs) == (1, 4)
    for one, other in zip(here.folds, there.folds, strict=True):
        assert (one.classifier, one.fold) == (other.classifier, other.fold)
        assert one.confidence.tobytes() == other.confidence.tobytes()
        assert one.history == other.history
    assert here.significance == there.significance


def test_the_blocks_of_a_dask_array_are_predicted_in_order(client, few):
    X, y = few
    classifier = dense().fit(X, y)
    blocks = da.from_array(X, chunks=(70, 20)) + np.uint8(0)
    found = list(predict_batches(classifier, blocks, method="predict_proba", batch_size=50))
    assert [len(part) for part in found] == [50, 20, 50, 20, 50, 10]
    assert np.concatenate(found).tobytes() == classifier.predict_proba(X).tobytes()


def test_without_dask_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    monkeypatch.delitem(sys.modules, "skmnist.clusters._lasting", raising=False)
    with pytest.raises(ImportError, match=r'pip install "skmnist\[dask\]"'):
        dask_client()
