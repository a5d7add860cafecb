"""Caches: bounded, one maker for each key, emptied by one call; dropped networks leave little."""

import threading
from concurrent.futures import ThreadPoolExecutor
from weakref import ref

import numpy as np
import pytest
from sklearn.datasets import load_digits

import skmnist
from skmnist import DNNClassifier
from skmnist._utils import caches
from skmnist._utils.backend import load_keras
from skmnist._utils.caches import Cache, cached
from skmnist.training import _loop as loop
from skmnist.training import _predictor as inference


@pytest.fixture(scope="module")
def digits():
    load_keras()  # before a test imports TensorFlow
    X, y = load_digits(return_X_y=True)
    return X[:100], y[:100]


def fitted(digits, n_units=5, **settings):
    return DNNClassifier(hidden_units=(n_units,), epochs=1, random_state=0, **settings).fit(*digits)


def test_the_least_recently_used_is_dropped_first():
    cache = Cache(maxsize=2)
    first, second = cache.get(1, object), cache.get(2, object)
    assert cache.get(1, object) is first
    cache.get(3, object)
    assert len(cache) == 2
    assert cache.get(1, object) is first
    assert cache.get(2, object) is not second


def test_what_is_false_is_kept_too():
    cache = Cache(maxsize=1)
    assert cache.get("key", lambda: None) is None
    assert cache.get("key", lambda: "made again") is None


def test_eight_threads_make_one_thing():
    cache, made, together = Cache(maxsize=8), [], threading.Barrier(8)

    def make():
        made.append(object())
        return made[-1]

    def ask(_):
        together.wait()
        return cache.get("key", make)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert len(made) == 1
    assert found == made * 8


def test_who_asks_for_another_key_does_not_wait():
    cache = Cache(maxsize=2)
    inner = cache.get("slow", lambda: cache.get("other", lambda: 1) + 1)
    assert inner == 2


def test_what_could_not_be_made_is_made_the_next_time():
    cache = Cache(maxsize=2)

    def fail():
        raise ValueError("not now")

    with pytest.raises(ValueError, match="not now"):
        cache.get("key", fail)
    assert len(cache) == 0
    assert cache.get("key", lambda: 3) == 3


def test_a_cached_function_is_called_once_for_equal_arguments():
    calls = []

    @cached(maxsize=2)
    def double(x, times=2):
        """Double."""
        calls.append((x, times))
        return times * x

    assert [double(1), double(1), double(2), double(1, times=3)] == [2, 2, 4, 3]
    assert calls == [(1, 2), (2, 2), (1, 3)]
    assert double.__doc__ == "Double."


def test_clearing_empties_every_cache_and_changes_no_result(digits):
    before = fitted(digits).predict_proba(digits[0])
    assert len(loop._pool) > 0
    assert len(inference._compiled) > 0
    skmnist.clear_caches()
    assert sum(len(cache) for cache in caches._all_caches) == 0
    np.testing.assert_array_equal(fitted(digits).predict_proba(digits[0]), before)


def test_a_fitted_classifier_predicts_the_same_after_clearing(digits):
    classifier = fitted(digits)
    before = classifier.predict_proba(digits[0])
    skmnist.clear_caches()
    np.testing.assert_array_equal(classifier.predict_proba(digits[0]), before)


def test_the_caches_are_bounded(digits):
    for n_units in range(1, 10):
        fitted(digits, n_units)
    assert len(loop._pool) == 8


def test_an_equal_network_trains_in_the_same_compiled_loop(digits):
    skmnist.clear_caches()
    fitted(digits)
    ((_, trainer),) = loop._pool._entries.values()
    fitted(digits)
    assert [other for _, other in loop._pool._entries.values()] == [trainer]


# Swish has a gradient of its own, which TensorFlow registers as it does the optimizer's.
@pytest.mark.parametrize("activation", ["relu", "swish"])
def test_a_dropped_loop_leaves_no_graph_in_tensorflow(digits, activation):
    from tensorflow.python.framework import ops

    def registered():
        return {n for n in ops.gradient_registry.list() if n.startswith("CustomGradient-")}

    skmnist.clear_caches()
    before = registered()
    fitted(digits, activation=activation).predict(digits[0])
    ((_, trainer),) = loop._pool._entries.values()
    (concrete,) = trainer._traced.values()
    graph = ref(concrete.graph)
    assert registered() > before
    del trainer, concrete, _
    skmnist.clear_caches()
    assert graph() is None
    assert registered() == before


def test_gradients_that_the_user_registered_stay(digits):
    import tensorflow as tf

    @tf.custom_gradient
    def tripled(x):
        return x, lambda upstream: 3 * upstream

    @tf.function
    def loss(x):
        return tripled(x) ** 2

    x = tf.Variable(2.0)
    concrete = loss.get_concrete_function(tf.TensorSpec([], tf.float32))
    fitted(digits)
    skmnist.clear_caches()
    with tf.GradientTape() as tape:
        result = concrete(x)
    assert float(tape.gradient(result, x)) == 12


def test_a_loss_that_is_the_users_compiled_function_keeps_its_gradient(digits):
    import tensorflow as tf

    @tf.custom_gradient
    def tripled(x):
        return x, lambda upstream: 3 * upstream

    specs = [tf.TensorSpec([None, 10], tf.float32)] * 2
    loss = tf.function(lambda y, p: tripled(tf.reduce_sum((y - p) ** 2, axis=1)), specs)
    fitted(digits, loss=loss)
    skmnist.clear_caches()
    outputs = tf.ones((1, 10))
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        result = loss(tf.zeros((1, 10)), outputs)
    np.testing.assert_array_equal(tape.gradient(result, outputs), np.full((1, 10), 6.0))


def test_a_fit_within_a_users_tape_is_no_error(digits):
    import tensorflow as tf

    before = fitted(digits).predict_proba(digits[0])
    skmnist.clear_caches()
    with tf.GradientTape():
        classifier = fitted(digits)
    np.testing.assert_array_equal(classifier.predict_proba(digits[0]), before)
