"""Recipes with other epochs than their own."""

from typing import Any


def set_epochs(estimator: Any, epochs: int) -> None:
    """Set the epochs of every network in an estimator, including those of fine-tuning.

    Parameters
    ----------
    estimator : estimator
        A network, or an estimator that contains networks.
    epochs : int
        Number of epochs.

    Examples
    --------
    >>> from skmnist import recipe
    >>> from skmnist.recipes import set_epochs
    >>> committee = recipe("committee-few-labels")
    >>> set_epochs(committee, 1)
    >>> committee.get_params()["cnn__epochs"]
    1
    """
    names = [
        name
        for name in estimator.get_params()
        if name.split("__")[-1] in ("epochs", "fine_tune_epochs")
    ]
    estimator.set_params(**dict.fromkeys(names, epochs))
