"""Fitted estimators as JSON, with what each kind of them has learned; networks apart.

An estimator is its class, its parameters and some sections of what it has learned.  What is in a
Pipeline or a committee has a place in it, which tells its tensors from those of others.
"""

from collections.abc import Callable
from functools import singledispatch
from math import isnan, nan, prod
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skmnist._inputs.pixels import PixelValues
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.ensemble import CommitteeClassifier
from skmnist.networks import Architecture
from skmnist.persistence._checks import is_count, is_list_of, of_type, shortened, with_keys
from skmnist.persistence._labels import decoded_labels, encoded_labels
from skmnist.persistence._parameters import check_class, encoded_parameters, unfitted
from skmnist.preprocessing._image_transformer import ImageTransformer
from skmnist.preprocessing._ink import InkTransformer
from skmnist.text._networks import UNKNOWN
from skmnist.text._sequence_classifier import MOST_WORDS, SequenceClassifier
from skmnist.text._sequencer import TextSequencer
from skmnist.training._precision import DTYPES

# The networks of an estimator, by their places.
Networks = dict[str, NetworkClassifier]
Rules = dict[str, tuple[Callable[[Any], bool], str]]

# What a file written before there was such an attribute stands for.
_IN_OLDER_FILES: dict[str, Any] = {"pixel_offset_": 0.0, "_pixels_": None, "ink_": "bright"}


def encoded_fitted(estimator: Any, place: str, networks: Networks) -> dict[str, Any]:
    """Turn a fitted estimator into what JSON can say, and gather its networks."""
    # First, for it names what can't be saved.
    learned = _checked_sections(estimator, place, networks)
    parameters = encoded_parameters(estimator)
    return {"class": type(estimator).__name__, "parameters": parameters, **learned}


def decoded_fitted(part: Any, place: str, networks: Networks) -> Any:
    """Make the estimator that a part of a file is, and gather its networks, yet to be filled."""
    sections = dict(of_type(part, dict, "a part"))
    estimator = unfitted(sections.pop("class", None), sections.pop("parameters", None))
    _learn(estimator, sections, place, networks)
    return estimator


def architecture_of(network: NetworkClassifier) -> Architecture:
    """Tell the architecture that a fitted classifier's parameters describe."""
    return network._architecture(network.image_shape_, len(network.classes_), network.dtype_)


def _checked_sections(estimator: Any, place: str, networks: Networks) -> dict[str, Any]:
    check_class(estimator)
    check_is_fitted(estimator)
    return _sections(estimator, place, networks)


@singledispatch
def _sections(estimator: Any, place: str, networks: Networks) -> dict[str, Any]:
    """Say what an estimator has learned."""
    raise NotImplementedError(type(estimator))


@singledispatch
def _learn(estimator: Any, sections: Any, place: str, networks: Networks) -> None:
    """Give an estimator what it had learned, after a check of everything."""
    raise NotImplementedError(type(estimator))


# -- learned attributes, each by its rule ------------------------------------------------


def _is_image_shape(value: Any) -> bool:
    return is_list_of(int, value) and len(value) == 3 and min(value) >= 1


_OF_IMAGES: Rules = {
    "image_shape_": (_is_image_shape, "height, width and channels"),
    "n_features_in_": (is_count, "a whole number"),
    "feature_names_in_": (lambda value: value is None or is_list_of(str, value), "names or null"),
}


def _encoded_learned(estimator: Any, rules: Rules) -> dict[str, Any]:
    learned: dict[str, Any] = {name: getattr(estimator, name, None) for name in rules}
    names = learned["feature_names_in_"]
    return learned | {
        "image_shape_": list(estimator.image_shape_),
        "feature_names_in_": None if names is None else names.tolist(),
    }


def _decoded_learned(section: Any, rules: Rules) -> dict[str, Any]:
    learned = dict(_by_rules(section, rules))
    n_pixels, names = prod(learned["image_shape_"]), learned.pop("feature_names_in_")
    if learned["n_features_in_"] != n_pixels or (names is not None and len(names) != n_pixels):
        raise ValueError(
            f"n_features_in_ and feature_names_in_ don't fit image_shape_, of {n_pixels} pixels."
        )
    if names is not None:
        learned["feature_names_in_"] = np.array(names, dtype=object)
    return learned | {"image_shape_": tuple(learned["image_shape_"])}


