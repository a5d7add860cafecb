"""What the functions that load a data set have in common: their type and their parameters."""

import os
from collections.abc import Callable
from inspect import cleandoc
from textwrap import indent
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, cast, overload

from sklearn.utils import Bunch

from skmnist.datasets._fetching import Part

Home = str | os.PathLike[str] | None
Loaded: TypeAlias = tuple[Part, Part] | Bunch
F = TypeVar("F", bound=Callable[..., Any])

_PARAMETERS = """
data_home : str or path-like, default=None
    The folder of downloaded data sets; None means scikit-learn's, see
    :func:`sklearn.datasets.get_data_home`.
download_if_missing : bool, default=True
    If False, raise an OSError instead of downloading.
as_bunch : bool, default=False
    If True, return a :class:`~sklearn.utils.Bunch` instead of tuples.
verbose : int, default=1
    1 shows the progress if it takes more than two seconds; 0 shows nothing.
"""


class Fetch(Protocol):
    """A function that loads a data set, as tuples or as a Bunch."""

    @overload
    def __call__(
        self,
        *,
        data_home: Home = None,
        download_if_missing: bool = True,
        as_bunch: Literal[False] = False,
        verbose: int = 1,
    ) -> tuple[Part, Part]: ...

    @overload
    def __call__(
        self,
        *,
        data_home: Home = None,
        download_if_missing: bool = True,
        as_bunch: bool,
        verbose: int = 1,
    ) -> Loaded: ...


def fetcher(function: Callable[..., Loaded]) -> Fetch:
    """Complete a function's docstring, and give it a type that depends on `as_bunch`."""
    return cast("Fetch", describe_parameters(function))


def describe_parameters(function: F) -> F:
    """Complete a function's docstring, which has the line ``%(parameters)s``.

    Examples
    --------
    >>> from skmnist import fetch_mnist
    >>> "download_if_missing : bool" in fetch_mnist.__doc__
    True
    """
    text = cleandoc(function.__doc__ or "").replace("%(parameters)s", _PARAMETERS.strip())
    function.__doc__ = indent(text, "    ").strip()
    return function
