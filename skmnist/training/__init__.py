"""Settings of the training of networks: augmentation, optimizers, schedules, checkpoints."""

from skmnist.training._augmentation import Augmentation
from skmnist.training._checkpoint import Checkpoint, CheckpointFolder
from skmnist.training._optimizers import Optimizer
from skmnist.training._schedules import Constant, Cosine, InverseScaling, OneCycle, Plateau

__all__ = [
    "Augmentation",
    "Checkpoint",
    "CheckpointFolder",
    "Constant",
    "Cosine",
    "InverseScaling",
    "OneCycle",
    "Optimizer",
    "Plateau",
]
