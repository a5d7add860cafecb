"""Files that are never half written, folders for results, and reading of compressed files."""

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EDQUOT, EFBIG, EINVAL, EISDIR, ENOENT, ENOSPC, EPERM, EROFS
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

_FULL = (EDQUOT, EFBIG, ENOSPC)
_FORBIDDEN = (EACCES, EPERM, EROFS)
_GZIP_MAGIC = b"\x1f\x8b"


def write(path: Path, content: bytes) -> None:
    """Write a file atomically: a reader finds the old one or the new one, never a part.

    A replaced file keeps its mode; a symbolic link stays, and its target is replaced.

    Raises
    ------
    OSError
        If the file can't be written; it names the path that was given, at which nothing has
        changed.
    """
    _check_is_file(path)
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            with suppress(FileNotFoundError):
                part.chmod(stat.S_IMODE(target.stat().st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, _with_remedy(error), str(path)) from error
    finally:
        part.unlink(missing_ok=True)


def _with_remedy(error: OSError) -> str:
    """Return what the system says, and what to do about it."""
    remedies = {
        **dict.fromkeys(_FULL, "; nothing was written: make room there, or give another path"),
        **dict.fromkeys(
            _FORBIDDEN, "; nothing was written: give a path in a folder that you may write to"
        ),
    }
    return f"{error.strerror}{remedies.get(error.errno or 0, '')}"


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


def check_writable(path: Path) -> None:
    """Raise the error of :func:`write` that shows before: no such folder, or no right to write.

    Raises
    ------
    OSError
        It names the path that was given.
    """
    _check_is_file(path)
    folder = Path(os.path.realpath(path)).parent
    if not os.access(folder, os.W_OK):
        raise PermissionError(EACCES, "nothing can be written to its folder", str(path))


def make_folder(folder: Path, parameter: str = "output") -> None:
    """Create a folder if it is missing; raise an error that names it if it can't be written to."""
    given = f"{parameter}={str(folder)!r}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        kind = NotADirectoryError if isinstance(error, FileExistsError) else type(error)
        raise kind(f"{given} can't be made a folder ({error}); give another place.") from error
    if not os.access(folder, os.W_OK):
        raise OSError(f"{given} can't be written to; give another folder.")


@contextmanager
def uncompressed(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file, plain or gzip, for reading its uncompressed content."""
    with Path(path).open("rb") as file, decompressed(file, os.fspath(path)) as stream:
        yield stream


@contextmanager
def decompressed(file: BufferedReader, name: str) -> Iterator[BinaryIO]:
    """Return the uncompressed content of an open file, plain or gzip; errors give its name."""
    if not is_compressed(file):
        yield file
        return
    try:
        with gzip.GzipFile(fileobj=file) as stream:
            yield cast("BinaryIO", stream)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"{name} is damaged: expected a whole gzip file, got: {error}. Copy or download it "
            "again."
        ) from error


def is_compressed(file: BufferedReader) -> bool:
    """Return whether an open file, at its beginning, is of gzip's format."""
    return file.peek(2)[:2] == _GZIP_MAGIC
