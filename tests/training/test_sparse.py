"""Sparse rows: the fits and the predictions of dense ones, in a fraction of their memory."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skmnist import (
    CNNClassifier,
    CNNFeatures,
    CommitteeClassifier,
    DNNClassifier,
)
from skmnist._inputs.images import as_images
from skmnist._inputs.sparse_rows import SparseRows
from skmnist._utils.backend import load_keras
from skmnist.datasets import fetch_imdb
from skmnist.training import _parts
from skmnist.training._contract import Data


def dnn(**settings):
    return DNNClassifier(
        **{"hidden_units": (16,), "epochs": 2, "batch_size": 32, "random_state": 0, **settings}
    )


@pytest.fixture(scope="module")
def few(digits):
    X, _, y, _ = digits
    return X[:300].astype(float), y[:300]


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of two batches of 32 of the digits, as float64."""
    monkeypatch.setattr(_parts, "_BYTES_IN_PART", 2 * 32 * 64 * 8)


def assert_equal_fits(one, other, X):
    assert one.history_ == other.history_
    assert np.array_equal(one.predict_proba(X), other.predict_proba(X))
    assert np.array_equal(one.predict_proba(X), one.predict_proba(sparse.csr_array(X)))


@pytest.mark.usefixtures("small_parts")
def test_parts_are_of_whole_batches_in_the_given_order(few):
    X, y = few
    images = as_images(SparseRows(sparse.csr_array(X)), (8, 8, 1))
    order = np.random.default_rng(0).permutation(300)[:150].astype(np.int32)
    data = Data(images, y, np.arange(300.0), order, order[:0], 16.0)
    for batch_size, sizes in {32: [64, 64, 22], 50: [50, 50, 50], 100: [100, 50]}.items():
        parts = list(_parts.Parts(data, lambda loaded: loaded).of(order, batch_size))
        assert [len(part.rows) for part in parts] == sizes
        assert [part.start for part in parts] == [0, *np.cumsum(sizes)[:-1]]
        read = [part.data.take(part.rows) for part in parts]
        assert np.array_equal(np.concatenate([p.images for p in read]).reshape(150, 64), X[order])
        assert np.array_equal(np.concatenate([p.labels for p in read]), y[order])
        assert np.array_equal(np.concatenate([p.weights for p in read]), order)


