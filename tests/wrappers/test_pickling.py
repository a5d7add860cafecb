"""Pickles and copies of estimators of users' own networks, here and in other processes."""

import copy
import pickle
import threading
from functools import partial

import joblib
import numpy as np
import pytest
from joblib.externals.loky import cloudpickle_wrapper as cloudpickle  # whichever joblib uses
from sklearn.base import clone

from skmnist import KerasClassifier, KerasRegressor
from skmnist._utils.backend import load_keras

keras = load_keras()
layers = keras.layers
FEW = {"epochs": 1, "random_state": 0}

MODULE = """
def build(n_classes, hidden=4):
    import keras
    return keras.Sequential([
        keras.Input((64,)),
        keras.layers.Dense(hidden, activation="relu"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(n_classes, activation="softmax"),
    ])
"""
DATA = """
import hashlib, pickle, subprocess, sys
from functools import partial
from pathlib import Path
import joblib
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score
from skmnist import KerasClassifier
X, y = load_digits(return_X_y=True)
X, y = X[:120] / 16, y[:120]
FEW = {"epochs": 1, "random_state": 0}
"""
IMPORTABLE = (
    DATA
    + f"""
Path("builders_of_a_user.py").write_text({MODULE!r})
sys.path.insert(0, ".")
from builders_of_a_user import build
fitted = KerasClassifier(build, hidden=8, **FEW).fit(X, y)
Path("fitted.pickle").write_bytes(pickle.dumps(fitted))
joblib.dump(fitted, "fitted.joblib")
READ = '''
import pickle, sys
from pathlib import Path
sys.path.insert(0, ".")
import joblib
from sklearn.datasets import load_digits
X = load_digits().data[:120] / 16
for again in (pickle.loads(Path("fitted.pickle").read_bytes()), joblib.load("fitted.joblib")):
    print(again.predict_proba(X).tobytes().hex() == sys.argv[1], again.hidden)
    print("builders_of_a_user" in sys.modules)
'''
expected = fitted.predict_proba(X[:120]).tobytes()
READ = READ.replace("sys.argv[1]", "Path('expected').read_text()")
Path("expected").write_text(expected.hex())
print(subprocess.run([sys.executable, "-W", "error", "-c", READ], text=True, check=True,
                     capture_output=True).stdout)
"""
)
# Builders of a script's own: the same scores and bits in this process and in two others, and how
# many loops a worker has compiled.
OF_MAIN = (
    DATA
    + MODULE
    + """
SCALE = 0.5
def closing_over(units):
    def inner(n_classes):
        import keras
        scaled = keras.layers.Lambda(lambda x: x * SCALE)
        return keras.Sequential([keras.Input((64,)), scaled, keras.layers.Dense(units),
                                 keras.layers.Dense(n_classes, activation="softmax")])
    return inner

def bits(function):
    return KerasClassifier(function, **FEW).fit(X, y).predict_proba(X).tobytes()

def loops(n):
    from skmnist.training import _loop
    return len(_loop._pool)

if __name__ == "__main__":
    for function in (build, lambda n_classes: build(n_classes), closing_over(3)):
        classifier = KerasClassifier(function, **FEW)
        scores = [cross_val_score(classifier, X, y, cv=3, n_jobs=n).tolist() for n in (1, 2)]
        same = bits(function) == joblib.Parallel(2)([joblib.delayed(bits)(function)])[0]
        print(scores[0] == scores[1], same,
              max(joblib.Parallel(2)(joblib.delayed(loops)(i) for i in range(4))))
    search = GridSearchCV(KerasClassifier(build, **FEW), {"hidden": [2, 4]}, cv=2, n_jobs=2)
    print(sorted(search.fit(X, y).best_params_))
"""
)


@pytest.fixture(scope="module")
def few(digits):
    return digits[0][:80] / 16, digits[2][:80]


def build(n_classes, hidden=4, activation="relu"):
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(hidden, activation=activation),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )


class Builder:
    """A callable object."""

    def __init__(self, hidden):
        self.hidden = hidden

    def __call__(self, n_classes):
        return build(n_classes, self.hidden)


