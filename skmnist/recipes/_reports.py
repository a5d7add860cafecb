"""The networks of five student reports, as they describe them.

Where a report doesn't state a setting, the recipe has Keras's default at the time of the report,
and its note says so.
"""

from dataclasses import replace
from typing import Any

from sklearn.pipeline import Pipeline, make_pipeline

from skmnist.classifiers import (
    CNNClassifier,
    DNNClassifier,
    LeNetClassifier,
    PretrainedClassifier,
)
from skmnist.networks import ConvBlock, RandomUniform
from skmnist.preprocessing import ColumnNormalizer
from skmnist.recipes._recipe import Recipe, Reported
from skmnist.text import SequenceCNNClassifier, SequenceDNNClassifier, TextSequencer
from skmnist.training import Augmentation, Optimizer, Plateau


def _as_in_keras(**settings: Any) -> dict[str, Any]:
    """Return the settings that Keras has by default, except for these."""
    return {
        "batch_size": 32,
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "schedule": "constant",
        "augmentation": None,
        **settings,
    }


def _cnn_as_in_keras(*conv_blocks: ConvBlock, **settings: Any) -> CNNClassifier:
    return CNNClassifier(conv_blocks=conv_blocks, label_smoothing=0.0, **_as_in_keras(**settings))


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
    common: dict[str, Any] = {"kernel_initializer": "he_normal", "l2": 1e-4, "batch_norm": True}
    return _cnn_as_in_keras(
        ConvBlock(16, 3, pool="max", dropout=0.20, **common),
        ConvBlock(32, 3, pool="max", dropout=0.30, **common),
        ConvBlock(64, 3, padding="same", dropout=0.35, **common),
        ConvBlock(64, 1, **common),
        hidden_units=(128,),
        dropout=0.40,
        optimizer="rmsprop",
        batch_size=64,
        schedule=Plateau(factor=0.5, patience=3, min_lr=1e-4),
        augmentation=Augmentation(rotation=15, zoom=0.1, shift=0.1),
        validation_fraction=0.1,
        **settings,
    )


def _bejar_cnn3_stopped_early(patience: int, least_fall: float) -> CNNClassifier:
    return _bejar_cnn3(epochs=200, early_stopping=True, n_iter_no_change=patience, tol=least_fall)


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
    "VGG16 pretrained on ImageNet, first frozen, then fine-tuned. The images are padded to "
    "32 x 32, their pixels divided by 255."
)
_CNN3_NOTE = (
    "The training images are moved as in the notebook that the report cites: by up to 15 degrees, "
    "a tenth in size and a tenth of the width. The L2 factor (1e-4) and which of the convolutions "
    "of 64 filters the third dropout follows (the first) are not stated."
)
_CNN3_STOPPED_NOTE = (
    f"{_CNN3_NOTE} The maximum number of epochs is not stated: 200; with one of the three settings "
    "of early stopping, training ended after 69 epochs, with another one after 15."
)

