"""A model card has the scores and pictures, and texts that nobody mistakes for markup."""

import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmnist import CommitteeClassifier, DNNClassifier, DNNRegressor, model_card, svm
from skmnist.persistence._card import _interval

LABELS = np.array(["zero", "<img src=x>", "2|2", "*3*", "$4$", "5", "6", "7", "8", "9"])
_DENSE = DNNClassifier(hidden_units=(4,), epochs=2, random_state=0, dtype="float32")


@pytest.fixture(scope="module")
def classifier(digits):
    pipeline = make_pipeline(StandardScaler(), _DENSE)
    return pipeline.fit(digits[0][:200], LABELS[digits[2][:200]])


def test_a_card_has_all_sections_and_pictures_beside_it(classifier, digits, tmp_path):
    X, y = digits[1], LABELS[digits[3]]
    texts = {"data": "Digits.", "intended_use": "To read digits.", "limits": "No letters."}
    path = model_card(classifier, X, y, path=tmp_path / "card.md", name="My model", **texts)
    text = path.read_text(encoding="utf-8")
    headings = [line.strip("# ") for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "My model",
        "Intended use",
        "Limits",
        "Data",
        "Scores",
        "Of each label",
        "Confusion matrix",
        "Training curves",
        "Parameters",
        "How to load it",
    ]
    assert all(given in text for given in texts.values())
    assert f"{classifier.score(X, y):.2%}" in text
    assert f"{round((1 - classifier.score(X, y)) * len(X))} of {len(X)}" in text
    for ending in ("confusion", "curves"):
        assert f"](card-{ending}.png)" in text
        with Image.open(tmp_path / f"card-{ending}.png") as picture:
            assert min(picture.size) > 300
    assert len(list(tmp_path.iterdir())) == 3


def test_labels_are_shown_as_they_are_written(classifier, digits, tmp_path):
    path = model_card(classifier, digits[1], LABELS[digits[3]], path=tmp_path / "card.md")
    text = path.read_text(encoding="utf-8")
    assert "<img" not in text
    for shown in (r"&lt;img src=x&gt;", r"2\|2", r"\*3\*"):
        assert f" {shown} " in text


def test_without_images_a_card_has_no_scores(digits, tmp_path):
    machine = svm().fit(digits[0][:100], digits[2][:100])
    text = model_card(machine, path=tmp_path / "card.md").read_text(encoding="utf-8")
    assert "Scores" not in text
    assert [path.name for path in tmp_path.iterdir()] == ["card.md"]


def test_a_regressor_has_errors_and_a_committee_the_curves_of_all(digits, tmp_path):
    X, y = digits[0][:100], digits[2][:100]
    regressor = DNNRegressor(hidden_units=(4,), epochs=1, random_state=0).fit(X, y * 1.0)
    text = model_card(regressor, X, y * 1.0, path=tmp_path / "card.md").read_text(encoding="utf-8")
    assert "Root mean squared error" in text
    assert (tmp_path / "card-curves.png").exists()
    assert not (tmp_path / "card-confusion.png").exists()
    committee = CommitteeClassifier(_DENSE, n_estimators=2).fit(X, y)
    text = model_card(committee, X, y, path=tmp_path / "all.md").read_text(encoding="utf-8")
    assert "2 networks" in text
    calibrated = CalibratedClassifierCV(FrozenEstimator(committee), method="temperature")
    text = model_card(calibrated.fit(X, y), path=tmp_path / "all.md").read_text(encoding="utf-8")
    assert "2 networks" in text


def test_the_interval_is_wilsons():
    # E. B. Wilson, as R's prop.test(81, 263, correct = FALSE) has it.
    np.testing.assert_allclose(_interval(81 / 263, 263), (0.2553, 0.3662), atol=5e-5)
    assert _interval(1.0, 100)[1] == 1


def test_wrong_arguments_are_named(classifier, digits, tmp_path, monkeypatch):
    X, y, path = digits[1], digits[3], tmp_path / "card.md"
    with pytest.raises(ValueError, match="Only one of X and y"):
        model_card(classifier, X, path=path)
    with pytest.raises(ValueError, match=r"expected a Markdown file, such as 'card\.md'"):
        model_card(classifier, X, y, path=tmp_path / "card.html")
    with pytest.raises(ValueError, match="y has the shape"):
        model_card(classifier, X, y[:3], path=path)
    with pytest.raises(NotFittedError):
        model_card(DNNClassifier(), X, y, path=path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        model_card(classifier, path=tmp_path / "no" / "card.md")
    monkeypatch.setitem(sys.modules, "skops.card", None)
    with pytest.raises(ImportError, match=r"skmnist\[skops\]"):
        model_card(classifier, X, LABELS[y], path=path)
    assert not list(tmp_path.iterdir())
