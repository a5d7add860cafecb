"""All recipes, by name."""

from typing import Any

from sklearn.base import clone

from skmnist._utils.errors import no_recipe
from skmnist.recipes._classical import CLASSICAL
from skmnist.recipes._ensembles import ENSEMBLES
from skmnist.recipes._networks import NETWORKS
from skmnist.recipes._pretrained import PRETRAINED
from skmnist.recipes._reports import REPORTS

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
