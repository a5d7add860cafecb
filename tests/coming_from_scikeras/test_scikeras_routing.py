"""How parameters reach the function, the compilation and the fit, by SciKeras's names too."""

import inspect
import pickle

import numpy as np
import pytest
from scikeras_builders import linear, mlp_classifier, mlp_regressor, plain
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_no_attributes_set_in_init

from skmnist import KerasClassifier, KerasRegressor
from skmnist._utils.backend import load_keras

keras = load_keras()


# Fits of one or two epochs, of which nothing is expected.
pytestmark = pytest.mark.filterwarnings("ignore:Training ended at guessing")

SHARED_META = {
    "X_shape_",
    "n_features_in_",
    "n_outputs_",
    "n_outputs_expected_",
    "target_type_",
}


def recorded(function):
    """Return the function, and a list of the arguments that it was called with."""
    calls = []

    def recording(meta, compile_kwargs, hidden_layer_sizes=(4,), foo=None):
        calls.append({"meta": meta, "compile_kwargs": compile_kwargs, "foo": foo})
        return function(meta, dict(compile_kwargs), hidden_layer_sizes)

    return recording, calls


# -- to the function --------------------------------------------------------------------------


def test_a_classifiers_function_gets_what_it_asks_for(zero_to_four):
    X, y = zero_to_four
    builder, calls = recorded(mlp_classifier)
    KerasClassifier(builder, foo="bar", epochs=1).fit(X, y)
    asked = calls[-1]
    assert asked["foo"] == "bar"
    assert set(asked["compile_kwargs"]) >= {"optimizer", "loss", "metrics"}
    meta = asked["meta"]
    assert set(meta) >= SHARED_META | {"classes_", "n_classes_"}
    assert (meta["n_features_in_"], meta["n_classes_"], meta["target_type_"]) == (
        64,
        5,
        "multiclass",
    )
    assert tuple(meta["X_shape_"][1:]) == X.shape[1:]
    np.testing.assert_array_equal(meta["classes_"], np.arange(5))


def test_a_regressors_function_gets_what_it_asks_for(diabetes):
    X, y = diabetes
    builder, calls = recorded(mlp_regressor)
    KerasRegressor(builder, foo="bar", epochs=1).fit(X, y)
    assert calls[-1]["foo"] == "bar"
    meta = calls[-1]["meta"]
    assert set(meta) >= SHARED_META
    assert (meta["n_features_in_"], meta["n_outputs_"], meta["target_type_"]) == (
        10,
        1,
        "continuous",
    )
    assert meta["classes_"] is None
    assert "n_classes_" not in meta


def test_the_dtype_of_samples_reaches_the_function(zero_to_four):
    X, y = zero_to_four
    builder, calls = recorded(mlp_classifier)
    KerasClassifier(builder, epochs=1).fit(X, y)
    assert calls[-1]["meta"]["X_dtype_"] == X.dtype


def test_names_of_columns_reach_the_function(zero_to_four):
    pd = pytest.importorskip("pandas")
    X, y = zero_to_four
    builder, calls = recorded(mlp_classifier)
    names = [f"pixel{i}" for i in range(64)]
    KerasClassifier(builder, epochs=1).fit(pd.DataFrame(X, columns=names), y)
    assert list(calls[-1]["meta"]["feature_names_in_"]) == names


def test_names_of_this_package_are_passed_too(zero_or_one):
    X, y = zero_or_one
    calls = []

    def builder(n_features_in, input_shape, n_classes, n_outputs, target_type, seed):
        calls.append(locals())
        return plain(n_features_in, n_outputs, activation="sigmoid")

    KerasClassifier(builder, epochs=1, random_state=3).fit(X, y)
    got = {name: calls[-1][name] for name in inspect.signature(builder).parameters}
    assert isinstance(got.pop("seed"), int)
    assert got == {
        "n_features_in": 64,
        "input_shape": (64,),
        "n_classes": 2,
        "n_outputs": 1,
        "target_type": "binary",
    }


def test_params_as_a_whole_are_refused(zero_to_four):
    def builder(n_features_in, n_outputs, params):
        return plain(n_features_in, n_outputs, params["hidden"])

    with pytest.raises((TypeError, ValueError), match="params"):
        KerasClassifier(builder).fit(*zero_to_four)


