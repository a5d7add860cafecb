"""Files of networks of users' own: the function is named in the file, and given by the reader."""

import json
import sys
from functools import partial

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.pipeline import Pipeline, make_pipeline

from skmnist import CommitteeClassifier, DNNClassifier, KerasClassifier, KerasRegressor
from skmnist._utils.backend import load_keras
from skmnist.persistence import load, save
from skmnist.preprocessing import Deskew

keras = load_keras()
layers = keras.layers
FEW = {"epochs": 1, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:Training ended at guessing")


def build(n_features_in, n_outputs, hidden=4, activation="relu", rate=0.0):
    end = "sigmoid" if n_outputs == 1 else "softmax"
    return keras.Sequential(
        [
            keras.Input((n_features_in,)),
            layers.Dense(hidden, activation=activation),
            layers.BatchNormalization(),
            layers.Dropout(rate),
            layers.Dense(n_outputs, activation=end),
        ]
    )


def of_labels(n_outputs):
    return keras.Sequential([keras.Input((64,)), layers.Dense(n_outputs, activation="sigmoid")])


def of_logits(n_outputs):
    return keras.Sequential([keras.Input((64,)), layers.Dense(n_outputs)])


def of_images(n_outputs):
    inputs = keras.Input((8, 8, 1))
    x = layers.Flatten()(layers.Conv2D(2, 3)(inputs))
    return keras.Model(inputs, layers.Dense(n_outputs, activation="softmax")(x))


def of_two_inputs(n_outputs):
    inputs = [keras.Input((32,), name=name) for name in ("upper", "lower")]
    x = layers.Concatenate()(inputs)
    return keras.Model(inputs, layers.Dense(n_outputs, activation="softmax")(x))


def linear(n_outputs, units=4):
    return keras.Sequential([keras.Input((64,)), layers.Dense(units), layers.Dense(n_outputs)])


class Own(keras.Model):
    """Two layers of one name, and weights without any."""

    def __init__(self, n_outputs):
        super().__init__()
        self.first = layers.Dense(4, name="same")
        self.second = layers.Dense(n_outputs, name="same", activation="softmax")

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(1,), initializer="ones")
        self.first.build(input_shape)
        self.second.build((None, 4))

    def call(self, x):
        return self.second(self.first(x) * self.scale)


def halves(X):
    return {"upper": X[:, :32], "lower": X[:, 32:]}


def same(X):
    return X


CASES = {
    "dense": (KerasClassifier(build, hidden=6, rate=0.1, metrics=["auc"], **FEW), same, same),
    "two classes": (KerasClassifier(build, **FEW), same, lambda y: np.where(y > 4, "b", "a")),
    "labels": (
        KerasClassifier(of_labels, **FEW),
        same,
        lambda y: np.stack([y % 2, y > 4, y == 3], axis=1).astype(int),
    ),
    "logits": (KerasClassifier(of_logits, **FEW), same, same),
    "images": (KerasClassifier(of_images, **FEW), lambda X: X.reshape(-1, 8, 8, 1), same),
    "inputs": (KerasClassifier(of_two_inputs, **FEW), halves, same),
    "a class": (KerasClassifier(Own, **FEW), same, same),
    "a partial function": (KerasClassifier(partial(build, hidden=3), **FEW), same, same),
    "numbers": (KerasRegressor(linear, units=3, **FEW), same, lambda y: y / 9),
    "several numbers": (KerasRegressor(linear, **FEW), same, lambda y: np.stack([y, -y], 1) / 9),
    "pipeline": (make_pipeline(Deskew(), KerasClassifier(build, **FEW)), same, same),
    "committee": (
        CommitteeClassifier(
            [KerasClassifier(build, **FEW), Pipeline([("network", KerasClassifier(build, **FEW))])],
            random_state=0,
        ),
        same,
        same,
    ),
}


@pytest.fixture(scope="module")
def few(digits):
    return digits[0][:80] / 16, digits[2][:80]


@pytest.fixture(scope="module")
def fitted(few):
    X, y = few
    return {name: each.fit(given(X), to(y)) for name, (each, given, to) in CASES.items()}


