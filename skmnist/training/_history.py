"""The curves of a training that goes on, and as data that JSON can hold."""

from collections.abc import Mapping, Sequence
from math import isnan, nan

Curves = Mapping[str, Sequence[float]]


def continued(before: Curves, after: Curves) -> dict[str, list[float]]:
    """Append the epochs of a run to those of the runs before.

    Parameters
    ----------
    before, after : mapping of str to sequence of float
        Curves by name, with "loss" among them where there are any epochs.

    Returns
    -------
    history : dict of str to list of float
        All curves, each with one value per epoch: NaN where it has none, as for the loss on samples
        held out in epochs that nothing was held out in.

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
