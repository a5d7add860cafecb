"""Graphs of scikit-learn's estimators that skl2onnx lacks, or computes in another way.

skl2onnx's own converters stay as they are: an estimator of scikit-learn is wrapped in one of the
classes here, each of which has a converter.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import svm
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import RBFSampler

from skmnist._utils.sklearn import boosted_trees, n_discriminants, neighbors_of
from skmnist.exporting._converters._graph import Graph, Row, classifier, transformer


class Wrapped(ClassifierMixin, BaseEstimator):
    """A fitted classifier of scikit-learn, with a graph of ours."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels."""
        classes: NDArray[Any] = self.estimator.classes_
        return classes

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Compute what the graph does, the probability of each class."""
        probabilities: NDArray[Any] = self.estimator.predict_proba(X)
        return probabilities


class Neighbors(Wrapped):
    """A `KNeighborsClassifier` with Euclidean distances.

    skl2onnx's weights of neighbours aren't those of ``weights="distance"``.
    """


class Boosted(Wrapped):
    """A `HistGradientBoostingClassifier`, some of whose numbers skl2onnx passes as booleans."""


class Forest(Wrapped):
    """A `RandomForestClassifier` or an `ExtraTreesClassifier`.

    Its sum of whole votes is exact, so that equal votes stay equal; skl2onnx's isn't.
    """


class Calibrated(Wrapped):
    """A `CalibratedClassifierCV`; skl2onnx has no temperature, and other isotonic steps."""


class Machine(svm.SVC):
    """An `SVC` or a `NuSVC` that doesn't warn skl2onnx of deprecated attributes."""

    @property
    def probA_(self) -> NDArray[Any]:  # noqa: N802
        """What probabilities are computed from, if it has any."""
        of_pairs: NDArray[Any] = self._probA
        return of_pairs

    @property
    def probB_(self) -> NDArray[Any]:  # noqa: N802
        """What probabilities are computed from, if it has any."""
        of_pairs: NDArray[Any] = self._probB
        return of_pairs


class Discriminants(TransformerMixin, BaseEstimator):
    """A `LinearDiscriminantAnalysis` as a transformer; skl2onnx has the classifier only."""

    def __init__(self, estimator: LinearDiscriminantAnalysis) -> None:
        self.estimator = estimator

    @property
    def _n_features_out(self) -> int:
        return n_discriminants(self.estimator)


def neighbors(graph: Graph, wrapped: Neighbors, rows: str) -> str:
    """Write the weighted votes of the nearest neighbours."""
    estimator = wrapped.estimator
    samples, classes = neighbors_of(estimator)
    distances, nearest = graph(
        "TopK",
        _squared_distances(graph, rows, samples),
        [estimator.n_neighbors],
        axis=1,
        largest=0,
        n_outputs=2,
    )
    labels = graph("Unsqueeze", graph("Gather", classes.astype(np.int64), nearest), [2])
    votes = graph.cast(graph("Equal", labels, np.arange(len(estimator.classes_))), np.float64)
    if estimator.weights == "distance":
        # A neighbour at no distance counts alone, as its weight is that of no other.
        distances = graph("Max", graph("Sqrt", distances), np.float64(1e-100))
        weights = graph("Div", graph.slice(distances, 0, 1, 1), distances)
        votes = graph("Mul", votes, graph("Unsqueeze", weights, [2]))
    votes = graph("ReduceSum", votes, [1], keepdims=0)
    return graph.cast(graph("Div", votes, graph("ReduceSum", votes, [1])), np.float32)


def _squared_distances(graph: Graph, rows: str, others: NDArray[Any]) -> str:
    """Return the squared Euclidean distances of rows from others, in float64."""
    rows = graph.cast(rows, np.float64)
    vectors = graph.cast(compact(others), np.float64)
    products = graph("MatMul", rows, graph("Transpose", vectors, perm=[1, 0]))
    lengths = np.einsum("ij,ij->i", others, others, dtype=np.float64)
    distances = graph("Sub", lengths, graph("Mul", products, np.float64(2)))
    distances = graph("Add", distances, graph("ReduceSumSquare", rows, [1]))
    return graph("Max", distances, np.float64(0))


