"""Losses, metrics, activations and optimizers in all forms in which Keras takes them."""

import pickle
import sys
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

import skmnist
from skmnist import DNNClassifier, KerasClassifier, KerasRegressor
from skmnist._utils.backend import load_keras
from skmnist._utils.keras import excluded_from_weight_decay
from skmnist.training import _loop
from skmnist.training._losses import find_loss
from skmnist.training._metrics import find_metrics
from skmnist.training._optimizers import find_optimizer

keras = load_keras()
ops = keras.ops

# Keras 3.15's variables don't know NumPy's newest way to ask for an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def few(digits):
    X, _, y, _ = digits
    return (X[:200] / 16).astype("float32"), y[:200]


@pytest.fixture
def no_loops():
    skmnist.clear_caches()


def network(n_classes, activation="relu", last="softmax"):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(8, activation=activation),
            layers.Dense(n_classes, activation=last),
        ]
    )


def compiled_with(
    *, optimizer=lambda: "adam", loss=lambda: "categorical_crossentropy", metrics=lambda: None
):
    """Return a function that makes all of them anew each time it is called."""

    def build(n_classes):
        made = network(n_classes)
        made.compile(optimizer(), loss(), metrics=metrics())
        return made

    return build


def classifier(model=network, **settings):
    settings = {"epochs": 1, "learning_rate": 0.01, "random_state": 0, **settings}
    return KerasClassifier(model, **settings)


# -- of the user's own -------------------------------------------------------------------------


class Squares(keras.losses.Loss):
    """Without settings."""

    def call(self, targets, outputs):
        return ops.mean(ops.square(targets - outputs), axis=-1)


@keras.saving.register_keras_serializable("tests")
class Times(Squares):
    """With a setting that its config has."""

    def __init__(self, factor=1.0, **settings):
        super().__init__(**settings)
        self.factor = factor

    def call(self, targets, outputs):
        return self.factor * super().call(targets, outputs)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class Forgetful(Times):
    """With a setting that its config lacks."""

    get_config = Squares.get_config


def squares(targets, outputs):
    return ops.mean(ops.square(targets - outputs), axis=-1)


@keras.saving.register_keras_serializable("tests")
class Signs(keras.optimizers.Optimizer):
    """Steps of one size, times a factor."""

    def __init__(self, learning_rate=0.001, factor=1.0, **settings):
        super().__init__(learning_rate=learning_rate, **settings)
        self.factor = factor

    def update_step(self, gradient, variable, learning_rate):
        step = self.factor * ops.cast(learning_rate, variable.dtype) * ops.sign(gradient)
        self.assign_sub(variable, step)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class Halved(keras.optimizers.SGD):
    """Without settings of its own."""

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient / 2, variable, learning_rate)


class ForgetfulSigns(Signs):
    get_config = keras.optimizers.Optimizer.get_config


class Falling(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, start=0.1):
        self.start = start

    def __call__(self, step):
        return self.start / (1 + ops.cast(step, "float32"))

    def get_config(self):
        return {"start": self.start}


class Largest(keras.metrics.Mean):
    """The mean of the largest outputs."""

    def update_state(self, targets, outputs, sample_weight=None):
        return super().update_state(ops.max(outputs, axis=-1), sample_weight)


def leaky(x):
    return ops.maximum(x, 0.1 * x)


# -- losses ------------------------------------------------------------------------------------

SAME_LOSSES = [
    ["mean_squared_error", "mse", "MSE", "MeanSquaredError", keras.losses.mean_squared_error],
    ["mse", keras.losses.MeanSquaredError(), Squares(), squares, Times(1.0)],
    ["KLD", keras.losses.KLDivergence(), keras.losses.kl_divergence],
    ["cross_entropy", "crossentropy", keras.losses.SparseCategoricalCrossentropy()],
    [keras.losses.Huber(0.3), partial(keras.losses.huber, delta=0.3)],
]


