import numpy as np
import pytest
from sklearn.base import clone

from skmnist import CapsNetClassifier, CNNFeatures, load, save
from skmnist._utils.backend import load_keras
from skmnist.networks import capsule_network
from skmnist.networks._capsnet import route, squash
from skmnist.training._losses import margin_loss

SHAPES = [(1, 1, 1), (1, 2, 1), (1, 30, 1), (2, 2, 1), (8, 8, 1), (9, 5, 3)]
SMALL = {"filters": 16, "n_primary_maps": 4}


# -- the routing, against the paper's procedure 1 ---------------------------------------


def squash_in_numpy(vectors):
    squared = (vectors**2).sum(axis=-1, keepdims=True)
    return squared / (1 + squared) * vectors / np.sqrt(squared)


def route_in_numpy(capsules, weights, n_routings):
    """The paper's procedure, line by line, every prediction written down."""
    n_below, dim = capsules.shape[1:]
    by_pair = weights.reshape(len(weights), n_below, dim, -1)
    predictions = np.einsum("nid,jidk->nijk", capsules, by_pair)
    logits = np.zeros(predictions.shape[:3])
    for _ in range(n_routings):
        coupling = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
        vectors = squash_in_numpy(np.einsum("nij,nijk->njk", coupling, predictions))
        logits = logits + np.einsum("nijk,njk->nij", predictions, vectors)
    return vectors


@pytest.mark.parametrize("n_routings", [1, 2, 3])
def test_routing_is_the_papers_procedure(n_routings):
    rng = np.random.default_rng(0)
    capsules, weights = rng.normal(size=(5, 12, 4)), rng.normal(size=(3, 48, 6))
    routed = load_keras().ops.convert_to_numpy(route(capsules, weights, n_routings))
    expected = route_in_numpy(capsules, weights, n_routings)
    np.testing.assert_allclose(routed, expected, rtol=1e-5, atol=1e-6)


def test_squashing_keeps_the_direction():
    vectors = np.random.default_rng(0).normal(size=(4, 3, 8))
    squashed = load_keras().ops.convert_to_numpy(squash(vectors))
    np.testing.assert_allclose(squashed, squash_in_numpy(vectors), rtol=1e-6)


def test_an_empty_capsule_has_a_slope():
    tf = pytest.importorskip("tensorflow")
    if load_keras().backend.backend() != "tensorflow":
        pytest.skip("the slope is taken with TensorFlow")
    vectors = tf.Variable(np.zeros((1, 4)))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(squash(vectors))
    assert np.isfinite(tape.gradient(total, vectors).numpy()).all()


def test_the_margin_loss_is_the_papers_equation_4():
    rng = np.random.default_rng(0)
    lengths, one_hot = rng.random((20, 10)), np.eye(10)[rng.integers(10, size=20)]
    expected = [
        sum(
            t * max(0, 0.9 - v) ** 2 + 0.5 * (1 - t) * max(0, v - 0.1) ** 2
            for t, v in zip(truth, row, strict=True)
        )
        for truth, row in zip(one_hot, lengths, strict=True)
    ]
    losses = load_keras().ops.convert_to_numpy(margin_loss(one_hot, lengths))
    np.testing.assert_allclose(losses, expected)


def test_the_margin_loss_treats_two_classes_of_one_output_alike():
    probability = np.array([[0.2], [0.7]])
    for truth in (0.0, 1.0):
        one = margin_loss(np.full((2, 1), truth), probability)
        both = np.hstack([1 - probability, probability])
        two = margin_loss(np.tile([1 - truth, truth], (2, 1)), both)
        np.testing.assert_allclose(np.asarray(one), np.asarray(two))


# -- the network ------------------------------------------------------------------------


def test_the_papers_network_has_its_size():
    network = capsule_network((28, 28, 1), 10, filters=256, n_primary_maps=32)
    sizes = [layer.count_params() for layer in network.layers if layer.count_params()]
    assert sizes == [20_992, 5_308_672, 1152 * 10 * 8 * 16]
    assert network.get_layer("primary_vectors").output.shape == (None, 1152, 8)
    assert network.get_layer("class_capsules").output.shape == (None, 10, 16)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "float64"])
def test_lengths_are_between_0_and_1_in_each_dtype(dtype):
    network = capsule_network((28, 28, 1), 10, filters=8, n_primary_maps=2, dtype=dtype)
    images = np.random.default_rng(0).random((3, 28, 28, 1))
    lengths = load_keras().ops.convert_to_numpy(network(images))
    assert lengths.dtype == ("float64" if dtype == "float64" else "float32")
    assert ((lengths > 0) & (lengths < 1)).all()


def test_the_seed_decides_the_weights():
    def weights(seed):
        network = capsule_network((28, 28, 1), 10, filters=4, n_primary_maps=2, seed=seed)
        return [variable.numpy() for variable in network.variables]

    one, same, other = weights(1), weights(1), weights(2)
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[-1], other[-1])


@pytest.mark.parametrize("shape", SHAPES)
def test_small_images_have_room(shape):
    network = capsule_network(shape, 3, filters=4, n_primary_maps=2)
    assert np.array(network(np.zeros((2, *shape), np.float32))).shape == (2, 3)


# -- the classifier ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted(digits):
    X, _, y, _ = digits
    return CapsNetClassifier(**SMALL, epochs=10, random_state=0).fit(X, y)


def test_it_learns_the_digits(fitted, digits):
    _, X_test, _, y_test = digits
    assert fitted.score(X_test, y_test) > 0.95


def test_it_learns_a_part_of_mnist(mnist):
    (X, y), _ = mnist
    classifier = CapsNetClassifier(**SMALL, epochs=2, random_state=0).fit(X[:3000], y[:3000])
    assert classifier.score(X[-1000:], y[-1000:]) > 0.85


def test_probabilities_are_lengths_that_sum_to_1(fitted, digits):
    probabilities = fitted.predict_proba(digits[1][:20])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_a_saved_network_is_the_same(fitted, digits, tmp_path):
    save(fitted, tmp_path / "capsules.safetensors")
    again = load(tmp_path / "capsules.safetensors")
    assert np.array_equal(again.predict_proba(digits[1]), fitted.predict_proba(digits[1]))


def test_its_capsules_are_features(fitted, digits):
    from sklearn.frozen import FrozenEstimator

    features = CNNFeatures(FrozenEstimator(fitted)).fit(digits[0]).transform(digits[1][:7])
    assert features.shape == (7, 160)


@pytest.mark.parametrize("name", ["filters", "n_primary_maps", "class_dim", "n_routings"])
def test_nothing_of_anything_is_refused(name, digits):
    with pytest.raises(ValueError, match=f"'{name}' parameter of CapsNetClassifier"):
        CapsNetClassifier(**{name: 0}).fit(digits[0], digits[2])


def test_two_classes_have_a_capsule_each(digits):
    X, _, y, _ = digits
    classifier = clone(CapsNetClassifier(**SMALL, epochs=5, random_state=0))
    classifier.fit(X[y < 2], y[y < 2])
    assert classifier.network_.output_shape == (None, 2)
    assert classifier.score(X[y < 2], y[y < 2]) > 0.95
