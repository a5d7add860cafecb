"""What a fit does to its estimator, and when: at its end at once, after Ctrl-C, at guessing."""

import functools
import threading
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score

from skmnist import (
    CapsNetClassifier,
    CNNFeatures,
    CommitteeClassifier,
    DNNClassifier,
    LeNetClassifier,
    PretrainedClassifier,
    SequenceDNNClassifier,
    compare,
)
from skmnist._inputs.validation import in_one_step
from skmnist._utils.backend import load_keras
from skmnist.preprocessing import Deskew
from skmnist.training._losses import find_loss

keras = load_keras()


@pytest.fixture
def few(digits):
    X, _, y, _ = digits
    return X[:200], y[:200]


def dnn(*callbacks, **settings):
    settings = {"hidden_units": (16,), "epochs": 3, "dtype": "float32", **settings}
    return DNNClassifier(callbacks=list(callbacks) or None, random_state=0, **settings)


def pretrained(*callbacks, **settings):
    return PretrainedClassifier(
        "MobileNet",
        weights=None,
        backbone_settings={"alpha": 0.25},
        last_layer="conv1_relu",
        hidden_units=(8,),
        callbacks=list(callbacks) or None,
        random_state=0,
        **{"epochs": 2, "fine_tune_epochs": 2, **settings},
    )


class CtrlC(keras.callbacks.Callback):
    """Ctrl-C at the beginning, or at the end, of the nth epoch that begins."""

    def __init__(self, epoch, hook="begin"):
        super().__init__()
        self.left, self.hook = epoch, hook

    def on_epoch_begin(self, epoch, logs=None):
        self.left -= 1
        if self.left == 0 and self.hook == "begin":
            raise KeyboardInterrupt

    def on_train_batch_end(self, batch, logs=None):
        if self.left == 0 and self.hook == "step":
            raise KeyboardInterrupt


# -- Ctrl-C ------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["begin", "step"])
def test_an_interrupt_keeps_the_epochs_that_have_ended(few, hook):
    # A constant rate, as a schedule knows of the epochs to come.
    classifier = dnn(CtrlC(3, hook), epochs=5, schedule="constant")
    with pytest.warns(UserWarning, match="interrupted in epoch 3; what 2 epochs .* is kept"):
        classifier.fit(*few)
    whole = dnn(epochs=2, schedule="constant").fit(*few)
    assert classifier.n_epochs_ == 2
    assert classifier.history_["loss"] == pytest.approx(whole.history_["loss"])
    assert np.array_equal(classifier.predict_proba(few[0]), whole.predict_proba(few[0]))


def test_after_an_interrupt_a_warm_start_goes_on_as_if_there_was_none(few):
    settings = {"schedule": "constant", "warm_start": True}
    classifier = dnn(CtrlC(3, "step"), epochs=4, **settings)
    with pytest.warns(UserWarning, match="interrupted"):
        classifier.fit(*few)
    classifier.set_params(epochs=2, callbacks=None).fit(*few)
    whole = dnn(epochs=4, **settings).fit(*few)
    assert classifier.n_epochs_ == 4
    assert np.array_equal(classifier.predict_proba(few[0]), whole.predict_proba(few[0]))


def test_an_interrupt_with_early_stopping_keeps_the_best_epoch(few):
    classifier = dnn(CtrlC(3), early_stopping=True, schedule="constant")
    with pytest.warns(UserWarning, match="interrupted"):
        classifier.fit(*few)
    assert classifier.best_epoch_ == 1 + np.argmin(classifier.history_["val_loss"])


@pytest.mark.parametrize("hook", ["begin", "step"])
def test_an_interrupt_in_the_first_epoch_goes_through_and_changes_nothing(few, hook):
    classifier = dnn(CtrlC(1, hook))
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(*few)
    assert not hasattr(classifier, "classes_")
    assert set(vars(classifier)) == set(vars(dnn()))


def test_an_interrupt_of_partial_fit_goes_through(few):
    classifier = dnn(CtrlC(1, "step"))
    with pytest.raises(KeyboardInterrupt):
        classifier.partial_fit(*few, classes=np.arange(10))


@pytest.mark.parametrize("epoch", [2, 3, 4])
def test_an_interrupt_ends_both_phases_of_a_pretrained_classifier(few, epoch):
    classifier = pretrained(CtrlC(epoch, "step"))
    with pytest.warns(UserWarning, match="interrupted"):
        classifier.fit(*few)
    assert classifier.n_epochs_ == epoch - 1
    assert len(classifier.history_["loss"]) == min(epoch - 1, 2)
    assert len(classifier.fine_tune_history_.get("loss", [])) == max(epoch - 3, 0)
    assert classifier.predict(few[0]).shape == (200,)