def _by_rules(section: Any, rules: Rules) -> dict[str, Any]:
    if isinstance(section, dict):
        section = {k: v for k, v in _IN_OLDER_FILES.items() if k in rules} | section
    learned = with_keys(section, rules, "learned")
    for name, (is_right, expected) in rules.items():
        if not is_right(learned[name]):
            raise ValueError(f"{name} is {shortened(learned[name])}; expected {expected}.")
    return learned


def _where(place: str) -> str:
    return f"part {place}" if place else "its JSON"


# -- networks ----------------------------------------------------------------------------


def _is_history(value: Any) -> bool:
    """Return whether a value is curves of numbers; JSON has no NaN, and null stands for it."""
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


_OF_NETWORKS: Rules = {
    **_OF_IMAGES,
    "pixel_offset_": (lambda value: type(value) is float, "a number"),
    "pixel_scale_": (lambda value: type(value) is float and value > 0, "a number > 0"),
    "_pixels_": (_are_pixel_values, "null or four numbers and a list of numbers"),
    "dtype_": (lambda value: value in DTYPES and value != "auto", f"one of {DTYPES[1:]}"),
    "n_epochs_": (is_count, "a whole number"),
    "best_epoch_": (is_count, "a whole number"),
    "_seed_": (lambda value: is_count(value) and value < 2**31, "a whole number under 2**31"),
}
_OF_SEQUENCES: Rules = {
    "vocabulary_size_": (
        lambda value: is_count(value) and UNKNOWN < value <= MOST_WORDS,
        f"a whole number over {UNKNOWN}, of at most {MOST_WORDS}",
    ),
}


def _rules(network: NetworkClassifier) -> Rules:
    """Say what each learned attribute must be; some classifiers have more histories than one."""
    history = _is_history, "a list of numbers for each name"
    of_words = _OF_SEQUENCES if isinstance(network, SequenceClassifier) else {}
    return {**_OF_NETWORKS, **of_words, **dict.fromkeys(network._histories, history)}


@_sections.register
def _of_network(network: NetworkClassifier, place: str, networks: Networks) -> dict[str, Any]:
    if architecture_of(network) != network._predictor_.architecture:
        raise ValueError(
            "The network's parameters have changed since it was fitted. Set them back, or fit "
            "again, before saving."
        )
    networks[place] = network
    learned = _encoded_learned(network, _rules(network))
    histories = {name: _without_nan(learned[name]) for name in network._histories}
    pixels = network._pixels_
    values = None if pixels is None else [*pixels[:-1], list(pixels.background)]
    return {
        "classes": encoded_labels(network.classes_),
        "learned": learned | histories | {"_pixels_": values},
    }


@_learn.register
def _network_learns(
    network: NetworkClassifier, sections: Any, place: str, networks: Networks
) -> None:
    sections = with_keys(sections, ("classes", "learned"), _where(place))
    learned = _decoded_learned(sections["learned"], _rules(network))
    learned |= {name: _with_nan(learned[name]) for name in network._histories}
    learned["_pixels_"] = _decoded_pixels(learned["_pixels_"], learned["image_shape_"])
    network.__dict__.update(learned, classes_=decoded_labels(sections["classes"]))
    networks[place] = network


def _decoded_pixels(values: Any, image_shape: tuple[int, ...]) -> PixelValues | None:
    if values is None:
        return None
    low, high, at_low, at_high, background = values
    pixels = PixelValues(low, high, at_low, at_high, tuple(background))
    if len(pixels.background) != image_shape[2]:
        raise ValueError(f"_pixels_ has a background of {len(pixels.background)} channels.")
    return pixels


def _without_nan(history: dict[str, Any]) -> dict[str, list[float | None]]:
    return {
        name: [None if isnan(value) else float(value) for value in curve]
        for name, curve in history.items()
    }


def _with_nan(history: dict[str, Any]) -> dict[str, list[float]]:
    return {
        name: [nan if value is None else value for value in curve]
        for name, curve in history.items()
    }


# -- transformers ------------------------------------------------------------------------


_OF_INK: Rules = {"ink_": (lambda value: value in ("bright", "dark"), "'bright' or 'dark'")}


