"""Batches of samples and labels, read from the beginning in each pass, and cut to another size."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite

from skmnist._inputs.arrays import as_numpy
from skmnist._inputs.named_inputs import has_names
from skmnist._inputs.numbers import check_float32_range, check_not_masked
from skmnist._utils.errors import depth_of_this_package, shown

_EXPECTED = "expected tuples (X, y) or (X, y, sample_weight) of arrays"
_KINDS = (
    "a keras.utils.PyDataset, a tf.data.Dataset, a torch DataLoader, a list of batches, or a "
    "function that returns an iterable of batches"
)
_INFINITE = -1  # the cardinality of a tf.data.Dataset
_SECONDS_TO_WARNING = 300.0  # that a source may have no end


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
    n_given : int, default=0
        The number of samples that the source gave, of weight zero too.

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
    n_given: int = 0

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
            raise TypeError(f"{name} is {described(source)}; expected {_KINDS}.")

    def read(self) -> Iterator[Batch]:
        """Yield the batches of an epoch, without samples of weight zero.

        Of its beginning and its end a ``keras.utils.PyDataset`` is notified.
        """
        source = self._begun()
        getattr(source, "on_epoch_begin", _do_nothing)()
        yield from filter(len, self._checked(source, _do_nothing))
        getattr(source, "on_epoch_end", _do_nothing)()

    def read_first(self, check: Callable[[Batch], Any] | None = None) -> Iterator[Batch]:
        """Yield the batches before any epoch, and find out whether they can be used.

        Parameters
        ----------
        check : callable, default=None
            Called with each batch; its errors get the number of the batch.

        Raises
        ------
        ValueError
            If there is no sample.

        Warns
        -----
        UserWarning
            If the end hasn't come after some minutes.
        """
        n = n_given = 0
        time_to_warn = monotonic() + _SECONDS_TO_WARNING
        for batch in self._checked(self._begun(), check or _do_nothing):
            n, n_given = n + len(batch), n_given + batch.n_given
            if monotonic() >= time_to_warn:
                self._warn_of_no_end(n_given)
                time_to_warn = inf
            if len(batch):
                yield batch
        if not n:
            of_weight = " of a weight over zero" if n_given else "s"
            raise ValueError(f"{self.name} has no sample{of_weight}; expected one at least.")

    def _warn_of_no_end(self, n: int) -> None:
        warnings.warn(
            f"{n:,} samples of {self.name} were read in {_SECONDS_TO_WARNING / 60:g} minutes, "
            "before the first epoch. Do they end? If not, give them an end, for example by "
            "itertools.islice or take(1000); a stream without an end is for partial_fit.",
            UserWarning,
            stacklevel=depth_of_this_package(),
        )

    def _begun(self) -> Iterable[Any]:
        source = self._source if isinstance(self._source, Iterable) else self._source()
        self._check_ends(source)
        return source

    def _checked(self, source: Iterable[Any], check: Callable[[Batch], Any]) -> Iterator[Batch]:
        """Yield all batches, those too of which nothing is left without weights of zero."""
        first = None
        for number, given in enumerate(source, 1):
            # Not around the source, whose own errors stay as they are.
            with located(f"In batch {number} of {self.name}"):
                batch = _converted(given)
                if len(batch):
                    first = first or (batch.shapes, batch.columns)
                    _check_alike(batch, *first)
                    _check_finite(batch)
                    check(batch)
            yield batch

    def _check_ends(self, source: Any) -> None:
        if not isinstance(source, Iterable):
            raise TypeError(f"{self.name} returned {described(source)}; expected {_KINDS}.")
        cardinality = getattr(source, "cardinality", None)
        never = callable(cardinality) and int(cardinality()) == _INFINITE
        # Of a PyDataset.
        if never or getattr(source, "num_batches", 0) is None:
            raise ValueError(
                f"{self.name} never ends, so that there are no epochs. Leave out repeat(), or give "
                "it an end, for example by take(1000); a stream without an end is for partial_fit."
            )


@contextmanager
def located(place: str) -> Iterator[None]:
    """Have errors about wrong data begin with the place of the data.

    Examples
    --------
    >>> from skmnist._inputs.batches import located
    >>> with located("In batch 3"):
    ...     raise ValueError("X contains NaN.")
    Traceback (most recent call last):
    ValueError: In batch 3: X contains NaN.
    """
    try:
        yield
    except TypeError as error:
        raise TypeError(f"{place}: {error}") from error
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error


def _converted(given: Any) -> Batch:
    """Return a batch as arrays, without samples of weight zero."""
    if isinstance(given, Mapping):
        names = sorted(given, key=lambda name: "label" in str(name))
        example = ", ".join(f"batch[{shown(name)}]" for name in names[:2])
        raise TypeError(
            f"the source yields {described(given)}; {_EXPECTED}. Give a "
            f"function that yields them, such as ({example}) of each batch, the samples first."
        )
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        raise TypeError(f"the source yields {described(given)}; {_EXPECTED}.")
    for name, values in zip(("X", "y", "sample_weight"), given, strict=False):
        check_not_masked(values, name)
    X = given[0]
    X = {k: _array(v) for k, v in X.items()} if has_names(X) else _array(X)
    y = _array(given[1])
    weights = np.ones(y.shape[:1]) if len(given) == 2 else _array(given[2])
    shapes = [np.shape(part) for part in (*_parts(X), y, weights)]
    lengths = {shape[:1] for shape in shapes}
    if len(lengths) != 1 or () in lengths:
        raise ValueError(
            f"X, y and sample_weight have the shapes {shown(shapes)}; {_EXPECTED} of one length."
        )
    columns = getattr(given[0], "columns", None) if hasattr(given[0], "iloc") else None
    batch = Batch(X, y, weights, columns, len(y))
    return batch if weights.all() else batch.take(np.flatnonzero(weights))


def _check_alike(batch: Batch, shapes: Any, columns: Any) -> None:
    if batch.shapes != shapes:
        raise ValueError(
            f"it has different shapes: one sample and its label have {shapes} in the batches "
            f"before and {batch.shapes} in this one; expected the same."
        )
    found, expected = (None if each is None else list(each) for each in (batch.columns, columns))
    if found != expected:
        raise ValueError(
            f"X has the columns {shown(found)}, and {shown(expected)} in the batches before; the "
            "feature names should match, in the same order."
        )


def _check_finite(batch: Batch) -> None:
    for part in _parts(batch.X):
        assert_all_finite(part, input_name="X")
        if part.size:
            check_float32_range(part)
    assert_all_finite(batch.y, input_name="y")
    assert_all_finite(batch.weights, input_name="sample_weight")


def _array(values: Any) -> NDArray[Any]:
    if hasattr(values, "toarray"):  # of SciPy's sparse ones
        values = values.toarray()
    return np.asarray(as_numpy(values))


def _parts(X: Any) -> list[NDArray[Any]]:
    return list(X.values()) if isinstance(X, dict) else [X]


def described(value: Any) -> str:
    """Return what something is, for an error, without its values.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.batches import described
    >>> described(np.zeros((3, 4))), described({"image": 1}), described([1, 2])
    ('an array of shape (3, 4)', "a dict with the keys ['image']", 'a list of length 2')
    """
    if isinstance(value, Mapping):
        return f"a dict with the keys {shown(list(value))}"
    if hasattr(value, "shape"):
        return f"an array of shape {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of length {len(value)}"
    return shown(value)


def _do_nothing(*_: Any) -> None:
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
