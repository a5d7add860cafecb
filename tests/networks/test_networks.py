import random
import re

import numpy as np
import pytest

from skmnist import CNNClassifier, DNNClassifier
from skmnist._utils.backend import load_keras
from skmnist.networks import (
    Architecture,
    ConvBlock,
    PooledBlocks,
    RandomUniform,
    convolutional_network,
    dense_network,
    lenet5,
)

MNIST = (28, 28, 1)
KERAS_EXAMPLE = {
    "conv_blocks": (ConvBlock(32), ConvBlock(64, pool="max", dropout=0.25)),
    "hidden_units": (128,),
    "dropout": 0.5,
}
NAVARRO_DOUBLE = {
    "conv_blocks": (
        ConvBlock(32, 5, padding="same"),
        ConvBlock(32, 5, padding="same", pool="max", dropout=0.25),
        ConvBlock(64, padding="same"),
        ConvBlock(64, padding="same", pool="max", dropout=0.25),
    ),
    "hidden_units": (256,),
    "dropout": 0.5,
}
NAVARRO_TRIPLE = {
    "conv_blocks": tuple(
        block
        for filters in (32, 64, 128)
        for block in (
            ConvBlock(filters, padding="same"),
            ConvBlock(filters, padding="same", batch_norm=True, pool="max", dropout=0.25),
        )
    ),
    "hidden_units": (512, 256, 64),
    "dropout": (0.5, 0.4, 0.3),
    "hidden_batch_norm": True,
}
EVERY_BUILDER = {
    "dense": (dense_network, {"hidden_units": (8, 8), "dropout": 0.2}),
    "lenet": (lenet5, {}),
    "convolutional": (
        convolutional_network,
        {
            "conv_blocks": (
                ConvBlock(4, batch_norm=True, pool="max", dropout=0.1),
                ConvBlock(4, kernel_initializer="he_normal"),
            ),
            "hidden_units": (8,),
            "dropout": 0.2,
            "hidden_batch_norm": True,
        },
    ),
}


@pytest.fixture(params=EVERY_BUILDER)
def build(request):
    """Each builder with settings that use each kind of layer."""
    builder, settings = EVERY_BUILDER[request.param]
    return lambda shape=MNIST, **more: builder(shape, 10, **settings, **more)


# -- sizes that have been published -----------------------------------------------------


@pytest.mark.parametrize(
    ("builder", "settings", "n_parameters"),
    [
        (lenet5, {}, 61_706),
        (dense_network, {"hidden_units": (512, 512)}, 669_706),
        (dense_network, {"hidden_units": ()}, 7_850),
        (dense_network, {"hidden_units": (), "use_bias": False}, 7_840),
        (dense_network, {"hidden_units": (128,), "use_bias": False}, 101_632),
        (convolutional_network, KERAS_EXAMPLE, 1_199_882),
        (convolutional_network, NAVARRO_DOUBLE, 887_530),
        (convolutional_network, NAVARRO_TRIPLE, 1_029_418),
    ],
)
def test_networks_have_their_published_number_of_parameters(builder, settings, n_parameters):
    assert builder(MNIST, 10, **settings).count_params() == n_parameters


# -- the same networks, written by hand ---------------------------------------------------


def martin_cnn(layers):
    return [
        layers.Conv2D(32, 3),
        layers.Conv2D(32, 3, activation="sigmoid"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3),
        layers.Conv2D(32, 3, activation="sigmoid"),
        layers.MaxPooling2D(2),
        layers.Dropout(0.2),
        layers.Flatten(),
        layers.Dense(512, activation="sigmoid"),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax"),
    ]


def portillo_v2(layers):
    return [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]


