"""Graphs of transformers, heads and ensembles against scikit-learn's answers, on real digits."""

import numpy as np
import pytest
from sklearn import svm
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmnist import (
    CNNFeatures,
    CNNStackingClassifier,
    CommitteeClassifier,
    DNNClassifier,
    recipe,
)
from skmnist.ensemble import VirtualSVC
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

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")

from skl2onnx.common.data_types import FloatTensorType

from skmnist.exporting._converters import register
from skmnist.exporting._converters._composition import convertible

CLOSE = 1e-5


def model_of(estimator):
    register()
    model = skl2onnx.convert_sklearn(
        convertible(estimator),
        initial_types=[("rows", FloatTensorType([None, estimator.n_features_in_]))],
        target_opset={"": 18, "ai.onnx.ml": 3},
        **({"options": {"zipmap": False}} if hasattr(estimator, "classes_") else {}),
    )
    onnx.checker.check_model(model, full_check=True)
    assert {opset.domain for opset in model.opset_import} <= {"", "ai.onnx.ml"}
    return model


def outputs_of(estimator, X):
    """Run the graph of an estimator, on as many rows at once as a graph of float64 likes."""
    session = onnxruntime.InferenceSession(
        model_of(estimator).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    batches = np.split(X.astype(np.float32), range(250, len(X), 250))
    outputs = zip(*(session.run(None, {"rows": batch}) for batch in batches), strict=True)
    return [np.concatenate(each) for each in outputs]


def scores_of(classifier, X):
    if hasattr(classifier, "predict_proba"):
        return classifier.predict_proba(X)
    scores = classifier.decision_function(X)
    return scores if scores.ndim == 2 else scores[:, np.newaxis]


def assert_same_answers(classifier, X):
    label, scores = outputs_of(classifier, X)
    expected = scores_of(classifier, X)
    np.testing.assert_array_equal(label, classifier.predict(X))
    np.testing.assert_allclose(scores[:, : expected.shape[1]], expected, atol=CLOSE, rtol=0)


# -- transformers --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_mnist(mnist):
    """A thousand test images: bright ink; and 250 each with dark ink on grey, and in colour."""
    bright = mnist[1][0][:1000].reshape(1000, -1)
    channels = [bright[start : start + 250] for start in (0, 250, 500)]
    return {
        "bright": (bright, (28, 28)),
        "dark": (200 - bright[:250] // 2, (28, 28)),
        "colour": (np.stack(channels, axis=2).reshape(250, -1), (28, 28, 3)),
    }


@pytest.mark.parametrize("images", ["bright", "dark", "colour"])
@pytest.mark.parametrize(
    "transformer",
    [
        Blur(),
        Blur(sigma=2.5, mode="wrap", truncate=3),
        ColumnNormalizer(),
        ConvolutionFeatures(),
        ConvolutionFeatures(filters=[[[1, 2, 0, -3], [0, -1, 1, 0]]], grid=(5, 3)),
        Deskew(),
        HOG(),
        HOG(pixels_per_cell=(4, 5), cells_per_block=(2, 1), block_norm="L1-sqrt"),
        HOG(orientations=8, block_norm="L1"),
        HOG(block_norm="L2"),
        MomentNormalizer(),
        MomentNormalizer(strength=1, height=0.3),
        OrientedGradients(),
        OrientedGradients(n_directions=7, cells=[(3, 2)], sigma=0),
    ],
    ids=repr,
)
def test_a_graph_transforms_images_as_the_class_does(of_mnist, images, transformer):
    X, image_shape = of_mnist[images]
    transformer = clone(transformer).set_params(image_shape=image_shape).fit(X)
    # In float64, as the class's own digits in float32 may be a hundred-thousandth off.
    expected = transformer.transform(X.astype(np.float64))
    transformed = outputs_of(transformer, X)[0]
    assert transformed.dtype == np.float32
    limit = CLOSE * max(1, np.abs(expected).max())
    np.testing.assert_allclose(transformed, expected, atol=limit, rtol=0)


def test_a_graph_describes_the_roots_of_pixels_as_the_class_does(of_mnist):
    # Of seven orientations, none is that of a difference of roots exactly, which rounding decides.
    X, _ = of_mnist["bright"]
    hog = HOG(orientations=7, transform_sqrt=True).fit(X)
    np.testing.assert_allclose(outputs_of(hog, X)[0], hog.transform(X), atol=CLOSE, rtol=0)


@pytest.mark.parametrize("image_shape", [(8, 8), (64, 1), (1, 64)])
@pytest.mark.parametrize(
    "transformer",
    [Blur(), ColumnNormalizer(), Deskew(), MomentNormalizer(), OrientedGradients()],
    ids=repr,
)
def test_blank_images_and_lines_of_pixels_are_transformed_as_the_class_does(
    digits, transformer, image_shape
):
    X = np.vstack([np.zeros((1, 64)), np.full((1, 64), 16), digits[1][:10]])
    transformer = clone(transformer).set_params(image_shape=image_shape).fit(digits[0])
    expected = transformer.transform(X.astype(np.float32))
    np.testing.assert_allclose(outputs_of(transformer, X)[0], expected, atol=CLOSE, rtol=0)


def test_an_image_alone_gets_the_same_features_as_among_others(digits):
    X_train, X_test, *_ = digits
    pipeline = make_pipeline(Deskew(), MomentNormalizer(), OrientedGradients()).fit(X_train)
    together = outputs_of(pipeline, X_test[:3])[0]
    for i in range(3):
        np.testing.assert_allclose(outputs_of(pipeline, X_test[i : i + 1])[0], together[i : i + 1])


# -- recipes, and scikit-learn's classifiers -------------------------------------------------


COARSE = {"orientedgradients__cells": (2, 3), "orientedgradients__n_directions": 8}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("svm", {}),
        ("random-forest", {"forest__n_estimators": 20}),
        ("svm-best", {"pca__n_components": 50}),
        ("svm-objects", {"pca__n_components": 50}),
        ("knn-best", COARSE),
        ("forest-best", {**COARSE, "extratreesclassifier__n_estimators": 20}),
        ("gradient-boosting-best", {**COARSE, "histgradientboostingclassifier__max_iter": 2}),
        ("ridge-best", {"rbfsampler__n_components": 500}),
    ],
)
def test_a_classical_recipe_gives_the_same_answers(digits, name, settings):
    X_train, X_test, y_train, _ = digits
    seeds = {k: 0 for k in recipe(name).get_params() if k.endswith("random_state")}
    classifier = recipe(name).set_params(**settings, **seeds).fit(X_train[:200], y_train[:200])
    assert_same_answers(classifier, X_test)


