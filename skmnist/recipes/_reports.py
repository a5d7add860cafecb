"""The networks of five student reports, as they describe them.

Where a report is silent, a recipe does what Keras did by default in the report's time, and its note
says so.
"""

from dataclasses import replace
from typing import Any

from sklearn.pipeline import Pipeline, make_pipeline

from skmnist.classifiers import (
    CNNClassifier,
    DNNClassifier,
    LeNetClassifier,
    PretrainedClassifier,
    SequenceCNNClassifier,
    SequenceDNNClassifier,
)
from skmnist.networks import ConvBlock
from skmnist.preprocessing import ColumnNormalizer
from skmnist.recipes._recipe import Recipe, Reported
from skmnist.text import TextSequencer
from skmnist.training import Augmentation, Plateau


def _as_in_keras(**settings: Any) -> dict[str, Any]:
    """Give a network the settings that Keras has by default, but for these."""
    return {
        "batch_size": 32,
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "schedule": "constant",
        "augmentation": None,
        **settings,
    }


def _cnn_as_in_keras(*conv_blocks: ConvBlock, **settings: Any) -> CNNClassifier:
    plain: dict[str, Any] = {
        "beta_1": None,
        "beta_2": None,
        "weight_decay": None,
        "label_smoothing": 0.0,
    }
    return CNNClassifier(conv_blocks=conv_blocks, **plain, **_as_in_keras(**settings))


_MARTIN_BLOCKS = 2 * (
    ConvBlock(32, activation="linear"),
    ConvBlock(32, activation="sigmoid", pool="max"),
)
_KERAS_EXAMPLE_BLOCKS = (ConvBlock(32), ConvBlock(64, pool="max", dropout=0.25))
_ADADELTA = {"optimizer": "adadelta", "learning_rate": 1.0, "batch_size": 128}


def _navarro_pair(filters: int, kernel_size: int, *, batch_norm: bool) -> tuple[ConvBlock, ...]:
    first = ConvBlock(filters, kernel_size, padding="same")
    return first, replace(first, batch_norm=batch_norm, pool="max", dropout=0.25)


def _bejar_cnn3(**settings: Any) -> CNNClassifier:
    common: dict[str, Any] = {
        "padding": "same",
        "initializer": "he_normal",
        "l2": 1e-4,
        "batch_norm": True,
    }
    return _cnn_as_in_keras(
        ConvBlock(16, 3, pool="max", dropout=0.20, **common),
        ConvBlock(32, 3, pool="max", dropout=0.30, **common),
        ConvBlock(64, 3, pool="max", dropout=0.35, **common),
        ConvBlock(64, 1, dropout=0.40, **common),
        hidden_units=(128,),
        optimizer="rmsprop",
        batch_size=64,
        epochs=30,
        schedule=Plateau(factor=0.5, patience=3, min_rate=1e-4),
        augmentation=Augmentation(noise=0.1),
        validation_fraction=0.1,
        **settings,
    )


def _navarro_vgg16(**settings: Any) -> PretrainedClassifier:
    return PretrainedClassifier(
        "VGG16",
        preprocessing="scale",
        resize="pad",
        hidden_units=(512,),
        dropout=0.5,
        epochs=50,
        batch_size=64,
        learning_rate=1e-4,
        optimizer="adam",
        schedule=Plateau(factor=0.1, patience=3),
        validation_fraction=0.1,
        early_stopping=True,
        n_iter_no_change=6,
        tol=0.0,
        fine_tune_epochs=20,
        fine_tune_learning_rate=1e-5,
        fine_tune_batch_size=32,
        fine_tune_schedule=Plateau(factor=0.1, patience=3),
        fine_tune_n_iter_no_change=3,
        **settings,
    )


_VGG16_NOTE = (
    "VGG16 as ImageNet taught it, frozen first, then tuned. The images are padded to 32 x 32, "
    "their pixels divided by 255."
)
_CNN3_NOTE = (
    "Padding, the L2 factor (1e-4), the noise's strength (0.1) and which blocks are pooled (the "
    "three of 3 x 3: a fourth pooling would leave one pixel) are not stated."
)

