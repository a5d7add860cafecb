"""Configurations by name, as data: each is an estimator that is not fitted, and what it is for.

Those of our own were chosen on the last 10,000 training images of MNIST, never on its test set
(``benchmarks/choose_recipes.py``, ``choose_classical.py`` and ``choose_committee.py``, those for
few labels by ``few_labels.py --choose``); ``benchmarks/accuracy.py`` measures what they reach.  The
others reproduce networks that five student reports describe; where a report is silent, they do what
Keras did by default in its time, and the note says so.
"""

from dataclasses import dataclass, replace
from typing import Any

from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import SVC

from skmnist._errors import unknown_name
from skmnist.baselines import knn, random_forest, svm, tfidf_logistic_regression
from skmnist.classifiers import (
    CapsNetClassifier,
    CNNClassifier,
    DNNClassifier,
    LeNetClassifier,
    PretrainedClassifier,
    ResNetClassifier,
    SequenceCNNClassifier,
    SequenceDNNClassifier,
)
from skmnist.ensemble import CNNStackingClassifier, CommitteeClassifier
from skmnist.networks import ConvBlock, pooled_blocks
from skmnist.preprocessing import (
    ColumnNormalizer,
    ConvolutionFeatures,
    Deskew,
    MomentNormalizer,
    OrientedGradients,
)
from skmnist.text import TextSequencer
from skmnist.training import Augmentation, Plateau


@dataclass(frozen=True)
class Recipe:
    """A configuration.

    Parameters
    ----------
    estimator : estimator
        A classifier or a Pipeline, not fitted; its ``repr`` shows what differs from the defaults.
    note : str
        What it is for.
    reported : float or None, default=None
        The figure that a report gives for it, or, where the note says so, a paper.
    measure : {"test accuracy", "training accuracy", "test probability"}, default="test accuracy"
        What the figure is: an accuracy in percent, or the mean probability of the right class.
    data : {"mnist", "imdb", "circles", "perceptron"}, default="mnist"
        The data set that it is for.
    n_parameters : int or None, default=None
        The size of the network that a report gives.
    """

    estimator: Any
    note: str
    reported: float | None = None
    measure: str = "test accuracy"
    data: str = "mnist"
    n_parameters: int | None = None


# AlexNet's five convolutions and three poolings, a sixth as wide, with steps of one.
_ALEXNET_BLOCKS = (
    ConvBlock(16, 5, padding="same", pool="max"),
    ConvBlock(48, 5, padding="same", pool="max"),
    ConvBlock(64, 3, padding="same"),
    ConvBlock(64, 3, padding="same"),
    ConvBlock(48, 3, padding="same", pool="max"),
)

_NETWORKS = {
    "dnn": Recipe(DNNClassifier(), "The class's defaults."),
    "lenet": Recipe(LeNetClassifier(), "The class's defaults."),
    "cnn-fast": Recipe(
        CNNClassifier(conv_blocks=pooled_blocks(16), epochs=1, batch_size=128, augmentation=None),
        "One epoch of a narrow network.",
    ),
    "cnn-quick": Recipe(CNNClassifier(epochs=3), "Three epochs of the default network."),
    "cnn-brisk": Recipe(CNNClassifier(epochs=5), "Five epochs of the default network."),
    "cnn": Recipe(CNNClassifier(), "The class's defaults."),
    "resnet": Recipe(
        ResNetClassifier(),
        "The class's defaults, 8 layers; the figure is that of a PreActResNet-18 (Clanuwat et al. "
        "2018, arXiv:1812.01718).",
        99.56,
    ),
    "capsnet": Recipe(
        CapsNetClassifier(),
        "The class's defaults; the figure is that of the wider network of Sabour et al. 2017, "
        "without reconstruction.",
        99.65,
    ),
    "alexnet": Recipe(
        CNNClassifier(
            conv_blocks=_ALEXNET_BLOCKS,
            hidden_units=(512, 512),
            dropout=0.5,
            optimizer="adam",
            learning_rate=2e-3,
            beta_1=None,
            beta_2=None,
            weight_decay=None,
            label_smoothing=0.0,
        ),
        "Five convolutions and two large dense layers, as AlexNet has them, for 28 x 28 pixels.",
    ),
}


def _gradients(*more: Any) -> Pipeline:
    """Describe upright digits of one size by the directions of their strokes."""
    return make_pipeline(Deskew(), MomentNormalizer(), OrientedGradients(), *more)


def _components(n: int, lda_weight: float) -> FeatureUnion:
    """Principal components beside the nine discriminants, which are in units of their noise."""
    lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.01)
    return FeatureUnion([("pca", PCA(n)), ("lda", lda)], transformer_weights={"lda": lda_weight})


