"""SciKeras changes Keras when it is imported, so this file also runs as a script of its own.

The tests look at the JSON that the script prints; only those that never import SciKeras run in
pytest's process.
"""

import json
import pickle
import sys
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split

from skmnist import CNNClassifier, ConvBlock, DNNClassifier, LeNetClassifier, Optimizer
from skmnist._utils.random import seed_of
from skmnist.exporting import to_scikeras
from skmnist.networks import convolutional_network, dense_network, lenet5

CLASSIFIERS = {
    "dense": DNNClassifier(hidden_units=(64,), batch_size=32, random_state=0),
    "lenet": LeNetClassifier(epochs=6, batch_size=32, augmentation=None, random_state=0),
    "convolutional": CNNClassifier(
        epochs=6, batch_size=32, label_smoothing=0.0, augmentation=None, random_state=0
    ),
}
BUILDERS = {
    "dense": (dense_network, {"hidden_units": (64,), "dropout": 0.1}),
    "lenet": (lenet5, {"activation": "relu"}),
    "convolutional": (convolutional_network, {"conv_blocks": (ConvBlock(16, pool="max"),)}),
}


pytestmark = pytest.mark.beside(__file__)


@pytest.fixture(scope="module")
def seen(beside):
    """What the script saw, in a process of its own."""
    done = beside(__file__)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_neither_importing_skmnist_nor_fitting_imports_scikeras(seen):
    assert not seen["scikeras_imported_by_us"]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_converted_classifier_scores_as_ours_does(seen, name):
    ours, theirs = seen["converted"][name]["scores"]
    assert theirs > 0.9
    assert abs(ours - theirs) < 0.04


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_converted_classifier_begins_with_our_weights(seen, name):
    assert seen["converted"][name]["same_first_weights"]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_converted_classifier_has_as_many_parameters_as_ours(seen, name):
    ours, theirs = seen["converted"][name]["n_parameters"]
    assert ours == theirs


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_converted_classifier_is_cloned_and_pickled_fitted_or_not(seen, name):
    assert seen["converted"][name]["same_after_pickle"]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_nothing_is_warned_of_where_all_is_carried_over(seen, name):
    assert seen["converted"][name]["warnings"] == []


@pytest.mark.parametrize("name", BUILDERS)
def test_our_builders_are_scikeras_model_functions(seen, name):
    assert seen["builders"][name] > 0.85


def test_a_builders_parameters_are_tuned_by_grid_search(seen):
    assert seen["tuned_builder"] == {"model__hidden_units": [64]}


def test_a_converted_classifiers_parameters_are_tuned_by_grid_search(seen):
    assert seen["tuned_classifier"]["model__hidden_units"] == [64]
    assert seen["tuned_classifier"]["optimizer__learning_rate"] == 1e-2


def test_labels_may_be_strings_and_data_images_of_uint8(seen):
    assert set(seen["strings"]["labels"]) == {"even", "odd"}
    assert seen["strings"]["score"] > 0.9


def test_a_single_neuron_gives_a_column_for_each_of_two_classes(seen):
    assert seen["single_neuron"]["shape"] == [20, 2]
    assert seen["single_neuron"]["score"] > 0.8


def test_training_stops_early_when_ours_does(seen):
    ours, theirs = seen["epochs_when_stopped_early"]
    assert ours == theirs == 3


def test_the_schedule_sets_the_same_rates(seen):
    ours, theirs = seen["last_rates"]
    assert theirs == pytest.approx(ours, rel=1e-5)


def test_the_optimizers_settings_are_carried_over(seen):
    assert seen["sgd"] == {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.01}
    assert seen["keras_object"] == {"learning_rate": 0.02, "beta_2": 0.9}


def test_a_warning_names_what_cannot_be_carried_over(seen):
    (warning,) = seen["warnings"]["by_default"]
    for name in ("augmentation='auto'", "label_smoothing=0.1", "epochs='auto'"):
        assert name in warning
    assert seen["warnings"]["replaced"] == []


def test_a_loss_that_cannot_be_carried_over_is_refused(seen):
    assert "loss='mean_squared_error' can't be carried over" in seen["refused_loss"]


def test_a_missing_scikeras_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "scikeras", None)
    monkeypatch.setitem(sys.modules, "scikeras.wrappers", None)
    with pytest.raises(ImportError, match=r"pip install scikeras"):
        to_scikeras(DNNClassifier())


def test_other_estimators_are_refused():
    with pytest.raises(TypeError, match="network classifiers of skmnist"):
        to_scikeras(object())


# -- the script, which may import SciKeras ------------------------------------------------


def report():
    X, y = load_digits(return_X_y=True)
    data = train_test_split(X, y, test_size=400, random_state=0, stratify=y)
    ours = {name: clone(c).fit(data[0], data[2]) for name, c in CLASSIFIERS.items()}
    facts = {"scikeras_imported_by_us": "scikeras" in sys.modules}
    facts["converted"] = {name: compare(c, *data) for name, c in ours.items()}
    facts["builders"] = {name: score_builder(name, *data) for name in BUILDERS}
    facts |= tune(*data) | train_on_two_classes(*data) | stop_early(*data) | schedule(*data)
    facts |= convert_optimizers() | lose_settings()
    return facts