def test_an_interrupt_in_a_search_a_cross_validation_or_a_committee_goes_through(few):
    search = GridSearchCV(dnn(CtrlC(2)), {"learning_rate": [0.01, 0.02]}, cv=2)
    committee = CommitteeClassifier(estimators=dnn(CtrlC(2)), n_estimators=2)
    for fit in (
        functools.partial(search.fit, *few),
        functools.partial(cross_val_score, dnn(CtrlC(2)), *few, cv=2),
        functools.partial(committee.fit, *few),
    ):
        with pytest.raises(KeyboardInterrupt):
            fit()
    assert not hasattr(search, "best_estimator_")
    assert not hasattr(committee, "estimators_")


def test_scikit_learns_callbacks_end_with_an_interrupted_fit(few, capfd):
    classifier = dnn(CtrlC(3)).set_callbacks(ProgressBar())
    with pytest.warns(UserWarning, match="interrupted"):
        classifier.fit(*few)
    assert not hasattr(classifier, "_callback_fit_ctx")
    assert classifier.n_epochs_ == 2


# -- one step ----------------------------------------------------------------------------------


def test_a_classifier_answers_as_before_until_its_fit_has_ended(few):
    X, y = few
    answers = []

    class Ask(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            thread = threading.Thread(target=lambda: answers.append(classifier.predict_proba(X)))
            thread.start()
            thread.join()

    classifier = dnn().fit(X, y)
    before = classifier.predict_proba(X)
    classifier.set_params(callbacks=[Ask()], random_state=1).fit(X, y)
    assert len(answers) == 3
    assert all(np.array_equal(answer, before) for answer in answers)
    assert not np.array_equal(classifier.predict_proba(X), before)


def test_transformers_and_features_change_in_one_step_too(few):
    X, y = few
    seen = []
    classifier = dnn(keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: seen.append(asked())))
    features = CNNFeatures(dnn(epochs=1)).fit(X, y)
    features.set_params(classifier=classifier)

    def asked():
        return features.transform(X[:5]).shape

    features.fit(X[:, :32], y)
    assert seen == [(5, 16)] * 3
    assert features.n_features_in_ == 32

    deskew = Deskew().fit(X)
    with pytest.raises(ValueError, match="image"):
        deskew.set_params(image_shape=(5, 5)).fit(X[:, :32])
    assert deskew.n_features_in_ == 64


def test_a_fit_takes_away_what_it_does_not_learn_any_more():
    class Estimator:
        @in_one_step
        def fit(self, names):
            vars(self).pop("names_", None)
            if names:
                self.names_ = names
            self.n_ = len(names)
            return self

    estimator = Estimator()
    assert estimator.fit(["a"]) is estimator
    assert vars(estimator) == {"names_": ["a"], "n_": 1}
    assert vars(estimator.fit([])) == {"n_": 0}
    with pytest.raises(TypeError):
        estimator.fit(None)
    assert vars(estimator) == {"n_": 0}


# -- classes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [lambda y: y < 5, lambda y: y != 3], ids=["fewer", "one fewer"])
def test_a_warm_start_with_fewer_classes_is_refused(few, of):
    X, y = few
    classifier = dnn(warm_start=True).fit(X, y)
    before = classifier.predict_proba(X)
    with pytest.raises(ValueError, match="warm_start=True, but y has the classes"):
        classifier.fit(X[of(y)], y[of(y)])
    assert np.array_equal(classifier.predict_proba(X), before)


def test_a_warm_start_with_another_class_is_refused_and_partial_fit_takes_fewer(few):
    X, y = few
    classifier = dnn(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="warm_start=True, but y has the classes"):
        classifier.fit(X, np.where(y == 3, 11, y))
    assert classifier.partial_fit(X[y < 2], y[y < 2]).n_epochs_ == 4