TWO, TEN, TEXT = "two", "ten", "text"


def labelled(y, labels):
    return {TWO: y > 4, TEN: y.astype(np.uint8), TEXT: np.array(list("abcdefghij"))[y]}[labels]


@pytest.mark.parametrize("labels", [TWO, TEN, TEXT])
@pytest.mark.parametrize(
    "head",
    [
        svm.SVC(),
        KNeighborsClassifier(4, weights="distance"),
        RandomForestClassifier(10, random_state=0),
        HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=8, random_state=0),
        LogisticRegression(max_iter=500, C=0.1),
        CalibratedClassifierCV(svm.SVC(), method="temperature", ensemble=False),
        CalibratedClassifierCV(svm.SVC(), cv=2),
        CalibratedClassifierCV(KNeighborsClassifier(), method="isotonic", cv=2),
    ],
    ids=repr,
)
def test_a_head_gives_the_same_answers_for_any_labels(digits, head, labels):
    X_train, X_test, y_train, _ = digits
    pipeline = make_pipeline(FunctionTransformer(), PCA(20, random_state=0), head)
    pipeline.fit(X_train[:300] / 16, labelled(y_train[:300], labels))
    assert_same_answers(pipeline, X_test / 16)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_neighbours_in_pixels_are_the_same(mnist, weights):
    (X_train, y_train), (X_test, _) = mnist
    classifier = recipe("knn").set_params(knn__weights=weights)
    classifier.fit(X_train[:500].reshape(500, -1), y_train[:500])
    assert_same_answers(classifier, X_test[:300].reshape(300, -1))


