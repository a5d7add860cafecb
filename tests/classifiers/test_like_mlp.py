"""What scikit-learn tests of its MLPClassifier and MLPRegressor holds for ours.

``docs/mlp.md`` lists which of scikit-learn's tests each of these stands for, and which don't apply.
"""

import re
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn.datasets import (
    load_iris,
    make_classification,
    make_multilabel_classification,
    make_regression,
)
from sklearn.linear_model import LinearRegression, PoissonRegressor
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

from skmnist import DNNClassifier, DNNRegressor, Optimizer, Plateau
from skmnist._utils.backend import load_keras

SMALL = {
    "hidden_units": (16,),
    "dropout": 0.0,
    "epochs": 20,
    "schedule": "constant",
    "dtype": "float32",
    "random_state": 1,
}
ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]  # scikit-learn's names are accepted
both = pytest.mark.parametrize("kind", ["Classifier", "Regressor"])


def classifier(**parameters):
    return DNNClassifier(**{**SMALL, **parameters})


def regressor(**parameters):
    return DNNRegressor(**{**SMALL, **parameters})


def estimator(kind, **parameters):
    return {"Classifier": classifier, "Regressor": regressor}[kind](**parameters)


def arrays(fitted):
    """The network's weights and biases, layer by layer."""
    return fitted.network_.get_weights()


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def few_digits(digits):
    """By number of classes: 200 digits of the first two or three."""
    X, _, y, _ = digits
    return {n: (X[y < n][:200], y[y < n][:200]) for n in (2, 3)}


@pytest.fixture(scope="module")
def line():
    """A noisy linear regression of ten features."""
    X, y = make_regression(n_samples=200, n_features=10, bias=20.0, noise=100.0, random_state=7)
    return X, scale(y)


# -- each step is the gradient's --------------------------------------------------------------


def forward(parameters, X, activation, output):
    functions = {
        "identity": lambda z: z,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0),
        "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
    }
    hidden, hidden_bias, last, last_bias = parameters
    return functions[output](functions[activation](X @ hidden + hidden_bias) @ last + last_bias)


def cross_entropy(parameters, X, y, activation, output):
    p = forward(parameters, X, activation, output)
    if output == "logistic":
        p = np.hstack([1 - p, p])
    return -np.log(p[np.arange(len(y)), y]).mean()


def squared_error(parameters, X, y, activation, output):
    return ((forward(parameters, X, activation, output).ravel() - y) ** 2).mean()


def numerical_gradient(loss, parameters, h=1e-5):
    gradients = []
    for i, values in enumerate(parameters):
        gradient = np.empty_like(values)
        for at in np.ndindex(*values.shape):
            sides = []
            for step in (h, -h):
                moved = [array.copy() for array in parameters]
                moved[i][at] += step
                sides.append(loss(moved))
            gradient[at] = (sides[0] - sides[1]) / (2 * h)
        gradients.append(gradient)
    return gradients


