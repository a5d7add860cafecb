"""Several labels per sample: an indicator matrix, as scikit-learn's MLPClassifier takes it."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neural_network import MLPClassifier

from skmnist import (
    CapsNetClassifier,
    CNNClassifier,
    DNNClassifier,
    LeNetClassifier,
    ResNetClassifier,
)


@pytest.fixture(scope="module")
def properties(own_digits):
    """Digits, and whether each is even, large, and has a hole."""
    X, y = own_digits
    return X, np.stack([y % 2 == 0, y > 4, np.isin(y, [0, 6, 8, 9])], axis=1).astype(int)


@pytest.fixture(scope="module")
def own_digits():
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


@pytest.fixture(scope="module")
def fitted(properties):
    X, Y = properties
    return DNNClassifier(hidden_units=64, epochs=40, random_state=0).fit(X[::2], Y[::2])


def test_accuracy_is_that_of_the_mlp_classifier(properties, fitted):
    X, Y = properties
    peer = MLPClassifier((64,), max_iter=100, random_state=0)
    with pytest.warns(ConvergenceWarning):
        peer.fit(X[::2] / 16, Y[::2])
    assert fitted.score(X[1::2], Y[1::2]) > peer.score(X[1::2] / 16, Y[1::2]) - 0.02


def test_attributes_and_predictions_are_those_of_the_mlp_classifier(properties, fitted):
    X, Y = properties
    peer = MLPClassifier((4,), max_iter=5, random_state=0)
    with pytest.warns(ConvergenceWarning):
        peer.fit(X, Y)
    assert fitted.classes_.tolist() == peer.classes_.tolist() == [0, 1, 2]
    assert fitted.target_type_ == "multilabel-indicator"
    for method in ("predict", "predict_proba", "predict_log_proba"):
        ours, theirs = getattr(fitted, method)(X), getattr(peer, method)(X)
        assert ours.shape == theirs.shape == (len(X), 3)
        assert ours.dtype == theirs.dtype
    probabilities = fitted.predict_proba(X)
    assert np.array_equal(fitted.predict(X), probabilities > 0.5)
    assert not np.allclose(probabilities.sum(axis=1), 1)
    assert fitted.score(X, Y) == accuracy_score(Y, fitted.predict(X))
    assert fitted.history_["accuracy"][-1] > 0.5


@pytest.mark.parametrize(
    "classifier",
    [
        CNNClassifier(conv_blocks=8, epochs=3),
        LeNetClassifier(epochs=3),
        ResNetClassifier(filters=(8,), epochs=3),
        CapsNetClassifier(filters=8, n_primary_maps=2, epochs=8, learning_rate=0.01),
    ],
    ids=lambda classifier: type(classifier).__name__,
)
def test_every_network_learns_several_labels(properties, classifier):
    X, Y = properties
    classifier.set_params(random_state=0).fit(X[::2], Y[::2])
    assert roc_auc_score(Y[1::2], classifier.predict_proba(X[1::2])) > 0.7


@pytest.mark.parametrize("convert", [csr_matrix, np.ndarray.tolist, lambda Y: Y.astype(float)])
def test_the_matrix_may_be_sparse_a_list_or_of_floats(properties, fitted, convert):
    X, Y = properties
    other = DNNClassifier(hidden_units=64, epochs=40, random_state=0).fit(X[::2], convert(Y[::2]))
    assert np.array_equal(other.predict_proba(X), fitted.predict_proba(X))


def test_one_hot_labels_are_refused_with_the_way_out(own_digits):
    X, y = own_digits
    with pytest.raises(ValueError, match=r"one-hot.*np.argmax\(y, axis=1\)"):
        DNNClassifier().fit(X, np.eye(10)[y])


def test_samples_with_one_label_each_can_be_scored_and_validated_on(properties, fitted):
    X, Y = properties
    single = np.flatnonzero(Y.sum(axis=1) == 1)
    assert 0 < fitted.score(X[single], Y[single]) <= 1
    classifier = DNNClassifier(hidden_units=8, epochs=2, random_state=0)
    classifier.fit(X, Y, X_val=X[single], y_val=Y[single])
    assert len(classifier.history_["val_accuracy"]) == 2


def test_early_stopping_continuing_and_partial_fit(properties):
    X, Y = properties
    classifier = DNNClassifier(
        hidden_units=16, epochs=3, early_stopping=True, warm_start=True, random_state=0
    )
    classifier.fit(X, Y).fit(X, Y)
    assert classifier.n_epochs_ == 6
    assert len(classifier.history_["val_loss"]) == 6
    online = DNNClassifier(hidden_units=16, random_state=0)
    for first in range(0, 900, 300):
        online.partial_fit(X[first : first + 300], Y[first : first + 300])
    assert online.n_epochs_ == 3
    with pytest.raises(ValueError, match=r"y has shape \(300, 2\); expected \(n, 3\)"):
        online.partial_fit(X[:300], Y[:300, [0, 2]])
    with pytest.raises(ValueError, match=r"y has shape \(300,\); expected \(n, 3\)"):
        online.partial_fit(X[:300], Y[:300, 0])


def test_labels_can_be_smoothed_and_samples_weighted(properties):
    X, Y = properties
    counted = np.arange(len(X)) % 2
    settings = {"hidden_units": 16, "epochs": 3, "random_state": 0, "label_smoothing": 0.1}
    weighted = DNNClassifier(**settings).fit(X, Y, sample_weight=counted)
    left_out = DNNClassifier(**settings).fit(X[1::2], Y[1::2])
    assert np.array_equal(weighted.predict_proba(X), left_out.predict_proba(X))


def test_class_weight_is_refused(properties):
    with pytest.raises(ValueError, match=r"class_weight='balanced'.*sample_weight"):
        DNNClassifier(class_weight="balanced").fit(*properties)


def test_a_loss_over_classes_is_refused(properties):
    with pytest.raises(ValueError, match="binary_crossentropy"):
        DNNClassifier(loss="categorical_crossentropy").fit(*properties)


def test_searches_and_cross_validation(properties):
    X, Y = properties
    classifier = DNNClassifier(epochs=10, random_state=0)
    search = GridSearchCV(classifier, {"hidden_units": [2, 32]}, cv=2, scoring="f1_macro")
    assert search.fit(X, Y).best_params_ == {"hidden_units": 32}
    predictions = cross_val_predict(classifier.set_params(hidden_units=32), X, Y, cv=2)
    assert accuracy_score(Y, predictions) > 0.4


def test_a_network_no_better_than_guessing_is_warned_of(properties):
    X, Y = properties
    blank = np.zeros_like(X)
    blank[0] = 1
    with pytest.warns(ConvergenceWarning, match="frequencies of the labels"):
        DNNClassifier(hidden_units=4, epochs=5, random_state=0).fit(blank, Y)
