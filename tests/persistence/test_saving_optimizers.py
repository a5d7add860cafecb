"""With its optimizer's state, a loaded network goes on to the bits of one that was never saved."""

import json
import pickle

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.pipeline import make_pipeline

from skmnist import DNNClassifier, DNNRegressor, KerasClassifier, Optimizer, load, save
from skmnist._utils.backend import load_keras
from skmnist.preprocessing import Deskew

SMALL = {"hidden_units": (8,), "dropout": 0.2, "epochs": 2, "dtype": "float32", "random_state": 0}


def build(n_features_in, n_classes):
    keras = load_keras()
    layers = keras.Input((n_features_in,)), keras.layers.Dense(n_classes, "softmax")
    return keras.Sequential(layers)


@pytest.fixture(scope="module")
def few(digits):
    return digits[0][:120], digits[2][:120]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture(scope="module")
def going_on(few):
    return DNNClassifier(warm_start=True, **SMALL).fit(*few)


def same(mine, other):
    pairs = zip(mine._predictor_.variables, other._predictor_.variables, strict=True)
    return all(np.array_equal(*pair) for pair in pairs) and mine.history_ == other.history_


def test_a_warm_start_goes_on_to_the_bit(few, going_on, path):
    save(going_on, path, include_optimizer=True)
    loaded = load(path)
    assert same(loaded, going_on)
    assert same(loaded.fit(*few), pickle.loads(pickle.dumps(going_on)).fit(*few))
    save(going_on, path)
    smaller = load(path).fit(*few)
    assert not same(smaller, loaded)


@pytest.mark.parametrize(
    "network",
    [
        DNNRegressor(**SMALL),
        KerasClassifier(build, optimizer=Optimizer("sgd", momentum=0.9), random_state=0),
    ],
    ids=lambda network: type(network).__name__,
)
def test_partial_fit_goes_on_to_the_bit(network, few, path):
    first = {"classes": np.arange(10)} if isinstance(network, KerasClassifier) else {}
    fitted = network.partial_fit(*few, **first).partial_fit(*few)
    save(fitted, path, include_optimizer=True)
    model = {"model": build} if isinstance(network, KerasClassifier) else {}
    loaded = load(path, **model).partial_fit(*few)
    assert same(loaded, fitted.partial_fit(*few))


def test_another_optimizer_begins_anew(few, going_on, path):
    save(going_on, path, include_optimizer=True)
    loaded, kept = load(path), pickle.loads(pickle.dumps(going_on))
    for each in (loaded, kept):
        each.set_params(optimizer="sgd").fit(*few)
    assert same(loaded, kept)


def test_a_fit_that_does_not_go_on_keeps_no_state(few, path):
    fitted = DNNClassifier(**SMALL).fit(*few)
    save(fitted, path, include_optimizer=True)
    assert same(load(path).partial_fit(*few), fitted.partial_fit(*few))


def test_the_last_step_of_a_pipeline_has_its_state(few, path):
    X = few[0].reshape(-1, 8, 8)
    pipeline = make_pipeline(Deskew(), DNNClassifier(warm_start=True, **SMALL)).fit(X, few[1])
    save(pipeline, path, include_optimizer=True)
    assert same(load(path).fit(X, few[1])[-1], pipeline.fit(X, few[1])[-1])


def section(**parts):
    return lambda content, tensors: content["optimizers"][""].update(parts)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (section(config=3), "config of an optimizer is 3"),
        (section(code=[1]), "code of an optimizer"),
        (section(module="os"), "an optimizer holds"),
        (lambda content, tensors: content.update(optimizers=[]), "optimizers is"),
        (lambda content, tensors: content.update(optimizers={}), "tensors of no optimizer"),
        (lambda content, tensors: content["optimizers"].update({"1/": {}}), "which is no network"),
        (lambda content, tensors: tensors.pop("optimizer/0"), "tensors of no optimizer"),
    ],
)
def test_a_section_that_is_not_ours_is_refused(how, message, going_on, path):
    forge(how, going_on, path)
    with pytest.raises(ValueError, match=f"can't be loaded .*: .*{message}"):
        load(path)


def test_a_state_of_other_shapes_is_refused_by_the_next_training(few, going_on, path):
    forge(
        lambda content, tensors: tensors.update({"optimizer/2": np.zeros(3, np.float32)}),
        going_on,
        path,
    )
    with pytest.raises(ValueError, match="state, as it was loaded, isn't this optimizer's"):
        load(path).fit(*few)


def forge(how, fitted, path):
    save(fitted, path, include_optimizer=True)
    with safe_open(path, framework="np") as file:
        content = json.loads(file.metadata()["skmnist"])
    del content["sha256"]
    tensors = load_file(path)
    how(content, tensors)
    save_file(tensors, path, {"skmnist": json.dumps(content)})
