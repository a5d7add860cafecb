"""Graphs of the committee, the stack and the features of a network, from those of their parts."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.backend import load_keras
from skmnist.classifiers import CNNFeatures
from skmnist.ensemble import CNNStackingClassifier, CommitteeClassifier
from skmnist.ensemble._stacking import SoftVote
from skmnist.exporting._converters._graph import Graph, Row, classifier, transformer
from skmnist.exporting._converters._images import framed, one_for_zero, to_images, to_rows
from skmnist.exporting._converters._network import embed
from skmnist.exporting._converters._scikit_learn import decisions
from skmnist.exporting._keras_model import features_of
from skmnist.exporting._keras_onnx import onnx_of_keras


def committee(graph: Graph, estimator: CommitteeClassifier, rows: str) -> str:
    """Write the mean of the members' probabilities, over all shifts."""
    rows = _all_shifts(graph, estimator, rows)
    of_members = [graph.of_part(member, rows) for member in estimator.estimators_]
    mean = graph("Mean", *of_members)
    if not estimator.test_time_shifts:
        return mean
    n_shifts = (2 * estimator.test_time_shifts + 1) ** 2
    by_shift = graph("Reshape", mean, [n_shifts, -1, len(estimator.classes_)])
    return graph("ReduceMean", by_shift, [0], keepdims=0)


def _all_shifts(graph: Graph, estimator: CommitteeClassifier, rows: str) -> str:
    """Return the rows with each shift, one copy after another."""
    most, shape = estimator.test_time_shifts, estimator.image_shape_
    if not most:
        return rows
    images = framed(graph, to_images(graph, rows, shape), shape, (most, most), (most, most))
    steps, height, width = range(2 * most + 1), *shape[:2]
    copies = [
        graph("Slice", images, [top, left], [top + height, left + width], [2, 3])
        for top, left in product(steps, steps)
    ]
    return to_rows(graph, graph("Concat", *copies, axis=0), shape)


def cnn_features(graph: Graph, estimator: CNNFeatures, rows: str) -> str:
    """Write the values of a network's inner layer."""
    given = load_keras().Input((estimator.n_features_in_,), name="rows")
    inner = onnx_of_keras(load_keras().Model(given, features_of(estimator, given)))
    features: str = graph.scope.get_unique_variable_name("features")
    embed(inner, rows, features, graph.scope, graph.container)
    if not estimator.normalize:
        return features
    lengths = one_for_zero(graph, graph("ReduceL2", features, [1]), np.float32)
    return graph("Div", features, lengths)


def stack(graph: Graph, estimator: CNNStackingClassifier, rows: str) -> str:
    """Write the mean of what the final estimator makes of each network and its estimators."""
    final = estimator.final_estimator_
    blended = []
    for each in estimator.__skmnist_stacks__:
        features = graph.of_part(each.features, rows)
        heads = _reduced(graph, each.reduction, features)
        of_parts = [
            _probabilities(graph, each.features.classifier_, rows, each.classes),
            *(_probabilities(graph, e, heads, each.classes) for e in each.estimators.values()),
        ]
        probabilities = graph.of_part(final, graph("Concat", *of_parts, axis=1))
        blended.append(probabilities)
    return graph("Mean", *blended)


def _reduced(graph: Graph, reduction: Any, features: str) -> str:
    if reduction is None:
        return features
    centred = graph("Sub", graph.cast(features, np.float64), reduction.mean_.astype(float))
    components = np.ascontiguousarray(reduction.components_.T, float)
    return graph.cast(graph("MatMul", centred, components), np.float32)


def _probabilities(graph: Graph, part: Any, rows: str, classes: NDArray[Any]) -> str:
    """Return the probability of each class, 0 for one that the part was not trained on."""
    scores, are_probabilities = decisions(graph, part, rows)
    if not are_probabilities:
        if len(part.classes_) == 2:
            scores = graph("Concat", graph("Neg", scores), scores, axis=1)
            scores = graph("Sigmoid", scores)
        else:
            scores = graph("Softmax", scores, axis=1)
    if len(part.classes_) == len(classes):
        return scores
    places = np.zeros((len(part.classes_), len(classes)), np.float32)
    places[np.arange(len(places)), np.searchsorted(classes, part.classes_)] = 1
    return graph("MatMul", scores, places)


def soft_vote(graph: Graph, estimator: SoftVote, rows: str) -> str:
    """Write the mean over all parts."""
    return graph("MatMul", rows, estimator.coef_.T.astype(np.float32))


ROWS: dict[type[Any], Row] = {
    CNNFeatures: transformer(cnn_features),
    CommitteeClassifier: classifier(committee),
    CNNStackingClassifier: classifier(stack),
    SoftVote: classifier(soft_vote),
}