@pytest.mark.parametrize("same", SAME_LOSSES, ids=lambda same: str(same[0])[:20])
def test_all_forms_of_a_loss_train_alike(same, few):
    first, *others = [classifier(loss=loss).fit(*few).history_["loss"] for loss in same]
    for other in others:
        assert other == pytest.approx(first, rel=1e-5)


@pytest.mark.parametrize("loss", ["mse", squares, keras.losses.Huber(0.3), Times(2.0)])
def test_a_loss_is_the_same_as_a_parameter_and_compiled(loss, few):
    given = classifier(loss=loss).fit(*few)
    in_function = classifier(compiled_with(loss=lambda: loss)).fit(*few)
    assert in_function.history_["loss"] == given.history_["loss"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        lambda: keras.losses.BinaryCrossentropy(label_smoothing=0.1),
        lambda: keras.losses.CategoricalFocalCrossentropy(alpha=[0.1] * 10, gamma=3),
        lambda: keras.losses.Huber(0.3),
        Squares,
        lambda: Times(2.0),
        lambda: partial(keras.losses.huber, delta=0.3),
    ],
)
def test_losses_of_equal_settings_are_equal(make):
    assert find_loss(make()) == find_loss(make())
    assert hash(find_loss(make())) == hash(find_loss(make()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (keras.losses.Huber(0.3), keras.losses.Huber(0.5)),
        (Times(1.0), Times(2.0)),
        (Times(1.0), Squares()),
        (Forgetful(1.0), Forgetful(2.0)),
        (lambda t, o: squares(t, o), lambda t, o: 2 * squares(t, o)),
        (partial(keras.losses.huber, delta=0.3), partial(keras.losses.huber, delta=0.5)),
    ],
)
def test_losses_that_differ_are_not_equal(one, other):
    assert find_loss(one) != find_loss(other)
    assert find_loss(one) == find_loss(one)


def test_a_loss_that_forgets_its_settings_is_used_with_them(few):
    one, two = (classifier(loss=Forgetful(f)).fit(*few).history_["loss"][0] for f in (1.0, 2.0))
    assert two == pytest.approx(2 * one, rel=0.1)


def test_a_loss_of_each_output_is_averaged_and_a_single_number_refused(few):
    each = classifier(loss=lambda t, o: ops.square(t - o)).fit(*few)
    assert each.history_["loss"] == classifier(loss="mse").fit(*few).history_["loss"]
    with pytest.raises(ValueError, match="expected one number per sample"):
        classifier(loss=lambda t, o: ops.mean(ops.square(t - o))).fit(*few)


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.MeanSquaredError(reduction="sum"),
        keras.losses.SparseCategoricalCrossentropy(reduction="sum"),
        Times(2.0, reduction="sum"),
    ],
)
def test_a_sum_over_the_batch_is_refused(loss, few):
    message = r"reduction='sum', but the loss is averaged over the batch. Leave reduction at"
    for estimator in (
        classifier(loss=loss),
        classifier(compiled_with(loss=lambda: loss)),
        DNNClassifier(loss=loss, epochs=1),
    ):
        with pytest.raises(ValueError, match=message):
            estimator.fit(*few)


def test_a_loss_of_a_function_of_ones_own_is_compared_by_it():
    class Wrapped(keras.losses.Loss):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def call(self, targets, outputs):
            return self.function(targets, outputs)

    assert find_loss(Wrapped(squares)) == find_loss(Wrapped(squares))
    assert find_loss(Wrapped(squares)) != find_loss(Wrapped(lambda t, o: squares(t, o)))
    assert find_loss(Wrapped(Times(2.0))) == find_loss(Wrapped(Times(2.0)))
    assert find_loss(Wrapped(Times(2.0))) != find_loss(Wrapped(Times(3.0)))


