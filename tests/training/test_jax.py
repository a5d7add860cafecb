"""JAX in a process of its own: right sums, few compilations."""

import importlib.util
import json

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="jax is not installed"
)
FLAG = "--xla_cpu_experimental_ynn_fusion_type="
QUIET = ("-W", "error", "-W", "ignore:__array__ implementation:DeprecationWarning")

# jax issue 39103: the last sum is 2**30.
SUMS = """
import json, os
import jax, jax.numpy as jnp
def last_sum():
    i = jnp.arange(32769, dtype=jnp.float32)
    x, m = jnp.stack((i, i * 0, i * 0), 1), jnp.eye(3)
    f = lambda x: jax.vmap(lambda r: jnp.sum((m @ r) ** 2))(x)
    return float(jax.jit(f)(x)[-1])
"""
STARTED = f"""{SUMS}
from skmnist._utils.backend import load_keras
before = os.environ.get("XLA_FLAGS")
load_keras()
print(json.dumps([last_sum(), os.environ.get("XLA_FLAGS") == before]))
"""
STARTED_BEFORE = f"""{SUMS}
import warnings
jnp.zeros(3)
from skmnist._utils.backend import load_keras
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    load_keras(), load_keras()
print(json.dumps([str(one.message) for one in caught if one.category is RuntimeWarning]))
"""
COMPILED = """
import json
import numpy as np
from sklearn.datasets import load_digits
from skmnist import CNNClassifier
from skmnist.training._backends.jax import Trainer
X, y = load_digits(return_X_y=True)
traced = []
def counted(name):
    method = getattr(Trainer, name)
    def trace(self, *arguments, **settings):
        traced.append([name, settings["size"]])
        return method(self, *arguments, **settings)
    setattr(Trainer, name, trace)
counted("_step"), counted("_judge")
make = lambda: CNNClassifier(conv_blocks=[2], batch_size=32, epochs=1, augmentation=None,
                             validation_fraction=0.2, random_state=0)
found = []
for n in (800, 960, 640, 1009):
    traced.clear()
    fitted = make().fit(X[:n], y[:n])
    found.append([n, list(traced), fitted.history_["val_loss"][0]])
print(json.dumps(found))
"""


def runs(script, *options, **environment):
    """Mark a test that looks at what a script prints on JAX."""
    return pytest.mark.beside(*options, "-c", script, KERAS_BACKEND="jax", **environment)


def printed(beside, script, *options, **environment):
    done = beside(*options, "-c", script, KERAS_BACKEND="jax", **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(flags, marks=runs(STARTED, *QUIET, XLA_FLAGS=flags))
        for flags in ("", "--xla_cpu_enable_fast_math=false")
    ],
)
def test_sums_are_right_and_the_environment_is_the_users_again(beside, flags):
    assert printed(beside, STARTED, *QUIET, XLA_FLAGS=flags) == [2.0**30, True]


USERS = f"{FLAG}LIBRARY_FUSION_TYPE_DOT"


@runs(STARTED, *QUIET, XLA_FLAGS=USERS)
def test_the_users_own_setting_of_the_flag_wins(beside):
    last, unchanged = printed(beside, STARTED, *QUIET, XLA_FLAGS=USERS)
    assert unchanged
    assert last != 2.0**30 or not _has_the_fault()


def _has_the_fault():
    from importlib.metadata import version

    return version("jaxlib") == "0.10.2"


@runs(STARTED_BEFORE)
def test_a_jax_that_was_started_before_is_warned_about_once(beside):
    (message,) = printed(beside, STARTED_BEFORE)
    assert "wrong sums" in message
    assert f"Set XLA_FLAGS={FLAG} before JAX is first used" in message


@runs(COMPILED, *QUIET)
def test_numbers_of_rows_share_what_is_compiled(beside):
    first, *others = printed(beside, COMPILED, *QUIET)
    assert first[1] == [["_step", 32], ["_judge", 256]]
    traced = {n: names for n, names, _ in others}
    assert traced[960] == []  # as 800, filled up to 1,024
    assert traced[640] == [["_step", 32], ["_judge", 128]]
    assert [name for name, _ in traced[1009]] == ["_step"]  # the last batch's
    assert all(loss > 0 for _, _, loss in (first, *others))
