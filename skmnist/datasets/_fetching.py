"""Finding a data set's files: in a folder of the user, in the cache, or on the web."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from time import time
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import get_data_home
from sklearn.utils import Bunch

from skmnist._utils.progress import Progress, progress_bar

_DOWNLOAD = ".download-"
_STALE = 3600  # seconds
_CHUNK = 1 << 18
_MEGABYTE = 10**6

Content = TypeVar("Content")
Part = tuple[NDArray[Any], NDArray[Any]]


def cache_of(dataset: str, data_home: str | os.PathLike[str] | None) -> Path:
    """Return the folder that a data set is downloaded to; scikit-learn creates its parent."""
    return Path(get_data_home(data_home)) / "skmnist" / dataset


def read_from_disk(
    names: Sequence[str],
    dataset: str,
    data_home: str | os.PathLike[str] | None,
    read: Callable[[Path], Content],
    *,
    top_folder: bool,
) -> tuple[Content | None, list[str]]:
    """Read a file from the first place that has it.

    Parameters
    ----------
    names : sequence of str
        The names that the file may have, in order of preference.
    dataset : str
        The data set's name, and that of its subfolder in the user's own folder.
    data_home : str or path-like or None
        The folder of downloaded data sets.
    read : callable
        Reads a file; raises ValueError if it is damaged.
    top_folder : bool
        Whether the file may also lie directly in the user's own folder.

    Returns
    -------
    content : object or None
        What `read` returns; None if no place has the file intact.
    damaged : list of str
        The errors of damaged files in the cache.

    Raises
    ------
    ValueError
        If a file in the user's own folder is damaged.
    """
    for path in _existing(names, _own_folders(dataset, top_folder)):
        return read(path), []
    damaged: list[str] = []
    for path in _existing(names, [cache_of(dataset, data_home)]):
        try:
            return read(path), damaged
        except ValueError as error:
            damaged.append(str(error))
    return None, damaged


def download(url: str, path: Path) -> None:
    """Download a file, and show how it gets on."""
    import pooch  # imports requests, which only a download needs

    with progress_bar(None, name=f"Downloading {path.name}", unit="MB") as progress:
        pooch.HTTPDownloader(_Megabytes(progress), _CHUNK)(url, str(path), None)


class _Megabytes:
    """A progress bar as pooch uses it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._n_bytes = 0
        self._total: int | None = None

    @property
    def total(self) -> int | None:
        """The number of bytes to come; None if the server hasn't given it."""
        return self._total

    @total.setter
    def total(self, n_bytes: int) -> None:
        self._total = n_bytes or None
        if n_bytes:
            self._progress.expect(-(-n_bytes // _MEGABYTE))

    def update(self, n_bytes: int) -> None:
        """Count bytes that have arrived."""
        self._n_bytes += n_bytes
        self._progress(self._n_bytes // _MEGABYTE, "")

    def reset(self) -> None:
        """Count from 0."""
        self._n_bytes = 0

    def close(self) -> None:
        """Do nothing."""


def not_found(what: str, files: str, cache: Path, reasons: list[str]) -> OSError:
    """Return the error for a data set that was not found: the reasons, and what to do.

    Parameters
    ----------
    what : str
        The beginning of the message: what is missing, with its verb, up to "neither in".
    files : str
        The names of the files that the data set's folder has to contain.
    cache : Path
        Where downloads are kept.
    reasons : list of str
        Why nothing was found or downloaded.
    """
    return OSError(
        f"{what} neither in the folder of the environment variable {_where_looked()} "
        f"nor intact in the cache {cache}, and nothing was downloaded:\n"
        + "".join(f"- {reason}\n" for reason in reasons)
        + "Connect to the internet with `download_if_missing=True`, set SKMNIST_DATA to a folder "
        f"whose {cache.name}/ holds {files}, or point `data_home` to a folder whose "
        f"skmnist/{cache.name}/ does."
    )


def bunch_of(train: Part, test: Part, target_names: list[str], description: str) -> Bunch:
    """Return a data set in scikit-learn's form."""
    return Bunch(
        X_train=train[0],
        y_train=train[1],
        X_test=test[0],
        y_test=test[1],
        target_names=np.array(target_names),
        DESCR=description,
    )


@contextmanager
def folder_for_download(cache: Path) -> Iterator[Path]:
    """Create a temporary folder for downloads in a cache; remove it afterwards, at SIGTERM too.

    Folders of killed processes are removed an hour after their last change.  The folder lies inside
    the cache, as only a move within one filesystem is atomic.
    """
    cache.mkdir(parents=True, exist_ok=True)
    for left_over in cache.glob(f"{_DOWNLOAD}*"):
        with suppress(OSError):
            if _last_change(left_over) < time() - _STALE:
                rmtree(left_over)
    with _cleaned_up_at_sigterm(), TemporaryDirectory(dir=cache, prefix=_DOWNLOAD) as folder:
        yield Path(folder)


def _last_change(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))


@contextmanager
def _cleaned_up_at_sigterm() -> Iterator[None]:
    """Make SIGTERM raise an exception, as Ctrl-C does, unless the program handles it otherwise."""
    alone = threading.current_thread() is threading.main_thread()
    if not alone or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, _frame: Any) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _own_folders(dataset: str, top_folder: bool) -> list[Path]:
    """Return the folders that SKMNIST_DATA refers to; none if it is not set."""
    value = os.environ.get("SKMNIST_DATA")
    if not value:
        return []
    folder = Path(value).expanduser()
    return [folder / dataset, folder] if top_folder else [folder / dataset]


def _where_looked() -> str:
    """Return the state of SKMNIST_DATA for an error message."""
    own = os.environ.get("SKMNIST_DATA")
    return f"SKMNIST_DATA={own}" if own else "SKMNIST_DATA, which is not set,"


def _existing(names: Sequence[str], folders: Sequence[Path]) -> list[Path]:
    """Return the existing files of these names, in order of preference."""
    candidates = [folder / name for folder in folders for name in names]
    return [path for path in candidates if path.is_file()]


def innermost(error: BaseException) -> BaseException:
    """Return the original error: requests wraps urllib3's error, which wraps the reason."""
    inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    return innermost(inner) if isinstance(inner, BaseException) else error
