"""Optimizers as data: Keras's class and its settings, made anew for every fit."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmnist._utils.backend import check_execution_mode, load_keras
from skmnist._utils.errors import shown, unknown_name

_ADAM = ("beta_1", "beta_2", "epsilon")
# Keras's name of the class, and which of the settings below it has.
OPTIMIZERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "adadelta": ("Adadelta", ("epsilon",)),
    "adafactor": ("Adafactor", ()),
    "adagrad": ("Adagrad", ("epsilon",)),
    "adam": ("Adam", _ADAM),
    "adamax": ("Adamax", _ADAM),
    "adamw": ("AdamW", _ADAM),
    "ftrl": ("Ftrl", ()),
    "lion": ("Lion", ("beta_1", "beta_2")),
    "nadam": ("Nadam", _ADAM),
    "rmsprop": ("RMSprop", ("momentum", "epsilon")),
    "sgd": ("SGD", ("momentum",)),
}


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer that can be compared, hashed and made any number of times.

    Parameters
    ----------
    class_name : str
        Keras's name of the class.
    config : str
        Its settings as JSON, the learning rate left out where it is a number, because a number
        is set before each run and needs no compiling.
    learning_rate : float or None
        The rate, None where the settings hold a schedule of Keras's.

    Examples
    --------
    >>> from skmnist.training._optimizers import find_optimizer
    >>> find_optimizer("sgd", 0.1, momentum=0.9).make().momentum
    0.9
    """

    class_name: str
    config: str
    learning_rate: float | None

    # Equal up to the rate is equal: one compiled loop serves every rate.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, OptimizerSpec) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, str, bool]:
        return self.class_name, self.config, self.learning_rate is None

    def make(self) -> Any:
        """Make a new Keras optimizer."""
        config = json.loads(self.config)
        if self.learning_rate is not None:
            config["learning_rate"] = self.learning_rate
        return load_keras().optimizers.deserialize(
            {"class_name": self.class_name, "config": config}
        )


def find_optimizer(
    optimizer: Any,
    learning_rate: float | None,
    momentum: float | None = None,
    beta_1: float | None = None,
    beta_2: float | None = None,
    epsilon: float | None = None,
    weight_decay: float | None = None,
    global_clipnorm: float | None = None,
    ema_momentum: float | None = None,
) -> OptimizerSpec:
    """Find an optimizer by its name, or copy the settings of a Keras optimizer.

    Parameters
    ----------
    optimizer : str or keras.optimizers.Optimizer
        A name of `OPTIMIZERS`, or an object, which is never trained itself.
    learning_rate : float or None
        Step size; None for Keras's default.
    momentum : float or None
        Decay of the first moment of SGD and RMSprop; None for Keras's default.
    beta_1, beta_2 : float or None
        Decay of the first and of the second moment of the Adam family; None for Keras's default.
    epsilon : float or None
        What is added to the root of the second moment before a division by it; None for Keras's
        default.
    weight_decay : float or None
        Decoupled decay of the weights a step, times the learning rate; None for none, and
        Keras's default of AdamW.
    global_clipnorm : float or None
        Largest norm of all gradients together; None for no limit.
    ema_momentum : float or None
        How slowly the averaged weights follow the weights; None for no averaging.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> from skmnist.training._optimizers import find_optimizer
    >>> find_optimizer("adam", 0.01).class_name
    'Adam'
    """
    keras = load_keras()
    check_execution_mode()  # in which an optimizer has no values
    if not isinstance(optimizer, str):
        return _spec(optimizer)
    if optimizer.lower() not in OPTIMIZERS:
        raise unknown_name("optimizer", optimizer, OPTIMIZERS, " or a Keras optimizer")
    class_name, own = OPTIMIZERS[optimizer.lower()]
    given = {"momentum": momentum, "beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}
    settings: dict[str, Any] = {
        "learning_rate": None if learning_rate is None else float(learning_rate),
        "weight_decay": weight_decay,
        "global_clipnorm": global_clipnorm,
        **{name: given[name] for name in own},
    }
    if ema_momentum is not None:
        settings |= {"use_ema": True, "ema_momentum": ema_momentum}
    settings = {name: value for name, value in settings.items() if value is not None}
    return _spec(getattr(keras.optimizers, class_name)(**settings))


def _is_keras_own(optimizer: Any) -> bool:
    return type(optimizer).__module__.partition(".")[0] == "keras"


def _spec(optimizer: Any) -> OptimizerSpec:
    class_name = type(optimizer).__name__
    # By its module: each backend has subclasses of its own, of the same names.
    if not isinstance(optimizer, load_keras().Optimizer) or not _is_keras_own(optimizer):
        raise TypeError(
            f"optimizer={shown(optimizer)} is none of Keras's own optimizer objects; it is made "
            f"anew for each fit, so expected one of them, or one of {sorted(OPTIMIZERS)}."
        )
    config = optimizer.get_config()
    config.pop("name", None)  # Keras numbers the names it makes up: "adam", "adam_1", ...
    rate = config["learning_rate"]
    if isinstance(rate, int | float):
        del config["learning_rate"]
        rate = float(np.float32(rate))  # whatever the user's `floatx` is
    else:
        rate = None
    try:
        text = json.dumps(load_keras().saving.serialize_keras_object(config), sort_keys=True)
    except TypeError as error:
        raise TypeError(
            f"optimizer={shown(optimizer)} has settings that can't be copied; it is made anew for "
            "each fit, so every setting must be a number, a string or a Keras schedule."
        ) from error
    return OptimizerSpec(class_name, text, rate)
