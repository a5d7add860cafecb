"""A classifier as one Keras model, from pixels as the user holds them to probabilities."""

from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skmnist._utils.backend import load_keras
from skmnist.classifiers import CNNFeatures
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.ensemble import CommitteeClassifier
from skmnist.networks._architecture import Architecture
from skmnist.networks._inner import inner_network
from skmnist.networks._output import Output
from skmnist.wrappers._own_network import OwnNetwork


def probabilities_of(estimator: Any, pixels: Any, name: str = "") -> Any:
    """Apply a fitted classifier to symbolic pixels.

    Parameters
    ----------
    estimator : classifier
        Fitted: a network classifier, a committee of these, or a Pipeline whose other steps do
        nothing.
    pixels : keras.KerasTensor of shape (None, n_features) or (None, height, width, channels)
        Float32, not scaled.
    name : str, default=""
        The estimator's name, for errors.

    Returns
    -------
    probabilities : keras.KerasTensor of shape (None, n_classes)
        Float32, whatever precision the classifier has.

    Raises
    ------
    ValueError
        If a part is of another kind.

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
    if isinstance(estimator, NetworkClassifier):
        return _of_network(estimator, pixels)
    if isinstance(estimator, FrozenEstimator):
        return probabilities_of(estimator.estimator, pixels, name)
    if isinstance(estimator, Pipeline):
        for step, transformer in estimator.steps[:-1]:
            if transformer not in (None, "passthrough"):
                raise _no_network(step, transformer)
        return probabilities_of(estimator[-1], pixels, estimator.steps[-1][0])
    if isinstance(estimator, CommitteeClassifier):
        return _of_committee(estimator, pixels)
    raise _no_network(name, estimator)


def _no_network(name: str, estimator: Any) -> ValueError:
    step = f"step {name!r}, " if name else ""
    return ValueError(
        f"{step}{type(estimator).__name__}, isn't a network; this format has only networks, and "
        "committees of them. Export to .onnx"
    )


def _of_committee(committee: CommitteeClassifier, pixels: Any) -> Any:
    if committee.test_time_shifts:
        raise ValueError(
            f"test_time_shifts={committee.test_time_shifts} has no form in it; set it to 0, or "
            "export to .onnx"
        )
    members = [
        probabilities_of(member, pixels, f"member {number}")
        for number, member in enumerate(committee.estimators_)
    ]
    total = members[0]
    for member in members[1:]:
        total = load_keras().ops.add(total, member)
    return total / len(members)


def _of_network(classifier: NetworkClassifier, pixels: Any) -> Any:
    network = float_network(classifier)
    # A softmax's do, but for rounding.
    sum_to_one = Output.of(network, network).activation == "softmax"
    return classifier.__skmnist_probabilities__(network(_scaled(classifier, pixels)), sum_to_one)


def features_of(features: CNNFeatures, pixels: Any) -> Any:
    """Apply the inner layer of a fitted network to symbolic pixels.

    Parameters
    ----------
    features : CNNFeatures
        Fitted; its rows are not normalized here.
    pixels : keras.KerasTensor of shape (None, n_features) or (None, height, width, channels)
        Float32, not scaled.

    Returns
    -------
    features : keras.KerasTensor of shape (None, n_features_out)
        Float32.
    """
    classifier = features.classifier_
    inner = Architecture.of(
        inner_network,
        network=_in_float32(classifier),
        layer=features.layer,
        pool=features.pool,
        dtype="float32",
    )
    return _with_variables_of(classifier, inner)(_scaled(classifier, pixels))


def _scaled(classifier: NetworkClassifier, pixels: Any) -> Any:
    ops = load_keras().ops
    if tuple(pixels.shape[1:]) != classifier.image_shape_:
        pixels = ops.reshape(pixels, (-1, *classifier.image_shape_))
    # Not multiplied by the inverse, so that the last digit is that of `predict_proba`.
    if classifier.pixel_offset_ != 0:
        pixels = ops.subtract(pixels, classifier.pixel_offset_)
    if classifier.pixel_scale_ != 1:
        pixels = ops.divide(pixels, classifier.pixel_scale_)
    return pixels


def float_network(classifier: NetworkClassifier) -> Any:
    """Return a fitted network that computes in float32.

    Runtimes for inference compute in neither bfloat16 nor float64.

    Raises
    ------
    ValueError
        If it is a network of the user's own of another precision.
    """
    return _with_variables_of(classifier, _in_float32(classifier))


def _in_float32(classifier: NetworkClassifier) -> Architecture:
    architecture = classifier.__skmnist_predictor__.architecture
    settings = dict(architecture.settings)
    if settings["dtype"] == "float32":
        return architecture
    if isinstance(architecture.builder, OwnNetwork):
        raise ValueError(
            f"its network computes in {settings['dtype']}; expected float32. Fit it with "
            "dtype='float32'"
        )
    return Architecture.of(architecture.builder, **{**settings, "dtype": "float32"})


def _with_variables_of(classifier: NetworkClassifier, architecture: Architecture) -> Any:
    """Build a network with a fitted one's variables; a part of the network has the first ones."""
    network = architecture.build(seed=0)
    values = classifier.__skmnist_predictor__.variables
    for variable, value in zip(network.variables, values, strict=False):
        variable.assign(value)
    # Under a new name, as a committee has several networks.
    return load_keras().Model(network.inputs[0], network.outputs[0])
