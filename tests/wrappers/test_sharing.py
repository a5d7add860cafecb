"""Equal networks share one compiled loop, and networks that differ in anything never do."""

import functools
import gc
import threading
import types
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from joblib.externals.loky import cloudpickle_wrapper as cloudpickle  # whichever joblib uses
from sklearn.model_selection import GridSearchCV, cross_val_score

import skmnist
from skmnist import KerasClassifier
from skmnist._utils.backend import load_keras
from skmnist.networks._adapted import Layout
from skmnist.training import _loop as loop
from skmnist.training import _predictor as predictor
from skmnist.training._pool import Pool
from skmnist.wrappers._own_network import Maker, OwnNetwork

keras = load_keras()
layers = keras.layers
FEW = {"epochs": 1, "random_state": 0}


def build(n_classes, hidden=8, activation="relu"):
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(hidden, activation=activation),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )


@pytest.fixture
def made(monkeypatch):
    """Gather the compiled loops that are made; none is left of other tests."""
    make, trainers = loop._new_trainer, []

    def note(spec, seed):
        trainers.append(make(spec, seed))
        return trainers[-1]

    monkeypatch.setattr(loop, "_pool", Pool(maxsize=8))
    monkeypatch.setattr(loop, "_new_trainer", note)
    return trainers


@pytest.fixture
def few(digits):
    return digits[0][:80] / 16, digits[2][:80]


def n_traces(trainers):
    return sum(len(trainer._traced) for trainer in trainers)


# -- equal networks ------------------------------------------------------------------------


def test_folds_are_traced_once(made, few):
    cross_val_score(KerasClassifier(build, **FEW), *few, cv=4)
    assert (len(made), n_traces(made)) == (1, 1)


def test_candidates_that_change_no_network_share_one_loop(made, few):
    grid = {"learning_rate": [1e-3, 1e-2], "epochs": [1, 2], "random_state": [0, 1]}
    GridSearchCV(KerasClassifier(build), grid, cv=2).fit(*few)
    assert (len(made), n_traces(made)) == (1, 1)


def test_each_width_has_a_loop_of_its_own(made, few):
    GridSearchCV(KerasClassifier(build, **FEW), {"hidden": [4, 8]}, cv=2).fit(*few)
    assert len(made) == 2


def test_a_function_that_compiles_with_other_rates_shares_the_loop(made, few):
    def compiled(n_classes, rate=0.001):
        network = build(n_classes)
        network.compile(keras.optimizers.Adam(rate), "categorical_crossentropy")
        return network

    GridSearchCV(KerasClassifier(compiled, **FEW), {"rate": [1e-3, 1e-2]}, cv=2).fit(*few)
    assert len(made) == 1


def test_a_function_that_a_worker_gets_anew_in_each_task_shares_the_loop(made, few):
    def inner(n_classes, scale=0.5):
        return keras.Sequential(
            [
                keras.Input((64,)),
                layers.Lambda(lambda x: x * scale),
                layers.Dense(n_classes, activation="softmax"),
            ]
        )

    sent = cloudpickle.dumps(KerasClassifier(inner, **FEW))
    one, other = cloudpickle.loads(sent), cloudpickle.loads(sent)
    assert one.model is not other.model
    first, second = (each.fit(*few).predict_proba(few[0]) for each in (one, other))
    np.testing.assert_array_equal(first, second)
    assert len(made) == 1


def test_each_function_gives_its_own_initial_weights_to_the_shared_loop(made, few):
    """As those that load weights from a file do."""

    def starting_at(value):
        def constant(n_classes):
            network = build(n_classes)
            network.set_weights([np.full_like(w, value) for w in network.get_weights()])
            return network

        return constant

    fits = [
        KerasClassifier(starting_at(value), learning_rate=1e-12, **FEW).fit(*few)
        for value in (0.25, 0.5)
    ]
    assert len(made) == 1
    for classifier, value in zip(fits, (0.25, 0.5), strict=True):
        assert classifier.network_.get_weights()[0] == pytest.approx(value, abs=1e-6)


