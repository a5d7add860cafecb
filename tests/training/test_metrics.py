"""Keras's metrics, recorded in each epoch."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.metrics import f1_score, mean_absolute_error, roc_auc_score

from skmnist import DNNClassifier, DNNRegressor, SequenceDNNClassifier
from skmnist._utils.backend import load_keras

X, y = load_digits(return_X_y=True)
TRAIN, TEST = slice(0, 1200), slice(1200, None)


def quick(**settings):
    return DNNClassifier(hidden_units=16, epochs=2, random_state=0, **settings)


def fitted(metrics, **settings):
    classifier = quick(metrics=metrics, **settings)
    return classifier.fit(X[TRAIN], y[TRAIN], X_val=X[TEST], y_val=y[TEST])


def test_metrics_of_validation_samples_are_those_of_the_predictions():
    keras = load_keras()
    metrics = [
        "top_k_categorical_accuracy",
        keras.metrics.F1Score(average="macro", name="f1"),
        keras.metrics.SparseTopKCategoricalAccuracy(2, name="one_of_two"),
        "sparse_categorical_crossentropy",
    ]
    classifier = fitted(metrics)
    history, probabilities = classifier.history_, classifier.predict_proba(X[TEST])
    ranks = (probabilities > probabilities[np.arange(len(probabilities)), y[TEST]][:, None]).sum(1)
    assert history["val_top_k_categorical_accuracy"][-1] == pytest.approx((ranks < 5).mean())
    assert history["val_one_of_two"][-1] == pytest.approx((ranks < 2).mean())
    expected = f1_score(y[TEST], classifier.predict(X[TEST]), average="macro")
    assert history["val_f1"][-1] == pytest.approx(expected, abs=1e-5)
    assert history["val_sparse_categorical_crossentropy"][-1] == pytest.approx(
        history["val_loss"][-1], rel=1e-5
    )
    assert all(len(curve) == 2 for curve in history.values())


def test_metrics_of_training_samples_are_those_of_keras_own_fit():
    keras = load_keras()
    classifier = quick(
        metrics=["auc", "categorical_accuracy"],
        optimizer="sgd",
        learning_rate=0.1,
        schedule="constant",
        batch_size=50,
        shuffle=False,
        dropout=0.0,
        dtype="float32",
        pixel_scaling=None,
    )
    network = keras.models.clone_model(quick(dropout=0.0).fit(X[:100], y[:100]).network_)
    classifier.set_params(epochs=1).fit(X[TRAIN] / 16, y[TRAIN])
    begun = classifier.__skmnist_predictor__.architecture.build(classifier._seed_)
    network.set_weights(begun.get_weights())
    network.compile(
        keras.optimizers.SGD(0.1),
        "categorical_crossentropy",
        metrics=["auc", "categorical_accuracy"],
    )
    images = X[TRAIN].reshape(-1, 8, 8, 1) / 16
    history = network.fit(
        images, np.eye(10)[y[TRAIN]], batch_size=50, shuffle=False, verbose=0
    ).history
    for name in ("loss", "auc", "categorical_accuracy"):
        assert classifier.history_[name][0] == pytest.approx(history[name][0], rel=1e-4)


def test_metrics_can_be_functions_and_own_subclasses():
    keras = load_keras()

    def confidence(targets, outputs):
        return keras.ops.max(outputs, axis=-1)

    class Confidence(keras.metrics.Mean):
        def update_state(self, targets, outputs, sample_weight=None):
            return super().update_state(keras.ops.max(outputs, axis=-1), sample_weight)

    classifier = fitted([confidence, Confidence(name="own")])
    expected = classifier.predict_proba(X[TEST]).max(axis=1).mean()
    assert classifier.history_["val_confidence"][-1] == pytest.approx(expected, rel=1e-4)
    assert classifier.history_["val_own"][-1] == pytest.approx(expected, rel=1e-4)


def test_metrics_change_no_weight_and_no_other_score():
    with_metrics, without = fitted(["auc"]), fitted(None)
    assert np.array_equal(with_metrics.predict_proba(X), without.predict_proba(X))
    for name, curve in without.history_.items():
        assert with_metrics.history_[name] == curve


def test_the_accuracy_is_recorded_once():
    assert list(fitted(["accuracy", "acc"]).history_) == list(fitted(None).history_)


def test_metrics_of_two_classes_with_a_single_output():
    binary = y > 4
    classifier = quick(metrics=["auc"], output_activation="sigmoid")
    classifier.fit(X[TRAIN], binary[TRAIN], X_val=X[TEST], y_val=binary[TEST])
    expected = roc_auc_score(binary[TEST], classifier.predict_proba(X[TEST])[:, 1])
    assert classifier.history_["val_auc"][-1] == pytest.approx(expected, abs=0.01)


def test_metrics_of_regressors_and_of_texts():
    inputs, targets = load_diabetes(return_X_y=True)
    targets = targets / 100
    regressor = DNNRegressor(hidden_units=8, epochs=60, metrics=["mae"], target_scaling=None)
    regressor.set_params(random_state=0).fit(inputs, targets, X_val=inputs, y_val=targets)
    expected = mean_absolute_error(targets, regressor.predict(inputs))
    assert regressor.history_["val_mae"][-1] == pytest.approx(expected, rel=1e-4)
    words = SequenceDNNClassifier(hidden_units=4, epochs=1, metrics=["auc"], random_state=0)
    words.fit(X[:200].astype(int), y[:200] > 4)
    assert 0 <= words.history_["auc"][0] <= 1


@pytest.mark.parametrize(
    ("metrics", "error", "message"),
    [
        (
            "auc",
            ValueError,
            "The 'metrics' parameter of DNNClassifier must be an instance of 'list'",
        ),
        (["auk"], ValueError, "metrics has 'auk', which Keras doesn't know"),
        ([3], TypeError, "metrics has 3"),
        (["auc", "auc"], ValueError, "more than one curve of the name 'auc'"),
        (["f1_score"], ValueError, "'f1_score', which returns 10 numbers; expected one per epoch"),
    ],
)
def test_unusable_metrics_are_refused(metrics, error, message):
    with pytest.raises(error, match=message):
        fitted(metrics)
