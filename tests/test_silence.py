"""Nothing is written that was not asked for, and nothing is imported before it is needed."""

import re
import subprocess
import sys

import numpy as np
import pytest

import skmnist
from skmnist import CNNClassifier, DNNClassifier, LeNetClassifier


def run(text, tmp_path, *options):
    """Run a script in a fresh interpreter; both its streams as bytes."""
    script = tmp_path / "script.py"
    script.write_text(text)
    return subprocess.run(
        [sys.executable, *options, str(script)], capture_output=True, timeout=200, cwd=tmp_path
    )


A_DAYS_WORK = """
import pickle
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from skmnist import CNNClassifier, DNNClassifier, LeNetClassifier

X, y = load_digits(return_X_y=True)
X, y = X[:200].astype(np.uint8), y[:200]

def main():
    blocks = [{"filters": 4, "batch_norm": True, "dropout": 0.1}]
    for classifier in (
        DNNClassifier(hidden_units=(8,), epochs=2, early_stopping=True, random_state=0),
        LeNetClassifier(epochs=1, augmentation="affine", random_state=0),
        CNNClassifier(conv_blocks=blocks, epochs=1, random_state=0),
    ):
        classifier.fit(X, y)
        classifier.predict(X)
        classifier.predict_proba(X[:1])
        classifier.score(X, y)
        classifier.summary()
        copy = pickle.loads(pickle.dumps(classifier))
        assert (copy.predict(X) == classifier.predict(X)).all()
        clone(classifier).partial_fit(X, y, classes=range(10))
    grid = {"learning_rate": [0.001, 0.01]}
    GridSearchCV(DNNClassifier(hidden_units=(8,), epochs=1), grid, cv=2, n_jobs=2).fit(X, y)

    # TensorFlow warns of functions traced again and again; so many sizes must not be that.
    for units in range(8, 16):
        classifier = DNNClassifier(
            hidden_units=(units,), epochs=1, batch_size=units, dtype="float32", random_state=0
        ).fit(X[: 100 + units], y[: 100 + units])
        for n in range(1, 41, 3 if units > 8 else 1):
            classifier.predict(X[:n])
    for epochs in range(1, 9):
        classifier.set_params(epochs=epochs, batch_size=20 + epochs).fit(X[: 150 + epochs],
                                                                        y[: 150 + epochs])

if __name__ == "__main__":
    main()
"""


@pytest.mark.beside("-c", A_DAYS_WORK)
def test_a_days_work_writes_nothing(beside):
    done = beside("-c", A_DAYS_WORK)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_what_others_write_while_keras_is_imported_is_passed_on(tmp_path):
    text = (
        "import os, sys, threading\n"
        "from skmnist._utils import backend as _backend\n"
        "real = _backend._import_keras\n"
        "def noisy():\n"
        "    keras = real()\n"
        "    os.write(2, b'a warning of a driver\\n')\n"
        "    print('a word of Python', file=sys.stderr)\n"
        "    return keras\n"
        "_backend._import_keras = noisy\n"
        "_backend.load_keras()\n"
    )
    done = run(text, tmp_path)
    assert done.stdout == b""
    assert done.stderr == b"a warning of a driver\na word of Python\n"


def test_an_error_while_keras_is_imported_is_seen(tmp_path):
    text = (
        "import sys\n"
        "sys.modules['keras'] = None\n"
        "from skmnist import DNNClassifier\n"
        "DNNClassifier().fit([[0, 1, 2, 3], [3, 2, 1, 0]], [0, 1])\n"
    )
    done = run(text, tmp_path)
    assert done.returncode == 1
    assert b"keras" in done.stderr.splitlines()[-1]


