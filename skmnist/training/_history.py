"""The curves of a training that goes on."""

from collections.abc import Mapping, Sequence
from math import nan

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
