"""Batches of samples and labels, read from the beginning in each pass, and cut to another size."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.arrays import as_numpy
from skmnist._utils.errors import shown

_EXPECTED = "expected tuples (X, y) or (X, y, sample_weight) of arrays"
_KINDS = (
    "a keras.utils.PyDataset, a tf.data.Dataset, a torch DataLoader, a list of batches, or a "
    "function that returns an iterable of batches"
)
_INFINITE = -1  # the cardinality of a tf.data.Dataset


@dataclass(frozen=True)
class Batch:
    """Samples in memory, as arrays.

    Parameters
    ----------
    X : ndarray of shape (n, ...), or dict of str to ndarray
        The samples, or the inputs of a network by their names.
    y : ndarray of shape (n,) or (n, n_targets)
        Their labels.
    weights : ndarray of shape (n,)
        Their weights.
    columns : pandas.Index or None, default=None
        The names of the columns, if the samples came in a data frame.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.batches import Batch
    >>> batch = Batch(np.zeros((3, 4)), np.arange(3), np.ones(3))
    >>> len(batch), batch.take(np.array([2, 0])).y.tolist()
    (3, [2, 0])
    """

    X: Any
    y: NDArray[Any]
    weights: NDArray[Any]
    columns: Any = None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def shapes(self) -> Any:
        """The shapes of a sample and of a label."""
        return _each(lambda values: values.shape[1:], self.X), self.y.shape[1:]

    @property
    def rows(self) -> NDArray[Any]:
        """The samples as an array of shape (n, n_values)."""
        parts = [part.reshape(len(self), -1) for part in _parts(self.X)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    @property
    def table(self) -> Any:
        """The samples as `fit` takes them: with names of columns if they had some."""
        if self.columns is None:
            return self.X
        import pandas as pd

        return pd.DataFrame(self.X, columns=self.columns)

    def take(self, rows: NDArray[Any] | slice) -> "Batch":
        """Return some of the samples."""
        X = _each(lambda values: values[rows], self.X)
        return replace(self, X=X, y=self.y[rows], weights=self.weights[rows])

    @classmethod
    def joined(cls, batches: Sequence["Batch"]) -> "Batch":
        """Return the samples of several batches as one."""
        if len(batches) == 1:
            return batches[0]
        return cls(
            _each(lambda *values: np.concatenate(values), *(batch.X for batch in batches)),
            np.concatenate([batch.y for batch in batches]),
            np.concatenate([batch.weights for batch in batches]),
            batches[0].columns,
        )


def _each(function: Callable[..., Any], *samples: Any) -> Any:
    """Apply a function to arrays, or to those of the same name."""
    if isinstance(samples[0], dict):
        return {name: function(*(each[name] for each in samples)) for name in samples[0]}
    return function(*samples)


class BatchSource:
    """What yields batches, as often as it is asked.

    Parameters
    ----------
    source : iterable, or callable that returns one
        Its batches are tuples of samples, labels and, optionally, weights, as arrays of any
        library.
    name : str, default="batches"
        The parameter's name in errors.

    Raises
    ------
    TypeError
        If it isn't of that kind, or can be read only once.
    ValueError
        If it never ends.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.batches import BatchSource
    >>> source = BatchSource([(np.zeros((2, 4)), [0, 1]), (np.ones((1, 4)), [1])])
    >>> [batch.y.tolist() for batch in source.read()]
    [[0, 1], [1]]
    """

    def __init__(self, source: Any, name: str = "batches") -> None:
        self._source, self.name = source, name
        if isinstance(source, Iterator):
            raise TypeError(
                f"{name} is a {type(source).__name__}, which can be read only once, and every "
                f"epoch reads it anew; expected {_KINDS}. Give the function that makes it."
            )
        is_table = hasattr(source, "shape") or isinstance(source, str | bytes | Mapping)
        if is_table or not (isinstance(source, Iterable) or callable(source)):
            raise TypeError(f"{name} is {_described(source)}; expected {_KINDS}.")

    def read(self, *, of_epoch: bool = True) -> Iterator[Batch]:
        """Yield the batches, without samples of weight zero.

        Parameters
        ----------
        of_epoch : bool, default=True
            Whether this is an epoch, of whose beginning and end a ``keras.utils.PyDataset`` is
            notified.
        """
        source = self._source if isinstance(self._source, Iterable) else self._source()
        self._check_ends(source)
        if of_epoch:
            getattr(source, "on_epoch_begin", _do_nothing)()
        shapes = columns = None
        for given in source:
            batch = self._batch(given)
            if not batch.weights.all():
                batch = batch.take(np.flatnonzero(batch.weights))
            if not len(batch):
                continue
            if shapes is None:
                shapes, columns = batch.shapes, batch.columns
            if batch.shapes != shapes:
                raise ValueError(
                    f"{self.name} has batches of different shapes: one sample and its label have "
                    f"{shapes} in one and {batch.shapes} in another; expected the same."
                )
            _check_same_columns(batch.columns, columns)
            yield batch
        if of_epoch:
            getattr(source, "on_epoch_end", _do_nothing)()

    def _check_ends(self, source: Any) -> None:
        if not isinstance(source, Iterable):
            raise TypeError(f"{self.name} returned {_described(source)}; expected {_KINDS}.")
        cardinality = getattr(source, "cardinality", None)
        never = callable(cardinality) and int(cardinality()) == _INFINITE
        # Of a PyDataset.
        if never or getattr(source, "num_batches", 0) is None:
            raise ValueError(
                f"{self.name} never ends, so that there are no epochs. Leave out repeat(), or give "
                "it an end, for example by take(1000); a stream without an end is for partial_fit."
            )

    def _batch(self, given: Any) -> Batch:
        """Convert a batch to arrays."""
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise TypeError(f"{self.name} yields {_described(given)}; {_EXPECTED}.")
        X = given[0]
        X = {k: _array(v) for k, v in X.items()} if isinstance(X, Mapping) else _array(X)
        y = _array(given[1])
        weights = np.ones(y.shape[:1]) if len(given) == 2 else _array(given[2])
        lengths = {np.shape(part)[:1] for part in (*_parts(X), y, weights)}
        if len(lengths) != 1 or () in lengths:
            raise ValueError(
                f"{self.name} yields a batch whose X, y and sample_weight have the shapes "
                f"{shown([np.shape(part) for part in (*_parts(X), y, weights)])}; {_EXPECTED} of "
                "one length."
            )
        columns = given[0].columns if hasattr(given[0], "iloc") and np.ndim(X) == 2 else None
        return Batch(X, y, weights, columns)


def _check_same_columns(found: Any, expected: Any) -> None:
    names = [None if columns is None else list(columns) for columns in (found, expected)]
    if names[0] != names[1]:
        raise ValueError(
            f"X has the columns {shown(names[0])}, and {shown(names[1])} in the batches before; "
            "the feature names should match, in the same order."
        )


def _array(values: Any) -> NDArray[Any]:
    if hasattr(values, "toarray"):  # of SciPy's sparse ones
        values = values.toarray()
    return np.asarray(as_numpy(values))


def _parts(X: Any) -> list[NDArray[Any]]:
    return list(X.values()) if isinstance(X, dict) else [X]


def _described(value: Any) -> str:
    if hasattr(value, "shape"):
        return f"an array of shape {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of length {len(value)}"
    return shown(value)


def _do_nothing() -> None:
    pass


def cut(batches: Iterable[Batch], size: int) -> Iterator[Batch]:
    """Yield the same samples in batches of one size; the last one may be smaller.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.batches import Batch, cut
    >>> batches = (Batch(np.zeros((n, 4)), np.arange(n), np.ones(n)) for n in (3, 1, 7))
    >>> [len(batch) for batch in cut(batches, 4)]
    [4, 4, 3]
    """
    waiting: list[Batch] = []
    n = 0
    for batch in batches:
        waiting.append(batch)
        n += len(batch)
        while n >= size:
            joined = Batch.joined(waiting)
            yield joined.take(slice(size))
            waiting = [joined.take(slice(size, None))]
            n -= size
    if n:
        yield Batch.joined(waiting)