_CLASSICAL = {
    "svm": Recipe(svm(), "A support vector machine on pixels."),
    "knn": Recipe(knn(), "Nearest neighbours on pixels."),
    "random-forest": Recipe(random_forest(), "A random forest on pixels."),
    "tfidf": Recipe(
        tfidf_logistic_regression(),
        "A logistic regression on weighted words: the baseline of the reviews.",
        data="imdb",
    ),
    "svm-best": Recipe(
        _gradients(PCA(120), SVC(C=5.0, cache_size=1000)),
        "A support vector machine on oriented gradients; it needs 120 images at least.",
    ),
    "svm-few-labels": Recipe(
        _gradients(SVC(C=5.0)),
        "The same without components: for ten to some hundred images of each class, in seconds.",
    ),
    "knn-best": Recipe(
        _gradients(_components(60, 0.15), KNeighborsClassifier(4, weights="distance")),
        "Nearest neighbours on oriented gradients, seen through the classes' differences.",
    ),
    "forest-best": Recipe(
        _gradients(_components(50, 1.0), ExtraTreesClassifier(300)),
        "Extremely randomised trees on components of oriented gradients.",
    ),
    "ridge-best": Recipe(
        make_pipeline(
            Deskew(),
            ConvolutionFeatures(),
            RBFSampler(gamma="scale", n_components=6000),
            RidgeClassifier(alpha=0.05, copy_X=False),
        ),
        "Fixed convolutions and a random layer, then a linear classifier.",
    ),
}


def _with_probabilities(classifier: Any) -> CalibratedClassifierCV:
    """Give a classifier probabilities, by a temperature that is found in a cross-validation."""
    return CalibratedClassifierCV(classifier, method="temperature", ensemble=False)


_FEW_LABELS = CNNClassifier(
    epochs="auto",
    batch_size=64,
    augmentation=Augmentation(
        shift=2 / 28, rotation=12, zoom=0.12, shear=8, elastic=12, elastic_sigma=5
    ),
)


_LONGER = CNNClassifier(conv_blocks=pooled_blocks(32), epochs=20)


def _upright(network: CNNClassifier) -> Pipeline:
    return make_pipeline(Deskew(), network)


def _upright_of_one_size(network: CNNClassifier) -> Pipeline:
    return make_pipeline(Deskew(), MomentNormalizer(), network)


_ENSEMBLES = {
    "cnn-best": Recipe(
        CommitteeClassifier(
            members=[("cnn", _upright(_LONGER))],
            test_time_shifts=1,
        ),
        "One wider network for twenty epochs, on upright digits; its probabilities are the mean "
        "over nine shifts of a digit.",
    ),
    "cnn-few-labels": Recipe(
        _upright(_FEW_LABELS),
        "For ten to some hundred images of each class: many epochs of upright digits that move and "
        "bend.",
    ),
    "committee-few-labels": Recipe(
        CommitteeClassifier(
            members=[
                ("cnn", _FEW_LABELS),
                ("upright", _upright(_FEW_LABELS)),
                ("upright_of_one_size", _upright_of_one_size(_FEW_LABELS)),
                ("gradients", _with_probabilities(_CLASSICAL["svm-few-labels"].estimator)),
            ]
        ),
        "The same network three times, which sees the digits in three ways, and a support vector "
        "machine on oriented gradients; it needs five images of each class.",
    ),
    "committee": Recipe(
        CommitteeClassifier(
            members=[
                ("cnn", _LONGER),
                ("upright", _upright(_LONGER)),
                ("of_one_size", make_pipeline(MomentNormalizer(), _LONGER)),
                ("upright_of_one_size", _upright_of_one_size(_LONGER)),
            ]
        ),
        "A wider network for twenty epochs, four times, which sees the digits in four ways.",
    ),
    "stack": Recipe(
        CNNStackingClassifier(classifier=CNNClassifier(epochs=5), cv=10),
        "Five epochs of the default network, and a support vector machine, neighbours and a forest "
        "on its features, blended, in ten folds.",
    ),
    "stack-soft-vote": Recipe(
        CNNStackingClassifier(classifier=CNNClassifier(epochs=5), cv=10, blender="soft_vote"),
        "The same parts, all counted alike.",
    ),
}


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
        hidden_units=(512,),
        dropout=0.5,
        epochs=50,
        batch_size=64,
        learning_rate=1e-4,
        optimizer="adam",
        schedule=Plateau(factor=0.5, patience=3),
        validation_fraction=0.1,
        early_stopping=True,
        n_iter_no_change=6,
        tol=0.0,
        fine_tune_epochs=20,
        fine_tune_learning_rate=1e-5,
        fine_tune_batch_size=32,
        fine_tune_schedule="constant",
        fine_tune_n_iter_no_change=3,
        **settings,
    )


_VGG16_NOTE = (
    "VGG16 as ImageNet taught it, frozen first, then tuned. The plateau's factor (0.5) and how 28 "
    "pixels become 32 (bilinear) are not stated."
)
_CNN3_NOTE = (
    "Padding, the L2 factor (1e-4), the noise's strength (0.1) and which blocks are pooled (the "
    "three of 3 x 3: a fourth pooling would leave one pixel) are not stated."
)