def portillo_v3(layers):
    return [
        layers.Conv2D(32, 4, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Dropout(0.2),
        layers.Flatten(),
        layers.Dense(248, activation="relu"),
        layers.Dense(124, activation="relu"),
        layers.Dropout(0.4),
        layers.Dense(10, activation="softmax"),
    ]


def bejar_cnn1(layers):
    return [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]


def bejar_cnn2a(layers):
    return [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]


def bejar_cnn2b(layers):
    return [
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 2, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 1, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]


def bejar_cnn3(layers):
    def block(filters, kernel_size, dropout):
        return [
            layers.Conv2D(
                filters,
                kernel_size,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                kernel_regularizer=load_keras().regularizers.L2(1e-4),
            ),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Dropout(dropout),
        ]

    return [
        *block(16, 3, 0.20),
        *block(32, 3, 0.30),
        *block(64, 3, 0.35),
        *block(64, 1, 0.40),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]


def _bejar_block(filters, kernel_size, dropout):
    return ConvBlock(
        filters,
        kernel_size,
        padding="same",
        kernel_initializer="he_normal",
        l2=1e-4,
        batch_norm=True,
        pool="max",
        dropout=dropout,
    )


BY_HAND = [
    (
        martin_cnn,
        {
            "conv_blocks": (
                ConvBlock(32, activation="linear"),
                ConvBlock(32, activation="sigmoid", pool="max"),
                ConvBlock(32, activation="linear"),
                ConvBlock(32, activation="sigmoid", pool="max", dropout=0.2),
            ),
            "hidden_units": (512,),
            "activation": "sigmoid",
            "dropout": 0.2,
        },
    ),
    (portillo_v2, {"conv_blocks": (ConvBlock(32, pool="max", dropout=0.25),)}),
    (
        portillo_v3,
        {
            "conv_blocks": (ConvBlock(32, 4), ConvBlock(64, pool="max", dropout=0.2)),
            "hidden_units": (248, 124),
            "dropout": (0.0, 0.4),
        },
    ),
    (bejar_cnn1, {"conv_blocks": (ConvBlock(32, pool="max"),)}),
    (
        bejar_cnn2a,
        {
            "conv_blocks": tuple(ConvBlock(filters, pool="max") for filters in (32, 32, 64)),
            "hidden_units": (128,),
        },
    ),
    (
        bejar_cnn2b,
        {
            "conv_blocks": tuple(
                ConvBlock(filters, kernel_size, padding="same", pool="max")
                for filters, kernel_size in ((16, 3), (32, 2), (64, 1))
            ),
            "hidden_units": (128,),
            "dropout": 0.5,
        },
    ),
    (
        bejar_cnn3,
        {
            "conv_blocks": (
                _bejar_block(16, 3, 0.20),
                _bejar_block(32, 3, 0.30),
                _bejar_block(64, 3, 0.35),
                _bejar_block(64, 1, 0.40),
            ),
            "hidden_units": (128,),
        },
    ),
]


@pytest.mark.parametrize(("by_hand", "settings"), BY_HAND, ids=lambda x: getattr(x, "__name__", ""))
def test_blocks_say_what_keras_layers_say_by_hand(by_hand, settings):
    keras = load_keras()
    theirs = keras.Sequential([keras.Input(MNIST), *by_hand(keras.layers)])
    ours = convolutional_network(MNIST, 10, **settings)
    assert ours.count_params() == theirs.count_params()
    assert _kinds(ours) == _kinds(theirs)

    ours.set_weights(theirs.get_weights())
    images = np.random.default_rng(0).random((3, *MNIST), dtype=np.float32)
    np.testing.assert_allclose(ours(images), theirs(images), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-6)


def _kinds(network):
    """Name the layers and their dropout; a convolution's activation is a layer of ours only."""
    keras = load_keras()
    return [
        (type(layer).__name__, getattr(layer, "rate", None))
        for layer in network.layers
        if not isinstance(layer, keras.layers.Activation)
    ]


# -- what a block says --------------------------------------------------------------------


def test_the_order_of_a_blocks_steps_is_kept():
    order = ("pool", "batch_norm", "dropout", "activation")
    block = ConvBlock(4, pool="avg", batch_norm=True, dropout=0.1, order=order)
    names = [layer.name for layer in convolutional_network(MNIST, 10, conv_blocks=[block]).layers]
    assert names == [
        "conv_1", "pool_1", "batch_norm_1", "dropout_1", "activation_1", "flatten", "output"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("order", "has_bias"),
    [
        (("activation", "batch_norm", "pool", "dropout"), True),
        (("pool", "batch_norm", "activation", "dropout"), False),
    ],
)
def test_a_convolution_has_no_bias_where_normalisation_would_take_it_away(order, has_bias):
    block = ConvBlock(4, batch_norm=True, order=order)
    network = convolutional_network(MNIST, 10, conv_blocks=[block])
    assert network.get_layer("conv_1").use_bias is has_bias


def test_strides_shrink_the_image():
    network = convolutional_network(MNIST, 10, conv_blocks=[ConvBlock(4, strides=2)])
    assert network.get_layer("conv_1").output.shape == (None, 13, 13, 4)


def test_a_block_is_also_a_dict_or_a_number_of_filters():
    assert ConvBlock.of(32) == ConvBlock.of({"filters": 32}) == ConvBlock(32)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"filters": 0}, "filters=0; expected a whole number >= 1"),
        ({"kernel_size": 2.5}, "kernel_size=2.5; expected a whole number"),
        ({"padding": "full"}, "padding='full'; expected 'valid', 'same' or 'auto'"),
        ({"pool": "min"}, "pool='min'; expected 'max', 'avg' or None"),
        ({"dropout": 1.0}, "dropout=1.0; expected 0 <= dropout < 1"),
        ({"order": ("pool",)}, "in any order"),
    ],
)
def test_a_block_refuses_what_it_cannot_be(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ConvBlock(**{"filters": 4, **settings})


def test_a_misspelt_parameter_of_a_block_is_guessed():
    with pytest.raises(ValueError, match="did you mean 'kernel_size'"):
        ConvBlock.of({"filters": 4, "kernelsize": 3})


# -- seeds, names and other networks ------------------------------------------------------


def test_the_same_seed_gives_the_same_weights(build):
    assert all(map(np.array_equal, build(seed=1).get_weights(), build(seed=1).get_weights()))


def test_another_seed_gives_other_weights(build):
    kernels = [w for w in build(seed=1).get_weights() if w.ndim > 1]
    others = [w for w in build(seed=2).get_weights() if w.ndim > 1]
    assert not any(map(np.array_equal, kernels, others))


def test_layers_of_equal_shape_begin_with_different_weights():
    network = dense_network((1, 8, 1), 2, hidden_units=(8, 8))
    first, second = (network.get_layer(f"dense_{i}").get_weights()[0] for i in (1, 2))
    assert not np.array_equal(first, second)


def test_layers_have_the_same_names_in_every_network(build):
    names = [layer.name for layer in build().layers]
    assert names == [layer.name for layer in build().layers]
    assert len(set(names)) == len(names)


def test_building_moves_no_global_generator(build):
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    build()
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_building_takes_no_name_of_kerass_numbered_ones(build):
    layers = load_keras().layers

    def next_number(layer):
        return int(re.search(r"\d+$", layer.name)[0])

    layers.Dense(1)
    before = next_number(layers.Dense(1))
    build()
    assert next_number(layers.Dense(1)) == before + 1


# -- precision ------------------------------------------------------------------------------


def test_float64_reaches_every_layer_and_weight(build):
    network = build(dtype="float64")
    assert {layer.compute_dtype for layer in network.layers} == {"float64"}
    assert {weight.dtype for weight in network.weights} == {"float64"}
    assert network(np.zeros((1, *MNIST))).dtype.name == "float64"


def test_mixed_bfloat16_keeps_weights_and_output_in_float32(build):
    network = build(dtype="mixed_bfloat16")
    assert {layer.compute_dtype for layer in network.layers[:-1]} == {"bfloat16"}
    assert {weight.dtype for weight in network.weights} == {"float32"}
    assert network(np.zeros((1, *MNIST), np.float32)).dtype.name == "float32"


# -- images of other sizes ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "steps"),
    [(8, ["enlarge", "pad"]), (28, ["pad"]), (30, ["pad"]), (32, []), (40, [])],
)
def test_lenet_brings_small_images_to_32_and_keeps_large_ones(side, steps):
    network = lenet5((side, side, 1), 10)
    names = [layer.name for layer in network.layers]
    assert names[: names.index("conv_1")] == steps
    assert network.get_layer("conv_1").input.shape[1:3] == (max(side, 32),) * 2


