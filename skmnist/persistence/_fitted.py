"""Fitted estimators and what they have learned as JSON, without the networks' variables.

An estimator is stored as its class, its parameters and sections of what it has learned, which its
class exports and restores (`skmnist._inputs.state.ImageState`).  Estimators in a Pipeline or a
committee have a place, a prefix that distinguishes their tensors from those of others.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skmnist._utils.errors import shown
from skmnist._utils.sklearn import validate_steps
from skmnist.classifiers import PretrainedFeatures
from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.ensemble import CommitteeClassifier
from skmnist.networks import Architecture
from skmnist.networks._architecture import without_values
from skmnist.persistence._checks import of_type, with_keys
from skmnist.persistence._labels import decoded_labels, encoded_labels
from skmnist.persistence._learned import check_targets, checked_state
from skmnist.persistence._models import Models
from skmnist.persistence._parameters import check_class, encoded_parameters, unfitted
from skmnist.wrappers._keras_estimator import KerasEstimator

HasNetwork = NetworkEstimator | PretrainedFeatures
# The networks of an estimator, by their places.
Networks = dict[str, HasNetwork]


def encoded_fitted(
    estimator: Any, place: str, networks: Networks, models: Models
) -> dict[str, Any]:
    """Return a fitted estimator as values for JSON, and add its networks to `networks`."""
    # First, as its errors name what can't be saved.
    learned = _sections(estimator, place, networks, models)
    parameters = encoded_parameters(estimator, models)
    return {"class": type(estimator).__name__, "parameters": parameters, **learned}


def decoded_fitted(part: Any, place: str, networks: Networks, models: Models) -> Any:
    """Return the estimator of a part of a file, and add its networks, still without variables."""
    sections = dict(of_type(part, dict, "a part"))
    estimator = unfitted(sections.pop("class", None), sections.pop("parameters", None), models)
    _restore(estimator, sections, place, networks, models)
    return estimator


def check_can_be_saved(estimator: Any) -> None:
    """Raise the error of `save` that shows before a fit: something in the estimator isn't data.

    Raises
    ------
    TypeError
        If `save` wouldn't accept the estimator.

    Examples
    --------
    >>> from skmnist import knn, recipe
    >>> from skmnist.persistence._fitted import check_can_be_saved
    >>> check_can_be_saved(recipe("cnn"))
    >>> check_can_be_saved(knn())
    Traceback (most recent call last):
    TypeError: FunctionTransformer(...) can't be saved as data; ...
    """
    check_class(estimator)
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            if not _passes(step):
                check_can_be_saved(step)
    encoded_parameters(estimator, Models())


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


def _sections(estimator: Any, place: str, networks: Networks, models: Models) -> dict[str, Any]:
    """Return what an estimator has learned."""
    check_class(estimator)
    check_is_fitted(estimator)
    if isinstance(estimator, Pipeline):
        return {"steps": _steps(estimator, place, networks, models)}
    if isinstance(estimator, HasNetwork):
        networks[place] = estimator
    sections: dict[str, Any] = {"learned": dict(estimator.__skmnist_getstate__())}
    if isinstance(estimator, CommitteeClassifier):
        members = enumerate(sections["learned"].pop("estimators_"))
        sections["estimators"] = [
            encoded_fitted(m, f"{place}{i}/", networks, models) for i, m in members
        ]
    if is_classifier(estimator):
        sections["classes"] = encoded_labels(sections["learned"].pop("classes_"))
    return sections


def _restore(estimator: Any, sections: Any, place: str, networks: Networks, models: Models) -> None:
    """Restore what an estimator had learned, after checking all of it."""
    where = f"part {place}" if place else "its JSON"
    if isinstance(estimator, Pipeline):
        learned = with_keys(sections, ("steps",), where)["steps"]
        _restore_steps(estimator, learned, place, networks, models)
        return
    names = ["learned"]
    if is_classifier(estimator):
        names.append("classes")
    if isinstance(estimator, CommitteeClassifier):
        names.append("estimators")
    sections = with_keys(sections, names, where)
    state = checked_state(estimator, sections["learned"])
    if "classes" in sections:
        state["classes_"] = decoded_labels(sections["classes"])
        check_targets(state)
    if "estimators" in sections:
        state["estimators_"] = _members(sections["estimators"], state, place, networks, models)
    estimator.__skmnist_setstate__(state)
    if isinstance(estimator, HasNetwork):
        networks[place] = estimator


# -- estimators of estimators ------------------------------------------------------------


def _steps(
    pipeline: Pipeline, place: str, networks: Networks, models: Models
) -> list[dict[str, Any] | None]:
    return [
        None if _passes(step) else _sections(step, f"{place}{i}/", networks, models)
        for i, (_, step) in enumerate(pipeline.steps)
    ]


def _restore_steps(
    pipeline: Pipeline, learned: Any, place: str, networks: Networks, models: Models
) -> None:
    validate_steps(pipeline)
    for i, ((_, step), sections) in enumerate(zip(pipeline.steps, learned, strict=True)):
        if not _passes(step):
            _restore(step, sections, f"{place}{i}/", networks, models)


def _passes(step: Any) -> bool:
    return step is None or (isinstance(step, str) and step == "passthrough")


def _members(
    parts: Any, state: dict[str, Any], place: str, networks: Networks, models: Models
) -> list[Any]:
    """Make a committee's members, which have its classes and its number of features."""
    members = [
        decoded_fitted(part, f"{place}{i}/", networks, models)
        for i, part in enumerate(of_type(parts, list, "estimators"))
    ]
    classes, n_features = state["classes_"], state["n_features_in_"]
    if not members or not all(_fits(member, classes, n_features) for member in members):
        raise ValueError(
            "estimators; expected one at least, of the committee's classes and images."
        )
    return members


def _fits(member: Any, classes: NDArray[Any], n_features: int) -> bool:
    return (
        is_classifier(member)
        and np.array_equal(member.classes_, classes)
        # A Pipeline that begins with "passthrough" has no such attribute.
        and getattr(member, "n_features_in_", n_features) == n_features
    )