STEP = {
    "hidden_units": (4,),
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "batch_size": None,
    "pixel_scaling": None,
    "dtype": "float64",
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("n_classes", "output"), [(2, "logistic"), (2, "softmax"), (3, "softmax")])
def test_a_step_of_a_classifier_is_down_the_gradient_of_the_cross_entropy(
    n_classes, output, activation
):
    X = np.random.default_rng(42).random((5, 6))
    y = np.arange(5) % n_classes
    last = {"logistic": "sigmoid"}.get(output, output)
    dnn = classifier(activation=activation, output_activation=last, **STEP)
    before = arrays(dnn.partial_fit(X, y, classes=range(n_classes)))
    after = arrays(dnn.partial_fit(X, y))
    gradients = numerical_gradient(
        lambda parameters: cross_entropy(parameters, X, y, activation, output), before
    )
    for old, new, gradient in zip(before, after, gradients, strict=True):
        assert_allclose(new, old - 0.1 * gradient, atol=1e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_step_of_a_regressor_is_down_the_gradient_of_the_squared_error(activation):
    rng = np.random.default_rng(42)
    X, y = rng.random((5, 6)), rng.random(5)
    dnn = regressor(activation=activation, target_scaling=None, **STEP)
    before = arrays(dnn.partial_fit(X, y))
    after = arrays(dnn.partial_fit(X, y))
    gradients = numerical_gradient(
        lambda parameters: squared_error(parameters, X, y, activation, "identity"), before
    )
    for old, new, gradient in zip(before, after, gradients, strict=True):
        assert_allclose(new, old - 0.1 * gradient, atol=1e-8)


def test_a_larger_weight_decay_gives_smaller_weights(few_digits):
    X, y = few_digits[2]
    sums = [
        [
            np.abs(weights).sum()
            for weights in arrays(
                classifier(optimizer=Optimizer("adamw", weight_decay=decay)).fit(X, y)
            )[::2]
        ]
        for decay in (0.0, 1.0)
    ]
    assert all(np.greater(*sums))


# -- how well they learn ----------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_digits_are_learnt_with_every_activation(activation, n_classes, few_digits):
    X, y = few_digits[n_classes]
    dnn = classifier(activation=activation, learning_rate=0.02).fit(X[:150], y[:150])
    assert dnn.score(X[:150], y[:150]) > 0.95
    predicted = dnn.predict(X[150:])
    assert (predicted.shape, predicted.dtype) == (y[150:].shape, y.dtype)


@pytest.mark.parametrize(
    ("activation", "score"), [("identity", 0.8), ("logistic", 0.98), ("tanh", 0.98), ("relu", 0.98)]
)
def test_a_regression_is_learnt_with_every_activation(activation, score, line):
    dnn = regressor(activation=activation, hidden_units=50, epochs=300, learning_rate=0.02)
    dnn.set_params(schedule="one_cycle")
    assert dnn.fit(*line).score(*line) > score


# Without a hidden layer the loss is convex: a few hundred steps over all rows reach its minimum.
LINEAR = {
    "hidden_units": (),
    "batch_size": None,
    "optimizer": Optimizer("sgd", momentum=0.9),
    "epochs": 400,
    "dtype": "float64",
}


@pytest.fixture(scope="module")
def counts():
    X = np.linspace(0, 1, 100)
    return X.reshape(-1, 1), np.random.default_rng(0).poisson(np.exp(X + 1))


def test_without_a_hidden_layer_a_regressor_is_a_linear_regression(counts):
    X, y = counts
    dnn = regressor(learning_rate=0.3, **LINEAR).fit(X, y)
    assert_allclose(dnn.predict(X), LinearRegression().fit(X, y).predict(X), rtol=1e-4)


def test_with_a_loss_of_ones_own_it_is_a_poisson_regression(counts):
    X, y = counts

    def deviance(y, logarithms):  # up to what doesn't depend on the predictions
        return ops.mean(ops.exp(logarithms) - y * logarithms, axis=-1)

    ops = load_keras().ops
    dnn = regressor(loss=deviance, learning_rate=0.05, **LINEAR).fit(X, y)
    glm = PoissonRegressor(alpha=0, tol=1e-7).fit(X, y)
    assert_allclose(np.exp(dnn.predict(X)), glm.predict(X), rtol=1e-4)


def test_several_targets_are_learnt_at_once():
    X, y = make_regression(n_samples=200, n_targets=5, random_state=11)
    y = scale(y)
    dnn = regressor(hidden_units=50, learning_rate=0.01, epochs=100).fit(X, y)
    assert dnn.predict(X).shape == y.shape
    assert dnn.score(X, y) > 0.9


# -- probabilities ----------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_have_a_column_per_class_and_are_the_exponentials_of_their_logarithms(
    n_classes, few_digits
):
    X, y = few_digits[n_classes]
    dnn = classifier(hidden_units=5, epochs=60, learning_rate=0.02).fit(X[:50], y[:50])
    probabilities = dnn.predict_proba(X[:50])
    assert probabilities.shape == (50, n_classes)
    assert_allclose(probabilities.sum(axis=1), 1)
    assert_allclose(dnn.predict_log_proba(X[:50]), np.log(probabilities))
    assert roc_auc_score(y[:50] == 1, probabilities[:, 1]) == 1.0


# -- the fitted attributes --------------------------------------------------------------------


