"""The loss of a fitted classifier on evaluation samples."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss

from skmnist._inputs.images import as_images, native_pixels
from skmnist._inputs.pixels import PixelScaling
from skmnist._inputs.validation import rows_as_fitted
from skmnist._utils.backend import load_keras
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.training._losses import find_loss

_BATCH = 512


def mean_loss(
    classifier: Any, X: Any, y: NDArray[Any], probabilities: NDArray[Any] | None
) -> float | None:
    """Return the mean loss per sample, in the unit of the training loss.

    For a network this is what Keras's ``evaluate`` prints: the mean of the loss that it was trained
    with, label smoothing included, plus the penalties on its weights (L2). For any other classifier
    it is the mean log loss of ``predict_proba``.

    Parameters
    ----------
    classifier : classifier
        Fitted, not a Pipeline.
    X : sequence of length n
        Samples.
    y : ndarray of shape (n,)
        Their labels.
    probabilities : ndarray of shape (n, n_classes) or None
        ``classifier.predict_proba(X)``, or None if it has no such method.

    Returns
    -------
    loss : float or None
        None if there are no probabilities, or a label that the classifier was not trained on.
    """
    if probabilities is None or not np.isin(y, classifier.classes_).all():
        return None
    if isinstance(classifier, NetworkClassifier):
        return _loss_of_network(classifier, X, y)
    return float(log_loss(y, probabilities, labels=classifier.classes_))


def _loss_of_network(network: NetworkClassifier, X: Any, y: NDArray[Any]) -> float:
    rows = native_pixels(rows_as_fitted(network, X)[0])
    numbers = np.searchsorted(network.classes_, y)
    batches = (
        _losses(network, rows[start : start + _BATCH], numbers[start : start + _BATCH])
        for start in range(0, len(rows), _BATCH)
    )
    penalties = load_keras().ops.convert_to_numpy(sum(network.network_.losses))
    return float(np.concatenate(list(batches)).mean() + penalties)


def _losses(network: NetworkClassifier, rows: NDArray[Any], numbers: NDArray[Any]) -> NDArray[Any]:
    """Return the loss of each sample."""
    ops, model = load_keras().ops, network.network_
    scaling = PixelScaling(network.pixel_offset_, network.pixel_scale_)
    pixels = scaling.apply(rows, np.empty(rows.shape, model.inputs[0].dtype))
    # Directly from the model: for sigmoids and softmax, Keras's losses use the logits.
    outputs = model(as_images(pixels, network.image_shape_), training=False)
    n_outputs = outputs.shape[1]
    # One neuron is the probability of the second class.
    classes = np.array([1]) if n_outputs == 1 else np.arange(n_outputs)
    targets = ops.convert_to_tensor(numbers[:, None] == classes, outputs.dtype)
    loss = find_loss(network.loss, network.label_smoothing)
    return ops.convert_to_numpy(loss(targets, outputs))
