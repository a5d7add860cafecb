"""scikit-learn's own objects are saved through skops: as data, never as a pickle."""

import copy
import io
import json
import pickle
import re
import sys
import tracemalloc
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_array
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from skmnist import (
    Augmentation,
    CNNFeatures,
    CNNStackingClassifier,
    CommitteeClassifier,
    DNNClassifier,
    DNNRegressor,
    KerasClassifier,
    TextSequencer,
    gradient_boosting,
    knn,
    random_forest,
    recipe,
    svm,
)
from skmnist._utils.backend import load_keras
from skmnist.ensemble import VirtualSVC
from skmnist.persistence import load, save
from skmnist.preprocessing import HOG, ConvolutionFeatures, Deskew, OrientedGradients
from skmnist.text._baseline import tfidf_logistic_regression

WORDS = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
_DENSE = DNNClassifier(hidden_units=(4,), epochs=1, random_state=0, dtype="float32")
_LOGISTIC = LogisticRegression(C=1e-3, max_iter=2000)
_FOREST = RandomForestClassifier(2, max_depth=4, random_state=0)
_REGRESSOR = DNNRegressor(hidden_units=(4,), epochs=1, random_state=0)
CLASSIFIERS = {
    "scaled": make_pipeline(StandardScaler(), PCA(10, random_state=0), _DENSE),
    "steps of both": make_pipeline(Deskew(), FeatureUnion([("pca", PCA(5))]), svm()),
    "gradients": make_pipeline(OrientedGradients(), SelectKBest(k=20), knn()),
    "hog": make_pipeline(HOG(pixels_per_cell=(4, 4), cells_per_block=(1, 1)), _LOGISTIC),
    "convolutions": make_pipeline(ConvolutionFeatures(grid=(2, 2)), GaussianNB()),
    "few dimensions": make_pipeline(PCA(3, random_state=0), KNeighborsClassifier()),
    "forest": random_forest(n_estimators=2, random_state=0),
    "boosting": gradient_boosting(max_iter=1, random_state=0),
    "gradient boosting": GradientBoostingClassifier(n_estimators=1, random_state=0),
    "calibrated": CalibratedClassifierCV(_DENSE, method="temperature", cv=2),
    "frozen": CalibratedClassifierCV(svm(), ensemble=False, cv=2),
    "voting": VotingClassifier([("network", _DENSE), ("bayes", GaussianNB())], voting="soft"),
    "stacking": StackingClassifier([("network", _DENSE), ("forest", _FOREST)], _LOGISTIC, cv=2),
    "committee": CommitteeClassifier(
        [_DENSE, make_pipeline(Deskew(), _FOREST), CalibratedClassifierCV(svm(), cv=2)],
        test_time_shifts=1,
        random_state=0,
    ),
    "virtual": VirtualSVC(make_pipeline(OrientedGradients(image_shape=(8, 8)), PCA(5), SVC())),
    "features": make_pipeline(CNNFeatures(_DENSE, random_state=0), SVC()),
    "stack": CNNStackingClassifier(
        [("svm", SVC()), ("forest", _FOREST)], network=_DENSE, cv=2, random_state=0
    ),
    "refitted": CNNStackingClassifier(
        [("bayes", GaussianNB())],
        "soft_vote",
        network=_DENSE,
        n_components=None,
        cv=StratifiedKFold(2),
        refit=True,
        random_state=0,
    ),
    "grid": GridSearchCV(
        make_pipeline(StandardScaler(), _DENSE),
        {
            "dnnclassifier": [_DENSE],
            "dnnclassifier__augmentation": [None, Augmentation(shift=0.1)],
        },
        cv=2,
        scoring={"f1": make_scorer(f1_score, average="macro"), "accuracy": "accuracy"},
        refit="accuracy",
    ),
    "random": RandomizedSearchCV(
        GaussianNB(), {"var_smoothing": loguniform(0.1, 1)}, n_iter=2, cv=2, random_state=0
    ),
    "halving": HalvingGridSearchCV(
        GaussianNB(), {"var_smoothing": [0.1, 1]}, cv=2, min_resources=60, random_state=0
    ),
}


@pytest.fixture(scope="module")
def fitted(digits):
    X, y = digits[0][:130], WORDS[digits[2][:130]]
    return {name: clone(each).fit(X, y) for name, each in CLASSIFIERS.items()}


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    for name, estimator in fitted.items():
        save(estimator, folder / name)
    return folder