def test_what_an_mlp_has_learned_is_there_by_other_names(few_digits):
    X, y = few_digits[3]
    parameters = {"early_stopping": True, "n_iter_no_change": 30, "random_state": 0}
    mlp = MLPClassifier(hidden_layer_sizes=(9, 5), max_iter=500, **parameters).fit(X, y)
    dnn = classifier(hidden_units=(9, 5), learning_rate=0.02, epochs=60, **parameters).fit(X, y)
    assert_array_equal(dnn.classes_, mlp.classes_)
    assert dnn.n_features_in_ == mlp.n_features_in_
    assert [w.shape for w in arrays(dnn)[::2]] == [w.shape for w in mlp.coefs_]
    assert [b.shape for b in arrays(dnn)[1::2]] == [b.shape for b in mlp.intercepts_]
    assert dnn.network_.output_shape[-1] == mlp.n_outputs_
    assert dnn.network_.layers[-1].activation.__name__ == mlp.out_activation_
    for fitted, n_epochs, losses, scores in [
        (mlp, mlp.n_iter_, mlp.loss_curve_, mlp.validation_scores_),
        (dnn, dnn.n_epochs_, dnn.history_["loss"], dnn.history_["val_accuracy"]),
    ]:
        assert len(losses) == len(scores) == n_epochs, fitted
        assert max(scores) > 0.8


# -- several labels ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def labels():
    return make_multilabel_classification(n_samples=50, random_state=0, return_indicator=True)


def test_several_labels_are_learnt_at_once(labels):
    X, Y = labels
    dnn = classifier(hidden_units=50, learning_rate=0.02, epochs=100).fit(X, Y)
    assert dnn.score(X, Y) > 0.97
    assert_array_equal(dnn.classes_, np.arange(Y.shape[1]))


def test_several_labels_are_learnt_call_by_call(labels):
    X, Y = labels
    dnn = classifier(hidden_units=50, learning_rate=0.02)
    for _ in range(100):
        dnn.partial_fit(X, Y, classes=range(Y.shape[1]))
    assert dnn.score(X, Y) > 0.9


def test_early_stopping_works_with_several_labels(labels):
    X, Y = labels
    dnn = classifier(early_stopping=True).fit(X, Y)
    assert set(np.unique(dnn.predict(X))) <= {0, 1}
    assert len(dnn.history_["val_loss"]) == dnn.n_epochs_


def test_probabilities_of_several_labels_are_independent(labels):
    X, Y = labels
    dnn = classifier(hidden_units=30, learning_rate=0.02, epochs=150).fit(X, Y)
    probabilities = dnn.predict_proba(X)
    assert probabilities.shape == Y.shape
    assert_array_equal(probabilities > 0.5, Y)
    assert np.abs(probabilities.sum(axis=1) - 1).max() > 0.1
    assert_allclose(dnn.predict_log_proba(X), np.log(probabilities))


# -- partial_fit ------------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_epochs_call_by_call_are_the_same_training_as_one_fit(n_classes, few_digits):
    X, y = few_digits[n_classes]
    parameters = {"optimizer": "sgd", "learning_rate": 0.2}
    at_once = classifier(**parameters).fit(X, y)
    by_call = classifier(**parameters)
    for _ in range(20):
        by_call.partial_fit(X, y, classes=np.unique(y))
    assert_array_equal(by_call.predict_proba(X), at_once.predict_proba(X))
    assert by_call.score(X, y) > 0.95


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_epochs_of_a_regressor_call_by_call_are_the_same_training_as_one_fit(momentum, line):
    X, y = line
    parameters = {
        "hidden_units": 50,
        "batch_size": None,
        "optimizer": Optimizer("sgd", momentum=momentum),
        "learning_rate": 0.02,
        "epochs": 100,
    }
    at_once, by_call = regressor(**parameters).fit(X, y), regressor(**parameters)
    for _ in range(100):
        by_call.partial_fit(X, y)
    assert_allclose(by_call.predict(X), at_once.predict(X), rtol=1e-5)
    assert by_call.score(X, y) > 0.65


def test_a_class_may_come_in_a_later_call_only():
    dnn = classifier(learning_rate=0.02)
    dnn.partial_fit([[1], [2], [3]], ["a", "b", "c"], classes=["a", "b", "c", "d"])
    for _ in range(50):
        dnn.partial_fit([[4]], ["d"])
    assert dnn.predict([[4]]).tolist() == ["d"]
    assert dnn.score([[1], [2], [3], [4]], ["a", "b", "c", "d"]) > 0


