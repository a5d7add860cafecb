"""`skmnist evaluate` and `skmnist predict`: what a model file is good for."""

import csv
import json

import numpy as np
import pytest
from files_of_digits import save_picture, unwrapped
from sklearn.metrics import accuracy_score, classification_report

import skmnist
from skmnist import DNNClassifier, DNNRegressor
from skmnist.comparison import wilson_interval


def test_a_model_is_evaluated_with_interval_classes_and_pictures(
    skmnist_command, model, files, bytes_of_digits, tmp_path
):
    ended = skmnist_command("evaluate", model, files / "split.npz")
    assert ended.exit_code == 0, ended.output
    X, y = bytes_of_digits[0][300:], bytes_of_digits[1][300:]
    y_pred = skmnist.load(model).predict(X)
    n_right = int((y_pred == y).sum())
    report = json.loads((tmp_path / "skmnist-evaluation" / "evaluation.json").read_text())
    assert (report["n_right"], report["n_samples"]) == (n_right, 300)
    assert report["accuracy"] == accuracy_score(y, y_pred)
    low, high = wilson_interval(n_right, 300)
    assert (report["accuracy_low"], report["accuracy_high"]) == (low, high)
    assert f"(95 % interval {100 * low:.2f}-{100 * high:.2f}): {n_right} of 300" in ended.stdout
    expected = classification_report(y, y_pred, output_dict=True)
    for row in report["classes"]:
        of_class = expected[str(row["class"])]
        assert row["precision"] == pytest.approx(of_class["precision"])
        assert row["recall"] == pytest.approx(of_class["recall"])
        assert row["f1"] == pytest.approx(of_class["f1-score"])
    assert {path.name for path in (tmp_path / "skmnist-evaluation").iterdir()} == {
        "classes.csv", "confusion.png", "evaluation.json", "mistakes.png", "predictions.csv",
    }  # fmt: skip


def test_labels_are_the_same_whatever_their_type(skmnist_command, model, files, tmp_path):
    for data in ("pictures", "digits.csv", "train-images-idx3-ubyte"):
        ended = skmnist_command("evaluate", model, files / data, "--output", data, "--quiet")
        assert (ended.exit_code, ended.output) == (0, "")
    reports = [
        json.loads((tmp_path / data / "evaluation.json").read_text())
        for data in ("pictures", "digits.csv", "train-images-idx3-ubyte")
    ]
    assert reports[0] == reports[1] == reports[2]


