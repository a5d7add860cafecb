"""Estimators within estimators: what skl2onnx takes instead of each, or why there is no graph."""

from copy import copy
from functools import singledispatch
from typing import Any

import numpy as np
from sklearn import decomposition, svm
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer

from skmnist._utils.sklearn import search_type
from skmnist.classifiers import CNNFeatures
from skmnist.classifiers._baselines import as_rows_of_pixels
from skmnist.classifiers._components import PCA
from skmnist.ensemble import CNNStackingClassifier, CommitteeClassifier, VirtualSVC
from skmnist.exporting._converters._scikit_learn import (
    Boosted,
    Calibrated,
    Discriminants,
    Forest,
    Machine,
    Neighbors,
)
from skmnist.exporting._labels import exported_labels
from skmnist.preprocessing import DigitNormalizer, ImageLoader
from skmnist.text import TextSequencer

_LEAST_VARIANCE = 1e-5  # of the largest one
_WHY_NOT = {
    ImageLoader: "reads pictures of any size from files, and a graph takes arrays of one shape",
    DigitNormalizer: "looks for connected strokes in a photograph, for which ONNX has no operator",
    TextSequencer: "reads texts, and a graph takes arrays of numbers",
    FunctionTransformer: "calls a function of Python",
    QuantileTransformer: "has a converter in skl2onnx that computes other quantiles",
}


def convertible(estimator: Any, place: str = "the estimator") -> Any:
    """Return what skl2onnx converts instead of a fitted estimator, with the same predictions.

    Parameters
    ----------
    estimator : estimator
        Fitted. It isn't changed.
    place : str, default="the estimator"
        What messages call it.

    Returns
    -------
    estimator : estimator
        Itself, or a shallow copy whose parts are convertible.

    Raises
    ------
    ValueError
        If a part has no graph; the message has its place, the reason, and what to do.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import svm
    >>> from skmnist.exporting._converters import register
    >>> from skmnist.exporting._converters._composition import convertible
    >>> register()
    >>> X, y = load_digits(return_X_y=True)
    >>> convertible(svm().fit(X, y))
    Pipeline(steps=[('svc', Machine(C=10.0))])
    """
    return _instead_of(estimator, place)


@singledispatch
def _instead_of(estimator: Any, place: str) -> Any:
    return _otherwise(estimator, place)


def _otherwise(estimator: Any, place: str) -> Any:
    """Return what is converted instead of an estimator that holds no others."""
    from skl2onnx._supported_operators import sklearn_operator_name_map

    if type(estimator) not in sklearn_operator_name_map:
        raise _no_graph(estimator, place)
    classes = vars(estimator).get("classes_")
    if is_classifier(estimator) and isinstance(classes, np.ndarray) and classes.dtype.kind in "biu":
        estimator = copy(estimator)  # skl2onnx writes labels of uint8 as strings, or not at all
        estimator.classes_ = exported_labels(classes)
    return estimator


def _no_graph(estimator: Any, place: str, why: str = "", advice: str = "") -> ValueError:
    made = type(estimator).__name__
    reasons = (reason for kind, reason in _WHY_NOT.items() if isinstance(estimator, kind))
    why = why or next(reasons, "neither skmnist nor skl2onnx has a converter for it")
    advice = advice or (
        "Export the classifier behind it, and apply the step to its input yourself, or register a "
        f"converter of {made} with skl2onnx.update_registered_converter."
    )
    return ValueError(f"{place}, {made}, can't become a graph of ONNX: it {why}. {advice}")


def _copied(estimator: Any, /, **parts: Any) -> Any:
    """Return a shallow copy with other parts."""
    changed = copy(estimator)
    vars(changed).update(parts)
    return changed


# -- scikit-learn's ------------------------------------------------------------------------


