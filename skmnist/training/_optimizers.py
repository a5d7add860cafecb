"""Optimizers as data: Keras's class and its settings, for a new optimizer in every fit."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from inspect import isclass, signature
from numbers import Real
from typing import Any

import numpy as np

from skmnist._utils.backend import check_execution_mode, load_keras
from skmnist._utils.errors import letters, shown, unknown_name
from skmnist._utils.fingerprint import digest
from skmnist._utils.keras import excluded_from_weight_decay, schedule_of
from skmnist._utils.sklearn import Interval, validate_parameter_constraints
from skmnist._utils.values import Value
from skmnist.training._keras_objects import check_settings_known, is_keras_own, made_anew

_DECAY = [Interval(Real, 0, 1, closed="left")]
_POSITIVE = [Interval(Real, 0, None, closed="neither")]
# Keras itself accepts any number for these, and most make training fail silently.
_RANGES: dict[str, list[Any]] = {
    "momentum": _DECAY,
    "rho": _DECAY,
    "beta_1": _DECAY,
    "beta_2": _DECAY,
    "adam_beta_1": _DECAY,
    "adam_beta_2": _DECAY,
    "epsilon": _POSITIVE,
    "weight_decay": [Interval(Real, 0, None, closed="left"), None],
    "clipnorm": [*_POSITIVE, None],
    "clipvalue": [*_POSITIVE, None],
    "global_clipnorm": [*_POSITIVE, None],
    "ema_momentum": [Interval(Real, 0, 1, closed="neither")],
    "loss_scale_factor": [*_POSITIVE, None],
    "exclude_layers": ["array-like", None],
    "amsgrad": ["boolean"],
    "centered": ["boolean"],
    "nesterov": ["boolean"],
    "use_ema": ["boolean"],
}
# These wrap other optimizers, and are of no use alone.
_NOT_BY_NAME = ("LossScaleOptimizer", "MultiOptimizer", "Optimizer", "OptimizerMap")


@dataclass(frozen=True, repr=False, init=False)
class Optimizer(Value):
    """One of Keras's optimizers by its name, with some of its settings.

    Parameters
    ----------
    name : str
        Keras's name of the class, in any spelling: "adadelta", "adafactor", "adagrad", "adam",
        "adamax", "adamw", "ftrl", "lamb", "lion", "muon", "nadam", "rmsprop",
        "schedule_free_adamw" or "sgd".
    **settings : float, int, bool, str, None or list of str
        Arguments of Keras's class, such as `momentum`, `beta_1`, `beta_2`, `epsilon`,
        `weight_decay`, `clipnorm`, `global_clipnorm` and `nesterov`; all others keep Keras's
        defaults. `ema_momentum`, such as 0.999, turns on an exponential moving average of the
        weights, which is used in validation and prediction (Polyak and Juditsky 1992). The learning
        rate is a parameter of the classifier.

    Raises
    ------
    TypeError
        If a setting is neither a number nor a string. Whether the optimizer has the setting is
        checked when it is made, in `fit`.

    See Also
    --------
    skmnist.CNNClassifier : One of the classifiers with the parameter `optimizer`.

    Notes
    -----
    It is immutable; `set_params` returns a changed copy.  A classifier's
    ``set_params(optimizer__momentum=0.9)`` replaces its optimizer by such a copy, so a
    ``GridSearchCV`` can search every setting.  Calling the object with a learning rate makes the
    Keras optimizer.

    Keras uses Muon only for two-dimensional variables, the dense layers' weights, and AdamW for all
    others.  Muon's authors advise against it in the last layer:
    ``Optimizer("muon", exclude_layers=["output"])``.

    Examples
    --------
    >>> from skmnist import CNNClassifier, Optimizer
    >>> momentum = Optimizer("sgd", momentum=0.9, nesterov=True)
    >>> momentum.momentum
    0.9
    >>> classifier = CNNClassifier(optimizer=momentum, learning_rate=0.1)
    >>> classifier.set_params(optimizer__momentum=0.95).optimizer
    Optimizer('sgd', momentum=0.95, nesterov=True)
    >>> momentum(learning_rate=0.1).nesterov
    True
    """

    name: str
    _settings: tuple[tuple[str, Any], ...]

    def __init__(self, name: str, **settings: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"Optimizer: name={shown(name)}; expected a string, such as 'adamw'.")
        plain = ((setting, _plain(setting, settings[setting])) for setting in sorted(settings))
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "_settings", tuple(plain))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the name and all settings that were given.

        Parameters
        ----------
        deep : bool, default=True
            Not used: settings have no parameters of their own.

        Returns
        -------
        params : dict of str to object
            The arguments that make an equal object.
        """
        return {"name": self.name, **dict(self._settings)}

    def set_params(self, **params: Any) -> "Optimizer":
        """Return an optimizer with some settings changed or added; this one is unchanged.

        Parameters
        ----------
        **params : object
            The name and the settings, as the constructor takes them.

        Returns
        -------
        changed : Optimizer
            A new object.
        """
        return Optimizer(**{**self.get_params(), **params})

    def __call__(self, learning_rate: float | None = None) -> Any:
        """Make the Keras optimizer.

        Parameters
        ----------
        learning_rate : float or None, default=None
            Step size; None is Keras's default.

        Returns
        -------
        optimizer : keras.optimizers.Optimizer
            A new one each time.

        Raises
        ------
        ValueError
            If Keras has no such optimizer, or it has no such setting, or a setting's value is not
            usable.
        """
        made = _class_of(self.name)
        settings = dict(self._settings)
        _check_settings(self, made, settings)
        if learning_rate is not None:
            settings["learning_rate"] = float(learning_rate)
        if "ema_momentum" in settings:  # has no effect otherwise
            settings.setdefault("use_ema", True)
        try:
            validate_parameter_constraints(_RANGES, settings, caller_name=repr(self.name))
            return made(**settings)
        except (TypeError, ValueError) as error:
            raise ValueError(f"optimizer={shown(self)} can't be made: {error}") from error

    def __getattr__(self, name: str) -> Any:
        # From `vars`: while an object is copied, its attributes don't exist yet.
        settings = dict(vars(self).get("_settings", ()))
        if name not in settings:
            raise AttributeError(f"{type(self).__name__} has no setting {name!r}")
        return settings[name]

    def __repr__(self) -> str:
        parts = [repr(self.name), *(f"{name}={value!r}" for name, value in self._settings)]
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer's description, which can be compared, hashed, and made into optimizers.

    Parameters
    ----------
    class_name : str
        Keras's name of the class.
    config : str
        All its settings as JSON, without the learning rate if that is a number: a number is set
        before each run and needs no compilation.
    learning_rate : float or None
        The rate; None if the settings contain a Keras schedule.
    own : tuple of (name, class), default=()
        The classes of the user's own among the optimizer and its schedule.
    code : tuple of str, default=()
        Digests of their code, and of the values that it referred to when the optimizer was found.

    Examples
    --------
    >>> from skmnist.training._optimizers import Optimizer, find_optimizer
    >>> find_optimizer(Optimizer("sgd", momentum=0.9), 0.1).make().momentum
    0.9
    """

    class_name: str
    config: str
    learning_rate: float | None
    own: tuple[tuple[str, type], ...] = ()
    code: tuple[str, ...] = ()

    # The rate doesn't count: one compiled loop serves every rate.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, OptimizerSpec) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return self.class_name, self.config, self.learning_rate is None, self.code

    def make(self) -> Any:
        """Make a new Keras optimizer."""
        config = json.loads(self.config)
        if self.learning_rate is not None:
            config["learning_rate"] = self.learning_rate
        kind = dict(self.own).get(self.class_name)
        return made_anew(
            kind or getattr(load_keras().optimizers, self.class_name), config, self.own
        )


def optimizers_by_name() -> dict[str, Any]:
    """Return the classes of all of Keras's optimizers, by their names in snake case.

    Examples
    --------
    >>> from skmnist.training._optimizers import optimizers_by_name
    >>> optimizers_by_name()["adamw"].__name__
    'AdamW'
    """
    keras = load_keras()
    return {
        re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", name).lower(): found
        for name, found in vars(keras.optimizers).items()
        if isclass(found) and issubclass(found, keras.Optimizer) and name not in _NOT_BY_NAME
    }


def named_optimizer(optimizer: Any) -> Optimizer:
    """Convert a name to an `Optimizer`, whose settings can be set.

    Raises
    ------
    ValueError
        If it is a Keras object, whose settings can't be set by name.

    Examples
    --------
    >>> from skmnist.training._optimizers import named_optimizer
    >>> named_optimizer("sgd")
    Optimizer('sgd')
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, str):
        return Optimizer(optimizer)
    has_own = hasattr(optimizer, "get_config")
    has = "settings of its own, which can't be set by name" if has_own else "no settings"
    raise ValueError(
        f"optimizer={shown(optimizer)} has {has}. Give "
        "its name, or an Optimizer such as Optimizer('adam', beta_1=0.8)."
    )