def test_other_classes_in_a_later_call_are_refused():
    dnn = classifier().partial_fit([[3, 2]], [0], classes=[0, 1])
    with pytest.raises(ValueError, match="not the same as on the first call"):
        dnn.partial_fit([[3, 2]], [0], classes=[1, 2])


def test_a_first_call_needs_all_classes():
    X, y = [[3, 2], [1, 6]], [1, 0]
    with pytest.raises(ValueError, match="classes"):
        classifier().partial_fit(X, y)
    with pytest.raises(ValueError, match="2 classes"):
        classifier().partial_fit(X, y, classes=[2])
    with pytest.raises(ValueError, match="not among the classes"):
        classifier().partial_fit(X, y, classes=[1, 2])


@both
def test_an_epoch_more_after_a_fit_that_stopped_early(kind, iris):
    dnn = estimator(kind, early_stopping=True).fit(*iris)
    epochs = dnn.n_epochs_
    dnn.partial_fit(*iris)
    assert dnn.n_epochs_ == epochs + 1


@both
def test_training_goes_on_after_joblib(kind, tmp_path):
    X, before, after = {
        "Classifier": ([[0], [2]], ["a", "b"], ["b", "a"]),
        "Regressor": ([[0], [2]], [3.0, 4.0], [0.0, 1.0]),
    }[kind]
    dnn = estimator(kind, activation="tanh", learning_rate=0.02, epochs=100).fit(X, before)
    joblib.dump(dnn, tmp_path / "dnn.joblib")
    loaded = joblib.load(tmp_path / "dnn.joblib")
    for _ in range(150):
        loaded.partial_fit(X, after)
    if kind == "Classifier":
        assert loaded.predict(X).tolist() == after
    else:
        assert_allclose(loaded.predict(X), after, atol=1e-2)
    assert dnn.n_epochs_ == 100


# -- when training ends -----------------------------------------------------------------------


ON_TRAINING_LOSS = {"early_stopping": True, "validation_fraction": 0}


def test_a_large_tolerance_ends_training():
    dnn = classifier(epochs=500, tol=0.5, **ON_TRAINING_LOSS).fit([[3, 2], [1, 6]], [1, 0])
    assert dnn.n_epochs_ < 500


@pytest.mark.parametrize("patience", [1, 2, 5, 10])
def test_training_ends_after_so_many_epochs_without_improvement(patience, few_digits):
    # The first epoch improves on nothing before; no later one does by as much as this.
    dnn = classifier(epochs=100, n_iter_no_change=patience, tol=1e9, **ON_TRAINING_LOSS)
    assert dnn.fit(*few_digits[2]).n_epochs_ == 1 + patience


def test_without_early_stopping_all_epochs_are_trained(few_digits):
    dnn = classifier(epochs=30, n_iter_no_change=1, tol=1e9).fit(*few_digits[2])
    assert dnn.n_epochs_ == 30
    assert not {"val_loss", "val_accuracy"} & dnn.history_.keys()


@both
def test_early_stopping_judges_held_out_rows_and_keeps_the_best_epoch(kind, few_digits):
    X, y = few_digits[2]
    dnn = estimator(kind, epochs=300, early_stopping=True, tol=0.0, n_iter_no_change=3)
    dnn.set_params(learning_rate=0.02).fit(X, y)
    judged = dnn.history_["val_loss"]
    assert len(judged) == dnn.n_epochs_ < 300
    assert dnn.best_epoch_ == 1 + np.argmin(judged) == dnn.n_epochs_ - 3


@both
def test_early_stopping_ends_sooner_with_a_larger_tolerance(kind, few_digits):
    n_epochs = [
        estimator(kind, epochs=60, early_stopping=True, tol=tol).fit(*few_digits[2]).n_epochs_
        for tol in (1e-4, 0.2)
    ]
    assert n_epochs[0] > n_epochs[1] >= 11


def test_early_stopping_needs_two_rows_of_each_class():
    with pytest.raises(ValueError, match="the smallest of 1"):
        classifier(early_stopping=True).fit([[1, 2], [2, 3], [3, 4], [4, 5]], [0, 0, 0, 1])


