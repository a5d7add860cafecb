"""Losses by name: how wrong a prediction is, one number per sample."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import letters, shown, unknown_name
from skmnist._utils.fingerprint import digest
from skmnist._utils.reprs import ShortRepr
from skmnist.training._tasks import Numbers, OneClass, SeveralLabels, Task

LOSSES = (
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "cross_entropy",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "margin",
    "mean_absolute_error",
    "mean_squared_error",
    "poisson",
    "sparse_categorical_crossentropy",
    "squared_hinge",
)
_LOSSES_OF_LABELS = (
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "cross_entropy",
    "hinge",
    "huber",
    "log_cosh",
    "margin",
    "mean_absolute_error",
    "mean_squared_error",
    "squared_hinge",
)
_LOSSES_OF_NUMBERS = (
    "binary_crossentropy",
    "cosine_similarity",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
)
_ALIASES = {
    "absolute_error": "mean_absolute_error",  # scikit-learn's names
    "log_loss": "cross_entropy",
    "squared_error": "mean_squared_error",
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}
_BY_TASK: dict[type[Task], tuple[str, ...]] = {
    OneClass: LOSSES,
    SeveralLabels: _LOSSES_OF_LABELS,
    Numbers: _LOSSES_OF_NUMBERS,
}
_CROSS_ENTROPIES = {"cross_entropy", "categorical_crossentropy", "sparse_categorical_crossentropy"}


@dataclass(frozen=True)
class LossObject:
    """A loss that is not one of Keras's functions; those of equal settings and code are equal.

    Parameters
    ----------
    loss : keras.losses.Loss or callable
        The object itself.
    key : str
        A digest of its settings and its code, and of the values that the code refers to now.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.training._losses import find_loss
    >>> Huber = load_keras().losses.Huber
    >>> find_loss(Huber(2.0)) == find_loss(Huber(2.0))
    True
    """

    loss: Any = field(compare=False)
    key: str

    def __call__(self, targets: Any, outputs: Any) -> Any:
        """Return the loss of each sample."""
        of_keras = isinstance(self.loss, load_keras().losses.Loss)
        losses: Callable[..., Any] = self.loss.call if of_keras else self.loss
        return losses(targets, outputs)

    def __repr__(self) -> str:
        return repr(self.loss)


@dataclass(frozen=True, repr=False)
class Loss(ShortRepr):
    """A loss over targets of the outputs' shape: one-hot labels, an indicator matrix or numbers.

    Parameters
    ----------
    name : str or callable
        A name of `LOSSES`, or a function ``loss(one_hot, outputs) -> one number per sample``.
    label_smoothing : float, default=0.0
        The fraction of each label that is spread evenly over all classes (Szegedy et al. 2016).
    from_logits : bool, default=False
        Whether the outputs are logits; only for the cross-entropies and Keras's objects.
    columns_apart : bool, default=False
        Whether each output stands for a yes or no of its own, as in multi-label classification.

    Examples
    --------
    >>> from skmnist.training._losses import Loss
    >>> import numpy as np
    >>> loss = Loss("mean_squared_error")(np.eye(2, dtype="float32"), np.full((2, 2), 0.5))
    >>> np.asarray(loss).tolist()
    [0.25, 0.25]
    """

    name: str | Callable[..., Any]
    label_smoothing: float = 0.0
    from_logits: bool = False
    columns_apart: bool = False

    def __call__(self, targets: Any, outputs: Any) -> Any:
        """Return the loss of each sample, in compiled code."""
        n_outputs = outputs.shape[-1]
        if self.label_smoothing:
            # A single output stands for two classes.
            spread = self.label_smoothing / (2 if self.columns_apart else max(n_outputs, 2))
            targets = targets * (1 - self.label_smoothing) + spread
        losses = self._function(n_outputs)(targets, outputs)
        n_axes = len(getattr(losses, "shape", ()))
        if n_axes > 1:  # Keras averages over all of them
            losses = load_keras().ops.mean(losses, axis=tuple(range(1, n_axes)))
        if n_axes == 0:
            raise ValueError(
                f"loss={shown(self.name)} returns {shown(losses)}; expected one number per sample, "
                "shape (n,)."
            )
        return losses

    def best_constant(self, frequencies: NDArray[Any], n_outputs: int) -> NDArray[Any]:
        """Return the constant outputs with the lowest loss for labels of these frequencies.

        They are the frequencies themselves, except for logits and the margin loss of capsules.
        """
        if self.from_logits:
            within = np.clip(frequencies[-n_outputs:], 1e-7, 1 - 1e-7)
            binary = n_outputs == 1 or self.columns_apart
            return np.log(within / (1 - within)) if binary else np.log(within)
        if self.name != "margin":
            return frequencies[-n_outputs:]
        # Where the slope of `margin_loss` is zero; with one column, both classes weigh the same.
        absent = (1.0 if n_outputs == 1 else 0.5) * (1 - frequencies)
        lengths: NDArray[Any] = (0.9 * frequencies + 0.1 * absent) / (frequencies + absent)
        return lengths[-n_outputs:]

    def _function(self, n_outputs: int) -> Callable[..., Any]:
        keras = load_keras()
        if isinstance(self.name, str):
            if self.name == "margin":
                return margin_loss
            name = self.name
            if name in _CROSS_ENTROPIES:
                binary = n_outputs == 1 or self.columns_apart
                name = "binary_crossentropy" if binary else "categorical_crossentropy"
            function: Callable[..., Any] = getattr(keras.losses, name)
            return partial(function, from_logits=True) if self.from_logits else function
        return self.name


def margin_loss(one_hot: Any, lengths: Any) -> Any:
    """Return the margin loss of capsules: present classes should be long, all others short.

    Parameters
    ----------
    one_hot : tensor of shape (n, n_classes)
        1 for the class that is present.
    lengths : tensor of shape (n, n_classes)
        Lengths of the classes' capsules, 0 to 1. A single column represents two classes.

    Returns
    -------
    losses : tensor of shape (n,)

    References
    ----------
    S. Sabour, N. Frosst and G. E. Hinton, "Dynamic routing between capsules", NeurIPS 2017,
    equation 4.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.training._losses import margin_loss
    >>> losses = margin_loss(np.array([[1.0, 0.0]]), np.array([[0.5, 0.3]]))
    >>> np.asarray(losses).round(3).tolist()
    [0.18]
    """
    ops = load_keras().ops
    if lengths.shape[-1] == 1:
        one_hot = ops.concatenate([1 - one_hot, one_hot], axis=-1)
        lengths = ops.concatenate([1 - lengths, lengths], axis=-1)
    too_short = ops.square(ops.maximum(0.9 - lengths, 0))
    too_long = ops.square(ops.maximum(lengths - 0.1, 0))
    return ops.sum(one_hot * too_short + 0.5 * (1 - one_hot) * too_long, axis=-1)


def find_loss(
    loss: Any, label_smoothing: float = 0.0, task: Task | None = None, *, logits: bool = False
) -> Loss:
    """Return a loss given by its name, as Keras's function or object, or as another callable.

    Labels are one-hot, so the sparse cross-entropy, also as an object, becomes the categorical one.

    Parameters
    ----------
    loss : str, callable or keras.losses.Loss
        Names in any of Keras's spellings.
    label_smoothing : float, default=0.0
        See :class:`Loss`.
    task : Task or None, default=None
        What the targets are, which decides which names are known; None is one class.
    logits : bool, default=False
        Whether a loss may expect logits.

    Raises
    ------
    ValueError
        If the name is unknown, or the loss has unsupported settings.

    Examples
    --------
    >>> from skmnist.training._losses import find_loss
    >>> find_loss("cross_entropy", 0.1)
    Loss(name='cross_entropy', label_smoothing=0.1)
    """
    if isinstance(loss, type):
        raise TypeError(f"loss={shown(loss)} is a class; give an object of it.")
    _check_reduction(loss)
    task = task or OneClass()
    apart = isinstance(task, SeveralLabels)
    if isinstance(loss, str):
        return Loss(_known_name(loss, _BY_TASK[type(task)]), label_smoothing, columns_apart=apart)
    from_logits = _takes_logits(loss)
    if from_logits and not logits:
        raise ValueError(
            f"loss={shown(loss)} has from_logits=True, but the network's outputs are "
            "probabilities, of output_activation. Give the loss with from_logits=False, or its "
            "name."
        )
    name = _name_of(loss)
    _check_columns(loss, name, task)
    return Loss(name or LossObject(loss, digest(loss)), label_smoothing, from_logits, apart)


def _check_reduction(loss: Any) -> None:
    if isinstance(loss, load_keras().losses.Loss) and loss.reduction == "sum":
        raise ValueError(
            f"loss={shown(loss)} has reduction='sum', but the loss is averaged over the batch. "
            "Leave reduction at its default, and raise learning_rate instead."
        )


def _known_name(loss: str, known: Sequence[str]) -> str:
    """Return the function's name of a loss, given in any spelling or by a short name."""
    names = {letters(name): name for name in known}
    names |= {letters(alias): name for alias, name in _ALIASES.items() if name in known}
    if letters(loss) not in names:
        aliases = (alias for alias, name in _ALIASES.items() if name in known)
        raise unknown_name("loss", loss, [*known, *aliases], ", a Keras loss or a function")
    return names[letters(loss)]