def test_a_function_of_any_arguments_gets_those_that_are_given(zero_to_four):
    got = {}

    def builder(n_features_in, n_outputs, **others):
        got.update(others)
        return plain(n_features_in, n_outputs, **others)

    classifier = KerasClassifier(builder, hidden=5, epochs=1)
    assert classifier.get_params()["hidden"] == 5
    assert classifier.fit(*zero_to_four).network_.layers[0].units == 5
    assert got == {"hidden": 5}


def test_parameters_of_the_estimator_reach_the_function_by_name(zero_to_four):
    got = {}

    def builder(n_features_in, n_outputs, learning_rate, batch_size):
        got.update(learning_rate=learning_rate, batch_size=batch_size)
        return plain(n_features_in, n_outputs)

    KerasClassifier(builder, learning_rate=0.02, batch_size=8, epochs=1).fit(*zero_to_four)
    assert got == {"learning_rate": 0.02, "batch_size": 8}


def test_both_spellings_of_an_argument_are_one_parameter(zero_to_four):
    X, y = zero_to_four
    routed = KerasClassifier(
        mlp_classifier, model__hidden_layer_sizes=(3,), epochs=1, random_state=0
    )
    plainly = KerasClassifier(mlp_classifier, hidden_layer_sizes=(3,), epochs=1, random_state=0)
    assert routed.get_params() == plainly.get_params()
    routed, plainly = routed.fit(X, y), plainly.fit(X, y)
    np.testing.assert_array_equal(routed.predict_proba(X), plainly.predict_proba(X))
    assert routed.network_.layers[0].units == 3


def test_arguments_of_the_function_are_parameters():
    classifier = KerasClassifier(mlp_classifier)
    assert classifier.get_params()["hidden_layer_sizes"] == (16,)
    assert not {"meta", "compile_kwargs"} & set(classifier.get_params())
    classifier.set_params(model__hidden_layer_sizes=(8,))
    assert classifier.get_params()["hidden_layer_sizes"] == (8,)
    assert clone(classifier).get_params()["hidden_layer_sizes"] == (8,)
    assert "hidden_layer_sizes=(8,)" in repr(classifier)
    assert pickle.loads(pickle.dumps(classifier)).get_params() == classifier.get_params()


@pytest.mark.parametrize("name", ["bar", "model__bar"])
@pytest.mark.parametrize(
    ("wrapper", "builder"), [(KerasClassifier, plain), (KerasRegressor, linear)]
)
def test_an_argument_that_the_function_does_not_have_is_refused(wrapper, builder, name):
    with pytest.raises((TypeError, ValueError), match="bar"):
        wrapper(builder, **{name: 42})
    with pytest.raises(ValueError, match="bar"):
        wrapper(builder).set_params(**{name: 42})


@pytest.mark.parametrize("name", ["hiden", "model__hiden"])
def test_a_misspelt_argument_is_refused_with_the_near_match(name):
    with pytest.raises((TypeError, ValueError), match="hidden"):
        KerasClassifier(plain, **{name: 42})
    with pytest.raises(ValueError, match="hidden"):
        KerasClassifier(plain).set_params(**{name: 42})


def test_a_misspelt_parameter_is_refused_with_the_near_match():
    with pytest.raises((TypeError, ValueError), match="epochs"):
        KerasClassifier(plain, epoch=3)


@pytest.mark.parametrize(
    "estimator",
    [KerasClassifier(mlp_classifier), KerasRegressor(linear), KerasClassifier(plain, hidden=3)],
    ids=["classifier", "regressor", "with an argument"],
)
def test_the_constructor_only_stores(estimator):
    check_no_attributes_set_in_init(type(estimator).__name__, estimator)


# -- SciKeras's names of our parameters -------------------------------------------------------

TRANSLATED = {
    "optimizer__learning_rate": ("learning_rate", 0.25),
    "validation_split": ("validation_fraction", 0.25),
    "fit__epochs": ("epochs", 3),
    "fit__batch_size": ("batch_size", 8),
    "fit__verbose": ("verbose", 1),
    "fit__shuffle": ("shuffle", False),
    "fit__validation_split": ("validation_fraction", 0.25),
}


