"""Files: where data sets lie, what a file holds, files that are never half written."""

import gzip
import os
import signal
import stat
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EINVAL, EISDIR, ENOENT
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from time import time
from typing import Any, BinaryIO, cast
from uuid import uuid4

_GZIP_MAGIC = b"\x1f\x8b"
_DOWNLOAD = ".download-"
_STALE = 3600  # seconds


def write(path: Path, content: bytes) -> None:
    """Write a file at once: a reader finds the old one or the new one, never a part.

    A file that is replaced keeps its mode, and a symbolic link its place.

    Raises
    ------
    OSError
        If the file can't be written; it names the path that was given.
    """
    _check_is_file(path)
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            with suppress(FileNotFoundError):
                os.chmod(part, stat.S_IMODE(target.stat().st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        if error.filename is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        part.unlink(missing_ok=True)


def _check_is_file(path: Path) -> None:
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(
            EINVAL,
            "it is a device or a pipe, which would be replaced; give a file's path",
            str(path),
        )
    if path.is_dir():
        raise IsADirectoryError(
            EISDIR, "it is a folder; expected the path of a file, such as one in it", str(path)
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            ENOENT, f"there is no folder {path.parent}; make it first, or check the path", str(path)
        )


def make_folder(folder: Path) -> None:
    """Make a folder that is missing; the error where it can't be written to names it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"output={str(folder)!r} can't be made a folder ({error}); give another place."
        ) from error
    if not os.access(folder, os.W_OK):
        raise OSError(f"output={str(folder)!r} can't be written to; give another folder.")


@contextmanager
def folder_for_download(cache: Path) -> Iterator[Path]:
    """Make a folder in a cache for what is downloaded; it is gone afterwards, at SIGTERM too.

    Folders of processes that were killed are removed an hour after they last got anything.  It lies
    inside the cache, as only a move within one filesystem is atomic.
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
    """Have SIGTERM end the process as Ctrl-C does, unless the program has its own idea of it."""
    alone = threading.current_thread() is threading.main_thread()
    if not alone or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: Any) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def own_folders(dataset: str) -> list[Path]:
    """Return the folders that SKMNIST_DATA stands for; none if it is not set."""
    value = os.environ.get("SKMNIST_DATA")
    if not value:
        return []
    folder = Path(value).expanduser()
    return [folder / dataset, folder]


def where_looked() -> str:
    """Say what SKMNIST_DATA is, for an error's message."""
    own = os.environ.get("SKMNIST_DATA")
    return f"SKMNIST_DATA={own}" if own else "SKMNIST_DATA, which is not set,"


def existing(name: str, *folders: Path) -> list[Path]:
    """Return the files of this name, gzip or plain, in order of preference."""
    candidates = [folder / file for folder in folders for file in (f"{name}.gz", name)]
    return [path for path in candidates if path.is_file()]


def innermost(error: BaseException) -> BaseException:
    """Find the error in an error's wrappings: requests wraps urllib3's, which wraps the reason."""
    inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    return innermost(inner) if isinstance(inner, BaseException) else error


@contextmanager
def uncompressed(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file, plain or gzip, for reading what it holds."""
    with open(path, "rb") as file:
        if file.peek(2)[:2] != _GZIP_MAGIC:
            yield file
            return
        try:
            with gzip.GzipFile(fileobj=file) as stream:
                yield cast(BinaryIO, stream)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(
                f"{os.fspath(path)} is damaged: expected a whole gzip file, got: {error}. Copy or "
                "download it again."
            ) from error
