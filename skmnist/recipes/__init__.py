"""Configurations by name, as data: each has an unfitted estimator and a note on its purpose.

Our own recipes were chosen on the last 10,000 training images of MNIST, never on its test set
(``benchmarks/choose_recipes.py``, ``choose_classical.py`` and ``choose_committee.py``, those for
few labels by ``few_labels.py --choose``); ``benchmarks/accuracy.py`` measures their accuracy.  The
others reproduce networks that five student reports describe.
"""

from typing import Any

from sklearn.base import clone

from skmnist._utils.errors import no_recipe
from skmnist.recipes._classical import CLASSICAL
from skmnist.recipes._ensembles import ENSEMBLES
from skmnist.recipes._epochs import set_epochs
from skmnist.recipes._networks import NETWORKS
from skmnist.recipes._pretrained import PRETRAINED
from skmnist.recipes._recipe import Recipe, Reported
from skmnist.recipes._reports import REPORTS
from skmnist.recipes._verdict import verdict

__all__ = ["RECIPES", "Recipe", "Reported", "list_recipes", "recipe", "set_epochs", "verdict"]

RECIPES = {**CLASSICAL, **NETWORKS, **ENSEMBLES, **PRETRAINED, **REPORTS}


def recipe(name: str) -> Any:
    """Make the estimator of a recipe.

    Parameters
    ----------
    name : str
        One of :func:`list_recipes`.

    Returns
    -------
    estimator : estimator
        A new, unfitted one; ``get_params()`` returns all of its parameters.

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
        raise ValueError(f"name={no_recipe(name, RECIPES)}")
    return clone(RECIPES[name].estimator)


def list_recipes() -> list[str]:
    """Return the names of all recipes.

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
