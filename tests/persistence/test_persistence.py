"""A saved classifier is data: it comes back as it was, and a hostile file can do nothing."""

import json
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmnist import (
    CNNClassifier,
    CommitteeClassifier,
    DNNClassifier,
    LeNetClassifier,
    SequenceDNNClassifier,
    TextSequencer,
    recipe,
)
from skmnist._utils.backend import load_keras
from skmnist.networks import ConvBlock
from skmnist.persistence import load, save
from skmnist.persistence._parameters import ESTIMATORS
from skmnist.preprocessing import Blur, Deskew, MomentNormalizer
from skmnist.training import Augmentation
from skmnist.training._schedules import Constant, Cosine, OneCycle, Plateau, Schedule

WORDS = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
SMALL = {"epochs": 1, "random_state": 0, "dtype": "float32"}
CLASSIFIERS = {
    "dense": (DNNClassifier(hidden_units=(8, 4), dropout=[0.1, 0.0], **SMALL), np.asarray),
    "float64": (
        DNNClassifier(hidden_units=np.array([8]), epochs=1, dtype="float64", tol=np.float32(0.01)),
        lambda y: y.astype(np.float32),
    ),
    "sigmoid": (
        DNNClassifier(hidden_units=(), output_activation="sigmoid", schedule=Constant(), **SMALL),
        lambda y: y > 4,
    ),
    "lenet": (
        LeNetClassifier(schedule=Cosine(), early_stopping=True, **SMALL),
        lambda y: WORDS[y],
    ),
    "objects": (
        DNNClassifier(
            hidden_units=[4], schedule=Plateau(patience=2), class_weight={"one": 2.0}, **SMALL
        ),
        lambda y: np.where(y == 1, "one", "other").astype(object),
    ),
    "convolutional": (
        CNNClassifier(
            conv_blocks=[
                ConvBlock(4, padding="same", pool="max", batch_norm=True, dropout=0.1),
                2,
                {"filters": 3, "padding": "same", "dropout": 0.1},
            ],
            hidden_units=(5,),
            hidden_batch_norm=True,
            augmentation=Augmentation(shift=0.1, rotation=5),
            schedule=OneCycle(peak=0.3),
            class_weight={np.int64(3): 2, 4: 1.5},
            image_shape=(8, 8),
            dtype="mixed_bfloat16",
            epochs=1,
        ),
        np.asarray,
    ),
}

# Of several estimators: a Pipeline, a committee, one in the other and one in itself.
_DENSE = DNNClassifier(hidden_units=(4,), epochs=1)
_UPRIGHT = Pipeline([("deskew", Deskew()), ("none", "passthrough"), ("network", _DENSE)])
COMPOSED = {
    "pipeline": make_pipeline(
        Deskew(),
        MomentNormalizer(strength=0.5),
        Blur(sigma=0.3),
        DNNClassifier(hidden_units=(), **SMALL),
    ),
    "committee": CommitteeClassifier(
        estimators=[("plain", _DENSE), ("upright", _UPRIGHT)],
        n_estimators=3,
        test_time_shifts=1,
        random_state=0,
    ),
    "one design": CommitteeClassifier(
        estimators=Pipeline([("none", "passthrough"), ("network", _DENSE)]),
        n_estimators=2,
        random_state=0,
    ),
    "pipeline of a committee": make_pipeline(
        MomentNormalizer(),
        CommitteeClassifier(
            estimators=[_DENSE, CommitteeClassifier(estimators=[_DENSE], test_time_shifts=1)],
            random_state=0,
        ),
    ),
}

LOAD_ALL = """
import sys
from pathlib import Path
import numpy as np
from skmnist.persistence import load
folder = Path(sys.argv[1])
X = np.load(folder / "X.npy")
np.savez(folder / "answers.npz",
         **{path.stem: load(path).predict_proba(X) for path in folder.glob("*.safetensors")})
"""


@pytest.fixture(scope="module")
def fitted(digits):
    X, y = digits[0][:150], digits[2][:150]
    return {name: clone(c).fit(X, labels(y)) for name, (c, labels) in CLASSIFIERS.items()}


