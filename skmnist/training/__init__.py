"""Training: one contract, one compiled loop a backend.

`train` takes a network, an optimizer and a loss as data (`Task`), the images with their labels
and weights (`Data`), and everything that decides the run (`Plan`); it gives back plain arrays
and the losses and scores of each epoch.
"""

from skmnist.training.augmentation import Augmentation
from skmnist.training.contract import Data, Outcome, Plan, State, Task
from skmnist.training.loop import train
from skmnist.training.schedules import Constant, Cosine, OneCycle, Plateau

__all__ = [
    "Augmentation",
    "Constant",
    "Cosine",
    "Data",
    "OneCycle",
    "Outcome",
    "Plan",
    "Plateau",
    "State",
    "Task",
    "train",
]
