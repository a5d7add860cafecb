"""Configurations by name, as data: each is an estimator that is not fitted, and what it is for.

The convolutional recipes are one family at growing budgets.  They were chosen on the last 10,000
training images of MNIST (``benchmarks/choose_recipes.py``), never on its test set.
``benchmarks/time_to_accuracy.py`` measures what they reach.
"""

from dataclasses import dataclass
from typing import Any

from sklearn.base import clone

from skmnist._errors import unknown_name
from skmnist.baselines import knn, random_forest, svm
from skmnist.classifiers import CNNClassifier, DNNClassifier, LeNetClassifier
from skmnist.networks import pooled_blocks


@dataclass(frozen=True)
class Recipe:
    """A configuration.

    Parameters
    ----------
    estimator : estimator
        A classifier or a Pipeline, not fitted; its ``repr`` shows what differs from the defaults.
    note : str
        What it is for.
    """

    estimator: Any
    note: str


RECIPES = {
    "svm": Recipe(svm(), "A support vector machine on pixels."),
    "knn": Recipe(knn(), "Nearest neighbours on pixels."),
    "random-forest": Recipe(random_forest(), "A random forest on pixels."),
    "dnn": Recipe(DNNClassifier(), "The class's defaults."),
    "lenet": Recipe(LeNetClassifier(), "The class's defaults."),
    "cnn-fast": Recipe(
        CNNClassifier(conv_blocks=pooled_blocks(16), epochs=1, batch_size=128, augmentation=None),
        "One epoch of a narrow network: over 99 % in a few seconds.",
    ),
    "cnn-quick": Recipe(
        CNNClassifier(conv_blocks=pooled_blocks(16), epochs=3),
        "Three epochs of the narrow network.",
    ),
    "cnn": Recipe(CNNClassifier(), "The class's defaults."),
    "cnn-best": Recipe(
        CNNClassifier(conv_blocks=pooled_blocks(32), epochs=20),
        "A wider network for twenty epochs.",
    ),
}


def recipe(name: str) -> Any:
    """Make the estimator of a recipe.

    Parameters
    ----------
    name : str
        One of :func:`list_recipes`.

    Returns
    -------
    estimator : estimator
        Not fitted, and yours; ``get_params()`` shows every parameter.

    Raises
    ------
    ValueError
        If there is no such recipe.

    Examples
    --------
    >>> from skmnist import recipe
    >>> recipe("cnn-fast").epochs
    1
    """
    if name not in RECIPES:
        raise unknown_name("name", name, RECIPES)
    return clone(RECIPES[name].estimator)


def list_recipes() -> list[str]:
    """Name all recipes.

    Returns
    -------
    names : list of str

    Examples
    --------
    >>> from skmnist import list_recipes
    >>> "cnn-best" in list_recipes()
    True
    """
    return list(RECIPES)
