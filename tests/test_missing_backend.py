"""Keras's backend is chosen and not installed, or only another is: what the user is told."""

import json
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Python finds these packages nowhere, as if they weren't installed.
HIDE = """
import json, os, sys
from importlib.machinery import PathFinder
hidden = sys.argv[1:]
class Others:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in hidden:
            return PathFinder.find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = Others
from sklearn.datasets import load_digits
import skmnist
X, y = load_digits(return_X_y=True)
X, y = X[:200], y[:200]
os.environ["KERAS_HOME"] = os.getcwd()
"""

ERRORS = f"""{HIDE}
def error(backend):
    os.environ["KERAS_BACKEND"] = backend
    try:
        skmnist.DNNClassifier().fit(X, y)
    except ImportError as error:
        return error.name, str(error)
found = {{
    backend or "default": error(backend)
    for backend in ("tensorflow", "jax", "torch", "tensorflow", "")
}}
with open("keras.json", "w") as file:
    json.dump({{"backend": "torch"}}, file)
found["keras.json"] = error("")
print(json.dumps({{"errors": found, "svm": skmnist.svm().fit(X, y).score(X, y)}}))
"""

JAX_ALONE = f"""{HIDE}
classifier = skmnist.DNNClassifier(hidden_units=(8,), epochs=2, random_state=0)
os.environ.pop("KERAS_BACKEND", None)
try:
    classifier.fit(X, y)
except ImportError as error:
    message = str(error)
os.environ["KERAS_BACKEND"] = "jax"
skmnist.save(classifier.fit(X, y), "digits.safetensors")
loaded = skmnist.load("digits.safetensors")
print(json.dumps({{
    "message": message,
    "losses": classifier.history_["loss"],
    "same": bool((loaded.predict_proba(X) == classifier.predict_proba(X)).all()),
    "tensorflow": "tensorflow" in sys.modules,
}}))
"""
NO_BACKEND = "-c", ERRORS, "tensorflow", "jax", "torch"
ONLY_JAX = "-c", JAX_ALONE, "tensorflow", "torch"


def printed(ended):
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


@pytest.mark.beside(*NO_BACKEND)
def test_without_a_backend_the_error_names_the_three_commands(beside):
    errors = printed(beside(*NO_BACKEND))["errors"]
    jax = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for _, message in errors.values():
        assert [line.strip() for line in message.splitlines()[1:]] == [
            "tensorflow: pip install tensorflow",
            f'jax: pip install "{jax["jax"][0]}"',
            "torch: pip install torch",
        ]
        assert "set the environment variable KERAS_BACKEND" in message
        assert "is installed" not in message


@pytest.mark.beside(*NO_BACKEND)
def test_the_error_names_the_backend_that_is_missing_and_who_has_chosen_it(beside):
    errors = printed(beside(*NO_BACKEND))["errors"]
    chosen = {
        "tensorflow": "tensorflow (by KERAS_BACKEND)",
        "jax": "jax (by KERAS_BACKEND)",
        "torch": "torch (by KERAS_BACKEND)",
        "default": "tensorflow (by default or in keras.json)",
        "keras.json": "torch (by default or in keras.json)",
    }
    assert set(errors) == set(chosen)
    for name, (missing, message) in errors.items():
        assert chosen[name].startswith(missing)
        assert f"set to {chosen[name]}, which is not installed" in message


@pytest.mark.beside(*NO_BACKEND)
def test_classical_classifiers_need_no_backend(beside):
    assert printed(beside(*NO_BACKEND))["svm"] > 0.9


@pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")
@pytest.mark.beside(*ONLY_JAX)
def test_jax_is_named_where_it_alone_is_installed_and_works_without_tensorflow(beside):
    found = printed(beside(*ONLY_JAX))
    assert "jax is installed: set KERAS_BACKEND=jax to use it" in found["message"]
    assert len(found["losses"]) == 2
    assert found["losses"][1] < found["losses"][0]
    assert found["same"]
    assert not found["tensorflow"]
