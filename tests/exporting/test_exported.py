"""Exported files, and the classifier that `load_exported` makes of one."""

import copy
import json
import pickle
import stat
import sys
import zipfile

import numpy as np
import onnxruntime
import pytest
from exporting_networks import EXACT, as_fitted, committee_of
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, SplineTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skmnist import (
    CapsNetClassifier,
    DNNClassifier,
    DNNRegressor,
    PixelRangeWarning,
    export,
    load_exported,
)
from skmnist._utils.backend import load_keras
from skmnist.exporting import ExportedClassifier
from skmnist.exporting._containers import joined, parted

keras = load_keras()

NAMES = np.array(["zero", "eins", "dos", "три", "4", "five", "6", "7", "8", "nine"])


@pytest.fixture(scope="module")
def trained(digits):
    X, _, y, _ = digits
    classifier = DNNClassifier(hidden_units=(32,), epochs=5, learning_rate=0.01, **EXACT)
    return classifier.fit(X, NAMES[y])


@pytest.fixture(scope="module")
def files(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    for suffix in ("onnx", "tflite", "keras"):
        export(trained, folder / f"digits.{suffix}")
    return folder


@pytest.fixture(params=["onnx", "tflite"])
def file(files, request):
    return files / f"digits.{request.param}"


@pytest.fixture(scope="module")
def exported(files):
    return load_exported(files / "digits.onnx")


# -- other programs -------------------------------------------------------------------------


def test_onnxruntime_alone_gives_classes_and_probabilities_for_bytes(files, trained, digits):
    session = onnxruntime.InferenceSession(files / "digits.onnx")
    assert [(one.name, one.type) for one in session.get_inputs()] == [("X", "tensor(uint8)")]
    assert [one.name for one in session.get_outputs()] == ["label", "probabilities"]
    for X in (digits[1], digits[1][:1]):
        label, probabilities = session.run(None, {"X": X})
        assert label.tolist() == trained.predict(X).tolist()
        np.testing.assert_allclose(probabilities, trained.predict_proba(X), atol=1e-6)
    about = json.loads(session.get_modelmeta().custom_metadata_map["skmnist"])
    assert about["classes"] == {"dtype": "str", "labels": sorted(NAMES)}
    assert about["opset"] == 18
    assert about["input"] == {
        "dtype": "uint8",
        "n_features": 64,
        "image_shape": [8, 8, 1],
        "feature_names": None,
        "pixel_range": [0.0, 16.0],
    }


def test_a_tflite_file_is_a_zip_archive_with_the_classes(files):
    with zipfile.ZipFile(files / "digits.tflite") as archive:
        about = json.loads(archive.read("skmnist.json"))
    assert about["classes"]["labels"] == sorted(NAMES)
    assert about["opset"] is None


def test_keras_alone_loads_a_keras_file(files, trained, digits):
    assert "skmnist" not in files.joinpath("digits.keras").read_bytes().decode("latin1")
    model = keras.models.load_model(files / "digits.keras")
    probabilities = model.predict(digits[1].reshape(-1, 8, 8, 1), verbose=0)
    np.testing.assert_allclose(probabilities, trained.predict_proba(digits[1]), atol=1e-6)


# -- the classifier -------------------------------------------------------------------------

ALONE = """
import sys, time
start = time.perf_counter()
import numpy as np
from skmnist import load_exported
images = np.load(sys.argv[2])
labels = load_exported(sys.argv[1]).predict(images)
seconds = time.perf_counter() - start
heavy = {"keras", "tensorflow", "sklearn", "scipy", "jax", "torch"} & set(sys.modules)
print(*heavy, *labels)
"""


@pytest.mark.parametrize("suffix", ["onnx", "tflite"])
def test_loading_and_predicting_imports_neither_keras_nor_scikit_learn(
    suffix, files, trained, digits, tmp_path
):
    import subprocess

    np.save(tmp_path / "images.npy", digits[1][:20].reshape(-1, 8, 8))
    command = [sys.executable, "-c", ALONE, files / f"digits.{suffix}", tmp_path / "images.npy"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=900, encoding="utf-8")
    assert ended.stderr == ""
    assert ended.stdout.split() == trained.predict(digits[1][:20]).tolist()


def test_rows_images_and_other_numbers_give_the_same_bits(file, digits):
    exported, X = load_exported(file), digits[1]
    expected = exported.predict_proba(X)
    assert expected.dtype == np.float32
    for same in (X.reshape(-1, 8, 8), X.reshape(-1, 8, 8, 1), X.astype(float), X.tolist()):
        np.testing.assert_array_equal(exported.predict_proba(same), expected)
    many = np.tile(X, (3, 1))
    np.testing.assert_allclose(exported.predict_proba(many), np.tile(expected, (3, 1)), atol=1e-6)
    assert exported.score(X, exported.predict(X)) == 1
    assert log_loss(exported.predict(X), expected, labels=exported.classes_) < 1


def test_it_is_a_classifier_of_scikit_learn(exported, trained, digits):
    X, y = digits[1], NAMES[digits[3]]
    assert is_classifier(exported)
    assert get_tags(exported).input_tags.three_d_array
    check_is_fitted(exported)
    frozen = FrozenEstimator(exported)
    voting = VotingClassifier([("a", frozen), ("b", GaussianNB())], voting="soft").fit(X, y)
    assert voting.score(X, y) > 0.9
    calibrated = CalibratedClassifierCV(frozen, method="temperature").fit(X, y)
    np.testing.assert_array_equal(calibrated.predict(X), trained.predict(X))
    assert clone(frozen).estimator is exported
    assert clone(exported) is exported


def test_copies_and_pickles_give_the_same_answers(file, digits):
    exported = load_exported(file, n_jobs=2)
    expected = exported.predict_proba(digits[1])
    for again in (pickle.loads(pickle.dumps(exported)), copy.deepcopy(exported)):
        np.testing.assert_array_equal(again.predict_proba(digits[1]), expected)
        assert repr(again) == "<ExportedClassifier of DNNClassifier, 10 classes>"


def test_it_can_not_be_trained_and_has_no_parameters(exported, digits):
    with pytest.raises(TypeError, match=r"can't be trained.*FrozenEstimator"):
        exported.fit(digits[0], digits[2])
    assert exported.get_params() == {}
    with pytest.raises(ValueError, match=r"no parameters; got \['alpha'\]"):
        exported.set_params(alpha=1)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 63)), "X has 63 features, but .* is expecting 64 features as input"),
        (np.zeros((2, 9, 9)), r"shape \(2, 9, 9\); .* or images \('n', 8, 8, 1\)"),
        (np.zeros(64), r"X has shape \(64,\)"),
        (np.zeros((0, 64)), "X holds 0 samples"),
        (np.full((2, 64), 0.5), "expected whole ones from 0 to 255.*input_dtype='float32'"),
        (np.full((2, 64), 256), "expected whole ones from 0 to 255"),
        (np.full((2, 64), np.nan), "expected whole ones from 0 to 255"),
        ([["a"] * 64], "X holds <U1; expected numbers"),
    ],
)
def test_what_the_model_can_not_take_is_an_error(exported, X, message):
    with pytest.raises(ValueError, match=message):
        exported.predict(X)