@pytest.fixture
def saved(fitted, tmp_path):
    def at(name):
        save(fitted[name], tmp_path / name)
        return tmp_path / name

    return at


@pytest.fixture
def tampered(saved, tmp_path):
    def change(how, name="dense"):
        with safe_open(saved(name), framework="np") as file:
            content = json.loads(file.metadata()["skmnist"])
        del content["sha256"]
        tensors = load_file(tmp_path / name)
        how(content, tensors)
        save_file(tensors, tmp_path / "tampered", {"skmnist": json.dumps(content)})
        return tmp_path / "tampered"

    return change


def function_of(estimator):
    if isinstance(estimator, Pipeline):
        return function_of(estimator[-1])
    return build if isinstance(estimator, CommitteeClassifier) else estimator.model


# -- what is saved comes back ---------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_what_was_saved_comes_back_with_the_function(fitted, saved, tmp_path, few, name):
    before, X = fitted[name], CASES[name][1](few[0])
    path = saved(name)
    after = load(path, model=function_of(before))
    np.testing.assert_array_equal(after.predict(X), before.predict(X))
    if hasattr(before, "predict_proba"):
        np.testing.assert_array_equal(after.predict_proba(X), before.predict_proba(X))
    assert str(after.get_params()) == str(before.get_params())
    save(after, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["dense", "labels", "logits", "inputs", "several numbers"])
def test_all_that_was_learned_comes_back(fitted, saved, name):
    before = fitted[name]
    after = load(saved(name), model=before.model)
    learned = set(vars(before)) - {"callbacks_"}
    assert set(vars(after)) == learned
    for attribute in learned - {"_predictor_", "_arguments", "model"}:
        assert repr(getattr(after, attribute)) == repr(getattr(before, attribute))


def test_a_loaded_network_goes_on_training(fitted, saved, few):
    after = load(saved("dense"), model=build).partial_fit(*few)
    assert (after.n_epochs_, fitted["dense"].n_epochs_) == (2, 1)


def test_a_template_is_given_as_the_function_is(few, tmp_path):
    template = build(64, 10)
    before = KerasClassifier(template, **FEW).fit(*few)
    save(before, tmp_path / "file")
    with pytest.raises(ValueError, match=f"network of 'keras.Model:{template.name}'"):
        load(tmp_path / "file")
    after = load(tmp_path / "file", model=build(64, 10))  # Keras gives it another name
    np.testing.assert_array_equal(after.predict_proba(few[0]), before.predict_proba(few[0]))


def test_an_argument_of_the_name_of_a_parameter_comes_back(few, tmp_path):
    def of_rate(n_outputs, epochs=3):
        return keras.Sequential([keras.Input((64,)), layers.Dense(epochs), layers.Dense(n_outputs)])

    before = KerasClassifier(of_rate, model__epochs=5, **FEW).fit(*few)
    save(before, tmp_path / "file")
    after = load(tmp_path / "file", model=of_rate)
    assert after.get_params()["model__epochs"] == 5
    assert after.epochs == 1
    np.testing.assert_array_equal(after.predict_proba(few[0]), before.predict_proba(few[0]))


# -- the function is given, never imported ---------------------------------------------------


def test_without_the_function_the_error_has_its_name_and_what_to_do(saved):
    named = rf"network of '{__name__}:build', .* never imported\. .*load\(path, model=build\)"
    for name in ("dense", "pipeline", "committee"):
        with pytest.raises(ValueError, match=named):
            load(saved(name))


