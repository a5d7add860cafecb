"""Networks over word indices: exact indices, the reports' sizes, texts in and labels out."""

import importlib.util
import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from skmnist import DNNClassifier, persistence
from skmnist._utils.backend import load_keras
from skmnist.datasets import fetch_imdb
from skmnist.text import (
    SequenceCNNClassifier,
    SequenceDNNClassifier,
    TextSequencer,
    sequence_cnn,
    sequence_dense_network,
)

SMALL = {"embedding_dim": 4, "hidden_units": (16,), "learning_rate": 0.02, "batch_size": 16}
CLASSIFIERS = [
    SequenceCNNClassifier(filters=8, epochs=10, **SMALL),
    SequenceDNNClassifier(epochs=10, **SMALL),
]
each_classifier = pytest.mark.parametrize(
    "classifier", CLASSIFIERS, ids=lambda classifier: type(classifier).__name__
)


# scikit-learn's checks


@each_classifier
def test_the_check_of_class_weights_passes_where_no_number_is_negative(classifier, monkeypatch):
    def blobs_of_positive_numbers(**settings):
        X, y = make_blobs(**settings)
        return X - X.min(), y

    monkeypatch.setattr(estimator_checks, "make_blobs", blobs_of_positive_numbers)
    estimator_checks.check_class_weight_classifiers(type(classifier).__name__, classifier)


@pytest.mark.xfail(
    strict=True,
    reason="On TensorFlow, Keras's Adam squares an embedding's gradient before it is summed.",
)
@each_classifier
def test_a_weight_is_worth_repetition_in_full_batches(classifier):
    assert_weights_are_worth_repetition(classifier)


@each_classifier
def test_a_weight_is_worth_repetition_in_full_batches_of_sgd(classifier):
    assert_weights_are_worth_repetition(clone(classifier).set_params(optimizer="sgd"))


def assert_weights_are_worth_repetition(classifier):
    full = clone(classifier).set_params(batch_size=None, shuffle=False, dtype="float64")
    estimator_checks.check_sample_weight_equivalence_on_dense_data(type(full).__name__, full)


# The networks


@pytest.mark.parametrize(
    ("classifier", "n_parameters"),
    [(SequenceCNNClassifier(), 2_163_605), (SequenceDNNClassifier(), 4_160_501)],
    ids=lambda value: type(value).__name__,
)
def test_the_networks_have_the_reports_sizes(classifier, n_parameters):
    X = np.random.default_rng(0).integers(5000, size=(4, 500))
    classifier.set_params(vocabulary_size=5000, epochs=1).fit(X, [0, 1, 0, 1])
    assert classifier.n_parameters_ == n_parameters
    assert classifier.network_.output_shape == (None, 1)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "float64"])
@pytest.mark.parametrize("build", [sequence_cnn, sequence_dense_network])
def test_every_index_finds_its_own_vector_in_any_precision(build, dtype):
    keras = load_keras()
    network = build((1, 5000, 1), 2, vocabulary_size=5000, hidden_units=(1,), dtype=dtype)
    embedding = network.get_layer("embedding")
    words = keras.Model(network.inputs[0], embedding.output)

    # bfloat16 has neither 4999 nor 4998: both would be 4992.
    found = words(np.arange(5000, dtype="float32").reshape(1, 1, 5000, 1))

    vectors = keras.ops.cast(embedding.embeddings, embedding.compute_dtype)
    np.testing.assert_array_equal(
        *(keras.ops.convert_to_numpy(keras.ops.cast(v, "float32")) for v in (found[0], vectors))
    )
    found = keras.ops.convert_to_numpy(keras.ops.cast(found[0], "float32"))
    assert not np.array_equal(found[4999], found[4998])


def test_neighbouring_words_are_told_apart_in_bfloat16(few_words):
    X, y = few_words
    X = np.where(X == 7, 4999, np.where(X == 6, 4998, X))
    classifier = clone(CLASSIFIERS[0]).set_params(dtype="mixed_bfloat16", random_state=0)
    assert classifier.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.95


