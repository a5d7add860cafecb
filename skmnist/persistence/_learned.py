"""Checks of the learned state of each class in an untrusted file."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from skmnist._inputs.pixels import PixelValues
from skmnist._inputs.state import ImageState
from skmnist.classifiers import CNNFeatures, PretrainedClassifier
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.classifiers._pixel_state import PixelState
from skmnist.ensemble import CNNStackingClassifier, VirtualSVC
from skmnist.persistence._checks import is_count, is_list_of, shortened, with_keys
from skmnist.preprocessing._ink import InkTransformer
from skmnist.regressors._network_regressor import NetworkRegressor
from skmnist.text import TextSequencer
from skmnist.text._networks import UNKNOWN
from skmnist.text._sequence_classifier import MOST_WORDS, SequenceClassifier
from skmnist.training._precision import DTYPES
from skmnist.wrappers import KerasClassifier
from skmnist.wrappers._keras_estimator import KerasEstimator

_DTYPES = {"object", *(np.dtype(code).name for code in np.typecodes["All"])}

# For each name, a check and its description in errors.
Rules = dict[str, tuple[Callable[[Any], bool], str]]

# Values of attributes that are missing in files of older versions.
_IN_OLDER_FILES: dict[str, Any] = {
    "pixel_offset_": 0.0,
    "_pixels_": None,
    "_mirrored_": False,
    "ink_": "bright",
    "target_type_": None,
}


def _is_image_shape(value: Any) -> bool:
    return is_list_of(int, value) and len(value) == 3 and min(value) >= 1


def _is_history(value: Any) -> bool:
    """Return whether a value is a dict of lists of numbers, with null for NaN."""
    return isinstance(value, dict) and all(
        isinstance(curve, list) and all(one is None or type(one) is float for one in curve)
        for curve in value.values()
    )


def _are_pixel_values(value: Any) -> bool:
    return value is None or (
        isinstance(value, list)
        and len(value) == len(PixelValues._fields)
        and is_list_of(float, value[:-1])
        and is_list_of(float, value[-1])
    )


def _is_shape(value: Any) -> bool:
    return is_list_of(int, value) and min(value, default=1) >= 1


def _are_parts(value: Any) -> bool:
    """Return whether a value is null, or a list of names and shapes of a network's inputs."""
    if value is None:
        return True
    pairs = isinstance(value, list) and all(
        isinstance(one, list) and len(one) == 2 and type(one[0]) is str and _is_shape(one[1])
        for one in value
    )
    return pairs and len({name for name, _ in value}) == len(value) > 0


def _are_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(type(number) is float for number in value.values())


_HISTORY = (_is_history, "a list of numbers for each name")
# A class also has the rules of its bases.
_RULES: dict[type, Rules] = {
    ImageState: {
        "image_shape_": (_is_image_shape, "height, width and channels"),
        "n_features_in_": (is_count, "a whole number"),
        "feature_names_in_": (
            lambda value: value is None or is_list_of(str, value),
            "names or null",
        ),
    },
    InkTransformer: {"ink_": (lambda value: value in ("bright", "dark"), "'bright' or 'dark'")},
    TextSequencer: {
        "vocabulary_": (lambda value: is_list_of(str, value), "a list of words"),
        "length": (lambda value: is_count(value) and value > 0, "a whole number > 0"),
    },
    PixelState: {
        "pixel_offset_": (lambda value: type(value) is float, "a number"),
        "pixel_scale_": (lambda value: type(value) is float and value > 0, "a number > 0"),
        "_pixels_": (_are_pixel_values, "null or four numbers and a list of numbers"),
    },
    NetworkEstimator: {
        "_mirrored_": (lambda value: type(value) is bool, "true or false"),
        "dtype_": (lambda value: value in DTYPES and value != "auto", f"one of {DTYPES[1:]}"),
        "n_epochs_": (is_count, "a whole number"),
        "best_epoch_": (is_count, "a whole number"),
        "_seed_": (lambda value: is_count(value) and value < 2**31, "a whole number under 2**31"),
        "history_": _HISTORY,
    },
    NetworkClassifier: {
        "target_type_": (
            lambda value: value in (None, "binary", "multiclass", "multilabel-indicator"),
            "scikit-learn's name of a type of labels",
        ),
    },
    NetworkRegressor: {
        "n_outputs_": (lambda value: is_count(value) and value > 0, "a whole number > 0"),
        "target_offset_": (lambda value: is_list_of(float, value), "a list of numbers"),
        "target_scale_": (
            lambda value: is_list_of(float, value) and min(value, default=1) > 0,
            "a list of numbers > 0",
        ),
    },
    KerasEstimator: {
        "_sample_shape_": (_is_shape, "the shape of a sample"),
        "_sample_dtype_": (lambda value: value in _DTYPES, "the name of one of NumPy's dtypes"),
        "_parts_": (_are_parts, "null or the names and shapes of inputs"),
    },
    KerasClassifier: {"_logits_": (lambda value: type(value) is bool, "true or false")},
    PretrainedClassifier: {"fine_tune_history_": _HISTORY},
    CNNFeatures: {"frozen": (lambda value: type(value) is bool, "true or false")},
    VirtualSVC: {
        "support_": (
            lambda value: is_list_of(int, value) and min(value, default=0) >= 0,
            "a list of whole numbers",
        ),
    },
    CNNStackingClassifier: {
        "part_scores_": (_are_by_name, "a number for each name"),
        "part_weights_": (
            lambda value: value is None or _are_by_name(value),
            "null or a number for each name",
        ),
    },
    SequenceClassifier: {
        "vocabulary_size_": (
            lambda value: is_count(value) and UNKNOWN < value <= MOST_WORDS,
            f"a whole number over {UNKNOWN}, of at most {MOST_WORDS}",
        ),
    },
}