def test_a_neighbour_at_no_distance_counts_alone(digits):
    X_train, _, y_train, _ = digits
    classifier = KNeighborsClassifier(3, weights="distance").fit(X_train, y_train)
    _, probabilities = outputs_of(classifier, X_train[:50])
    np.testing.assert_array_equal(probabilities, np.eye(10)[y_train[:50]])


# -- ensembles -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network(digits):
    X_train, _, y_train, _ = digits
    dnn = DNNClassifier(hidden_units=(16,), epochs=1, dtype="float32", random_state=0)
    return dnn.fit(X_train[:400], y_train[:400])


def test_a_committee_gives_the_same_answers(digits, network):
    X_train, X_test, y_train, _ = digits
    # On components: in pixels, many neighbours are equally near.
    neighbours = make_pipeline(PCA(20), KNeighborsClassifier())
    neighbours.fit(X_train, labelled(y_train, TEXT))
    members = [("network", clone(network)), ("neighbours", FrozenEstimator(neighbours))]
    committee = CommitteeClassifier(members, random_state=0)
    committee.fit(X_train[:400], labelled(y_train[:400], TEXT))
    assert_same_answers(committee, X_test)


def test_a_committee_that_shifts_images_gives_the_same_answers(digits):
    X_train, X_test, y_train, _ = digits
    upright = make_pipeline(Deskew(), PCA(20), LogisticRegression(max_iter=500, C=1e-3))
    committee = CommitteeClassifier(upright, n_estimators=2, test_time_shifts=1, random_state=0)
    # Ink on paper that isn't black.
    committee.fit(16 - X_train[:400], y_train[:400])
    assert_same_answers(committee, 16 - X_test)


def test_a_stack_gives_the_same_answers(digits, network):
    X_train, X_test, y_train, _ = digits
    stack = CNNStackingClassifier(
        network=clone(network), n_components=8, cv=2, refit=True, random_state=0
    )
    assert_same_answers(stack.fit(X_train[:400], y_train[:400]), X_test)


def test_a_class_that_a_fold_lacked_has_probability_0_in_it(digits, network):
    X_train, X_test, y_train, _ = digits
    X, y = X_train[:200], y_train[:200]
    without, all_of_them = np.flatnonzero(y != 9), np.arange(len(y))
    stack = CNNStackingClassifier(
        [("svm", svm.SVC()), ("forest", RandomForestClassifier(10))],
        "soft_vote",
        network=clone(network),
        n_components=None,
        cv=[(without, without), (all_of_them, all_of_them)],
        random_state=0,
    ).fit(X, y)
    stack._stacks_ = stack._stacks_[:1]
    assert not stack.predict_proba(X_test)[:, 9].any()
    assert_same_answers(stack, X_test)


def test_ensembles_and_searches_of_scikit_learn_give_the_same_answers(digits, network):
    X_train, X_test, y_train, _ = digits
    X, y = X_train[:300], y_train[:300]
    machine = ("upright", make_pipeline(Deskew(), svm.SVC()).fit(X, y))
    members = [machine, ("network", FrozenEstimator(network))]
    stack = StackingClassifier(members, LogisticRegression(max_iter=500, C=0.1), cv="prefit")
    assert_same_answers(stack.fit(X, y), X_test)
    forest = RandomForestClassifier(10, random_state=0)
    members = [("forest", forest), ("line", LogisticRegression(C=1e-3, max_iter=500))]
    assert_same_answers(VotingClassifier(members, voting="soft").fit(X, y), X_test)
    search = GridSearchCV(make_pipeline(Blur(), svm.SVC()), {"svc__C": [1, 10]}, cv=2)
    assert_same_answers(search.fit(X, y), X_test)


def test_virtual_support_vectors_give_the_same_answers(digits):
    X_train, X_test, y_train, _ = digits
    machine = VirtualSVC(make_pipeline(Deskew(), svm.SVC(C=10)))
    assert_same_answers(machine.fit(X_train[:200], y_train[:200]), X_test)


def test_features_of_a_network_are_the_same(digits, network):
    X_test = digits[1]
    features = CNNFeatures(FrozenEstimator(network), normalize=True).fit(X_test)
    np.testing.assert_allclose(
        outputs_of(features, X_test)[0], features.transform(X_test), atol=CLOSE, rtol=CLOSE
    )


