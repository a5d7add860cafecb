"""Keras networks as scikit-learn classifiers for small images, MNIST first.

Names are loaded when they are first used, so that ``import skmnist`` imports neither
TensorFlow nor Keras.

Examples
--------
>>> import skmnist
>>> skmnist.svm().steps[-1][0]
'svc'
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME_OF = {
    "Augmentation": "training.augmentation",
    "CapsNetClassifier": "classifiers",
    "CNNClassifier": "classifiers",
    "CNNFeatures": "features",
    "CNNStackingClassifier": "ensemble.stacking",
    "CommitteeClassifier": "ensemble.committee",
    "ComparisonResult": "comparison",
    "ConvBlock": "networks.convolutional",
    "Cosine": "training.schedules",
    "DNNClassifier": "classifiers",
    "LeNetClassifier": "classifiers",
    "OneCycle": "training.schedules",
    "PixelRangeWarning": "exceptions",
    "Plateau": "training.schedules",
    "PretrainedClassifier": "classifiers",
    "RandomUniform": "networks",
    "ResNetClassifier": "classifiers",
    "SequenceCNNClassifier": "classifiers",
    "SequenceDNNClassifier": "classifiers",
    "TextSequencer": "text",
    "clear_caches": "_utils.caches",
    "compare": "comparison",
    "fetch_mnist": "datasets",
    "gradient_boosting": "baselines",
    "knn": "baselines",
    "list_recipes": "recipes",
    "load": "persistence",
    "load_imdb": "imdb",
    "random_forest": "baselines",
    "read_idx": "datasets",
    "recipe": "recipes",
    "reproduce": "reports",
    "save": "persistence",
    "svm": "baselines",
    "tfidf_logistic_regression": "baselines",
    "to_scikeras": "scikeras_bridge",
}

_MODULES = (
    "baselines",
    "classifiers",
    "comparison",
    "datasets",
    "display",
    "ensemble",
    "exceptions",
    "features",
    "images",
    "imdb",
    "inference",
    "networks",
    "persistence",
    "pixels",
    "preprocessing",
    "recipes",
    "reports",
    "scikeras_bridge",
    "significance",
    "text",
    "training",
)

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES, "__version__"])