@pytest.fixture(scope="module")
def composed(digits):
    X, y = digits[0][:150], WORDS[digits[2][:150]]
    return {name: clone(estimator).fit(X, y) for name, estimator in COMPOSED.items()}


@pytest.fixture(scope="module")
def saved(fitted, composed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    for name, classifier in (fitted | composed).items():
        save(classifier, folder / f"{name}.safetensors")
    return folder


@pytest.fixture
def tampered(saved, tmp_path):
    """Save a file again with something changed in its JSON or its tensors, and no checksum."""

    def change(how, name="dense"):
        path, new = saved / f"{name}.safetensors", tmp_path / "tampered.safetensors"
        with safe_open(path, framework="np") as file:
            content = json.loads(file.metadata()["skmnist"])
        del content["sha256"]
        tensors = load_file(path)
        how(content, tensors)
        save_file(tensors, new, {"skmnist": json.dumps(content)})
        return new

    return change


def assert_refused(path, match):
    with pytest.raises(ValueError, match=match) as caught:
        load(path)
    assert str(path) in str(caught.value)


# -- what is saved comes back ------------------------------------------------------------


def test_a_fresh_process_gives_the_same_bits(fitted, composed, saved, digits):
    np.save(saved / "X.npy", digits[1][:33])
    subprocess.run([sys.executable, "-W", "error", "-c", LOAD_ALL, str(saved)], check=True)
    answers = np.load(saved / "answers.npz")
    assert set(answers) == set(fitted | composed)
    for name, classifier in (fitted | composed).items():
        np.testing.assert_array_equal(answers[name], classifier.predict_proba(digits[1][:33]), name)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_parameters_and_all_that_was_learned_come_back(fitted, saved, digits, name):
    before, after = fitted[name], load(saved / f"{name}.safetensors")
    assert type(after) is type(before)
    for parameter, value in before.get_params().items():
        same = after.get_params()[parameter]
        assert type(same) is type(value) or isinstance(value, np.ndarray | np.generic)
        assert np.array_equal(same, value) if isinstance(value, np.ndarray) else same == value
    learned = set(vars(before)) - set(before.get_params()) - {"callbacks_"}
    assert learned == set(vars(after)) - set(after.get_params())
    for attribute in learned - {"_predictor_", "classes_"}:
        assert getattr(after, attribute) == getattr(before, attribute)
    assert after.classes_.dtype == before.classes_.dtype
    np.testing.assert_array_equal(after.predict(digits[1]), before.predict(digits[1]))


@pytest.mark.parametrize("name", COMPOSED)
def test_an_estimator_of_several_comes_back(composed, saved, digits, name):
    before, after = composed[name], load(saved / f"{name}.safetensors")
    assert type(after) is type(before)
    assert str(after.get_params()) == str(before.get_params())
    assert after.classes_.tolist() == before.classes_.tolist()
    assert after.n_features_in_ == before.n_features_in_
    images = digits[1].reshape(-1, 8, 8)
    np.testing.assert_array_equal(after.predict(images), before.predict(images))
    again = clone(after).fit(digits[0][:150], WORDS[digits[2][:150]])
    np.testing.assert_array_equal(again.predict_proba(images), before.predict_proba(images))


def test_all_that_members_and_steps_learned_comes_back(composed, saved):
    before, after = composed["committee"], load(saved / "committee.safetensors")
    assert set(vars(after)) == set(vars(before))
    for old, new in zip(before.estimators_, after.estimators_, strict=True):
        assert str(new) == str(old)
        for of_old, of_new in zip(_parts(old), _parts(new), strict=True):
            assert set(vars(of_new)) == set(vars(of_old)) - {"callbacks_"}
    assert after.estimators_[1][-1].history_ == before.estimators_[1][-1].history_
    assert after.estimators_[0].random_state == before.estimators_[0].random_state


def _parts(estimator):
    steps = estimator.named_steps.values() if isinstance(estimator, Pipeline) else [estimator]
    return [step for step in steps if step != "passthrough"]


@pytest.mark.parametrize("learned", [True, False])
def test_a_pipeline_that_reads_texts_comes_back(tmp_path, learned):
    texts, y = ["Grüße from a great film", "what a bore", "isn't it great?"] * 5, [1, 0, 1] * 5
    words = None if learned else ["great", "bore"]
    reader = make_pipeline(
        TextSequencer(max_tokens=9, output_sequence_length=4, vocabulary=words),
        SequenceDNNClassifier(vocabulary_size=9, embedding_dim=2, epochs=1, random_state=0),
    ).fit(texts, y)
    save(reader, tmp_path / "reader")
    again = load(tmp_path / "reader")
    assert again[0].vocabulary_ == reader[0].vocabulary_
    np.testing.assert_array_equal(again.predict_proba(texts), reader.predict_proba(texts))


@pytest.mark.parametrize("name", ["cnn-best", "committee", "cnn-few-labels"])
def test_the_best_networks_can_be_saved(digits, tmp_path, name):
    best = recipe(name)
    small = {"epochs": 1, "conv_blocks": (4,), "augmentation": None}
    networks = {key.rpartition("__")[0] for key in best.get_params() if key.endswith("__epochs")}
    best.set_params(**{f"{n}__{key}": value for n in networks for key, value in small.items()})
    best.fit(digits[0][:100], digits[2][:100])
    save(best, tmp_path / "best")
    same = load(tmp_path / "best").predict_proba(digits[1])
    np.testing.assert_array_equal(same, best.predict_proba(digits[1]))


def test_names_of_columns_come_back(digits, tmp_path):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(digits[0][:100], columns=[f"pixel_{i}" for i in range(64)])
    classifier = DNNClassifier(hidden_units=(), **SMALL).fit(X, digits[2][:100])
    save(classifier, tmp_path / "names")
    again = load(tmp_path / "names")
    assert again.feature_names_in_.tolist() == X.columns.tolist()
    np.testing.assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))


