"""Classifiers by the names of recipes, or by import paths."""

import os
import re
import sys
from importlib import import_module
from typing import Any

import typer

from skmnist._utils.errors import no_recipe
from skmnist._utils.recipe_names import RECIPE_NAMES

_IMPORT_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def check_recipes(names: list[str] | None) -> list[str]:
    """Return names of recipes; raise an error for a name that isn't one."""
    for name in names or []:
        if name not in RECIPE_NAMES:
            raise typer.BadParameter(no_recipe(name, RECIPE_NAMES))
    return names or []


def check_classifiers(names: list[str] | None) -> list[str]:
    """Return names of recipes and import paths; raise an error for what is neither."""
    for name in names or []:
        check_classifier(name)
    return names or []


def check_classifier(name: str) -> str:
    """Return the name of a recipe or an import path; raise an error for what is neither."""
    if ":" in name and not _IMPORT_PATH.fullmatch(name):
        raise typer.BadParameter(
            f"{name!r} is not an import path; expected module:Class, such as "
            "sklearn.naive_bayes:GaussianNB."
        )
    module, _, last = name.rpartition(".")
    if ":" not in name and _IMPORT_PATH.fullmatch(f"{module}:{last}"):
        raise typer.BadParameter(
            f"{name!r} is not the name of a recipe; an import path is module:Class, here "
            f"{module}:{last}."
        )
    if ":" not in name:
        check_recipes([name])
    return name


def named_classifiers(names: list[str], epochs: int | None) -> dict[str, Any]:
    """Return new classifiers by the names under which tables show them.

    Parameters
    ----------
    names : list of str
        Names of recipes, and import paths, which are shown by what follows the colon unless that is
        the name of another one.
    epochs : int or None
        Epochs of the networks; None keeps each network's own.

    Raises
    ------
    typer.BadParameter
        If a recipe isn't for images.
    ValueError
        If an import path leads to no classifier.
    """
    made: dict[str, Any] = {}
    for name in names:
        short = name.rpartition(":")[2]
        made[name if short in made else short] = classifier_of(name, epochs)
    return made


def classifier_of(name: str, epochs: int | None) -> Any:
    """Return a new classifier by a recipe's name or an import path; see `named_classifiers`."""
    from skmnist.comparison._compare import classifiers_of
    from skmnist.datasets._registry import DATASETS
    from skmnist.recipes import RECIPES, set_epochs

    if ":" in name:
        classifier = _imported(name)
        if epochs is not None:
            set_epochs(classifier, epochs)
        return classifier
    if DATASETS[RECIPES[name].data].samples != "images":
        raise typer.BadParameter(
            f"{name} can't be compared on images or trained on them; `skmnist reproduce` trains it "
            "on its own data.",
            param_hint="--classifier",
        )
    return classifiers_of([name], epochs)[name]


def _imported(path: str) -> Any:
    """Return the classifier that a class, or a function without parameters, makes."""
    from sklearn.base import is_classifier

    module_name, _, name = path.partition(":")
    if os.getcwd() not in sys.path:  # noqa: PTH109 (as Python itself fills sys.path)
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    try:
        make = getattr(import_module(module_name), name)
        classifier = make()
    # A user's module may raise anything.
    except Exception as error:
        raise ValueError(
            f"the classifier {path!r} can't be made: {type(error).__name__}: {error}. Expected "
            "module:Class, where Class() needs no arguments, or module:function, which returns a "
            "classifier; modules are looked for in the current folder too."
        ) from error
    if isinstance(classifier, type) or not (
        hasattr(classifier, "fit") and is_classifier(classifier)
    ):
        raise ValueError(f"{path!r} made {classifier!r}; expected a scikit-learn classifier.")
    return _for_images(classifier)


def _for_images(classifier: Any) -> Any:
    """Return a classifier that takes images too: as rows, if it takes nothing else."""
    from sklearn.pipeline import Pipeline
    from sklearn.utils import get_tags

    from skmnist.classifiers._baselines import on_rows

    if isinstance(classifier, Pipeline) or get_tags(classifier).input_tags.three_d_array:
        return classifier
    return on_rows(type(classifier).__name__.lower(), classifier)