def find_optimizer(optimizer: Any, learning_rate: float | None = None) -> OptimizerSpec:
    """Find an optimizer by its name, or copy the settings of a Keras optimizer.

    Parameters
    ----------
    optimizer : str, Optimizer or keras.optimizers.Optimizer
        A Keras object is never trained itself.
    learning_rate : float or None, default=None
        Step size; None is Keras's default. A Keras object has its own.

    Raises
    ------
    ValueError
        If the name is unknown, or the optimizer has no such setting.

    Examples
    --------
    >>> from skmnist.training._optimizers import find_optimizer
    >>> find_optimizer("adam", 0.01).class_name
    'Adam'
    """
    load_keras()
    check_execution_mode()  # refuses graphs, in which an optimizer has no values
    if isinstance(optimizer, str | Optimizer):
        optimizer = named_optimizer(optimizer)(learning_rate)
    return _spec(optimizer)


def with_rate(optimizer: OptimizerSpec, rate: float | None) -> OptimizerSpec:
    """Return an optimizer with another learning rate; None leaves its own, or its schedule.

    Examples
    --------
    >>> from skmnist.training._optimizers import find_optimizer, with_rate
    >>> with_rate(find_optimizer("adam"), 0.01).learning_rate
    0.01
    """
    if rate is None:
        return optimizer
    config = json.loads(optimizer.config)
    config.pop("learning_rate", None)
    return replace(optimizer, config=json.dumps(config, sort_keys=True), learning_rate=float(rate))


