"""Training curves: continued over several runs, and as values for JSON."""

from collections.abc import Mapping, Sequence
from math import isnan, nan

Curves = Mapping[str, Sequence[float]]


def continued(before: Curves, after: Curves) -> dict[str, list[float]]:
    """Append the epochs of a run to those of the runs before.

    Parameters
    ----------
    before, after : mapping of str to sequence of float
        Curves by name; if there are any epochs, they include "loss".

    Returns
    -------
    history : dict of str to list of float
        All curves, each with one value per epoch: NaN for missing values, such as the validation
        loss in epochs without held-out samples.

    Examples
    --------
    >>> from skmnist.training._history import continued
    >>> continued({"loss": [0.9], "val_loss": [0.8]}, {"loss": [0.7, 0.6]})
    {'loss': [0.9, 0.7, 0.6], 'val_loss': [0.8, nan, nan]}
    """
    n_before, n_after = (len(history.get("loss", ())) for history in (before, after))
    return {
        name: [*before.get(name, [nan] * n_before), *after.get(name, [nan] * n_after)]
        for name in {**before, **after}
    }


def without_nan(curves: Curves) -> dict[str, list[float | None]]:
    """Return curves with None in place of NaN, which JSON doesn't have.

    Examples
    --------
    >>> from skmnist.training._history import without_nan
    >>> without_nan({"loss": [float("nan"), 0.5]})
    {'loss': [None, 0.5]}
    """
    return {
        name: [None if isnan(value) else float(value) for value in curve]
        for name, curve in curves.items()
    }


def with_nan(curves: Mapping[str, Sequence[float | None]]) -> dict[str, list[float]]:
    """Return curves with NaN in place of None.

    Examples
    --------
    >>> from skmnist.training._history import with_nan
    >>> with_nan({"loss": [None, 0.5]})
    {'loss': [nan, 0.5]}
    """
    return {
        name: [nan if value is None else value for value in curve] for name, curve in curves.items()
    }
