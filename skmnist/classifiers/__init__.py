"""Classifiers of images: networks, features of networks, and classical baselines."""

from skmnist.classifiers._baselines import gradient_boosting, knn, random_forest, svm
from skmnist.classifiers._capsnet import CapsNetClassifier
from skmnist.classifiers._cnn import CNNClassifier
from skmnist.classifiers._dnn import DNNClassifier
from skmnist.classifiers._features import CNNFeatures
from skmnist.classifiers._lenet import LeNetClassifier
from skmnist.classifiers._pretrained import PretrainedClassifier
from skmnist.classifiers._pretrained_features import PretrainedFeatures
from skmnist.classifiers._resnet import ResNetClassifier

__all__ = [
    "CNNClassifier",
    "CNNFeatures",
    "CapsNetClassifier",
    "DNNClassifier",
    "LeNetClassifier",
    "PretrainedClassifier",
    "PretrainedFeatures",
    "ResNetClassifier",
    "gradient_boosting",
    "knn",
    "random_forest",
    "svm",
]