@_sections.register
def _of_transformer(
    transformer: ImageTransformer, place: str, networks: Networks
) -> dict[str, Any]:
    return {"learned": _encoded_learned(transformer, _rules_of_transformer(transformer))}


@_learn.register
def _transformer_learns(
    transformer: ImageTransformer, sections: Any, place: str, networks: Networks
) -> None:
    section = with_keys(sections, ("learned",), _where(place))["learned"]
    transformer.__dict__.update(_decoded_learned(section, _rules_of_transformer(transformer)))


def _rules_of_transformer(transformer: ImageTransformer) -> Rules:
    return _OF_IMAGES | _OF_INK if isinstance(transformer, InkTransformer) else _OF_IMAGES


_OF_TEXTS: Rules = {
    "vocabulary_": (lambda value: is_list_of(str, value), "a list of words"),
    "length": (lambda value: is_count(value) and value > 0, "a whole number > 0"),
}


@_sections.register
def _of_sequencer(sequencer: TextSequencer, place: str, networks: Networks) -> dict[str, Any]:
    words, length = list(sequencer.vocabulary_), sequencer._n_features_out
    return {"learned": {"vocabulary_": words, "length": length}}


@_learn.register
def _sequencer_learns(
    sequencer: TextSequencer, sections: Any, place: str, networks: Networks
) -> None:
    section = with_keys(sections, ("learned",), _where(place))["learned"]
    learned = _by_rules(section, _OF_TEXTS)
    # To know these words is to learn them: fitted without a text, it says what is wrong with them.
    again = TextSequencer(
        max_tokens=sequencer.max_tokens,
        output_sequence_length=learned["length"],
        vocabulary=learned["vocabulary_"],
    )
    again.fit([])
    if len(again.vocabulary_) != len(learned["vocabulary_"]):
        raise ValueError(
            f"vocabulary_ has more words than max_tokens={sequencer.max_tokens} allows."
        )
    sequencer.vocabulary_, sequencer._n_features_out = again.vocabulary_, again._n_features_out


# -- estimators of estimators ------------------------------------------------------------


@_sections.register
def _of_pipeline(pipeline: Pipeline, place: str, networks: Networks) -> dict[str, Any]:
    steps = enumerate(pipeline.steps)
    return {
        "steps": [
            None if _passes(step) else _checked_sections(step, f"{place}{i}/", networks)
            for i, (_, step) in steps
        ]
    }


@_learn.register
def _pipeline_learns(pipeline: Pipeline, sections: Any, place: str, networks: Networks) -> None:
    learned = with_keys(sections, ("steps",), _where(place))["steps"]
    pipeline._validate_steps()
    for i, ((_, step), section) in enumerate(zip(pipeline.steps, learned, strict=True)):
        if not _passes(step):
            _learn(step, section, f"{place}{i}/", networks)


def _passes(step: Any) -> bool:
    return step is None or (isinstance(step, str) and step == "passthrough")


@_sections.register
def _of_committee(committee: CommitteeClassifier, place: str, networks: Networks) -> dict[str, Any]:
    members = enumerate(committee.estimators_)
    return {
        "estimators": [encoded_fitted(member, f"{place}{i}/", networks) for i, member in members],
        "classes": encoded_labels(committee.classes_),
        "learned": _encoded_learned(committee, _OF_IMAGES),
    }


@_learn.register
def _committee_learns(
    committee: CommitteeClassifier, sections: Any, place: str, networks: Networks
) -> None:
    sections = with_keys(sections, ("estimators", "classes", "learned"), _where(place))
    committee.__dict__.update(_decoded_learned(sections["learned"], _OF_IMAGES))
    committee.classes_ = decoded_labels(sections["classes"])
    committee.estimators_ = [
        decoded_fitted(member, f"{place}{i}/", networks)
        for i, member in enumerate(of_type(sections["estimators"], list, "estimators"))
    ]
    committee._check_shifts()
    members = committee.estimators_
    if not members or not all(_fits(member, committee) for member in members):
        raise ValueError(
            "estimators; expected one at least, of the committee's classes and images."
        )


def _fits(member: Any, committee: CommitteeClassifier) -> bool:
    return (
        is_classifier(member)
        and np.array_equal(member.classes_, committee.classes_)
        # A Pipeline that begins with "passthrough" doesn't tell.
        and getattr(member, "n_features_in_", committee.n_features_in_) == committee.n_features_in_
    )
