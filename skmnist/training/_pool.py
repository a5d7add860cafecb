"""Compiled loops that wait for the next equal fit."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any


class Pool:
    """Keeps the things last used, each lent to one user at a time.

    Parameters
    ----------
    most : int
        How many are kept; the one unused longest goes first.

    Examples
    --------
    >>> from skmnist.training._pool import Pool
    >>> pool = Pool(most=1)
    >>> with pool.lend("a list", list) as first:
    ...     pass
    >>> with pool.lend("a list", list) as second:
    ...     first is second
    True
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[Hashable, Any]] = OrderedDict()

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
            self._idle[id(thing)] = key, thing
            while len(self._idle) > self._most:
                self._idle.popitem(last=False)

    def _take(self, key: Hashable) -> Any:
        with self._lock:
            for number, (other, thing) in self._idle.items():
                if other == key:
                    del self._idle[number]
                    return thing
        return None