@pytest.mark.parametrize(("kind", "n_rows"), [("Classifier", 2), ("Regressor", 1)])
def test_early_stopping_needs_enough_rows(kind, n_rows):
    X, _ = make_regression(n_samples=n_rows, n_features=5, random_state=0)
    with pytest.raises(ValueError, match="held out"):
        estimator(kind, early_stopping=True).fit(X, np.arange(n_rows))


def test_early_stopping_takes_labels_that_are_words():
    X, y = make_classification(
        n_samples=200, n_features=10, n_classes=3, n_informative=5, random_state=42
    )
    words = np.array(["class_a", "class_b", "class_c"], dtype=object)[y]
    dnn = classifier(early_stopping=True).fit(X, words)
    assert len(dnn.history_["val_accuracy"]) == dnn.n_epochs_
    assert np.isfinite(dnn.history_["val_accuracy"]).all()
    assert set(dnn.predict(X)) <= set(words)


@both
def test_early_stopping_with_equal_weights_is_that_without_weights(kind, few_digits):
    X, y = few_digits[2]
    parameters = {"early_stopping": True, "tol": 1e-2, "batch_size": 10}
    weighted = estimator(kind, **parameters).fit(X, y, sample_weight=np.ones(len(y)))
    plain = estimator(kind, **parameters).fit(X, y)
    assert_array_equal(weighted.predict(X), plain.predict(X))


