"""Fitted classifiers of every kind, without the seconds that training each would take."""

import numpy as np
from public_estimators import build_compiled, build_subclass

from skmnist import (
    CapsNetClassifier,
    CNNClassifier,
    CommitteeClassifier,
    DNNClassifier,
    KerasClassifier,
    LeNetClassifier,
    PretrainedClassifier,
    ResNetClassifier,
    SequenceCNNClassifier,
    SequenceDNNClassifier,
)

EXACT = {"dtype": "float32", "random_state": 0}


# By name: a classifier, and what y is.
NETWORKS = {
    "CNN": (
        CNNClassifier(
            conv_blocks=[
                {"filters": 4, "pool": "max", "batch_norm": True},
                {"filters": 6, "padding": "same"},
            ],
            **EXACT,
        ),
        "digits",
    ),
    "DNN, names": (DNNClassifier(hidden_units=(8,), **EXACT), "names"),
    "DNN, several labels": (DNNClassifier(hidden_units=(8,), **EXACT), "labels"),
    "LeNet": (LeNetClassifier(**EXACT), "digits"),
    "ResNet": (ResNetClassifier(filters=(4, 8), **EXACT), "digits"),
    "CapsNet": (CapsNetClassifier(filters=4, n_primary_maps=2, **EXACT), "digits"),
    "Pretrained": (
        PretrainedClassifier(
            backbone="MobileNet",
            backbone_settings={"alpha": 0.25},
            last_layer="conv1_relu",
            weights=None,
            hidden_units=(8,),
            **EXACT,
        ),
        "digits",
    ),
    "Keras, logits": (KerasClassifier(build_compiled, **EXACT), "digits"),
    "Keras, one logit of a subclass": (KerasClassifier(build_subclass, **EXACT), "even"),
    "words, CNN": (SequenceCNNClassifier(filters=4, embedding_dim=4, **EXACT), "digits"),
    "words, DNN": (SequenceDNNClassifier(embedding_dim=4, **EXACT), "digits"),
}


def targets(kind, y):
    return {
        "digits": y,
        "names": np.array(["zero", "eins", "dos", "три", "4", "five", "6", "7", "8", "nine"])[y],
        "even": y % 2 == 0,
        "labels": np.column_stack([y % 2 == 0, y > 4, np.isin(y, (0, 6, 8, 9))]).astype(int),
    }[kind]


def as_fitted(classifier, X, y):
    """Do all that `fit` does, but draw weights where it would train them."""
    classifier._training_data(X, y, None, going_on=False)
    classifier._mirrored_ = False
    architecture = classifier._training_spec().architecture
    rng = np.random.default_rng(0)
    variables = [v.numpy() for v in architecture.build(seed=0).variables]
    for variable in variables:
        # Biases are 0 and normalisations do nothing before they are trained.
        if variable.ndim == 1 and variable.dtype.kind == "f":
            variable += rng.uniform(0, 0.2, len(variable)).astype(variable.dtype)
    classifier.__skmnist_setvariables__(variables)
    return classifier


def committee_of(members):
    """Return a fitted committee of fitted members."""
    committee = CommitteeClassifier(members[0])
    committee.estimators_, committee.classes_ = members, members[0].classes_
    committee.n_features_in_ = members[0].n_features_in_
    committee.image_shape_ = members[0].image_shape_
    return committee
