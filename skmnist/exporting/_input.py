"""What an exported model takes: found in what the estimator's networks have learned from."""

from collections.abc import Iterator
from math import prod
from typing import Any

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.ensemble import CNNStackingClassifier, CommitteeClassifier
from skmnist.preprocessing._image_transformer import ImageTransformer
from skmnist.text._sequence_classifier import SequenceClassifier


def input_dtype_of(estimator: Any) -> str:
    """Return the dtype in which users hold the estimator's samples.

    Returns
    -------
    dtype : {"uint8", "int32", "float32"}
        "uint8" if a network learned from images whose lowest and highest pixels are whole numbers,
        at least 0 and at most 255, the highest over 1; "int32" for word indices.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier
    >>> from skmnist.exporting._input import input_dtype_of
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = DNNClassifier(hidden_units=(16,), epochs=1, random_state=0)
    >>> input_dtype_of(classifier.fit(X, y)), input_dtype_of(classifier.fit(X / 16, y))
    ('uint8', 'float32')
    """
    networks = list(networks_of(estimator))
    if any(isinstance(network, SequenceClassifier) for network in networks):
        return "int32"
    return "uint8" if any(map(_learned_bytes, networks)) else "float32"


def n_features_of(estimator: Any) -> int:
    """Return the number of columns that a fitted estimator takes.

    A Pipeline asks its first step, which may be none.
    """
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
        return n_features_of(steps[0])
    return int(estimator.n_features_in_)


def feature_names_of(estimator: Any) -> list[str] | None:
    """Return the names of the columns of the data frame of the fit, if it was one."""
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def image_shape_of_input(estimator: Any) -> tuple[int, ...] | None:
    """Return the shape of one image that the estimator takes; None if it takes no images."""
    for network in networks_of(estimator):
        shape = network.image_shape_
        if prod(shape) == n_features_of(estimator) and min(shape[:2]) > 1:
            return tuple(shape)
    return None


def pixel_range_of(estimator: Any) -> tuple[float, float] | None:
    """Return the lowest and the highest pixel of the training images, in the estimator's unit.

    None if they are not known, or a few pixels lie far from the others.
    """
    if image_shape_of_input(estimator) is None:
        return None
    for network in networks_of(estimator):
        pixels = network.__skmnist_pixels__
        if pixels is not None and pixels.low < pixels.high:
            offset, scale = network.pixel_offset_, network.pixel_scale_
            is_heavy_tailed = scale < pixels.high - pixels.low and offset > pixels.low
            return None if is_heavy_tailed else (float(pixels.low), float(pixels.high))
    return None


def networks_of(estimator: Any) -> Iterator[NetworkClassifier]:
    """Yield the networks that get images in the unit in which the estimator gets them."""
    if isinstance(estimator, NetworkClassifier):
        yield estimator
    elif isinstance(estimator, FrozenEstimator):
        yield from networks_of(estimator.estimator)
    elif isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps[:-1] if step not in (None, "passthrough")]
        if all(isinstance(step, ImageTransformer) for step in steps):
            yield from networks_of(estimator[-1])
    elif isinstance(estimator, CommitteeClassifier):
        for member in estimator.estimators_:
            yield from networks_of(member)
    elif isinstance(estimator, CNNStackingClassifier):
        yield from estimator.networks_


def _learned_bytes(network: NetworkClassifier) -> bool:
    pixels = network.__skmnist_pixels__
    if pixels is None or min(network.image_shape_[:2]) < 2:
        return False
    low, high = pixels.low, pixels.high
    return low >= 0 and 1 < high <= 255 and low == int(low) and high == int(high)