def _plain(setting: str, value: Any) -> Any:
    """Convert a setting to a Python type that is hashable and can be saved."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"Optimizer: {setting}={shown(value)}; expected a number, a string, a list of strings or "
        "None. For other settings, give the classifier one of Keras's own optimizers."
    )


def _class_of(name: str) -> Any:
    known = optimizers_by_name()
    by_letters = {letters(each): found for each, found in known.items()}
    if letters(name) not in by_letters:
        raise unknown_name("optimizer", name, known, ", an Optimizer or a Keras optimizer")
    return by_letters[letters(name)]


def _check_settings(optimizer: Optimizer, made: Any, settings: Mapping[str, Any]) -> None:
    """Refuse settings that Keras's class doesn't have."""
    if "learning_rate" in settings:
        raise ValueError(
            f"optimizer={shown(optimizer)} has a learning_rate, which is a parameter of the "
            f"classifier: set learning_rate={shown(settings['learning_rate'])} there."
        )
    own = set(signature(made).parameters) - {"learning_rate", "name", "kwargs"}
    for setting in settings:
        if setting not in own:
            raise unknown_name(f"Optimizer({optimizer.name!r}): setting", setting, own)


def _spec(optimizer: Any) -> OptimizerSpec:
    class_name = type(optimizer).__name__
    if not isinstance(optimizer, load_keras().Optimizer):
        raise TypeError(
            f"optimizer={shown(optimizer)} is not a Keras optimizer object; expected one, an "
            f"Optimizer, or one of {sorted(optimizers_by_name())}."
        )
    if class_name in _NOT_BY_NAME:
        raise TypeError(
            f"optimizer={shown(optimizer)} wraps other optimizers, which can't be copied; expected "
            "a single one. To scale the loss, set its loss_scale_factor."
        )
    schedule = schedule_of(optimizer)
    _check_schedule(schedule)
    check_settings_known(optimizer, "optimizer")
    config = optimizer.get_config()
    config.pop("name", None)  # Keras generates numbered names: "adam", "adam_1", ...
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
    # By its module: each backend has its own subclasses, with the same names.
    made = [optimizer] if schedule is None else [optimizer, schedule]
    own = tuple((type(each).__name__, type(each)) for each in made if not is_keras_own(each))
    spec = OptimizerSpec(class_name, text, rate, own, tuple(digest(kind) for _, kind in own))
    _check_weight_decay(optimizer, spec)
    return spec


def _check_weight_decay(optimizer: Any, spec: OptimizerSpec) -> None:
    """Refuse exclusions that a new optimizer of the same settings doesn't have."""
    excluded = excluded_from_weight_decay(optimizer)
    if any(excluded) and excluded != excluded_from_weight_decay(spec.make()):
        raise ValueError(
            f"optimizer={shown(optimizer)} excludes variables from weight decay, which its "
            "get_config lacks, and it is made anew for each fit. Call exclude_from_weight_decay "
            "with var_names in the __init__ of an optimizer class of your own."
        )


def _check_schedule(schedule: Any) -> None:
    """Refuse a function as the learning rate, and a schedule that can't be copied."""
    if schedule is None:
        return
    if not isinstance(schedule, load_keras().optimizers.schedules.LearningRateSchedule):
        raise TypeError(
            f"optimizer has learning_rate={shown(schedule)}, a function, which can't be compiled; "
            "expected a number, or a keras.optimizers.schedules.LearningRateSchedule."
        )
    check_settings_known(schedule, "learning_rate")