@pytest.mark.parametrize("length", [1, 2, 7])
def test_sequences_of_any_length_train(length, few_words):
    X, y = few_words
    classifier = SequenceCNNClassifier(epochs=1, kernel_size=5, pool_size=4, **SMALL)
    assert classifier.fit(X[:, :length], y).predict(X[:, :length]).shape == y.shape


@each_classifier
def test_training_takes_the_steps_of_keras_own_fit(classifier, few_words):
    X, y = few_words
    classifier = clone(classifier).set_params(
        optimizer="sgd", shuffle=False, dtype="float32", epochs=2, random_state=0
    )
    classifier.fit(X, y)
    keras = load_keras()
    network = classifier._predictor_.architecture.build(classifier._seed_)
    network.compile(keras.optimizers.SGD(0.02), "binary_crossentropy")
    sequences = X.reshape(-1, 1, X.shape[1], 1).astype("float32")
    theirs = network.fit(sequences, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(classifier.history_["loss"], theirs.history["loss"], rtol=1e-5)
    for ours, variable in zip(classifier.network_.weights, network.weights, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(variable), atol=1e-6)


# What goes in


@pytest.fixture(scope="module")
def few_words():
    """400 sequences of ten words, which are of class 1 where word 7 is among them, not word 6."""
    rng = np.random.default_rng(0)
    X = rng.integers(8, 20, size=(400, 10))
    y = rng.integers(2, size=400)
    X[np.arange(400), rng.integers(10, size=400)] = 6 + y
    return X, y


@pytest.fixture(scope="module", params=CLASSIFIERS, ids=lambda c: type(c).__name__)
def fitted(request, few_words):
    return clone(request.param).set_params(random_state=0).fit(*few_words)


def test_the_largest_index_decides_how_many_words_there_are(fitted, few_words):
    assert fitted.vocabulary_size_ == few_words[0].max() + 1
    assert fitted.network_.get_layer("embedding").input_dim == fitted.vocabulary_size_


def test_an_index_that_is_new_counts_as_unknown(fitted, few_words):
    X = few_words[0][:50].copy()
    X[:, 3] = 2
    unknown = fitted.predict_proba(X)
    X[:, 3] = 10_000
    np.testing.assert_array_equal(fitted.predict_proba(X), unknown)


def test_there_is_always_room_for_the_unknown_word():
    X, y = np.array([[0, 1], [1, 0]] * 10), [0, 1] * 10
    classifier = SequenceDNNClassifier(epochs=1, **SMALL).fit(X, y)
    assert classifier.vocabulary_size_ == 3
    assert classifier.predict([[5, 2]]).shape == (1,)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", ">i4", object])
def test_the_dtype_of_whole_numbers_decides_nothing(fitted, few_words, dtype):
    X, y = few_words
    same = clone(fitted).fit(X.astype(dtype), y)
    np.testing.assert_array_equal(same.predict_proba(X.astype(dtype)), fitted.predict_proba(X))


def test_fractions_are_cut_off(fitted, few_words):
    X, _ = few_words
    np.testing.assert_array_equal(fitted.predict_proba(X + 0.9), fitted.predict_proba(X))


def test_the_data_is_neither_changed_nor_copied(fitted, few_words):
    rows = few_words[0].astype(np.int32)
    assert fitted._inputs(rows) is rows


def test_a_row_without_weight_decides_nothing_of_the_vocabulary(few_words):
    X, y = few_words
    extended = np.vstack([X, np.full((1, 10), 9000)])
    classifier = SequenceDNNClassifier(epochs=1, **SMALL)
    classifier.fit(extended, [*y, 1], sample_weight=[1] * 400 + [0])
    assert classifier.vocabulary_size_ == X.max() + 1


BAD_SEQUENCES = {
    "negative": (-1, "auto", "Negative values in data passed to X of Sequence"),
    "beyond vocabulary_size": (
        50,
        50,
        "X holds the word index 50; .* to 49, as vocabulary_size says",
    ),
    "beyond what a batch holds": (2**24, "auto", "X holds the word index 16777216; .* 16777215"),
    "infinite": (np.inf, "auto", "infinity"),
    "missing": (np.nan, "auto", "NaN"),
}


@each_classifier
@pytest.mark.parametrize(
    ("bad", "vocabulary_size", "message"), BAD_SEQUENCES.values(), ids=BAD_SEQUENCES
)
def test_what_is_no_word_is_refused(classifier, few_words, bad, vocabulary_size, message):
    X, y = few_words
    classifier = clone(classifier).set_params(vocabulary_size=vocabulary_size, epochs=1)
    wrong = X.astype(np.float64)
    wrong[3, 4] = bad
    with pytest.raises(ValueError, match=message):
        classifier.fit(wrong, y)
    with pytest.raises(ValueError, match=message):
        classifier.fit(X, y).predict(wrong)


def test_images_are_no_sequences(few_words):
    with pytest.raises(ValueError, match=r"images of shape \(5, 2, 1\); expected rows of word"):
        SequenceDNNClassifier().fit(few_words[0].reshape(-1, 5, 2), few_words[1])


def test_strings_are_no_word_indices():
    with pytest.raises(ValueError, match=r"Unable to convert|could not convert|numeric"):
        SequenceDNNClassifier().fit([["a", "b"], ["c", "d"]], [0, 1])


@pytest.mark.parametrize(
    "setting",
    [
        {"vocabulary_size": 2},
        {"vocabulary_size": 2**24 + 1},
        {"vocabulary_size": "all"},
        {"embedding_dim": 0},
        {"filters": 0},
        {"kernel_size": 1.5},
        {"pool_size": 0},
        {"hidden_units": 250.0},
        {"hidden_units": (0,)},
        {"activation": "relo"},
        {"dropout": 1.0},
    ],
    ids=str,
)
def test_a_bad_parameter_is_named(setting, few_words):
    (name,) = setting
    with pytest.raises(ValueError, match=name):
        SequenceCNNClassifier(**setting).fit(*few_words)


def test_what_images_need_is_no_parameter():
    for name in ("augmentation", "image_shape", "output_activation"):
        with pytest.raises(TypeError, match=name):
            SequenceCNNClassifier(**{name: None})
        for classifier in CLASSIFIERS:
            assert f"{name} :" not in type(classifier).__doc__


# Fitted


def test_the_same_seed_gives_the_same_bits(fitted, few_words):
    X, y = few_words
    np.testing.assert_array_equal(clone(fitted).fit(X, y).predict_proba(X), fitted.predict_proba(X))


def test_a_pickle_predicts_the_same(fitted, few_words):
    X, _ = few_words
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(fitted)).predict_proba(X), fitted.predict_proba(X)
    )


