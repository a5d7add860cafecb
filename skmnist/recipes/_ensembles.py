"""Recipes of committees and stacks, and of the networks designed for them."""

from typing import Any

from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from skmnist.classifiers import CNNClassifier, LeNetClassifier, ResNetClassifier
from skmnist.ensemble import CNNStackingClassifier, CommitteeClassifier
from skmnist.networks import PooledBlocks, VGGBlocks
from skmnist.preprocessing import Deskew, MomentNormalizer
from skmnist.recipes._classical import CLASSICAL
from skmnist.recipes._recipe import Recipe
from skmnist.training import Augmentation


def _with_probabilities(classifier: Any) -> CalibratedClassifierCV:
    """Add probabilities to a classifier, by a temperature found in a cross-validation."""
    return CalibratedClassifierCV(classifier, method="temperature", ensemble=False)


_FEW_LABELS = CNNClassifier(
    epochs="auto",
    batch_size=64,
    augmentation=Augmentation(
        shift=2 / 28, rotation=12, zoom=0.12, shear=8, elastic=12, elastic_sigma=5
    ),
)


_LONGER = CNNClassifier(conv_blocks=PooledBlocks(32), epochs=20)


_ARCHITECTURES = [
    ("lenet", LeNetClassifier()),
    ("cnn", CNNClassifier()),
    ("resnet", ResNetClassifier(epochs=5)),
]


def _upright(network: CNNClassifier) -> Pipeline:
    return make_pipeline(Deskew(), network)


def _upright_of_one_size(network: CNNClassifier) -> Pipeline:
    return make_pipeline(Deskew(), MomentNormalizer(), network)


ENSEMBLES = {
    "cnn-best": Recipe(
        CommitteeClassifier(
            estimators=[("cnn", _upright(_LONGER))],
            test_time_shifts=1,
        ),
        "One wider network for twenty epochs, on upright digits; its probabilities are the mean "
        "over nine shifts of a digit.",
    ),
    "cnn-few-labels": Recipe(
        _upright(_FEW_LABELS),
        "For ten to a few hundred images per class: many epochs on upright digits, moved and "
        "bent at random.",
    ),
    "committee-few-labels": Recipe(
        CommitteeClassifier(
            estimators=[
                ("cnn", _FEW_LABELS),
                ("upright", _upright(_FEW_LABELS)),
                ("upright_of_one_size", _upright_of_one_size(_FEW_LABELS)),
                ("gradients", _with_probabilities(CLASSICAL["svm-few-labels"].estimator)),
            ]
        ),
        "The same network three times, on digits prepared in three ways, and a support vector "
        "machine on oriented gradients; it needs five images per class.",
    ),
    "committee": Recipe(
        CommitteeClassifier(
            estimators=[
                ("cnn", _LONGER),
                ("upright", _upright(_LONGER)),
                ("of_one_size", make_pipeline(MomentNormalizer(), _LONGER)),
                ("upright_of_one_size", _upright_of_one_size(_LONGER)),
            ]
        ),
        "A wider network for twenty epochs, four times, on digits prepared in four ways.",
    ),
    "fashion-best": Recipe(
        CommitteeClassifier(CNNClassifier(conv_blocks=VGGBlocks(24), epochs=20), n_estimators=2),
        "For grey pictures that aren't ink on paper: two deep networks for twenty epochs.",
        data="fashion-mnist",
    ),
    "cifar-best": Recipe(
        CommitteeClassifier(CNNClassifier(conv_blocks=VGGBlocks(32), epochs=30), n_estimators=2),
        "For small pictures in colour: two deep networks for thirty epochs.",
        data="cifar10",
    ),
    "stack": Recipe(
        CNNStackingClassifier(network=CNNClassifier(epochs=5), cv=10),
        "The default network, trained for five epochs, and a support vector machine, nearest "
        "neighbours and a random forest on its features, combined in ten folds.",
    ),
    "stack-soft-vote": Recipe(
        CNNStackingClassifier(network=CNNClassifier(epochs=5), cv=10, final_estimator="soft_vote"),
        "The same parts, equally weighted.",
    ),
    "committee-architectures": Recipe(
        CommitteeClassifier(estimators=_ARCHITECTURES),
        "LeNet-5, a convolutional and a residual network; the mean of their probabilities.",
    ),
    "stack-architectures": Recipe(
        StackingClassifier(_ARCHITECTURES, cv=3),
        "The same networks, weighted by a logistic regression on their probabilities for images of "
        "folds that they weren't trained on.",
    ),
}
