"""A validation set given to `fit` judges each epoch, and trains none."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skmnist import (
    CNNClassifier,
    DNNClassifier,
    Optimizer,
    Plateau,
    PretrainedClassifier,
    SequenceDNNClassifier,
    TextSequencer,
    load,
    save,
)


@pytest.fixture(scope="module")
def parts(digits):
    """X, X_val, y, y_val, of 600 and 200 digits."""
    X, _, y, _ = digits
    return X[:600], X[600:800], y[:600], y[600:800]


def small(**settings):
    return DNNClassifier(
        **{"hidden_units": (32,), "epochs": 4, "batch_size": 32, "random_state": 0, **settings}
    )


@pytest.fixture(scope="module")
def judged(parts):
    X, X_val, y, y_val = parts
    return small().fit(X, y, X_val=X_val, y_val=y_val)


def test_each_epoch_is_judged_on_it(judged, parts):
    _, X_val, _, y_val = parts
    history = judged.history_
    assert len(history["val_loss"]) == len(history["val_accuracy"]) == 4
    assert history["val_accuracy"][-1] == judged.score(X_val, y_val)
    expected = log_loss(y_val, judged.predict_proba(X_val))
    assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-5)


def test_it_trains_nothing(judged, parts):
    X, X_val, y, _ = parts
    alone = small().fit(X, y)
    assert alone.history_["loss"] == judged.history_["loss"]
    np.testing.assert_array_equal(alone.predict_proba(X_val), judged.predict_proba(X_val))


def test_early_stopping_and_best_epoch_follow_it(parts):
    X, _, y, _ = parts
    # Labels moved by one: whatever is learned makes the loss on this set grow, so that the weights
    # of the best epoch have learned next to nothing.
    with pytest.warns(ConvergenceWarning, match="Training ended at guessing"):
        stopped = small(early_stopping=True, n_iter_no_change=2, epochs=20).fit(
            X, y, X_val=X[:100], y_val=(y[:100] + 1) % 10
        )
    losses = stopped.history_["val_loss"]
    assert stopped.n_epochs_ == len(losses) == stopped.best_epoch_ + 2 < 20
    assert stopped.best_epoch_ == 1 + int(np.argmin(losses))


def test_a_plateau_follows_it(parts):
    X, _, y, _ = parts
    wrong = {"X_val": X[:100], "y_val": (y[:100] + 1) % 10}
    rates = small(epochs=6, learning_rate=0.01, schedule=Plateau(patience=1)).fit(X, y, **wrong)
    assert rates.history_["learning_rate"][-1] < 0.01


def test_a_pipeline_transforms_it_as_the_training_set(parts):
    X, X_val, y, y_val = parts
    with sklearn.config_context(enable_metadata_routing=True):
        network = small(epochs=10, learning_rate=0.01)
        network.set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline(
            [("scale", MinMaxScaler()), ("network", network)], transform_input=["X_val"]
        )
        pipeline.fit(X, y, X_val=X_val, y_val=y_val)
    history = pipeline[-1].history_
    assert history["val_accuracy"][-1] == pipeline.score(X_val, y_val) > 0.5


def test_a_grid_search_hands_it_on(parts):
    X, X_val, y, y_val = parts
    search = GridSearchCV(small(epochs=2), {"dropout": [0.0, 0.2]}, cv=2)
    search.fit(X, y, X_val=X_val, y_val=y_val)
    best = search.best_estimator_
    assert best.history_["val_accuracy"][-1] == best.score(X_val, y_val)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_it_may_be_of_another_dtype(judged, parts, dtype):
    X, X_val, y, y_val = parts
    other = small().fit(X, y, X_val=X_val.astype(dtype), y_val=y_val)
    assert other.history_["val_accuracy"] == judged.history_["val_accuracy"]


def test_images_and_names_of_classes_are_taken(parts):
    X, X_val, y, y_val = parts
    names = np.array([f"digit {i}" for i in range(10)])
    network = CNNClassifier(conv_blocks=[4], epochs=2, random_state=0)
    network.fit(X.reshape(-1, 8, 8), names[y], X_val=X_val.reshape(-1, 8, 8), y_val=names[y_val])
    score = network.score(X_val.reshape(-1, 8, 8), names[y_val])
    assert network.history_["val_accuracy"][-1] == score


def test_a_weight_of_zero_is_as_if_left_out(parts):
    X, X_val, y, y_val = parts
    weights = np.r_[np.ones(150), np.zeros(50)]
    odd = np.r_[y_val[:150], np.full(50, 99)]  # a label that nobody knows, and that doesn't count
    weighted = small().fit(X, y, X_val=X_val, y_val=odd, sample_weight_val=weights)
    fewer = small().fit(X, y, X_val=X_val[:150], y_val=y_val[:150])
    assert weighted.history_ == fewer.history_


def test_classes_weigh_as_in_training(parts):
    X, X_val, y, y_val = parts
    weights = {digit: 1.0 + digit for digit in range(10)}
    network = small(class_weight=weights).fit(X, y, X_val=X_val, y_val=y_val)
    expected = log_loss(y_val, network.predict_proba(X_val), sample_weight=1.0 + y_val)
    assert network.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-5)


def test_balanced_weights_are_those_of_the_training_set(parts):
    X, X_val, y, y_val = parts
    rare = np.r_[0:300, np.flatnonzero(y[300:] == 1) + 300]
    network = small(class_weight="balanced").fit(X[rare], y[rare], X_val=X_val, y_val=y_val)
    of_classes = len(rare) / (10 * np.bincount(y[rare]))
    weights = of_classes[y_val]
    expected = log_loss(y_val, network.predict_proba(X_val), sample_weight=weights)
    assert network.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-5)


def test_averaged_weights_are_judged(parts):
    X, X_val, y, y_val = parts
    network = small(optimizer=Optimizer("adam", ema_momentum=0.5)).fit(
        X, y, X_val=X_val, y_val=y_val
    )
    assert network.history_["val_accuracy"][-1] == network.score(X_val, y_val)


def test_a_fit_that_goes_on_is_judged_on_a_new_set(judged, parts):
    X, X_val, y, y_val = parts
    network = clone(judged).set_params(warm_start=True).fit(X, y, X_val=X_val, y_val=y_val)
    network.fit(X, y, X_val=X_val[:50], y_val=y_val[:50])
    assert len(network.history_["val_loss"]) == 8
    assert network.history_["val_accuracy"][-1] == network.score(X_val[:50], y_val[:50])


@pytest.mark.parametrize("judged_first", [True, False])
def test_each_curve_has_a_value_per_epoch_and_nan_where_nothing_was_judged(
    judged_first, parts, tmp_path
):
    X, X_val, y, y_val = parts
    given = {"X_val": X_val, "y_val": y_val}
    network = small(epochs=2, warm_start=True)
    network.fit(X, y, **(given if judged_first else {}))
    network.fit(X, y, **({} if judged_first else given))
    curve = network.history_["val_loss"]
    assert np.isnan(curve).tolist() == [not judged_first] * 2 + [judged_first] * 2
    assert np.isfinite(network.history_["loss"]).tolist() == [True] * 4
    save(network, tmp_path / "network.safetensors")
    again = load(tmp_path / "network.safetensors")
    np.testing.assert_equal(again.history_, network.history_)


def test_what_was_judged_is_kept_in_a_partial_fit(parts):
    X, X_val, y, y_val = parts
    network = small(epochs=2).fit(X, y, X_val=X_val, y_val=y_val)
    judged = network.history_["val_accuracy"]
    network.partial_fit(X, y)
    assert network.history_["val_accuracy"][:2] == judged
    assert np.isnan(network.history_["val_accuracy"][2:]).tolist() == [True]


def test_both_phases_of_a_pretrained_network_are_judged_on_it(parts):
    X, X_val, y, y_val = parts
    network = PretrainedClassifier(
        "MobileNet",
        weights=None,
        backbone_settings={"alpha": 0.25},
        last_layer="conv1_relu",
        hidden_units=(),
        epochs=2,
        fine_tune_epochs=1,
        random_state=0,
    ).fit(X[:100], y[:100], X_val=X_val[:40], y_val=y_val[:40])
    assert len(network.history_["val_accuracy"]) == 2
    score = network.score(X_val[:40], y_val[:40])
    assert network.fine_tune_history_["val_accuracy"] == [score]


def test_a_reader_of_texts_is_judged_on_it():
    texts, y = ["a great film", "what a bore", "great fun", "a bore"] * 5, [1, 0] * 10
    with sklearn.config_context(enable_metadata_routing=True):
        reader = make_pipeline(
            TextSequencer(max_tokens=9, output_sequence_length=4),
            SequenceDNNClassifier(epochs=2, random_state=0).set_fit_request(X_val=True, y_val=True),
            transform_input=["X_val"],
        )
        new = ["a great bore of a film", "fun"], [0, 1]
        reader.fit(texts, y, X_val=new[0], y_val=new[1])
    assert reader[-1].history_["val_accuracy"][-1] == reader.score(*new)


# -- errors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y_val": None}, "y_val is missing; give both"),
        ({"X_val": None}, "X_val is missing; give both"),
        ({"X_val": None, "y_val": None, "sample_weight_val": [1.0]}, "X_val is missing"),
        ({"X_val": np.zeros((200, 3))}, "X_val and y_val can't be used: X has 3 features"),
        ({"X_val": np.zeros((0, 64))}, "X_val and y_val can't be used: Found array with 0 sample"),
        ({"X_val": np.full((200, 64), np.nan)}, "can't be used: Input X contains NaN"),
        ({"y_val": [0, 1]}, "can't be used: Found input variables with inconsistent numbers"),
        ({"y_val": np.full(200, 17)}, r"labels that are not among the classes: \[17"),
        ({"y_val": ["seven"] * 200}, r"labels that are not among the classes: \['seven'"),
        ({"sample_weight_val": np.zeros(200)}, "at least one non-zero number"),
        ({"sample_weight_val": -np.ones(200)}, "Negative values"),
    ],
)
def test_what_can_not_judge_is_refused(parts, given, message):
    X, X_val, y, y_val = parts
    with pytest.raises(ValueError, match=message):
        small().fit(X, y, **{"X_val": X_val, "y_val": y_val, **given})


def test_class_weights_that_leave_it_no_weight_are_refused(parts):
    X, X_val, y, y_val = parts
    with pytest.raises(ValueError, match="leave no sample any weight"):
        small(class_weight={0: 0.0}).fit(X, y, X_val=X_val[y_val == 0], y_val=y_val[y_val == 0])


def test_either_a_part_is_held_out_or_a_set_is_given(parts):
    X, X_val, y, y_val = parts
    with pytest.raises(ValueError, match=r"validation_fraction=0\.2 and X_val are both given"):
        small(validation_fraction=0.2).fit(X, y, X_val=X_val, y_val=y_val)


def test_nothing_of_the_callers_is_changed(parts):
    X, X_val, y, y_val = (np.array(part, order="C") for part in parts)
    for part in (X, X_val, y, y_val):
        part.flags.writeable = False
    assert small(epochs=1).fit(X, y, X_val=X_val, y_val=y_val).n_epochs_ == 1