@_instead_of.register
def _(pipeline: Pipeline, place: str) -> Any:
    *transformers, (name, last) = pipeline.steps
    steps = [
        (each, _transformer(step, f"step {each!r} of {place}"))
        for each, step in transformers
        if not _changes_nothing(step)
    ]
    if not _changes_nothing(last) or not steps:
        convert = convertible if is_classifier(pipeline) else _transformer
        steps.append((name, convert(last, f"step {name!r} of {place}")))
    return Pipeline(steps)


@_instead_of.register
def _(union: FeatureUnion, place: str) -> Any:
    transformers = [
        (name, _transformer(each, f"part {name!r} of {place}"))
        for name, each in union.transformer_list
        if each != "drop"
    ]
    return _copied(union, transformer_list=transformers)


def _transformer(step: Any, place: str) -> Any:
    """Return what is converted instead of a step that transforms."""
    if _changes_nothing(step):
        return FunctionTransformer()
    if isinstance(step, LinearDiscriminantAnalysis):
        return Discriminants(step)
    if is_classifier(step) and not hasattr(step, "transform"):
        raise TypeError(f"{place}, {type(step).__name__}, has no transform.")
    return convertible(step, place)


def _changes_nothing(step: Any) -> bool:
    """Return whether a step returns rows as they are."""
    if isinstance(step, FunctionTransformer):
        return step.func is None or step.func is as_rows_of_pixels
    return step is None or (isinstance(step, str) and step == "passthrough")


@_instead_of.register
def _(function: FunctionTransformer, place: str) -> Any:
    if _changes_nothing(function):
        return FunctionTransformer()
    raise _no_graph(
        function,
        place,
        advice="Take the step out, and apply its function to the input yourself, or put a "
        "transformer of scikit-learn or of skmnist in its place.",
    )


@_instead_of.register
def _(frozen: FrozenEstimator, place: str) -> Any:
    return convertible(frozen.estimator, place)


@_instead_of.register(search_type())
def _(search: Any, place: str) -> Any:
    if not hasattr(search, "best_estimator_"):
        raise _no_graph(search, place, "has no best_estimator_", "Fit it with refit=True.")
    return convertible(search.best_estimator_, f"best_estimator_ of {place}")


@_instead_of.register(svm.SVC)
@_instead_of.register(svm.NuSVC)
def _(machine: Any, place: str) -> Any:
    if machine.kernel not in ("linear", "poly", "rbf", "sigmoid"):
        why, advice = f"has kernel={machine.kernel!r}", "Take 'linear', 'poly', 'rbf' or 'sigmoid'."
        raise _no_graph(machine, place, why, advice)
    return _otherwise(_as(Machine, machine), place)


@_instead_of.register
def _(pca: PCA, _place: str) -> Any:
    # Ours differs in its errors only.
    return _as(decomposition.PCA, pca)


def _as(made: type[Any], estimator: Any) -> Any:
    """Return an estimator of another class with the same attributes."""
    changed = object.__new__(made)
    vars(changed).update(vars(estimator))
    return changed


@_instead_of.register
def _(neighbors: KNeighborsClassifier, place: str) -> Any:
    metric, weights = neighbors.effective_metric_, neighbors.weights
    if metric == "euclidean" and weights in ("uniform", "distance"):
        return Neighbors(neighbors)
    why = f"has metric={metric!r} and weights={weights!r}"
    advice = "Take the Euclidean metric, and weights='uniform' or 'distance'."
    raise _no_graph(neighbors, place, why, advice)


@_instead_of.register
def _(quantiles: QuantileTransformer, place: str) -> Any:
    raise _no_graph(quantiles, place)


@_instead_of.register
def _(bayes: GaussianNB, place: str) -> Any:
    if bayes.var_.min() < _LEAST_VARIANCE * bayes.var_.max():
        raise _no_graph(
            bayes,
            place,
            "has features that hardly vary, such as the pixels of an empty margin, for whose "
            "likelihood the float32 of a graph is not enough",
            "Leave them out, as by VarianceThreshold, or set a larger var_smoothing.",
        )
    return _otherwise(bayes, place)


