"""Compiled loops, kept for the next equal fit."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from skmnist._utils.caches import Cache


class Pool(Cache):
    """A cache of the most recently used objects, each lent to one user at a time.

    There may be several objects with equal keys, if several users needed them at the same time.

    Parameters
    ----------
    maxsize : int
        The number of objects kept; the least recently used is dropped first.

    Examples
    --------
    >>> from skmnist.training._pool import Pool
    >>> pool = Pool(maxsize=1)
    >>> with pool.lend("a list", list) as first:
    ...     pass
    >>> with pool.lend("a list", list) as second:
    ...     first is second
    True
    """

    @contextmanager
    def lend(self, key: Hashable, make: Callable[[], Any]) -> Iterator[Any]:
        """Lend an object made for an equal key, or a new one.

        An object whose use ended in an error is not kept, as its state is unknown.
        """
        lent = self._take(key)
        if lent is None:
            lent = make()
        yield lent
        with self._lock:
            self._keep(id(lent), (key, lent))

    def _take(self, key: Hashable) -> Any:
        with self._lock:
            for number, (other, kept) in self._entries.items():
                if other == key:
                    del self._entries[number]
                    return kept
        return None
