"""Texts as sequences of word indices, and classifiers of such sequences."""

from skmnist.text._baseline import tfidf_logistic_regression
from skmnist.text._classifiers import SequenceCNNClassifier, SequenceDNNClassifier
from skmnist.text._networks import sequence_cnn, sequence_dense_network
from skmnist.text._sequencer import TextSequencer

__all__ = [
    "SequenceCNNClassifier",
    "SequenceDNNClassifier",
    "TextSequencer",
    "sequence_cnn",
    "sequence_dense_network",
    "tfidf_logistic_regression",
]