@_instead_of.register(ExtraTreesClassifier)
@_instead_of.register(RandomForestClassifier)
def _(forest: Any, place: str) -> Any:
    if isinstance(forest.classes_, list):
        raise _no_graph(forest, place, "predicts several labels", "Fit one for each label.")
    return Forest(forest)


@_instead_of.register
def _(boosting: HistGradientBoostingClassifier, place: str) -> Any:
    if boosting.is_categorical_ is not None:
        advice = "Encode the categories in a step before it."
        raise _no_graph(boosting, place, "has categorical features", advice)
    return Boosted(boosting)


@_instead_of.register
def _(calibrated: CalibratedClassifierCV, place: str) -> Any:
    if any(
        hasattr(each.estimator, "decision_function") and hasattr(each.estimator, "predict_proba")
        for each in calibrated.calibrated_classifiers_
    ):
        raise _no_graph(
            calibrated,
            place,
            "calibrates decision_function, and the graph of its classifier has predict_proba",
            "Calibrate a classifier that has one of them only.",
        )
    if calibrated.method == "temperature" and any(
        isinstance(each.estimator, ExtraTreesClassifier | RandomForestClassifier)
        for each in calibrated.calibrated_classifiers_
    ):
        raise _no_graph(
            calibrated,
            place,
            "takes a forest's probabilities for logarithms wherever one exceeds 1 by rounding, so "
            "that its answer to an image depends on the other images",
            "Set method='sigmoid' or method='isotonic'.",
        )
    parts = [
        _copied(each, estimator=convertible(each.estimator, f"estimator of {place}"))
        for each in calibrated.calibrated_classifiers_
    ]
    return Calibrated(_copied(calibrated, calibrated_classifiers_=parts))


@_instead_of.register(VotingClassifier)
@_instead_of.register(StackingClassifier)
def _(ensemble: Any, place: str) -> Any:
    parts: dict[str, Any] = {"estimators_": _members(ensemble, place)}
    if hasattr(ensemble, "final_estimator_"):
        final = convertible(ensemble.final_estimator_, f"final_estimator of {place}")
        parts["final_estimator_"] = final
    if isinstance(ensemble, VotingClassifier):
        parts["flatten_transform"] = False  # only for its transform; skl2onnx refuses the other
        if ensemble.weights is not None:  # skl2onnx takes an array of those that are there
            kept = [part != "drop" for _, part in ensemble.estimators]
            parts["weights"] = np.asarray(ensemble.weights, float)[kept]
    return _otherwise(_copied(ensemble, **parts), place)


def _members(ensemble: Any, place: str) -> list[Any]:
    return [
        convertible(each, f"estimator {number} of {place}")
        for number, each in enumerate(ensemble.estimators_)
    ]


# -- ours ----------------------------------------------------------------------------------


@_instead_of.register
def _(committee: CommitteeClassifier, place: str) -> Any:
    return _copied(committee, estimators_=_members(committee, place))


@_instead_of.register
def _(machine: VirtualSVC, place: str) -> Any:
    return convertible(machine.estimator_, f"estimator of {place}")


@_instead_of.register
def _(features: CNNFeatures, place: str) -> Any:
    classifier = convertible(features.classifier_, f"classifier of {place}")
    return _copied(features, classifier_=classifier)


@_instead_of.register
def _(ensemble: CNNStackingClassifier, place: str) -> Any:
    stacks = []
    for stack in ensemble.__skmnist_stacks__:
        estimators = {
            name: convertible(each, f"estimator {name!r} of {place}")
            for name, each in stack.estimators.items()
        }
        features = convertible(stack.features, f"network of {place}")
        stacks.append(_copied(stack, features=features, estimators=estimators))
    final = convertible(ensemble.final_estimator_, f"final_estimator of {place}")
    return _copied(ensemble, _stacks_=stacks, final_estimator_=final)