def test_losses_of_numbers_in_all_forms():
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X[:200]), scale(y[:200])

    def build():
        return keras.Sequential([keras.Input((10,)), keras.layers.Dense(1)])

    def losses(loss):
        estimator = KerasRegressor(build, loss=loss, learning_rate=0.1, epochs=2, random_state=0)
        return estimator.fit(X, y).history_["loss"]

    expected = losses("mse")
    for loss in (keras.losses.MeanSquaredError(), Squares()):
        assert losses(loss) == pytest.approx(expected, rel=1e-5)


# -- sharing -----------------------------------------------------------------------------------


def n_loops(*models, few):
    """Fit each model and a clone; return how many loops were compiled for all."""
    for model in models:
        for estimator in (model, clone(model)):
            estimator.fit(*few)
    return len(_loop._pool)


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": lambda: keras.losses.CategoricalCrossentropy(label_smoothing=0.1)},
        {"loss": lambda: Times(2.0)},
        {"optimizer": lambda: Signs(0.01, factor=0.5)},
        {"optimizer": lambda: keras.optimizers.Adam(Falling(0.01))},
        {"metrics": lambda: [Largest(), keras.metrics.AUC(), leaky_difference]},
    ],
    ids=["loss", "own loss", "own optimizer", "own schedule", "metrics"],
)
def test_what_the_function_makes_anew_shares_a_compiled_loop(settings, few, no_loops):
    model = KerasClassifier(compiled_with(**settings), epochs=1, random_state=0)
    assert n_loops(model, few=few) == 1


def leaky_difference(targets, outputs):
    return ops.mean(leaky(targets - outputs), axis=-1)


@pytest.mark.parametrize("activation", ["relu", leaky, lambda x: ops.tanh(x)])
def test_an_activation_as_an_argument_shares_a_compiled_loop(activation, few, no_loops):
    assert n_loops(classifier(activation=activation), few=few) == 1


def test_a_default_of_the_function_is_the_same_as_giving_it(few, no_loops):
    assert n_loops(classifier(), classifier(activation="relu"), few=few) == 1


def test_what_is_defined_in_the_function_is_right_and_shared_only_if_equal(few, no_loops):
    factors = iter([1.0, 2.0])

    def build(n_classes):
        factor = next(factors, 2.0)

        def loss(targets, outputs):
            return factor * squares(targets, outputs)

        made = network(n_classes)
        made.compile("adam", loss)
        return made

    one, two = (KerasClassifier(build, epochs=1, random_state=0).fit(*few) for _ in range(2))
    assert two.history_["loss"][0] == pytest.approx(2 * one.history_["loss"][0], rel=0.1)
    assert len(_loop._pool) == 2


# -- code that changes -------------------------------------------------------------------------


class Scaled(keras.losses.Loss):
    """Of a class attribute."""

    factor = 1.0

    def call(self, targets, outputs):
        return self.factor * squares(targets, outputs)


FACTOR = 1.0


def scaled_squares(targets, outputs):
    return FACTOR * squares(targets, outputs)


class ScaledSquares(keras.losses.Loss):
    def call(self, targets, outputs):
        return scaled_squares(targets, outputs)


class ScaledLargest(Largest):
    def update_state(self, targets, outputs, sample_weight=None):
        return super().update_state(targets, FACTOR * outputs, sample_weight)


class ScaledSteps(keras.optimizers.SGD):
    def update_step(self, gradient, variable, learning_rate):
        super().update_step(FACTOR * gradient, variable, learning_rate)


class ScaledCallable:
    def __init__(self):
        self.factor = 1.0

    def __call__(self, targets, outputs):
        return self.factor * squares(targets, outputs)


CHANGED = [sys.modules[__name__], "FACTOR"]