def test_pixels_that_are_no_bytes_are_floats_in_the_file(trained, digits, tmp_path):
    X = digits[0] / 16
    classifier = as_fitted(DNNClassifier(hidden_units=(8,), **EXACT), X[:200], digits[2][:200])
    export(classifier, tmp_path / "digits.onnx")
    exported = load_exported(tmp_path / "digits.onnx")
    assert (exported.input_dtype_, exported.classes_.dtype) == ("float32", digits[2].dtype)
    np.testing.assert_allclose(exported.predict_proba(X), classifier.predict_proba(X), atol=1e-6)
    with pytest.raises(ValueError, match="NaN or infinity"):
        exported.predict(np.full((1, 64), np.inf, np.float32))
    with pytest.raises(ValueError, match="NaN, infinity or too large numbers"):
        exported.predict(np.full((1, 64), 1e300))


def test_a_network_of_bfloat16_is_exported_in_float32(digits, tmp_path):
    X, _, y, _ = digits
    classifier = DNNClassifier(hidden_units=(8,), dtype="mixed_bfloat16", random_state=0)
    export(as_fitted(classifier, X[:200], y[:200]), tmp_path / "digits.onnx")
    probabilities = load_exported(tmp_path / "digits.onnx").predict_proba(X)
    np.testing.assert_allclose(probabilities, classifier.predict_proba(X), atol=0.02)