@pytest.fixture
def forged(saved, tmp_path):
    """Save a file again with other JSON or tensors, and no checksum, as a forger can compute it."""

    def change(name, how):
        with safe_open(saved / name, framework="np") as file:
            content = json.loads(file.metadata()["skmnist"])
        tensors = load_file(saved / name)
        how(content, tensors)
        del content["sha256"]
        save_file(tensors, tmp_path / "forged", {"skmnist": json.dumps(content)})
        return tmp_path / "forged"

    return change


def assert_refused(path, match):
    with pytest.raises(ValueError, match=match) as caught:
        load(path)
    assert str(path) in str(caught.value)


def nodes_in(value):
    if isinstance(value, dict):
        if "__loader__" in value:
            yield value
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from nodes_in(each)


def node_of(content, **has):
    return next(node for node in nodes_in(content) if has.items() <= node.items())


def _shown(estimator):
    """The parameters without the addresses of objects that have no better repr."""
    return re.sub(r" at 0x\w+", "", str(estimator.get_params()))


# -- what is saved comes back ------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_an_estimator_comes_back_with_the_same_predictions(fitted, saved, digits, name):
    before, after = fitted[name], load(saved / name)
    assert type(after) is type(before)
    assert _shown(after) == _shown(before)
    assert after.classes_.tolist() == before.classes_.tolist()
    np.testing.assert_array_equal(after.predict(digits[1]), before.predict(digits[1]))
    if hasattr(before, "predict_proba"):
        np.testing.assert_array_equal(
            after.predict_proba(digits[1]), before.predict_proba(digits[1])
        )


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_saving_again_gives_the_same_bytes(saved, tmp_path, name):
    save(load(saved / name), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (saved / name).read_bytes()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_no_file_has_a_pickle_or_an_archive_in_it(saved, name):
    whole = (saved / name).read_bytes()
    assert not zipfile.is_zipfile(io.BytesIO(whole))
    assert b"PK\x03\x04" not in whole
    for start in re.finditer(rb"\x80[\x02-\x05]", whole):  # where a pickle might start
        with pytest.raises(Exception):  # noqa: B017, PT011
            pickle.loads(whole[start.start() :])


def test_what_a_search_has_found_comes_back(fitted, saved, digits):
    before, after = fitted["grid"], load(saved / "grid")
    assert after.best_score_ == before.best_score_
    assert str(after.best_params_) == str(before.best_params_)
    assert after.cv_results_.keys() == before.cv_results_.keys()
    for name, column in before.cv_results_.items():
        assert str(after.cv_results_[name]) == str(column)
    X, y = digits[1], WORDS[digits[3]]
    assert after.score(X, y) == before.score(X, y)
    assert after.scorer_.keys() == before.scorer_.keys()
    assert load(saved / "random").get_params()["param_distributions"]["var_smoothing"].args == (
        0.1,
        1,
    )


def test_objects_that_were_one_are_one_again(saved):
    voting = load(saved / "voting")
    assert voting.estimators_[0] is voting.named_estimators_["network"]


def test_a_loaded_search_and_a_loaded_stack_can_be_fitted_again(fitted, saved, digits):
    X, y = digits[0][:130], WORDS[digits[2][:130]]
    for name in ("halving", "stack"):
        again = clone(load(saved / name)).fit(X, y)
        np.testing.assert_array_equal(again.predict(X), fitted[name].predict(X))


def test_regressors_come_back_from_scikit_learns_ensembles(digits, tmp_path):
    X, y = digits[0][:100], digits[2][:100] * 1.0
    voting = VotingRegressor([("network", _REGRESSOR), ("ridge", Ridge())]).fit(X, y)
    save(voting, tmp_path / "voting")
    np.testing.assert_array_equal(load(tmp_path / "voting").predict(X), voting.predict(X))


def test_frozen_networks_are_saved_as_they_are(fitted, digits, tmp_path):
    X, y = digits[0][:130], WORDS[digits[2][:130]]
    network = FrozenEstimator(clone(_DENSE).fit(X, y))
    for estimator in (
        make_pipeline(CNNFeatures(network), _LOGISTIC),
        CalibratedClassifierCV(network, method="temperature"),
        CommitteeClassifier([network, _DENSE]),
    ):
        save(estimator.fit(X, y), tmp_path / "frozen")
        after = load(tmp_path / "frozen")
        np.testing.assert_array_equal(after.predict_proba(X), estimator.predict_proba(X))


def test_machines_on_sparse_rows_and_on_words_come_back(digits, tmp_path):
    X, y = csr_array(digits[0][:100]), digits[2][:100]
    machine = SVC().fit(X, y)
    save(machine, tmp_path / "sparse")
    np.testing.assert_array_equal(load(tmp_path / "sparse").predict(X), machine.predict(X))
    texts, good = ["a great film", "what a bore", "isn't it great?"] * 5, [1, 0, 1] * 5
    words = tfidf_logistic_regression().fit(texts, good)
    save(words, tmp_path / "words")
    np.testing.assert_array_equal(
        load(tmp_path / "words").predict_proba(texts), words.predict_proba(texts)
    )


def build(n_features_in):
    keras = load_keras()
    layers = [keras.Input((n_features_in,)), keras.layers.Dense(10, activation="softmax")]
    return keras.Sequential(layers)


def test_the_function_of_ones_own_network_is_given_to_load(digits, tmp_path):
    X, y = digits[0][:60], digits[2][:60]
    own = make_pipeline(StandardScaler(), KerasClassifier(build, epochs=1, random_state=0))
    save(own.fit(X, y), tmp_path / "own")
    assert_refused(tmp_path / "own", r"load\(path, model=build\)")
    after = load(tmp_path / "own", model=build)
    np.testing.assert_array_equal(after.predict_proba(X), own.predict_proba(X))


@pytest.mark.parametrize("name", ["svm-best", "ridge-best"])
def test_the_classical_recipes_can_be_saved(digits, tmp_path, name):
    X = digits[0][:130].reshape(-1, 8, 8)
    small = {"rbfsampler__n_components": 50} if name == "ridge-best" else {}
    best = recipe(name).set_params(**small).fit(X, digits[2][:130])
    save(best, tmp_path / name)
    np.testing.assert_array_equal(load(tmp_path / name).predict(X), best.predict(X))


# -- what can't be saved is refused ------------------------------------------------------


class Mine(BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return X


def _halved(X):
    return X / 2


@pytest.mark.parametrize(
    ("step", "named"),
    [
        (Mine(), "test_saving_scikit_learn.Mine"),
        (FunctionTransformer(_halved), "test_saving_scikit_learn._halved"),
        (FunctionTransformer(lambda X: X), "lambda"),
    ],
)
def test_a_type_that_is_not_trusted_is_refused_by_name(digits, tmp_path, step, named):
    pipeline = make_pipeline(step, clone(_DENSE)).fit(digits[0][:60], digits[2][:60])
    with pytest.raises(TypeError, match=rf"can't be saved as data.*{named}.*joblib"):
        save(pipeline, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_a_memory_is_refused_by_name(digits, tmp_path):
    pipeline = make_pipeline(StandardScaler(), _DENSE, memory=str(tmp_path / "memory"))
    pipeline.fit(digits[0][:60], digits[2][:60])
    with pytest.raises(TypeError, match=r"memory=.*can't be saved.*set_params\(memory=None"):
        save(pipeline, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_what_is_not_fitted_is_refused(tmp_path):
    for estimator in (_LOGISTIC, make_pipeline(StandardScaler(), _DENSE), CLASSIFIERS["grid"]):
        with pytest.raises(NotFittedError):
            save(clone(estimator), tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_without_skops_an_error_names_the_extra(fitted, saved, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops", None)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    for act in (lambda: save(fitted["scaled"], tmp_path / "new"), lambda: load(saved / "scaled")):
        with pytest.raises(ImportError, match=r'pip install "skmnist\[skops\]"'):
            act()
    own = make_pipeline(Deskew(), fitted["scaled"][-1])
    save(own[-1], tmp_path / "own")  # a network alone needs none
    assert load(tmp_path / "own").n_parameters_ == own[-1].n_parameters_


# -- hostile files -----------------------------------------------------------------------


def _rename(content, module, name):
    node_of(content, __class__="StandardScaler").update(__module__=module, __class__=name)


def _doubled(content, _):
    """Refer to an object twice, from one that is referred to twice, and so on: 2**40 times."""
    scaler = node_of(content, __class__="StandardScaler")
    inner = {"__loader__": "ListNode", "__class__": "list", "__module__": "builtins", "content": []}
    for number in range(1000, 1040):
        first = {**inner, "__id__": number}
        inner = {**inner, "content": [first, {"__id__": number}]}
    scaler["content"]["content"]["more"] = inner


HOSTILE = {
    "a type of others": (lambda c, t: _rename(c, "os", "system"), r"Untrusted types .*os\.system"),
    "a type of ours": (
        lambda c, t: _rename(c, "skmnist", "DNNClassifier"),
        "'DNNClassifier' is no class of skmnist",
    ),
    "a module of ours": (
        lambda c, t: _rename(c, "skmnist.persistence._files", "save"),
        r"Untrusted types .*_files\.save",
    ),
    "a call": (
        lambda c, t: node_of(c, __class__="StandardScaler").update(
            __loader__="ConstructorFromReduceNode", __module__="subprocess", __class__="call"
        ),
        r"Untrusted types .*subprocess\.call",
    ),
    "a method": (
        lambda c, t: node_of(c, __class__="StandardScaler").update(__loader__="MethodNode"),
        "a node is",
    ),
    "a function of operator": (
        lambda c, t: node_of(c, __class__="StandardScaler").update(
            __loader__="OperatorFuncNode", __module__="operator", __class__="methodcaller"
        ),
        "a node is",
    ),
    "an old protocol": (lambda c, t: c.update(protocol=-1), "protocol"),
    "a newer protocol": (lambda c, t: c.update(protocol=99), "protocol"),
    "no nodes": (lambda c, t: c.update(nodes=3), "nodes is 3"),
    "no loader": (lambda c, t: c["nodes"].pop("__loader__"), "__loader__"),
    "a key more": (lambda c, t: c.update(code=1), "expected exactly"),
    "a part less": (lambda c, t: c["parts"].pop(), "refers to part 0 of 0"),
    "a part that is none": (lambda c, t: c.update(parts=["os.system"]), "can't be loaded"),
    "a part of no kind": (lambda c, t: c.update(parts=[{"kind": "os.system"}]), "is unknown"),
    "another part": (lambda c, t: node_of(c, __class__="Reference").update(content=3), "loaded"),
    "an array twice": (lambda c, t: c.update(number=0, arrays=c["arrays"] * 2), "missing, or is"),
    "a number of no archive": (lambda c, t: c.update(number=-1), "number of an archive"),
    "an array of no number": (
        lambda c, t: node_of(c, type="numpy").update(file="../x"),
        "refers to array '../x'",
    ),
    "an array of others": (
        lambda c, t: node_of(c, type="numpy").update(__class__="void"),
        "an array is a 'void'",
    ),
    "a layout": (lambda c, t: c["arrays"].__setitem__(0, "O"), "the layout of an array is 'O'"),
    "strings of no letters": (
        lambda c, t: c["arrays"].__setitem__(0, "U999999"),
        "an array of strings is",
    ),
    "a tensor less": (lambda c, t: t.pop("scikit-learn/0/0"), "missing, or is used twice"),
    "a tensor more": (lambda c, t: t.update({"scikit-learn/0/999": np.zeros(3)}), "unknown"),
    "objects without end": (_doubled, "more than 150000 nodes"),
    "an object in itself": (
        lambda c, t: node_of(c, __class__="StandardScaler").update(
            __id__=999, content={"__id__": 999}
        ),
        "of which nothing is known",
    ),
    "a memory": (
        lambda c, t: node_of(c, __class__="Pipeline")["content"]["content"].update(
            memory={"json": '"/tmp"'}
        ),
        "memory in the file",
    ),
}


@pytest.mark.parametrize(("change", "match"), HOSTILE.values(), ids=HOSTILE)
def test_an_archive_that_is_not_ours_in_any_part_is_refused(forged, change, match):
    tracemalloc.start()
    try:
        path = forged("scaled", change)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert_refused(path, match)
        assert tracemalloc.get_traced_memory()[1] - before < 20 * 2**20
    finally:
        tracemalloc.stop()


def _part(content, kind):
    def parts_in(value):
        if isinstance(value, dict):
            if value.get("kind") == kind:
                yield value
            value = list(value.values())
        for each in value if isinstance(value, list) else ():
            yield from parts_in(each)

    return next(parts_in(content))


def _array_of(content, tensors, kind, *keys):
    """The tensor of a part's array; the estimator is the whole of the file."""
    value = _part(content, kind)
    for key in keys:
        value = value[key]
    return tensors[f"scikit-learn/0/{value}"]


FORGED_TREES = {
    "a circle": (
        "forest",
        lambda c, t: _array_of(c, t, "tree", "nodes", "left_child").__setitem__(0, 0),
        "lead to a later node",
    ),
    "a node beyond": (
        "forest",
        lambda c, t: _array_of(c, t, "tree", "nodes", "right_child").__setitem__(0, 10**6),
        "lead to a later node",
    ),
    "a pixel beyond": (
        "forest",
        lambda c, t: _array_of(c, t, "tree", "nodes", "feature").__setitem__(0, 64),
        "a feature beyond the 64",
    ),
    "pixels of another forest": (
        "forest",
        lambda c, t: _part(c, "tree").update(n_features=10**6),
        "don't fit one another",
    ),
    "classes of another forest": (
        "forest",
        lambda c, t: _part(c, "tree").update(n_classes=[9]),
        "values don't fit",
    ),
    "a boosted circle": (
        "boosting",
        lambda c, t: _array_of(c, t, "boosted tree", "nodes", "left").__setitem__(0, 0),
        "lead to a later node",
    ),
    "a boosted pixel beyond": (
        "boosting",
        lambda c, t: _array_of(c, t, "boosted tree", "nodes", "feature_idx").__setitem__(0, 99),
        "don't fit one another",
    ),
    "threads without end": (
        "forest",
        lambda c, t: node_of(c, __class__="RandomForestClassifier")["content"]["content"][
            "n_jobs"
        ].update(json="1000000"),
        "n_jobs=1000000 in the file",
    ),
    "directions without end": (
        "gradients",
        lambda c, t: next(p for p in c["parts"] if p.get("class") == "OrientedGradients")[
            "parameters"
        ].update(n_directions=10**9),
        "expected 262144 at most",
    ),
    "cells without end": (
        "hog",
        lambda c, t: next(p for p in c["parts"] if p.get("class") == "HOG")["parameters"].update(
            orientations=10**9
        ),
        "expected 262144 at most",
    ),
    "neighbours of another metric": (
        "few dimensions",
        lambda c, t: _part(c, "KDTree").update(metric="pyfunc"),
        "a KDTree has",
    ),
    "a function of others": (
        "forest",
        lambda c, t: _part(c, "function").update(name="os.system"),
        "isn't a name that files may have",
    ),
    "a distribution of others": (
        "random",
        lambda c, t: _part(c, "distribution").update(args=["os.system"]),
        "expected numbers",
    ),
}


@pytest.mark.parametrize(("name", "change", "match"), FORGED_TREES.values(), ids=FORGED_TREES)
def test_what_compiled_code_would_follow_is_checked(forged, name, change, match):
    assert_refused(forged(name, change), match)


def test_support_vectors_that_are_not_there_are_refused(fitted, digits, tmp_path):
    machine = copy.deepcopy(fitted["features"])
    machine[-1]._n_support[:] = 10**6
    with pytest.raises(ValueError, match="SVC has arrays that don't fit one another"):
        save(machine, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_garbage_in_the_nodes_never_raises_another_error(forged, digits):
    rng = np.random.default_rng(0)
    values = [None, -1, 10**9, "os", [], {}, {"__id__": 1}, True]

    def spoil(content, tensors):
        nodes = list(nodes_in(content))
        node = nodes[rng.integers(len(nodes))]
        key = list(node)[rng.integers(len(node))]
        node[key] = values[rng.integers(len(values))]

    for _ in range(60):
        with suppress(ValueError):  # or nothing that counts was changed
            load(forged("scaled", spoil))


def test_a_sequencer_of_words_may_stand_before_a_step_of_scikit_learn(tmp_path):
    texts, good = ["a great film", "what a bore", "isn't it great?"] * 5, [1, 0, 1] * 5
    reader = make_pipeline(TextSequencer(max_tokens=9, output_sequence_length=4), GaussianNB())
    save(reader.fit(texts, good), tmp_path / "reader")
    np.testing.assert_array_equal(
        load(tmp_path / "reader").predict_proba(texts), reader.predict_proba(texts)
    )
