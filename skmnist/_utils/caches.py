"""The one kind of cache that the package has, and what empties all of them.

Whatever grows with what is asked for is kept in a `Cache`.  What a process finds out once, or
defines once when Keras is loaded (layers, callbacks), is not: it doesn't grow, and a class that
was defined anew would be another class.
"""

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from ctypes import CDLL
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast
from weakref import WeakSet

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Cache:
    """Keeps what was used last, each thing made once for its key.

    Threads that ask for the same key at the same time wait for the one that makes it; those that
    ask for other keys don't.

    Parameters
    ----------
    maxsize : int
        The number of things kept; the least recently used is dropped first.

    Examples
    --------
    >>> from skmnist._utils.caches import Cache
    >>> cache = Cache(maxsize=1)
    >>> first = cache.get("key", list)
    >>> cache.get("key", list) is first
    True
    >>> cache.clear()
    >>> cache.get("key", list) is first
    False
    """

    def __init__(self, maxsize: int) -> None:
        self._maxsize = maxsize
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, Any] = OrderedDict()
        _all_caches.add(self)

    def get(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """Return what is kept for a key, made now where there is nothing yet."""
        with self._lock:
            entry = self._entries.get(key) or _Entry()
            self._keep(key, entry)
        try:
            return cast(_T, entry.value(make))
        except BaseException:
            self._drop(key, entry)  # the next one tries again
            raise

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def _keep(self, key: Hashable, entry: Any) -> None:
        self._entries[key] = entry
        self._entries.move_to_end(key)
        while len(self._entries) > self._maxsize:
            self._entries.popitem(last=False)

    def _drop(self, key: Hashable, entry: Any) -> None:
        with self._lock:
            if self._entries.get(key) is entry:
                del self._entries[key]


class _Entry:
    """A place for one thing, and the lock of whoever makes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[Any, ...] = ()

    def value(self, make: Callable[[], Any]) -> Any:
        with self._lock:
            if not self._made:
                self._made = (make(),)
            return self._made[0]


_all_caches: WeakSet[Cache] = WeakSet()


def cached(maxsize: int) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Decorate a function of hashable positional arguments to keep what it has returned.

    Parameters
    ----------
    maxsize : int
        The number of results kept.

    Examples
    --------
    >>> from skmnist._utils.caches import cached
    >>> @cached(maxsize=2)
    ... def squares(n):
    ...     return [i**2 for i in range(n)]
    >>> squares(3) is squares(3)
    True
    """

    def decorate(function: Callable[_P, _T]) -> Callable[_P, _T]:
        cache = Cache(maxsize)

        @wraps(function)
        def look_up(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            key = args, tuple(sorted(kwargs.items()))
            return cache.get(key, lambda: function(*args, **kwargs))

        return look_up

    return decorate


def clear_caches() -> None:
    """Free the memory of compiled networks and of all else that is kept for reuse.

    A process keeps the compiled training loops and predictions of the networks that it used last,
    so that the next fit of an equal network needs no compiling. Results are the same before and
    after; the next fit takes as long as the first one did.

    Notes
    -----
    Of each different small dense network that was fitted, about 1.5 MB stay in the process
    (measured with TensorFlow 2.21); no Python object holds its graph any more. What a fit that runs
    at the same time in another thread uses is kept when that fit ends.

    Examples
    --------
    >>> import skmnist
    >>> skmnist.clear_caches()
    """
    for cache in list(_all_caches):
        cache.clear()
    gc.collect()  # a graph of TensorFlow and its operations refer to each other
    _give_back_to_the_system()


def _give_back_to_the_system() -> None:
    """Return free memory to the system, where the C library keeps it otherwise (glibc)."""
    with suppress(AttributeError, OSError, TypeError):
        CDLL(None).malloc_trim(0)