_OF_MNIST = {
    "martin-dnn": Recipe(
        DNNClassifier(activation="sigmoid", **_as_in_keras(epochs=30)),
        "Two layers of 512 sigmoids.",
        Reported(test_accuracy=98.17, n_parameters=669_706),
    ),
    "martin-cnn": Recipe(
        _cnn_as_in_keras(
            *_MARTIN_BLOCKS[:-1],
            replace(_MARTIN_BLOCKS[-1], dropout=0.2),
            hidden_units=(512,),
            activation="sigmoid",
            dropout=0.2,
            epochs=30,
        ),
        "Pairs of a linear and a sigmoid convolution. The second dropout is not stated: 0.2.",
        Reported(test_accuracy=99.35),
    ),
    "portillo-v1": Recipe(
        DNNClassifier(hidden_units=(128,), dropout=0.0, **_as_in_keras(epochs=15)),
        "One layer. The batch is not stated: 32.",
        Reported(test_accuracy=97.62),
    ),
    "portillo-v2": Recipe(
        _cnn_as_in_keras(ConvBlock(32, pool="max", dropout=0.25), epochs=15),
        "One convolution. The number of filters and the batch are not stated: 32.",
        Reported(test_accuracy=98.22),
    ),
    "portillo-v3": Recipe(
        _cnn_as_in_keras(
            ConvBlock(32, 4),
            ConvBlock(64, pool="max", dropout=0.2),
            hidden_units=(248, 124),
            dropout=(0.0, 0.4),
            epochs=20,
        ),
        "Two convolutions. The second's filters (64) and the batch (32) are not stated.",
        Reported(test_accuracy=99.15),
    ),
    "navarro-lenet5": Recipe(
        LeNetClassifier(**_as_in_keras(epochs=50, batch_size=86, validation_fraction=0.1)),
        "LeNet-5 on 32 x 32 pixels.",
        Reported(test_accuracy=98.97, n_parameters=61_706),
    ),
    "navarro-double": Recipe(
        _cnn_as_in_keras(
            *_navarro_pair(32, 5, batch_norm=False),
            *_navarro_pair(64, 3, batch_norm=False),
            hidden_units=(256,),
            dropout=0.5,
            optimizer="rmsprop",
            batch_size=86,
            epochs=50,
            augmentation="affine",
            schedule=Plateau(factor=0.5, patience=3),
            validation_fraction=0.1,
        ),
        "Two pairs of convolutions.",
        Reported(test_accuracy=99.60, n_parameters=887_530),
    ),
    "navarro-triple": Recipe(
        _cnn_as_in_keras(
            *_navarro_pair(32, 3, batch_norm=True),
            *_navarro_pair(64, 3, batch_norm=True),
            *_navarro_pair(128, 3, batch_norm=True),
            hidden_units=(512, 256, 64),
            hidden_batch_norm=True,
            dropout=(0.5, 0.4, 0.3),
            batch_size=86,
            epochs=50,
            augmentation="affine",
            schedule=Plateau(factor=0.1, patience=3),
            validation_fraction=0.1,
            early_stopping=True,
            n_iter_no_change=6,
            tol=0.0,
        ),
        "Three pairs of convolutions.",
        Reported(test_accuracy=99.74, n_parameters=1_029_418),
    ),
    "navarro-vgg16": Recipe(
        _navarro_vgg16(), _VGG16_NOTE, Reported(test_accuracy=99.34, n_parameters=14_982_474)
    ),
    "navarro-vgg16-augmented": Recipe(
        _navarro_vgg16(augmentation="affine"),
        _VGG16_NOTE,
        Reported(test_accuracy=99.36, n_parameters=14_982_474),
    ),
    "bejar-mlp": Recipe(
        DNNClassifier(**_as_in_keras(optimizer="rmsprop", batch_size=128, epochs=20)),
        "Two layers of 512.",
        Reported(test_accuracy=98.20, n_parameters=669_706),
    ),
    "bejar-keras-cnn": Recipe(
        _cnn_as_in_keras(
            *_KERAS_EXAMPLE_BLOCKS, hidden_units=(128,), dropout=0.5, epochs=5, **_ADADELTA
        ),
        "The example of Keras's documentation, with the learning rate that Adadelta had then.",
        Reported(test_accuracy=98.85, n_parameters=1_199_882),
    ),
    "bejar-keras-cnn-augmented": Recipe(
        _cnn_as_in_keras(
            *_KERAS_EXAMPLE_BLOCKS,
            hidden_units=(128,),
            dropout=0.5,
            epochs=20,
            **{**_ADADELTA, "augmentation": Augmentation(rotation=10, zoom=0.1)},
        ),
        "How much the images turn and grow is not stated: 10 degrees, a tenth.",
        Reported(test_accuracy=99.27),
    ),
    "bejar-cnn1": Recipe(
        _cnn_as_in_keras(
            ConvBlock(32, pool="max"), optimizer="sgd", learning_rate=0.1, momentum=0.9, epochs=20
        ),
        "One convolution.",
        Reported(test_accuracy=98.42),
    ),
    "bejar-cnn2a": Recipe(
        _cnn_as_in_keras(
            ConvBlock(32, pool="max"),
            ConvBlock(32, pool="max"),
            ConvBlock(64, pool="max"),
            hidden_units=(128,),
            optimizer="rmsprop",
            epochs=20,
        ),
        "Three convolutions.",
        Reported(test_accuracy=98.89),
    ),
    "bejar-cnn2b": Recipe(
        _cnn_as_in_keras(
            ConvBlock(16, 3, padding="same", pool="max"),
            ConvBlock(32, 2, padding="same", pool="max"),
            ConvBlock(64, 1, padding="same", pool="max"),
            hidden_units=(128,),
            dropout=0.5,
            optimizer="rmsprop",
            epochs=20,
            validation_fraction=0.1,
        ),
        "Three convolutions of shrinking kernels. The dropout is not stated: 0.5.",
        Reported(test_accuracy=98.55),
    ),
    "bejar-cnn3": Recipe(_bejar_cnn3(), _CNN3_NOTE, Reported(test_accuracy=99.51)),
    "bejar-cnn3-early-stopping": Recipe(
        _bejar_cnn3(early_stopping=True, n_iter_no_change=6, tol=1e-4),
        _CNN3_NOTE,
        Reported(test_accuracy=99.53),
    ),
    "bejar-cnn3-early-stopping-coarse": Recipe(
        _bejar_cnn3(early_stopping=True, n_iter_no_change=6, tol=1e-3),
        _CNN3_NOTE,
        Reported(test_accuracy=99.06),
    ),
    "bejar-cnn3-early-stopping-hasty": Recipe(
        _bejar_cnn3(early_stopping=True, n_iter_no_change=4, tol=1e-4),
        _CNN3_NOTE,
        Reported(test_accuracy=99.32),
    ),
}