@pytest.mark.parametrize(
    ("loss", "changed"),
    [
        (scaled_squares, CHANGED),
        (ScaledSquares(), CHANGED),
        (partial(scaled_squares), CHANGED),
        (Scaled(), [Scaled, "factor"]),
        ((of_attribute := ScaledCallable()), [of_attribute, "factor"]),
    ],
    ids=["function", "class", "partial", "class attribute", "callable object"],
)
def test_a_value_that_a_loss_refers_to_counts_in_each_fit(loss, changed, few, monkeypatch):
    one = classifier(loss=loss).fit(*few).history_["loss"][0]
    monkeypatch.setattr(*changed, 100.0)
    other = classifier(loss=loss).fit(*few).history_["loss"][0]
    assert other == pytest.approx(100 * one, rel=0.2)


def test_a_value_that_a_metric_refers_to_counts_in_each_fit(few, monkeypatch):
    metrics = [scaled_squares, ScaledLargest(name="largest")]
    one = classifier(metrics=metrics).fit(*few).history_
    monkeypatch.setattr(*CHANGED, 100.0)
    other = classifier(metrics=metrics).fit(*few).history_
    for name in ("scaled_squares", "largest"):
        assert other[name] == pytest.approx([100 * one[name][0]], rel=1e-4)


def test_a_value_that_an_optimizer_refers_to_counts_in_each_fit(few, monkeypatch):
    def weights(optimizer):
        fitted = classifier(optimizer=optimizer, learning_rate=None).fit(*few)
        return fitted.network_.get_weights()[0]

    still, own = weights(keras.optimizers.SGD(1e-9)), ScaledSteps(0.01)
    one = weights(own)
    assert not np.allclose(one, still)
    monkeypatch.setattr(*CHANGED, 0.0)
    np.testing.assert_allclose(weights(own), still, atol=1e-6)


def test_a_value_counts_in_estimators_of_other_networks_too(few, monkeypatch):
    def loss():
        estimator = DNNClassifier(hidden_units=8, loss=scaled_squares, epochs=1, random_state=0)
        return estimator.fit(*few).history_["loss"][0]

    one = loss()
    monkeypatch.setattr(*CHANGED, 100.0)
    assert loss() == pytest.approx(100 * one, rel=0.3)


def test_copies_of_a_function_and_of_a_class_share_a_compiled_loop(few, no_loops):
    def parts(factor):
        class Own(keras.losses.Loss):
            def call(self, targets, outputs):
                return factor * squares(targets, outputs)

        class Steps(keras.optimizers.SGD):
            def update_step(self, gradient, variable, learning_rate):
                super().update_step(factor * gradient, variable, learning_rate)

        def metric(targets, outputs):
            return factor * squares(targets, outputs)

        return {"loss": Own(), "optimizer": Steps(0.01), "metrics": [metric]}

    for factor in (2.0, 2.0, 3.0):
        classifier(**parts(factor), learning_rate=None).fit(*few)
    assert len(_loop._pool) == 2


# -- optimizers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "optimizer",
    ["sgd", "SGD", keras.optimizers.SGD(0.01), skmnist.Optimizer("sgd")],
    ids=["name", "class name", "object", "Optimizer"],
)
def test_all_forms_of_an_optimizer_train_alike(optimizer, few):
    plain = classifier(optimizer="sgd").fit(*few).history_["loss"]
    assert classifier(optimizer=optimizer).fit(*few).history_["loss"] == plain
    in_function = compiled_with(optimizer=lambda: keras.optimizers.SGD(0.01))
    assert classifier(in_function, learning_rate=None).fit(*few).history_["loss"] == plain


def test_an_optimizer_of_ones_own_trains_every_network(few):
    optimizer = Signs(0.01, factor=0.5)
    for estimator in (
        classifier(optimizer=optimizer, learning_rate=None),
        classifier(compiled_with(optimizer=lambda: Signs(0.01, factor=0.5)), learning_rate=None),
        DNNClassifier(
            hidden_units=8, optimizer=optimizer, schedule="constant", epochs=1, random_state=0
        ),
    ):
        fitted = clone(estimator).fit(*few)
        assert fitted.history_["learning_rate"] == pytest.approx([0.01])
        made = fitted._training_spec().optimizer.make()
        assert type(made) is Signs
        assert made.factor == 0.5
    assert not optimizer.built