def compare(ours, X_train, X_test, y_train, y_test):
    with warnings.catch_warnings(record=True) as warned:
        theirs = to_scikeras(ours)
    theirs = pickle.loads(pickle.dumps(clone(theirs)))
    theirs.initialize(X_train, y_train)
    architecture = ours._architecture(ours.image_shape_, 10, ours.dtype_)
    first = (
        architecture.build(seed_of(ours.random_state)).get_weights(),
        theirs.model_.get_weights(),
    )
    theirs.fit(X_train, y_train)
    again = pickle.loads(pickle.dumps(theirs))
    return {
        "warnings": [str(w.message) for w in warned],
        "same_first_weights": all(map(np.array_equal, *first)),
        "scores": (ours.score(X_test, y_test), theirs.score(X_test, y_test)),
        "n_parameters": (ours.n_parameters_, theirs.model_.count_params()),
        "same_after_pickle": np.array_equal(again.predict(X_test), theirs.predict(X_test)),
    }


def builder_as_model(name, **settings):
    from scikeras.wrappers import KerasClassifier

    builder, network = BUILDERS[name]
    return KerasClassifier(
        builder,
        model__input_shape=(8, 8, 1),
        model__n_outputs=10,
        **{f"model__{key}": value for key, value in network.items()},
        loss="sparse_categorical_crossentropy",
        optimizer="adam",
        epochs=6,
        random_state=0,
        verbose=0,
        **settings,
    )


def score_builder(name, X_train, X_test, y_train, y_test):
    images = [X.reshape(-1, 8, 8, 1) / 16 for X in (X_train, X_test)]
    return builder_as_model(name).fit(images[0], y_train).score(images[1], y_test)


def tune(X_train, X_test, y_train, y_test):
    folds = StratifiedKFold(2)
    builder = builder_as_model("dense")
    images = X_train.reshape(-1, 8, 8, 1) / 16
    sizes = {"model__hidden_units": [(2,), (64,)]}
    classifier = to_scikeras(CLASSIFIERS["dense"], epochs=4)
    rates = {"model__hidden_units": [(64,)], "optimizer__learning_rate": [1e-5, 1e-2]}
    small = {"model__hidden_units": [(2,)], "optimizer__learning_rate": [1e-2]}
    settings = {"cv": folds, "refit": False}
    return {
        "tuned_builder": GridSearchCV(builder, sizes, **settings).fit(images, y_train).best_params_,
        "tuned_classifier": (
            GridSearchCV(classifier, [rates, small], **settings).fit(X_train, y_train).best_params_
        ),
    }


def train_on_two_classes(X_train, X_test, y_train, y_test):
    names = np.array(["even", "odd"])
    images = [X.reshape(-1, 8, 8).astype(np.uint8) for X in (X_train, X_test)]
    theirs = to_scikeras(CLASSIFIERS["dense"], epochs=10).fit(images[0], names[y_train % 2])
    neuron = clone(CLASSIFIERS["dense"]).set_params(
        hidden_units=(), output_activation="sigmoid", class_weight="balanced"
    )
    single = to_scikeras(neuron).fit(X_train, y_train % 2)
    return {
        "strings": {
            "labels": theirs.predict(images[1]).tolist(),
            "score": theirs.score(images[1], names[y_test % 2]),
        },
        "single_neuron": {
            "shape": single.predict_proba(X_test[:20]).shape,
            "score": single.score(X_test, y_test % 2),
        },
    }


def stop_early(X_train, X_test, y_train, y_test):
    # No loss falls by 10, so the first epoch stays the best.
    ours = clone(CLASSIFIERS["dense"]).set_params(early_stopping=True, n_iter_no_change=2, tol=10)
    theirs = to_scikeras(ours).fit(X_train, y_train)
    return {
        "epochs_when_stopped_early": (
            ours.fit(X_train, y_train).n_epochs_,
            len(theirs.history_["val_loss"]),
        )
    }


def schedule(X_train, X_test, y_train, y_test):
    ours = clone(CLASSIFIERS["dense"]).set_params(epochs=2, schedule="cosine")
    theirs = to_scikeras(ours).fit(X_train, y_train)
    ours.fit(X_train, y_train)
    return {
        "last_rates": (
            ours.history_["learning_rate"][-1],
            float(theirs.model_.optimizer.learning_rate),
        )
    }


def convert_optimizers():
    import keras

    sgd = DNNClassifier(
        optimizer=Optimizer("sgd", momentum=0.9, weight_decay=0.01),
        learning_rate=0.1,
        batch_size=32,
    )
    adam = DNNClassifier(optimizer=keras.optimizers.Adam(0.02, beta_2=0.9), batch_size=32)
    return {"sgd": optimizer_settings(sgd), "keras_object": optimizer_settings(adam)}


def optimizer_settings(ours):
    prefix = "optimizer__"
    return {
        name.removeprefix(prefix): round(value, 6)
        for name, value in to_scikeras(ours).get_params().items()
        if name.startswith(prefix)
    }


def lose_settings():
    facts = {"warnings": {}}
    for name, classifier, replaced in [
        ("by_default", CNNClassifier(), {}),
        ("replaced", DNNClassifier(loss="mean_squared_error"), {"batch_size": 8, "loss": "hinge"}),
    ]:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            to_scikeras(classifier, **replaced)
        facts["warnings"][name] = [str(w.message) for w in warned]
    try:
        to_scikeras(DNNClassifier(loss="mean_squared_error"))
    except ValueError as error:
        facts["refused_loss"] = str(error)
    return facts


if __name__ == "__main__":
    print(json.dumps(report()))
