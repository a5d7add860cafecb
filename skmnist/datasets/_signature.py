"""The type of the functions that load a data set."""

import os
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, cast, overload

from sklearn.utils import Bunch

from skmnist.datasets._fetching import Part

Home = str | os.PathLike[str] | None
Loaded: TypeAlias = tuple[Part, Part] | Bunch


class Fetch(Protocol):
    """A function that loads a data set, as tuples or as a Bunch."""

    @overload
    def __call__(
        self,
        *,
        data_home: Home = None,
        download_if_missing: bool = True,
        as_bunch: Literal[False] = False,
    ) -> tuple[Part, Part]: ...

    @overload
    def __call__(
        self, *, data_home: Home = None, download_if_missing: bool = True, as_bunch: bool
    ) -> Loaded: ...


def fetcher(function: Callable[..., Loaded]) -> Fetch:
    """Return the function as it is, with a type that depends on `as_bunch`."""
    return cast("Fetch", function)
