"""What a network predicts, and so what its targets are and which predictions are right."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist.training._mixing import Mixing

Truths = list[tuple[Any, Any]]


@dataclass(frozen=True)
class Task(ABC):
    """The conversion of a batch's labels to targets, in compiled code (abstract)."""

    # Whether there are right and wrong predictions.
    has_accuracy = True

    @abstractmethod
    def targets(self, labels: Any, outputs: Any) -> Any:
        """Return what a loss compares with the outputs, of their shape and dtype."""

    def truths(self, labels: Any, weights: Any, mixing: Mixing | None = None) -> Truths:
        """Return what a batch is compared with: labels, each with the weights of their losses.

        Accuracy and metrics take the first labels alone.  Of mixed images, the losses of both
        labels are added: many a loss, such as the hinge loss, is defined for labels alone.
        """
        if mixing is None:
            return [(labels, weights)]
        own, others = mixing.parts(weights)
        return [(labels, own), (mixing.of_partners(labels), others)]

    @abstractmethod
    def hits(self, labels: Any, outputs: Any) -> Any:
        """Return whether each sample is predicted correctly, as 0 or 1, int32."""


@dataclass(frozen=True)
class OneClass(Task):
    """One of several classes: labels are class numbers, of shape (n,).

    Parameters
    ----------
    threshold : float, default=0.5
        A single output above it means the second of two classes; 0 for a logit.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.training._tasks import OneClass
    >>> outputs = np.array([[0.1, 0.9], [0.8, 0.2]], dtype="float32")
    >>> np.asarray(OneClass().targets(np.array([1, 1]), outputs)).tolist()
    [[0.0, 1.0], [0.0, 1.0]]
    >>> np.asarray(OneClass().hits(np.array([1, 1]), outputs)).tolist()
    [1, 0]
    """

    threshold: float = 0.5

    def targets(self, labels: Any, outputs: Any) -> Any:
        """Return one-hot labels; for a single output, 1 for the second class."""
        ops = load_keras().ops
        if outputs.shape[-1] == 1:
            return ops.cast(labels[:, None], outputs.dtype)
        return ops.one_hot(labels, outputs.shape[-1], dtype=outputs.dtype)

    def hits(self, labels: Any, outputs: Any) -> Any:
        """Return 1 where the largest output is that of the label."""
        ops = load_keras().ops
        if outputs.shape[-1] == 1:
            guesses = ops.cast(outputs[:, 0] > self.threshold, labels.dtype)
        else:
            guesses = ops.cast(ops.argmax(outputs, axis=-1), labels.dtype)
        return ops.cast(guesses == labels, "int32")


ONE_CLASS = OneClass()


@dataclass(frozen=True)
class SeveralLabels(Task):
    """Any number of labels at once: labels are an indicator matrix of shape (n, n_labels).

    Parameters
    ----------
    threshold : float, default=0.5
        An output above it means that the sample has the label; 0 for logits.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.training._tasks import SeveralLabels
    >>> outputs = np.array([[0.9, 0.4]], dtype="float32")
    >>> np.asarray(SeveralLabels().targets(np.array([[1, 0]]), outputs)).tolist()
    [[1.0, 0.0]]
    """

    threshold: float = 0.5

    def targets(self, labels: Any, outputs: Any) -> Any:
        """Return the indicator matrix."""
        return load_keras().ops.cast(labels, outputs.dtype)

    def hits(self, labels: Any, outputs: Any) -> Any:
        """Return 1 where all labels are predicted correctly, as in scikit-learn's accuracy."""
        ops = load_keras().ops
        right = (outputs > self.threshold) == (labels > 0.5)
        return ops.cast(ops.all(right, axis=-1), "int32")


@dataclass(frozen=True)
class Numbers(Task):
    """Regression: labels are numbers, of shape (n, n_targets).

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.training._tasks import Numbers
    >>> outputs = np.array([[2.0]], dtype="float32")
    >>> np.asarray(Numbers().targets(np.array([[1.5]]), outputs)).tolist()
    [[1.5]]
    """

    has_accuracy = False

    def targets(self, labels: Any, outputs: Any) -> Any:
        """Return the numbers."""
        return load_keras().ops.cast(labels, outputs.dtype)

    def truths(self, labels: Any, weights: Any, mixing: Mixing | None = None) -> Truths:
        """Return the labels and the weights, mixed as the images are."""
        if mixing is None:
            return [(labels, weights)]
        return [(mixing.mixed(labels), mixing.mixed(weights))]

    def hits(self, labels: Any, outputs: Any) -> Any:
        """Return 0: no prediction is simply right."""
        ops = load_keras().ops
        return ops.zeros_like(outputs[:, 0], dtype="int32")
