"""Configurations by name, as data: each names a classifier and its parameters.

The convolutional recipes are one family at growing budgets.  They were chosen on the last 10,000
training images of MNIST (``benchmarks/choose_recipes.py``), never on its test set; "cnn-best" only
follows the family upwards and is not measured yet.  ``benchmarks/time_to_accuracy.py`` measures
what they reach.
"""

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from skmnist._errors import unknown_name
from skmnist.networks import pooled_blocks


@dataclass(frozen=True)
class Recipe:
    """A classifier's configuration.

    Parameters
    ----------
    classifier : str
        Name of the class in this package.
    note : str
        What it is for.
    parameters : dict of str to object
        Those that differ from the class's defaults.
    """

    classifier: str
    note: str
    parameters: dict[str, Any] = field(default_factory=dict)


RECIPES = {
    "cnn-fast": Recipe(
        "CNNClassifier",
        "One epoch of a narrow network: over 99 % in a few seconds.",
        {
            "conv_blocks": pooled_blocks(16),
            "epochs": 1,
            "batch_size": 128,
            "augmentation": None,
        },
    ),
    "cnn-quick": Recipe(
        "CNNClassifier",
        "Three epochs of the narrow network.",
        {"conv_blocks": pooled_blocks(16), "epochs": 3},
    ),
    "cnn": Recipe("CNNClassifier", "The class's defaults."),
    "cnn-best": Recipe(
        "CNNClassifier",
        "A wider network for twenty epochs.",
        {"conv_blocks": pooled_blocks(32), "epochs": 20},
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
    estimator : NetworkClassifier
        Not fitted; ``get_params()`` shows every parameter.

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
    found = RECIPES[name]
    classifier = getattr(import_module("skmnist.classifiers"), found.classifier)
    return classifier(**found.parameters)


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
