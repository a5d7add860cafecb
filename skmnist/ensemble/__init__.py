"""Classifiers made of others: the committee, the stack on features, virtual support vectors."""

from skmnist.ensemble.committee import CommitteeClassifier
from skmnist.ensemble.stacking import CNNStackingClassifier, default_heads
from skmnist.ensemble.virtual_support import VirtualSupportVectors

__all__ = [
    "CNNStackingClassifier",
    "CommitteeClassifier",
    "VirtualSupportVectors",
    "default_heads",
]
