import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest

from skmnist._inputs.pixels import PixelScaling
from skmnist._utils.backend import load_keras
from skmnist._utils.caches import clear_caches
from skmnist.networks import Architecture, ConvBlock, convolutional_network, dense_network, lenet5
from skmnist.training import _predictor as inference
from skmnist.training._predictor import Predictor

SHAPE = (8, 8, 1)
COMMON = {"input_shape": SHAPE, "n_outputs": 10}
NETWORKS = {
    "CNN": Architecture.of(
        convolutional_network,
        conv_blocks=[ConvBlock(6, padding="same", batch_norm=True, pool="max"), ConvBlock(8)],
        hidden_units=(12,),
        dropout=0.3,
        **COMMON,
    ),
    "DNN": Architecture.of(dense_network, hidden_units=(20,), **COMMON),
    "LeNet": Architecture.of(lenet5, **COMMON),
    "CNN float64": Architecture.of(
        convolutional_network, conv_blocks=[ConvBlock(4)], dtype="float64", **COMMON
    ),
}


def as_array(values):
    return load_keras().ops.convert_to_numpy(values)


def predictor_of(name, seed=0):
    architecture = NETWORKS[name]
    variables = [v.numpy() for v in architecture.build(seed).variables]
    return Predictor(architecture, variables, PixelScaling(scale=255.0))


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).integers(0, 256, (700, 64)).astype(np.uint8)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("n", [1, 3, 200])
def test_outputs_are_those_that_keras_computes(name, n, rows):
    predictor = predictor_of(name)
    found = predictor.outputs(rows[:n], SHAPE)
    expected = predictor.network(rows[:n].reshape(n, *SHAPE).astype(np.float32) / 255)
    assert found.dtype == ("float64" if name.endswith("64") else "float32")
    np.testing.assert_allclose(found, as_array(expected), rtol=1e-4, atol=1e-6)


def test_no_row_in_no_row_out(rows):
    predictor = predictor_of("DNN")
    assert predictor.outputs(rows[:0], SHAPE).shape == (0, 10)
    assert predictor.of_layer("dense_1", None).outputs(rows[:0], SHAPE).shape == (0, 20)


def test_the_smallest_batch_is_one_that_multiplies_as_the_largest_does():
    smallest, *others = inference._batch_sizes()
    assert smallest in (2, 4)
    assert others == [16, 128, 512]


def test_a_network_is_compiled_for_few_batch_sizes_whatever_sizes_come(rows):
    inference._compiled.clear()
    predictor = predictor_of("DNN")
    for n in (*range(1, 41), 128, 200, 512, 513, 700):
        assert predictor.outputs(rows[:n], SHAPE).shape == (n, 10)
    assert sorted(inference._compiled_for(NETWORKS["DNN"])) == list(inference._batch_sizes())
    # An equal network, such as the next fold's, brings no other.
    predictor_of("DNN", seed=1).outputs(rows, SHAPE)
    assert len(inference._compiled) == 1


def test_no_more_than_a_few_networks_stay_compiled(rows):
    for units in range(1, 2 + inference._compiled._maxsize):
        architecture = Architecture.of(dense_network, hidden_units=(units,), **COMMON)
        variables = [v.numpy() for v in architecture.build(0).variables]
        assert Predictor(architecture, variables, PixelScaling()).n_outputs == 10
    assert len(inference._compiled) == inference._compiled._maxsize


@pytest.fixture(scope="module")
def single(rows):
    """One row more than those after which a network is compiled for one image."""
    return rows[: 1 + inference._CALLS_BEFORE_ALONE, np.newaxis]


def one_by_one(predictor, images):
    return np.concatenate([predictor.outputs(image, SHAPE) for image in images])


OTHER_CONVOLUTIONS = Architecture.of(
    convolutional_network,
    conv_blocks=[
        ConvBlock(6, 4, padding="same"),
        ConvBlock(7, 3, padding="same", strides=2),
        ConvBlock(8, 4, use_bias=False),
    ],
    hidden_units=(12,),
    **COMMON,
)


@pytest.mark.parametrize("architecture", [*NETWORKS.values(), OTHER_CONVOLUTIONS])
def test_images_that_come_one_by_one_keep_the_bits_of_a_batch(architecture, rows, single):
    inference._compiled.clear()
    variables = [v.numpy() for v in architecture.build(3).variables]
    predictor = Predictor(architecture, variables, PixelScaling(scale=255.0))
    together = predictor.outputs(rows[:512], SHAPE)
    assert np.array_equal(one_by_one(predictor, single), together[: len(single)])
    # Now that one image alone has been tried.
    assert np.array_equal(one_by_one(predictor, rows[100:150, np.newaxis]), together[100:150])
    assert inference._compiled_for(architecture)._computes_one_alone is not None


