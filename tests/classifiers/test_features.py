import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skmnist import CNNClassifier, DNNClassifier, LeNetClassifier
from skmnist._utils.backend import load_keras
from skmnist.classifiers import CNNFeatures
from skmnist.training import _predictor as inference

CNN = CNNClassifier(
    conv_blocks=[
        {"filters": 8, "padding": "same", "batch_norm": True, "pool": "max"},
        {"filters": 12, "padding": "same", "dropout": 0.2},
    ],
    hidden_units=(16,),
    epochs=3,
    random_state=0,
)


def test_a_random_state_is_as_good_as_the_classifiers_own(digits):
    X, _, y, _ = digits
    X, y = X[:200], y[:200]
    network = DNNClassifier(hidden_units=(8,), epochs=1, random_state=3)
    expected = CNNFeatures(network).fit(X, y).transform(X)
    other = CNNFeatures(clone(network).set_params(random_state=5), random_state=3)
    assert np.array_equal(other.fit(X, y).transform(X), expected)
    assert not np.array_equal(other.set_params(random_state=4).fit(X, y).transform(X), expected)
    assert other.classifier.random_state == 5
    frozen = FrozenEstimator(clone(network).fit(X, y))
    assert np.array_equal(CNNFeatures(frozen, random_state=4).fit(X).transform(X), expected)


# -- the values ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted(digits):
    X_train, _, y_train, _ = digits
    return {
        dtype: clone(CNN).set_params(dtype=dtype).fit(X_train, y_train)
        for dtype in ("float32", "mixed_bfloat16", "float64")
    }


def features_of(classifier, X, **parameters):
    return CNNFeatures(FrozenEstimator(classifier), **parameters).fit(X).transform(X)


def kerass_own(classifier, layer, X):
    """What Keras itself computes up to a layer."""
    keras = load_keras()
    network = classifier.network_
    inner = keras.Model(network.inputs, network.layers[layer].output)
    pixels = (X / classifier.pixel_scale_).astype(np.float32)
    images = keras.ops.convert_to_tensor(pixels.reshape(-1, *classifier.image_shape_))
    return keras.ops.convert_to_numpy(keras.ops.cast(inner(images), "float64"))


LAYERS = [*range(10), -1, -4]


@pytest.mark.parametrize("layer", LAYERS)
def test_each_layers_values_are_those_that_keras_computes(layer, fitted, digits):
    X = digits[1]
    expected = kerass_own(fitted["float32"], layer, X)
    found = features_of(fitted["float32"], X, layer=layer)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.reshape(len(X), -1), atol=1e-5)


@pytest.mark.parametrize(("pool", "reduce"), [("avg", np.mean), ("max", np.max)])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "float64"])
def test_pooling_leaves_one_number_a_map(pool, reduce, dtype, fitted, digits):
    X = digits[1]
    classifier = fitted[dtype]
    names = [layer.name for layer in classifier.network_.layers]
    maps = kerass_own(classifier, names.index("conv_2"), X)
    found = features_of(classifier, X, layer="conv_2", pool=pool)
    assert found.shape == (len(X), 12)
    tolerance = 0.02 if dtype == "mixed_bfloat16" else 1e-5
    expected = reduce(maps, axis=(1, 2))
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_a_layer_without_maps_is_not_pooled(fitted, digits):
    X = digits[1]
    flat = features_of(fitted["float32"], X, layer="dense_1")
    pooled = features_of(fitted["float32"], X, layer="dense_1", pool="max")
    assert np.array_equal(flat, pooled)


@pytest.mark.parametrize(
    "classifier",
    [
        CNN,
        LeNetClassifier(epochs=1),
        CNNClassifier(conv_blocks=[4], epochs=1),
        DNNClassifier(hidden_units=(), epochs=1),
        DNNClassifier(hidden_units=(9,), dropout=0.5, epochs=1),
    ],
    ids=["CNN", "LeNet", "CNN without dense layers", "logistic", "DNN with dropout"],
)
def test_the_output_layer_on_the_penultimate_gives_the_probabilities(classifier, digits):
    X_train, X, y_train, _ = digits
    transformer = CNNFeatures(clone(classifier).set_params(dtype="float32"))
    features = transformer.fit(X_train, y_train).transform(X)
    outputs = transformer.classifier_.network_.layers[-1](features)
    probabilities = transformer.classifier_.predict_proba(X)
    np.testing.assert_allclose(np.asarray(outputs), probabilities, atol=1e-5)


def test_normalized_rows_have_unit_length(fitted, digits):
    X = digits[1]
    plain = features_of(fitted["float32"], X)
    unit = features_of(fitted["float32"], X, normalize=True)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-6)
    lengths = np.linalg.norm(plain, axis=1, keepdims=True)
    np.testing.assert_allclose(unit * lengths, plain, rtol=1e-5, atol=1e-6)