def test_a_name_in_a_file_is_not_imported(tampered, tmp_path, monkeypatch):
    (tmp_path / "trap_of_a_file.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    path = tampered(lambda c, t: c["parameters"]["model"].update(path="trap_of_a_file:build"))
    with pytest.raises(ValueError, match="trap_of_a_file:build"):
        load(path)
    assert load(path, model=build).hidden == 6
    assert "trap_of_a_file" not in sys.modules


def test_a_function_that_nothing_needs_is_refused(digits, tmp_path):
    classifier = DNNClassifier(hidden_units=(), **FEW).fit(digits[0][:80], digits[2][:80])
    save(classifier, tmp_path / "file")
    with pytest.raises(ValueError, match=r"model=.* is given, but the file has no network"):
        load(tmp_path / "file", model=build)


@pytest.mark.parametrize("model", ["module:build", 3, [build], {"a": "b"}, {"a": None}])
def test_what_is_no_function_is_refused(saved, model):
    with pytest.raises(TypeError, match=r"expected a function that returns a keras\.Model"):
        load(saved("dense"), model=model)


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (partial(build, hidden=7), "model__hidden|multiple|can't be loaded"),
        (
            lambda n_features_in, n_outputs, hidden, rate: build(64, 10, 9, rate=rate),
            "expected float32 of",
        ),
        (lambda hidden, rate: build(64, 3), "3 outputs, and y has 10 classes"),
        (lambda hidden, rate: build(7, 10), "takes 7 numbers per sample"),
        (lambda hidden, rate: None, "returned None; expected a keras.Model"),
        (lambda hidden, rate: 1 / 0, "makes no network for what was saved: division by zero"),
        (lambda hidden: build(64, 10), "rate"),
        (of_logits, "hidden"),
        (lambda hidden, rate: of_logits(10), "lacking .*Give the function that was fitted|unknown"),
    ],
)
def test_a_function_whose_network_does_not_fit_is_refused(saved, model, match):
    path = saved("dense")
    if isinstance(model, partial):
        assert load(path, model=model).hidden == 6  # what was saved counts
        return
    with pytest.raises(ValueError, match=match) as caught:
        load(path, model=model)
    assert str(path) in str(caught.value)


def test_several_functions_are_given_by_their_names(few, tmp_path):
    committee = CommitteeClassifier(
        [KerasClassifier(build, **FEW), KerasClassifier(of_labels_softmax, **FEW)], random_state=0
    ).fit(*few)
    save(committee, tmp_path / "file")
    names = [f"{__name__}:build", f"{__name__}:of_labels_softmax"]
    by_name = dict(zip(names, (build, of_labels_softmax), strict=True))
    after = load(tmp_path / "file", model=by_name)
    np.testing.assert_array_equal(after.predict_proba(few[0]), committee.predict_proba(few[0]))
    with pytest.raises(ValueError, match=rf"{names[0]}.* and .*{names[1]}.*by these names"):
        load(tmp_path / "file", model=build)
    with pytest.raises(ValueError, match=rf"network of '{names[1]}'"):
        load(tmp_path / "file", model={names[0]: build})
    with pytest.raises(ValueError, match="model has 'other:build'; the file has only"):
        load(tmp_path / "file", model={**by_name, "other:build": build})


def of_labels_softmax(n_outputs):
    return keras.Sequential([keras.Input((64,)), layers.Dense(n_outputs, activation="softmax")])


def test_two_functions_of_one_name_are_not_saved_together(few, tmp_path):
    def made(units):
        return lambda n_outputs: keras.Sequential(
            [
                keras.Input((64,)),
                layers.Dense(units),
                layers.Dense(n_outputs, activation="softmax"),
            ]
        )

    members = [KerasClassifier(made(units), **FEW) for units in (2, 3)]
    committee = CommitteeClassifier(members, random_state=0).fit(*few)
    with pytest.raises(ValueError, match=r"two different functions are both called .*<lambda>"):
        save(committee, tmp_path / "file")
    assert not list(tmp_path.iterdir())


# -- what can't be saved, and hostile files ---------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        ("activation", lambda x: x, "Keras's name of the activation"),
        ("loss", keras.losses.CategoricalCrossentropy(), "the name of one of Keras's losses"),
        ("metrics", [keras.metrics.AUC()], "a list of the names of Keras's metrics"),
        ("optimizer", keras.optimizers.SGD(), "the optimizer's name, or an Optimizer"),
        ("callbacks", [keras.callbacks.TerminateOnNaN()], "None"),
    ],
)
def test_what_is_no_data_is_refused_with_the_way_out(few, tmp_path, name, value, instead):
    classifier = KerasClassifier(build, **FEW).set_params(**{name: value}).fit(*few)
    with pytest.raises(
        TypeError, match=rf"{name}=.* can't be saved.*set_params\({name}.*{instead}"
    ):
        save(classifier, tmp_path / "file")
    assert not list(tmp_path.iterdir())