def test_parts_are_united_with_their_weights(digits):
    X_train, X_test, y_train, _ = digits
    parts = [("pixels", "passthrough"), ("none", "drop"), ("blurred", make_pipeline(Blur()))]
    union = FeatureUnion(parts, transformer_weights={"blurred": 3})
    union.fit(X_train, y_train)
    np.testing.assert_allclose(outputs_of(union, X_test)[0], union.transform(X_test), rtol=CLOSE)


# -- what has no graph ---------------------------------------------------------------------


def fitted_on(X, y, *steps):
    return make_pipeline(*steps, GaussianNB()).fit(X, y)


def test_a_step_without_a_graph_is_named_with_the_reason_and_what_to_do(digits):
    X, _, y, _ = digits
    images = np.kron(X[:100].reshape(-1, 8, 8), np.full((4, 4), 15, np.uint8))
    for step, reason in (
        (ImageLoader(8), "reads pictures of any size from files"),
        (DigitNormalizer(size=8, inner_size=6, on_blank="ignore"), "looks for connected strokes"),
    ):
        pipeline = make_pipeline(step, FunctionTransformer(_flat), GaussianNB())
        pipeline.fit(images, y[:100])
        named = f"step '{type(step).__name__.lower()}' of the estimator, {type(step).__name__}"
        with pytest.raises(ValueError, match=f"{named}, .* {reason}.*. Export the classifier"):
            convertible(pipeline)


def _flat(X):
    return X.reshape(len(X), -1)


def test_likelihoods_that_float32_cannot_hold_have_no_graph(digits):
    X, X_test, y, _ = digits
    with pytest.raises(ValueError, match=r"GaussianNB.* hardly vary.*VarianceThreshold"):
        convertible(GaussianNB().fit(X, y))
    smooth = GaussianNB(var_smoothing=0.1).fit(X, y)
    assert (
        np.abs(outputs_of(convertible(smooth), X_test)[-1] - smooth.predict_proba(X_test)).max()
        < 5e-5
    )


def test_a_function_and_an_unknown_transformer_have_no_graph(digits):
    X, _, y, _ = digits
    with pytest.raises(ValueError, match=r"'functiontransformer' .* calls a function of Python"):
        convertible(fitted_on(X, y, FunctionTransformer(np.sqrt)))

    class Mine(Blur):
        """Nobody's converter knows it."""

    with pytest.raises(ValueError, match=r"'mine' .*Mine, .* neither skmnist nor skl2onnx"):
        convertible(fitted_on(X, y, Mine()))


def test_a_part_deep_in_ensembles_is_named_with_its_place(digits):
    X, _, y, _ = digits
    manhattan = make_pipeline(Deskew(), KNeighborsClassifier(metric="manhattan"))
    committee = CommitteeClassifier([("near", manhattan)], n_estimators=2).fit(X, y)
    place = "step 'kneighborsclassifier' of estimator 0 of the estimator"
    with pytest.raises(ValueError, match=rf"{place}, .* metric='manhattan'.*Euclidean"):
        convertible(committee)


@pytest.mark.parametrize(
    ("classifier", "reason"),
    [
        (svm.SVC(kernel="precomputed"), "kernel='precomputed'"),
        (CalibratedClassifierCV(LinearDiscriminantAnalysis(), cv=2), "decision_function"),
        (
            CalibratedClassifierCV(RandomForestClassifier(3), method="temperature", cv=2),
            "depends on the other images",
        ),
    ],
    ids=repr,
)
def test_a_classifier_whose_answers_a_graph_would_not_give_is_refused(digits, classifier, reason):
    X, y = digits[0][:200].astype(float), digits[2][:200]
    X = X @ X.T if reason.startswith("kernel") else X
    with pytest.raises(ValueError, match=f"the estimator, .* can't become a graph.*{reason}"):
        convertible(classifier.fit(X, y))


def test_what_is_converted_stays_as_it_was(digits):
    X, _, y, _ = digits
    y = y.astype(np.uint8)
    pipeline = make_pipeline(Deskew(), VirtualSVC(svm.SVC())).fit(X[:200], y[:200])
    before = repr(pipeline)
    model_of(pipeline)
    assert repr(pipeline) == before
    assert pipeline.classes_.dtype == np.uint8