def test_a_network_in_float64_gives_features_in_it(fitted, digits):
    found = features_of(fitted["float64"], digits[1])
    assert found.dtype == np.float64
    assert not np.array_equal(found, found.astype(np.float32))


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    "parameters",
    [{}, {"layer": 0, "pool": "avg"}, {"layer": "conv_2", "normalize": True}],
    ids=str,
)
def test_the_features_of_a_row_do_not_depend_on_its_batch(dtype, parameters, fitted, digits):
    X = digits[0][:600]
    transformer = CNNFeatures(FrozenEstimator(fitted[dtype]), **parameters).fit(X)
    together = transformer.transform(X)
    for size in (1, 7, 100):
        last = min(600, 20 * size)
        apart = [transformer.transform(X[i : i + size]) for i in range(0, last, size)]
        assert np.vstack(apart).tobytes() == together[: sum(map(len, apart))].tobytes()


def test_the_result_is_ones_own_to_write_to(fitted, digits):
    transformer = CNNFeatures(FrozenEstimator(fitted["float32"])).fit(digits[1])
    first = transformer.transform(digits[1])
    before = first.copy()
    first += 1
    assert np.array_equal(transformer.transform(digits[1]), before)


# -- as an estimator -------------------------------------------------------------------


def test_the_classifier_given_is_cloned_and_a_frozen_one_used_as_it_is(fitted, digits):
    X, _, y, _ = digits
    transformer = CNNFeatures(CNN).fit(X, y)
    assert not hasattr(CNN, "classes_")
    assert transformer.classifier_ is not CNN
    frozen = CNNFeatures(FrozenEstimator(fitted["float32"])).fit(X[:50], y[:50])
    assert frozen.classifier_.estimator is fitted["float32"]


def test_without_a_classifier_it_is_the_default_cnn(digits):
    X, _, y, _ = digits
    transformer = CNNFeatures().fit(X[:100], y[:100])
    assert isinstance(transformer.classifier_, CNNClassifier)
    expected = CNNClassifier().get_params()
    assert transformer.classifier_.get_params() == expected


def test_weights_reach_the_classifier(digits):
    X, X_test, y, _ = digits
    weights = (y < 5).astype(float)
    transformer = CNNFeatures(CNN).fit(X, y, sample_weight=weights)
    assert transformer.classifier_.classes_.tolist() == [0, 1, 2, 3, 4]
    alone = CNNFeatures(CNN).fit(X[y < 5], y[y < 5])
    np.testing.assert_array_equal(transformer.transform(X_test), alone.transform(X_test))


def test_images_and_rows_have_equal_features(fitted, digits):
    X = digits[1]
    transformer = CNNFeatures(FrozenEstimator(fitted["float32"])).fit(X)
    expected = transformer.transform(X)
    for same in (X.reshape(-1, 8, 8), X.reshape(-1, 8, 8, 1), X.astype(float), X.tolist()):
        assert np.array_equal(transformer.transform(same), expected)


def test_features_have_names_and_come_as_a_frame_where_asked(digits):
    X, _, y, _ = digits
    transformer = CNNFeatures(DNNClassifier(hidden_units=(3,), epochs=1))
    frame = transformer.set_output(transform="pandas").fit_transform(X, y)
    assert list(frame.columns) == ["cnnfeatures0", "cnnfeatures1", "cnnfeatures2"]
    assert transformer.get_feature_names_out().tolist() == list(frame.columns)
    assert (frame.dtypes == np.float32).all()


def test_it_pickles_without_a_live_part_and_computes_the_same(fitted, digits):
    X = digits[1]
    transformer = CNNFeatures(FrozenEstimator(fitted["float32"])).fit(X)
    expected = transformer.transform(X)
    again = pickle.loads(pickle.dumps(transformer))
    assert again._predictor_._loaded is None
    assert np.array_equal(again.transform(X), expected)
    assert again.get_feature_names_out().tolist() == [f"cnnfeatures{i}" for i in range(16)]


def test_equal_networks_share_the_compiled_layer_and_others_do_not(digits):
    X, _, y, _ = digits
    inference._compiled.clear()
    for seed in range(3):
        CNNFeatures(clone(CNN).set_params(random_state=seed)).fit(X, y).transform(X[:1])
    assert len(inference._compiled) == 1  # the outputs themselves were never asked for
    CNNFeatures(CNN, pool="max").fit(X, y).transform(X[:1])
    assert len(inference._compiled) == 2


