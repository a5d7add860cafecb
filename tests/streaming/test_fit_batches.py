"""A fit on batches is the fit on all samples, from whatever source the batches come."""

import functools
import math
import tracemalloc
import warnings
from itertools import islice

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skmnist import (
    Augmentation,
    CNNClassifier,
    DNNClassifier,
    DNNRegressor,
    KerasClassifier,
    PretrainedClassifier,
    fit_batches,
    predict_batches,
)
from skmnist._inputs import batches as sources
from skmnist._inputs import survey
from skmnist._utils.backend import load_keras
from skmnist.training import _parts

N = 300
SETTINGS = {"batch_size": 32, "epochs": 3, "random_state": 0}
IN_ORDER = DNNClassifier(**SETTINGS, hidden_units=(16,), shuffle=False)
# Sizes that have nothing to do with the estimator's.
ENDS = [7, 64, 65, 200, 290]

keras = load_keras()


class Batches(keras.utils.PyDataset):
    """Batches of one size, whose order changes before each epoch if they have a seed."""

    def __init__(self, X, y, size=32, seed=None):
        super().__init__()
        self.X, self.y, self.size = X, y, size
        self.rng = None if seed is None else np.random.default_rng(seed)
        self.order = np.arange(len(X))

    def __len__(self):
        return math.ceil(len(self.X) / self.size)

    def __getitem__(self, i):
        rows = self.order[i * self.size : (i + 1) * self.size]
        return self.X[rows], self.y[rows]

    # Not on_epoch_end, which Keras calls before the first epoch too.
    def on_epoch_begin(self):
        if self.rng is not None:
            self.order = self.rng.permutation(len(self.X))


def pairs(*arrays):
    return list(zip(*(np.split(array, ENDS) for array in arrays), strict=True))


def generated(*arrays):
    yield from pairs(*arrays)


def of_tensorflow(X, y):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((X, y)).batch(77)


def of_torch(X, y, **settings):
    data = pytest.importorskip("torch.utils.data")
    torch = pytest.importorskip("torch")
    return data.DataLoader(data.TensorDataset(torch.tensor(X), torch.tensor(y)), 50, **settings)


SOURCES = {
    "PyDataset": lambda X, y: Batches(X, y, size=45),
    "tf.data.Dataset": of_tensorflow,
    "DataLoader": of_torch,
    "list": pairs,
    "generator function": lambda X, y: functools.partial(generated, X, y),
    "function that returns a list": lambda X, y: lambda: pairs(X, y),
}


@pytest.fixture(scope="module")
def images(digits):
    return digits[0][:N].reshape(-1, 8, 8)


@pytest.fixture(scope="module")
def y(digits):
    return digits[2][:N]


def assert_equal(one, other, X):
    assert one.history_ == other.history_
    name = "predict_proba" if hasattr(one, "predict_proba") else "predict"
    assert np.array_equal(getattr(one, name)(X), getattr(other, name)(X))


@pytest.mark.parametrize("source", SOURCES)
def test_batches_in_order_give_the_bits_of_a_fit(source, images, y, monkeypatch):
    monkeypatch.setattr(_parts, "_BYTES_IN_PART", 96 * 64)  # three steps
    fitted = clone(IN_ORDER).fit(images, y)
    of_batches = clone(IN_ORDER)
    assert fit_batches(of_batches, SOURCES[source](images, y)) is of_batches
    assert_equal(of_batches, fitted, images)
    assert of_batches.get_params() == fitted.get_params()
    assert of_batches.pixel_scale_ == fitted.pixel_scale_ == 16


def test_weights_and_classes_are_those_of_a_fit(images, y):
    names = np.array([f"digit {label}" for label in y])
    weights = np.random.default_rng(0).integers(0, 3, N)  # a third of them zero
    network = clone(IN_ORDER).set_params(class_weight="balanced", dropout=0.2)
    fitted = clone(network).fit(images, names, sample_weight=weights)
    of_batches = fit_batches(clone(network), pairs(images, names, weights))
    assert of_batches.classes_.tolist() == fitted.classes_.tolist()
    assert_equal(of_batches, fitted, images)
    more = fit_batches(clone(IN_ORDER), pairs(images, y), classes=range(12))
    assert more.predict_proba(images).shape == (N, 12)