@pytest.mark.parametrize(("theirs", "ours", "value"), [(t, *o) for t, o in TRANSLATED.items()])
def test_a_parameter_of_scikeras_is_one_of_ours(theirs, ours, value):
    assert KerasClassifier(plain, **{theirs: value}).get_params()[ours] == value
    assert KerasClassifier(plain).set_params(**{theirs: value}).get_params()[ours] == value
    assert ours in inspect.signature(KerasClassifier).parameters


def test_a_class_weight_of_the_fit_is_the_class_weight():
    classifier = KerasClassifier(plain, fit__class_weight="balanced")
    assert classifier.get_params()["class_weight"] == "balanced"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("fit__epochs", "epochs"), ("optimizer__learning_rate", "learning_rate")],
)
def test_a_parameter_for_one_place_has_precedence(theirs, ours):
    assert KerasClassifier(plain, **{theirs: 3, ours: 5}).get_params()[ours] == 3
    with pytest.raises(ValueError, match=ours):  # where it isn't clear which was set last
        KerasClassifier(plain).set_params(**{theirs: 3, ours: 5})


def test_build_fn_is_the_model(zero_to_four):
    X, y = zero_to_four
    classifier = KerasClassifier(build_fn=mlp_classifier, model__hidden_layer_sizes=(8,), epochs=1)
    assert classifier.get_params()["model"] is mlp_classifier
    assert classifier.get_params()["hidden_layer_sizes"] == (8,)
    assert classifier.fit(X, y).network_.layers[0].units == 8


# What SciKeras takes and this package doesn't, and the way out that the message names.
REFUSED = {
    "run_eagerly": (True, "network_"),
    "validation_batch_size": (32, "changes no result"),
    "fit__validation_batch_size": (32, "not a parameter of the estimator"),
    "predict__batch_size": (32, "change no result"),
    "predict__callbacks": ([], "predict__callbacks isn't a parameter"),
    "compile__jit_compile": (True, "optimizer, loss and metrics"),
    "loss__from_logits": (True, "object with its settings"),
    "loss__0__from_logits": (True, "object with its settings"),
    "metrics__name": ("custom", "objects with their settings"),
    "metrics__0__name": ("custom", "objects with their settings"),
    "callbacks__patience": (3, r"EarlyStopping\(patience=3\)"),
    "callbacks__0__patience": (3, r"EarlyStopping\(patience=3\)"),
    "initial_epoch": (1, "'initial_epoch' is unknown"),
    "validation_freq": (2, "'validation_freq' is unknown"),
    "loss_weights": ([1], "'loss_weights' is unknown"),
    "weighted_metrics": (["accuracy"], "'weighted_metrics' is unknown; did you mean 'metrics'"),
    "optimizer__this_should_not_pass__abc": ("error!", "optimizer"),
    "score__sample_weight": (None, "'score__sample_weight' is unknown"),
}


@pytest.mark.parametrize(("name", "value", "way"), [(n, *v) for n, v in REFUSED.items()])
def test_what_is_not_supported_is_refused_by_name(name, value, way):
    with pytest.raises(TypeError, match=way):
        KerasClassifier(plain, **{name: value})
    with pytest.raises(ValueError, match=way):
        KerasClassifier(plain).set_params(**{name: value})


@pytest.mark.parametrize("method", ["fit", "predict", "predict_proba"])
def test_methods_take_data_only(method, zero_to_four):
    X, y = zero_to_four
    classifier = KerasClassifier(plain, epochs=1).fit(X, y)
    data = (X, y) if method == "fit" else (X,)
    with pytest.raises(TypeError, match="batch_size"):
        getattr(classifier, method)(*data, batch_size=90)
    assert len(classifier.set_params(batch_size=90, epochs=2).fit(X, y).history_["loss"]) == 2


@pytest.mark.parametrize("name", ["epochs", "initial_epoch"])
def test_partial_fit_takes_no_epochs(name, zero_to_four):
    with pytest.raises(TypeError, match=name):
        KerasClassifier(plain).partial_fit(*zero_to_four, **{name: 1})


