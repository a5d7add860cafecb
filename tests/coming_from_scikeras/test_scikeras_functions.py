"""Functions and models as SciKeras takes them, alone and inside scikit-learn's meta-estimators."""

import pickle
from functools import partial

import numpy as np
import pytest
from scikeras_builders import (
    functional_image_classifier,
    image_classifier,
    linear,
    mlp_classifier,
    mlp_regressor,
    plain,
)
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmnist import KerasClassifier, KerasRegressor
from skmnist._utils.backend import load_keras

keras = load_keras()


pytestmark = [
    # Fits of one or two epochs, of which nothing is expected.
    pytest.mark.filterwarnings("ignore:Training ended at guessing"),
    # Of Keras's own arrays.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

CLASSIFIER = partial(KerasClassifier, mlp_classifier, epochs=10, learning_rate=0.01, random_state=0)
REGRESSOR = partial(KerasRegressor, mlp_regressor, epochs=20, learning_rate=0.01, random_state=0)


def check_fitted(estimator, X, y, at_least):
    """Fit, predict, score, and once more from a pickle."""
    assert estimator.fit(X, y) is estimator
    score = estimator.score(X, y)
    assert score > at_least
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(again.predict(X), estimator.predict(X))
    assert again.score(X, y) == score


# -- alone ------------------------------------------------------------------------------------


def test_a_function_makes_a_classifier(zero_to_four):
    check_fitted(CLASSIFIER(), *zero_to_four, at_least=0.8)


def test_a_function_makes_a_regressor(diabetes):
    check_fitted(REGRESSOR(), *diabetes, at_least=0.3)


@pytest.mark.parametrize("builder", [image_classifier, functional_image_classifier])
def test_a_function_that_compiles_its_network_classifies_images(builder, images):
    classifier = KerasClassifier(builder, epochs=30, hidden_layer_sizes=[], random_state=0)
    check_fitted(classifier, *images, at_least=0.8)


def test_functools_partial_is_a_function(zero_to_four):
    builder = partial(plain, hidden=8)
    classifier = KerasClassifier(builder, epochs=10, learning_rate=0.01, random_state=0)
    check_fitted(classifier, *zero_to_four, at_least=0.7)


def test_a_function_that_asks_for_nothing_is_called_with_nothing(diabetes):
    X, y = diabetes
    regressor = KerasRegressor(lambda: linear(10, 1), epochs=1).fit(X, y)
    assert regressor.network_.output_shape == (None, 1)


def test_no_class_of_ones_own_is_needed(zero_to_four):
    with pytest.raises((TypeError, ValueError), match="model"):
        KerasClassifier(None).fit(*zero_to_four)


@pytest.mark.parametrize(
    "model",
    [
        object(),
        "mlp",
        3,
        keras.layers.Dense(3),
    ],
    ids=["object", "str", "int", "layer"],
)
def test_what_is_no_function_and_no_model_is_refused(model, zero_to_four):
    with pytest.raises((TypeError, ValueError), match="model"):
        KerasClassifier(model).fit(*zero_to_four)


def test_a_function_that_returns_no_model_is_refused(zero_to_four):
    def nothing(n_classes):
        return None

    with pytest.raises((TypeError, ValueError), match="None"):
        KerasClassifier(nothing).fit(*zero_to_four)


class OwnStep(keras.Sequential):
    def train_step(self, data):
        return super().train_step(data)


def test_a_training_step_of_ones_own_is_refused(zero_to_four):
    def builder(n_features_in, n_classes):
        return OwnStep([keras.Input((n_features_in,)), keras.layers.Dense(n_classes)])

    with pytest.raises(ValueError, match="train_step"):
        KerasClassifier(builder).fit(*zero_to_four)


# -- inside -----------------------------------------------------------------------------------


def test_a_pipeline_ends_in_a_classifier(zero_to_four):
    check_fitted(make_pipeline(StandardScaler(), CLASSIFIER()), *zero_to_four, at_least=0.8)


def test_a_pipeline_ends_in_a_regressor(diabetes):
    check_fitted(make_pipeline(StandardScaler(), REGRESSOR()), *diabetes, at_least=0.3)


def test_a_grid_reaches_the_arguments_of_the_function(zero_to_four):
    classifier = CLASSIFIER(model__hidden_layer_sizes=[], validation_split=0.1)
    search = GridSearchCV(classifier, {"model__hidden_layer_sizes": [[], [5]]}, cv=2)
    check_fitted(search, *zero_to_four, at_least=0.5)
    assert search.best_params_["model__hidden_layer_sizes"] in ([], [5])


def test_a_random_search_reaches_epochs_and_the_optimizer(diabetes):
    search = RandomizedSearchCV(
        REGRESSOR(), {"epochs": [5, 10], "optimizer": ["rmsprop", "sgd"]}, n_iter=2, cv=2
    )
    check_fitted(search, *diabetes, at_least=0)
    assert search.best_params_["optimizer"] in ("rmsprop", "sgd")


def test_the_best_optimizer_of_a_grid_trains_the_network(zero_to_four):
    search = GridSearchCV(
        CLASSIFIER(epochs=5),
        {"model__hidden_layer_sizes": [[], [5]], "optimizer": ["sgd", "adam"]},
        cv=2,
    )
    search.fit(*zero_to_four)
    assert search.best_params_["optimizer"] == "adam"
    assert search.best_estimator_.optimizer == "adam"


def test_a_grid_takes_the_names_of_the_quickstart(zero_to_four):
    grid = {
        "hidden_layer_sizes": [(8,)],
        "loss": ["sparse_categorical_crossentropy"],
        "optimizer": ["adam", "sgd"],
        "optimizer__learning_rate": [1e-5, 0.01],
    }
    search = GridSearchCV(CLASSIFIER(), grid, refit=False, cv=2, scoring="accuracy")
    search.fit(*zero_to_four)
    assert search.best_params_["optimizer__learning_rate"] == 0.01


@pytest.mark.parametrize("ensemble", [BaggingClassifier, AdaBoostClassifier])
def test_classifiers_are_combined(ensemble, zero_to_four):
    combined = ensemble(CLASSIFIER(), n_estimators=2, random_state=0)
    check_fitted(combined, *zero_to_four, at_least=0.7)


@pytest.mark.parametrize("ensemble", [BaggingRegressor, AdaBoostRegressor])
def test_regressors_are_combined(ensemble, diabetes):
    combined = ensemble(REGRESSOR(), n_estimators=2, random_state=0)
    check_fitted(combined, *diabetes, at_least=0.2)


def test_probabilities_are_calibrated(zero_to_four):
    check_fitted(CalibratedClassifierCV(CLASSIFIER(), cv=2), *zero_to_four, at_least=0.8)


@pytest.mark.parametrize("ensemble", [StackingClassifier, VotingClassifier])
def test_stacks_and_votes_recognise_a_classifier(ensemble, zero_to_four):
    combined = ensemble([("first", CLASSIFIER()), ("second", CLASSIFIER(hidden_layer_sizes=()))])
    check_fitted(combined, *zero_to_four, at_least=0.8)


def test_folds_are_stratified(zero_to_four):
    X, y = zero_to_four
    order = np.argsort(y, kind="stable")  # unstratified folds would lack classes
    assert cross_val_score(CLASSIFIER(), X[order], y[order], cv=3).min() > 0.7


# -- a model as template ----------------------------------------------------------------------


def test_a_prebuilt_model_classifies(zero_to_four):
    template = plain(64, 5)
    classifier = KerasClassifier(template, epochs=10, learning_rate=0.01, random_state=0)
    check_fitted(classifier, *zero_to_four, at_least=0.8)


@pytest.mark.xfail(reason="Keras warns when it unpickles a compiled template", strict=True)
def test_a_prebuilt_model_that_is_compiled_is_pickled(diabetes):
    template = linear(10, 1)
    template.compile(optimizer=keras.optimizers.Adam(0.05), loss="mae")
    check_fitted(KerasRegressor(template, epochs=20, random_state=0), *diabetes, at_least=0.2)


def test_a_prebuilt_model_regresses(diabetes):
    template = linear(10, 1)
    template.compile(optimizer=keras.optimizers.Adam(0.05), loss="mae")
    regressor = KerasRegressor(template, epochs=20, random_state=0)
    assert regressor.fit(*diabetes).score(*diabetes) > 0.2
    assert regressor.history_["learning_rate"] == pytest.approx([0.05] * 20)


@pytest.mark.parametrize("ensemble", [BaggingClassifier, AdaBoostClassifier])
def test_prebuilt_models_are_combined(ensemble, zero_to_four):
    template = KerasClassifier(plain(64, 5), epochs=10, learning_rate=0.01, random_state=0)
    check_fitted(ensemble(template, n_estimators=2), *zero_to_four, at_least=0.7)


@pytest.mark.parametrize("ensemble", [BaggingRegressor, AdaBoostRegressor])
def test_prebuilt_regressors_are_combined(ensemble, diabetes):
    template = KerasRegressor(linear(10, 1), epochs=20, learning_rate=0.01, random_state=0)
    check_fitted(ensemble(template, n_estimators=2, random_state=0), *diabetes, at_least=0.2)


def test_a_template_is_never_trained_itself(zero_to_four):
    template = plain(64, 5)
    before = template.get_weights()
    first = KerasClassifier(template, epochs=5, random_state=0).fit(*zero_to_four)
    assert all(map(np.array_equal, before, template.get_weights()))
    assert not np.array_equal(before[0], first.network_.get_weights()[0])
    second = clone(first).fit(*zero_to_four)
    X = zero_to_four[0]
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_a_templates_weights_are_the_start(zero_to_four):
    X, y = zero_to_four
    trained = CLASSIFIER(epochs=40).fit(X, y)
    more = KerasClassifier(trained.network_, epochs=1, random_state=0).fit(X, y)
    assert more.history_["loss"][0] < trained.history_["loss"][5]


def test_an_unfitted_estimator_does_not_predict(zero_to_four):
    X, _ = zero_to_four
    with pytest.raises(NotFittedError):
        CLASSIFIER().predict(X)
    with pytest.raises(NotFittedError):
        CLASSIFIER().predict_proba(X)
    with pytest.raises(NotFittedError):
        KerasRegressor(linear(64, 1)).predict(X)


def test_a_regressor_makes_an_autoencoder(images):
    X = images[0].reshape(-1, 64)

    def autoencoder(n_features_in, code):
        return keras.Sequential(
            [
                keras.Input((n_features_in,)),
                keras.layers.Dense(code, activation="relu", name="code"),
                keras.layers.Dense(n_features_in, activation="sigmoid"),
            ]
        )

    regressor = KerasRegressor(
        autoencoder, code=16, loss=keras.losses.BinaryCrossentropy(), epochs=1, random_state=0
    ).fit(X, X)
    untrained = np.mean((regressor.predict(X) - X) ** 2)
    regressor.set_params(epochs=60, learning_rate=0.01).fit(X, X)
    assert regressor.predict(X).shape == X.shape
    assert np.mean((regressor.predict(X) - X) ** 2) < untrained / 4
    network = regressor.network_
    encoder = keras.Model(network.inputs, network.get_layer("code").output)
    decoder = keras.Sequential([keras.Input((16,)), network.layers[-1]])
    codes = encoder.predict(X, verbose=0)
    assert codes.shape == (len(X), 16)
    np.testing.assert_allclose(decoder.predict(codes, verbose=0), regressor.predict(X), atol=1e-5)