def test_augmentation_and_convolutions_are_those_of_a_fit(images, y):
    network = CNNClassifier(
        conv_blocks=[2],
        augmentation=Augmentation(shift=0.1),
        batch_size=64,
        epochs=2,
        shuffle=False,
        random_state=0,
    )
    assert_equal(fit_batches(clone(network), pairs(images, y)), network.fit(images, y), images)


def test_several_labels_and_numbers_are_learned_too(images, y):
    several = np.stack([y % 2, y > 4], axis=1).astype(int)
    assert_equal(
        fit_batches(clone(IN_ORDER), pairs(images, several)),
        clone(IN_ORDER).fit(images, several),
        images,
    )
    regressor = DNNRegressor(**SETTINGS, hidden_units=(16,), shuffle=False)
    of_batches = fit_batches(clone(regressor), pairs(images, y.astype(float)))
    assert_equal(of_batches, regressor.fit(images, y.astype(float)), images)


def test_a_network_of_ones_own_takes_inputs_by_name(images, y):
    def build(meta):
        left, right = (keras.Input((8, 4), name=name) for name in ("left", "right"))
        flat = keras.layers.Flatten()(keras.layers.Concatenate()([left, right]))
        return keras.Model([left, right], keras.layers.Dense(10, activation="softmax")(flat))

    X = {"left": images[..., :4] / 16, "right": images[..., 4:] / 16}
    batches = [
        ({"left": left, "right": right}, labels)
        for left, right, labels in pairs(X["left"], X["right"], y)
    ]
    network = KerasClassifier(build, **SETTINGS, shuffle=False)
    assert_equal(fit_batches(clone(network), batches), network.fit(X, y), X)


