"""Unfitted estimators as JSON: the names of their classes and their parameters."""

from collections.abc import Mapping
from math import isfinite
from os import PathLike, fspath
from typing import Any, get_type_hints

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from skmnist._utils.errors import unknown_name
from skmnist._utils.sklearn import parameter_names, validate_params
from skmnist._utils.values import Value
from skmnist.classifiers import (
    CapsNetClassifier,
    CNNClassifier,
    CNNFeatures,
    DNNClassifier,
    LeNetClassifier,
    PretrainedClassifier,
    PretrainedFeatures,
    ResNetClassifier,
)
from skmnist.ensemble import CNNStackingClassifier, CommitteeClassifier, VirtualSVC
from skmnist.networks import ConvBlock, PooledBlocks, RandomUniform, VGGBlocks
from skmnist.persistence._archive import is_packed, is_theirs, packed, unpacked
from skmnist.persistence._checks import of_type, with_keys
from skmnist.persistence._store import Store
from skmnist.preprocessing import (
    HOG,
    Blur,
    ColumnNormalizer,
    ConvolutionFeatures,
    Deskew,
    DigitNormalizer,
    ImageLoader,
    MomentNormalizer,
    OrientedGradients,
)
from skmnist.regressors import CNNRegressor, DNNRegressor
from skmnist.text import SequenceCNNClassifier, SequenceDNNClassifier, TextSequencer
from skmnist.training import (
    Augmentation,
    Constant,
    Cosine,
    InverseScaling,
    OneCycle,
    Optimizer,
    Plateau,
)
from skmnist.wrappers import KerasClassifier, KerasRegressor

ESTIMATORS: dict[str, type[BaseEstimator]] = {
    made.__name__: made
    for made in (
        CNNClassifier,
        CapsNetClassifier,
        DNNClassifier,
        LeNetClassifier,
        PretrainedClassifier,
        ResNetClassifier,
        SequenceCNNClassifier,
        SequenceDNNClassifier,
        CNNRegressor,
        DNNRegressor,
        KerasClassifier,
        KerasRegressor,
        CNNStackingClassifier,
        CommitteeClassifier,
        VirtualSVC,
        Pipeline,
        Blur,
        ColumnNormalizer,
        ConvolutionFeatures,
        Deskew,
        DigitNormalizer,
        HOG,
        ImageLoader,
        MomentNormalizer,
        OrientedGradients,
        CNNFeatures,
        PretrainedFeatures,
        TextSequencer,
    )
}
_OBJECTS: dict[str, type[Value]] = {
    made.__name__: made
    for made in (
        Augmentation,
        Constant,
        ConvBlock,
        Cosine,
        InverseScaling,
        OneCycle,
        Optimizer,
        Plateau,
        PooledBlocks,
        RandomUniform,
        VGGBlocks,
    )
}
# Their networks are of the user's own function or model, which the reader of a file gives.
_OF_OWN_NETWORKS = (KerasClassifier, KerasRegressor)
_INSTEAD = {
    "activation": "Keras's name of the activation",
    "callbacks": "None",
    "loss": "the name of one of Keras's losses",
    "memory": "None",
    "metrics": "a list of the names of Keras's metrics",
    "optimizer": "the optimizer's name, or an Optimizer with its settings",
    "random_state": "a whole number or None",
    "schedule": "a schedule's name, OneCycle, Cosine, InverseScaling or Plateau",
}
# They run code: the callbacks' own, and that in the pickles of a Pipeline's memory.
_NEVER_IN_A_FILE = ("callbacks", "memory")


def is_ours(estimator: Any) -> bool:
    """Return whether an estimator is stored in this package's own form, without skops.

    A Pipeline is if all of its steps are.
    """
    if isinstance(estimator, Pipeline):
        return type(estimator) is Pipeline and all(
            passes(step) or is_ours(step) for _, step in estimator.steps
        )
    return type(estimator) in ESTIMATORS.values()


def is_setting(value: Any) -> bool:
    """Return whether a value is a parameter of this package's own class, such as a schedule."""
    return type(value) in _OBJECTS.values()


def passes(step: Any) -> bool:
    """Return whether a Pipeline's step does nothing."""
    return step is None or (isinstance(step, str) and step == "passthrough")


def unfitted(name: Any, parameters: Any, store: Store) -> Any:
    """Return an unfitted estimator of one of our classes, its parameters checked."""
    if not isinstance(name, str) or name not in ESTIMATORS:
        raise unknown_name("class", str(name), ESTIMATORS)
    known = parameter_names(ESTIMATORS[name])
    for parameter, value in of_type(parameters, dict, "parameters").items():
        if parameter not in known:
            raise unknown_name(f"{name}: parameter", parameter, known)
        if parameter in _NEVER_IN_A_FILE and value:
            raise ValueError(f"{parameter} in the file; expected none, as it isn't data.")
    own: dict[str, Any] = {}
    if ESTIMATORS[name] in _OF_OWN_NETWORKS:
        own = _own_network(parameters.get("model"), store)
    # A parameter that is newer than the file gets its default.
    decoded_ = {k: decoded(value, store) for k, value in parameters.items() if k not in own}
    estimator = ESTIMATORS[name](**decoded_, **own)
    validate_params(estimator)
    return estimator


