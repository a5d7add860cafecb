import pickle

import numpy as np
import pytest
import sklearn
from scipy.ndimage import shift
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, NuSVC

from skmnist import svm
from skmnist.ensemble import VirtualSVC


@pytest.fixture(scope="module")
def small_mnist(mnist):
    """The first 500 training images, and 1,000 others of them."""
    (X, y), _ = mnist
    return X[:500], X[-1000:], y[:500], y[-1000:]


@pytest.fixture(scope="module")
def fitted(small_mnist):
    X, _, y, _ = small_mnist
    return VirtualSVC(svm()).fit(X, y)


def by_hand(X, y, offsets):
    """The recipe, in the words of its authors, on rows of pixels and with SciPy's shift."""
    X = X.reshape(len(X), -1)
    support = SVC(C=10).fit(X, y).support_
    images = X[support].reshape(-1, 28, 28)
    shifted = [shift(images, (0, *offset), order=0) for offset in offsets]
    everything = np.concatenate([images, *shifted]).reshape(-1, 784)
    return support, SVC(C=10).fit(everything, np.tile(y[support], len(shifted) + 1))


@pytest.mark.parametrize(
    ("directions", "offsets"),
    [
        (4, [(-2, 0), (0, -2), (0, 2), (2, 0)]),
        (8, [(-2, -2), (-2, 0), (-2, 2), (0, -2), (0, 2), (2, -2), (2, 0), (2, 2)]),
    ],
)
def test_it_is_the_machine_of_the_support_vectors_and_their_shifted_copies(
    small_mnist, directions, offsets
):
    X, X_new, y, _ = (part[:400] for part in small_mnist)
    support, machine = by_hand(X, y, offsets)
    classifier = VirtualSVC(SVC(C=10), shift=2, directions=directions).fit(X, y)
    assert np.array_equal(classifier.support_, support)
    assert classifier.n_support_vectors_ == len(machine.support_)
    expected = machine.decision_function(X_new.reshape(-1, 784))
    np.testing.assert_allclose(classifier.decision_function(X_new), expected, rtol=1e-12)


def test_it_errs_less_on_shifted_images_than_the_plain_machine(small_mnist, fitted):
    X, X_new, y, y_new = small_mnist
    plain = svm().fit(X, y)
    moved = np.roll(X_new, (1, 1), axis=(1, 2))
    assert 1 - fitted.score(moved, y_new) < 0.8 * (1 - plain.score(moved, y_new))
    assert fitted.score(X_new, y_new) > plain.score(X_new, y_new)


def test_transformers_are_fitted_on_all_images_and_stay_so(small_mnist):
    X, _, y, _ = small_mnist
    rows = X.reshape(len(X), -1)
    pca = PCA(20, svd_solver="full")
    classifier = VirtualSVC(make_pipeline(pca, SVC())).fit(rows, y)
    expected = clone(pca).fit(rows).transform(rows)
    np.testing.assert_array_equal(classifier.estimator_[:-1].transform(rows), expected)
    assert list(classifier.estimator_.named_steps) == ["pca", "svc"]


def test_the_estimator_given_is_not_fitted(small_mnist):
    X, _, y, _ = small_mnist
    machine = SVC()
    VirtualSVC(machine).fit(X[:100], y[:100])
    assert not hasattr(machine, "support_")


def test_rows_and_images_are_the_same(small_mnist, fitted):
    X, X_new, y, _ = small_mnist
    of_rows = VirtualSVC(svm()).fit(X.reshape(len(X), -1), y)
    assert np.array_equal(
        of_rows.decision_function(X_new.reshape(len(X_new), -1)), fitted.decision_function(X_new)
    )
    assert fitted.image_shape_ == (28, 28, 1)


def test_a_pipeline_of_one_step_is_a_machine_alone(small_mnist, fitted):
    X, X_new, y, _ = small_mnist
    alone = VirtualSVC(Pipeline([("svc", SVC(C=10))])).fit(X, y)
    assert np.array_equal(alone.decision_function(X_new), fitted.decision_function(X_new))


def test_input_is_not_changed(small_mnist):
    X, _, y, _ = small_mnist
    before = X[:200].copy()
    VirtualSVC(svm()).fit(X[:200], y[:200]).predict(X[:200])
    assert np.array_equal(X[:200], before)


def test_a_single_row_of_pixels_is_not_shifted():
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = X[:, 0] > 0
    classifier = VirtualSVC(SVC()).fit(X, y)
    expected = SVC().fit(X[classifier.support_], y[classifier.support_])
    assert np.array_equal(classifier.decision_function(X), expected.decision_function(X))