def test_the_numbers_are_those_of_keras_own_fit_on_the_same_dataset(images, y):
    scaled = (images / 16).astype(np.float32)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            keras.layers.Flatten(),
            keras.layers.Dense(16, activation="tanh"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    network = KerasClassifier(
        model, optimizer=keras.optimizers.SGD(0.1, momentum=0.9), shuffle=False,
        loss="sparse_categorical_crossentropy", batch_size=32, epochs=3,
    )  # fmt: skip
    fit_batches(network, Batches(scaled, y, seed=1), validation_data=(scaled[:50], y[:50]))
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    theirs = model.fit(
        Batches(scaled, y, seed=1), epochs=3, verbose=0, shuffle=False,
        validation_data=(scaled[:50], y[:50]),
    ).history  # fmt: skip
    for name, curve in theirs.items():
        assert network.history_[name] == pytest.approx(curve, rel=1e-4), name
    np.testing.assert_allclose(
        network.predict_proba(scaled), model.predict(scaled, verbose=0), atol=1e-5
    )


def test_a_loader_that_shuffles_keeps_labels_beside_their_images(images, y):
    pytest.importorskip("torch").manual_seed(0)
    network = clone(IN_ORDER).set_params(epochs=30, learning_rate=0.01)
    fit_batches(network, of_torch(images, y, shuffle=True))
    assert network.score(images, y) > 0.95


def test_samples_are_mixed_within_parts_unless_shuffle_is_off(images, y, monkeypatch):
    network = clone(IN_ORDER).set_params(shuffle=True)
    whole = fit_batches(clone(network), pairs(images, y))
    assert_equal(whole, fit_batches(clone(network), pairs(images, y)), images)
    assert whole.history_ != fit_batches(clone(IN_ORDER), pairs(images, y)).history_
    monkeypatch.setattr(_parts, "_BYTES_IN_PART", 32 * 64)
    sorted_by_class = np.argsort(y, kind="stable")
    one_at_a_time = pairs(images[sorted_by_class], y[sorted_by_class])
    assert fit_batches(network, one_at_a_time).history_["loss"][-1] > whole.history_["loss"][-1]


def test_validation_data_are_arrays_or_batches(images, y):
    network = clone(IN_ORDER).set_params(early_stopping=True, n_iter_no_change=2, epochs=40)
    X, labels = images[:200], y[:200]
    judged = images[200:], y[200:], np.linspace(0, 1, 100)
    fitted = clone(network).fit(
        X, labels, X_val=judged[0], y_val=judged[1], sample_weight_val=judged[2]
    )
    batches = np.split(X, 4), np.split(labels, 4)
    train = list(zip(*batches, strict=True))
    of_arrays = fit_batches(clone(network), train, validation_data=judged)
    assert_equal(of_arrays, fitted, X)
    judged_in_batches = list(zip(*(np.split(part, 5) for part in judged), strict=True))
    of_batches = fit_batches(clone(network), train, validation_data=judged_in_batches)
    assert of_batches.history_["loss"] == fitted.history_["loss"]
    # The sample of weight zero isn't there, so the others are in other batches.
    assert of_batches.history_["val_loss"] == pytest.approx(fitted.history_["val_loss"])


def test_a_warm_start_goes_on(images, y):
    twice = clone(IN_ORDER).set_params(warm_start=True)
    twice.fit(images, y).fit(images, y)
    of_batches = clone(IN_ORDER).set_params(warm_start=True)
    for _ in range(2):
        fit_batches(of_batches, pairs(images, y))
    assert_equal(of_batches, twice, images)
    with pytest.raises(ValueError, match=r"y has the classes .* before"):
        fit_batches(of_batches, pairs(images, y % 3))


def test_a_rare_class_that_the_described_samples_lack_has_its_weight(images, y, monkeypatch):
    monkeypatch.setattr(survey, "_MOST_ROWS", 40)
    rare = np.where(np.arange(N) == 101, 10, y)
    network = clone(IN_ORDER).set_params(class_weight="balanced")
    of_batches = fit_batches(clone(network), pairs(images, rare))
    assert_equal(of_batches, network.fit(images, rare), images)


def test_many_samples_are_described_by_some_and_the_range_by_all(images, y, monkeypatch):
    monkeypatch.setattr(survey, "_MOST_ROWS", 40)
    brightest = images.copy()
    brightest[123, 4, 4] = 200
    of_batches = fit_batches(clone(IN_ORDER), pairs(brightest, y))
    assert (of_batches.pixel_offset_, of_batches.pixel_scale_) == (0, 200)
    assert_equal(of_batches, clone(IN_ORDER).fit(brightest, y), brightest)


def test_no_more_than_a_part_is_in_memory(monkeypatch):
    monkeypatch.setattr(_parts, "_BYTES_IN_PART", 2**20)
    monkeypatch.setattr(survey, "_MOST_BYTES", 2**20)
    rng = np.random.default_rng(0)

    def batches():
        for _ in range(40):
            yield rng.integers(0, 256, (1000, 1000), np.uint8), rng.integers(0, 2, 1000)

    network = DNNClassifier(hidden_units=(), batch_size=100, epochs=1, random_state=0)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        fit_batches(network, lambda: islice(batches(), 2))  # compiles
        tracemalloc.start()
        fit_batches(network, batches)
    assert tracemalloc.get_traced_memory()[1] < 16e6  # of 40 MB
    tracemalloc.stop()


def test_a_dataset_of_keras_is_predicted_in_batches(images, y):
    network = fit_batches(clone(IN_ORDER), pairs(images, y))
    predicted = np.concatenate(list(predict_batches(network, Batches(images, y))))
    assert np.array_equal(predicted, network.predict(images))


@pytest.fixture(scope="module")
def table(images):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(images.reshape(N, -1), columns=[f"pixel {i}" for i in range(64)])


def test_the_names_of_columns_are_learned_as_by_a_fit(table, y):
    batches = [(table[:100], y[:100]), (table[100:], y[100:])]
    network = clone(IN_ORDER).set_params(warm_start=True)
    fit_batches(network, batches, validation_data=batches[:1])
    fitted = clone(IN_ORDER).fit(table, y, X_val=table[:100], y_val=y[:100])
    assert network.feature_names_in_.tolist() == list(table.columns)
    assert_equal(network, fitted, table)
    assert network.history_["val_loss"] == pytest.approx(fitted.history_["val_loss"])


def test_columns_in_another_order_are_refused(table, y):
    mixed = table[table.columns[::-1]]
    message = "feature names should match"
    for other in (mixed, table.to_numpy()):
        with pytest.raises(ValueError, match=message):
            fit_batches(clone(IN_ORDER), [(table, y), (other, y)])
    with pytest.raises(ValueError, match=message):
        fit_batches(clone(IN_ORDER), [(table, y)], validation_data=[(mixed, y)])
    going_on = clone(IN_ORDER).set_params(warm_start=True, epochs=1).fit(table, y)
    with pytest.raises(ValueError, match=message):
        fit_batches(going_on, [(mixed, y)])


def changed(values, change):
    """A copy of an array with another number at its end."""
    values = values.astype(float)
    values.flat[-1] = change
    return values


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (lambda X, y: (changed(X, np.nan), y), "Input X contains NaN"),
        (lambda X, y: (changed(X, 1e300), y), r"X has values up to 1e\+300"),
        (lambda X, y: (np.ma.masked_equal(X, 16), y), "X is a masked array"),
        (lambda X, y: (X, changed(y, np.inf)), "Input y contains infinity"),
        (lambda X, y: (X, y, changed(y, np.nan)), "Input sample_weight contains NaN"),
        (lambda X, y: (X[:, 1:], y), "different shapes"),
        (lambda X, y: X, "yields an array of shape"),
    ],
)
def test_an_error_has_the_number_of_its_batch(batch, message, images, y):
    batches = [(images, y), (images[:0], y[:0]), batch(images, y)]
    with pytest.raises((TypeError, ValueError), match=f"^In batch 3 of batches: .*{message}"):
        fit_batches(clone(IN_ORDER), batches)
    with pytest.raises((TypeError, ValueError), match=f"^In batch 3 of valid.*: .*{message}"):
        fit_batches(clone(IN_ORDER), batches[:1], validation_data=batches)


