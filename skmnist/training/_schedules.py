"""Learning-rate schedules: the rate of each step, as a pure function of the training's progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.errors import shown, unknown_name
from skmnist._utils.values import Value, is_a
from skmnist.training._monitor import MONITORS, watched

History = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class _Moment:
    """Where a training is at the beginning of an epoch; see :meth:`Schedule.rates`."""

    epoch: int
    epochs: int
    steps: int
    history: History
    n_steps: int

    @property
    def progress(self) -> NDArray[Any]:
        """The fraction of the whole training that is done in the middle of each step."""
        done = self.epoch * self.steps + np.arange(self.steps) + 0.5
        return done / (self.epochs * self.steps)


@dataclass(frozen=True, repr=False)
class Schedule(Value):
    """How the learning rate changes during training (abstract)."""

    # The name in `MONITORS` of the curve that decides it; "auto" if none does.
    monitor = "auto"
    # Whether nothing but the number of steps so far decides it, so that it suits `partial_fit` on a
    # stream of unknown length.
    counts_steps = False
    # Whether the first epochs of a longer training have other rates than a shorter one's.
    depends_on_epochs = True

    def rates(
        self,
        base: float,
        epoch: int,
        epochs: int,
        steps: int,
        history: History,
        n_steps: int | None = None,
    ) -> NDArray[Any] | None:
        """Compute the rate of each step of one epoch.

        Parameters
        ----------
        base : float
            The estimator's `learning_rate`.
        epoch, epochs : int
            The epoch's number, counted from 0, and the number of epochs.
        steps : int
            Steps per epoch.
        history : mapping of str to sequence of float
            "loss", "accuracy" and, if there are validation samples, "val_loss" and "val_accuracy"
            of each completed epoch.
        n_steps : int or None, default=None
            The number of steps that the optimizer has taken before, in earlier calls too. None is
            `epoch` times `steps`.

        Returns
        -------
        rates : ndarray of shape (steps,), or None
            None leaves the rate to the optimizer (and to Keras callbacks).
        """
        before = epoch * steps if n_steps is None else n_steps
        return self._rates(base, _Moment(epoch, epochs, steps, history, before))

    def _rates(self, base: float, now: _Moment) -> NDArray[Any] | None:
        """Compute the rate of each step of the epoch that begins now."""
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Constant(Schedule):
    """The same rate throughout.

    Examples
    --------
    >>> from skmnist.training import Constant
    >>> Constant().rates(0.1, 0, 1, 4, {}) is None
    True
    """

    counts_steps = True
    depends_on_epochs = False

    def _rates(self, base: float, now: _Moment) -> None:
        """Leave the rate to the optimizer."""
        return


@dataclass(frozen=True, repr=False)
class OneCycle(Schedule):
    """A triangle: from near zero up to the rate, then down to zero.

    Parameters
    ----------
    peak : float, default=0.25
        Where the rate is highest, as a fraction of all steps.

    References
    ----------
    L. N. Smith and N. Topin, "Super-convergence: very fast training of neural networks using
    large learning rates", 2019 (arXiv:1708.07120).

    Examples
    --------
    >>> from skmnist.training import OneCycle
    >>> OneCycle(peak=0.5).rates(0.1, 0, 1, 4, {}).round(3).tolist()
    [0.025, 0.075, 0.075, 0.025]
    """

    peak: float = 0.25

    def __post_init__(self) -> None:
        if not 0 < self.peak < 1:
            raise ValueError(f"OneCycle: peak={shown(self.peak)}; expected 0 < peak < 1.")

    def _rates(self, base: float, now: _Moment) -> NDArray[Any]:
        """Compute the part of the triangle in this epoch."""
        done = now.progress
        return base * np.minimum(done / self.peak, (1 - done) / (1 - self.peak))


@dataclass(frozen=True, repr=False)
class Cosine(Schedule):
    """Half a cosine wave: from the rate down to zero.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017
    (arXiv:1608.03983), without restarts.

    Examples
    --------
    >>> from skmnist.training import Cosine
    >>> Cosine().rates(1.0, 0, 1, 3, {}).round(2).tolist()
    [0.93, 0.5, 0.07]
    """

    def _rates(self, base: float, now: _Moment) -> NDArray[Any]:
        """Compute the part of the wave in this epoch."""
        return base * (1 + np.cos(np.pi * now.progress)) / 2


@dataclass(frozen=True, repr=False)
class InverseScaling(Schedule):
    """Up to the rate in a straight line, then down by a power of the number of steps.

    In step t the rate is ``learning_rate * min(t / w, (w / t) ** power_t)``, where w is
    `warmup_steps`, but 1 at least.  It doesn't depend on how many steps follow, so it is one for
    streams: over calls of `partial_fit` it goes on with the steps of the optimizer.

    Parameters
    ----------
    power_t : float, default=0.5
        The power; 0.5 is the inverse square root [1]_, 0 keeps the rate after the warm-up.
    warmup_steps : int, default=0
        The number of steps in which the rate rises from zero to its maximum. None by default,
        which is scikit-learn's "invscaling", ``learning_rate / t ** power_t``.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", 2017 (arXiv:1706.03762), section 5.3.

    Examples
    --------
    >>> from skmnist.training import InverseScaling
    >>> InverseScaling(warmup_steps=2).rates(0.1, 0, 1, 3, {}).round(3).tolist()
    [0.05, 0.1, 0.082]
    >>> InverseScaling().rates(0.1, 0, 1, 2, {}, n_steps=98).round(4).tolist()
    [0.0101, 0.01]
    """

    power_t: float = 0.5
    warmup_steps: int = 0
    counts_steps = True
    depends_on_epochs = False

    def __post_init__(self) -> None:
        if not (is_a(Real, self.power_t) and 0 <= self.power_t < np.inf):
            raise ValueError(
                f"InverseScaling: power_t={shown(self.power_t)}; expected a number >= 0."
            )
        if not (is_a(Integral, self.warmup_steps) and self.warmup_steps >= 0):
            raise ValueError(
                f"InverseScaling: warmup_steps={shown(self.warmup_steps)}; expected a whole number "
                ">= 0."
            )

    def _rates(self, base: float, now: _Moment) -> NDArray[Any]:
        """Compute the rates of the steps that follow those so far."""
        t = now.n_steps + np.arange(1, now.steps + 1)
        peak = max(self.warmup_steps, 1)
        return base * np.minimum(t / peak, (peak / t) ** self.power_t)


@dataclass(frozen=True, repr=False)
class Plateau(Schedule):
    """The rate is reduced whenever the loss has stopped falling.

    Parameters
    ----------
    factor : float, default=0.5
        The factor by which the rate is multiplied.
    patience : int, default=3
        Epochs without improvement before a reduction.
    min_lr : float, default=0.0
        The rate is not reduced below this.
    min_delta : float, default=1e-4
        The smallest decrease of the loss that counts as an improvement (Keras's default).
    monitor : {"auto", "val_loss", "val_accuracy", "loss", "accuracy"}, default="auto"
        What is watched, by Keras's names. "auto" is the validation loss, or the training loss if
        there are no validation samples. An accuracy has to rise.

    Examples
    --------
    >>> from skmnist.training import Plateau
    >>> Plateau(patience=1).rates(0.1, 3, 9, 2, {"loss": [1.0, 1.0, 0.5]}).tolist()
    [0.05, 0.05]
    """

    factor: float = 0.5
    patience: int = 3
    min_lr: float = 0.0
    min_delta: float = 1e-4
    monitor: str = "auto"

    depends_on_epochs = False

    def __post_init__(self) -> None:
        if not 0 < self.factor < 1:
            raise ValueError(f"Plateau: factor={shown(self.factor)}; expected 0 < factor < 1.")
        if self.patience < 1:
            raise ValueError(
                f"Plateau: patience={shown(self.patience)}; expected at least 1 epoch."
            )
        if self.monitor not in MONITORS:
            raise unknown_name("Plateau: monitor", self.monitor, MONITORS)

    def _rates(self, base: float, now: _Moment) -> NDArray[Any]:
        """Compute the rate after all reductions that the epochs so far have caused."""
        rate, best, waited = base, np.inf, 0
        for value in watched(now.history, self.monitor):
            if value < best - self.min_delta:
                best, waited = value, 0
                continue
            waited += 1
            if waited >= self.patience:
                rate, waited = max(rate * self.factor, min(self.min_lr, rate)), 0
        return np.full(now.steps, rate)


SCHEDULES: dict[str, Schedule] = {
    "constant": Constant(),
    "cosine": Cosine(),
    "invscaling": InverseScaling(),
    "one_cycle": OneCycle(),
    "plateau": Plateau(),
}


def find_schedule(schedule: str | Schedule) -> Schedule:
    """Find a schedule by its name; return a Schedule object unchanged.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> from skmnist.training._schedules import find_schedule
    >>> find_schedule("one_cycle")
    OneCycle()
    """
    if isinstance(schedule, Schedule):
        return schedule
    if not isinstance(schedule, str) or schedule not in SCHEDULES:
        raise unknown_name("schedule", schedule, SCHEDULES, " or a Schedule object")
    return SCHEDULES[schedule]
