"""`skmnist compare` on one's own data, and with one's own classifiers."""

import json

import numpy as np
import pytest
from files_of_digits import save_picture, unwrapped


@pytest.fixture
def compare(skmnist_command, tmp_path):
    def compare(*words):
        ended = skmnist_command("compare", "--cv", "2", "--output", "out", *words)
        report = tmp_path / "out" / "comparison.json"
        return ended, json.loads(report.read_text()) if report.exists() else None

    return compare


def test_recipes_and_classes_are_compared_on_pictures(compare, files):
    ended, report = compare(
        "--data", files / "pictures", "--classifier", "knn", "--classifier",
        "sklearn.naive_bayes:GaussianNB", "--recipe", "svm-few-labels",
    )  # fmt: skip
    assert ended.exit_code == 0, ended.output
    assert report["failed"] == {}
    assert {row["classifier"] for row in report["rows"]} == {"knn", "GaussianNB", "svm-few-labels"}
    assert report["n_samples"] == 300
    assert min(row["accuracy"] for row in report["rows"]) > 0.6


def test_data_with_a_test_part_are_tested_on_it(compare, files):
    _, report = compare("--data", files / "split.npz", "--classifier", "knn", "--train-size", "200")
    assert (report["n_folds"], report["n_samples"]) == (1, 300)
    assert report["folds"][0]["n_train"] == 200


def test_images_in_colour_that_are_no_squares_are_drawn_and_compared(compare, tmp_path):
    rng = np.random.default_rng(0)
    for i in range(8):
        red = np.zeros((12, 10, 3), dtype=np.uint8)
        red[..., 0] = rng.integers(90, 255, (12, 10))
        save_picture(tmp_path / "photos" / "red" / f"{i}.png", red)
        save_picture(tmp_path / "photos" / "blue" / f"{i}.png", red[..., ::-1])
    names = ["knn", "sklearn.linear_model:LogisticRegression"]
    how = [word for name in names for word in ("--classifier", name)]
    ended, report = compare("--data", "photos", "--mode", "RGB", *how)
    assert ended.exit_code == 0, ended.output
    assert [row["accuracy"] for row in report["rows"]] == [1, 1]


def test_two_classes_of_one_name_are_told_apart(compare, files, tmp_path):
    (tmp_path / "mine.py").write_text("from sklearn.naive_bayes import GaussianNB\n")
    names = ["sklearn.naive_bayes:GaussianNB", "mine:GaussianNB"]
    how = [word for name in names for word in ("--classifier", name)]
    _, report = compare("--data", files / "digits.npz", *how)
    assert {row["classifier"] for row in report["rows"]} == {"GaussianNB", "mine:GaussianNB"}


def test_a_class_that_is_no_classifier_is_an_error(compare):
    ended, report = compare("--classifier", "sklearn.decomposition:PCA")
    assert (ended.exit_code, report) == (1, None)
    assert "expected a scikit-learn classifier" in ended.stderr


def test_the_size_of_images_is_no_matter_of_choice(compare, files):
    ended, _ = compare("--data", files / "digits.npz", "--size", "28")
    assert ended.exit_code == 1
    assert "holds images of 8x8 pixels; leave out --size" in unwrapped(ended.stderr)