def _check_columns(loss: Any, name: str | None, task: Task) -> None:
    """Refuse a cross-entropy over classes where each output stands for itself."""
    categorical = load_keras().losses.CategoricalCrossentropy
    over_classes = (name or "") in (*_CROSS_ENTROPIES, "categorical_focal_crossentropy")
    if not isinstance(task, OneClass) and (over_classes or isinstance(loss, categorical)):
        better = "binary_crossentropy" if isinstance(task, SeveralLabels) else "mean_squared_error"
        raise ValueError(
            f"loss={shown(loss)} compares one class of several, but y has "
            f"{'several labels per sample' if isinstance(task, SeveralLabels) else 'numbers'}; "
            f"expected a loss such as {better!r}."
        )


def _takes_logits(loss: Any) -> bool:
    """Return whether a loss takes logits, and applies the softmax or the sigmoid."""
    if isinstance(loss, partial):
        return bool(loss.keywords.get("from_logits"))
    if not isinstance(loss, load_keras().losses.Loss):
        return False
    return bool(loss.get_config().get("from_logits"))


def _name_of(loss: Any) -> str | None:
    """Return the name of a loss that is one of Keras's functions, or the sparse cross-entropy."""
    losses = load_keras().losses
    if isinstance(loss, partial) and set(loss.keywords) == {"from_logits"} and not loss.args:
        return _name_of(loss.func)
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        of_no_effect = {"name": None, "reduction": None, "from_logits": None}
        config = {**loss.get_config(), **of_no_effect}
        default = losses.SparseCategoricalCrossentropy().get_config()
        if config != {**default, **of_no_effect}:
            raise ValueError(
                f"loss={shown(loss)} has settings, such as ignore_class, that are not supported "
                "here: the networks' outputs are probabilities. Use "
                "loss='sparse_categorical_crossentropy'."
            )
        return "sparse_categorical_crossentropy"
    name = getattr(loss, "__name__", "")
    known = name in {*LOSSES, *_LOSSES_OF_LABELS, *_LOSSES_OF_NUMBERS}
    return name if known and loss is getattr(losses, name, None) else None
