import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest

from skmnist._inputs.pixels import PixelScaling
from skmnist._utils.backend import load_keras
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
        barrier.wait(timeout=60)
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


def test_the_live_network_counts_as_called_as_an_export_to_onnx_wants_it(tmp_path):
    network = predictor_of("CNN").network
    assert network._called  # what Keras looks at, and refuses to export else
    with suppress(ImportError):  # of the packages that write the file
        network.export(tmp_path / "network.onnx", format="onnx", verbose=False)