FORMATS = {
    "csr_array": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
    "csc_array": sparse.csc_array,
    "coo_matrix": sparse.coo_matrix,
    "lil_array": sparse.lil_array,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_fit_of_dense_rows(name, few):
    X, y = few
    made = FORMATS[name](X)
    fitted = dnn().fit(made, y)
    assert_equal_fits(fitted, dnn().fit(X, y), X)
    assert fitted.score(made, y) == fitted.score(X, y)
    assert np.array_equal(fitted.predict(made), fitted.predict(X))
    assert (made != FORMATS[name](X)).nnz == 0


def test_long_indices_integers_and_float32_are_taken_as_they_are(few):
    X, y = few
    long = sparse.csr_array(X)
    long.indices, long.indptr = long.indices.astype(np.int64), long.indptr.astype(np.int64)
    expected = dnn().fit(X, y)
    for rows in (long, *(sparse.csr_array(X.astype(d)) for d in (np.uint8, np.int32, np.float32))):
        assert_equal_fits(dnn().fit(rows, y), expected, X)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(
    "settings",
    [
        {"validation_fraction": 0.4, "early_stopping": True, "schedule": "plateau"},
        {"optimizer": "sgd", "learning_rate": 0.1, "shuffle": False},
        {"class_weight": "balanced", "dropout": 0.0, "loss": "mse"},
        {"optimizer": load_keras().optimizers.Adam(0.003), "schedule": "constant"},
    ],
    ids=["held out", "not shuffled", "class weights", "optimizer object"],
)
def test_a_fit_in_parts_is_that_of_dense_rows(settings, few):
    X, y = few
    weights = np.arange(len(y)) % 3
    fits = [clone(dnn(**settings)).fit(rows, y, weights) for rows in (sparse.csr_array(X), X)]
    assert_equal_fits(*fits, X)


@pytest.mark.usefixtures("small_parts")
def test_a_validation_set_may_be_sparse_or_dense_whatever_the_training_set_is(few):
    X, y = few
    parts = {"sparse": sparse.csr_array(X), "dense": X}
    fits = [
        dnn().fit(rows[:200], y[:200], X_val=judged[200:], y_val=y[200:])
        for rows in parts.values()
        for judged in parts.values()
    ]
    assert len(fits[0].history_["val_loss"]) == 2
    for other in fits[1:]:
        assert_equal_fits(fits[0], other, X)


@pytest.mark.usefixtures("small_parts")
def test_partial_fit_and_warm_starts_take_sparse_and_dense_rows_in_turn(few):
    X, y = few
    rows = {"sparse": sparse.csr_array(X), "dense": X}
    partly = [dnn(), dnn()]
    for kind in ("sparse", "dense", "sparse"):
        partly[0].partial_fit(rows[kind], y, classes=np.arange(10))
        partly[1].partial_fit(X, y, classes=np.arange(10))
    assert_equal_fits(*partly, X)
    warm = [dnn(warm_start=True).fit(rows[k], y).fit(X, y) for k in rows]
    assert_equal_fits(*warm, X)


@pytest.mark.usefixtures("small_parts")
def test_sparse_images_are_convolved_and_augmented_like_dense_ones(few):
    X, y = few
    X, y = X[:130] - 2, y[:130]  # with an offset, so scaled as they are read
    blocks = [{"filters": 4, "pool": "max", "batch_norm": True}]
    cnn = CNNClassifier(conv_blocks=blocks, epochs=1, batch_size=32, random_state=0)
    cnn.set_params(augmentation="affine")
    fits = [clone(cnn).fit(rows, y) for rows in (sparse.csr_array(X), X)]
    assert fits[0].image_shape_ == (8, 8, 1)
    assert_equal_fits(*fits, X)


@pytest.mark.usefixtures("small_parts")
def test_batches_are_numbered_and_judged_through_all_parts(few):
    class Watch(load_keras().callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.begun, self.seen, self.steps = [], [], []

        def on_train_batch_begin(self, batch, logs=None):
            self.begun.append(batch)

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append((batch, logs["loss"], logs["accuracy"]))
            self.steps.append(int(self.model.optimizer.iterations))

    X, y = few
    seen = []
    for rows in (sparse.csr_array(X), X):
        fitted = dnn(epochs=1, callbacks=[Watch()]).fit(rows, y)
        watch = fitted.callbacks_[0]
        assert watch.begun == list(range(10))
        assert watch.steps == list(range(1, 11))
        seen.append((watch.seen, fitted.history_))
    assert seen[0] == seen[1]
    assert seen[0][1] == dnn(epochs=1).fit(X, y).history_


@pytest.mark.usefixtures("small_parts")
def test_a_callback_of_scikit_learn_is_given_sparse_rows(few):
    class Score:
        def __init__(self):
            self.kinds, self.scores = [], []

        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
            if context.task_name == "epoch":
                self.kinds.append(type(X))
                self.scores.append(fitted_estimator.score(X, y))

    X, y = few
    weights = (np.arange(len(y)) % 3 > 0) * 1.0
    scores = Score()
    fitted = dnn().set_callbacks(scores).fit(sparse.csr_array(X - 2), y, weights)
    assert scores.kinds == [sparse.csr_array] * 2
    assert scores.scores[-1] == fitted.score((X - 2)[weights > 0], y[weights > 0])


def test_mnist_is_learned_from_sparse_rows(mnist):
    (X, y), (X_test, y_test) = mnist
    X, X_test = (sparse.csr_array(images.reshape(-1, 784)) for images in (X[:3000], X_test[:1000]))
    classifier = dnn(hidden_units=(128,), epochs=6).fit(X, y[:3000])
    assert classifier.image_shape_ == (28, 28, 1)
    assert classifier.score(X_test, y_test[:1000]) > 0.9


def test_a_network_on_tfidf_is_as_good_as_a_logistic_regression():
    try:
        (texts, y), (new, y_new) = fetch_imdb(download_if_missing=False)
    except OSError:
        pytest.skip("IMDB is not at hand: set SKMNIST_DATA to the folder that holds imdb/")
    rng = np.random.default_rng(0)
    train, test = (rng.choice(len(texts), n, replace=False) for n in (1500, 1000))
    parts = [[texts[i] for i in train], np.asarray(y)[train]]
    judged = [[new[i] for i in test], np.asarray(y_new)[test]]
    scores = [
        make_pipeline(TfidfVectorizer(min_df=3), classifier).fit(*parts).score(*judged)
        for classifier in (LogisticRegression(), dnn(epochs=3, dropout=0.5))
    ]
    assert scores[0] > 0.78
    assert scores[1] > scores[0] - 0.02


def test_the_whole_is_never_made_dense():
    # As TfidfVectorizer returns them: 6,000 texts of 40 words, in two languages of 10,000 words.
    rng = np.random.default_rng(0)
    n, n_words = 6000, 10_000
    texts = sparse.random_array((n, n_words), density=0.004, format="csr", rng=rng)
    y = rng.integers(2, size=n)
    words = texts.indices + n_words * np.repeat(y, np.diff(texts.indptr))
    rows = sparse.csr_array((texts.data, words, texts.indptr), shape=(n, 2 * n_words))
    dense = n * 2 * n_words * rows.dtype.itemsize
    classifier = dnn(epochs=1, batch_size=100, hidden_units=(4,), validation_fraction=0.1)
    classifier.fit(rows[:200], y[:200])  # imports, and compiles
    tracemalloc.start()
    try:
        assert classifier.fit(rows, y).score(rows, y) > 0.95
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < dense / 5


# -- in other estimators ---------------------------------------------------------------------


def test_a_committee_of_networks_takes_sparse_rows(few):
    X, y = few
    committee = CommitteeClassifier(dnn(), n_estimators=2, random_state=0)
    fits = [clone(committee).fit(rows, y) for rows in (sparse.csr_array(X), X)]
    of_sparse, of_dense = (fit.predict_proba(sparse.csc_array(X)) for fit in fits)
    assert np.array_equal(of_sparse, of_dense)
    assert np.array_equal(of_sparse, fits[1].predict_proba(X))


def test_features_of_a_network_are_those_of_dense_rows(few):
    X, y = few
    fits = [CNNFeatures(dnn()).fit(rows, y) for rows in (sparse.csr_array(X), X)]
    features = [fit.transform(rows) for fit in fits for rows in (sparse.csr_array(X), X)]
    assert features[0].shape == (300, 16)
    assert all(np.array_equal(features[0], other) for other in features[1:])


def test_searches_and_bagging_take_sparse_rows(few):
    X, y = few
    rows = sparse.csr_array(X)
    search = GridSearchCV(dnn(), {"epochs": [1, 8]}, cv=2).fit(rows, y)
    assert search.best_params_ == {"epochs": 8}
    assert search.best_score_ == GridSearchCV(dnn(), {"epochs": [8]}, cv=2).fit(X, y).best_score_
    bags = BaggingClassifier(dnn(epochs=4), 2, max_samples=0.8, max_features=0.9, random_state=0)
    assert np.array_equal(
        bags.fit(rows, y).predict_proba(rows), clone(bags).fit(X, y).predict_proba(X)
    )