@pytest.mark.parametrize("name", ["CNN", "DNN"])
def test_a_network_is_compiled_for_one_image_once_single_images_keep_coming(name, rows, single):
    inference._compiled.clear()
    predictor = predictor_of(name)
    one_by_one(predictor, single[:-1])
    assert min(inference._compiled_for(NETWORKS[name])) == inference._batch_sizes()[0]
    one_by_one(predictor, single[-1:])
    assert inference._compiled_for(NETWORKS[name])._computes_one_alone is not None
    # An equal network shares the function, and keeps its own weights; so does a pickled one.
    other = predictor_of(name, seed=1)
    together = other.outputs(rows[:16], SHAPE)
    assert np.abs(together - predictor.outputs(rows[:16], SHAPE)).max() > 0.01
    assert np.array_equal(one_by_one(other, rows[:16, np.newaxis]), together)
    again = pickle.loads(pickle.dumps(other))
    assert np.array_equal(one_by_one(again, rows[:16, np.newaxis]), together)
    assert len(inference._compiled) == 1
    # It goes with the others.
    clear_caches()
    assert len(inference._compiled) == 0
    assert np.array_equal(predictor_of(name, 1).outputs(rows[0:1], SHAPE), together[:1])


def change_outputs(network, n_rows):
    layer = network.layers[-1]
    call = layer.call
    layer.call = lambda values: call(values) * (1 + 1e-6)
    return network


def raise_an_error(network, n_rows):
    raise TypeError("of a layer that takes batches only")


@pytest.mark.parametrize("take_one_image", [change_outputs, raise_an_error])
def test_one_image_is_computed_among_others_where_its_bits_differ_alone(
    take_one_image, rows, single, monkeypatch
):
    inference._compiled.clear()
    monkeypatch.setattr(inference, "take_one_image", take_one_image)
    predictor = predictor_of("DNN")
    together = predictor.outputs(rows[:100], SHAPE)
    assert np.array_equal(one_by_one(predictor, single), together[: len(single)])
    assert inference._compiled_for(NETWORKS["DNN"])._computes_one_alone is False
    inference._compiled.clear()


def test_single_images_in_several_threads_have_the_bits_of_a_batch(rows):
    inference._compiled.clear()
    predictor = predictor_of("CNN")
    together = predictor.outputs(rows[:200], SHAPE)
    parts = np.split(rows[:200, np.newaxis], 4)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda part: one_by_one(predictor, part), parts))
    assert np.array_equal(np.concatenate(found), together)


def test_networks_of_equal_architecture_keep_their_own_weights(rows):
    one, other = predictor_of("CNN", 0), predictor_of("CNN", 1)
    first, second = one.outputs(rows[:5], SHAPE), other.outputs(rows[:5], SHAPE)
    assert np.abs(first - second).max() > 0.01
    assert np.array_equal(one.outputs(rows[:5], SHAPE), first)


@pytest.mark.parametrize("name", NETWORKS)
def test_each_inner_layers_variables_are_the_first_of_the_network(name):
    predictor = predictor_of(name)
    layers = predictor.network.layers
    for i, layer in enumerate(layers):
        inner = predictor.of_layer(layer.name, None)
        n_variables = sum(len(each.variables) for each in layers[: i + 1])
        assert len(inner.variables) == n_variables
        for mine, others in zip(inner.network.variables, inner.variables, strict=True):
            assert np.array_equal(mine.numpy(), others)


def test_inner_layers_are_computed_in_several_threads_as_in_one(rows):
    load_keras()
    predictor = predictor_of("CNN")
    expected = {i: predictor.of_layer(i, "max").outputs(rows, SHAPE) for i in range(5)}
    inference._compiled.clear()
    barrier = threading.Barrier(5)

    def compute(i):
        barrier.wait(timeout=900)
        return predictor.of_layer(i, "max").outputs(rows, SHAPE)

    with ThreadPoolExecutor(5) as threads:
        found = list(threads.map(compute, expected))
    for i, values in enumerate(found):
        assert np.array_equal(values, expected[i])


def test_the_live_network_is_exported(tmp_path, rows):
    network = predictor_of("DNN").network
    saved = tmp_path / "saved_model"
    network.export(saved, format="tf_saved_model", verbose=False)
    images = np.asarray(rows[:5].reshape(5, *network.input_shape[1:]), dtype=np.float32)
    served = load_keras().layers.TFSMLayer(saved, call_endpoint="serve")
    np.testing.assert_allclose(served(images), network(images), rtol=1e-5, atol=1e-6)


def test_the_live_network_counts_as_called_as_an_export_to_onnx_wants_it(tmp_path, monkeypatch):
    monkeypatch.setitem(vars(np), "object", object)  # which Keras adds, and NumPy 2 has removed
    network = predictor_of("CNN").network
    assert network._called  # what Keras looks at, and refuses to export else
    with suppress(ImportError):  # of the packages that write the file
        network.export(tmp_path / "network.onnx", format="onnx", verbose=False)
