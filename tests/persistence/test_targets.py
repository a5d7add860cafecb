"""Files of regressors and of multi-label classifiers."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.pipeline import make_pipeline

from skmnist import CNNRegressor, CommitteeClassifier, DNNClassifier, DNNRegressor
from skmnist.persistence import load, save
from skmnist.preprocessing import Deskew

SMALL = {"epochs": 1, "random_state": 0}


def _labels(y):
    return np.stack([y % 2, y > 4, y == 3], axis=1).astype(int)


def _two_numbers(y):
    return np.stack([y, 10.0 - y * y], axis=1)


ESTIMATORS = {
    "dense": (DNNRegressor(hidden_units=8, **SMALL), lambda y: y * 1.0),
    "of several numbers": (DNNRegressor(hidden_units=(8, 4), **SMALL), _two_numbers),
    "not scaled": (
        DNNRegressor(hidden_units=8, loss="mae", target_scaling=None, metrics=["mse"], **SMALL),
        lambda y: y + 1.0,
    ),
    "convolutional": (CNNRegressor(conv_blocks=[2], early_stopping=True, **SMALL), _two_numbers),
    "pipeline": (make_pipeline(Deskew(), DNNRegressor(hidden_units=8, **SMALL)), _two_numbers),
    "labels": (DNNClassifier(hidden_units=8, **SMALL), _labels),
    "pipeline of labels": (
        make_pipeline(Deskew(), DNNClassifier(hidden_units=(), metrics=["auc"], **SMALL)),
        _labels,
    ),
}
pytestmark = pytest.mark.filterwarnings("ignore:Training ended at guessing")


@pytest.fixture(scope="module")
def fitted(digits):
    X, y = digits[0][:100], digits[2][:100]
    return {name: each.fit(X, targets(y)) for name, (each, targets) in ESTIMATORS.items()}


@pytest.fixture
def tampered(fitted, tmp_path):
    """Save an estimator with something changed in its learned state, and no checksum."""

    def change(name, **learned):
        save(fitted[name], tmp_path / "whole")
        with safe_open(tmp_path / "whole", framework="np") as file:
            content = json.loads(file.metadata()["skmnist"])
        del content["sha256"]
        content["learned"].update(learned)
        path = tmp_path / "tampered"
        save_file(load_file(tmp_path / "whole"), path, {"skmnist": json.dumps(content)})
        return path

    return change


@pytest.mark.parametrize("name", ESTIMATORS)
def test_predictions_and_parameters_come_back(fitted, digits, tmp_path, name):
    before = fitted[name]
    save(before, tmp_path / "file")
    after = load(tmp_path / "file")
    assert str(after.get_params()) == str(before.get_params())
    found, expected = after.predict(digits[1]), before.predict(digits[1])
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype
    if hasattr(before, "predict_proba"):
        np.testing.assert_array_equal(
            after.predict_proba(digits[1]), before.predict_proba(digits[1])
        )
    save(after, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "file").read_bytes()


@pytest.mark.parametrize("name", ["of several numbers", "labels"])
def test_all_that_was_learned_comes_back(fitted, tmp_path, name):
    before = fitted[name]
    save(before, tmp_path / "file")
    after = load(tmp_path / "file")
    learned = set(vars(before)) - {"callbacks_"}
    assert learned == set(vars(after))
    for attribute in learned - {"_predictor_"}:
        assert repr(getattr(after, attribute)) == repr(getattr(before, attribute))


def test_a_loaded_regressor_goes_on_training(fitted, digits, tmp_path):
    save(fitted["dense"], tmp_path / "file")
    again = load(tmp_path / "file").partial_fit(digits[0][:100], digits[2][:100])
    assert (again.n_epochs_, fitted["dense"].n_epochs_) == (2, 1)


def test_a_committee_of_classifiers_of_labels_is_as_before(digits, tmp_path):
    committee = CommitteeClassifier(DNNClassifier(hidden_units=(), **SMALL), n_estimators=2)
    committee.fit(digits[0][:100], digits[2][:100])
    save(committee, tmp_path / "file")
    np.testing.assert_array_equal(
        load(tmp_path / "file").predict(digits[1]), committee.predict(digits[1])
    )


HOSTILE = {
    "no outputs": ("dense", {"n_outputs_": 0}, "n_outputs_ is 0"),
    "more outputs": ("dense", {"n_outputs_": 2}, "expected 2, one for each output"),
    "a vast number of outputs": ("dense", {"n_outputs_": 10**9}, "one for each output"),
    "other numbers": (
        "of several numbers",
        {"n_outputs_": 1, "target_offset_": [0.0], "target_scale_": [1.0]},
        "expected float32 of shape",
    ),
    "offsets of no list": ("dense", {"target_offset_": 1.0}, "target_offset_ is 1.0"),
    "offsets of texts": ("dense", {"target_offset_": ["1"]}, "target_offset_"),
    "infinite offsets": ("dense", {"target_offset_": [float("inf")]}, "Infinity"),
    "fewer offsets": ("of several numbers", {"target_offset_": [0.0]}, "one for each output"),
    "no scale": ("dense", {"target_scale_": [0.0]}, "target_scale_"),
    "a negative scale": ("dense", {"target_scale_": [-1.0]}, "target_scale_"),
    "classes": ("dense", {"classes_": [0, 1]}, "expected exactly"),
    "two classes": ("labels", {"target_type_": "binary"}, "doesn't fit the classes"),
    "no type": ("labels", {"target_type_": ["multiclass"]}, "target_type_ is"),
    "a vast kind of type": ("labels", {"target_type_": {"a": 1}}, "target_type_ is"),
}


@pytest.mark.parametrize(("name", "learned", "match"), HOSTILE.values(), ids=HOSTILE)
def test_a_state_that_is_not_ours_is_refused(tampered, name, learned, match):
    with pytest.raises(ValueError, match=match):
        load(tampered(name, **learned))


def test_metrics_that_are_objects_are_refused_with_the_way_out(fitted, tmp_path):
    regressor = DNNRegressor(hidden_units=8, **SMALL).set_params(metrics=[abs])
    vars(regressor).update({k: v for k, v in vars(fitted["dense"]).items() if k.endswith("_")})
    with pytest.raises(TypeError, match=r"metrics=.*set_params\(metrics=...\).*names of Keras's"):
        save(regressor, tmp_path / "file")
