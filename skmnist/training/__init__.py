"""Settings of the training of networks: augmentation, optimizers, schedules, checkpoints."""

from skmnist.training._augmentation import Augmentation
from skmnist.training._checkpoint import Checkpoint, CheckpointFolder
from skmnist.training._optimizers import Optimizer
from skmnist.training._schedules import Constant, Cosine, OneCycle, Plateau

__all__ = [
    "Augmentation",
    "Checkpoint",
    "CheckpointFolder",
    "Constant",
    "Cosine",
    "OneCycle",
    "Optimizer",
    "Plateau",
]