@pytest.mark.parametrize("n", [10, 100])
def test_all_rows_are_one_batch(n, diabetes):
    X, y = diabetes[0][:n], diabetes[1][:n]
    fits = [
        KerasRegressor(linear, batch_size=size, epochs=2, shuffle=False, random_state=0).fit(X, y)
        for size in (None, n)
    ]
    assert fits[0].history_["loss"] == fits[1].history_["loss"]


def test_a_batch_size_of_minus_one_is_refused(diabetes):
    with pytest.raises(ValueError, match=r"batch_size.*None"):
        KerasRegressor(linear, batch_size=-1).fit(*diabetes)


# -- what the function decides, and what the parameters ---------------------------------------


def test_parameters_compile_what_the_function_does_not(diabetes):
    settings = {"epochs": 2, "random_state": 0}
    outside = KerasRegressor(linear, loss="mae", optimizer="sgd", learning_rate=0.25, **settings)
    inside = KerasRegressor(compiled_with("mae", keras.optimizers.SGD(0.25)), **settings)
    history = outside.fit(*diabetes).history_
    assert history == inside.fit(*diabetes).history_
    assert history["learning_rate"] == [0.25, 0.25]


def test_the_live_network_can_be_evaluated(diabetes):
    regressor = KerasRegressor(linear, epochs=1).fit(*diabetes)
    loss = regressor.network_.evaluate(*diabetes, verbose=0)
    assert loss == pytest.approx(np.mean((regressor.predict(diabetes[0]) - diabetes[1]) ** 2))


def compiled_with(loss, optimizer="sgd"):
    def builder(n_features_in):
        network = linear(n_features_in, 1)
        network.compile(optimizer, loss=loss)
        return network

    return builder


def test_what_the_function_compiled_is_honoured(diabetes):
    X, y = diabetes
    settings = {"epochs": 2, "random_state": 0}
    inside = KerasRegressor(compiled_with(keras.losses.MeanAbsoluteError()), **settings).fit(X, y)
    outside = KerasRegressor(linear, loss="mae", optimizer="sgd", **settings).fit(X, y)
    other = KerasRegressor(linear, loss="mse", optimizer="sgd", **settings).fit(X, y)
    np.testing.assert_allclose(inside.history_["loss"], outside.history_["loss"], rtol=1e-5)
    assert inside.history_["loss"] != other.history_["loss"]


def test_a_parameter_has_precedence_over_what_the_function_compiled(diabetes):
    X, y = diabetes
    settings = {"epochs": 2, "random_state": 0}
    both = KerasRegressor(compiled_with("mse"), loss="mae", **settings).fit(X, y)
    one = KerasRegressor(compiled_with("mae"), **settings).fit(X, y)
    np.testing.assert_allclose(both.history_["loss"], one.history_["loss"], rtol=1e-5)


def test_the_function_may_compile_with_what_the_parameters_say(zero_to_four):
    classifier = KerasClassifier(
        mlp_classifier, optimizer="sgd", optimizer__learning_rate=0.3, epochs=1
    ).fit(*zero_to_four)
    assert isinstance(classifier.network_.optimizer, keras.optimizers.SGD)
    assert float(classifier.network_.optimizer.learning_rate) == pytest.approx(0.3)


def test_without_a_loss_the_targets_decide(zero_to_four, diabetes):
    X, y = zero_to_four
    settings = {"epochs": 2, "random_state": 0}
    default = KerasClassifier(plain, **settings).fit(X, y)
    named = KerasClassifier(plain, loss="sparse_categorical_crossentropy", **settings).fit(X, y)
    assert default.history_["loss"] == named.history_["loss"]
    default = KerasRegressor(linear, **settings).fit(*diabetes)
    named = KerasRegressor(linear, loss="mse", **settings).fit(*diabetes)
    assert default.history_["loss"] == named.history_["loss"]


def test_without_an_optimizer_adam_trains(diabetes):
    settings = {"epochs": 2, "random_state": 0}
    default = KerasRegressor(linear, optimizer=None, **settings).fit(*diabetes)
    named = KerasRegressor(linear, optimizer="adam", **settings).fit(*diabetes)
    assert default.history_["loss"] == named.history_["loss"]