@pytest.mark.parametrize("n_pixels", [1, 2, 3, 5, 30])
def test_the_default_cnn_is_built_for_a_line_of_any_length(n_pixels):
    architecture = CNNClassifier()._architecture((1, n_pixels, 1), 3, "float32")
    outputs = architecture.build(0)(np.ones((2, 1, n_pixels, 1), np.float32))
    assert outputs.shape == (2, 3)


def test_colours_are_channels(build):
    assert build(shape=(28, 28, 3)).input_shape == (None, 28, 28, 3)


# -- errors -----------------------------------------------------------------------------------


def test_a_kernel_larger_than_its_image_is_named():
    blocks = [ConvBlock(4, pool="max", pool_size=8), ConvBlock(4, 5)]
    with pytest.raises(ValueError, match=r"block 2, 5 x 5 pixels, does not fit .* 3 x 3 "):
        convolutional_network(MNIST, 10, conv_blocks=blocks)


def test_a_misspelt_activation_is_guessed():
    for build in (
        lambda: dense_network(MNIST, 10, activation="rellu"),
        lambda: lenet5(MNIST, 10, activation="rellu"),
        lambda: convolutional_network(MNIST, 10, conv_blocks=[ConvBlock(4, activation="rellu")]),
    ):
        with pytest.raises(ValueError, match="activation='rellu' is unknown; did you mean 'relu'"):
            build()