def test_a_classifier_without_probabilities_has_labels_alone(digits, tmp_path):
    machine = SVC().fit(digits[0][:200], digits[2][:200])
    export(machine, tmp_path / "digits.onnx")
    exported = load_exported(tmp_path / "digits.onnx")
    assert not hasattr(exported, "predict_proba")
    assert exported.predict(digits[1]).tolist() == machine.predict(digits[1]).tolist()


def test_a_missing_package_is_named_with_its_extra(files, trained, tmp_path, monkeypatch):
    for package in ("onnx", "onnxruntime", "ai_edge_litert.interpreter"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r'pip install "skmnist\[onnx\]"'):
        export(trained, tmp_path / "digits.onnx")
    for suffix, extra in {"onnx": "onnx", "tflite": "litert"}.items():
        with pytest.raises(ImportError, match=rf'pip install "skmnist\[{extra}\]"'):
            load_exported(files / f"digits.{suffix}")


# -- what can't be exported -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "suffix", "message"),
    [
        (lambda d: make_pipeline(StandardScaler(), d), "tflite", "'standardscaler', StandardSc"),
        (lambda d: make_pipeline(SplineTransformer(), d), "onnx", "'splinetransformer'"),
        (lambda d: committee_of([d, GaussianNB()]), "tflite", "member 1.*GaussianNB"),
        (lambda d: d, "json", "suffix='.json' is unknown; .*'.html', '.keras', '.onnx', '.tflite'"),
    ],
)
def test_what_can_not_be_exported_is_named(make, suffix, message, trained, tmp_path):
    estimator = make(trained)
    for _, step in getattr(estimator, "steps", ())[:-1]:
        step.fit(np.arange(128).reshape(2, 64))
    with pytest.raises(ValueError, match=message):
        export(estimator, tmp_path / f"model.{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_another_backend_is_named(trained, tmp_path, monkeypatch):
    monkeypatch.setattr("skmnist.exporting._export.backend_name", lambda: "jax")
    for suffix in ("onnx", "tflite"):
        with pytest.raises(ValueError, match="Keras runs on jax, and its exporter needs TensorFl"):
            export(trained, tmp_path / f"digits.{suffix}")


def test_layers_that_are_not_keras_own_are_named(digits, tmp_path):
    capsules = CapsNetClassifier(filters=4, n_primary_maps=2, **EXACT)
    as_fitted(capsules, digits[0][:200], digits[2][:200])
    with pytest.raises(ValueError, match=r"CapsNet.*\.keras: .*which Keras doesn't know"):
        export(capsules, tmp_path / "model.keras")


def test_only_fitted_classifiers_are_exported(tmp_path):
    with pytest.raises(NotFittedError):
        export(DNNClassifier(), tmp_path / "model.onnx")
    for other in (DNNRegressor(), DNNClassifier, StandardScaler()):
        with pytest.raises(TypeError, match="expected a fitted classifier"):
            export(other, tmp_path / "model.onnx")


def test_an_export_replaces_the_whole_file_or_nothing(trained, tmp_path):
    path = tmp_path / "digits.keras"
    path.write_bytes(b"old")
    path.chmod(0o640)
    export(trained, path)
    assert (path.read_bytes()[:2], stat.S_IMODE(path.stat().st_mode)) == (b"PK", 0o640)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        export(trained, tmp_path / "nowhere" / "digits.keras")
    with pytest.raises(ValueError, match="input_dtype='uint16' is unknown"):
        export(trained, path, input_dtype="uint16")


def test_a_committee_of_networks_is_one_network(trained, digits, tmp_path):
    committee = committee_of([trained, clone(trained).set_params(random_state=1, epochs=1)])
    committee.estimators_[1].fit(digits[0], NAMES[digits[2]])
    export(committee, tmp_path / "digits.tflite")
    exported = load_exported(tmp_path / "digits.tflite")
    expected = committee.predict_proba(digits[1])
    np.testing.assert_allclose(exported.predict_proba(digits[1]), expected, atol=1e-6)


# -- files that aren't trusted --------------------------------------------------------------


def test_damaged_files_are_errors(file, tmp_path):
    content = file.read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / file.name
    for place in rng.integers(len(content), size=40):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            again = load_exported(path)
        except ValueError as error:
            assert "can't be loaded as an exported model" in str(error)  # noqa: PT017
        else:  # a byte that nobody reads
            assert parted(bytes(damaged)) == parted(content)
            assert again.classes_.tolist() == sorted(NAMES)
    for length in rng.integers(len(content), size=20):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="can't be loaded as an exported model"):
            load_exported(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about: {**about, "format_version": 2}, "needs a newer skmnist"),
        (lambda about: {**about, "more": 1}, "expected exactly"),
        (lambda about: {**about, "sha256": "0"}, "it is damaged"),
        (lambda about: [], "expected format version"),
    ],
)
def test_forged_metadata_are_errors(change, message, file):
    model, text = parted(file.read_bytes())
    forged = json.dumps(change(json.loads(text)))
    with pytest.raises(ValueError, match=message):
        ExportedClassifier(joined(model, forged))


