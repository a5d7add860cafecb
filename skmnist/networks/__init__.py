"""Pure builders of Keras networks: shapes, sizes and a seed in, a ``keras.Model`` out.

They know nothing of scikit-learn, so they also serve as SciKeras ``model=`` functions.
"""

from skmnist.networks.architecture import Architecture
from skmnist.networks.convolutional import ConvBlock, convolutional_network, pooled_blocks
from skmnist.networks.dense import dense_network
from skmnist.networks.lenet import lenet5

__all__ = [
    "Architecture",
    "ConvBlock",
    "convolutional_network",
    "dense_network",
    "lenet5",
    "pooled_blocks",
]