_OF_MNIST = {
    "martin-dnn": Recipe(
        make_pipeline(
            ColumnNormalizer(), DNNClassifier(activation="sigmoid", **_as_in_keras(epochs=30))
        ),
        "Two layers of 512 sigmoids. Each column of an image is scaled to unit length.",
        Reported(test_accuracy=98.17, n_parameters=669_706),
        source="Martin, dense network",
    ),
    "martin-cnn": Recipe(
        make_pipeline(
            ColumnNormalizer(),
            _cnn_as_in_keras(
                *_MARTIN_BLOCKS[:-1],
                replace(_MARTIN_BLOCKS[-1], dropout=0.2),
                hidden_units=(512,),
                activation="sigmoid",
                dropout=0.2,
                epochs=30,
            ),
        ),
        "Pairs of a linear and a sigmoid convolution. Each column of an image is scaled to unit "
        "length.",
        Reported(test_accuracy=99.35),
        source="Martin, convolutional network",
    ),
    "portillo-v1": Recipe(
        DNNClassifier(hidden_units=(128,), dropout=0.0, **_as_in_keras(epochs=15, batch_size=128)),
        "One layer. The batch size is that of the code that the report cites.",
        Reported(test_accuracy=97.62),
        source="Portillo, version 1",
    ),
    "portillo-v2": Recipe(
        _cnn_as_in_keras(ConvBlock(32, pool="max", dropout=0.25), epochs=15, batch_size=128),
        "One convolution. The filters and the batch size are those of the code that the report "
        "cites.",
        Reported(test_accuracy=98.22),
        source="Portillo, version 2",
    ),
    "portillo-v3": Recipe(
        _cnn_as_in_keras(
            ConvBlock(32, 4),
            ConvBlock(64, pool="max", dropout=0.2),
            hidden_units=(248, 124),
            dropout=(0.0, 0.4),
            epochs=20,
            batch_size=128,
        ),
        "Two convolutions. The second one's filters and the batch size are those of the code that "
        "the report cites.",
        Reported(test_accuracy=99.15),
        source="Portillo, version 3",
    ),
    "navarro-lenet5": Recipe(
        LeNetClassifier(**_as_in_keras(epochs=50, batch_size=86, validation_fraction=0.1)),
        "LeNet-5 on 32 x 32 pixels.",
        Reported(test_accuracy=98.97, n_parameters=61_706),
        source="Navarro, LeNet-5",
    ),
    "navarro-double": Recipe(
        _cnn_as_in_keras(
            *_navarro_pair(32, 5, batch_norm=False),
            *_navarro_pair(64, 3, batch_norm=False),
            hidden_units=(256,),
            dropout=0.5,
            optimizer=Optimizer("rmsprop", epsilon=1e-8),
            batch_size=86,
            epochs=50,
            augmentation="affine",
            schedule=Plateau(factor=0.5, patience=3, min_lr=1e-5),
            validation_fraction=0.1,
        ),
        "Two pairs of convolutions.",
        Reported(test_accuracy=99.60, n_parameters=887_530),
        source="Navarro, double convolution",
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
            schedule=Plateau(factor=0.1, patience=3, monitor="loss"),
            validation_fraction=0.1,
            early_stopping=True,
            monitor="loss",
            n_iter_no_change=6,
            tol=0.0,
        ),
        "Three pairs of convolutions. The rate and the end follow the training loss; the weights "
        "are those of the epoch with the lowest validation loss.",
        Reported(test_accuracy=99.74, n_parameters=1_029_418),
        source="Navarro, triple convolution",
    ),
    "navarro-vgg16": Recipe(
        _navarro_vgg16(),
        _VGG16_NOTE,
        Reported(test_accuracy=99.34, n_parameters=14_982_474),
        source="Navarro, VGG16",
    ),
    "navarro-vgg16-augmented": Recipe(
        _navarro_vgg16(augmentation="affine"),
        _VGG16_NOTE,
        Reported(test_accuracy=99.36, n_parameters=14_982_474),
        source="Navarro, VGG16 with augmentation",
    ),
    "bejar-mlp": Recipe(
        DNNClassifier(**_as_in_keras(optimizer="rmsprop", batch_size=128, epochs=20)),
        "Two layers of 512.",
        Reported(test_accuracy=98.20, n_parameters=669_706),
        source="Bejar, multilayer perceptron",
    ),
    "bejar-keras-cnn": Recipe(
        _cnn_as_in_keras(
            *_KERAS_EXAMPLE_BLOCKS, hidden_units=(128,), dropout=0.5, epochs=5, **_ADADELTA
        ),
        "The example of Keras's documentation, with Adadelta's default learning rate of that time.",
        Reported(test_accuracy=98.85, n_parameters=1_199_882),
        source="Bejar, Keras's example",
    ),
    "bejar-keras-cnn-augmented": Recipe(
        _cnn_as_in_keras(
            *_KERAS_EXAMPLE_BLOCKS,
            hidden_units=(128,),
            dropout=0.5,
            epochs=20,
            **{**_ADADELTA, "augmentation": Augmentation(rotation=10, zoom=0.1)},
        ),
        "The ranges of rotation and zoom are not stated: 10 degrees, a tenth.",
        Reported(test_accuracy=99.27),
        source="Bejar, Keras's example with augmentation",
    ),
    "bejar-cnn1": Recipe(
        _cnn_as_in_keras(
            ConvBlock(32, pool="max"),
            optimizer=Optimizer("sgd", momentum=0.9),
            learning_rate=0.01,
            epochs=20,
        ),
        "One convolution. The report gives a learning rate of 0.1, but all four of its figures are "
        "those of 0.01.",
        Reported(
            test_accuracy=98.42, test_loss=0.05292, training_accuracy=99.676, training_loss=0.01224
        ),
        source="Bejar, CNN 1",
    ),
    "bejar-cnn2a": Recipe(
        _cnn_as_in_keras(
            *(ConvBlock(n, pool="max", pool_padding="same") for n in (32, 32, 64)),
            hidden_units=(128,),
            optimizer="rmsprop",
            epochs=20,
        ),
        "Three convolutions; their last output is 2 x 2.",
        Reported(test_accuracy=98.89, last_side=2),
        source="Bejar, CNN 2, first network",
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
        "Three convolutions with ever smaller kernels. The dropout is not stated: 0.5.",
        Reported(test_accuracy=98.55),
        source="Bejar, CNN 2, second network",
    ),
    "bejar-cnn3": Recipe(
        _bejar_cnn3(epochs=30),
        _CNN3_NOTE,
        Reported(test_accuracy=99.51, last_side=5),
        source="Bejar, CNN 3",
    ),
    "bejar-cnn3-early-stopping": Recipe(
        _bejar_cnn3_stopped_early(patience=6, least_fall=1e-4),
        _CNN3_STOPPED_NOTE,
        Reported(test_accuracy=99.53, last_side=5),
        source="Bejar, CNN 3, early stopping: patience 6, least fall 0.0001",
    ),
    "bejar-cnn3-early-stopping-coarse": Recipe(
        _bejar_cnn3_stopped_early(patience=6, least_fall=1e-3),
        _CNN3_STOPPED_NOTE,
        Reported(test_accuracy=99.06, last_side=5),
        source="Bejar, CNN 3, early stopping: patience 6, least fall 0.001",
    ),
    "bejar-cnn3-early-stopping-hasty": Recipe(
        _bejar_cnn3_stopped_early(patience=4, least_fall=1e-4),
        _CNN3_STOPPED_NOTE,
        Reported(test_accuracy=99.32, last_side=5),
        source="Bejar, CNN 3, early stopping: patience 4, least fall 0.0001",
    ),
}