def _model(content):
    return content["parameters"]["model"]


HOSTILE = {
    "a name of no text": (lambda c, t: _model(c).update(path=["os:system"]), "name of a function"),
    "no name": (lambda c, t: _model(c).pop("path"), "name of a function"),
    "no arguments": (lambda c, t: _model(c).pop("arguments"), "expected exactly"),
    "arguments of no dict": (
        lambda c, t: _model(c).update(arguments=[1]),
        "arguments of the model",
    ),
    "more": (lambda c, t: _model(c).update(code="1"), "expected exactly"),
    "no model": (lambda c, t: c["parameters"].update(model="os:system"), "no network of a func"),
    "a model of another type": (lambda c, t: _model(c).update(type="tuple"), "no network of"),
    "a model elsewhere": (
        lambda c, t: c["parameters"].update(loss=_model(c)),
        "type='model' is unknown",
    ),
    "an argument that is unknown": (
        lambda c, t: _model(c)["arguments"].update(hiden=3),
        "hidden",
    ),
    "an argument of the estimator": (
        lambda c, t: _model(c)["arguments"].update(callbacks=["print"]),
        "callbacks",
    ),
    "an argument in place of a parameter": (
        lambda c, t: c["parameters"].update(hidden=3),
        "parameter='hidden' is unknown",
    ),
    "a parameter by SciKeras's name": (
        lambda c, t: c["parameters"].update(build_fn="os:system"),
        "parameter='build_fn' is unknown",
    ),
    "callbacks": (lambda c, t: c["parameters"].update(callbacks=["print"]), "callbacks in the"),
    "a Keras object as argument": (
        lambda c, t: _model(c)["arguments"].update(activation={"class_name": "Lambda"}),
        "type='None' is unknown",
    ),
    "another width": (lambda c, t: _model(c)["arguments"].update(hidden=7), "expected float32 of"),
    "a vast width": (lambda c, t: _model(c)["arguments"].update(hidden=10**9), "float32 of shape"),
    "no width": (lambda c, t: _model(c)["arguments"].update(hidden="a"), "makes no network"),
    "a sample of another shape": (
        lambda c, t: c["learned"].update(_sample_shape_=[63]),
        "don't fit 64 features",
    ),
    "a sample of no shape": (lambda c, t: c["learned"].update(_sample_shape_=64), "shape of a"),
    "an empty sample": (lambda c, t: c["learned"].update(_sample_shape_=[0, 64]), "shape of a"),
    "parts": (lambda c, t: c["learned"].update(_parts_=[["a", [63]]]), "don't fit 64"),
    "parts of no list": (lambda c, t: c["learned"].update(_parts_={"a": 1}), "_parts_ is"),
    "parts of one name": (
        lambda c, t: c["learned"].update(_parts_=[["a", [32]], ["a", [32]]]),
        "_parts_ is",
    ),
    "parts of no name": (lambda c, t: c["learned"].update(_parts_=[[1, [64]]]), "_parts_ is"),
    "logits": (lambda c, t: c["learned"].update(_logits_=1), "true or false"),
    "a tensor less": (lambda c, t: t.pop("variable_0/kernel"), "lacking .*variable_0/kernel"),
    "a tensor more": (lambda c, t: t.update(more=np.zeros(1)), "unknown .'more'"),
    "a tensor of another shape": (
        lambda c, t: t.update({"variable_0/kernel": t["variable_0/kernel"].T.copy()}),
        r"of shape \(6, 64\).*Give the function that was fitted",
    ),
}


@pytest.mark.parametrize(("change", "match"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_not_ours_in_any_part_is_refused(tampered, change, match):
    with pytest.raises(ValueError, match=match):
        load(tampered(change), model=build)


def test_damage_is_noticed(saved, tmp_path):
    whole = saved("dense").read_bytes()
    (tmp_path / "broken").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ValueError, match="it is damaged"):
        load(tmp_path / "broken", model=build)
