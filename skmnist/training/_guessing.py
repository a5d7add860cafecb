"""A warning if a trained network is no better than guessing."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skmnist._utils.backend import load_keras
from skmnist.training._contract import Data, Outcome
from skmnist.training._losses import Loss

# After fewer steps a network is still near its initial weights, whatever its settings.
_FEW_STEPS = 50


def warn_if_guessing(loss: Loss, data: Data, n_outputs: int, outcome: Outcome) -> None:
    """Warn if a network is no better than one that knows the labels but not the images.

    Parameters
    ----------
    loss : Loss
        The training loss.
    data : Data
        The training data.
    n_outputs : int
        Number of the network's outputs; a single one stands for two classes.
    outcome : Outcome
        The number of steps, and the loss and the accuracy reached.

    Warns
    -----
    ConvergenceWarning
        If the loss is no lower than the lowest that constant outputs reach, and the accuracy not
        significantly higher than the fraction of the largest class; or if the loss is at least 1.5
        times that of constant outputs, as after too large steps, and the accuracy nearer to chance
        than to 1.  After fewer than 50 steps, only if the loss is 1.5 times as high and the
        accuracy not significantly higher than that fraction.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from skmnist.training._contract import Data, Outcome, State
    >>> from skmnist.training._guessing import warn_if_guessing
    >>> from skmnist.training._losses import Loss
    >>> rows, labels = np.arange(100), np.arange(100) % 2
    >>> data = Data(rows[:, None], labels, np.ones(100), rows, rows[:0], 1.0)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     for loss, accuracy in ((0.8, 0.45), (0.6, 0.75)):
    ...         outcome = Outcome(State([], None), n_steps=99, loss=loss, accuracy=accuracy)
    ...         warn_if_guessing(Loss("cross_entropy"), data, 2, outcome)
    >>> [warning.category.__name__ for warning in caught]
    ['ConvergenceWarning']
    """
    n_steps, reached, hits = outcome.n_steps, outcome.loss, outcome.accuracy
    labels, n_classes = data.labels[data.train_rows], max(n_outputs, 2)
    weights = np.bincount(labels, data.weights[data.train_rows], n_classes)
    frequencies = weights / weights.sum()
    smoothed = frequencies * (1 - loss.label_smoothing) + loss.label_smoothing / n_classes
    best = loss.best_constant(smoothed, n_outputs)
    guessed = _loss_of_constant(loss, best, frequencies)
    even = _loss_of_constant(loss, np.full(n_outputs, 1 / n_classes), frequencies)
    largest = np.bincount(labels, minlength=n_classes).max() / len(labels)
    by_chance = largest + 2 * np.sqrt(largest * (1 - largest) / len(labels))
    least = guessed if n_steps >= _FEW_STEPS else 1.5 * max(even, guessed)
    # Penalties on weights may make the loss large although most predictions are right.
    is_far_off = reached >= 1.5 * max(even, guessed) and hits < (1 + largest) / 2
    if (reached >= least and hits <= by_chance) or (n_steps >= _FEW_STEPS and is_far_off):
        warnings.warn(
            f"Training ended at guessing: the loss is {reached:.4g}, and {guessed:.4g} for the "
            f"frequencies of the classes alone; the accuracy is {hits:.3g}, and {largest:.3g} for "
            "the largest class alone. Lower learning_rate if it is high, or train for more epochs.",
            ConvergenceWarning,
            stacklevel=2,
        )


def _loss_of_constant(loss: Loss, constant: np.ndarray, frequencies: np.ndarray) -> float:
    """Return the weighted mean loss if every image has the same outputs."""
    one_hot = np.eye(len(frequencies), dtype=np.float32)[:, -len(constant) :]
    outputs = np.tile(constant.astype(np.float32), (len(frequencies), 1))
    ops = load_keras().ops
    losses = loss(ops.convert_to_tensor(one_hot), ops.convert_to_tensor(outputs))
    return float(ops.convert_to_numpy(losses) @ frequencies)