def compact(values: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers up to 255 in uint8, and others in float32."""
    as_bytes = values.astype(np.float32).clip(0, 255).astype(np.uint8)
    return as_bytes if (as_bytes == values).all() else values.astype(np.float32)


def forest(graph: Graph, wrapped: Forest, rows: str) -> str:
    """Write the mean of what the trees' leaves hold."""
    estimator = wrapped.estimator
    trees = Trees()
    for each in estimator.estimators_:
        tree = each.tree_
        # Children of leaves are -1.
        leaves, targets = np.nonzero(
            (tree.children_left < 0)[:, np.newaxis] & (tree.value[:, 0] > 0)
        )
        trees.add(
            (tree.children_left, tree.children_right),
            np.maximum(tree.feature, 0),
            tree.threshold,
            tree.missing_go_to_left,
            (leaves, targets, tree.value[leaves, 0, targets]),
        )
    votes = trees.written(graph, rows, [0.0] * len(estimator.classes_))
    return graph("Div", votes, np.float32(len(estimator.estimators_)))


def boosted(graph: Graph, wrapped: Boosted, rows: str) -> str:
    """Write the probabilities of summed scores."""
    estimator = wrapped.estimator
    trees = Trees()
    iterations, first_scores = boosted_trees(estimator)
    for iteration in iterations:
        for score, predictor in enumerate(iteration):
            nodes = predictor.nodes
            leaves = np.flatnonzero(nodes["is_leaf"])
            trees.add(
                (nodes["left"], nodes["right"]),
                nodes["feature_idx"],
                nodes["num_threshold"],
                nodes["missing_go_to_left"],
                (leaves, np.full_like(leaves, score), nodes["value"][leaves]),
            )
    scores = trees.written(graph, rows, np.ravel(first_scores).tolist())
    if estimator.n_trees_per_iteration_ > 1:
        return graph("Softmax", scores, axis=1)
    return of_two(graph, graph("Sigmoid", scores))


class Trees:
    """Trees as attributes of one operator."""

    def __init__(self) -> None:
        self.n = 0
        self.attributes: dict[str, Any] = {}

    def add(
        self,
        children: tuple[NDArray[Any], NDArray[Any]],
        features: NDArray[Any],
        thresholds: NDArray[Any],
        missing_go_left: NDArray[Any],
        leaves: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    ) -> None:
        """Add a tree: arrays of one value per node, and the leaves' nodes, targets and values."""
        nodes, targets, values = leaves
        n = len(features)
        is_leaf = np.isin(np.arange(n), nodes)
        left, right = (np.where(is_leaf, 0, child).tolist() for child in children)
        parts = {
            "nodes_treeids": [self.n] * n,
            "nodes_nodeids": list(range(n)),
            "nodes_featureids": features.tolist(),
            "nodes_modes": np.where(is_leaf, "LEAF", "BRANCH_LEQ").tolist(),
            "nodes_values": np.where(is_leaf, 0, _rounded_down(thresholds)).tolist(),
            "nodes_truenodeids": left,
            "nodes_falsenodeids": right,
            "nodes_missing_value_tracks_true": missing_go_left.astype(int).tolist(),
            "target_treeids": [self.n] * len(nodes),
            "target_nodeids": nodes.tolist(),
            "target_ids": targets.tolist(),
            "target_weights": values.tolist(),
        }
        for name, part in parts.items():
            self.attributes.setdefault(name, []).extend(part)
        self.n += 1

    def written(self, graph: Graph, rows: str, base_values: list[float]) -> str:
        """Write the sum of the leaves' values, of shape (n, n_targets)."""
        sums: str = graph(
            "TreeEnsembleRegressor",
            rows,
            op_domain="ai.onnx.ml",
            n_targets=len(base_values),
            base_values=base_values,
            **self.attributes,
        )
        return sums


def _rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round to float32 so that the same numbers of float32 lie at or below a threshold."""
    limit = np.finfo(np.float32).max
    rounded = thresholds.clip(-limit, limit).astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def discriminants(graph: Graph, wrapped: Discriminants, rows: str) -> str:
    """Write a product with the discriminants."""
    estimator, n = wrapped.estimator, n_discriminants(wrapped.estimator)
    rows = graph.cast(rows, np.float64)
    if estimator.solver == "svd":
        rows = graph("Sub", rows, np.asarray(estimator.xbar_, float))
    projected = graph("MatMul", rows, np.asarray(estimator.scalings_[:, :n], float))
    return graph.cast(projected, np.float32)


def rbf_sampler(graph: Graph, estimator: RBFSampler, rows: str) -> str:
    """Write random Fourier features."""
    weights, offset = (
        np.asarray(each, np.float32)
        for each in (estimator.random_weights_, estimator.random_offset_)
    )
    angles = graph("Add", graph("MatMul", rows, weights), offset)
    scale = np.float32((2.0 / estimator.n_components) ** 0.5)
    return graph("Mul", graph("Cos", angles), scale)


def of_two(graph: Graph, of_second: str) -> str:
    """Return the probabilities of two classes from those of the second, (n, 1)."""
    return graph("Concat", graph("Sub", np.float32(1), of_second), of_second, axis=1)


# -- calibration ---------------------------------------------------------------------------


def calibrated(graph: Graph, wrapped: Calibrated, rows: str) -> str:
    """Write the mean of calibrated probabilities."""
    parts = wrapped.estimator.calibrated_classifiers_
    means = [_calibrated(graph, each, rows) for each in parts]
    return graph("Mean", *means)


def _calibrated(graph: Graph, calibrated: Any, rows: str) -> str:
    scores, are_probabilities = decisions(graph, calibrated.estimator, rows)
    n_classes = len(calibrated.classes)
    if calibrated.method == "temperature":
        return _tempered(graph, calibrated, scores, are_probabilities)
    write = {"sigmoid": _sigmoid, "isotonic": _isotonic}[calibrated.method]
    if n_classes == 2:
        of_second = graph.slice(scores, 1, 2, 1) if are_probabilities else scores
        return of_two(graph, write(graph, calibrated.calibrators[0], of_second))
    columns = [
        write(graph, calibrator, graph.slice(scores, i, i + 1, 1))
        for i, calibrator in enumerate(calibrated.calibrators)
    ]
    each = graph("Concat", *columns, axis=1)
    total = graph("ReduceSum", each, [1])
    is_zero = graph("Equal", total, np.float32(0))
    return graph("Where", is_zero, np.float32(1 / n_classes), graph("Div", each, total))


def _tempered(graph: Graph, calibrated: Any, scores: str, are_probabilities: bool) -> str:
    scores = graph.cast(scores, np.float64)
    if are_probabilities:
        scores = graph("Log", graph("Add", scores, np.float64(np.finfo(np.float64).eps)))
    elif len(calibrated.classes) == 2:
        scores = graph("Concat", graph("Neg", scores), scores, axis=1)
    logits = graph("Mul", scores, np.float64(calibrated.calibrators[0].beta_))
    return graph.cast(graph("Softmax", logits, axis=1), np.float32)


def _sigmoid(graph: Graph, calibrator: Any, scores: str) -> str:
    inner = graph("Add", graph("Mul", scores, np.float32(calibrator.a_)), np.float32(calibrator.b_))
    return graph("Sigmoid", graph("Neg", inner))


def _isotonic(graph: Graph, calibrator: Any, scores: str) -> str:
    """Interpolate linearly between thresholds: each piece adds its part of the rise."""
    x, y = (np.asarray(e, float) for e in (calibrator.X_thresholds_, calibrator.y_thresholds_))
    if len(x) == 1:
        return graph("Add", graph("Mul", scores, np.float32(0)), np.float32(y[0]))
    inside = graph("Sub", graph.cast(scores, np.float64), x[:-1])
    within = graph("Min", graph("Max", inside, np.float64(0)), np.diff(x))
    rises = graph("MatMul", within, (np.diff(y) / np.diff(x))[:, np.newaxis])
    return graph.cast(graph("Add", rises, np.float64(y[0])), np.float32)


def decisions(graph: Graph, part: Any, rows: str) -> tuple[str, bool]:
    """Return the scores that a classifier's ``decision_function`` or ``predict_proba`` gives.

    Returns
    -------
    scores : str
        Of shape (n, n_classes), or (n, 1) from a `decision_function` of two classes.
    are_probabilities : bool
        Whether there is no `decision_function`, so that they are probabilities.
    """
    scores = graph.of_part(part, rows)
    are_probabilities = hasattr(part, "predict_proba")
    if not are_probabilities and len(part.classes_) == 2:
        scores = graph.slice(scores, 0, 1, 1)
    return scores, are_probabilities


def _as_svc(operator: Any) -> None:
    from skl2onnx.common._registration import get_shape_calculator

    get_shape_calculator("SklearnSVC")(operator)


def _convert_as_svc(scope: Any, operator: Any, container: Any) -> None:
    from skl2onnx.common._registration import get_converter

    get_converter("SklearnSVC")(scope, operator, container)


ROWS: dict[type[Any], Row] = {
    Boosted: classifier(boosted),
    Calibrated: classifier(calibrated),
    Discriminants: transformer(discriminants),
    Forest: classifier(forest),
    Machine: (_as_svc, _convert_as_svc),
    Neighbors: classifier(neighbors),
    RBFSampler: transformer(rbf_sampler),
}
