import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import estimator_checks_generator
from threadpoolctl import threadpool_limits

from skmnist import gradient_boosting, knn, random_forest, svm
from skmnist.text._baseline import tfidf_logistic_regression

BASELINES = [
    svm(),
    knn(),
    random_forest(n_estimators=10, random_state=0),
    gradient_boosting(max_iter=5, random_state=0),
]


@pytest.fixture(autouse=True)
def one_thread():
    """The threads of gradient boosting wait for each other: slow where others want the cores."""
    with threadpool_limits(1, user_api="openmp"):
        yield


def name_of(pipeline):
    return pipeline.steps[-1][0]


def expected_failures(pipeline):
    """Checks that no Pipeline passes; for the first two scikit-learn gives the same reason."""
    failures = dict.fromkeys(
        ["check_dont_overwrite_parameters", "check_estimators_overwrite_params"],
        "Pipeline changes the `steps` parameter, which it shouldn't.",
    )
    if name_of(pipeline) in ("forest", "boosting"):
        failures["check_estimators_nan_inf"] = (
            "Trees take missing values, and a Pipeline doesn't pass on its last step's tag."
        )
    return failures


def checks_of(pipeline):
    """List the checks; not `parametrize_with_checks`, which names them by where a function lies."""
    expected = expected_failures(pipeline)
    return list(estimator_checks_generator(pipeline, expected_failed_checks=expected, mark="xfail"))


def id_of(value):
    return value.func.__name__ if hasattr(value, "func") else name_of(value)


# A forest of ten trees gives probabilities of zero, and scikit-learn takes their logarithm.
@pytest.mark.filterwarnings("ignore:divide by zero encountered in log:RuntimeWarning")
@pytest.mark.parametrize(
    ("estimator", "check"), [pair for each in BASELINES for pair in checks_of(each)], ids=id_of
)
def test_baselines_pass_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("baseline", "least"),
    [
        (svm(), 0.98),
        (knn(), 0.97),
        (random_forest(n_estimators=100, random_state=0), 0.96),
        (gradient_boosting(max_iter=50, random_state=0), 0.96),
    ],
    ids=["svc", "knn", "forest", "boosting"],
)
def test_real_digits_are_read(baseline, least, digits):
    X_train, X_test, y_train, y_test = digits
    assert baseline.fit(X_train, y_train).score(X_test, y_test) >= least


@pytest.mark.parametrize("baseline", BASELINES, ids=name_of)
def test_images_and_rows_give_equal_predictions(baseline, digits):
    X_train, X_test, y_train, _ = digits
    by_rows = clone(baseline).fit(X_train, y_train).predict(X_test)
    by_images = clone(baseline).fit(X_train.reshape(-1, 8, 8), y_train)
    np.testing.assert_array_equal(by_images.predict(X_test.reshape(-1, 8, 8, 1)), by_rows)


@pytest.mark.parametrize("baseline", BASELINES, ids=name_of)
def test_bytes_and_floats_give_equal_predictions(baseline, digits):
    X_train, X_test, y_train, _ = digits
    X_train, X_test = X_train * np.uint8(15), X_test * np.uint8(15)
    of_bytes = clone(baseline).fit(X_train, y_train).predict(X_test)
    of_floats = clone(baseline).fit(X_train.astype(float), y_train).predict(X_test.astype(float))
    np.testing.assert_array_equal(of_bytes, of_floats)


@pytest.mark.parametrize("baseline", BASELINES, ids=name_of)
def test_a_data_frame_keeps_its_column_names(baseline, digits):
    X_train, _, y_train, _ = digits
    frame = pd.DataFrame(X_train[:200]).add_prefix("pixel")
    fitted = clone(baseline).fit(frame, y_train[:200])
    assert fitted[-1].feature_names_in_[0] == "pixel0"
    assert fitted[:-1].get_feature_names_out()[63] == "pixel63"


@pytest.mark.parametrize(
    ("baseline", "grid"),
    [
        (svm(), {"svc__C": [0.001, 10]}),
        (knn(), {"knn__n_neighbors": [1, 60]}),
        (random_forest(random_state=0), {"forest__n_estimators": [1, 20]}),
        (gradient_boosting(max_iter=5, random_state=0), {"boosting__learning_rate": [1e-4, 0.3]}),
    ],
    ids=["svc", "knn", "forest", "boosting"],
)
def test_a_grid_search_reaches_the_settings(baseline, grid, digits):
    X_train, _, y_train, _ = digits
    search = GridSearchCV(baseline, grid, cv=2).fit(X_train[:300], y_train[:300])
    assert np.ptp(search.cv_results_["mean_test_score"]) > 0.1


@pytest.mark.parametrize("make", [svm, knn, random_forest, gradient_boosting])
def test_settings_replace_ours_and_unknown_ones_are_named(make):
    default = make().get_params()
    ours = "svc__C", "knn__n_neighbors", "forest__n_estimators", "boosting__max_iter"
    key = next(key for key in default if key in ours)
    assert make(**{key.split("__")[1]: 7}).get_params()[key] == 7
    with pytest.raises(TypeError, match="unexpected keyword argument 'sharpness'"):
        make(sharpness=1)


def test_boosting_holds_no_training_images_out_to_stop_early(digits):
    X_train, _, y_train, _ = digits
    many = np.resize(np.arange(300), 10_001)
    boosting = gradient_boosting(max_iter=2, max_leaf_nodes=3)
    assert not boosting.fit(X_train[many], y_train[many])[-1].do_early_stopping_


TEXTS = ["a great film", "a dull film", "great fun", "how dull"] * 5
SENSES = ["good", "bad", "good", "bad"] * 5


@pytest.mark.parametrize("collect", [list, np.array, pd.Series])
def test_the_baseline_of_texts_takes_raw_strings(collect):
    baseline = tfidf_logistic_regression().fit(collect(TEXTS), SENSES)
    assert baseline.predict(collect(["great", "so dull"])).tolist() == ["good", "bad"]


def test_a_grid_search_reaches_the_settings_of_the_baseline_of_texts():
    grid = {"tfidf__ngram_range": [(1, 1), (1, 2)], "logistic__C": [1e-6, 10.0]}
    search = GridSearchCV(tfidf_logistic_regression(), grid, cv=2, scoring="neg_log_loss")
    assert search.fit(TEXTS, SENSES).best_params_["logistic__C"] == 10.0


def test_settings_of_the_baseline_of_texts_are_those_of_the_regression():
    assert tfidf_logistic_regression(C=7).get_params()["logistic__C"] == 7
    with pytest.raises(TypeError, match="unexpected keyword argument 'sharpness'"):
        tfidf_logistic_regression(sharpness=1)