@both
def test_early_stopping_keeps_the_columns_names(kind):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(np.random.default_rng(0).normal(size=(20, 2)), columns=["one", "two"])
    y = pandas.Series([0, 1] * 10, name="target")
    dnn = estimator(kind, early_stopping=True, validation_fraction=0.2, epochs=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        dnn.fit(X, y).score(X, y)
    assert dnn.feature_names_in_.tolist() == ["one", "two"]


# -- warm_start -------------------------------------------------------------------------------


def test_a_warm_start_takes_the_same_classes_in_other_places(iris):
    X, y = iris
    dnn = classifier(warm_start=True).fit(X, y)
    dnn.fit(X, y).fit(X, np.repeat([0, 1, 2], [40, 40, 70]))
    assert dnn.n_epochs_ == 60


@pytest.mark.parametrize(
    "y",
    [
        np.repeat([0, 1], 75),
        np.repeat([0, 1, 3], 50),
        np.repeat([0, 1, 2, 3], [37, 37, 38, 38]),
        np.repeat([0, 1, 2, 3, 4], 30),
    ],
    ids=["fewer", "others", "one more", "two more"],
)
def test_a_warm_start_on_other_classes_is_refused(y, iris):
    dnn = classifier(warm_start=True, epochs=1).fit(*iris)
    with pytest.raises(ValueError, match=r"warm_start=True, but y has the classes .* \[0, 1, 2\]"):
        dnn.fit(iris[0], y)


@both
def test_each_warm_start_trains_all_epochs(kind, iris):
    dnn = estimator(kind, warm_start=True, epochs=3)
    assert dnn.fit(*iris).n_epochs_ == 3
    assert dnn.fit(*iris).n_epochs_ == 6
    assert dnn.set_params(epochs=5).fit(*iris).n_epochs_ == 11
    assert len(dnn.history_["loss"]) == 11


@both
def test_a_warm_start_is_judged_as_before(kind, iris):
    dnn = estimator(kind, warm_start=True, early_stopping=True, epochs=5).fit(*iris)
    judged = len(dnn.history_["val_loss"])
    dnn.set_params(epochs=10).fit(*iris)
    assert len(dnn.history_["val_loss"]) > judged
    assert np.isfinite(dnn.history_["val_loss"]).all()


@pytest.mark.parametrize(("schedule", "changes"), [("constant", False), ("one_cycle", True)])
def test_a_warm_start_begins_the_schedule_again(schedule, changes, iris):
    dnn = classifier(warm_start=True, schedule=schedule, epochs=4).fit(*iris).fit(*iris)
    rates = dnn.history_["learning_rate"]
    assert rates[:4] == rates[4:]
    assert (len(set(rates[:4])) > 1) == changes


def test_a_warm_start_goes_on_with_a_schedule_of_steps(iris):
    dnn = classifier(warm_start=True, schedule="invscaling", epochs=4, batch_size=50)
    dnn.fit(*iris).fit(*iris)
    steps = 3 * np.arange(1, 9)  # at the end of each epoch
    assert dnn.history_["learning_rate"] == pytest.approx(dnn.learning_rate / steps**0.5)


def test_the_rate_falls_as_long_as_the_loss_does_not():
    schedule = Plateau(factor=0.2, patience=2, min_delta=0.5)
    dnn = classifier(epochs=60, schedule=schedule, learning_rate=0.1)
    dnn.fit([[3, 2], [1, 6]], [1, 0])
    assert dnn.history_["learning_rate"][0] == pytest.approx(0.1)
    assert dnn.history_["learning_rate"][-1] < 1e-6


# -- what goes in -----------------------------------------------------------------------------


@both
def test_the_seed_decides_the_order_and_the_order_decides_the_weights(kind):
    X, y = make_regression(n_samples=50, n_features=5, random_state=0)
    y = scale(y) if kind == "Regressor" else (y > 0).astype(int)

    def weights(shuffle):
        dnn = estimator(kind, hidden_units=1, activation="tanh", epochs=1, shuffle=shuffle)
        return arrays(dnn.fit(X, y))[0]

    assert_array_equal(weights(shuffle=True), weights(shuffle=True))
    assert_array_equal(weights(shuffle=False), weights(shuffle=False))
    assert not np.array_equal(weights(shuffle=True), weights(shuffle=False))


@pytest.mark.parametrize("sparse", [csr_matrix, csr_array])
def test_sparse_rows_give_what_dense_rows_give(sparse, few_digits):
    X, y = few_digits[2]
    dense, of_sparse = classifier().fit(X, y), classifier().fit(sparse(X), y)
    assert_array_equal(of_sparse.predict(sparse(X)), dense.predict(X))
    assert_array_equal(of_sparse.predict(X), of_sparse.predict(sparse(X)))
    assert_allclose(of_sparse.predict_proba(X), dense.predict_proba(X), rtol=1e-5)


@both
def test_rows_in_single_and_in_double_precision_give_the_same(kind, few_digits):
    X, y = few_digits[2]
    X = X / 16
    of_64 = estimator(kind).fit(X[:150], y[:150])
    of_32 = estimator(kind).fit(X[:150].astype(np.float32), y[:150])
    assert_allclose(of_32.predict(X[150:].astype(np.float32)), of_64.predict(X[150:]), rtol=1e-4)


@both
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_parameter_decides_the_precision_of_the_weights(dtype, kind, iris):
    X, y = iris
    for rows in (X.astype(np.float32), X):
        dnn = estimator(kind, dtype=dtype, epochs=1).fit(rows, y)
        assert {array.dtype.name for array in arrays(dnn)} == {dtype}


@both
def test_rows_of_the_largest_numbers_are_refused(kind):
    X = np.finfo(np.float64).max * np.random.default_rng(0).random((10, 2))
    with pytest.raises(ValueError, match=r"X has values up to .* in size"):
        estimator(kind).fit(X, np.arange(10) % 2)


@both
def test_a_loss_that_diverges_is_an_error_and_changes_nothing(kind, iris):
    dnn = estimator(
        kind, activation="linear", optimizer="sgd", early_stopping=True, learning_rate=1e30
    )
    with pytest.raises(ValueError, match="learning_rate"):
        dnn.fit(*iris)
    assert not hasattr(dnn, "n_epochs_")


@both
def test_a_verbose_fit_prints_a_line_per_epoch(kind, capsys):
    dnn = estimator(kind, verbose=1, epochs=2).fit([[3, 2], [1, 6]], [1, 0])
    dnn.partial_fit([[3, 2], [1, 6]], [1, 0])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all("loss" in line for line in lines)


# -- the page ---------------------------------------------------------------------------------


def test_the_page_names_every_parameter_and_every_test_of_this_module():
    page = (Path(__file__).parents[2] / "docs" / "mlp.md").read_text()
    named = set(re.findall(r"`(\w+)", page))
    assert {name for name in globals() if name.startswith("test_")} <= named
    for each in (MLPClassifier, MLPRegressor, DNNClassifier, DNNRegressor):
        assert each().get_params().keys() <= named