NO_KERAS = """
import sys

def assert_light(when):
    heavy = {"tensorflow", "keras", "jax", "torch"} & set(sys.modules)
    assert not heavy, f"{when} imports {heavy}"

import skmnist
assert "sklearn" not in sys.modules, "import skmnist imports scikit-learn"
assert_light("import skmnist")
from skmnist import CNNClassifier, DNNClassifier, LeNetClassifier
assert_light("the classes' names")
from sklearn.base import clone
for maker in (skmnist.CNNClassifier, DNNClassifier, LeNetClassifier):
    repr(clone(maker(epochs=3)).set_params(epochs=4))
    maker().get_params()
assert_light("a clone")
import pickle
pickle.loads(pickle.dumps(CNNClassifier()))
assert_light("a pickle")
skmnist.svm(), skmnist.knn(), skmnist.random_forest(), skmnist.gradient_boosting()
skmnist.ConvBlock(8), skmnist.Augmentation(shift=0.1), skmnist.OneCycle(), skmnist.Plateau()
for name in skmnist.__all__:
    getattr(skmnist, name)
assert_light("every public name")
print("light")
"""


def test_importing_skmnist_imports_neither_tensorflow_nor_keras(tmp_path):
    done = run(NO_KERAS, tmp_path)
    assert (done.stdout.strip(), done.stderr) == (b"light", b"")


def test_every_public_name_is_listed_and_resolves():
    assert skmnist.__all__ == sorted(skmnist.__all__)
    assert set(skmnist.__all__) >= {
        "Augmentation",
        "CNNClassifier",
        "ConvBlock",
        "Cosine",
        "DNNClassifier",
        "LeNetClassifier",
        "OneCycle",
        "Plateau",
        "fetch_mnist",
        "gradient_boosting",
        "knn",
        "random_forest",
        "read_idx",
        "svm",
    }
    for name in skmnist.__all__:
        assert getattr(skmnist, name).__doc__
        assert name in dir(skmnist)
    space = {}
    exec("from skmnist import *", space)
    assert set(skmnist.__all__) <= set(space)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"skmnist.* attribute .*KNNClassifier"):
        _ = skmnist.KNNClassifier
    with pytest.raises(ImportError, match="KNNClassifier"):
        exec("from skmnist import KNNClassifier")
    assert not hasattr(skmnist, "training_loop")


@pytest.mark.parametrize(
    "classifier",
    [
        DNNClassifier(hidden_units=(8,), epochs=3, random_state=0),
        LeNetClassifier(epochs=3, random_state=0),
        CNNClassifier(conv_blocks=[4], epochs=3, random_state=0),
    ],
    ids=["DNN", "LeNet", "CNN"],
)
def test_a_verbose_fit_prints_one_line_an_epoch(classifier, digits, capfd):
    X, _, y, _ = digits
    X, y = X[:200], y[:200]
    classifier.set_params(verbose=1, validation_fraction=0.2).fit(X, y)
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert len(lines) == 3
    for number, line in enumerate(lines, start=1):
        assert line.startswith(f"[{type(classifier).__name__}] epoch {number}/3 ")
        for name in classifier.history_:
            assert re.search(rf"\b{name} \d", line)
    assert err == ""
    classifier.set_params(verbose=0).fit(X, y)
    assert capfd.readouterr() == ("", "")


def test_a_verbose_fit_that_goes_on_counts_on(digits, capfd):
    X, _, y, _ = digits
    classifier = DNNClassifier(hidden_units=(8,), epochs=1, verbose=1, warm_start=True)
    classifier.fit(X[:100], y[:100]).fit(X[:100], y[:100])
    starts = [line.split("  ")[0] for line in capfd.readouterr().out.splitlines()]
    assert starts == ["[DNNClassifier] epoch 1/1", "[DNNClassifier] epoch 2/2"]


def test_keras_callbacks_write_nothing_of_their_own(digits, capfd):
    from skmnist._utils.backend import load_keras

    X, _, y, _ = digits
    stopping = load_keras().callbacks.EarlyStopping("loss", patience=1, min_delta=99.0)
    classifier = DNNClassifier(hidden_units=(8,), epochs=5, callbacks=[stopping], random_state=0)
    assert classifier.fit(X[:100], y[:100]).n_epochs_ == 2
    assert np.isfinite(classifier.history_["loss"]).all()
    assert capfd.readouterr() == ("", "")
