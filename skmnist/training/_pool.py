"""Compiled loops that wait for the next equal fit."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from skmnist._utils.caches import Cache


class Pool(Cache):
    """Keeps the things last used, each lent to one user at a time.

    There are several things of equal keys where several users had them at the same time.

    Parameters
    ----------
    maxsize : int
        The number of things kept; the least recently used is dropped first.

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
        """Lend a thing made for an equal key, or a new one.

        A thing whose use ended in an error is not kept: nobody knows its state.
        """
        thing = self._take(key)
        if thing is None:
            thing = make()
        yield thing
        with self._lock:
            self._keep(id(thing), (key, thing))

    def _take(self, key: Hashable) -> Any:
        with self._lock:
            for number, (other, thing) in self._entries.items():
                if other == key:
                    del self._entries[number]
                    return thing
        return None
