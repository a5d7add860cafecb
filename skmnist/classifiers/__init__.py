"""The network classifiers: final classes of parameters, and which network they mean."""

from skmnist.classifiers.capsule import CapsNetClassifier
from skmnist.classifiers.convolutional import CNNClassifier
from skmnist.classifiers.dense import DNNClassifier
from skmnist.classifiers.lenet import LeNetClassifier
from skmnist.classifiers.pretrained import PretrainedClassifier
from skmnist.classifiers.residual import ResNetClassifier
from skmnist.classifiers.sequence import SequenceCNNClassifier, SequenceDNNClassifier

__all__ = [
    "CNNClassifier",
    "CapsNetClassifier",
    "DNNClassifier",
    "LeNetClassifier",
    "PretrainedClassifier",
    "ResNetClassifier",
    "SequenceCNNClassifier",
    "SequenceDNNClassifier",
]
