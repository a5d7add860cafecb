"""Write the files that every later version has to read, and what they predict.

    python tests/persistence/files/make.py

It was run once for each format; a file that is there already is never written again.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmnist import (
    CNNClassifier,
    CNNRegressor,
    CNNStackingClassifier,
    CommitteeClassifier,
    DNNClassifier,
    OneCycle,
    ResNetClassifier,
    recipe,
)
from skmnist.persistence import save
from skmnist.preprocessing import Deskew, MomentNormalizer

FOLDER = Path(__file__).parent
SMALL = {"epochs": 1, "random_state": 0, "dtype": "float32"}
DENSE = DNNClassifier(hidden_units=(3,), **SMALL)
BLOCKS = [{"filters": 2, "padding": "same", "pool": "max", "batch_norm": True, "dropout": 0.1}]
ESTIMATORS = {
    "1-dense": DNNClassifier(hidden_units=(4,), schedule=OneCycle(peak=0.3), **SMALL),
    "1-cnn": CNNClassifier(conv_blocks=BLOCKS, hidden_units=(4,), image_shape=(8, 8), **SMALL),
    "1-resnet": ResNetClassifier(filters=(2, 3), **SMALL),
    "1-regressor": CNNRegressor(conv_blocks=[2], **SMALL),
    "1-pipeline": make_pipeline(Deskew(), MomentNormalizer(), DENSE),
    "1-committee": CommitteeClassifier([DENSE, make_pipeline(Deskew(), DENSE)], random_state=0),
    "2-scaled": make_pipeline(StandardScaler(), DENSE),
    "2-search": GridSearchCV(DENSE, {"hidden_units": [(2,), (3,)]}, cv=2),
    "2-voting": VotingClassifier([("network", DENSE), ("bayes", GaussianNB())], voting="soft"),
    "2-calibrated": CalibratedClassifierCV(DENSE, method="temperature", cv=2),
    "2-forest": make_pipeline(Deskew(), RandomForestClassifier(2, max_depth=2, random_state=0)),
    "2-stack": CNNStackingClassifier(
        [("logistic", LogisticRegression(C=0.1))],
        network=DENSE,
        n_components=2,
        cv=2,
        random_state=0,
    ),
    "2-machine": recipe("svm-objects").set_params(
        orientedgradients__cells=[2], pca__n_components=5
    ),
}


def main() -> None:
    X, y = load_digits(return_X_y=True)
    path = FOLDER / "expected.json"
    expected = json.loads(path.read_text()) if path.exists() else {}
    for name, estimator in ESTIMATORS.items():
        if (FOLDER / f"{name}.safetensors").exists():
            continue
        n_rows = 40 if name == "2-machine" else 200
        estimator.fit(X[:n_rows], y[:n_rows] * (1.0 if name == "1-regressor" else 1))
        save(estimator, FOLDER / f"{name}.safetensors")
        method = "predict_proba" if hasattr(estimator, "predict_proba") else "predict"
        answers = np.asarray(getattr(estimator, method)(X[-10:]), dtype=float).round(6)
        expected[name] = {"method": method, "answers": answers.tolist()}
    path.write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
