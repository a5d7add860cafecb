"""Classifiers made of others: the committee, the stack on features, virtual support vectors."""

from skmnist.ensemble._committee import CommitteeClassifier
from skmnist.ensemble._stacking import CNNStackingClassifier, default_heads
from skmnist.ensemble._virtual_sv import VirtualSupportVectors

__all__ = [
    "CNNStackingClassifier",
    "CommitteeClassifier",
    "VirtualSupportVectors",
    "default_heads",
]
