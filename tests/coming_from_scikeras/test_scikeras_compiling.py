"""Optimizers, losses and metrics, in the forms that SciKeras takes."""

import numpy as np
import pytest
from scikeras_builders import linear, mlp_classifier, plain

from skmnist import KerasClassifier, KerasRegressor
from skmnist._utils.backend import load_keras

keras = load_keras()


# Fits of one or two epochs, of which nothing is expected.
pytestmark = pytest.mark.filterwarnings("ignore:Training ended at guessing")

# -- optimizers -------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["SGD", "sgd"], ids=["class name", "name"])
def test_settings_of_the_optimizer_are_parameters(optimizer, zero_to_four):
    classifier = KerasClassifier(
        mlp_classifier,
        optimizer=optimizer,
        optimizer__learning_rate=0.15,
        optimizer__momentum=0.5,
        epochs=1,
    ).fit(*zero_to_four)
    made = classifier.network_.optimizer
    assert isinstance(made, keras.optimizers.SGD)
    assert float(made.momentum) == pytest.approx(0.5)
    assert float(made.learning_rate) == pytest.approx(0.15)


def test_settings_beside_an_optimizer_object_are_refused():
    with pytest.raises(TypeError, match="settings of its own, which can't be set by name"):
        KerasClassifier(plain, optimizer=keras.optimizers.SGD(), optimizer__momentum=0.5)


def test_settings_of_the_optimizer_can_be_searched():
    classifier = KerasClassifier(plain, optimizer="sgd").set_params(optimizer__momentum=0.5)
    assert classifier.get_params()["optimizer__momentum"] == 0.5


def test_a_class_of_optimizers_is_refused(zero_to_four):
    with pytest.raises((TypeError, ValueError), match=r"optimizer.*SGD"):
        KerasClassifier(plain, optimizer=keras.optimizers.SGD).fit(*zero_to_four)


def test_an_unknown_optimizer_is_refused_with_the_near_match(zero_to_four):
    with pytest.raises(ValueError, match=r"optimizer='sgf'.*sgd"):
        KerasClassifier(plain, optimizer="sgf").fit(*zero_to_four)


def test_a_setting_that_the_optimizer_does_not_have_is_refused(zero_to_four):
    with pytest.raises((TypeError, ValueError), match="learning_rat"):
        KerasClassifier(plain, optimizer="sgd", optimizer__learning_rat=0.1).fit(*zero_to_four)


# -- losses -----------------------------------------------------------------------------------

CROSS_ENTROPY = {
    "name": "categorical_crossentropy",
    "sparse name": "sparse_categorical_crossentropy",
    "function": keras.losses.categorical_crossentropy,
    "sparse function": keras.losses.sparse_categorical_crossentropy,
    "object": keras.losses.CategoricalCrossentropy(),
    "sparse object": keras.losses.SparseCategoricalCrossentropy(),
}


@pytest.fixture(scope="module")
def expected(zero_to_four):
    return KerasClassifier(plain, epochs=2, random_state=0).fit(*zero_to_four)


@pytest.mark.parametrize("loss", CROSS_ENTROPY.values(), ids=CROSS_ENTROPY)
def test_all_forms_of_a_loss_train_alike(loss, expected, zero_to_four):
    X, y = zero_to_four
    fitted = KerasClassifier(plain, loss=loss, epochs=2, random_state=0).fit(X, y)
    np.testing.assert_allclose(fitted.history_["loss"], expected.history_["loss"], rtol=1e-5)
    np.testing.assert_array_equal(fitted.predict(X), expected.predict(X))


BINARY = {
    "name": "binary_crossentropy",
    "short name": "bce",
    "function": keras.losses.binary_crossentropy,
    "object": keras.losses.BinaryCrossentropy(),
}


@pytest.mark.parametrize("loss", BINARY.values(), ids=BINARY)
def test_a_sigmoid_unit_has_the_binary_cross_entropy(loss, zero_or_one):
    classifier = KerasClassifier(
        plain, activation="sigmoid", loss=loss, epochs=20, random_state=0
    ).fit(*zero_or_one)
    assert classifier.network_.output_shape == (None, 1)
    assert classifier.score(*zero_or_one) > 0.9


@pytest.mark.parametrize("loss", ["bce", BINARY["object"]], ids=["name", "object"])
def test_labels_of_their_own_have_the_binary_cross_entropy(loss, strokes):
    classifier = KerasClassifier(
        plain, activation="sigmoid", loss=loss, epochs=15, learning_rate=0.01, random_state=0
    ).fit(*strokes)
    assert classifier.network_.output_shape == (None, 3)
    assert classifier.score(*strokes) > 0.5


class OwnLoss(keras.losses.Loss):
    def __init__(self, factor=1.0, name="own_loss"):
        super().__init__(name=name)
        self.factor = factor

    def call(self, y_true, y_pred):
        difference = keras.ops.cast(y_true, y_pred.dtype) - y_pred
        return self.factor * keras.ops.mean(keras.ops.square(difference), axis=-1)

    def get_config(self):
        return {"factor": self.factor, "name": self.name}