def test_an_unknown_initializer_is_named_with_known_ones():
    block = ConvBlock(4, kernel_initializer="he_norml")
    with pytest.raises(ValueError, match=r"kernel_initializer='he_norml'.*'he_normal'"):
        convolutional_network(MNIST, 10, conv_blocks=[block])


def test_dropout_has_one_number_or_one_for_each_layer():
    with pytest.raises(ValueError, match="dropout has 3 values for 2 hidden layers"):
        dense_network(MNIST, 10, hidden_units=(8, 8), dropout=(0.1, 0.2, 0.3))


# -- a network as data ------------------------------------------------------------------------


def test_equal_architectures_are_equal_keys():
    lists = Architecture.of(dense_network, input_shape=[8, 8, 1], n_outputs=2, hidden_units=[4])
    tuples = Architecture.of(dense_network, hidden_units=(4,), n_outputs=2, input_shape=(8, 8, 1))
    assert lists == tuples
    assert hash(lists) == hash(tuples)
    assert lists != Architecture.of(
        dense_network, input_shape=(8, 8, 1), n_outputs=3, hidden_units=(4,)
    )


def test_an_architecture_of_blocks_is_hashable():
    wanted = {"input_shape": MNIST, "n_outputs": 10, "conv_blocks": [ConvBlock(4), ConvBlock(8)]}
    assert len({Architecture.of(convolutional_network, **wanted) for _ in range(2)}) == 1


@pytest.mark.parametrize(
    ("input_shape", "sides"),
    [
        (MNIST, [(24, 24), (10, 10), (3, 3)]),
        ((8, 8, 1), [(8, 8), (4, 4), (2, 2)]),
        ((1, 30, 1), [(1, 26), (1, 11), (1, 3)]),
        ((12, 7, 3), [(12, 7), (6, 3), (3, 1)]),
    ],
    ids=str,
)
def test_auto_padding_shrinks_large_images_only(input_shape, sides):
    network = convolutional_network(input_shape, 10, conv_blocks=PooledBlocks(4)())
    found = [layer.output.shape[1:3] for layer in network.layers if layer.name.startswith("conv")]
    assert found == sides


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"kernel_initializer": "stft"}, "kernel_initializer='stft'.*2 dimensions"),
        ({"bias_initializer": "orthogonal"}, "bias_initializer='orthogonal'.*1 dimensions"),
        ({"bias_initializer": "identity"}, "bias_initializer='identity'.*1 dimensions"),
        ({"kernel_initializer": "he_norml"}, "kernel_initializer='he_norml'.*'he_normal'"),
    ],
)
def test_an_initializer_for_other_weights_is_refused_by_name(settings, named):
    with pytest.raises(ValueError, match=named):
        dense_network(MNIST, 10, **settings)


@pytest.mark.parametrize("ends", [(1, -1), (0, 0), ("a", 1), (0, float("nan")), (-1e39, 1e39)])
def test_an_interval_that_float32_does_not_have_is_refused(ends):
    with pytest.raises(ValueError, match=r"RandomUniform: minval=.*minval < maxval"):
        RandomUniform(*ends)


def test_initial_weights_lie_in_their_interval():
    settings = {"kernel_initializer": RandomUniform(2, 3), "bias_initializer": RandomUniform(4, 5)}
    weights = dense_network((2, 2, 1), 3, **settings).get_weights()
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        assert 2 <= kernel.min() < kernel.max() <= 3
        assert 4 <= bias.min() < bias.max() <= 5


@pytest.mark.parametrize(
    "setting", [{"bias_initializer": "ones"}, {"bias_learning_rate_factor": 2}]
)
def test_settings_of_a_bias_that_is_not_there_are_refused(setting, digits):
    X, _, y, _ = digits
    network = DNNClassifier(use_bias=False, optimizer="sgd", **setting)
    with pytest.raises(ValueError, match="has no effect with use_bias=False"):
        network.fit(X, y)


def test_a_factor_for_biases_is_for_plain_gradient_descent(digits):
    X, _, y, _ = digits
    with pytest.raises(ValueError, match=r"bias_learning_rate_factor=2 .*optimizer='adam'"):
        DNNClassifier(bias_learning_rate_factor=2).fit(X, y)
