"""Fitted estimators and what they have learned as JSON, without the networks' variables.

An estimator of this package is stored as its class, its parameters and sections of what it has
learned, which its class exports and restores (`skmnist._inputs.state.ImageState`); one of
scikit-learn's as `skmnist.persistence._archive` says.  Estimators in another one have a place, a
prefix that distinguishes their tensors from those of others.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skmnist._utils.errors import shown
from skmnist._utils.sklearn import validate_steps
from skmnist.classifiers import CNNFeatures
from skmnist.ensemble import CNNStackingClassifier, CommitteeClassifier, VirtualSVC
from skmnist.networks import Architecture
from skmnist.networks._architecture import without_values
from skmnist.persistence._archive import is_packed, is_theirs, packed, unpacked
from skmnist.persistence._checks import of_type, with_keys
from skmnist.persistence._labels import decoded_labels, encoded_labels
from skmnist.persistence._learned import check_targets, checked_state
from skmnist.persistence._parameters import (
    decoded,
    encoded,
    encoded_parameters,
    is_ours,
    is_setting,
    passes,
    unfitted,
)
from skmnist.persistence._store import HasNetwork, Store
from skmnist.wrappers._keras_estimator import KerasEstimator

# Their state has other fitted estimators, as `estimators_`.
_OF_ESTIMATORS = (CNNFeatures, CNNStackingClassifier, CommitteeClassifier, VirtualSVC)


def new_store(**settings: Any) -> Store:
    """Return a store of an estimator's networks and arrays."""
    return Store(_encoded_inside, _decoded_inside, **settings)


def encoded_fitted(estimator: Any, place: str, store: Store) -> dict[str, Any]:
    """Return a fitted estimator as values for JSON, and add its networks to the store."""
    if not is_ours(estimator):
        _check_class(estimator)
        check_is_fitted(estimator)
        return packed(estimator, store)
    # First, as its errors name what can't be saved.
    learned = _sections(estimator, place, store)
    parameters = encoded_parameters(estimator, store)
    return {"class": type(estimator).__name__, "parameters": parameters, **learned}


def decoded_fitted(part: Any, place: str, store: Store) -> Any:
    """Return the estimator of a part of a file, and add its networks, still without variables."""
    if is_packed(part):
        return unpacked(part, store)
    sections = dict(of_type(part, dict, "a part"))
    estimator = unfitted(sections.pop("class", None), sections.pop("parameters", None), store)
    _restore(estimator, sections, place, store)
    return estimator


def check_can_be_saved(estimator: Any) -> None:
    """Raise the error of `save` that shows before a fit: something in the estimator isn't data.

    Raises
    ------
    TypeError
        If `save` wouldn't accept the estimator.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from skmnist import recipe
    >>> from skmnist.persistence._fitted import check_can_be_saved
    >>> check_can_be_saved(recipe("cnn"))
    >>> check_can_be_saved(make_pipeline(FunctionTransformer(lambda X: X / 255), recipe("cnn")))
    Traceback (most recent call last):
    TypeError: ... can't be saved as data: ...
    """
    if not is_ours(estimator):
        _check_class(estimator)
    encoded(estimator, new_store())


def architecture_of(network: HasNetwork) -> Architecture:
    """Return the architecture that an estimator's parameters and learned state describe.

    A user's function is called for it, but no values are made for its variables.

    Raises
    ------
    ValueError
        If the function can't be called with what the file has for it.
    """
    try:
        return without_values(lambda: network.__skmnist_fitted_architecture__)
    except Exception as error:
        if not isinstance(network, KerasEstimator) or isinstance(error, MemoryError):
            raise
        raise ValueError(
            f"model={shown(network.model)} makes no network for what was saved: {error}"
        ) from error


def _check_class(estimator: Any) -> None:
    """Raise an error for an object that is no estimator of this package or of scikit-learn."""
    if not (is_theirs(estimator) and hasattr(estimator, "get_params")):
        raise TypeError(
            f"{estimator!r} can't be saved as data; expected a fitted estimator of skmnist or of "
            "scikit-learn. Of one that holds it, such as a search, give that; else use joblib, "
            "whose files run code when they are loaded."
        )