def test_a_loaded_classifier_goes_on_training(fitted, saved, digits):
    again = load(saved / "dense.safetensors").set_params(warm_start=True)
    again.fit(digits[0][:150], digits[2][:150]).partial_fit(digits[0][:150], digits[2][:150])
    assert again.n_epochs_ == 3
    assert fitted["dense"].n_epochs_ == 1


@pytest.mark.parametrize("name", ["convolutional", *COMPOSED])
def test_saving_again_gives_the_same_bytes(saved, tmp_path, name):
    path = saved / f"{name}.safetensors"
    save(load(path), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_another_width_of_the_random_state_loads(tampered, saved, digits):
    """Each of Keras's backends has its own."""

    def narrow(content, tensors):
        for name, values in tensors.items():
            if values.dtype.kind in "iu":
                tensors[name] = values.astype(np.uint32)

    same = load(tampered(narrow, "convolutional"))
    before = load(saved / "convolutional.safetensors")
    assert [v.dtype for v in same._predictor_.variables] == [
        v.dtype for v in before._predictor_.variables
    ]


# -- what can't be saved is refused ------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("random_state", np.random.RandomState(0)),
        ("loss", lambda y, p: p),
        ("callbacks", [print]),
        ("schedule", Schedule()),
        ("class_weight", {1: float("inf")}),
        ("optimizer", type("Optimizer", (), {"apply": 0, "get_config": 0})()),
    ],
)
def test_a_parameter_that_is_no_data_is_refused_by_name(fitted, tmp_path, parameter, value):
    classifier = pickle.loads(pickle.dumps(fitted["dense"])).set_params(**{parameter: value})
    with pytest.raises(TypeError, match=rf"{parameter}=.* can't be saved.*set_params\({parameter}"):
        save(classifier, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_what_is_no_fitted_classifier_of_ours_is_refused(fitted, tmp_path):
    class Mine(DNNClassifier):
        pass

    path = tmp_path / "model"
    with pytest.raises(NotFittedError):
        save(DNNClassifier(), path)
    with pytest.raises(NotFittedError):
        save(LogisticRegression(), path)
    with pytest.raises(TypeError, match=r"3 can't be saved.*of skmnist or of scikit-learn"):
        save(3, path)
    with pytest.raises(TypeError, match="Mine"):
        save(Mine(), path)
    with pytest.raises(TypeError, match=r"can't be saved as data.*builtins\.len.*use joblib"):
        save(make_pipeline(FunctionTransformer(len), fitted["dense"]), path)
    assert not list(tmp_path.iterdir())


def test_what_holds_another_estimator_is_refused(digits, composed, tmp_path):
    X, y, path = digits[0][:100], digits[2][:100], tmp_path / "model"

    class Mine(LogisticRegression):
        pass

    committee = CommitteeClassifier([_DENSE, Mine(max_iter=5000)], random_state=0).fit(X, y)
    with pytest.raises(TypeError, match=r"Mine.*can't be saved"):
        save(committee, path)
    with pytest.raises(TypeError, match=r"Mine.*can't be saved"):
        save(make_pipeline(Deskew(), Mine(max_iter=5000)).fit(X, y), path)
    unfitted = pickle.loads(pickle.dumps(composed["pipeline"]))
    unfitted.steps[0] = ("deskew", Deskew())
    with pytest.raises(NotFittedError):
        save(unfitted, path)
    remembering = make_pipeline(Deskew(), _DENSE, memory=str(tmp_path / "memory")).fit(X, y)
    with pytest.raises(TypeError, match=r"memory=.*can't be saved.*set_params\(memory"):
        save(remembering, path)
    assert not path.exists()


def test_a_classifier_that_could_not_be_loaded_is_not_saved(fitted, tmp_path):
    def changed(**attributes):
        classifier = pickle.loads(pickle.dumps(fitted["dense"]))
        for name, value in attributes.items():
            setattr(classifier, name, value)
        return classifier

    dates = np.arange(10).astype("datetime64[D]")
    with pytest.raises(ValueError, match="changed since it was fitted"):
        save(changed(hidden_units=(9,), dropout=0.0), tmp_path / "model")
    with pytest.raises(ValueError, match="epochs"):
        save(changed(epochs="many"), tmp_path / "model")
    with pytest.raises(TypeError, match="labels of dtype datetime64"):
        save(changed(classes_=dates), tmp_path / "model")
    broken = changed()
    broken._predictor_.variables[0][0] = np.nan
    with pytest.raises(ValueError, match="dense_1/kernel holds NaN"):
        save(broken, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_an_error_while_writing_leaves_the_old_file(fitted, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("no space left on device")

    path = tmp_path / "model"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        save(fitted["dense"], path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folders_and_files_are_errors_of_the_system(fitted, tmp_path):
    with pytest.raises(FileNotFoundError):
        save(fitted["dense"], tmp_path / "no" / "model")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "no")
    with pytest.raises((OSError, ValueError)):
        load(tmp_path)


# -- hostile files -----------------------------------------------------------------------


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch '{self.path}'",)


def test_a_pickle_is_not_run(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(Bomb(tmp_path / "run")))
    assert_refused(path, "header")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras's own
def test_a_keras_file_is_refused(fitted, tmp_path):
    fitted["dense"].network_.save(tmp_path / "model.keras")
    assert_refused(tmp_path / "model.keras", "header")


def test_files_of_others_are_refused(tmp_path):
    path = tmp_path / "other"
    for metadata in (None, {"format": "pt"}, {"skmnist": "{}", "more": ""}):
        save_file({"weight": np.zeros(3)}, path, metadata)
        assert_refused(path, "expected 'skmnist'")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "3", "[" * 100_000, '{"a": NaN}', '{"a": 1e999}', '{"a": 1}']
)
def test_json_that_is_not_ours_is_refused(tmp_path, text):
    save_file({"weight": np.zeros(3)}, tmp_path / "model", {"skmnist": text})
    assert_refused(tmp_path / "model", "can't be loaded")


@pytest.mark.parametrize("part", [0, 1, 7, 8, 100, 3000, -1])
def test_a_truncated_file_is_refused(saved, tmp_path, part):
    whole = (saved / "dense.safetensors").read_bytes()
    (tmp_path / "model").write_bytes(whole[:part])
    assert_refused(tmp_path / "model", "can't be loaded")


@pytest.mark.parametrize("size", [2**63 - 1, 2**40, 90_000_000, 5])
def test_a_header_that_lies_of_its_size_is_refused(saved, tmp_path, size):
    whole = (saved / "dense.safetensors").read_bytes()
    (tmp_path / "model").write_bytes(size.to_bytes(8, "little") + whole[8:])
    assert_refused(tmp_path / "model", "header")


def test_garbage_is_refused(saved, tmp_path):
    whole, rng = (saved / "dense.safetensors").read_bytes(), np.random.default_rng(0)
    for _ in range(20):
        broken = bytearray(whole)
        for place in rng.integers(0, 4000, 30):
            broken[place] = rng.integers(256)
        (tmp_path / "model").write_bytes(broken)
        assert_refused(tmp_path / "model", "can't be loaded")


KERNEL = "dense_network/dense_1/kernel"
HOSTILE = {
    "an older version": (lambda c, t: c.update(format_version=0), "expected format version 1"),
    "a class by its path": (lambda c, t: c.update({"class": "os.system"}), "class='os.system'"),
    "a class of no name": (lambda c, t: c.update({"class": ["DNNClassifier"]}), "class="),
    "another class of ours": (lambda c, t: c.update({"class": "LeNetClassifier"}), "is unknown"),
    "a section more": (lambda c, t: c.update(code="1"), "expected exactly"),
    "a section less": (lambda c, t: c.pop("classes"), "expected exactly"),
    "no versions": (lambda c, t: c.pop("versions"), "no 'versions'"),
    "a tensor more": (lambda c, t: t.update(more=np.zeros(1)), "unknown .'more'"),
    "a tensor less": (lambda c, t: t.pop(KERNEL), "lacking .*dense_1/kernel"),
    "another shape": (lambda c, t: t.update({KERNEL: t[KERNEL].T.copy()}), r"shape \(64, 8\)"),
    "another dtype": (lambda c, t: t.update({KERNEL: t[KERNEL].astype(float)}), "float32"),
    "half precision": (lambda c, t: t.update({KERNEL: t[KERNEL].astype("f2")}), "is F16"),
    "NaN": (lambda c, t: t.update({KERNEL: t[KERNEL] * np.nan}), "NaN or infinity"),
    "infinity": (lambda c, t: t.update({KERNEL: t[KERNEL] + np.inf}), "NaN or infinity"),
}
HOSTILE_PARAMETERS = {
    "unknown": ({"code": "1"}, "parameter='code' is unknown"),
    "wrong type": ({"epochs": "1"}, "'epochs' parameter"),
    "no number": ({"learning_rate": None}, "'learning_rate' parameter"),
    "callbacks": ({"callbacks": ["print"]}, "callbacks"),
    "loss": ({"loss": 3}, "'loss' parameter"),
    "activation": ({"activation": "os.system"}, "activation='os.system' is unknown"),
    "deserialize": ({"activation": "deserialize"}, "activation='deserialize' is unknown"),
    "a Keras object": (
        {"optimizer": {"class_name": "Lambda", "module": "os", "config": {}}},
        "type='None' is unknown",
    ),
    "an object by its path": ({"schedule": {"type": "os.system", "fields": {}}}, "'os.system'"),
    "more keys": ({"schedule": {"type": "Cosine", "fields": {}, "code": 1}}, "expected exactly"),
    "an unknown field": ({"schedule": {"type": "Cosine", "fields": {"a": 1}}}, "parameter='a'"),
    "a wrong field": (
        {"schedule": {"type": "Plateau", "fields": {"min_lr": "0"}}},
        "min_lr is '0'; expected float",
    ),
    "an optimizer of anything": (
        {"optimizer": {"type": "Optimizer", "fields": {"name": "adam", "beta_1": [1]}}},
        r"beta_1=.*expected a number",
    ),
    "a field out of range": ({"schedule": {"type": "OneCycle", "fields": {"peak": 2}}}, "peak=2"),
    "an object elsewhere": (
        {"augmentation": {"type": "Cosine", "fields": {}}},
        "'augmentation' parameter",
    ),
    "no items": ({"hidden_units": {"type": "tuple", "items": 8}}, "tuple is 8; expected list"),
    "no pairs": ({"class_weight": {"type": "dict", "items": [8]}}, "can't be loaded"),
    "no units": ({"hidden_units": ["8", 4]}, "hidden_units"),
    "too large": ({"hidden_units": [10**6, 10**6]}, "up to 1000000 units"),
    "larger": ({"hidden_units": [9, 4]}, r"expected float32 of shape"),
    "far too large": ({"hidden_units": [10**30], "dropout": 0.1}, "can't be loaded"),
}
HOSTILE_LEARNED = {
    "no number": ({"pixel_scale_": "1"}, "a number > 0"),
    "no scale": ({"pixel_scale_": 0.0}, "a number > 0"),
    "infinite": ({"pixel_scale_": float("inf")}, "Infinity"),
    "no shape": ({"image_shape_": [8, 8]}, "height, width and channels"),
    "negative": ({"image_shape_": [-8, -8, 1]}, "height, width and channels"),
    "another shape": ({"image_shape_": [4, 8, 1]}, "32 pixels"),
    "a vast image": ({"image_shape_": [10**6, 10**6, 1], "n_features_in_": 10**12}, "shape"),
    "no dtype": ({"dtype_": "bfloat16"}, "dtype_ is 'bfloat16'"),
    "auto": ({"dtype_": "auto"}, "dtype_ is 'auto'"),
    "names": ({"feature_names_in_": ["a"]}, "feature_names_in_"),
    "history": ({"history_": {"loss": ["low"]}}, "history_"),
    "a seed": ({"_seed_": 2**31}, "_seed_"),
    "more": ({"__class__": "Bomb"}, "expected exactly"),
}
HOSTILE_CLASSES = {
    "one": ({"labels": [1]}, "two or more"),
    "fewer": ({"labels": [1, 2]}, r"expected float32 of shape \(4, 2\)"),
    "mixed": ({"labels": [1, "2"]}, "two or more of int64"),
    "unsorted": ({"labels": [2, 1]}, "ascending"),
    "overflowing": ({"dtype": "int8", "labels": [1, 1000]}, "can't be loaded"),
    "objects": ({"dtype": "O"}, "dtype='O' is unknown"),
    "a vast dtype": ({"dtype": "<U999999999"}, "is unknown"),
    "booleans": ({"labels": [False, True]}, "two or more of int64"),
}


@pytest.mark.parametrize(("change", "match"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_not_ours_in_any_part_is_refused(tampered, change, match):
    assert_refused(tampered(change), match)


@pytest.mark.parametrize(
    ("section", "change", "match"),
    [
        pytest.param(section, change, match, id=f"{section}: {name}")
        for section, cases in (
            ("parameters", HOSTILE_PARAMETERS),
            ("learned", HOSTILE_LEARNED),
            ("classes", HOSTILE_CLASSES),
        )
        for name, (change, match) in cases.items()
    ],
)
def test_a_section_that_is_not_ours_is_refused(tampered, section, change, match):
    assert_refused(tampered(lambda content, tensors: content[section].update(change)), match)


def _first(content):
    return content["estimators"][0]


HOSTILE_COMPOSED = {
    "a section more": (lambda c, t: c.update(code=1), "expected exactly"),
    "a member's section more": (lambda c, t: _first(c).update(code=1), "part 0/ holds"),
    "no members": (lambda c, t: (c.update(estimators=[]), t.clear()), "one at least"),
    "members of no list": (lambda c, t: c.update(estimators={"0": 1}), "estimators is"),
    "a member of no dict": (lambda c, t: c.update(estimators=["os.system"] * 3), "a part is"),
    "a member more": (
        lambda c, t: c["estimators"].append(_first(c)),
        "part 3/ .* 0 tensors",
    ),
    "a member less": (lambda c, t: c["estimators"].pop(), "unknown .*2/dense"),
    "a member of no class": (lambda c, t: _first(c).pop("class"), "class='None'"),
    "a member by its path": (lambda c, t: _first(c).update({"class": "os.system"}), "os.system"),
    "a member that transforms": (
        lambda c, t: c["estimators"].append(
            {"class": "Deskew", "parameters": {}, "learned": c["learned"]}
        ),
        "of the committee's classes",
    ),
    "another class in a member": (
        lambda c, t: _first(c)["classes"].update(labels=sorted("abcdefghij")),
        "of the committee's classes",
    ),
    "other images": (
        lambda c, t: c["learned"].update(image_shape_=[4, 4, 1], n_features_in_=16),
        "of the committee's classes and images",
    ),
    "too many shifts": (lambda c, t: c["parameters"].update(test_time_shifts=8), "out of sight"),
    "a design by its path": (
        lambda c, t: c["parameters"].update(estimators={"type": "os.system", "parameters": {}}),
        "type='os.system' is unknown",
    ),
    "a design of others": (
        lambda c, t: c["parameters"].update(estimators={"type": "SVC", "parameters": {}}),
        "type='SVC' is unknown",
    ),
    "a step less": (lambda c, t: c["estimators"][1]["steps"].pop(), "shorter"),
    "a step that learned": (lambda c, t: c["estimators"][1]["steps"].reverse(), "part 1/0/ holds"),
    "steps of no list": (lambda c, t: c["estimators"][1].update(steps=3), "can't be loaded"),
    "steps that are none": (
        lambda c, t: c["estimators"][1]["parameters"].update(steps=[1, 2, 3]),
        "can't be loaded",
    ),
    "a network that comes first": (
        lambda c, t: c["estimators"][1]["parameters"]["steps"].reverse(),
        "intermediate steps",
    ),
    "a memory": (lambda c, t: c["estimators"][1]["parameters"].update(memory="x"), "memory in"),
    "a shape in a step": (
        lambda c, t: c["estimators"][1]["steps"][0]["learned"].update(image_shape_=[8, 9, 1]),
        "72 pixels",
    ),
}


@pytest.mark.parametrize(("change", "match"), HOSTILE_COMPOSED.values(), ids=list(HOSTILE_COMPOSED))
def test_a_committee_that_is_not_ours_in_any_part_is_refused(tampered, change, match):
    assert_refused(tampered(change, "committee"), match)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"vocabulary_": ["a", "a"]}, "more than once"),
        ({"vocabulary_": ["A b"]}, "expected words in lower case"),
        ({"vocabulary_": []}, "one at least"),
        ({"vocabulary_": {"a": 3}}, "a list of words"),
        ({"vocabulary_": list("abcdefghij")}, "more words than max_tokens=9"),
        ({"length": 0}, "length is 0"),
        ({"code": 1}, "expected exactly"),
    ],
)
def test_a_vocabulary_that_is_not_ours_is_refused(tmp_path, change, match):
    texts = ["a great film", "a bore"]
    reader = make_pipeline(
        TextSequencer(max_tokens=9, output_sequence_length=3), SequenceDNNClassifier(epochs=1)
    )
    save(reader.fit(texts, [1, 0]), tmp_path / "reader")
    with safe_open(tmp_path / "reader", framework="np") as file:
        content = json.loads(file.metadata()["skmnist"])
    content["steps"][0]["learned"].update(change)
    del content["sha256"]
    tensors = load_file(tmp_path / "reader")
    save_file(tensors, tmp_path / "tampered", {"skmnist": json.dumps(content)})
    assert_refused(tmp_path / "tampered", match)