def test_validation_data_are_checked_before_the_first_epoch(images, y):
    began = []
    network = clone(IN_ORDER).set_params(
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=lambda *_: began.append(0))]
    )
    wrong = {
        "labels that are not among the classes": (images, y + 20),
        "images of shape": (images[:, 1:], y),
    }
    for message, batch in wrong.items():
        with pytest.raises(ValueError, match=f"^In batch 1 of validation_data: .*{message}"):
            fit_batches(network, pairs(images, y), validation_data=[batch])
        with pytest.raises(ValueError, match=f"^validation_data: .*{message}"):
            fit_batches(network, pairs(images, y), validation_data=batch)
    assert not began


@pytest.mark.parametrize("name", ["batches", "validation_data"])
def test_a_source_that_seems_to_have_no_end_is_warned_of_once(name, images, y, monkeypatch):
    now = [0]
    monkeypatch.setattr(sources, "monotonic", lambda: now[0])

    def slow(n):
        for _ in range(n):
            now[0] += 100
            yield images, y

    network = clone(IN_ORDER).set_params(epochs=1)
    given = {"batches": [(images, y)], name: lambda: slow(10**9)}
    # Warnings are errors, without which this would not end.
    with pytest.raises(UserWarning, match=f"900 samples of {name} .* 5 minutes.* end"):
        fit_batches(network, **given)
    with pytest.warns(UserWarning, match=f"900 samples of {name}") as found:
        fit_batches(network, **given | {name: lambda: slow(6)})
    assert len(found) == 1


def counted(X, y):
    """Batches of which there are fewer in the second call."""
    calls = []

    def batches():
        calls.append(None)
        return pairs(X, y)[: 8 - 2 * len(calls)]

    return batches


def never_ending(X, y):
    return of_tensorflow(X, y).repeat()


class NeverEnding(Batches):
    num_batches = None


