"""SciKeras's names of parameters: ours, or why there is none."""

from collections.abc import Mapping
from typing import Any

# The same under another name.
_RENAMED = {
    "build_fn": "model",
    "optimizer__learning_rate": "learning_rate",
    "optimizer__lr": "learning_rate",
    "validation_split": "validation_fraction",
}
# Keywords of fit that are parameters of the estimator.
_OF_FIT = (
    "batch_size",
    "callbacks",
    "class_weight",
    "epochs",
    "shuffle",
    "validation_split",
    "verbose",
)
# What one may do about it.
_REFUSED = {
    "run_eagerly": "training is compiled; to debug the network, call network_ or the function",
    "validation_batch_size": "validation takes batches of a fixed size, which changes no result",
    "callbacks__": "give callbacks=[keras.callbacks.EarlyStopping(patience=3)], an object with its "
    "settings; or early_stopping=True with n_iter_no_change=3",
    "compile__": "give optimizer, loss and metrics, or compile the network in the function",
    "loss__": "give loss an object with its settings, such as "
    "keras.losses.BinaryFocalCrossentropy(gamma=3)",
    "metrics__": "give metrics objects with their settings, such as keras.metrics.AUC(name='roc')",
    "predict__": "predict takes batches of fixed sizes, which change no result",
    "fit__": "it is not a parameter of the estimator",
}


def translated(name: str) -> str:
    """Return our name of a parameter of SciKeras; an unchanged name if it isn't one.

    Raises
    ------
    ValueError
        If there is no such parameter here; the message has the reason.

    Examples
    --------
    >>> from skmnist.wrappers._scikeras_names import translated
    >>> translated("fit__batch_size"), translated("validation_split"), translated("hidden")
    ('batch_size', 'validation_fraction', 'hidden')
    >>> translated("run_eagerly")
    Traceback (most recent call last):
    ValueError: run_eagerly isn't a parameter here: training is compiled; ...
    """
    inner = name.removeprefix("fit__")
    name = _RENAMED.get(inner, inner if inner in _OF_FIT else name)
    for start, reason in _REFUSED.items():
        if name == start or (start.endswith("__") and name.startswith(start)):
            raise ValueError(f"{name} isn't a parameter here: {reason}.")
    return name


def all_translated(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters by our names.

    Raises
    ------
    ValueError
        If a name has no counterpart, or two names mean the same parameter.
    """
    ours: dict[str, Any] = {}
    for name, value in parameters.items():
        other = translated(name)
        if other in ours:
            raise ValueError(f"{name} and {other} are the same parameter; give one of them.")
        ours[other] = value
    return ours
