"""Pure builders of Keras networks: shapes, sizes and a seed in, a ``keras.Model`` out.

They know nothing of scikit-learn, so they also serve as SciKeras ``model=`` functions.
"""

from skmnist.networks._initializers import RandomUniform
from skmnist.networks.architecture import Architecture
from skmnist.networks.capsule import capsule_network
from skmnist.networks.convolutional import ConvBlock, convolutional_network, pooled_blocks
from skmnist.networks.dense import dense_network
from skmnist.networks.lenet import lenet5
from skmnist.networks.pretrained import pretrained_network
from skmnist.networks.residual import residual_network
from skmnist.networks.sequence import sequence_cnn, sequence_dense_network

__all__ = [
    "Architecture",
    "ConvBlock",
    "RandomUniform",
    "capsule_network",
    "convolutional_network",
    "dense_network",
    "lenet5",
    "pooled_blocks",
    "pretrained_network",
    "residual_network",
    "sequence_cnn",
    "sequence_dense_network",
]