WRONG = {
    "generator": (generated, TypeError, "batches is a generator, which can be read only once"),
    "array": (lambda X, y: X, TypeError, r"batches is an array of .*expected a keras.utils.PyD"),
    "number": (lambda X, y: 3, TypeError, "batches is 3; expected a keras.utils.PyDataset"),
    "tuple of arrays": (lambda X, y: (X, y), TypeError, r"yields an array .*expected tuples"),
    "without labels": (lambda X, y: [(X,)], TypeError, r"yields a tuple of length 1; expected"),
    "dicts": (
        lambda X, y: [{"label": y, "image": X}],
        TypeError,
        r"function that yields them, such as \(batch\['image'\], batch\['label'\]\)",
    ),
    "a function of nothing": (lambda X, y: lambda: None, TypeError, "batches returned None"),
    "no batch": (lambda X, y: [], ValueError, "batches has no samples; expected"),
    "only empty batches": (lambda X, y: [(X[:0], y[:0])], ValueError, "batches has no samples;"),
    "no weight": (lambda X, y: [(X, y, y * 0)], ValueError, "batches has no sample of a weight"),
    "another length": (lambda X, y: [(X, y[1:])], ValueError, r"\(300, 8, 8\), \(299,\)"),
    "other shapes": (
        lambda X, y: [(X, y), (X[:, 1:], y)],
        ValueError,
        r"different shapes: .*\(8, 8\).*\(7, 8\)",
    ),
    "one class": (lambda X, y: [(X, y * 0)], ValueError, "y contains one class only, 0"),
    "fewer in a later pass": (
        counted,
        ValueError,
        "batches has 200 samples in one pass, and had 300 in the first",
    ),
    "a dataset without an end": (NeverEnding, ValueError, "batches never ends"),
    "repeat()": (never_ending, ValueError, "batches never ends.*take"),
    "NaN": (
        lambda X, y: [(np.where(X > 15, np.nan, X), y)],
        ValueError,
        "contains NaN",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_batches_are_refused_and_change_nothing(source, error, message, images, y):
    network = clone(IN_ORDER)
    before = dict(vars(network))
    with pytest.raises(error, match=message):
        fit_batches(network, source(images, y))
    assert vars(network) == before


@pytest.mark.parametrize(
    ("changed", "arguments", "message"),
    [
        ({"early_stopping": True}, {}, "early_stopping=True, but no part of batches is held out"),
        ({"validation_fraction": 0.2}, {}, "validation_fraction=0.2 .* no part of batches is held"),
        ({}, {"classes": range(3)}, "labels that are not among the classes"),
        ({}, {"validation_data": 3}, "validation_data is 3; expected a keras"),
        ({}, {"validation_data": []}, "validation_data has no samples;"),
        ({"epochs": 0}, {}, "'epochs' parameter"),
    ],
)
def test_wrong_arguments_are_refused(changed, arguments, message, images, y):
    network = clone(IN_ORDER).set_params(**changed)
    with pytest.raises((TypeError, ValueError), match=message):
        fit_batches(network, pairs(images, y), **arguments)


def test_other_estimators_are_refused(images, y):
    with pytest.raises(TypeError, match=r"LogisticRegression.*expected a network of this package"):
        fit_batches(LogisticRegression(), pairs(images, y))
    with pytest.raises(TypeError, match="DNNRegressor predicts numbers"):
        fit_batches(DNNRegressor(epochs=1), pairs(images, y), classes=range(10))


def test_a_part_is_not_held_out_beside_batches_for_validation(images, y):
    network = clone(IN_ORDER).set_params(validation_fraction=0.2)
    with pytest.raises(ValueError, match=r"validation_fraction=0\.2 and validation_data are both"):
        fit_batches(network, pairs(images, y), validation_data=pairs(images, y))


@pytest.mark.slow
def test_a_frozen_backbone_is_trained_on_batches_too(images, y):
    network = PretrainedClassifier(
        "MobileNet", backbone_settings={"alpha": 0.25}, weights=None, last_layer="conv1",
        augmentation=None, fine_tune_epochs=1, fine_tune_batch_size=32, shuffle=False, **SETTINGS,
    )  # fmt: skip
    of_batches = fit_batches(clone(network), pairs(images, y))
    fitted = network.fit(images, y)
    # Its features are computed in each epoch instead of once.
    assert of_batches.history_["loss"] == pytest.approx(fitted.history_["loss"], rel=1e-4)
    assert len(of_batches.fine_tune_history_["loss"]) == 1
