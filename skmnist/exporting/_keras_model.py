"""A classifier's network as one Keras model, from pixels as the user holds them to probabilities."""

from typing import Any

import numpy as np

from skmnist._utils.backend import load_keras
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.networks._architecture import Architecture
from skmnist.networks._output import Output
from skmnist.wrappers._own_network import OwnNetwork


def probabilities_of(classifier: NetworkClassifier, pixels: Any) -> Any:
    """Apply a fitted classifier to symbolic pixels.

    Parameters
    ----------
    classifier : NetworkClassifier
        Fitted.
    pixels : keras.KerasTensor of shape (None, n_features) or (None, height, width, channels)
        Float32, not scaled.

    Returns
    -------
    probabilities : keras.KerasTensor of shape (None, n_classes)
        Float32, whatever precision the classifier has.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.exporting._keras_model import probabilities_of
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = DNNClassifier(hidden_units=(16,), epochs=1, random_state=0).fit(X, y)
    >>> probabilities_of(classifier, load_keras().Input((64,))).shape
    (None, 10)
    """
    ops = load_keras().ops
    if tuple(pixels.shape[1:]) != classifier.image_shape_:
        pixels = ops.reshape(pixels, (-1, *classifier.image_shape_))
    # Not multiplied by the inverse, so that the last digit is that of `predict_proba`.
    if classifier.pixel_offset_ != 0:
        pixels = ops.subtract(pixels, np.float32(classifier.pixel_offset_))
    if classifier.pixel_scale_ != 1:
        pixels = ops.divide(pixels, np.float32(classifier.pixel_scale_))
    network = float_network(classifier)
    # A softmax's do, but for rounding.
    sum_to_one = Output.of(network, network).activation == "softmax"
    return classifier.__skmnist_probabilities__(network(pixels), sum_to_one)


def float_network(classifier: NetworkClassifier) -> Any:
    """Return a fitted network that computes in float32.

    Runtimes for inference compute in neither bfloat16 nor float64.

    Raises
    ------
    ValueError
        If it is a network of the user's own of another precision.
    """
    predictor = classifier.__skmnist_predictor__
    architecture = predictor.architecture
    settings = dict(architecture.settings)
    if settings["dtype"] != "float32":
        if isinstance(architecture.builder, OwnNetwork):
            raise ValueError(
                f"its network computes in {settings['dtype']}; expected float32. Fit a "
                f"{type(classifier).__name__} with dtype='float32'"
            )
        architecture = Architecture.of(architecture.builder, **{**settings, "dtype": "float32"})
    network = architecture.build(seed=0)
    for variable, value in zip(network.variables, predictor.variables, strict=True):
        variable.assign(value)
    return network