@pytest.mark.parametrize(
    "classifier", [dnn(early_stopping=True), pretrained(early_stopping=True)], ids=["dnn", "pre"]
)
def test_early_stopping_holds_out_a_row_of_each_class(classifier, digits):
    X, _, y, _ = digits
    rows = np.concatenate([np.flatnonzero(y == c)[:n] for c, n in ((0, 7), (1, 7), (4, 6))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of so few rows
        history = clone(classifier).fit(X[rows], y[rows]).history_
    thirds = np.array(history["val_accuracy"]) * 3
    np.testing.assert_allclose(thirds, thirds.round(), atol=1e-6)


# -- guessing ----------------------------------------------------------------------------------


LOGITS = [
    keras.losses.CategoricalCrossentropy(from_logits=True),
    keras.losses.BinaryCrossentropy(from_logits=True),
    keras.losses.CategoricalFocalCrossentropy(from_logits=True),
    functools.partial(keras.losses.categorical_crossentropy, from_logits=True),
]


@pytest.mark.parametrize("loss", LOGITS, ids=lambda loss: type(loss).__name__)
def test_a_loss_of_logits_is_refused(loss, few):
    with pytest.raises(ValueError, match=r"from_logits=True, but .*from_logits=False"):
        dnn(loss=loss).fit(*few)


def sequences(**settings):
    return SequenceDNNClassifier(random_state=0, **settings)


WILD = {"learning_rate": 100.0, "schedule": "constant", "epochs": 4}


@pytest.mark.parametrize(
    "classifier",
    [
        dnn(**WILD),
        dnn(loss="mean_squared_error", **WILD),
        dnn(label_smoothing=0.2, **WILD),
        dnn(early_stopping=True, **WILD),
        pretrained(**WILD, fine_tune_epochs=0),
        sequences(**WILD),
    ],
    ids=["dnn", "squares", "smoothing", "stopping", "pretrained", "sequences"],
)
def test_training_that_ends_at_guessing_is_warned_of(classifier, few):
    with pytest.warns(ConvergenceWarning, match="ended at guessing.*Lower learning_rate"):
        clone(classifier).fit(*few)


def test_labels_without_a_pattern_are_warned_of_with_weights_too(few):
    X, y = few
    y = np.random.default_rng(0).integers(2, size=200)
    weights = np.where(y == 1, 5.0, 1.0)
    with pytest.warns(ConvergenceWarning, match="ended at guessing"):
        dnn(learning_rate=1e-6, epochs=4).fit(X, y, sample_weight=weights)


def test_capsules_that_do_no_better_than_lengths_for_all_images_are_warned_of(few):
    X, _ = few
    y = np.random.default_rng(0).integers(2, size=200)
    capsules = CapsNetClassifier(filters=8, n_primary_maps=2, learning_rate=7e-4, random_state=0)
    with pytest.warns(ConvergenceWarning, match="ended at guessing"):
        capsules.fit(X, y)
    # Lengths equal to the frequencies are worse than the best ones.
    assert 0.211 < capsules.history_["loss"][-1] < 0.235


@pytest.mark.parametrize("n_outputs", [1, 2, 4])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_no_constant_has_a_lower_margin_loss_than_the_one_that_guessing_is_judged_by(
    n_outputs, smoothing
):
    n_classes = max(n_outputs, 2)
    loss, frequencies = find_loss("margin", smoothing), np.arange(1, n_classes + 1)
    frequencies = frequencies / frequencies.sum()
    one_hot = np.eye(n_classes)[:, -n_outputs:]

    def mean_loss(constant):
        losses = loss(one_hot, np.tile(constant, (n_classes, 1)))
        return float(np.asarray(losses) @ frequencies)

    smoothed = frequencies * (1 - smoothing) + smoothing / n_classes
    best = loss.best_constant(smoothed, n_outputs)
    for change in np.vstack([np.eye(n_outputs), -np.eye(n_outputs)]):
        assert mean_loss(best) < mean_loss(best + 0.01 * change)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"label_smoothing": 0.3},
        {"class_weight": "balanced"},
        {"loss": "mean_squared_error"},
        {"loss": "margin", "output_activation": "sigmoid"},
        {"epochs": 1, "learning_rate": 0.03},
    ],
    ids=str,
)
def test_training_that_learns_is_not_warned_of(settings, few):
    # Warnings are errors in these tests.
    assert dnn(**{"epochs": 8, "learning_rate": 0.01, **settings}).fit(*few).score(*few) > 0.3


def test_few_small_steps_are_not_warned_of(few):
    assert dnn(learning_rate=1e-6).fit(*few).score(*few) < 0.3


def test_a_committee_passes_on_its_members_warnings(few):
    committee = CommitteeClassifier(estimators=dnn(**WILD), n_estimators=2, random_state=0)
    with pytest.warns(ConvergenceWarning, match="ended at guessing"):
        committee.fit(*few)


def test_partial_fit_does_not_warn_of_guessing(few):
    assert dnn(learning_rate=1e-6).partial_fit(*few, classes=np.arange(10)).n_epochs_ == 1


def test_an_interrupt_ends_a_comparison_with_the_fits_before(few):
    X, y = few
    classifiers = {"good": dnn(epochs=1), "stopped": dnn(CtrlC(2))}
    done = compare(classifiers, X, y, cv=2, verbose=0)
    assert done.interrupted
    assert {fold.classifier for fold in done.folds} == {"good"}


def test_a_loss_far_above_guessing_is_warned_of_though_some_are_right(few):
    classifier = LeNetClassifier(epochs=5, learning_rate=1e6, dtype="float32", random_state=0)
    with pytest.warns(ConvergenceWarning, match="ended at guessing"):
        classifier.fit(*few)