def closing_over(units):
    def inner(n_classes):
        return build(n_classes, units)

    return inner


FUNCTIONS = {
    "of a module": build,
    "lambda": lambda n_classes: build(n_classes),
    "closure": closing_over(3),
    "partial": partial(build, hidden=3),
    "partial of a lambda": partial(lambda n_classes, hidden: build(n_classes, hidden), hidden=3),
    "object": Builder(3),
    "method": Builder(3).__call__,
}
WAYS = {
    "pickle": lambda e: pickle.loads(pickle.dumps(e)),
    "pickle, written in Python": lambda e: pickle.loads(pickle._dumps(e)),
    "cloudpickle": lambda e: cloudpickle.loads(cloudpickle.dumps(e)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_fitted_estimator_is_the_same_afterwards(few, name, way):
    before = KerasClassifier(FUNCTIONS[name], **FEW).fit(*few)
    after = WAYS[way](before)
    np.testing.assert_array_equal(after.predict_proba(few[0]), before.predict_proba(few[0]))
    assert after.get_params().keys() == before.get_params().keys()
    again = clone(after).fit(*few)
    np.testing.assert_array_equal(again.predict_proba(few[0]), before.predict_proba(few[0]))
    assert after.partial_fit(*few).n_epochs_ == 2
    assert before.n_epochs_ == 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_copies_have_the_same_function_and_pickles_the_importable_one(name):
    before = KerasClassifier(FUNCTIONS[name], epochs=3)
    assert copy.copy(before).model is before.model
    assert copy.deepcopy(before).model is before.model
    assert clone(before).model is before.model or name in ("partial", "object", "method")
    if name == "of a module":
        assert pickle.loads(pickle.dumps(before)).model is build


def test_joblib_writes_and_reads_a_lambda(few, tmp_path):
    before = KerasClassifier(lambda n_classes: build(n_classes), **FEW).fit(*few)
    joblib.dump(before, tmp_path / "file")
    np.testing.assert_array_equal(
        joblib.load(tmp_path / "file").predict_proba(few[0]), before.predict_proba(few[0])
    )


def test_an_argument_that_is_a_lambda_is_pickled_too(few):
    before = KerasClassifier(build, activation=lambda x: 2 * x, **FEW).fit(*few)
    after = pickle.loads(pickle.dumps(before))
    np.testing.assert_array_equal(after.predict_proba(few[0]), before.predict_proba(few[0]))


@pytest.mark.parametrize("made", [KerasClassifier, KerasRegressor])
def test_a_function_that_cannot_be_pickled_is_named_with_what_to_do(made):
    lock = threading.Lock()

    def locked(n_outputs):
        with lock:
            return

    estimator = made(locked, epochs=2)
    expected = rf"{made.__name__}: model=<function .*locked.*can't be pickled.*lock.*in a module"
    with pytest.raises(pickle.PicklingError, match=expected):
        pickle.dumps(estimator)
    assert copy.deepcopy(estimator).model is locked


# Keras's own warning, from its reading of arrays.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("way", WAYS)
def test_a_template_is_the_same_afterwards(few, way):
    before = KerasClassifier(build(10), **FEW).fit(*few)
    after = WAYS[way](before)
    np.testing.assert_array_equal(after.predict_proba(few[0]), before.predict_proba(few[0]))
    for one, other in zip(after.model.get_weights(), before.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    again = clone(after).fit(*few)
    np.testing.assert_array_equal(again.predict_proba(few[0]), before.predict_proba(few[0]))


# -- other processes ---------------------------------------------------------------------------


@pytest.mark.beside("-W", "error", "-c", IMPORTABLE)
def test_another_process_imports_the_function_and_predicts_the_same_bits(beside):
    done = beside("-W", "error", "-c", IMPORTABLE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["True", "8", "True"] * 2


@pytest.mark.beside("-c", OF_MAIN)
def test_functions_of_a_script_give_the_same_bits_in_workers_which_compile_each_once(beside):
    done = beside("-c", OF_MAIN)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "True True 1",
        "True True 1",
        "True True 2",
        "['hidden']",
    ]
