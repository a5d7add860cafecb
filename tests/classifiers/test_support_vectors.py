"""The support vector machine of baselines and recipes predicts what scikit-learn's does."""

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn import svm
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmnist.classifiers._support_vectors import SVC

SETTINGS = [
    {},
    {"C": 0.01},
    {"gamma": 0.001, "C": 10, "class_weight": "balanced"},
    {"break_ties": True},
    {"kernel": "linear"},
    {"decision_function_shape": "ovo"},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_predictions_are_those_of_scikit_learn(digits, settings):
    X, X_test, y, _ = digits
    ours, theirs = (kind(**settings).fit(X[:500], y[:500]) for kind in (SVC, svm.SVC))
    np.testing.assert_array_equal(ours.predict(X_test), theirs.predict(X_test))
    decisions = (machine.decision_function(X_test[:20]) for machine in (ours, theirs))
    np.testing.assert_array_equal(*decisions)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_few_classes_of_any_name_are_predicted(digits, n_classes):
    X, X_test, y, _ = digits
    few, names = y < n_classes, np.array(["zero", "one", "two"])
    ours, theirs = (kind().fit(X[few], names[y[few]]) for kind in (SVC, svm.SVC))
    np.testing.assert_array_equal(ours.predict(X_test), theirs.predict(X_test))


def test_more_vectors_than_a_batch_has_room_for_are_taken(digits, monkeypatch):
    X, X_test, y, _ = digits
    machine = SVC().fit(X[:300], y[:300])
    expected = machine.predict(X_test)
    monkeypatch.setattr("skmnist.classifiers._support_vectors._KERNEL_VALUES", 100)
    np.testing.assert_array_equal(machine.predict(X_test[:50]), expected[:50])


def test_sparse_rows_are_predicted(digits):
    X, X_test, y, _ = digits
    ours, theirs = (kind().fit(csr_array(X[:300]), y[:300]) for kind in (SVC, svm.SVC))
    np.testing.assert_array_equal(ours.predict(X_test), theirs.predict(X_test))
    with pytest.raises(ValueError, match="sparse"):
        SVC().fit(X[:300], y[:300]).predict(csr_array(X_test))


def test_a_copy_predicts_the_same_and_a_clone_is_not_fitted(digits):
    X, X_test, y, _ = digits
    machine = SVC().fit(X[:300], y[:300])
    copy = pickle.loads(pickle.dumps(machine))
    np.testing.assert_array_equal(copy.predict(X_test), machine.predict(X_test))
    with pytest.raises(NotFittedError):
        clone(machine).predict(X_test)
    with pytest.raises(ValueError, match="63 features"):
        machine.predict(X_test[:, 1:])


LIBSVM = "libsvm stops within a tolerance, at another place for repeated than for weighted rows."


@parametrize_with_checks(
    [SVC()],
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": LIBSVM,
        "check_sample_weight_equivalence_on_sparse_data": LIBSVM,
    },
)
def test_estimator_check(estimator, check):
    check(estimator)