def _own_network(value: Any, store: Store) -> dict[str, Any]:
    """Return a user's function and its arguments, as an estimator's constructor takes them."""
    value = with_keys(value, ("type", "path", "arguments"), "model")
    arguments = of_type(value["arguments"], dict, "arguments of the model")
    return {
        "model": store.models.decoded(value["path"]),
        **{f"model__{name}": decoded(argument, store) for name, argument in arguments.items()},
    }


def encoded_parameters(estimator: BaseEstimator, store: Store) -> dict[str, Any]:
    """Return an estimator's parameters, which may be estimators, as values for JSON."""
    if not isinstance(estimator, _OF_OWN_NETWORKS):
        return _encoded_each(estimator.get_params(deep=False), store)
    names = parameter_names(type(estimator))
    parameters = {name: getattr(estimator, name) for name in names if name != "model"}
    arguments = _encoded_each(estimator.__skmnist_arguments__, store)
    own = store.models.encoded(estimator.model, arguments)
    return {**_encoded_each(parameters, store), "model": own}


def _encoded_each(parameters: Mapping[str, Any], store: Store) -> dict[str, Any]:
    encoded_ = {}
    for name, value in parameters.items():
        try:
            if name in _NEVER_IN_A_FILE and value:
                raise TypeError("it runs code")
            encoded_[name] = encoded(value, store)
        except TypeError as error:
            instead = _INSTEAD.get(name, "numbers, strings or this package's own objects")
            raise TypeError(
                f"{name}={value!r} can't be saved as data: {error}. Change it by "
                f"set_params({name}=...) before saving, to {instead}; or use joblib."
            ) from error
    return encoded_


def encoded(value: Any, store: Store) -> Any:
    """Return plain values, and objects of our classes, as values for JSON."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, PathLike):
        value = fspath(value)
    if _is_plain(value):
        return value
    if isinstance(value, list):
        return [encoded(item, store) for item in value]
    if isinstance(value, tuple):
        return {"type": "tuple", "items": [encoded(item, store) for item in value]}
    if isinstance(value, dict):
        return {"type": "dict", "items": [encoded(list(pair), store) for pair in value.items()]}
    if is_setting(value):
        settings = {name: encoded(setting, store) for name, setting in value.get_params().items()}
        return {"type": type(value).__name__, "fields": settings}
    if is_ours(value):
        return {"type": type(value).__name__, "parameters": encoded_parameters(value, store)}
    if is_theirs(value):
        return packed(value, store)
    raise TypeError(
        f"{value!r} isn't a finite number, string, list, tuple, dict, or object of this package or "
        "of scikit-learn"
    )


def _is_plain(value: Any) -> bool:
    is_number = isinstance(value, float) and isfinite(value)
    return value is None or is_number or isinstance(value, bool | int | str)


def decoded(value: Any, store: Store) -> Any:
    """Return values from JSON as plain values and objects of our classes."""
    if isinstance(value, list):
        return [decoded(item, store) for item in value]
    if not isinstance(value, dict):
        return value
    if is_packed(value):
        return unpacked(value, store)
    kind = str(value.get("type"))
    if kind in _OBJECTS:
        return _object(kind, with_keys(value, ("type", "fields"), kind)["fields"], store)
    if kind in ESTIMATORS:
        return unfitted(kind, with_keys(value, ("type", "parameters"), kind)["parameters"], store)
    if kind not in ("tuple", "dict"):
        raise unknown_name("type", kind, ["tuple", "dict", *_OBJECTS, *ESTIMATORS])
    items = of_type(with_keys(value, ("type", "items"), kind)["items"], list, kind)
    return (tuple if kind == "tuple" else dict)(decoded(items, store))


def _object(kind: str, settings: Any, store: Store) -> Any:
    """Return an object of one of our classes, each field of the type that the class declares."""
    settings = {k: decoded(v, store) for k, v in of_type(settings, dict, kind).items()}
    if kind == "Optimizer":  # checks itself: which settings it has only Keras knows, in `fit`
        return Optimizer(**settings)
    types = get_type_hints(_OBJECTS[kind])
    for name, value in settings.items():
        if name not in types:
            raise unknown_name(f"{kind}: parameter", name, types)
        of_type(value, types[name], f"{kind}: {name}")
    return _OBJECTS[kind](**settings)
