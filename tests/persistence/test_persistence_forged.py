"""A forged file costs no more than its size: counts are bounded before any layer is made."""

import json
import tracemalloc
from contextlib import suppress
from numbers import Integral, Real

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import Interval

from skmnist import (
    CapsNetClassifier,
    CNNClassifier,
    CommitteeClassifier,
    DNNClassifier,
    LeNetClassifier,
    PretrainedClassifier,
    ResNetClassifier,
    SequenceCNNClassifier,
    SequenceDNNClassifier,
    TextSequencer,
)
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.networks import Architecture, ConvBlock
from skmnist.persistence import _limits, load, save
from skmnist.persistence._labels import decoded_labels
from skmnist.persistence._parameters import ESTIMATORS
from skmnist.preprocessing import Blur, ColumnNormalizer, Deskew, MomentNormalizer

TRAINED = {"epochs": 1, "random_state": 0}
_DENSE = DNNClassifier(hidden_units=(4,), **TRAINED)
OF_IMAGES = {
    "dense": _DENSE,
    "convolutional": CNNClassifier(
        conv_blocks=[ConvBlock(2, padding="same", pool="max")], hidden_units=(3,), **TRAINED
    ),
    "lenet": LeNetClassifier(**TRAINED),
    "residual": ResNetClassifier(filters=(2, 3), **TRAINED),
    "capsules": CapsNetClassifier(
        filters=2, n_primary_maps=2, primary_dim=2, class_dim=2, **TRAINED
    ),
    "pretrained": PretrainedClassifier(
        "MobileNet",
        weights=None,
        backbone_settings={"alpha": 0.25},
        last_layer="conv1_relu",
        hidden_units=(3,),
        fine_tune_epochs=0,
        **TRAINED,
    ),
    "pipeline": make_pipeline(Deskew(), MomentNormalizer(), ColumnNormalizer(), Blur(), _DENSE),
    "committee": CommitteeClassifier(estimators=_DENSE, n_estimators=2, random_state=0),
}
OF_TEXTS = {
    "dense of texts": SequenceDNNClassifier(embedding_dim=2, hidden_units=(3,), **TRAINED),
    "convolutional of texts": SequenceCNNClassifier(
        embedding_dim=2, filters=2, hidden_units=(3,), **TRAINED
    ),
}
TEXTS = ["a great film", "what a bore", "isn't it great?"] * 5
VALUES = (10**3, 10**6, 10**9)


@pytest.fixture(scope="module")
def saved(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("forged")
    for name, estimator in OF_IMAGES.items():
        save(estimator.fit(digits[0][:60], digits[2][:60]), folder / name)
    for name, classifier in OF_TEXTS.items():
        reader = make_pipeline(TextSequencer(max_tokens=9, output_sequence_length=4), classifier)
        save(reader.fit(TEXTS, [1, 0, 1] * 5), folder / name)
    return folder


@pytest.fixture
def forged(saved, tmp_path):
    """Save a file again with other JSON, and without the checksum, which a forger can compute."""

    def change(name, how):
        with safe_open(saved / name, framework="np") as file:
            content = json.loads(file.metadata()["skmnist"])
        how(content)
        del content["sha256"]
        save_file(load_file(saved / name), tmp_path / "forged", {"skmnist": json.dumps(content)})
        return tmp_path / "forged"

    return change


@pytest.fixture
def built(monkeypatch):
    """Gather what is built."""
    build, architectures = Architecture.build, []

    def note(architecture, seed):
        architectures.append(architecture)
        return build(architecture, seed)

    monkeypatch.setattr(Architecture, "build", note)
    return architectures


# -- counts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("residual", {"n_blocks": 80}),
        ("residual", {"n_blocks": 10**9}),
        ("residual", {"filters": [1] * 400}),
        ("residual", {"filters": [1] * 1000}),
        ("residual", {"filters": [10**9]}),
        ("dense", {"hidden_units": [1] * 400}),
        ("dense", {"hidden_units": [1] * 1000}),
        ("dense", {"hidden_units": [10**6, 10**6]}),
        ("convolutional", {"conv_blocks": [1] * 1000}),
        ("convolutional", {"conv_blocks": [10**6]}),
        ("capsules", {"class_dim": 10**6}),
        ("capsules", {"n_primary_maps": 10**6}),
        ("pretrained", {"hidden_units": [1] * 1000}),
    ],
)
def test_more_layers_or_units_than_the_tensors_fill_are_refused_before_any_is_made(
    forged, built, name, parameters
):
    path = forged(name, lambda content: content["parameters"].update(parameters))
    refused = (
        r"describes a network of \d+ layers .* its \d+ tensors"
        r"|describes a network of \d+ layers; expected 500 at most"
        r"|n_blocks.* in the range \[1, 200\]"
    )
    with pytest.raises(ValueError, match=refused):
        load(path)
    assert not built


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([0] * 3_000_000, r"its JSON has 9,\d+,\d+ letters; expected 8,388,608"),
        ([[]] * 400_000, r"its JSON has 400,\d+ lists and objects; expected 300,000"),
        ([0] * 9_000_000, r"its header has 27,\d+,\d+ bytes; expected 16,777,216"),
    ],
)
def test_json_of_many_values_is_refused_before_it_is_read(forged, monkeypatch, more, message):
    path = forged("dense", lambda content: content.update(more=more))
    monkeypatch.setattr(json, "loads", None)
    with pytest.raises(ValueError, match=message):
        load(path)