def checked_state(estimator: Any, learned: Any) -> dict[str, Any]:
    """Return the learned state; raise an error if it isn't one of this estimator's class."""
    rules = _rules_of(type(estimator))
    if isinstance(learned, dict):
        learned = {k: v for k, v in _IN_OLDER_FILES.items() if k in rules} | learned
    state = with_keys(learned, rules, "learned")
    for name, (is_right, expected) in rules.items():
        if not is_right(state[name]):
            raise ValueError(f"{name} is {shortened(state[name])}; expected {expected}.")
    if isinstance(estimator, ImageState):
        _check_features(state)
    if isinstance(estimator, PixelState):
        _check_channels(state)
    if isinstance(estimator, KerasEstimator):
        _check_sample(state)
    if isinstance(estimator, NetworkRegressor):
        _check_columns(state)
    return state


def check_targets(state: dict[str, Any]) -> None:
    """Raise an error for a type of targets that doesn't fit the classes."""
    kind, classes = state.get("target_type_"), state["classes_"].tolist()
    fits = {
        None: True,
        "binary": len(classes) == 2,
        "multiclass": True,  # the network has an output for each
        "multilabel-indicator": classes == list(range(len(classes))),
    }
    if not fits[kind]:
        raise ValueError(f"target_type_ is {kind!r}, which doesn't fit the classes.")


def _rules_of(kind: type) -> Rules:
    rules = (_RULES.get(base, {}) for base in reversed(kind.__mro__))
    return {name: rule for of_base in rules for name, rule in of_base.items()}


def _check_features(state: dict[str, Any]) -> None:
    n_pixels, names = prod(state["image_shape_"]), state["feature_names_in_"]
    if state["n_features_in_"] != n_pixels or (names is not None and len(names) != n_pixels):
        raise ValueError(
            f"n_features_in_ and feature_names_in_ don't fit image_shape_, of {n_pixels} pixels."
        )


def _check_channels(state: dict[str, Any]) -> None:
    pixels = state["_pixels_"]
    if pixels is not None and len(pixels[-1]) != state["image_shape_"][2]:
        raise ValueError(f"_pixels_ has a background of {len(pixels[-1])} channels.")


def _check_sample(state: dict[str, Any]) -> None:
    n_features, parts = state["n_features_in_"], state["_parts_"]
    in_parts = n_features if parts is None else sum(prod(shape) for _, shape in parts)
    if not prod(state["_sample_shape_"]) == in_parts == n_features:
        raise ValueError(f"_sample_shape_ and _parts_ don't fit {n_features} features.")


def _check_columns(state: dict[str, Any]) -> None:
    lengths = {len(state["target_offset_"]), len(state["target_scale_"])}
    if lengths != {state["n_outputs_"]}:
        raise ValueError(
            f"target_offset_ and target_scale_ have {sorted(lengths)} numbers; expected "
            f"{state['n_outputs_']}, one for each output."
        )