_REPORTS = {
    "martin-dnn": Recipe(
        DNNClassifier(activation="sigmoid", **_as_in_keras(epochs=30)),
        "Two layers of 512 sigmoids.",
        98.17,
        n_parameters=669_706,
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
        99.35,
    ),
    "portillo-v1": Recipe(
        DNNClassifier(hidden_units=(128,), dropout=0.0, **_as_in_keras(epochs=15)),
        "One layer. The batch is not stated: 32.",
        97.62,
    ),
    "portillo-v2": Recipe(
        _cnn_as_in_keras(ConvBlock(32, pool="max", dropout=0.25), epochs=15),
        "One convolution. The number of filters and the batch are not stated: 32.",
        98.22,
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
        99.15,
    ),
    "navarro-lenet5": Recipe(
        LeNetClassifier(**_as_in_keras(epochs=50, batch_size=86, validation_fraction=0.1)),
        "LeNet-5 on 32 x 32 pixels.",
        98.97,
        n_parameters=61_706,
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
        99.60,
        n_parameters=887_530,
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
        99.74,
        n_parameters=1_029_418,
    ),
    "navarro-vgg16": Recipe(_navarro_vgg16(), _VGG16_NOTE, 99.34, n_parameters=14_982_474),
    "navarro-vgg16-augmented": Recipe(
        _navarro_vgg16(augmentation="affine"), _VGG16_NOTE, 99.36, n_parameters=14_982_474
    ),
    "bejar-mlp": Recipe(
        DNNClassifier(**_as_in_keras(optimizer="rmsprop", batch_size=128, epochs=20)),
        "Two layers of 512.",
        98.20,
        n_parameters=669_706,
    ),
    "bejar-keras-cnn": Recipe(
        _cnn_as_in_keras(
            *_KERAS_EXAMPLE_BLOCKS, hidden_units=(128,), dropout=0.5, epochs=5, **_ADADELTA
        ),
        "The example of Keras's documentation, with the learning rate that Adadelta had then.",
        98.85,
        n_parameters=1_199_882,
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
        99.27,
    ),
    "bejar-cnn1": Recipe(
        _cnn_as_in_keras(
            ConvBlock(32, pool="max"), optimizer="sgd", learning_rate=0.1, momentum=0.9, epochs=20
        ),
        "One convolution.",
        98.42,
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
        98.89,
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
        98.55,
    ),
    "bejar-cnn3": Recipe(_bejar_cnn3(), _CNN3_NOTE, 99.51),
    "bejar-cnn3-early-stopping": Recipe(
        _bejar_cnn3(early_stopping=True, n_iter_no_change=6, tol=1e-4), _CNN3_NOTE, 99.53
    ),
    "bejar-cnn3-early-stopping-coarse": Recipe(
        _bejar_cnn3(early_stopping=True, n_iter_no_change=6, tol=1e-3), _CNN3_NOTE, 99.06
    ),
    "bejar-cnn3-early-stopping-hasty": Recipe(
        _bejar_cnn3(early_stopping=True, n_iter_no_change=4, tol=1e-4), _CNN3_NOTE, 99.32
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
        0.99994,
        "test probability",
        "perceptron",
        3,
    ),
    "bueno-circles": Recipe(
        _gradient_descent((4, 8), learning_rate=12.5, epochs=2500),
        "Two circles, told apart. The report's step of 0.05 is on the sum of half the squares over "
        "500 points: 12.5 on their mean; 0.05 on the mean tells nothing apart in 2,500 steps.",
        100.0,
        "training accuracy",
        "circles",
        61,
    ),
    "bueno-imdb-cnn": Recipe(
        make_pipeline(
            TextSequencer(max_words=5000, length=500),
            SequenceCNNClassifier(epochs=2, batch_size=128),
        ),
        "A convolution over the words of a review.",
        88.56,
        data="imdb",
        n_parameters=2_163_605,
    ),
    "bueno-imdb-dense": Recipe(
        make_pipeline(
            TextSequencer(max_words=5000, length=500),
            SequenceDNNClassifier(epochs=3, batch_size=128),
        ),
        "The same without the convolution.",
        86.14,
        data="imdb",
        n_parameters=4_160_501,
    ),
    "bueno-relu": Recipe(_bueno_mnist("relu"), _BUENO_NOTE, 97.43, "training accuracy"),
    "bueno-sigmoid": Recipe(_bueno_mnist("sigmoid"), _BUENO_NOTE, 95.01, "training accuracy"),
}

RECIPES = {**_CLASSICAL, **_NETWORKS, **_ENSEMBLES, **_REPORTS, **_BUENO}


def recipe(name: str) -> Any:
    """Make the estimator of a recipe.

    Parameters
    ----------
    name : str
        One of :func:`list_recipes`.

    Returns
    -------
    estimator : estimator
        Not fitted, and yours; ``get_params()`` shows every parameter.

    Raises
    ------
    ValueError
        If there is no such recipe.

    Examples
    --------
    >>> from skmnist import recipe
    >>> recipe("cnn-fast").epochs
    1
    """
    if name not in RECIPES:
        raise unknown_name("name", name, RECIPES)
    return clone(RECIPES[name].estimator)


def list_recipes() -> list[str]:
    """Name all recipes.

    Returns
    -------
    names : list of str

    Examples
    --------
    >>> from skmnist import list_recipes
    >>> "cnn-best" in list_recipes()
    True
    """
    return list(RECIPES)