def test_a_template_gives_its_own_weights_to_the_shared_loop(made, few):
    one = build(10)
    other = keras.models.clone_model(one)
    fits = [KerasClassifier(each, learning_rate=1e-12, **FEW).fit(*few) for each in (one, other)]
    assert len(made) == 1
    for template, classifier in zip((one, other), fits, strict=True):
        for before, after in zip(
            template.get_weights(), classifier.network_.get_weights(), strict=True
        ):
            np.testing.assert_allclose(after, before, atol=1e-6)


# -- the key ---------------------------------------------------------------------------------


def key_of(function):
    return OwnNetwork.of(Maker(function, {}), Layout((4,)), 0, (1, 4, 1), "float32").key


def of(*inner, inputs=4):
    return keras.Sequential([keras.Input((inputs,)), *inner, layers.Dense(2)])


class Scaled(layers.Layer):
    """A layer whose description leaves something out."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def get_config(self):
        return {}

    def call(self, x):
        return x * self.scale


def scaled_by(scale):
    return lambda: of(Scaled(scale))


def closed_over(scale):
    def activation(x):
        return x * scale

    return lambda: of(layers.Dense(3, activation=activation))


def of_ops(operation):
    def make():
        inputs = keras.Input((4,))
        return keras.Model(inputs, layers.Dense(2)(operation(inputs)))

    return make


def of_class(method):
    """Define a class of one name again, as a cell of a notebook that is run again does."""

    class Own(layers.Layer):
        call = method

    return lambda: of(Own())


def of_model(factor):
    class Own(keras.Model):
        def __init__(self, inner, factor):  # can't be described by Keras
            super().__init__()
            self.inner, self.factor = inner, factor

        def call(self, x):
            return self.inner(x) * self.factor

    return lambda: Own(layers.Dense(2), factor)


def of_table(table):
    class Lookup(layers.Layer):
        def __init__(self):
            super().__init__()
            self.table = {"values": [np.array(table, dtype="float32")]}

        def call(self, x):
            return x * keras.ops.convert_to_tensor(self.table["values"][0])

    return lambda: of(Lookup())


def of_lambda(**settings):
    options = SimpleNamespace(**settings)
    return lambda: of(layers.Lambda(lambda x: x * options.scale))


def of_module(scale):
    module = types.ModuleType("settings_of_a_script")
    module.scale = scale
    space = {"of": of, "layers": layers, "settings": module}
    exec("def make():\n    return of(layers.Lambda(lambda x: x * settings.scale))", space)
    return space["make"]


def of_global(scale):
    space = {"of": of, "layers": layers, "SCALE": scale}
    exec("def make():\n    return of(layers.Lambda(lambda x: (lambda y: y * SCALE)(x)))", space)
    return space["make"]


def with_default(scale):
    def activation(x, scale=scale):
        return x * scale

    return lambda: of(layers.Dense(3, activation=activation))


def of_partial(scale):
    return lambda: of(layers.Dense(3, activation=functools.partial(lambda s, x: s * x, scale)))


def of_method(scale):
    class Activations:
        def __init__(self):
            self.scale = scale

        def activation(self, x):
            return x * self.scale

        def __call__(self, x):
            return -x * self.scale

    return Activations()


def of_inheritance(scale):
    class Base(layers.Layer):
        factor = scale

    class Own(Base):
        def call(self, x):
            return x * self.factor

    return lambda: of(Own())


def swapped(order):
    def make():
        inputs = keras.Input((4,))
        both = [layers.Dense(4, name="a")(inputs), layers.Dense(4, name="b")(inputs)]
        return keras.Model(inputs, layers.Dense(2)(layers.Subtract()([both[i] for i in order])))

    return make


def penalty(strength):
    class Penalty(keras.regularizers.Regularizer):
        def __call__(self, weights):
            return strength * keras.ops.sum(weights**2)

    return lambda: of(layers.Dense(3, kernel_regularizer=Penalty()))


UNLIKE = {
    "widths": (lambda: of(layers.Dense(3)), lambda: of(layers.Dense(5))),
    "rates of dropout": (lambda: of(layers.Dropout(0.1)), lambda: of(layers.Dropout(0.2))),
    "activations": (lambda: of(layers.ReLU()), lambda: of(layers.ELU())),
    "activations by name": (
        lambda: of(layers.Dense(3, activation="relu")),
        lambda: of(layers.Dense(3, activation="elu")),
    ),
    "regularizers": (
        lambda: of(layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.1))),
        lambda: of(layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.2))),
    ),
    "own regularizers": (penalty(0.1), penalty(0.2)),
    "activity regularizers": (
        lambda: of(layers.Dense(3, activity_regularizer=keras.regularizers.L2(0.1))),
        lambda: of(layers.Dense(3, activity_regularizer=keras.regularizers.L2(0.2))),
    ),
    "constraints": (
        lambda: of(layers.Dense(3, kernel_constraint=keras.constraints.MaxNorm(1))),
        lambda: of(layers.Dense(3, kernel_constraint=keras.constraints.MaxNorm(2))),
    ),
    "momenta": (
        lambda: of(layers.BatchNormalization(momentum=0.9)),
        lambda: of(layers.BatchNormalization(momentum=0.99)),
    ),
    "what may be trained": (
        lambda: of(layers.Dense(3)),
        lambda: of(layers.Dense(3, trainable=False)),
    ),
    "precisions": (
        lambda: of(layers.Dense(3)),
        lambda: of(layers.Dense(3, dtype="mixed_bfloat16")),
    ),
    "fixed statistics": (
        lambda: of(layers.Normalization(mean=1.0, variance=1.0)),
        lambda: of(layers.Normalization(mean=2.0, variance=1.0)),
    ),
    "inner layers": (
        lambda: of(layers.Reshape((2, 2)), layers.TimeDistributed(layers.ReLU()), layers.Flatten()),
        lambda: of(layers.Reshape((2, 2)), layers.TimeDistributed(layers.ELU()), layers.Flatten()),
    ),
    "a layer with an incomplete get_config": (scaled_by(1.0), scaled_by(2.0)),
    "functions of one name": (closed_over(1.0), closed_over(2.0)),
    "default values": (with_default(1.0), with_default(2.0)),
    "partial functions": (of_partial(1.0), of_partial(2.0)),
    "methods of objects": (
        lambda: of(layers.Dense(3, activation=of_method(1.0).activation)),
        lambda: of(layers.Dense(3, activation=of_method(2.0).activation)),
    ),
    "callable objects": (
        lambda: of(layers.Dense(3, activation=of_method(1.0))),
        lambda: of(layers.Dense(3, activation=of_method(2.0))),
    ),
    "lambdas": (
        lambda: of(layers.Lambda(lambda x: keras.ops.sin(x))),
        lambda: of(layers.Lambda(lambda x: keras.ops.cos(x))),
    ),
    "operations": (of_ops(lambda x: x * 2), of_ops(lambda x: x * 3)),
    "operations of arrays": (
        of_ops(lambda x: x * np.arange(4, dtype="float32")),
        of_ops(lambda x: x * np.arange(1, 5, dtype="float32")),
    ),
    "operations of settings": (
        of_ops(lambda x: keras.ops.clip(x, 0, 1)),
        of_ops(lambda x: keras.ops.clip(x, 0, 2)),
    ),
    "classes of one name": (of_class(lambda self, x: x + 1), of_class(lambda self, x: x - 1)),
    "attributes of a base class": (of_inheritance(1.0), of_inheritance(2.0)),
    "models that Keras can't describe": (of_model(1.0), of_model(2.0)),
    "arrays in a layer": (of_table([1, 2, 3, 4]), of_table([1, 2, 3, 5])),
    "objects that a function refers to": (of_lambda(scale=1.0), of_lambda(scale=2.0)),
    "modules that a function refers to": (of_module(1.0), of_module(2.0)),
    "globals of a function in a function": (of_global(1.0), of_global(2.0)),
    "the order of inputs": (swapped([0, 1]), swapped([1, 0])),
}


@pytest.mark.parametrize(("one", "other"), UNLIKE.values(), ids=UNLIKE)
def test_networks_that_differ_do_not_share(one, other):
    assert key_of(one) == key_of(one)
    assert key_of(other) == key_of(other)
    assert key_of(one) != key_of(other)


def compiled(network):
    network.compile("sgd", "mse")
    return network


class Small(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(2)

    def call(self, x):
        return self.inner(x)


class Builder:
    """A callable object."""

    def __init__(self):
        self.n_calls = 0

    def __call__(self):
        self.n_calls += 1
        return of()


CALLS = []
ALIKE = {
    "functions of another name": (lambda: of(layers.ReLU()), lambda: of(*[layers.ReLU()])),
    "a function and a partial one": (lambda: of(inputs=5), functools.partial(of, inputs=5)),
    "a function and an object": (of, Builder()),
    "a function and a class": (lambda: Small(), Small),
    "seeds of initializers": (
        lambda: of(layers.Dense(3, kernel_initializer=keras.initializers.RandomNormal(seed=1))),
        lambda: of(layers.Dense(3, kernel_initializer=keras.initializers.RandomNormal(seed=2))),
    ),
    "seeds of dropout": (
        lambda: of(layers.Dropout(0.1, seed=1)),
        lambda: of(layers.Dropout(0.1, seed=2)),
    ),
    "initializers": (
        lambda: of(layers.Dense(3, kernel_initializer="he_normal")),
        lambda: of(layers.Dense(3, kernel_initializer="zeros")),
    ),
    "compiled and not": (lambda: of(layers.Dense(3)), lambda: compiled(of(layers.Dense(3)))),
    "calls that are counted": (lambda: (CALLS.append(1), of())[1], of),
}


def test_a_variable_of_none_of_its_layers_is_equal_only_to_itself_with_one_value():
    """The compiled code of one network doesn't see what a callback assigns to another's."""
    variable, same = keras.Variable(1.0, trainable=False), keras.Variable(1.0, trainable=False)

    def key(used):
        return key_of(lambda: of(layers.Lambda(lambda x: x * used)))

    before = key(variable)
    assert key(variable) == before != key(same)
    variable.assign(2.0)
    assert key(variable) != before


def test_a_variable_of_none_of_its_layers_counts_in_each_fit(few):
    def scaled(n_classes, scale):
        variable = keras.Variable(scale, trainable=False)
        network = build(n_classes)
        network.add(layers.Lambda(lambda x: x * variable))
        return network

    one, other = (
        KerasClassifier(scaled, scale=scale, loss=lambda t, o: keras.ops.mean(o, -1), **FEW)
        .fit(*few)
        .history_["loss"][0]
        for scale in (0.1, 1.0)
    )
    assert other == pytest.approx(10 * one, rel=1e-3)


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE)
def test_networks_that_compute_the_same_share_whatever_made_them(one, other):
    inputs = 5 if "inputs" in getattr(other, "keywords", {}) else 4
    layout = Layout((inputs,)), 0, (1, inputs, 1), "float32"
    keys = [OwnNetwork.of(Maker(each, {}), *layout).key for each in (one, other)]
    assert keys[0] == keys[1]


def test_a_global_that_changes_the_network_is_noticed():
    space = {"of": of, "layers": layers, "SCALE": 1.0}
    exec("def make():\n    return of(layers.Lambda(lambda x: x * SCALE))", space)
    before = key_of(space["make"])
    assert key_of(space["make"]) == before
    space["SCALE"] = 2.0
    assert key_of(space["make"]) != before


@pytest.mark.parametrize(
    "make",
    [
        lambda: of(layers.Dense(3), layers.BatchNormalization(), layers.Dropout(0.1)),
        lambda: keras.Sequential(
            [
                keras.Input((4,)),
                layers.Embedding(9, 3),
                layers.Bidirectional(layers.LSTM(2, return_sequences=True, dropout=0.1)),
                layers.GRU(2),
                layers.Dense(2),
            ]
        ),
        lambda: of(layers.Reshape((2, 2, 1)), layers.RandomFlip(), layers.Flatten()),
    ],
    ids=["dense", "recurrent", "augmenting"],
)
def test_the_key_is_the_same_in_each_build_and_for_each_copy_of_the_function(make):
    copy = cloudpickle.loads(cloudpickle.dumps(make))
    assert key_of(make) == key_of(make) == key_of(copy)


def test_what_is_nested_too_deeply_is_like_nothing_else():
    nested = []
    for _ in range(10_000):
        nested = [nested]

    def make():
        return of(layers.Lambda(lambda x: x * len(nested)))

    assert key_of(make) != key_of(make)


def test_what_cannot_be_described_is_not_shared_but_goes_on_training(made, few):
    class Sized(layers.Layer):
        def __init__(self):
            super().__init__()
            self.rows = (i for i in range(3))  # can't be pickled

        def call(self, x):
            return x * 2

    def odd(n_classes):
        return keras.Sequential(
            [keras.Input((64,)), Sized(), layers.Dense(n_classes, activation="softmax")]
        )

    classifier = KerasClassifier(odd, **FEW).fit(*few).partial_fit(*few)
    assert classifier.n_epochs_ == 2
    assert len(made) == 2


def test_a_network_that_changed_does_not_go_on_training(few):
    classifier = KerasClassifier(build, **FEW).fit(*few)
    with pytest.raises(ValueError, match="parameters have changed since it was fitted"):
        classifier.set_params(hidden=9).partial_fit(*few)


# -- threads ---------------------------------------------------------------------------------


def dropping(n_classes):
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(16),
            layers.Dropout(0.3),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )


class Late(keras.Model):
    """Makes its layers when it is first called."""

    def __init__(self, n_classes):
        super().__init__()
        self.n_classes = n_classes

    def build(self, input_shape):
        self.inner = layers.Dense(self.n_classes, activation="softmax")
        self.inner.build(input_shape)

    def call(self, x):
        return self.inner(x)


def from_numpy(n_classes):
    def draw(shape, dtype=None):
        return np.random.standard_normal(shape) / 100  # noqa: NPY002

    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(n_classes, activation="softmax", kernel_initializer=draw),
        ]
    )


@pytest.mark.parametrize("function", [dropping, Late, from_numpy])
def test_fits_in_two_threads_give_the_bits_of_one_alone(few, function):
    def fit(seed, barrier=None):
        if barrier is not None:
            barrier.wait(timeout=900)
        fitted = KerasClassifier(function, epochs=1, random_state=seed).fit(*few)
        return fitted.predict_proba(few[0]).tobytes()

    alone = [fit(0), fit(1)]
    assert alone[0] != alone[1]
    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda seed: fit(seed, barrier), [0, 1])) == alone


def test_a_fit_leaves_the_global_generators_as_they_were(few):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    KerasClassifier(from_numpy, **FEW).fit(*few)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


# -- memory ----------------------------------------------------------------------------------


def test_many_different_networks_fill_no_more_than_the_caches(monkeypatch, few):
    make, trainers = loop._new_trainer, []

    def note(spec, seed):
        trainer = make(spec, seed)
        trainers.append(weakref.ref(trainer))
        return trainer

    monkeypatch.setattr(loop, "_pool", Pool(maxsize=2))
    monkeypatch.setattr(loop, "_new_trainer", note)
    for width in range(1, 6):
        KerasClassifier(build, hidden=width, **FEW).fit(*few).predict(few[0][:2])
    gc.collect()
    assert [trainer() is not None for trainer in trainers] == [False] * 3 + [True] * 2
    assert len(predictor._compiled) <= 16
    skmnist.clear_caches()
    assert not any(trainer() for trainer in trainers)
    assert len(loop._pool) == len(predictor._compiled) == 0
