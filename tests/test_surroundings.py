"""The user's process: TensorFlow that came first, its modes, streams, folders and signals."""

import json
import os
import re

import pytest

# -- TensorFlow that was imported before us -------------------------------------------------

FOLDS = """
import json, sys, warnings
import tensorflow as tf
from tensorflow.python.util._pywrap_util_port import IsMklEnabled
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_predict
from skmnist import CNNClassifier
if __name__ == "__main__":
    X, y = load_digits(return_X_y=True)
    classifier = CNNClassifier(conv_blocks=[8], epochs=2, augmentation=None, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        in_workers, here = (
            cross_val_predict(classifier, X[:300], y[:300], cv=2, n_jobs=n, method="predict_proba")
            for n in (2, 1)
        )
    print(json.dumps({
        "same": bool((in_workers == here).all()),
        "onednn": IsMklEnabled(),
        "warnings": [str(one.message) for one in caught if "oneDNN" in str(one.message)],
    }))
"""


# -- the user's keras.json, and modes of TensorFlow -----------------------------------------

FORMATS = """
import json
import numpy as np
from sklearn.datasets import load_digits
from skmnist import *
from skmnist._utils.backend import load_keras
X, y = load_digits(return_X_y=True)
X, y = X[:64], y[:64]
once = {"epochs": 1, "random_state": 0}
classifiers = [
    DNNClassifier(hidden_units=(4,), **once),
    LeNetClassifier(**once),
    CNNClassifier(conv_blocks=[{"filters": 3, "pool": "avg"}], augmentation="elastic", **once),
    ResNetClassifier(filters=(2, 3), **once),
    CapsNetClassifier(filters=2, n_primary_maps=2, primary_dim=2, class_dim=2, **once),
    SequenceCNNClassifier(embedding_dim=2, filters=2, hidden_units=(3,), **once),
    PretrainedClassifier("MobileNet", weights=None, backbone_settings={"alpha": 0.25},
                         last_layer="conv1_relu", hidden_units=(3,), fine_tune_epochs=0, **once),
]
found = {}
for data_format in ("channels_last", "channels_first"):
    load_keras().config.set_image_data_format(data_format)
    clear_caches()
    for classifier in classifiers:
        answer = classifier.fit(X, y).predict_proba(X)
        found.setdefault(type(classifier).__name__, []).append(answer)
    features = CNNFeatures(classifiers[2], layer=1, pool="max").fit(X, y).transform(X)
    found.setdefault("features", []).append(features)
    assert load_keras().config.image_data_format() == data_format
print(json.dumps({name: bool((a == b).all()) for name, (a, b) in found.items()}))
"""
MODES = """
import json
from sklearn.datasets import load_digits
from skmnist import CNNClassifier, PretrainedClassifier
from skmnist._utils.backend import load_keras
load_keras()
import tensorflow as tf
X, y = load_digits(return_X_y=True)
X, y = X[:64], y[:64]
fitted = CNNClassifier(conv_blocks=[2], epochs=1, random_state=0).fit(X, y)
actions = {
    "fit": lambda: CNNClassifier(conv_blocks=[2], epochs=1, random_state=0).fit(X, y),
    "another fit": lambda: CNNClassifier(conv_blocks=[3], epochs=1).fit(X, y),
    "pretrained": lambda: PretrainedClassifier("MobileNet", weights=None).fit(X, y),
    "predict": lambda: fitted.predict(X),
    "network": lambda: fitted.network_,
}
def errors():
    messages = {}
    for name, act in actions.items():
        try:
            act()
        except Exception as error:
            messages[name] = f"{type(error).__name__}: {error}"
    return messages
found = {}
with tf.Graph().as_default():
    found["graph"] = errors()
with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
    found["strategy"] = errors()
assert (fitted.predict(X) == actions["fit"]().predict(X)).all()
tf.compat.v1.disable_eager_execution()
found["disabled"] = errors()
print(json.dumps(found))
"""


@pytest.mark.beside("-c", FORMATS)
def test_networks_are_the_same_whatever_data_format_the_user_has_set(beside):
    found = printed(beside, FORMATS)
    assert len(found) == 8
    assert found == dict.fromkeys(found, True)


@pytest.mark.beside("-c", MODES)
def test_each_mode_of_tensorflow_that_is_no_good_gets_one_clear_sentence(beside):
    found = printed(beside, MODES)
    assert set(found) == {"graph", "strategy", "disabled"}
    for mode, messages in found.items():
        assert len(messages) == 5
        expected = "scope of a tf.distribute.MirroredStrategy is open; .*outside of the scope"
        if mode != "strategy":
            expected = r"eager execution is off here; .*tf.compat.v1.disable_eager_execution\(\)"
        for action, message in messages.items():
            assert re.match(f"RuntimeError: .*{expected}", message), (mode, action, message)


def printed(beside, script, **environment):
    """What a script prints; the log of a TensorFlow that it imports itself is none of ours."""
    done = beside("-c", script, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


SAID_BY_THE_USER = {"TF_ENABLE_ONEDNN_OPTS": "0"}


@pytest.mark.skipif("TF_ENABLE_ONEDNN_OPTS" in os.environ, reason="the user has decided")
@pytest.mark.beside("-c", FOLDS)
def test_folds_in_workers_are_those_here_if_tensorflow_came_first_and_a_warning_says_it(beside):
    found = printed(beside, FOLDS)
    assert found["same"]
    assert len(found["warnings"]) == (0 if found["onednn"] else 1)
    for message in found["warnings"]:
        assert "Set the environment variable TF_ENABLE_ONEDNN_OPTS=1 before TensorFlow" in message


@pytest.mark.beside("-c", FOLDS, **SAID_BY_THE_USER)
def test_folds_in_workers_follow_the_users_variable_without_a_warning(beside):
    found = printed(beside, FOLDS, **SAID_BY_THE_USER)
    assert found == {"same": True, "onednn": False, "warnings": []}