def test_its_steps_are_its_own(few):
    halved = classifier(optimizer=Halved(0.1), learning_rate=None).fit(*few)
    plain = classifier(optimizer="sgd", learning_rate=0.05).fit(*few)
    np.testing.assert_allclose(halved.predict_proba(few[0]), plain.predict_proba(few[0]), atol=1e-6)


def test_optimizers_of_ones_own_are_compared_by_class_and_settings():
    assert find_optimizer(Signs(factor=0.5)) == find_optimizer(Signs(factor=0.5))
    assert find_optimizer(Signs(factor=0.5)) != find_optimizer(Signs(factor=0.6))
    assert find_optimizer(Halved()) != find_optimizer(keras.optimizers.SGD())
    spec = find_optimizer(Signs(factor=0.5))
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_one_that_forgets_its_settings_is_refused(few):
    message = r"get_config of ForgetfulSigns lacks factor; expected all arguments"
    with pytest.raises(TypeError, match=message):
        classifier(optimizer=ForgetfulSigns(), learning_rate=None).fit(*few)


def without_bias():
    optimizer = keras.optimizers.AdamW(0.01)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def test_exclusions_from_weight_decay_that_would_be_lost_are_refused(few):
    message = "excludes variables from weight decay, which its get_config lacks"
    for estimator in (
        classifier(optimizer=without_bias(), learning_rate=None),
        classifier(compiled_with(optimizer=without_bias)),
    ):
        with pytest.raises(ValueError, match=message):
            estimator.fit(*few)


class WithoutBias(keras.optimizers.AdamW):
    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self.exclude_from_weight_decay(var_names=["bias"])


def test_exclusions_from_weight_decay_of_an_optimizer_class_are_kept():
    made = find_optimizer(WithoutBias(0.01)).make()
    assert excluded_from_weight_decay(made)[1].pattern == "bias"


def test_a_schedule_of_ones_own_sets_the_rate(few):
    optimizer = keras.optimizers.SGD(Falling(0.1))
    fitted = clone(classifier(optimizer=optimizer, learning_rate=None)).fit(*few)
    assert fitted.history_["learning_rate"] == pytest.approx([0.1])
    assert isinstance(fitted._training_spec().optimizer.make(), keras.optimizers.SGD)


def test_a_function_as_the_learning_rate_is_refused(few):
    optimizer = keras.optimizers.SGD(lambda: 0.1)
    with pytest.raises(TypeError, match="a function, which can't be compiled; expected a number"):
        classifier(optimizer=optimizer, learning_rate=None).fit(*few)


def test_training_continues_with_an_optimizer_of_ones_own(few):
    fitted = classifier(optimizer=Signs(0.01), learning_rate=None, warm_start=True)
    back = pickle.loads(pickle.dumps(fitted.fit(*few)))
    assert back.fit(*few).n_epochs_ == 2
    assert back.history_["loss"][1] < back.history_["loss"][0]


# -- metrics -----------------------------------------------------------------------------------


