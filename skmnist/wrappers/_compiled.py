"""What the user's function has compiled its network with."""

from collections.abc import Mapping
from typing import Any

from skmnist._utils.errors import shown


def check_compiled(compiled: Mapping[str, Any]) -> None:
    """Refuse what a network was compiled with that has no counterpart here.

    Examples
    --------
    >>> from skmnist.wrappers._compiled import check_compiled
    >>> check_compiled({"run_eagerly": True})
    Traceback (most recent call last):
    ValueError: the network is compiled with run_eagerly=True, ...
    """
    if compiled.get("run_eagerly"):
        raise ValueError(
            "the network is compiled with run_eagerly=True, but training is compiled here. Leave "
            "it out; to debug the network, call it by itself."
        )
    if compiled.get("loss_weights") is not None:
        raise ValueError(
            f"the network is compiled with loss_weights={shown(compiled['loss_weights'])}; "
            "expected none, as there is only one output."
        )
    if compiled.get("weighted_metrics"):
        raise ValueError(
            f"the network is compiled with weighted_metrics={shown(compiled['weighted_metrics'])}, "
            "but metrics are computed without sample weights here. Use metrics= instead."
        )


def compiled_metrics(compiled: Mapping[str, Any]) -> list[Any] | None:
    """Return the metrics that a network was compiled with, or None.

    Examples
    --------
    >>> from skmnist.wrappers._compiled import compiled_metrics
    >>> compiled_metrics({"metrics": "auc"}), compiled_metrics({"metrics": [["auc"]]})
    (['auc'], ['auc'])
    """
    metrics = _only(compiled.get("metrics"))
    if metrics is None or isinstance(metrics, list | tuple):
        return list(metrics or ()) or None
    return [metrics]


def _only(value: Any) -> Any:
    """Return what a list or a dict holds for the only output."""
    if isinstance(value, Mapping) and len(value) == 1:
        (value,) = value.values()
    if isinstance(value, list | tuple) and len(value) == 1 and isinstance(value[0], list | tuple):
        return value[0]
    return value


def compiled_loss(compiled: Mapping[str, Any]) -> Any:
    """Return the loss that a network was compiled with, or None.

    Examples
    --------
    >>> from skmnist.wrappers._compiled import compiled_loss
    >>> compiled_loss({"loss": {"output": "mse"}}), compiled_loss({})
    ('mse', None)
    """
    loss = _only(compiled.get("loss"))
    if isinstance(loss, list | tuple) and len(loss) == 1:
        (loss,) = loss
    return loss
