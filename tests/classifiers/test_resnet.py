import numpy as np
import pytest

from skmnist import ResNetClassifier, load, save
from skmnist._utils.backend import load_keras
from skmnist.networks import residual_network

SHAPES = [(1, 1, 1), (1, 2, 1), (1, 30, 1), (2, 2, 1), (8, 8, 1), (9, 5, 3)]
SMALL = {"filters": (8, 16)}


def n_trained(network):
    return sum(np.prod(weight.shape) for weight in network.trainable_weights)


@pytest.mark.parametrize(("n_blocks", "millions"), [(3, 0.27), (5, 0.46), (7, 0.66), (9, 0.85)])
def test_the_papers_networks_have_their_sizes(n_blocks, millions):
    """Table 6 of He et al.: ResNet-20, 32, 44 and 56."""
    network = residual_network((32, 32, 3), 10, n_blocks=n_blocks)
    assert n_trained(network) / 1e6 == pytest.approx(millions, abs=0.006)
    convolutions = [layer for layer in network.layers if layer.name.endswith("_conv")]
    assert len(convolutions) + 1 == 6 * n_blocks + 2


def test_each_stage_halves_the_sides_and_widens():
    network = residual_network((28, 28, 1), 10)
    shapes = [network.get_layer(f"block_{stage}_1").output.shape[1:] for stage in (1, 2, 3)]
    assert shapes == [(28, 28, 16), (14, 14, 32), (7, 7, 64)]


def test_a_shortcut_takes_each_second_pixel_and_adds_empty_maps():
    network = residual_network((4, 4, 1), 2, filters=(2, 3))
    keras = load_keras()
    add = network.get_layer("block_2_1_add")
    around = keras.Model(network.inputs[0], [network.get_layer("block_1_1").output, add.input[1]])
    images = np.random.default_rng(0).random((5, 4, 4, 1), np.float32)
    before, after = (np.array(maps) for maps in around(images))
    assert np.array_equal(after[..., :2], before[:, ::2, ::2])
    assert not after[..., 2].any()


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "float64"])
def test_outputs_sum_to_1_in_each_dtype(dtype):
    network = residual_network((28, 28, 1), 10, filters=(4, 8), dtype=dtype)
    outputs = np.array(network(np.random.default_rng(0).random((3, 28, 28, 1))))
    assert outputs.dtype == ("float64" if dtype == "float64" else "float32")
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_small_images_have_room(shape):
    network = residual_network(shape, 3)
    assert np.array(network(np.zeros((2, *shape), np.float32))).shape == (2, 3)


def test_the_seed_decides_the_weights():
    def weights(seed):
        return [v.numpy() for v in residual_network((8, 8, 1), 3, seed=seed).variables]

    one, same, other = weights(1), weights(1), weights(2)
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])


# -- the classifier ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted(digits):
    X, _, y, _ = digits
    return ResNetClassifier(**SMALL, epochs=10, random_state=0).fit(X, y)


def test_it_learns_the_digits(fitted, digits):
    _, X_test, _, y_test = digits
    assert fitted.score(X_test, y_test) > 0.95


def test_it_learns_a_part_of_mnist(mnist):
    (X, y), _ = mnist
    classifier = ResNetClassifier(**SMALL, epochs=8, random_state=0).fit(X[:3000], y[:3000])
    assert classifier.score(X[-1000:], y[-1000:]) > 0.85


def test_a_saved_network_is_the_same(fitted, digits, tmp_path):
    save(fitted, tmp_path / "residual.safetensors")
    again = load(tmp_path / "residual.safetensors")
    assert np.array_equal(again.predict_proba(digits[1]), fitted.predict_proba(digits[1]))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"filters": ()}, r"filters=\(\); expected those of at least one stage"),
        ({"filters": (16, 8)}, r"filters=\(16, 8\).*none fewer than in the stage before"),
        ({"filters": (16, 0)}, r"filters=\(16, 0\) holds 0; expected whole numbers"),
        ({"n_blocks": 0}, "'n_blocks' parameter of ResNetClassifier"),
    ],
)
def test_what_is_no_network_is_refused(parameters, message, digits):
    with pytest.raises(ValueError, match=message):
        ResNetClassifier(**parameters).fit(digits[0], digits[2])
