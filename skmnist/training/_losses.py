"""Losses by name: how wrong a prediction is, one number per sample."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown, unknown_name

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
_ALIASES = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "log_loss": "cross_entropy",  # scikit-learn's name
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
}
_CROSS_ENTROPIES = {"cross_entropy", "categorical_crossentropy", "sparse_categorical_crossentropy"}


@dataclass(frozen=True)
class Loss:
    """A loss over one-hot labels.

    Parameters
    ----------
    name : str or callable
        A name of `LOSSES`, a function ``loss(one_hot, outputs) -> one number per sample``, or a
        Keras loss object.
    label_smoothing : float, default=0.0
        The fraction of each label that is spread evenly over all classes (Szegedy et al. 2016).

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

    def __call__(self, one_hot: Any, outputs: Any) -> Any:
        """Return the loss of each sample, in compiled code."""
        n_outputs = outputs.shape[-1]
        if self.label_smoothing:
            # A single output stands for two classes.
            spread = self.label_smoothing / max(n_outputs, 2)
            one_hot = one_hot * (1 - self.label_smoothing) + spread
        losses = self._function(n_outputs)(one_hot, outputs)
        if len(getattr(losses, "shape", ())) != 1:
            raise ValueError(
                f"loss={shown(self.name)} gives {shown(losses)}; expected one number a sample, "
                "shape (n,)."
            )
        return losses

    def best_constant(self, frequencies: NDArray[Any], n_outputs: int) -> NDArray[Any]:
        """Return the constant outputs with the lowest loss for labels of these frequencies.

        They are the frequencies themselves, except for the margin loss of capsules.
        """
        if self.name != "margin":
            return frequencies[-n_outputs:]
        # Where the slope of `margin_loss` is zero; with one column, both classes weigh the same.
        absent = (1.0 if n_outputs == 1 else 0.5) * (1 - frequencies)
        lengths: NDArray[Any] = (0.9 * frequencies + 0.1 * absent) / (frequencies + absent)
        return lengths[-n_outputs:]

    def _function(self, n_outputs: int) -> Callable[..., Any]:
        keras = load_keras()
        if isinstance(self.name, str):
            if self.name in _CROSS_ENTROPIES:
                return (
                    keras.losses.binary_crossentropy
                    if n_outputs == 1
                    else keras.losses.categorical_crossentropy
                )
            if self.name == "margin":
                return margin_loss
            function: Callable[..., Any] = getattr(keras.losses, self.name)
            return function
        if isinstance(self.name, keras.losses.Loss):
            return self.name.call
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


def find_loss(loss: Any, label_smoothing: float = 0.0) -> Loss:
    """Return a loss given by its name, as Keras's function or object, or as another callable.

    Labels are one-hot, so the sparse cross-entropy, also as an object, becomes the categorical one.

    Raises
    ------
    ValueError
        If the name is unknown, or the loss expects logits or has other unsupported settings.

    Examples
    --------
    >>> from skmnist.training._losses import find_loss
    >>> find_loss("cross_entropy", 0.1)
    Loss(name='cross_entropy', label_smoothing=0.1)
    """
    if isinstance(loss, type):
        raise TypeError(f"loss={shown(loss)} is a class; give an object of it.")
    if isinstance(loss, str):
        loss = _ALIASES.get(loss.lower(), loss)
        if loss not in LOSSES:
            raise unknown_name("loss", loss, [*LOSSES, *_ALIASES], ", a Keras loss or a function")
        return Loss(loss, label_smoothing)
    if _takes_logits(loss):
        raise ValueError(
            f"loss={shown(loss)} has from_logits=True, but the network's outputs are "
            "probabilities, of output_activation. Give the loss with from_logits=False, or its "
            "name."
        )
    return Loss(_name_of(loss) or loss, label_smoothing)


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
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        config = {**loss.get_config(), "name": None, "reduction": None}
        default = losses.SparseCategoricalCrossentropy().get_config()
        if config != {**default, "name": None, "reduction": None}:
            raise ValueError(
                f"loss={shown(loss)} has settings, such as ignore_class, that are not supported "
                "here: the networks' outputs are probabilities. Use "
                "loss='sparse_categorical_crossentropy'."
            )
        return "sparse_categorical_crossentropy"
    name = getattr(loss, "__name__", "")
    return name if name in LOSSES and loss is getattr(losses, name, None) else None
