"""The one kind of cache that the package has, and the function that empties all of them.

Whatever grows with use is kept in a `Cache`.  What a process finds out once, or defines once when
Keras is loaded (layers, callbacks), is not: it doesn't grow, and a class that is defined again
would be a different class.
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
    """A cache of the most recently used values, each made once for its key.

    Threads that ask for the same key at the same time wait for the one that makes the value;
    those that ask for other keys don't.

    Parameters
    ----------
    maxsize : int
        The number of values kept; the least recently used is dropped first.

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
        """Return the value of a key; make it if there is none yet."""
        with self._lock:
            entry = self._entries.get(key) or _Entry()
            self._keep(key, entry)
        try:
            return cast("_T", entry.value(make))
        except BaseException:
            self._drop(key, entry)  # the next caller tries again
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
    """A place for one value, and the lock of the thread that makes it."""

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
    """Decorate a function of hashable positional arguments to cache what it returns.

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
    """Free the memory of compiled networks and of everything else that is kept for reuse.

    A process keeps the compiled training loops and predictions of the networks that it used last,
    so that the next fit of an equal network needs no compilation. Results are the same before and
    after; the next fit takes as long as the first one did.

    Notes
    -----
    For each different small dense network that was fitted, about 1.5 MB stay in the process
    (measured with TensorFlow 2.21), although no Python object refers to its graph any more. If a
    fit runs in another thread at the same time, what it uses is cached again when it ends.

    A search with ``n_jobs`` runs in workers of joblib, which are renewed after 300 MB of growth
    where psutil is installed. Between long searches over architectures,
    ``joblib.externals.loky.get_reusable_executor().shutdown()`` ends all workers, and with them
    whatever they hold; the next search starts new ones.

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
    """Return free memory to the system, where the C library would keep it (glibc)."""
    with suppress(AttributeError, OSError, TypeError):
        CDLL(None).malloc_trim(0)