def test_a_file_gives_back_the_same_classifier(fitted, few_words, tmp_path):
    X, _ = few_words
    persistence.save(fitted, tmp_path / "sequences")
    same = persistence.load(tmp_path / "sequences")
    assert same.vocabulary_size_ == fitted.vocabulary_size_
    np.testing.assert_array_equal(same.predict_proba(X), fitted.predict_proba(X))


def test_a_file_with_a_wrong_number_of_words_is_refused(fitted, few_words, tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    path = tmp_path / "sequences"
    persistence.save(fitted, path)
    with safe_open(path, framework="np") as file:
        content = json.loads(file.metadata()["skmnist"])
    one_more = fitted.vocabulary_size_ + 1, "expected float32 of shape"
    for wrong, message in (2, "vocabulary_size_ is 2"), one_more, (10_000, "up to 10000 units"):
        content["learned"]["vocabulary_size_"] = wrong
        content.pop("sha256", None)
        save_file(load_file(path), path, {"skmnist": json.dumps(content)})
        with pytest.raises(ValueError, match=message):
            persistence.load(path)


def test_warm_start_and_partial_fit_go_on(few_words):
    X, y = few_words
    classifier = SequenceDNNClassifier(epochs=1, warm_start=True, random_state=0, **SMALL)
    for _ in range(3):
        classifier.fit(X, y)
    assert classifier.n_epochs_ == 3
    stepwise = SequenceDNNClassifier(vocabulary_size=20, random_state=0, **SMALL)
    for _ in range(10):
        stepwise.partial_fit(X, y, classes=[0, 1])
    assert stepwise.score(X, y) > 0.95


def test_several_classes_and_labels_of_any_kind(few_words):
    X, _ = few_words
    y = np.array(["low", "middle", "high"])[np.digitize(X[:, 0], [10, 15])]
    classifier = SequenceDNNClassifier(epochs=20, random_state=0, **SMALL).fit(X, y)
    assert classifier.classes_.tolist() == ["high", "low", "middle"]
    assert classifier.predict_proba(X).shape == (400, 3)
    assert classifier.score(X, y) > 0.9


# From text to label


@pytest.fixture(scope="module")
def reviews():
    """2,000 real reviews in random order, or a skip that says how to get them."""
    try:
        (texts, y), _ = fetch_imdb(download_if_missing=False)
    except OSError:
        pytest.skip("IMDB is not at hand: set SKMNIST_DATA to the folder that holds imdb/")
    chosen = np.random.default_rng(0).permutation(len(texts))[:2000]
    return texts[chosen], np.array(["bad", "good"])[y[chosen]]


def pipeline(classifier=SequenceCNNClassifier, **settings):
    return make_pipeline(
        TextSequencer(max_tokens=2000, output_sequence_length=100),
        classifier(**{"epochs": 4, "batch_size": 32, "random_state": 0, **settings}),
    )


@pytest.mark.parametrize("classifier", [SequenceCNNClassifier, SequenceDNNClassifier])
def test_the_sense_of_real_reviews_is_learned(classifier, reviews):
    texts, y = reviews
    judged = pipeline(classifier).fit(texts[:1600], y[:1600])
    assert judged[-1].vocabulary_size_ == 2000
    assert judged.score(texts[1600:], y[1600:]) > 0.6
    assert set(judged.predict(["a film", ""])) <= {"bad", "good"}


def test_cross_validation_and_grid_search_take_texts(reviews):
    texts, y = reviews[0][:300].tolist(), reviews[1][:300]
    small = pipeline(SequenceDNNClassifier, epochs=1, hidden_units=(8,))
    assert cross_val_score(small, texts, y, cv=2, error_score="raise").shape == (2,)
    grid = {
        "textsequencer__output_sequence_length": [20],
        "sequencednnclassifier__embedding_dim": [2, 4],
    }
    search = GridSearchCV(small, grid, cv=2, n_jobs=2, error_score="raise").fit(texts, y)
    assert search.predict(texts[:3]).shape == (3,)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# Other backends


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                importlib.util.find_spec(name) is None, reason=f"{name} is not installed"
            ),
        )
        for name in ("jax", "torch")
    ],
)
def test_other_backends_learn_too(backend):
    code = """
import numpy as np
from skmnist.text import SequenceCNNClassifier
rng = np.random.default_rng(0)
y = rng.integers(2, size=384)
X = rng.integers(3, 300, size=(384, 6))
X[:, 2] = 4998 + y
classifier = SequenceCNNClassifier(
    embedding_dim=4, filters=4, hidden_units=(8,), learning_rate=0.02, batch_size=32, epochs=8,
    dtype="mixed_bfloat16", random_state=0,
)
print(classifier.fit(X[:320], y[:320]).score(X[320:], y[320:]))
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        # In so small steps, threads would only wait for one another.
        env={**os.environ, "KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) > 0.9


@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "predict_proba", "score"])
def test_methods_are_described_for_word_indices(method):
    described = getattr(SequenceDNNClassifier, method).__doc__
    assert "X : array-like of shape (n, length)" in described
    assert "pixels or images" not in described
    images = getattr(DNNClassifier, method).__doc__
    assert "(n, height, width)" in images
    assert "word" not in images
