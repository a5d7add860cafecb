"""Classifiers built from others: the committee, the stack on features, virtual support vectors."""

from skmnist.ensemble._committee import CommitteeClassifier
from skmnist.ensemble._stacking import CNNStackingClassifier, default_stacking_estimators
from skmnist.ensemble._virtual_sv import VirtualSVC

__all__ = [
    "CNNStackingClassifier",
    "CommitteeClassifier",
    "VirtualSVC",
    "default_stacking_estimators",
]