def test_metrics_in_all_forms_are_recorded(few):
    metrics = [
        "mae",
        "AUC",
        "crossentropy",
        squares,
        Largest(name="largest"),
        keras.metrics.MeanMetricWrapper(squares, name="wrapped"),
        keras.metrics.F1Score(average="macro"),
        keras.metrics.SparseTopKCategoricalAccuracy(3, name="top_3"),
    ]
    given = clone(classifier(metrics=metrics)).fit(*few, X_val=few[0], y_val=few[1])
    names = ["mae", "AUC", "crossentropy", "squares", "largest", "wrapped", "f1_score", "top_3"]
    assert set(names) < set(given.history_)
    probabilities = given.predict_proba(few[0])
    one_hot = np.eye(10)[few[1]]
    expected = {
        "mae": np.abs(probabilities - one_hot).mean(),
        "crossentropy": -np.log(probabilities[one_hot == 1]).mean(),
        "squares": np.square(probabilities - one_hot).mean(),
        "wrapped": np.square(probabilities - one_hot).mean(),
        "largest": probabilities.max(axis=1).mean(),
    }
    for name, value in expected.items():
        assert given.history_[f"val_{name}"] == pytest.approx([value], rel=1e-4), name
    in_function = compiled_with(metrics=lambda: metrics)
    compiled = classifier(in_function).fit(*few)
    for name in names:
        assert compiled.history_[name] == given.history_[name], name


def test_weighted_metrics_are_refused(few):
    def build(n_classes):
        made = network(n_classes)
        made.compile("adam", "categorical_crossentropy", weighted_metrics=["accuracy"])
        return made

    with pytest.raises(ValueError, match=r"without sample weights here. Use metrics= instead"):
        classifier(build).fit(*few)


def test_metrics_that_differ_are_not_equal():
    thresholds = [keras.metrics.Precision(t, name="p") for t in (0.3, 0.3, 0.5)]
    one, same, other = (find_metrics([metric]) for metric in thresholds)
    assert one == same != other
    (named,), (function,) = find_metrics(["mse"]), find_metrics([squares])
    assert named != function


def test_a_metric_that_forgets_its_settings_is_refused(few):
    class Scaled(Largest):
        def __init__(self, factor=1.0, **settings):
            super().__init__(**settings)
            self.factor = factor

    with pytest.raises(TypeError, match="get_config of Scaled lacks factor"):
        classifier(metrics=[Scaled()]).fit(*few)


# -- activations -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "same",
    [
        ["relu", keras.activations.relu, keras.layers.ReLU(), keras.layers.Activation("relu")],
        ["leaky_relu", keras.layers.LeakyReLU(0.2), lambda x: ops.maximum(x, 0.2 * x)],
    ],
)
def test_all_forms_of_an_activation_train_alike(same, few):
    first, *others = [
        clone(classifier(activation=each)).fit(*few).history_["loss"] for each in same
    ]
    for other in others:
        assert other == pytest.approx(first, rel=1e-5)


@pytest.mark.parametrize("last", [keras.layers.Softmax(), keras.activations.softmax])
def test_the_last_activation_may_be_a_layer_or_a_function(last, few):
    expected = classifier().fit(*few).predict_proba(few[0])
    np.testing.assert_allclose(
        classifier(last=last).fit(*few).predict_proba(few[0]), expected, atol=1e-6
    )


def test_a_search_goes_over_objects(few):
    grid = {
        "loss": ["cross_entropy", Times(2.0)],
        "optimizer": ["adam", Signs(0.01)],
        "activation": [leaky],
    }
    search = GridSearchCV(classifier(learning_rate=None), grid, cv=2, error_score="raise")
    search.fit(*few)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.loss is search.best_params_["loss"]


# -- steps of one's own ------------------------------------------------------------------------


STEPS = ["train_step", "test_step", "predict_step", "compute_loss", "compute_metrics", "fit"]


@pytest.mark.parametrize("name", STEPS)
def test_a_step_of_a_class_or_of_an_object_is_refused(name, few):
    def step(self, *args, **settings):
        return getattr(keras.Sequential, name)(self, *args, **settings)

    def of_class(n_classes):
        return type("Own", (keras.Sequential,), {name: step})(network(n_classes).layers)

    def of_object(n_classes):
        made = network(n_classes)
        setattr(made, name, partial(step, made))
        return made

    for build in (of_class, of_object, of_object(10)):
        with pytest.raises(ValueError, match=f"has a {name} of its own, which isn't used"):
            classifier(build).fit(*few)