def test_metadata_of_another_model_are_errors(files, monkeypatch):
    from dataclasses import replace

    from skmnist.exporting._metadata import from_json, to_json

    for suffix in ("onnx", "tflite"):
        model, text = parted(files.joinpath(f"digits.{suffix}").read_bytes())
        about = from_json(text, model)
        for other, message in (
            (replace(about, dtype="float32"), "its inputs are"),
            (replace(about, n_features=63, image_shape=None), "its inputs are"),
            (replace(about, classes=np.array([0, 1])), "its outputs are"),
            (replace(about, classes=np.arange(10), target_type="binary"), "target_type is"),
            (replace(about, image_shape=(8, 9, 1)), "image_shape is"),
            (replace(about, dtype="float64"), "dtype is"),
            (replace(about, n_features=-1, image_shape=None), "n_features is"),
        ):
            with pytest.raises(ValueError, match=message):
                ExportedClassifier(joined(model, to_json(other, model, {})))
    nested = joined(model, "[" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        ExportedClassifier(nested)
    with pytest.raises(ValueError, match="expected 16,777,216 at most"):
        ExportedClassifier(joined(model, " " * (1 << 24) + " "))


def test_other_files_are_errors(tmp_path):
    path = tmp_path / "model.onnx"
    for content in (b"", b"anything else", b"....TFL3", b"\x80PK" * 9):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="can't be loaded as an exported model"):
            load_exported(path)
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        load_exported(tmp_path)
    with pytest.raises(FileNotFoundError):
        load_exported(tmp_path / "nothing.onnx")
    with pytest.raises(ValueError, match="n_jobs=0; expected a number of threads"):
        ExportedClassifier(b"", n_jobs=0)


