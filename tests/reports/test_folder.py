"""What a reproduction saves."""

import csv
import json
import sys

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, log_loss

from skmnist import load
from skmnist._utils.backend import load_keras
from skmnist.reports._loss import mean_loss

ALWAYS = {"index.html", "results.json", "class_counts.csv", "predictions.csv"}
MATRIX = {"confusion_matrix.csv", "confusion_matrix.png"}
OF_A_NETWORK = {"history.csv", "summary.txt", "curves.png", "network.png"}
OF_IMAGES = {"samples.png", "mistakes.png"}
FILES = {
    "small-cnn": ALWAYS | MATRIX | OF_A_NETWORK | OF_IMAGES,
    "small-pipeline": ALWAYS | MATRIX | OF_A_NETWORK | OF_IMAGES,
    "small-pretrained": ALWAYS | MATRIX | OF_A_NETWORK | OF_IMAGES,
    "small-reader": ALWAYS | MATRIX | OF_A_NETWORK,
    "small-svm": ALWAYS | MATRIX,
    "small-committee": ALWAYS | MATRIX | OF_IMAGES,
    "small-stack": ALWAYS | MATRIX | OF_IMAGES,
    "bueno-circles": ALWAYS | MATRIX | OF_A_NETWORK | {"samples.png", "boundary.png"},
    "bueno-perceptron": ALWAYS | OF_A_NETWORK,
}


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_those_that_make_sense(name, saved):
    files = {path.name for path in saved(name).iterdir()}
    models = {file for file in files if file.endswith(".safetensors")}
    assert files - models == FILES[name]
    assert len(models) == 1
    pictures = (saved(name) / file for file in files if file.endswith(".png"))
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


def test_without_skops_scikit_learns_models_are_left_out(reproduced, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    reproduced("small-svm").save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES["small-svm"]


@pytest.mark.parametrize("name", ["small-cnn", "small-reader", "small-stack", "hostile"])
def test_the_predictions_are_the_estimators(name, saved, reproduced):
    result, rows = reproduced(name), rows_of(saved(name) / "predictions.csv")
    X, y = result.split.X_judge, result.split.y_judge
    assert [row["predicted"] for row in rows] == [str(p) for p in result.estimator.predict(X)]
    assert [row["true"] for row in rows] == [str(label) for label in y]
    assert [int(row["row"]) for row in rows] == list(range(len(y)))
    probabilities = result.estimator.predict_proba(X).max(axis=1)
    assert np.allclose([float(row["probability"]) for row in rows], probabilities)


def test_without_probabilities_the_predictions_have_none(saved):
    rows = rows_of(saved("small-svm") / "predictions.csv")
    assert set(rows[0]) == {"row", "true", "predicted"}


@pytest.mark.parametrize("name", ["small-cnn", "small-pipeline", "small-reader"])
def test_the_history_has_a_row_per_epoch(name, saved, reproduced):
    network, rows = reproduced(name).network, rows_of(saved(name) / "history.csv")
    assert len(rows) == network.n_epochs_ == 2
    assert set(rows[0]) == {"epoch", *network.history_}
    assert [float(row["loss"]) for row in rows] == network.history_["loss"]


def test_the_history_of_two_phases_has_both(saved, reproduced):
    network, rows = (
        reproduced("small-pretrained").network,
        rows_of(saved("small-pretrained") / "history.csv"),
    )
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [row["phase"] for row in rows] == ["history", "history", "fine_tune_history"]
    assert float(rows[2]["loss"]) == network.fine_tune_history_["loss"][0]
    figures = reproduced("small-pretrained").figures
    assert figures["training_loss"] == network.fine_tune_history_["loss"][-1]


def test_classes_are_counted_in_both_sets(saved, reproduced):
    split = reproduced("small-cnn").split
    rows = rows_of(saved("small-cnn") / "class_counts.csv")
    for name, y in ("training", split.y_train), ("test", split.y_judge):
        assert [int(row[name]) for row in rows] == np.bincount(y).tolist()


def test_the_matrix_is_scikit_learns(saved, reproduced):
    result = reproduced("small-cnn")
    rows = rows_of(saved("small-cnn") / "confusion_matrix.csv")
    counts = [[int(row[str(label)]) for label in range(10)] for row in rows]
    assert counts == confusion_matrix(result.y_true, result.y_pred).tolist()


@pytest.mark.parametrize("name", ["small-cnn", "small-pipeline", "small-committee"])
def test_the_saved_model_predicts_the_same(name, saved, reproduced):
    (model,) = saved(name).glob("*.safetensors")
    assert model.name.startswith(f"{name}-300-samples-")
    X = reproduced(name).split.X_judge
    assert np.array_equal(load(model).predict_proba(X), reproduced(name).probabilities)


def test_the_results_are_the_rows_and_the_figures(saved, reproduced):
    result = reproduced("small-cnn")
    results = json.loads((saved("small-cnn") / "results.json").read_text())
    assert results.items() >= result.row.items()
    assert results["figures"] == result.figures
    assert results["figures"]["seconds_per_epoch"] * 2 == results["figures"]["fit_seconds"]
    assert "validation_fraction=0.2" in results["estimator"]


# -- the loss ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["small-cnn", "small-pipeline", "bueno-circles"])
def test_the_loss_is_what_keras_evaluate_prints(name, reproduced):
    result = reproduced(name)
    X, network = result.split.X_judge, result.network
    if name == "small-pipeline":
        X = result.estimator[:-1].transform(X)
    keras = load_keras()
    model = keras.models.clone_model(network.network_)
    model.set_weights(network.network_.get_weights())
    targets, loss = result.y_true[:, None], keras.losses.MeanSquaredError()
    if name != "bueno-circles":
        targets = np.eye(10)[result.y_true]
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=network.label_smoothing)
    model.compile(loss=loss)
    scaled = (X - network.pixel_offset_) / network.pixel_scale_
    images = scaled.reshape(-1, *network.image_shape_).astype(np.float32)
    assert result.figures["test_loss"] == pytest.approx(
        model.evaluate(images, targets, verbose=0), rel=1e-5
    )


def test_without_a_network_the_loss_is_the_log_loss(reproduced):
    for name in ("small-knn", "small-committee"):
        result = reproduced(name)
        expected = log_loss(result.y_true, result.probabilities)
        assert result.figures["test_loss"] == pytest.approx(expected)
    assert "test_loss" not in reproduced("small-svm").figures


def test_of_an_unknown_label_there_is_no_loss(reproduced):
    result = reproduced("small-cnn")
    X, y = result.split.X_judge[:2], np.array([3, 11])
    assert mean_loss(result.estimator, X, y, result.probabilities[:2]) is None
