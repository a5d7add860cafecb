"""A warning if a trained network is no better than guessing."""

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from skmnist._utils.backend import load_keras
from skmnist.training._contract import Data, Outcome, TrainingSpec
from skmnist.training._losses import Loss
from skmnist.training._tasks import Numbers, OneClass, SeveralLabels

# After fewer steps a network is still near its initial weights, whatever its settings.
_FEW_STEPS = 50
_LARGE = 10  # standardised targets are hardly ever larger


def warn_if_guessing(spec: TrainingSpec, data: Data, n_outputs: int, outcome: Outcome) -> None:
    """Warn if a network is no better than one that knows the targets but not the inputs.

    Parameters
    ----------
    spec : TrainingSpec
        The loss and the task.
    data : Data
        The training data.
    n_outputs : int
        Number of the network's outputs; in classification, a single one stands for two classes.
    outcome : Outcome
        The number of steps, and the loss and the accuracy reached.

    Warns
    -----
    ConvergenceWarning
        If the loss is no lower than the lowest that constant outputs reach, and the accuracy not
        significantly higher than that of the most frequent class (or set of labels); or if the loss
        is at least 1.5 times that of constant outputs, as after too large steps, and the accuracy
        nearer to chance than to 1.  After fewer than 50 steps, only if the loss is 1.5 times as
        high and the accuracy not significantly higher than that fraction.  In regression the loss
        alone decides.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from skmnist.networks import Architecture, dense_network
    >>> from skmnist.training._contract import Data, Outcome, State, TrainingSpec
    >>> from skmnist.training._guessing import warn_if_guessing
    >>> from skmnist.training._losses import Loss
    >>> from skmnist.training._optimizers import find_optimizer
    >>> spec = TrainingSpec(Architecture.of(dense_network), find_optimizer("adam"),
    ...                     Loss("cross_entropy"), None)
    >>> rows, labels = np.arange(100), np.arange(100) % 2
    >>> data = Data(rows[:, None], labels, np.ones(100), rows, rows[:0], 1.0)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     for loss, accuracy in ((0.8, 0.45), (0.6, 0.75)):
    ...         outcome = Outcome(State([], None), n_steps=99, loss=loss, accuracy=accuracy)
    ...         warn_if_guessing(spec, data, 2, outcome)
    >>> [warning.category.__name__ for warning in caught]
    ['ConvergenceWarning']
    """
    labels, weights = data.labels[data.train_rows], data.weights[data.train_rows]
    if isinstance(spec.task, OneClass):
        guessed, even = _of_one_class(spec.loss, labels, weights, n_outputs)
        largest = float(np.bincount(labels).max() / len(labels))
    else:
        guessed, even = _of_columns(spec, labels, weights)
        largest = _most_frequent_row(labels) if spec.task.has_accuracy else 0.0
    n_steps, reached = outcome.n_steps, outcome.loss
    if isinstance(spec.task, Numbers) and guessed == 0:
        return  # of constant targets there is nothing else to learn
    hits = outcome.accuracy if spec.task.has_accuracy else 0.0
    by_chance = largest + 2 * np.sqrt(largest * (1 - largest) / len(labels))
    # Some losses are negative.
    much_higher = max(even, guessed) + 0.5 * abs(max(even, guessed))
    least = guessed if n_steps >= _FEW_STEPS else much_higher
    # Penalties on weights may make the loss large although most predictions are right.
    is_far_off = reached >= much_higher and hits < (1 + largest) / 2
    if (reached >= least and hits <= by_chance) or (n_steps >= _FEW_STEPS and is_far_off):
        _warn(spec, reached, guessed, hits, largest, float(np.abs(labels).max()))


def _warn(
    spec: TrainingSpec,
    reached: float,
    guessed: float,
    hits: float,
    largest: float,
    largest_label: float,
) -> None:
    if isinstance(spec.task, Numbers):
        found = f"{guessed:.4g} for the best constant prediction. "
        if largest_label > _LARGE:
            found += "Scale y, for example by a TransformedTargetRegressor with a StandardScaler. "
    else:
        what = "labels" if isinstance(spec.task, SeveralLabels) else "classes"
        found = (
            f"{guessed:.4g} for the frequencies of the {what} alone; the accuracy is {hits:.3g}, "
            f"and {largest:.3g} for the "
            f"{'most frequent set of labels' if what == 'labels' else 'largest class'} alone. "
        )
    warnings.warn(
        f"Training ended at guessing: the loss is {reached:.4g}, and {found}Lower learning_rate if "
        "it is high, or train for more epochs.",
        ConvergenceWarning,
        stacklevel=3,
    )


def _of_one_class(
    loss: Loss, labels: NDArray[np.int32], weights: NDArray[np.float64], n_outputs: int
) -> tuple[float, float]:
    """Return the losses of the class frequencies and of equal probabilities."""
    n_classes = max(n_outputs, 2)
    counts = np.bincount(labels, weights, n_classes)
    frequencies = counts / counts.sum()
    smoothed = frequencies * (1 - loss.label_smoothing) + loss.label_smoothing / n_classes
    one_hot = np.eye(n_classes)[:, -n_outputs:]
    equal = loss.best_constant(np.full(n_classes, 1 / n_classes), n_outputs)
    if not loss.from_logits:
        equal = np.full(n_outputs, 1 / n_classes)
    best = loss.best_constant(smoothed, n_outputs)
    return (
        _loss_of_constant(loss, best, one_hot, frequencies),
        _loss_of_constant(loss, equal, one_hot, frequencies),
    )


def _of_columns(
    spec: TrainingSpec, labels: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the lowest loss of constant outputs, for targets of several columns; twice."""
    shares = weights / weights.sum()
    guessed = min(
        _loss_of_constant(spec.loss, constant, labels, shares)
        for constant in _constants(spec, labels, shares)
    )
    return guessed, guessed


def _constants(
    spec: TrainingSpec, labels: NDArray[np.float64], shares: NDArray[np.float64]
) -> Iterator[NDArray[np.float64]]:
    """Yield outputs that are the best constant ones for some loss."""
    mean = shares @ labels
    if isinstance(spec.task, SeveralLabels):
        smoothing = spec.loss.label_smoothing
        yield spec.loss.best_constant(mean * (1 - smoothing) + smoothing / 2, len(mean))
    else:
        yield mean
        yield np.median(labels, axis=0)


def _most_frequent_row(labels: NDArray[np.float64]) -> float:
    _, counts = np.unique(labels, axis=0, return_counts=True)
    return float(counts.max() / len(labels))


def _loss_of_constant(
    loss: Loss,
    constant: NDArray[np.float64],
    targets: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> float:
    """Return the weighted mean loss if every sample has the same outputs."""
    ops = load_keras().ops
    outputs = np.tile(constant.astype(np.float32), (len(targets), 1))
    losses = loss(ops.convert_to_tensor(targets.astype(np.float32)), ops.convert_to_tensor(outputs))
    return float(ops.convert_to_numpy(losses) @ shares)