def _gradient_descent(hidden_units: tuple[int, ...], **settings: Any) -> DNNClassifier:
    """Make a sigmoid network trained with the squared error, on all rows in each step."""
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
        "One neuron, tested on [1, 0, 0]. The report's step is the sum of half the squares' "
        "gradients over four rows: twice that of their mean.",
        Reported(test_probability=0.99994, n_parameters=3),
        source="Bueno, perceptron",
        measure="test_probability",
        data="perceptron",
    ),
    "bueno-circles": Recipe(
        _gradient_descent(
            (4, 8),
            learning_rate=12.5,
            epochs=2500,
            kernel_initializer=RandomUniform(-1.0, 1.0),
            bias_initializer=RandomUniform(-1.0, 1.0),
            bias_learning_rate_factor=1 / 500,
            pixel_scaling=None,
        ),
        "Two circles. The report's loop steps by 0.05 times the sum over 500 points of the "
        "gradients of half the squares, which is 12.5 times the gradient of the mean square; for "
        "the biases it takes their mean instead of the sum. All weights start between -1 and 1.",
        Reported(picture=True, n_parameters=61),
        source="Bueno, network in NumPy",
        measure="training_accuracy",
        data="circles",
    ),
    "bueno-imdb-cnn": Recipe(
        make_pipeline(
            TextSequencer(max_tokens=5000, output_sequence_length=500),
            SequenceCNNClassifier(epochs=2, batch_size=128),
        ),
        "A convolution over the words of a review.",
        Reported(test_accuracy=88.56, n_parameters=2_163_605),
        source="Bueno, reviews: convolution",
        data="imdb",
    ),
    "bueno-imdb-dense": Recipe(
        make_pipeline(
            TextSequencer(max_tokens=5000, output_sequence_length=500),
            SequenceDNNClassifier(epochs=3, batch_size=128),
        ),
        "The same without the convolution.",
        Reported(test_accuracy=86.14, n_parameters=4_160_501),
        source="Bueno, reviews: dense network",
        data="imdb",
    ),
    "bueno-relu": Recipe(
        _bueno_mnist("relu"),
        _BUENO_NOTE,
        Reported(training_accuracy=97.43),
        source="Bueno, MNIST with ReLU",
        measure="training_accuracy",
    ),
    "bueno-sigmoid": Recipe(
        _bueno_mnist("sigmoid"),
        _BUENO_NOTE,
        Reported(training_accuracy=95.01),
        source="Bueno, MNIST with sigmoids",
        measure="training_accuracy",
    ),
}

REPORTS = {**_OF_MNIST, **_BUENO}
