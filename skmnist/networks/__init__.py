"""Pure builders of Keras networks: from shapes, sizes and a seed to a ``keras.Model``.

They don't depend on scikit-learn, so they also serve as SciKeras ``model=`` functions.
"""

from skmnist.networks._architecture import Architecture
from skmnist.networks._capsnet import capsule_network
from skmnist.networks._cnn import ConvBlock, PooledBlocks, VGGBlocks, convolutional_network
from skmnist.networks._dnn import dense_network
from skmnist.networks._initializers import RandomUniform
from skmnist.networks._lenet import lenet5
from skmnist.networks._pretrained import pretrained_network
from skmnist.networks._resnet import residual_network

__all__ = [
    "Architecture",
    "ConvBlock",
    "PooledBlocks",
    "RandomUniform",
    "VGGBlocks",
    "capsule_network",
    "convolutional_network",
    "dense_network",
    "lenet5",
    "pretrained_network",
    "residual_network",
]
