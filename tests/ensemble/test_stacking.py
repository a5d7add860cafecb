"""The stack on a network's features: honest, no worse than its parts, a true estimator."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    PredefinedSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from skmnist import CNNClassifier, DNNClassifier
from skmnist.classifiers import CNNFeatures
from skmnist.ensemble import CNNStackingClassifier, default_stacking_estimators
from skmnist.networks import PooledBlocks


def small_network(**parameters):
    return DNNClassifier(
        **{
            "hidden_units": (16,),
            "dropout": 0.0,
            "learning_rate": 0.02,
            "epochs": 10,
            "dtype": "float32",
            **parameters,
        }
    )


def small_stack(**parameters):
    return CNNStackingClassifier(
        **{
            "network": small_network(),
            "estimators": [("bayes", GaussianNB())],
            "cv": 2,
            "random_state": 0,
            **parameters,
        }
    )


# -- honest ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def random_labels(mnist):
    """800 images of MNIST whose labels say nothing, and a network that learns them by heart."""
    (X, _), _ = mnist
    y = np.random.default_rng(0).permutation(np.arange(800) % 10)
    network = small_network(hidden_units=(128,), learning_rate=0.005, epochs=20, random_state=0)
    return X[:800], y, network


CHANCE = 0.1 + 4 * np.sqrt(0.1 * 0.9 / 800)


def test_estimators_on_features_of_rows_that_the_network_saw_seem_to_read_random_labels(
    random_labels,
):
    X, y, network = random_labels
    features = CNNFeatures(network).fit(X, y).transform(X)
    assert cross_val_score(KNeighborsClassifier(10), features, y, cv=3).mean() > 2 * CHANCE


def test_no_part_of_a_stack_reads_random_labels(random_labels):
    X, y, network = random_labels
    estimators = [("knn", KNeighborsClassifier(10)), ("svm", SVC())]
    stack = small_stack(network=network, estimators=estimators)
    assert max(stack.fit(X, y).part_scores_.values()) < CHANCE
    assert cross_val_score(stack, X, y, cv=2).mean() < CHANCE


# -- no worse than its parts -------------------------------------------------------------


class Mean:
    """A soft vote of the four parts of a default stack."""

    def predict_proba(self, X):
        return X.reshape(len(X), 4, 10).mean(axis=1)


@pytest.fixture(scope="module")
def scores(mnist):
    """Accuracies on held-out training images: of stacks, their soft votes and the network alone."""
    (X, y), _ = mnist
    X, y, X_test, y_test = X[:1200], y[:1200], X[50_000:52_000], y[50_000:52_000]
    network = CNNClassifier(conv_blocks=PooledBlocks(8), epochs=4)
    scores = {}
    for refit in (False, True):
        stack = CNNStackingClassifier(network=network, cv=2, refit=refit, random_state=0)
        scores["stack", refit] = stack.fit(X, y).score(X_test, y_test)
        stack.final_estimator_ = Mean()
        scores["soft vote", refit] = stack.score(X_test, y_test)
    # The network of the last stack was fitted on everything.
    scores["network"] = stack.networks_[0].score(X_test, y_test)
    return scores


@pytest.mark.parametrize("refit", [False, True])
def test_a_stack_is_no_worse_than_its_network_and_than_a_soft_vote(scores, refit):
    assert scores["network"] > 0.93
    assert scores["stack", refit] >= scores["network"] - 0.005
    assert scores["stack", refit] >= scores["soft vote", refit] - 0.005


# -- its parts ------------------------------------------------------------------------------


TWO_ESTIMATORS = [("bayes", GaussianNB()), ("knn", KNeighborsClassifier())]


@pytest.fixture(scope="module")
def fitted(digits):
    X, _, y, _ = digits
    return small_stack(estimators=TWO_ESTIMATORS, cv=3).fit(X[:600], y[:600])


def test_scores_and_weights_go_by_name(fitted):
    assert list(fitted.part_scores_) == list(fitted.part_weights_) == ["cnn", "bayes", "knn"]
    assert all(0.7 < score <= 1 for score in fitted.part_scores_.values())


def test_the_weights_are_what_a_probability_of_a_class_adds_to_its_score(fitted):
    own = [
        np.diag(fitted.final_estimator_.coef_[:, 10 * part : 10 * part + 10]) for part in range(3)
    ]
    np.testing.assert_allclose(list(fitted.part_weights_.values()), np.mean(own, axis=1))
    assert min(fitted.part_weights_.values()) > 0


def test_two_classes_have_the_weights_of_both(digits):
    X, _, y, _ = digits
    two = y[:600] < 5
    stack = small_stack().fit(X[:600], two)
    second_against_first = stack.final_estimator_.coef_[0]
    expected = (second_against_first[[1, 3]] - second_against_first[[0, 2]]) / 4
    np.testing.assert_allclose(list(stack.part_weights_.values()), expected)


def test_a_soft_vote_is_the_mean_of_what_the_parts_say(digits):
    X, X_test, y, _ = digits
    stack = small_stack(final_estimator="soft_vote", refit=True, n_components=None).fit(X, y)
    features = CNNFeatures(stack.network).set_params(
        classifier__random_state=stack.networks_[0].random_state
    )
    of_estimator = stack.estimators_[0]["bayes"].predict_proba(features.fit(X, y).transform(X_test))
    of_network = stack.networks_[0].predict_proba(X_test)
    np.testing.assert_allclose(
        stack.predict_proba(X_test), (of_estimator + of_network) / 2, atol=1e-6
    )
    assert stack.part_weights_ == {"cnn": 0.5, "bayes": 0.5}


def test_the_order_of_the_estimators_does_not_matter(digits, fitted):
    X, X_test, y, _ = digits
    turned = clone(fitted).set_params(estimators=TWO_ESTIMATORS[::-1]).fit(X[:600], y[:600])
    assert list(turned.part_scores_) == ["cnn", "knn", "bayes"]
    assert turned.part_scores_ == fitted.part_scores_
    np.testing.assert_allclose(
        turned.predict_proba(X_test), fitted.predict_proba(X_test), atol=1e-3
    )


def test_the_networks_of_all_folds_are_kept_and_after_a_refit_only_one(digits, fitted):
    X, _, y, _ = digits
    refitted = clone(fitted).set_params(refit=True).fit(X[:600], y[:600])
    assert len(fitted.networks_) == len(fitted.estimators_) == 3
    assert len(refitted.networks_) == len(refitted.estimators_) == 1
    assert refitted.part_scores_ == fitted.part_scores_
    np.testing.assert_array_equal(refitted.final_estimator_.coef_, fitted.final_estimator_.coef_)
    assert len({network.random_state for network in fitted.networks_}) == 3


def test_the_part_scores_are_those_of_rows_that_are_held_out(digits):
    X, _, y, _ = digits
    X, y = X[:400], y[:400]
    splits = list(StratifiedKFold(2).split(X, y))
    stack = small_stack(cv=splits).fit(X, y)
    predicted = np.empty_like(y)
    for network, (_, held_out) in zip(stack.networks_, splits, strict=True):
        predicted[held_out] = network.predict(X[held_out])
    assert stack.part_scores_["cnn"] == accuracy_score(y, predicted)


def test_any_classifier_is_a_final_estimator(digits):
    X, X_test, y, y_test = digits
    stack = small_stack(final_estimator=RandomForestClassifier(50)).fit(X, y)
    assert stack.part_weights_ is None
    assert stack.score(X_test, y_test) > 0.85


@pytest.mark.parametrize("n_classes", [2, 10])
def test_an_estimator_without_probabilities_gives_its_decisions(digits, n_classes):
    X, X_test, y, y_test = digits
    estimators = [("svm", SVC()), ("ridge", RidgeClassifier())]
    stack = small_stack(estimators=estimators, final_estimator="soft_vote").fit(X, y % n_classes)
    np.testing.assert_allclose(stack.predict_proba(X_test).sum(axis=1), 1)
    assert min(stack.part_scores_.values()) > 0.8
    assert stack.score(X_test, y_test % n_classes) > 0.85


def test_the_default_estimators_are_a_machine_of_each_kind():
    assert [type(each).__name__ for _, each in default_stacking_estimators()] == [
        "SVC",
        "KNeighborsClassifier",
        "RandomForestClassifier",
    ]


def test_estimators_see_few_components_or_all_values(digits):
    X, _, y, _ = digits
    X, y = X[:300], y[:300]
    few = small_stack(n_components=5).fit(X, y)
    all_values = small_stack(n_components=None).fit(X, y)
    assert few.estimators_[0]["bayes"].n_features_in_ == 5
    assert all_values.estimators_[0]["bayes"].n_features_in_ == 16


# -- its data -----------------------------------------------------------------------------


def test_images_and_rows_are_the_same(digits):
    X, X_test, y, _ = digits
    X, y = X[:300], y[:300]
    images = X.reshape(-1, 8, 8)
    before = images.copy()
    of_images = small_stack().fit(images, y).predict_proba(X_test.reshape(-1, 8, 8))
    of_rows = small_stack().fit(X, y).predict_proba(X_test)
    np.testing.assert_array_equal(of_images, of_rows)
    np.testing.assert_array_equal(images, before)


def test_images_that_are_no_squares_reach_the_network_as_they_are(digits):
    X, _, y, _ = digits
    images = X[:200].reshape(-1, 4, 16)
    stack = small_stack(network=small_network(epochs=1)).fit(images, y[:200])
    assert stack.networks_[0].image_shape_ == stack.image_shape_ == (4, 16, 1)
    with pytest.raises(ValueError, match="shape"):
        stack.predict(X[:200].reshape(-1, 8, 8))


def test_labels_are_strings_everywhere(digits):
    X, X_test, y, y_test = digits
    names = np.array([f"digit {i}" for i in range(10)])
    class_weight = dict.fromkeys(names, 1.0)
    stack = small_stack(network=small_network(class_weight=class_weight)).fit(X, names[y])
    assert stack.score(X_test, names[y_test]) > 0.85
    assert list(stack.estimators_[0]["bayes"].classes_) == list(names)


def test_a_row_of_weight_zero_is_as_if_left_out(digits):
    X, X_test, y, _ = digits
    X, y = X[:400], y[:400].copy()
    weights = np.ones(400)
    weights[::4] = 0
    y[::4] = 77  # no class
    stack = small_stack(estimators=TWO_ESTIMATORS, refit=True)
    weighed = clone(stack).fit(X, y, weights).predict_proba(X_test)
    left_out = clone(stack).fit(X[weights > 0], y[weights > 0]).predict_proba(X_test)
    np.testing.assert_array_equal(weighed, left_out)


def test_splits_of_all_rows_leave_out_those_of_weight_zero(digits):
    X, X_test, y, _ = digits
    X, y, folds = X[:400], y[:400], np.arange(400) % 2
    counted = np.arange(400) % 5 > 0
    stack = small_stack(cv=PredefinedSplit(folds)).fit(X, y, counted.astype(float))
    fewer = small_stack(cv=PredefinedSplit(folds[counted])).fit(X[counted], y[counted])
    np.testing.assert_array_equal(stack.predict_proba(X_test), fewer.predict_proba(X_test))


def test_weights_reach_network_estimators_final_estimator_and_scores(digits):
    X, _, y, _ = digits
    X, y = X[:400], y[:400]
    splits = list(StratifiedKFold(2).split(X, y))
    heavy = np.where(y == 1, 1000.0, 1.0)
    stack = small_stack(cv=splits, final_estimator=GaussianNB()).fit(X, y, heavy)
    alike = clone(stack).fit(X, y)

    def ones(classifier):
        return classifier.predict_proba(X)[:, 1].mean()

    assert ones(stack.networks_[0]) > ones(alike.networks_[0])
    for of_stack, of_alike in (
        (stack.estimators_[0]["bayes"], alike.estimators_[0]["bayes"]),
        (stack.final_estimator_, alike.final_estimator_),
    ):
        assert of_stack.class_prior_[1] > 0.9 > of_alike.class_prior_[1]
    predicted = np.empty_like(y)
    for network, (_, held_out) in zip(stack.networks_, splits, strict=True):
        predicted[held_out] = network.predict(X[held_out])
    assert stack.part_scores_["cnn"] == accuracy_score(y, predicted, sample_weight=heavy)


def test_a_class_has_no_probability_where_a_part_has_not_seen_it(digits):
    X, _, y, _ = digits
    X, y = X[:300], y[:300]
    folds = np.arange(300) % 2
    folds[y == 9] = 0
    stack = small_stack(cv=PredefinedSplit(folds)).fit(X, y)
    assert 9 not in stack.networks_[0].classes_
    assert 9 not in stack.estimators_[1]["bayes"].classes_
    assert 9 in stack.classes_
    np.testing.assert_allclose(stack.predict_proba(X).sum(axis=1), 1)


# -- scikit-learn's tools --------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_in_workers_and_here(digits):
    X, X_test, y, _ = digits
    # Features wide enough for the linear algebra to use several threads.
    stack = CNNStackingClassifier(
        network=small_network(hidden_units=(1024,), epochs=1), cv=2, random_state=3
    )
    alone = clone(stack).fit(X[:400], y[:400]).predict_proba(X_test)
    together = clone(stack).set_params(n_jobs=2).fit(X[:400], y[:400]).predict_proba(X_test)
    np.testing.assert_array_equal(alone, together)


def test_no_global_generator_is_read_or_moved(digits):
    X, _, y, _ = digits
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (
        small_stack(network=small_network(epochs=1), random_state=None).fit(X[:200], y[:200])
        for _ in range(2)
    )
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert not np.array_equal(first.predict_proba(X), second.predict_proba(X))


def test_a_stack_is_pickled(digits, fitted):
    X_test = digits[1]
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X_test), fitted.predict_proba(X_test))


def test_a_grid_search_reaches_the_final_estimator_the_network_and_an_estimator(digits):
    X, _, y, _ = digits
    search = GridSearchCV(
        small_stack(),
        [
            {"final_estimator": ["soft_vote", LogisticRegression()]},
            {"network__epochs": [1], "bayes__var_smoothing": [1e-3]},
        ],
        cv=2,
    ).fit(X[:300], y[:300])
    assert len(search.cv_results_["params"]) == 3
    assert search.best_params_.get("network__epochs") != 1


def test_parameters_of_estimators_go_by_their_names():
    stack = CNNStackingClassifier(estimators=default_stacking_estimators())
    stack.set_params(svm__C=3, knn=KNeighborsClassifier(7))
    assert stack.get_params()["svm__C"] == 3
    assert stack.get_params()["knn__n_neighbors"] == 7


def test_it_is_silent_unless_asked(digits, capfd):
    X, _, y, _ = digits
    stack = small_stack(network=small_network(epochs=1)).fit(X[:200], y[:200])
    assert capfd.readouterr() == ("", "")
    stack.set_params(verbose=1).fit(X[:200], y[:200])
    assert "2 out of" in "".join(capfd.readouterr())


# -- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"network": GaussianNB()}, ValueError, "'network' parameter"),
        ({"estimators": "svm"}, ValueError, "'estimators' parameter"),
        ({"estimators": [GaussianNB()]}, TypeError, "expected .name, classifier. pairs"),
        ({"estimators": [("a", GaussianNB)]}, TypeError, "'a' is .*expected an instance"),
        ({"estimators": [("a", LinearRegression())]}, TypeError, "'a' is LinearRegression"),
        ({"estimators": [("cnn", GaussianNB())]}, ValueError, "'cnn' is the network's"),
        (
            {"estimators": TWO_ESTIMATORS * 2},
            ValueError,
            "estimators: Names provided are not unique",
        ),
        ({"estimators": [("cv", GaussianNB())]}, ValueError, "estimators: .*conflict"),
        ({"layer": "no such layer"}, ValueError, "no such layer"),
        ({"final_estimator": "vote"}, ValueError, "'final_estimator' parameter"),
        ({"cv": 500}, ValueError, "n_splits=500"),
        ({"cv": [(np.arange(100), np.array([100]))]}, ValueError, "cv: fold 0 holds out 1 rows"),
        ({"cv": [(np.arange(90), np.arange(90, 100))]}, ValueError, "no fold holds out rows of"),
    ],
)
def test_a_mistake_is_named(digits, parameters, error, message):
    X, _, y, _ = digits
    order = np.argsort(y[:200])
    with pytest.raises(error, match=message):
        small_stack(**parameters).fit(X[:200][order], y[:200][order])


def test_a_single_class_is_refused(digits):
    X, _, y, _ = digits
    with pytest.raises(ValueError, match="at least 2 classes"):
        small_stack().fit(X[y == 3], y[y == 3])
