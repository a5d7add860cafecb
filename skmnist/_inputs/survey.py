"""What one pass over batches shows: their number, all labels, and samples that represent all."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.batches import Batch

_MOST_ROWS, _MOST_BYTES = 12_000, 2**26


class Survey(NamedTuple):
    """What one pass over batches has shown.

    Parameters
    ----------
    sample : Batch
        All samples if they are few; else evenly spaced ones, and one with the lowest and one with
        the highest value.
    y : ndarray of shape (n,) or (n, n_targets)
        The labels of all samples.
    weights : ndarray of shape (n,)
        Their weights.
    """

    sample: Batch
    y: NDArray[Any]
    weights: NDArray[Any]

    @classmethod
    def of(cls, batches: Iterable[Batch]) -> "Survey":
        """Read batches once.

        Parameters
        ----------
        batches : iterable of Batch
            One at least.

        Examples
        --------
        >>> import numpy as np
        >>> from skmnist._inputs.batches import Batch
        >>> from skmnist._inputs.survey import Survey
        >>> X, y = np.arange(50_000.0).reshape(-1, 1), np.zeros(50_000)
        >>> batches = (Batch(X[i : i + 500], y[i : i + 500], y[:500] + 1)
        ...            for i in range(0, 50_000, 500))
        >>> survey = Survey.of(batches)
        >>> len(survey.sample), survey.sample.X.max(), len(survey.y)
        (6252, np.float64(49999.0), 50000)
        """
        sample, y, weights = _Sample(), [], []
        for batch in batches:
            sample.add(batch)
            y.append(batch.y)
            weights.append(batch.weights)
        return cls(sample.batch(), np.concatenate(y), np.concatenate(weights))


class _Sample:
    """Evenly spaced samples, and those with the lowest and the highest value, of any number."""

    def __init__(self) -> None:
        self._kept: list[Batch] = []
        self._n = self._n_kept = 0
        self._step = 1
        self._ends: list[tuple[Any, Batch]] = []

    def add(self, batch: Batch) -> None:
        chosen = np.arange(-self._n % self._step, len(batch), self._step)
        self._n += len(batch)
        if len(chosen):
            self._kept.append(batch.take(chosen))
            self._n_kept += len(chosen)
        rows = batch.rows
        most = max(2, min(_MOST_ROWS, _MOST_BYTES // max(1, rows[:1].nbytes)))
        while self._n_kept > most:
            self._kept = [Batch.joined(self._kept).take(slice(None, None, 2))]
            self._n_kept = len(self._kept[0])
            self._step *= 2
        if rows.dtype.kind in "buif" and rows.size:
            self._note_ends(batch, rows)

    def _note_ends(self, batch: Batch, rows: NDArray[Any]) -> None:
        width = rows.shape[1]
        places = int(rows.argmin()), int(rows.argmax())
        found = [(rows.flat[i], batch.take(np.array([i // width]))) for i in places]
        if self._ends:
            (low, of_low), (high, of_high) = self._ends
            found[0] = min(found[0], (low, of_low), key=lambda end: end[0])
            found[1] = max(found[1], (high, of_high), key=lambda end: end[0])
        self._ends = found

    def batch(self) -> Batch:
        ends = [] if self._step == 1 else [batch for _, batch in self._ends]
        return Batch.joined([*self._kept, *ends])
