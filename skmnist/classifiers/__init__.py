"""The network classifiers: final classes of parameters, and which network they mean."""

from skmnist.classifiers.convolutional import CNNClassifier
from skmnist.classifiers.dense import DNNClassifier
from skmnist.classifiers.lenet import LeNetClassifier

__all__ = ["CNNClassifier", "DNNClassifier", "LeNetClassifier"]