@pytest.mark.parametrize("n_classes", [2, 10])
@pytest.mark.parametrize(
    "classifier",
    [LinearSVC(C=0.01), RidgeClassifier(), SVC()],
    ids=lambda each: type(each).__name__,
)
def test_a_classifier_without_probabilities_answers_with_labels(
    classifier, n_classes, digits, tmp_path
):
    X, X_test, y, _ = digits
    rows = y < n_classes
    pipeline = make_pipeline(StandardScaler(), classifier).fit(X[rows], NAMES[y[rows]])
    export(pipeline, tmp_path / "model.onnx")
    exported = load_exported(tmp_path / "model.onnx")
    np.testing.assert_array_equal(exported.predict(X_test), pipeline.predict(X_test))
    assert not hasattr(exported, "predict_proba")


# -- files that would answer otherwise ------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [
        VotingClassifier([("a", SVC()), ("b", SVC(C=2)), ("c", SVC(C=0.1))]),
        OneVsRestClassifier(SVC()),
        BaggingClassifier(SVC(), 3, random_state=0),
        make_pipeline(QuantileTransformer(n_quantiles=50), DNNClassifier(**EXACT)),
        StackingClassifier([("a", GaussianNB(var_smoothing=0.1)), ("b", SVC())], cv=2),
    ],
    ids=["hard voting", "one vs rest", "bagging", "quantiles", "stack"],
)
def test_what_skl2onnx_converts_wrongly_is_refused(estimator, digits, tmp_path):
    X, _, y, _ = digits
    two = y < 2
    estimator.fit(X[two][:150], y[two][:150])
    with pytest.raises(ValueError, match=r"can't be exported to \.onnx: .*(graph|convert)"):
        export(estimator, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_weights_of_votes_and_dropped_parts_are_followed(digits, tmp_path):
    X, X_test, y, _ = digits
    parts = [("a", DNNClassifier(**EXACT)), ("b", SVC()), ("c", LogisticRegression(max_iter=500))]
    voting = VotingClassifier(parts, voting="soft", weights=[1, 2, 7]).set_params(b="drop")
    voting.fit(X[:300] / 16, y[:300])
    export(voting, tmp_path / "model.onnx")
    found = load_exported(tmp_path / "model.onnx").predict_proba(X_test / 16)
    np.testing.assert_allclose(found, voting.predict_proba(X_test / 16), atol=1e-5)


def test_a_first_step_may_be_none(digits, tmp_path):
    X, X_test, y, _ = digits
    pipeline = make_pipeline("passthrough", DNNClassifier(**EXACT)).fit(X[:200], y[:200])
    export(pipeline, tmp_path / "model.onnx")
    found = load_exported(tmp_path / "model.onnx").predict(X_test)
    np.testing.assert_array_equal(found, pipeline.predict(X_test))


def test_columns_of_data_frames_have_to_be_those_of_the_fit(digits, tmp_path):
    pandas = pytest.importorskip("pandas")
    X, _, y, _ = digits
    frame = pandas.DataFrame(X[:200], columns=[f"p{i}" for i in range(64)])
    export(DNNClassifier(**EXACT).fit(frame, y[:200]), tmp_path / "model.onnx")
    exported = load_exported(tmp_path / "model.onnx")
    assert exported.feature_names_in_[1] == "p1"
    assert len(exported.predict(frame)) == len(exported.predict(X[:200])) == 200
    with pytest.raises(ValueError, match="feature names should match"):
        exported.predict(frame[frame.columns[::-1]])


def test_images_in_another_unit_are_warned_of(digits, tmp_path):
    X, X_test, y, _ = digits
    export(DNNClassifier(**EXACT).fit(X / 16, y), tmp_path / "model.onnx")
    exported = load_exported(tmp_path / "model.onnx")
    exported.predict(X_test / 16)
    with pytest.warns(PixelRangeWarning, match="values from 0 to 240, .* from 0 to 1") as caught:
        exported.predict(X_test * 15.0)
    assert caught[0].filename == __file__
    with pytest.warns(PixelRangeWarning):
        exported.predict_proba(X_test[:1] / 16 / 255)
