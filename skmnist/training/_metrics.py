"""Keras metrics by name or as objects: recorded in each epoch, computed in the compiled loop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown
from skmnist._utils.fingerprint import digest
from skmnist.training._keras_objects import (
    check_settings_known,
    described,
    made_anew,
    own_functions,
)

# The history has these of each training.
_RECORDED = ("loss", "accuracy", "learning_rate")
_ACCURACY = ("accuracy", "acc")
# Keras chooses a metric by the shape of the outputs.
_CROSS_ENTROPY = ("crossentropy", "ce")


@dataclass(frozen=True)
class Metric:
    """A metric that can be compared, hashed, and made into Keras metrics.

    Parameters
    ----------
    name : str
        Its name in the history.
    key : tuple
        Equal for equal metrics.
    make : callable
        Returns a new Keras metric.
    takes_labels : bool, default=False
        Whether it takes class numbers in place of one-hot labels, as Keras's sparse metrics do.

    Examples
    --------
    >>> from skmnist.training._metrics import find_metrics
    >>> [metric.name for metric in find_metrics(["auc", "mae"])]
    ['auc', 'mae']
    """

    name: str
    key: tuple[Any, ...]
    make: Callable[[], Any] = field(compare=False)
    takes_labels: bool = False


def find_metrics(metrics: Any) -> tuple[Metric, ...]:
    """Return metrics given by their names, as Keras's objects or as functions.

    Parameters
    ----------
    metrics : sequence of str, callable or keras.metrics.Metric, or None
        Keras's names, in any of its spellings. The accuracy, which is always recorded, may be among
        them.

    Returns
    -------
    metrics : tuple of Metric

    Raises
    ------
    TypeError
        If one is neither a name nor a metric.
    ValueError
        If Keras doesn't know a name, or two metrics have the same name.

    Examples
    --------
    >>> from skmnist.training._metrics import find_metrics
    >>> find_metrics(["accuracy", "top_k_categorical_accuracy"])[0].name
    'top_k_categorical_accuracy'
    """
    if metrics is None:
        return ()
    if isinstance(metrics, str) or not isinstance(metrics, Sequence):
        raise TypeError(
            f"metrics={shown(metrics)}; expected a list of Keras's metrics, such as "
            f"[{shown(metrics) if isinstance(metrics, str) else repr('auc')}]."
        )
    found = tuple(
        _find(metric)
        for metric in metrics
        if not (isinstance(metric, str) and metric.lower() in _ACCURACY)
    )
    names = [metric.name for metric in found]
    for name in names:
        if name in _RECORDED or names.count(name) > 1:
            raise ValueError(
                f"metrics={shown(metrics)} has more than one curve of the name {name!r}, which is "
                "its name in history_. Give metric objects with names of their own, such as "
                "keras.metrics.AUC(name='auc_2')."
            )
    return found


def _find(metric: Any) -> Metric:
    keras = load_keras()
    if isinstance(metric, str):
        if metric in _CROSS_ENTROPY:
            return _mean_of(_cross_entropy, metric)
        return _made_anew(_named(metric), metric)
    if isinstance(metric, keras.metrics.Metric):
        return _made_anew(metric, metric.name)
    if callable(metric) and not isinstance(metric, type):
        return _mean_of(metric, getattr(metric, "__name__", type(metric).__name__))
    raise TypeError(
        f"metrics has {shown(metric)}; expected Keras's names of metrics, keras.metrics objects, "
        "or functions metric(targets, outputs) that return one number per sample."
    )


def _made_anew(metric: Any, name: str) -> Metric:
    """Describe a metric object."""
    check_settings_known(metric, "metrics")
    kind, config, functions = type(metric), metric.get_config(), own_functions(metric)
    return Metric(
        name,
        (name, described(metric) or metric),
        lambda: made_anew(kind, {**config, "name": name}, functions),
        kind.__name__.startswith("Sparse"),
    )


def _mean_of(function: Callable[..., Any], name: str) -> Metric:
    """Describe the mean of a function over samples."""
    return Metric(
        name,
        (name, digest(function)),
        lambda: load_keras().metrics.MeanMetricWrapper(function, name=name),
        name.startswith("sparse_"),
    )


def _cross_entropy(targets: Any, outputs: Any) -> Any:
    losses = load_keras().losses
    binary = outputs.shape[-1] == 1
    return (losses.binary_crossentropy if binary else losses.categorical_crossentropy)(
        targets, outputs
    )


def _named(name: str) -> Any:
    try:
        made = load_keras().metrics.get(name)
    except ValueError as error:
        raise ValueError(
            f"metrics has {name!r}, which Keras doesn't know; expected names such as 'auc', "
            "'mae', 'precision' or 'top_k_categorical_accuracy', or a keras.metrics object."
        ) from error
    if not isinstance(made, load_keras().metrics.Metric):
        raise ValueError(
            f"metrics has {name!r}, which is {shown(made)}, not one of Keras's metrics."
        )
    return made
