"""What early stopping and the plateau watch."""

import numpy as np
import pytest

from skmnist import DNNClassifier, Plateau


@pytest.fixture(scope="module")
def overfitting(digits):
    """Keyword arguments of a fit whose training loss falls while the validation loss grows."""
    X, _, y, _ = digits
    return {"X": X[:200], "y": y[:200], "X_val": X[:100], "y_val": (y[:100] + 1) % 10}


def network(**settings):
    return DNNClassifier(
        **{
            "hidden_units": (16,),
            "dropout": 0.0,
            "epochs": 12,
            "batch_size": 32,
            "schedule": "constant",
            "n_iter_no_change": 2,
            "tol": 0.0,
            "random_state": 0,
            **settings,
        }
    )


def test_early_stopping_on_the_training_loss_keeps_the_best_judged_epoch(overfitting):
    stopped = network(early_stopping=True).fit(**overfitting)
    patient = network(early_stopping=True, monitor="loss").fit(**overfitting)
    assert stopped.n_epochs_ < patient.n_epochs_ == 12
    # Both go back to the epoch of the lowest validation loss.
    assert patient.best_epoch_ == 1 + int(np.argmin(patient.history_["val_loss"]))
    assert patient.best_epoch_ == stopped.best_epoch_
    X = overfitting["X"]
    np.testing.assert_array_equal(patient.predict_proba(X), stopped.predict_proba(X))


def test_early_stopping_on_an_accuracy_waits_for_it_to_rise(overfitting):
    stopped = network(early_stopping=True, monitor="accuracy", tol=1e-9, epochs=60).fit(
        overfitting["X"], overfitting["y"]
    )
    accuracies = stopped.history_["accuracy"]
    assert len(accuracies) < 60
    assert max(accuracies[-2:]) <= max(accuracies[:-2])


def test_a_plateau_watches_the_curve_that_it_is_given(overfitting):
    rates = {
        monitor: network(schedule=Plateau(patience=1, monitor=monitor))
        .fit(**overfitting)
        .history_["learning_rate"]
        for monitor in ("auto", "val_loss", "loss", "val_accuracy")
    }
    assert rates["auto"] == rates["val_loss"]
    assert rates["loss"] == 12 * rates["loss"][:1]  # the training loss falls throughout
    assert rates["val_loss"][-1] < rates["loss"][-1]
    assert rates["val_accuracy"][-1] < rates["loss"][-1]


@pytest.mark.parametrize(
    ("settings", "owner"),
    [
        ({"early_stopping": True, "monitor": "val_accuracy", "validation_fraction": 0.0}, "early"),
        ({"schedule": Plateau(monitor="val_accuracy")}, "Plateau"),
    ],
)
def test_a_curve_that_there_is_not_is_refused(overfitting, settings, owner):
    with pytest.raises(ValueError, match=rf"monitor='val_accuracy' of {owner}.*no samples are he"):
        network(**settings).fit(overfitting["X"], overfitting["y"])


def test_without_early_stopping_nothing_is_monitored(overfitting):
    X, y = overfitting["X"], overfitting["y"]
    plain = network(epochs=2).fit(X, y)
    named = network(epochs=2, monitor="val_loss").fit(X, y)
    assert named.history_ == plain.history_
    named = network(monitor="val_accuracy", early_stopping=True).partial_fit(X, y, range(10))
    assert named.n_epochs_ == 1


def test_an_unknown_monitor_is_refused(overfitting):
    with pytest.raises(ValueError, match="monitor='val_los' is unknown; did you mean 'val_loss'"):
        Plateau(monitor="val_los")
    with pytest.raises(ValueError, match="'monitor' parameter of DNNClassifier must be"):
        network(monitor="val_los").fit(overfitting["X"], overfitting["y"])