def test_images_may_have_channels_and_another_shape(digits):
    X, _, y, _ = digits
    tall = np.repeat(X[:300].reshape(-1, 8, 8, 1), 2, axis=3)[:, :, 1:7]
    classifier = VirtualSVC(SVC()).fit(tall, y[:300])
    assert classifier.image_shape_ == (8, 6, 2)
    of_rows = VirtualSVC(SVC(), image_shape=(8, 6, 2)).fit(tall.reshape(300, -1), y[:300])
    assert np.array_equal(classifier.support_, of_rows.support_)
    assert classifier.score(tall, y[:300]) > 0.9


def test_labels_may_be_strings(small_mnist, fitted):
    X, X_new, y, _ = small_mnist
    classifier = VirtualSVC(svm()).fit(X, y.astype(str))
    assert list(classifier.classes_) == list("0123456789")
    assert np.array_equal(classifier.predict(X_new), fitted.predict(X_new).astype(str))


def test_a_weight_of_zero_is_as_no_sample(digits):
    X, X_new, y, _ = digits
    weight = np.random.default_rng(0).integers(0, 2, len(X))
    weighted = VirtualSVC(SVC()).fit(X, y, sample_weight=weight)
    without = VirtualSVC(SVC()).fit(X[weight > 0], y[weight > 0])
    assert np.array_equal(weighted.support_, np.flatnonzero(weight)[without.support_])
    assert np.array_equal(weighted.decision_function(X_new), without.decision_function(X_new))


def test_a_shifted_copy_has_the_weight_of_its_original(digits):
    """Twice the weight and half of C are the same problem, in both fits."""
    X, X_new, y, _ = digits
    weighted = VirtualSVC(SVC(C=2, tol=1e-8)).fit(X, y, sample_weight=np.full(len(y), 2))
    expected = VirtualSVC(SVC(C=4, tol=1e-8)).fit(X, y)
    assert np.array_equal(weighted.predict(X_new), expected.predict(X_new))
    np.testing.assert_allclose(
        weighted.decision_function(X_new), expected.decision_function(X_new), atol=1e-6
    )


def test_weights_are_routed(digits):
    X, _, y, _ = digits
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            VirtualSVC(SVC().set_fit_request(sample_weight=True)),
        )
        weight = np.arange(len(y)) < 200
        pipeline.fit(X, y, sample_weight=weight.astype(float))
    assert pipeline[-1].support_.max() < 200


def test_it_has_the_methods_of_its_machine(fitted, small_mnist):
    assert fitted.decision_function(small_mnist[1]).shape == (1000, 10)
    assert not hasattr(fitted, "predict_proba")
    assert not hasattr(VirtualSVC(SVC()), "predict_proba")


@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
def test_probabilities_are_those_of_a_machine_that_gives_them(digits):
    X, X_new, y, y_new = digits
    classifier = VirtualSVC(SVC(probability=True, random_state=0))
    probabilities = classifier.fit(X[:500], y[:500]).predict_proba(X_new)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert accuracy_score(y_new, classifier.classes_[probabilities.argmax(axis=1)]) > 0.9


def test_it_lives_in_scikit_learn(digits, fitted, small_mnist):
    X, _, y, _ = digits
    search = GridSearchCV(
        VirtualSVC(NuSVC(nu=0.05)),
        {"directions": [4, 8], "estimator__gamma": ["scale", 0.001]},
        cv=2,
        n_jobs=2,
    )
    search.fit(X[:200], y[:200])
    assert search.best_score_ > 0.8
    assert cross_val_score(clone(search.best_estimator_), X[:200], y[:200], cv=2).min() > 0.8
    again = pickle.loads(pickle.dumps(fitted))
    X_new = small_mnist[1]
    assert np.array_equal(again.predict(X_new), fitted.predict(X_new))


@pytest.mark.parametrize(
    "estimator",
    [LinearSVC(), LinearDiscriminantAnalysis(), SVR(), make_pipeline(PCA(), LinearSVC())],
    ids=repr,
)
def test_a_classifier_without_support_vectors_is_refused(digits, estimator):
    X, _, y, _ = digits
    with pytest.raises(TypeError, match="no support vectors to shift; expected SVC"):
        VirtualSVC(estimator).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shift": 0}, "shift"),
        ({"shift": 8}, "shift=8 would shift images of 8 x 8 pixels out of sight"),
        ({"directions": 6}, "directions"),
        ({"image_shape": (3, 3)}, "9 pixels, but X has 64"),
    ],
)
def test_a_bad_setting_is_named(digits, settings, message):
    X, _, y, _ = digits
    with pytest.raises(ValueError, match=message):
        VirtualSVC(SVC(), **settings).fit(X, y)


def test_images_of_another_shape_are_refused(fitted):
    with pytest.raises(ValueError, match="was fitted on images of shape"):
        fitted.predict(np.zeros((2, 14, 56)))