def test_it_computes_no_layer_after_its_own(fitted, digits):
    transformer = CNNFeatures(FrozenEstimator(fitted["float32"]), layer="conv_1").fit(digits[1])
    assert len(transformer._predictor_.variables) == 2 < len(fitted["float32"].network_.variables)


def test_in_a_pipeline_under_cross_validation_in_two_processes(digits):
    X, _, y, _ = digits
    pipeline = make_pipeline(CNNFeatures(CNN, normalize=True), KNeighborsClassifier())
    scores = cross_val_score(pipeline, X[:900], y[:900], cv=2, n_jobs=2)
    assert scores.min() > 0.8


def test_the_layer_is_searched_over(digits):
    X, _, y, _ = digits
    pipeline = make_pipeline(CNNFeatures(CNN), LogisticRegression(max_iter=1000))
    grid = {"cnnfeatures__layer": ["dense_1", "flatten"], "cnnfeatures__pool": ["max"]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X[:400], y[:400])
    assert search.best_params_["cnnfeatures__layer"] == "flatten"
    assert search.best_score_ > 0.8


def test_a_frozen_network_needs_no_labels(fitted, digits):
    X = digits[1]
    pipeline = make_pipeline(
        CNNFeatures(FrozenEstimator(fitted["float32"])), KMeans(10, n_init=1, random_state=0)
    )
    assert len(np.unique(pipeline.fit(X).predict(X))) == 10


def test_features_of_the_network_beat_pixels_on_mnist(mnist):
    """Support vectors, trained on 300 images that the network didn't see."""
    (X, y), _ = mnist
    network = LeNetClassifier(epochs=6, random_state=0).fit(X[:2000], y[:2000])
    few, judged = slice(2000, 2300), slice(50_000, 51_000)
    on_features = make_pipeline(CNNFeatures(FrozenEstimator(network)), SVC())
    score = on_features.fit(X[few], y[few]).score(X[judged], y[judged])
    rows = X.reshape(len(X), -1) / 255
    assert score > SVC().fit(rows[few], y[few]).score(rows[judged], y[judged])


# -- bad input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"layer": "conv_9"}, "layer='conv_9' is unknown; did you mean 'conv_.'"),
        ({"layer": 99}, "layer=99, but the network has 10 layers"),
        ({"layer": -11}, "layer=-11, but"),
        ({"layer": 1.5}, "'layer' parameter"),
        ({"pool": "mean"}, "'pool' parameter"),
        ({"normalize": "l2"}, "'normalize' parameter"),
        ({"classifier": LogisticRegression()}, "'classifier' parameter"),
    ],
)
def test_a_parameter_that_is_not_usable_is_refused_before_training(parameters, named, digits):
    transformer = CNNFeatures(clone(CNN).set_params(callbacks=[Refuse()])).set_params(**parameters)
    with pytest.raises(ValueError, match=named):
        transformer.fit(digits[0], digits[2])


class Refuse(load_keras().callbacks.Callback):
    def on_train_begin(self, logs=None):
        raise AssertionError("training has begun")


def test_an_unknown_layer_of_a_frozen_network_is_refused(fitted, digits):
    with pytest.raises(ValueError, match="layer='dense_2' is unknown; did you mean 'dense_1'"):
        CNNFeatures(FrozenEstimator(fitted["float32"]), layer="dense_2").fit(digits[1])


def test_a_frozen_estimator_of_another_kind_is_refused(digits):
    X, _, y, _ = digits
    frozen = FrozenEstimator(KNeighborsClassifier().fit(X, y))
    with pytest.raises(TypeError, match="holds a KNeighborsClassifier; expected a fitted network"):
        CNNFeatures(frozen).fit(X, y)


def test_a_frozen_network_that_is_not_fitted_is_refused(digits):
    with pytest.raises(NotFittedError):
        CNNFeatures(FrozenEstimator(CNN)).fit(digits[1])


def test_images_that_the_frozen_network_does_not_know_are_refused(fitted):
    transformer = CNNFeatures(FrozenEstimator(fitted["float32"]))
    with pytest.raises(ValueError, match=r"9 features, but .* is expecting 64"):
        transformer.fit(np.ones((5, 9)))
    with pytest.raises(ValueError, match=r"\(4, 16, 1\).*\(8, 8, 1\)"):
        transformer.fit(np.ones((5, 4, 16)))


def test_images_of_another_shape_than_in_fit_are_refused(fitted, digits):
    transformer = CNNFeatures(FrozenEstimator(fitted["float32"])).fit(digits[1])
    with pytest.raises(ValueError, match="CNNFeatures was fitted on"):
        transformer.transform(np.ones((5, 4, 16)))


def test_labels_are_required_where_there_is_training(digits):
    with pytest.raises(ValueError, match="requires y to be passed"):
        CNNFeatures(CNN).fit(digits[0])