def test_what_needs_more_json_than_load_reads_is_not_saved(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(_limits, "_LONGEST", 1000)
    with pytest.raises(ValueError, match=r"its JSON has 1,\d+ letters; expected 1,000 at most"):
        save(OF_IMAGES["dense"], tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_member_cannot_borrow_the_tensors_of_another(forged, built):
    def enlarge(content):
        content["estimators"][1]["parameters"]["hidden_units"] = [100]

    (member,) = OF_IMAGES["committee"].estimators_[1:]
    assert member.n_parameters_ > 100
    with pytest.raises(ValueError, match="expected float32 of shape"):
        load(forged("committee", enlarge))
    built.clear()

    def deepen(content):
        content["estimators"][1]["parameters"]["hidden_units"] = [1] * 8

    with pytest.raises(ValueError, match=r"of 8 layers .* its 5 tensors"):
        load(forged("committee", deepen))
    assert not built


def test_members_of_one_design_are_described_once(saved, built):
    assert len(load(saved / "committee").estimators_) == 2
    assert len(built) == 1


@pytest.mark.parametrize("value", [21, 200, 10**9])
def test_counts_without_tensors_have_fixed_limits_in_the_constructor_too(
    forged, built, digits, value
):
    path = forged("capsules", lambda content: content["parameters"].update(n_routings=value))
    with pytest.raises(ValueError, match=r"'n_routings' parameter .* in the range \[1, 20\]"):
        load(path)
    with pytest.raises(ValueError, match=r"'n_routings' parameter .* in the range \[1, 20\]"):
        CapsNetClassifier(n_routings=value).fit(digits[0][:60], digits[2][:60])
    assert not built


def test_the_most_routings_allowed_are_described_without_computing_any(forged, monkeypatch):
    from skmnist.networks import _capsnet as capsule

    path = forged("capsules", lambda content: content["parameters"].update(n_routings=20))
    monkeypatch.setattr(capsule, "route", None)
    assert load(path).n_routings == 20


@pytest.mark.parametrize(
    "blur", [Blur(sigma=1e9), Blur(truncate=1e9), Blur(sigma=101), Blur(truncate=11)]
)
def test_a_blur_wider_than_any_image_is_refused(blur, digits):
    with pytest.raises(ValueError, match=r"The '(sigma|truncate)' parameter of Blur"):
        blur.fit(digits[0])


def _numeric(estimator_class):
    """The names of the parameters that may be numbers, but those that all networks share."""
    shared = NetworkClassifier._parameter_constraints
    return [
        name
        for name, constraints in getattr(estimator_class, "_parameter_constraints", {}).items()
        if any(isinstance(c, Interval) or c is Integral or c is Real for c in constraints)
        and (estimator_class is DNNClassifier or name not in shared)
    ]


def _numbers(part, path=()):
    """The paths of all numbers in the parameters and in what was learned, and of those unset."""
    if isinstance(part, dict):
        known = ESTIMATORS.get(part.get("class", part.get("type")))
        for name in _numeric(known) if known else ():
            if "parameters" in part:
                yield (*path, "parameters", name)
        for name, value in part.items():
            if name not in ("classes", "versions", "format_version") and "history" not in name:
                yield from _numbers(value, (*path, name))
    elif isinstance(part, list):
        for i, value in enumerate(part):
            yield from _numbers(value, (*path, i))
    elif isinstance(part, int | float) and not isinstance(part, bool):
        yield path


def _paths(saved, name):
    shared = NetworkClassifier._parameter_constraints
    with safe_open(saved / name, framework="np") as file:
        content = json.loads(file.metadata()["skmnist"])
    paths = dict.fromkeys(_numbers(content))
    return [path for path in paths if name == "dense" or path[-1] not in shared]


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("capsules", "pipeline") else pytest.param(name, marks=pytest.mark.slow)
        for name in (*OF_IMAGES, *OF_TEXTS)
    ],
)
# What a forged step makes of the images may have another range than those of the fit.
@pytest.mark.filterwarnings("ignore::skmnist.PixelRangeWarning")
def test_no_number_in_a_file_makes_loading_or_predicting_take_memory(saved, forged, digits, name):
    asked = TEXTS[:1] if name in OF_TEXTS else digits[1][:1]
    load(saved / name).predict(asked)
    paths = _paths(saved, name)
    assert len(paths) >= 4
    tracemalloc.start()
    try:
        for path in paths:
            for value in VALUES:

                def change(content, path=path, value=value):
                    for key in path[:-1]:
                        content = content[key]
                    content[path[-1]] = value

                file = forged(name, change)
                tracemalloc.reset_peak()
                before = tracemalloc.get_traced_memory()[0]
                with suppress(ValueError):  # MemoryError and TensorFlow's own are none
                    load(file).predict(asked)
                peak = tracemalloc.get_traced_memory()[1] - before
                assert peak < file.stat().st_size + 100 * 2**20, (path, value)
    finally:
        tracemalloc.stop()