def _gradient_descent(hidden_units: tuple[int, ...], **settings: Any) -> DNNClassifier:
    """Make a sigmoid network that learns by squared error from all rows at once."""
    return DNNClassifier(
        hidden_units=hidden_units,
        activation="sigmoid",
        output_activation="sigmoid",
        dropout=0.0,
        loss="mean_squared_error",
        optimizer="sgd",
        schedule="constant",
        batch_size=None,
        shuffle=False,
        **settings,
    )


def _bueno_mnist(activation: str) -> Pipeline:
    network = DNNClassifier(
        hidden_units=(128, 128),
        activation=activation,
        dropout=0.0,
        output_activation="sigmoid",
        **_as_in_keras(epochs=3),
    )
    return make_pipeline(ColumnNormalizer(), network)


_BUENO_NOTE = "Each column of an image is scaled to unit length. The batch is not stated: 32."

_BUENO = {
    "bueno-perceptron": Recipe(
        _gradient_descent((), use_bias=False, learning_rate=2.0, epochs=10_000),
        "One neuron, asked about [1, 0, 0]. The report's step is the sum of half the squares' "
        "gradients over four rows: twice that of their mean.",
        Reported(test_probability=0.99994, n_parameters=3),
        measure="test_probability",
        data="perceptron",
    ),
    "bueno-circles": Recipe(
        _gradient_descent((4, 8), learning_rate=12.5, epochs=2500),
        "Two circles, told apart. The report's step of 0.05 is on the sum of half the squares over "
        "500 points: 12.5 on their mean; 0.05 on the mean tells nothing apart in 2,500 steps.",
        Reported(picture=True, n_parameters=61),
        measure="training_accuracy",
        data="circles",
    ),
    "bueno-imdb-cnn": Recipe(
        make_pipeline(
            TextSequencer(max_words=5000, length=500),
            SequenceCNNClassifier(epochs=2, batch_size=128),
        ),
        "A convolution over the words of a review.",
        Reported(test_accuracy=88.56, n_parameters=2_163_605),
        data="imdb",
    ),
    "bueno-imdb-dense": Recipe(
        make_pipeline(
            TextSequencer(max_words=5000, length=500),
            SequenceDNNClassifier(epochs=3, batch_size=128),
        ),
        "The same without the convolution.",
        Reported(test_accuracy=86.14, n_parameters=4_160_501),
        data="imdb",
    ),
    "bueno-relu": Recipe(
        _bueno_mnist("relu"),
        _BUENO_NOTE,
        Reported(training_accuracy=97.43),
        measure="training_accuracy",
    ),
    "bueno-sigmoid": Recipe(
        _bueno_mnist("sigmoid"),
        _BUENO_NOTE,
        Reported(training_accuracy=95.01),
        measure="training_accuracy",
    ),
}

REPORTS = {
    name: replace(recipe, source=f"The report of {name.partition('-')[0].capitalize()}")
    for name, recipe in {**_OF_MNIST, **_BUENO}.items()
}