def test_a_loss_of_ones_own_is_an_object(diabetes):
    settings = {"epochs": 2, "optimizer": "sgd", "random_state": 0}
    own = KerasRegressor(linear, loss=OwnLoss(2.0), **settings).fit(*diabetes)
    squared = KerasRegressor(linear, loss="mse", learning_rate=0.02, **settings).fit(*diabetes)
    np.testing.assert_allclose(
        own.history_["loss"], 2 * np.array(squared.history_["loss"]), rtol=1e-4
    )


@pytest.mark.parametrize("loss", [OwnLoss, keras.losses.BinaryCrossentropy])
def test_a_class_of_losses_is_refused(loss, zero_to_four):
    with pytest.raises((TypeError, ValueError), match="loss"):
        KerasClassifier(plain, loss=loss).fit(*zero_to_four)


@pytest.mark.parametrize(
    "loss",
    [object(), object, [], ["mse"], {"out1": "mse"}],
    ids=["object", "class", "empty list", "list", "dict"],
)
def test_what_is_no_loss_is_refused(loss, zero_to_four):
    with pytest.raises((TypeError, ValueError), match="loss"):
        KerasClassifier(plain, loss=loss).fit(*zero_to_four)


def test_an_unknown_loss_is_refused_with_the_near_match(zero_to_four):
    with pytest.raises(ValueError, match=r"binary_crossentropr.*binary_crossentropy"):
        KerasClassifier(plain, loss="binary_crossentropr").fit(*zero_to_four)


def test_a_loss_of_logits_is_honoured(zero_to_four):
    X, y = zero_to_four
    classifier = KerasClassifier(
        plain,
        activation=None,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        epochs=10,
        learning_rate=0.01,
        random_state=0,
    ).fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X).sum(axis=1), 1, rtol=1e-6)
    assert classifier.score(X, y) > 0.8


# -- metrics ----------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["accuracy", "sparse_categorical_accuracy"])
def test_a_metric_is_recorded_by_its_name(metric, zero_to_four):
    classifier = KerasClassifier(plain, metrics=[metric], epochs=3).fit(*zero_to_four)
    assert len(classifier.history_[metric]) == 3


@pytest.mark.parametrize("labels", ["zero_or_one", "strokes"])
def test_a_metric_is_a_name_or_an_object(labels, request):
    by_object = keras.metrics.BinaryAccuracy(name="custom_name")
    strict = keras.metrics.BinaryAccuracy(threshold=0.9, name="strict")
    history = (
        KerasClassifier(
            plain,
            activation="sigmoid",
            metrics=["binary_accuracy", by_object, strict],
            validation_fraction=0.2,
            epochs=2,
            random_state=0,
        )
        .fit(*request.getfixturevalue(labels))
        .history_
    )
    for part in ("", "val_"):
        np.testing.assert_allclose(
            history[f"{part}custom_name"], history[f"{part}binary_accuracy"], rtol=1e-6
        )
        assert len(history[f"{part}strict"]) == 2
    assert history["strict"] != history["custom_name"]


def test_two_metrics_of_one_class_have_two_names(zero_or_one):
    metrics = [keras.metrics.BinaryAccuracy(name=name) for name in ("one", "two")]
    classifier = KerasClassifier(plain, activation="sigmoid", metrics=metrics, epochs=1)
    assert {"one", "two"} <= set(classifier.fit(*zero_or_one).history_)


class OwnMetric(keras.metrics.MeanAbsoluteError):
    pass


def test_a_metric_of_ones_own_is_recorded(diabetes):
    metrics = [OwnMetric(name="own_metric"), "mean_absolute_error"]
    history = KerasRegressor(linear, metrics=metrics, epochs=2).fit(*diabetes).history_
    np.testing.assert_allclose(history["own_metric"], history["mean_absolute_error"], rtol=1e-5)


def test_r2_is_a_metric_of_regressors(diabetes):
    regressor = KerasRegressor(
        linear, metrics=[keras.metrics.R2Score()], epochs=30, learning_rate=0.02
    ).fit(*diabetes)
    assert regressor.history_["r2_score"][-1] == pytest.approx(regressor.score(*diabetes), abs=0.1)


def test_a_metric_that_the_function_compiled_is_recorded(diabetes):
    def builder(n_features_in):
        network = linear(n_features_in, 1)
        network.compile("adam", "mse", metrics=["mae"])
        return network

    settings = {"epochs": 2, "random_state": 0}
    compiled = KerasRegressor(builder, **settings).fit(*diabetes).history_
    given = KerasRegressor(linear, metrics=["mae"], **settings).fit(*diabetes).history_
    assert compiled == given
    assert {"mae", "mean_absolute_error"} & set(given)


@pytest.mark.parametrize("metric", [object(), object, []], ids=["object", "class", "list"])
def test_what_is_no_metric_is_refused(metric, zero_to_four):
    with pytest.raises((TypeError, ValueError), match="metrics"):
        KerasClassifier(plain, metrics=[metric]).fit(*zero_to_four)


def test_an_unknown_metric_is_refused(zero_to_four):
    with pytest.raises(ValueError, match="acccuracy"):
        KerasClassifier(plain, metrics=["acccuracy"]).fit(*zero_to_four)


def test_metrics_by_output_are_refused(zero_to_four):
    with pytest.raises((TypeError, ValueError), match="metrics"):
        KerasClassifier(plain, metrics={"out1": "accuracy"}).fit(*zero_to_four)