def test_without_mistakes_there_is_no_picture_of_them(skmnist_command, model, files, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mistakes.png").write_bytes(b"of an earlier evaluation")
    right = skmnist.load(model).predict(np.load(files / "X.npy"))
    np.savez(tmp_path / "right.npz", X=np.load(files / "X.npy"), y=right)
    ended = skmnist_command("evaluate", model, "right.npz", "--output", "out")
    assert "300 of 300 right" in ended.stdout
    assert not (tmp_path / "out" / "mistakes.png").exists()


def test_labels_that_the_model_does_not_know_are_an_error(skmnist_command, model, tmp_path):
    np.savez(tmp_path / "cats.npz", X=np.zeros((2, 8, 8), np.uint8), y=["cat", "dog"])
    ended = skmnist_command("evaluate", model, "cats.npz")
    assert ended.exit_code == 1
    assert "cats.npz has labels that the model doesn't know: 'cat', 'dog'" in ended.stderr


# -- predict -----------------------------------------------------------------------------------


@pytest.fixture
def pictures(files):
    return [str(files / "new" / f"{i}.png") for i in range(10)]


def test_progress_is_shown_on_a_terminal_unless_quiet(
    skmnist_command, model, pictures, monkeypatch
):
    monkeypatch.setenv("FORCE_COLOR", "1")  # for rich, that is a terminal
    shown = skmnist_command("predict", model, *pictures)
    assert "Predicting" in shown.stderr
    assert "0/10 files" in shown.stderr
    quiet = skmnist_command("predict", model, *pictures, "--quiet")
    assert quiet.stderr == ""
    assert quiet.stdout == shown.stdout


def test_each_file_is_printed_with_its_label_and_probability(skmnist_command, model, pictures):
    ended = skmnist_command("predict", model, *pictures)
    assert ended.exit_code == 0, ended.output
    assert ended.stderr == ""
    rows = [line.split() for line in ended.stdout.splitlines()]
    probabilities = skmnist.load(model).predict_proba(pictures)
    assert [row[0] for row in rows] == pictures
    assert [int(row[1]) for row in rows] == probabilities.argmax(axis=1).tolist()
    assert [row[2] for row in rows] == [f"{p:.3f}" for p in probabilities.max(axis=1)]


def test_json_and_csv_hold_the_same(skmnist_command, model, pictures):
    as_json = json.loads(skmnist_command("predict", model, *pictures, "--json").stdout)
    as_csv = [*csv.DictReader(skmnist_command("predict", model, *pictures, "--csv").stdout.split())]
    assert [*as_json[0]] == [*as_csv[0]] == ["file", "label", "probability"]
    assert [{name: str(value) for name, value in row.items()} for row in as_json] == as_csv
    assert isinstance(as_json[0]["label"], int)


def test_arrays_are_predicted_row_by_row(skmnist_command, model, files):
    expected = skmnist.load(model)[-1].predict(np.load(files / "X.npy")).tolist()
    for name in ("X.npy", "digits.npz", "digits.csv", "bare.csv", "train-images-idx3-ubyte"):
        if name == "bare.csv":  # its first column would be a pixel
            continue
        found = json.loads(skmnist_command("predict", model, files / name, "--json").stdout)
        assert [row["label"] for row in found] == expected
        assert found[3]["file"] == f"{files / name}[3]"


def test_rows_of_another_length_are_refused_with_the_right_one(skmnist_command, model, tmp_path):
    (tmp_path / "short.csv").write_text("a,b,c\n1,2,3\n")
    ended = skmnist_command("predict", model, "short.csv")
    assert ended.exit_code == 1
    assert "short.csv has 3 pixels per row; expected 64" in unwrapped(ended.stderr)


def test_the_order_of_pictures_and_arrays_is_kept(skmnist_command, model, files, pictures):
    mixed = [pictures[0], files / "X.npy", pictures[1]]
    found = json.loads(skmnist_command("predict", model, *mixed, "--json").stdout)
    assert [row["file"] for row in found[:2]] == [pictures[0], f"{files / 'X.npy'}[0]"]
    assert len(found) == 302
    assert found[-1]["file"] == pictures[1]


def test_a_damaged_picture_is_named_and_the_others_are_predicted(
    skmnist_command, model, pictures, tmp_path
):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    ended = skmnist_command("predict", model, pictures[0], "bad.png", pictures[1])
    assert ended.exit_code == 1
    assert [line.split()[0] for line in ended.stdout.splitlines()] == pictures[:2]
    assert ended.stderr.startswith("Error: bad.png can't be read as a picture")


def test_pictures_of_another_size_are_prepared(skmnist_command, model, bytes_of_digits, tmp_path):
    X, y = bytes_of_digits
    large = X[:20].repeat(5, axis=1).repeat(5, axis=2)
    np.save(tmp_path / "large.npy", large)
    for i, image in enumerate(large):
        save_picture(tmp_path / f"{i:02}.png", image)
    paths = [tmp_path / f"{i:02}.png" for i in range(20)]
    for words in (["large.npy"], paths):
        found = json.loads(skmnist_command("predict", model, *words, "--json").stdout)
        assert np.mean([row["label"] for row in found] == y[:20]) > 0.8


def test_a_model_saved_in_python_reads_pictures_too(
    skmnist_command, bytes_of_digits, pictures, tmp_path
):
    X, y = bytes_of_digits
    network = DNNClassifier(hidden_units=(32,), epochs=8, random_state=0).fit(X[:300], y[:300])
    skmnist.save(network, tmp_path / "own.safetensors")
    found = json.loads(skmnist_command("predict", "own.safetensors", *pictures, "--json").stdout)
    assert [row["label"] for row in found] == network.predict(X[300:310]).tolist()


def test_a_model_of_several_labels_is_not_for_the_command(
    skmnist_command, bytes_of_digits, pictures
):
    X, y = bytes_of_digits
    several = np.column_stack([y % 2, y > 4])[:50]
    network = DNNClassifier(hidden_units=(4,), epochs=1).fit(X[:50], several)
    skmnist.save(network, "several.safetensors")
    ended = skmnist_command("predict", "several.safetensors", pictures[0])
    assert ended.exit_code == 1
    assert "predicts several labels per image; expected one" in ended.stderr


def test_a_regressor_is_not_for_the_command(skmnist_command, bytes_of_digits, pictures):
    X, y = bytes_of_digits
    regressor = DNNRegressor(hidden_units=(16,), epochs=20, random_state=0).fit(
        X[:50], y[:50].astype(float)
    )
    skmnist.save(regressor, "regressor.safetensors")
    ended = skmnist_command("predict", "regressor.safetensors", pictures[0])
    assert ended.exit_code == 1
    assert "expected a classifier" in ended.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["nothing.safetensors", "a.png"], "'nothing.safetensors' doesn't exist; give a file"),
        ([".", "a.png"], "'.' is a folder; give a file"),
        (["MODEL", "a.png"], "FILES: 'a.png' doesn't exist"),
        (["MODEL", "."], "FILES: '.' is a folder; give the pictures in it"),
        (["MODEL", "PICTURE", "--json", "--csv"], "give one of --json and --csv"),
        (["MODEL"], "Missing argument"),
    ],
)
def test_wrong_arguments_are_exit_code_2(words, named, skmnist_command, model, pictures):
    given = {"MODEL": model, "PICTURE": pictures[0]}
    ended = skmnist_command("predict", *(given.get(word, word) for word in words))
    assert ended.exit_code == 2
    assert named in unwrapped(ended.stderr)


def test_a_file_that_is_no_model_is_an_error(skmnist_command, pictures):
    ended = skmnist_command("predict", pictures[0], pictures[1])
    assert ended.exit_code == 1
    assert "can't be loaded as an estimator that skmnist saved" in ended.stderr
