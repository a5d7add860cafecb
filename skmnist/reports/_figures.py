"""The figures of a fitted recipe, named like a report's figures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score

from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.reports._data import Split
from skmnist.reports._loss import mean_loss

Figures = dict[str, float | int]
_HISTORIES = ("history_", "fine_tune_history_")  # of the phases, in their order


def judged_figures(
    classifier: Any, X: Any, split: Split, y_pred: NDArray[Any], probabilities: NDArray[Any] | None
) -> Figures:
    """Return a classifier's accuracy, loss and probability on the samples to judge on.

    Parameters
    ----------
    classifier : classifier
        Fitted, not a Pipeline.
    X : sequence of length n_judge
        The samples to judge on, as the classifier takes them.
    split : Split
        The samples to train and to judge on.
    y_pred : ndarray of shape (n_judge,)
        Predicted labels.
    probabilities : ndarray of shape (n_judge, n_classes) or None
        Their probabilities; None if the classifier has none.

    Returns
    -------
    figures : dict of str to float
        Named as in :class:`skmnist.recipes.Reported`; figures on held-out training samples are
        named ``validation_...`` instead of ``test_...``. Only the accuracy without probabilities.
    """
    y = np.asarray(split.y_judge)
    judge = "validation" if split.held_out else "test"
    figures: Figures = {f"{judge}_accuracy": 100 * float(accuracy_score(y, y_pred))}
    loss = mean_loss(classifier, X, y, probabilities)
    if loss is not None:
        figures[f"{judge}_loss"] = loss
    if probabilities is not None:
        of_right_class = (y[:, None] == classifier.classes_) * probabilities
        figures[f"{judge}_probability"] = float(of_right_class.sum(axis=1).mean())
    return figures


def training_figures(classifier: Any, seconds: float) -> Figures:
    """Return the figures of a classifier's training.

    Parameters
    ----------
    classifier : classifier
        Fitted, not a Pipeline.
    seconds : float
        Time of the fit.

    Returns
    -------
    figures : dict of str to float or int
        Named as in :class:`skmnist.recipes.Reported`; only the time if it is not a network.
    """
    if not isinstance(classifier, NetworkClassifier):
        return {"fit_seconds": seconds}
    # Of the last epoch, measured during training, as Keras prints and reports quote them.
    last_phase = list(histories_of(classifier).values())[-1]
    figures: Figures = {
        "training_accuracy": 100 * last_phase["accuracy"][-1],
        "training_loss": last_phase["loss"][-1],
        "n_epochs": classifier.n_epochs_,
        "n_parameters": classifier.n_parameters_,
        "fit_seconds": seconds,
        "seconds_per_epoch": seconds / classifier.n_epochs_,
    }
    side = _last_side(classifier.network_)
    return figures if side is None else figures | {"last_side": side}


def histories_of(network: NetworkClassifier) -> dict[str, dict[str, list[float]]]:
    """Return the history of each phase of the training by the phase's name.

    Parameters
    ----------
    network : NetworkClassifier
        Fitted.

    Returns
    -------
    histories : dict of str to dict of str to list of float
        Most networks have only "history".
    """
    histories = {name.strip("_"): getattr(network, name, None) for name in _HISTORIES}
    return {phase: history for phase, history in histories.items() if history}


def _last_side(model: Any) -> int | None:
    """Return the side of the last image inside of a Keras model; None if it isn't square."""
    for layer in reversed(model.layers):
        shape = layer.output.shape
        if len(shape) == 4 and _makes_images(layer):
            return int(shape[1]) if shape[1] == shape[2] else None
    return None


def _makes_images(layer: Any) -> bool:
    """Return whether a layer is a convolution, a pooling or a backbone, not just a rescaling."""
    return layer.count_params() > 0 or "Pool" in type(layer).__name__