# -- labels ---------------------------------------------------------------------------------


def test_labels_are_not_padded_to_a_long_one():
    labels = sorted([*(f"{i:04}" for i in range(1000)), "z" * 50_000])
    tracemalloc.start()
    classes = decoded_labels({"dtype": "str", "labels": labels})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert classes.tolist() == labels
    assert classes.dtype == object
    assert peak < 10 * 2**20


def test_labels_of_like_lengths_stay_numpys_strings():
    labels = [f"{i:06}" * 20 for i in range(20_000)]
    assert decoded_labels({"dtype": "str", "labels": labels}).dtype == "<U120"


@pytest.mark.parametrize("labels", [["b", "a"], ["a", "a"], ["a", "b\0"]])
def test_labels_that_do_not_ascend_or_that_numpy_would_shorten_are_refused(labels):
    with pytest.raises(ValueError, match="ascending"):
        decoded_labels({"dtype": "str", "labels": labels})


@pytest.mark.parametrize(
    ("dtype", "labels"), [("int8", [1, 1000]), ("int64", [1, 10**30]), ("uint8", [-1, 1])]
)
def test_labels_that_their_dtype_cannot_hold_are_refused(dtype, labels):
    with pytest.raises(ValueError, match=f"expected {dtype}, ascending"):
        decoded_labels({"dtype": dtype, "labels": labels})


# -- damage ---------------------------------------------------------------------------------


def test_damage_anywhere_in_the_tensors_is_noticed(saved, tmp_path):
    whole = (saved / "dense").read_bytes()
    first = 8 + int.from_bytes(whole[:8], "little")
    for place in np.random.default_rng(0).integers(first, len(whole), 40):
        broken = bytearray(whole)
        broken[place] ^= 1
        (tmp_path / "broken").write_bytes(broken)
        with pytest.raises(ValueError, match=r"it is damaged: .*SHA-256.*Copy or save it again"):
            load(tmp_path / "broken")


def test_damage_in_the_json_is_noticed(saved, tmp_path):
    whole = (saved / "dense").read_bytes()
    before, after = (rf"\"n_epochs_\": {n}".encode() for n in (1, 2))
    assert before in whole
    (tmp_path / "broken").write_bytes(whole.replace(before, after))
    with pytest.raises(ValueError, match="it is damaged"):
        load(tmp_path / "broken")


def test_a_file_without_a_checksum_is_of_an_older_skmnist_and_loads(saved, forged, digits):
    older = load(forged("dense", lambda content: None))
    np.testing.assert_array_equal(
        older.predict_proba(digits[1]), load(saved / "dense").predict_proba(digits[1])
    )
