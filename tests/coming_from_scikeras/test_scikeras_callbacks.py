"""Callbacks as SciKeras takes them."""

import pickle
from collections import Counter

import numpy as np
import pytest
from scikeras_builders import linear, mlp_classifier, plain
from sklearn.base import clone
from sklearn.model_selection import cross_validate

from skmnist import KerasClassifier, KerasRegressor
from skmnist._utils.backend import load_keras

keras = load_keras()


pytestmark = [
    # Fits of one or two epochs, of which nothing is expected.
    pytest.mark.filterwarnings("ignore:Training ended at guessing"),
    # Of Keras's own arrays.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


class Counts(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.calls = Counter()

    def on_train_begin(self, logs=None):
        self.calls["train"] += 1

    def on_epoch_end(self, epoch, logs=None):
        self.calls["epoch"] += 1

    def on_predict_begin(self, logs=None):
        self.calls["predict"] += 1


@pytest.mark.parametrize("name", ["callbacks", "fit__callbacks"])
def test_callbacks_run_in_fit_and_not_in_predict(name, zero_to_four):
    X, y = zero_to_four
    counts = Counts()
    classifier = KerasClassifier(plain, epochs=3, validation_split=0.1, **{name: [counts]})
    classifier.fit(X, y)
    assert counts.calls == {"train": 1, "epoch": 3}
    classifier.predict(X)
    assert counts.calls == {"train": 1, "epoch": 3}


def test_an_early_stopping_of_keras_stops(zero_to_four):
    stopping = keras.callbacks.EarlyStopping(monitor="accuracy", min_delta=1)
    classifier = KerasClassifier(plain, metrics=["accuracy"], epochs=9, callbacks=[stopping])
    assert classifier.fit(*zero_to_four).n_epochs_ < 9


@pytest.mark.parametrize(
    "callbacks",
    [
        keras.callbacks.EarlyStopping,
        keras.callbacks.EarlyStopping(),
        [keras.callbacks.EarlyStopping],
        {"es": keras.callbacks.EarlyStopping()},
        {"es": keras.callbacks.EarlyStopping},
    ],
    ids=["class", "object", "list of a class", "dict of an object", "dict of a class"],
)
def test_callbacks_are_objects_in_a_list(callbacks, zero_to_four):
    with pytest.raises((TypeError, ValueError), match="callbacks"):
        KerasClassifier(plain, callbacks=callbacks).fit(*zero_to_four)


class StopsAbove(keras.callbacks.Callback):
    def __init__(self, monitor, threshold):
        super().__init__()
        self.monitor, self.threshold = monitor, threshold

    def on_epoch_end(self, epoch, logs=None):
        if logs[self.monitor] > self.threshold:
            self.model.stop_training = True


def test_a_callback_sees_the_metrics_by_name(zero_or_one):
    classifier = KerasClassifier(
        mlp_classifier,
        metrics=["binary_accuracy"],
        fit__validation_split=0.2,
        epochs=50,
        random_state=0,
        callbacks=[StopsAbove("val_binary_accuracy", 0.9)],
    ).fit(*zero_or_one)
    assert classifier.n_epochs_ < 50
    assert classifier.history_["val_binary_accuracy"][-1] > 0.9
    assert all(value <= 0.9 for value in classifier.history_["val_binary_accuracy"][:-1])


def test_every_fold_has_callbacks_of_its_own(zero_to_four):
    classifier = KerasClassifier(plain, epochs=2, callbacks=[Counts()])
    folds = cross_validate(classifier, *zero_to_four, cv=2, return_estimator=True)["estimator"]
    assert [fold.callbacks_[0].calls["epoch"] for fold in folds] == [2, 2]
    assert classifier.callbacks[0].calls == {}
    assert clone(folds[0]).callbacks[0].calls == {}


def test_an_estimator_with_callbacks_is_pickled(diabetes):
    regressor = KerasRegressor(linear, epochs=1, callbacks=[keras.callbacks.Callback()])
    again = pickle.loads(pickle.dumps(regressor.fit(*diabetes)))
    np.testing.assert_array_equal(again.predict(diabetes[0]), regressor.predict(diabetes[0]))
    assert again.partial_fit(*diabetes).n_epochs_ == 2


def test_the_schedule_of_the_optimizer_is_no_callback(diabetes):
    rates = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=7, decay_rate=0.5)
    optimizer = keras.optimizers.SGD(rates)
    history = KerasRegressor(linear, optimizer=optimizer, epochs=3).fit(*diabetes).history_
    assert history["learning_rate"] == sorted(history["learning_rate"], reverse=True)
    by_callback = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 * 0.5**epoch)
    regressor = KerasRegressor(linear, optimizer="sgd", epochs=3, callbacks=[by_callback])
    np.testing.assert_allclose(
        regressor.fit(*diabetes).history_["learning_rate"], [0.1, 0.05, 0.025]
    )
