"""The curve of the history that early stopping and the plateau schedule monitor."""

from collections.abc import Mapping, Sequence

from skmnist._utils.errors import shown

MONITORS = ("auto", "val_loss", "val_accuracy", "loss", "accuracy")


def watched(history: Mapping[str, Sequence[float]], monitor: str) -> list[float]:
    """Return the monitored values, one per epoch, such that smaller is better.

    Parameters
    ----------
    history : mapping of str to sequence of float
        The curves so far.
    monitor : {"auto", "val_loss", "val_accuracy", "loss", "accuracy"}
        The name of a curve. "auto" is the loss on held-out samples or, if there are none, the
        training loss.

    Returns
    -------
    values : list of float
        The curve, negated for an accuracy.

    Examples
    --------
    >>> from skmnist.training._monitor import watched
    >>> watched({"loss": [0.5, 0.4], "accuracy": [0.8, 0.9]}, "auto")
    [0.5, 0.4]
    >>> watched({"loss": [0.5, 0.4], "accuracy": [0.8, 0.9]}, "accuracy")
    [-0.8, -0.9]
    """
    if monitor == "auto":
        monitor = "val_loss" if "val_loss" in history else "loss"
    sign = -1 if monitor.endswith("accuracy") else 1
    return [sign * value for value in history.get(monitor, ())]


def check_watchable(monitor: str, owner: str, held_out: bool, has_accuracy: bool = True) -> None:
    """Raise an error if the history will not have the monitored curve.

    Raises
    ------
    ValueError
        If `monitor` is a curve of held-out samples, and there are none, or an accuracy, and there
        is none.

    Examples
    --------
    >>> from skmnist.training._monitor import check_watchable
    >>> check_watchable("val_loss", "early_stopping", held_out=False)
    Traceback (most recent call last):
    ValueError: monitor='val_loss' of early_stopping: no samples are held out, ...
    """
    if monitor.endswith("accuracy") and not has_accuracy:
        raise ValueError(
            f"monitor={shown(monitor)} of {owner}: a regression has no accuracy; monitor 'loss' or "
            "'val_loss'."
        )
    if monitor.startswith("val_") and not held_out:
        raise ValueError(
            f"monitor={shown(monitor)} of {owner}: no samples are held out, so there is no such "
            "curve. "
            "Set validation_fraction, give X_val and y_val to fit, or monitor 'loss' or 'accuracy'."
        )