@pytest.mark.parametrize("depth", [50, 100_000])
def test_estimators_without_end_are_refused(tmp_path, depth):
    inner = '{"class": "CommitteeClassifier", "parameters": {}, "estimators": ['
    text = inner * depth + "]}" * depth
    save_file({}, tmp_path / "model", {"skmnist": '{"format_version": 1, ' + text[1:]})
    assert_refused(tmp_path / "model", "can't be loaded")


def test_nothing_is_left_behind_by_a_file_refused(tampered):
    """Neither a thread nor a network that Keras has yet to make."""
    before = threading.active_count()
    path = tampered(lambda c, t: c["parameters"].update(hidden_units=[200, 200]))
    assert_refused(path, "shape")
    assert threading.active_count() == before
    keras = load_keras()
    with keras.StatelessScope():
        pass  # would make the variables that wait in this thread


@pytest.mark.parametrize("name", sorted(ESTIMATORS.keys() - {"Pipeline"}))
def test_each_class_gives_and_takes_its_own_state_under_names_that_completion_leaves_out(name):
    methods = [method for method in dir(ESTIMATORS[name]) if "skmnist" in method]
    assert {"__skmnist_getstate__", "__skmnist_setstate__"} <= set(methods)
    assert all(method.startswith("__") and method.endswith("__") for method in methods)