def _encoded_inside(value: Any, place: str, store: Store) -> dict[str, Any] | None:
    """Return an object of this package as values for JSON, fitted or not; None for others."""
    if isinstance(value, Pipeline) or not (is_ours(value) or is_setting(value)):
        return None
    if is_setting(value) or not _is_fitted(value):
        return encoded(value, store)
    return encoded_fitted(value, place, store)


def _decoded_inside(part: Any, place: str, store: Store) -> Any:
    """Return the object of `_encoded_inside`."""
    is_fitted = isinstance(part, dict) and "class" in part
    return decoded_fitted(part, place, store) if is_fitted else decoded(part, store)


def _is_fitted(estimator: Any) -> bool:
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def _sections(estimator: Any, place: str, store: Store) -> dict[str, Any]:
    """Return what an estimator has learned."""
    check_is_fitted(estimator)
    if isinstance(estimator, Pipeline):
        return {"steps": _steps(estimator, place, store)}
    sections: dict[str, Any] = {"learned": dict(estimator.__skmnist_getstate__())}
    if "estimators_" in sections["learned"]:
        inner = sections["learned"].pop("estimators_")
        sections["estimators"] = _encoded_nest(inner, place, store, count())
    if isinstance(estimator, HasNetwork):
        store.networks[place] = estimator
    if is_classifier(estimator):
        sections["classes"] = encoded_labels(sections["learned"].pop("classes_"))
    return sections


def _restore(estimator: Any, sections: Any, place: str, store: Store) -> None:
    """Restore what an estimator had learned, after checking all of it."""
    where = f"part {place}" if place else "its JSON"
    if isinstance(estimator, Pipeline):
        learned = with_keys(sections, ("steps",), where)["steps"]
        _restore_steps(estimator, learned, place, store)
        return
    names = ["learned"]
    if is_classifier(estimator):
        names.append("classes")
    if isinstance(estimator, _OF_ESTIMATORS):
        names.append("estimators")
    sections = with_keys(sections, names, where)
    state = checked_state(estimator, sections["learned"])
    if "classes" in sections:
        state["classes_"] = decoded_labels(sections["classes"])
        check_targets(state)
    if "estimators" in sections:
        inner = of_type(sections["estimators"], list, "estimators")
        state["estimators_"] = _decoded_nest(inner, place, store, count())
    estimator.__skmnist_setstate__(state)
    if isinstance(estimator, CNNFeatures):
        store.features.append(estimator)
    if isinstance(estimator, HasNetwork):
        store.networks[place] = estimator


# -- estimators of estimators ------------------------------------------------------------


def _encoded_nest(inner: Any, place: str, store: Store, numbers: Iterator[int]) -> Any:
    """Return a list of fitted estimators, of lists of them and of None as values for JSON."""
    if inner is None:
        return None
    if isinstance(inner, list):
        return [_encoded_nest(each, place, store, numbers) for each in inner]
    return encoded_fitted(inner, f"{place}{next(numbers)}/", store)


def _decoded_nest(inner: Any, place: str, store: Store, numbers: Iterator[int]) -> Any:
    if inner is None:
        return None
    if isinstance(inner, list):
        return [_decoded_nest(each, place, store, numbers) for each in inner]
    return decoded_fitted(inner, f"{place}{next(numbers)}/", store)


def _steps(pipeline: Pipeline, place: str, store: Store) -> list[dict[str, Any] | None]:
    return [
        None if passes(step) else _sections(step, f"{place}{i}/", store)
        for i, (_, step) in enumerate(pipeline.steps)
    ]


def _restore_steps(pipeline: Pipeline, learned: Any, place: str, store: Store) -> None:
    validate_steps(pipeline)
    for i, ((_, step), sections) in enumerate(zip(pipeline.steps, learned, strict=True)):
        if not passes(step):
            _restore(step, sections, f"{place}{i}/", store)
