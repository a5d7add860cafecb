"""Settings of the training of networks: augmentation, optimizers and learning-rate schedules."""

from skmnist.training._augmentation import Augmentation
from skmnist.training._optimizers import Optimizer
from skmnist.training._schedules import Constant, Cosine, OneCycle, Plateau

__all__ = ["Augmentation", "Constant", "Cosine", "OneCycle", "Optimizer", "Plateau"]
