"""Recipes of networks, one classifier each."""

from skmnist.classifiers import (
    CapsNetClassifier,
    CNNClassifier,
    DNNClassifier,
    LeNetClassifier,
    ResNetClassifier,
)
from skmnist.networks import ConvBlock, PooledBlocks
from skmnist.recipes._recipe import Recipe, Reported

# AlexNet's five convolutions and three poolings, a sixth as wide, with strides of one.
_ALEXNET_BLOCKS = (
    ConvBlock(16, 5, padding="same", pool="max"),
    ConvBlock(48, 5, padding="same", pool="max"),
    ConvBlock(64, 3, padding="same"),
    ConvBlock(64, 3, padding="same"),
    ConvBlock(48, 3, padding="same", pool="max"),
)

NETWORKS = {
    "dnn": Recipe(DNNClassifier(), "Two dense layers of 512, for twenty epochs."),
    "lenet": Recipe(
        LeNetClassifier(), "LeNet-5: three convolutions and a dense layer, for twenty epochs."
    ),
    "cnn-fast": Recipe(
        CNNClassifier(conv_blocks=PooledBlocks(16), epochs=1, batch_size=128, augmentation=None),
        "One epoch of a narrow network.",
    ),
    "cnn-quick": Recipe(CNNClassifier(epochs=3), "Three epochs of the default network."),
    "cnn-brisk": Recipe(CNNClassifier(epochs=5), "Five epochs of the default network."),
    "cnn": Recipe(
        CNNClassifier(),
        "The default network; for digits three normalised convolutions, 24, 48, 96 feature maps.",
    ),
    "resnet": Recipe(
        ResNetClassifier(),
        "A residual network of eight layers; the figure is that of a PreActResNet-18.",
        Reported(test_accuracy=99.56),
        source="Clanuwat et al. 2018, arXiv:1812.01718",
    ),
    "capsnet": Recipe(
        # A higher rate than the default, which is for few images too: on 15,000 training images
        # 98.65 instead of 98.36 % of the last 10,000, which were held out (one seed).
        CapsNetClassifier(learning_rate=0.006),
        "A capsule network with dynamic routing, without reconstruction; the figure is that of a "
        "wider network.",
        Reported(test_accuracy=99.65),
        source="Sabour, Frosst and Hinton 2017, arXiv:1710.09829",
    ),
    "alexnet": Recipe(
        CNNClassifier(
            conv_blocks=_ALEXNET_BLOCKS,
            hidden_units=(512, 512),
            dropout=0.5,
            optimizer="adam",
            learning_rate=2e-3,
            label_smoothing=0.0,
        ),
        "Five convolutions and two large dense layers, as in AlexNet, for 28 x 28 pixels.",
    ),
}
