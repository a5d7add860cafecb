"""Configurations by name, as data: each has an unfitted estimator and a note on its purpose.

Our own recipes were chosen on the last 10,000 training images of MNIST, never on its test set
(``benchmarks/choose_recipes.py``, ``choose_classical.py`` and ``choose_committee.py``, those for
few labels by ``few_labels.py --choose``), ``svm-objects`` on the last ones of Fashion-MNIST and of
CIFAR-10; ``benchmarks/accuracy.py`` measures their accuracy.  The others reproduce networks that
five student reports describe.
"""

from skmnist.recipes._catalogue import RECIPES, list_recipes, recipe
from skmnist.recipes._epochs import set_epochs
from skmnist.recipes._recipe import Recipe, Reported
from skmnist.recipes._verdict import verdict

__all__ = ["RECIPES", "Recipe", "Reported", "list_recipes", "recipe", "set_epochs", "verdict"]
