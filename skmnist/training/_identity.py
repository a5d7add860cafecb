"""What distinguishes a training from others, as texts that can be kept and compared."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.backend import backend_name
from skmnist._utils.fingerprint import alike
from skmnist.networks._architecture import Architecture
from skmnist.training._contract import Data, Plan, State, TrainingSpec
from skmnist.training._losses import Loss, LossObject

Identity = dict[str, str]

_BYTES_AT_ONCE = 2**25
_SHOWN_OF_DIGEST = 16
_MOST_SHOWN = 3
# What the user calls the fields of a plan whose names are others.
_OF_PLAN = {
    "first_epoch": "epochs before this fit",
    "patience": "n_iter_no_change of early_stopping",
    "seed": "seed of random_state",
}


def identity_of(spec: TrainingSpec, plan: Plan, data: Data, start: State | None) -> Identity:
    """Describe all that the result of a training depends on, by the names that users know.

    Two trainings of equal identity on one machine give the same bits.  Data are described by the
    SHA-256 of their bytes.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.networks import Architecture, dense_network
    >>> from skmnist.training import Constant
    >>> from skmnist.training._contract import Data, Plan, TrainingSpec
    >>> from skmnist.training._identity import identity_of
    >>> from skmnist.training._losses import Loss
    >>> from skmnist.training._optimizers import find_optimizer
    >>> spec = TrainingSpec(Architecture.of(dense_network, hidden_units=(8,)),
    ...                     find_optimizer("adam"), Loss("cross_entropy"), None)
    >>> rows = np.arange(4)
    >>> data = Data(rows[:, None], rows % 2, np.ones(4), rows, rows[:0], 1.0)
    >>> identity = identity_of(spec, Plan(2, 4, 0.1, Constant(), 0), data, None)
    >>> identity["hidden_units"], identity["epochs"], identity["X"][:12]
    ('(8,)', '2', '(4, 1) int64')
    """
    return {
        "backend": backend_name(),
        **_of_architecture(spec.architecture),
        "initial weights": _of_start(start),
        "optimizer": _text(
            spec.optimizer.class_name, spec.optimizer.config, *sorted(spec.optimizer.code)
        ),
        "loss": _of_loss(spec.loss),
        "metrics": _text(*(metric.key for metric in spec.metrics)),
        "augmentation": _text(spec.augmentation),
        "task": _text(spec.task),
        **identity_of_plan(plan),
        **_of_data(data),
    }


def identity_of_plan(plan: Plan, prefix: str = "") -> Identity:
    """Describe a plan; the prefix is that of the parameters it stands for.

    Examples
    --------
    >>> from skmnist.training import Constant
    >>> from skmnist.training._contract import Plan
    >>> from skmnist.training._identity import identity_of_plan
    >>> identity_of_plan(Plan(2, 4, 0.1, Constant(), 0), "fine_tune_")["fine_tune_epochs"]
    '2'
    """
    names = (field.name for field in fields(plan))
    return {prefix + _OF_PLAN.get(name, name): _text(getattr(plan, name)) for name in names}


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Describe in what a training differs from one before, in a part of a sentence.

    Examples
    --------
    >>> from skmnist.training._identity import differences
    >>> differences({"epochs": "2", "tol": "0.1"}, {"epochs": "3", "tol": "0.1"})
    'epochs is 2 there and 3 here'
    """
    names = [name for name in {**now, **before} if before.get(name) != now.get(name)]
    some = [
        f"{name} is {_shortened(before.get(name))} there and {_shortened(now.get(name))} here"
        for name in names[:_MOST_SHOWN]
    ]
    more = len(names) - len(some)
    return "; ".join(some) + (f"; and {more} more" if more else "")


def _shortened(text: str | None) -> str:
    if text is None:
        return "missing"
    return text if len(text) <= 100 else f"{text[:60]} ... {text[-35:]}"


def _text(*values: Any) -> str:
    return ", ".join(value if isinstance(value, str) else repr(value) for value in values) or "none"


def _of_architecture(architecture: Architecture) -> Identity:
    builder: Any = architecture.builder
    # A user's network: whatever it refers to, in this process or another.
    own = getattr(builder, "alike", None)
    what = builder.__name__ if own is None else f"{builder.layout!r} {own}"
    return {"network": what, **{name: _text(value) for name, value in architecture.settings}}


def _of_start(start: State | None) -> str:
    # New weights follow from the seed.
    if start is None or (start.optimizer is not None and not len(start.optimizer)):
        return "new"
    return _digest([*start.network, *(start.optimizer or ())])


def _of_loss(loss: Loss) -> str:
    what: Any = loss.name
    if not isinstance(what, str):
        what = alike(what.loss if isinstance(what, LossObject) else what)
    return _text(what, loss.label_smoothing, loss.from_logits, loss.columns_apart)


def _of_data(data: Data) -> Identity:
    of_validation = data.validation
    described = {
        **_of_samples(data),
        "training rows": _of_array(data.train_rows),
        "validation rows": _of_array(data.validation_rows),
        "pixel scale": _text(data.pixel_scale, data.background),
        "block size of the shuffling": _text(getattr(data.images, "block_size", 1)),
    }
    if of_validation is not None:
        described |= _of_samples(of_validation, "_val")
    return described


def _of_samples(data: Data, suffix: str = "") -> Identity:
    return {
        f"X{suffix}": _of_array(data.images),
        f"y{suffix}": _of_array(data.labels),
        f"sample_weight{suffix} or class_weight": _of_array(data.weights),
    }


def _of_array(values: Any) -> str:
    """Describe an array or a RowSource by its shape, its dtype and its bytes."""
    return f"{tuple(values.shape)} {values.dtype} {_digest(_parts(values))}"


def _parts(values: Any) -> Iterable[NDArray[Any]]:
    in_one = max(1, values.size // max(1, len(values)) * values.dtype.itemsize)
    size = max(1, _BYTES_AT_ONCE // in_one)
    return (values[start : start + size] for start in range(0, len(values), size))


def _digest(arrays: Sequence[Any] | Iterable[Any]) -> str:
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return total.hexdigest()[:_SHOWN_OF_DIGEST]
