"""Data sets of images as they are published: found, verified by checksum, read."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from errno import EISDIR
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from skmnist._utils.progress import SHORT, activity
from skmnist.datasets._fetching import (
    bunch_of,
    cache_of,
    download,
    folder_for_download,
    innermost,
    not_found,
    read_from_disk,
)
from skmnist.datasets._idx import read_header_and_array
from skmnist.datasets._signature import Home, Loaded

Arrays = tuple[NDArray[Any], ...]
Opened = tuple[str, Callable[[], Arrays]]

OF_THE_CONTENT = " The MD5 is that of the uncompressed content."
OR_READ_IDX = " To use another version, such as one in another order, read it with `read_idx`."


@dataclass(frozen=True)
class Published:
    """A data set of images as it is published.

    Parameters
    ----------
    folder : str
        The name of its folder in the cache, and in the user's own folder.
    title : str
        Its name in messages.
    mirrors : tuple of str
        The URLs of the folders that hold its files, with a slash at the end.
    md5_of : mapping of str to str
        The MD5 of each file by its name, without what `suffixes` adds. The arrays of all files, in
        this order, are X_train, y_train, X_test and y_test.
    open : callable
        Takes a path; returns the MD5 of the file that is there, and a function that reads its
        arrays, which is called only if the MD5 is right. Raises ValueError for a damaged file.
    target_names : sequence of str
        The names of the classes, in the order of their labels.
    description : str
        What it is, who made it, and its licence.
    suffixes : tuple of str, default=("",)
        What may follow the names of files on disk. They are published with the first.
    top_folder : bool, default=False
        Whether files may also lie directly in the user's own folder. Several data sets have files
        of the same names, which only the subfolders keep apart.
    advice : str, default=""
        What else there is to know about a file of another checksum, for the error.
    """

    folder: str
    title: str
    mirrors: tuple[str, ...]
    md5_of: Mapping[str, str]
    open: Callable[[Path], Opened]
    target_names: Sequence[str]
    description: str
    suffixes: tuple[str, ...] = ("",)
    top_folder: bool = False
    advice: str = ""

    def fetch(
        self, data_home: Home, download_if_missing: bool, as_bunch: bool, verbose: int
    ) -> Loaded:
        """Return the arrays, from the first place that has their files."""
        with activity(f"Loading {self.title}", verbose, delay=SHORT):
            X_train, y_train, X_test, y_test = (
                array
                for name in self.md5_of
                for array in self._fetch_file(name, data_home, download_if_missing)
            )
        train, test = (X_train, y_train), (X_test, y_test)
        if as_bunch:
            return bunch_of(train, test, list(self.target_names), self.description)
        return train, test

    def _fetch_file(self, name: str, data_home: Home, download_if_missing: bool) -> Arrays:
        arrays, damaged = read_from_disk(
            [name + suffix for suffix in self.suffixes],
            self.folder,
            data_home,
            lambda path: self._read_verified(path, name),
            top_folder=self.top_folder,
        )
        if arrays is not None:
            return arrays
        cache = cache_of(self.folder, data_home)
        if not download_if_missing:
            raise self._not_found(name, cache, ["`download_if_missing` is False", *damaged])
        return self._download(name, cache, damaged)

    def _download(self, name: str, cache: Path, damaged: list[str]) -> Arrays:
        """Download a file into the cache, from the first mirror that delivers it whole."""
        target = cache / self._published_name(name)
        if target.is_dir():
            raise IsADirectoryError(
                EISDIR,
                f"there is a folder in the place of {self.title}'s file; move or delete it",
                str(target),
            )
        failures = []
        for mirror in self.mirrors:
            with folder_for_download(cache) as folder:
                path = folder / target.name
                try:
                    download(f"{mirror}{target.name}", path)
                    arrays = self._read_verified(path, name)
                except (OSError, ValueError) as error:
                    failures.append(f"{mirror}: {innermost(error)}")
                    continue
                # Windows refuses while another process reads the file that it has just put there.
                with suppress(PermissionError):
                    path.replace(target)
                return arrays
        raise self._not_found(name, cache, [*damaged, *failures])

    def _read_verified(self, path: Path, name: str) -> Arrays:
        """Return the arrays of a file; check that it is the one published under this name."""
        md5, read = self.open(path)
        if md5 != self.md5_of[name]:
            raise ValueError(
                f"{path} is not {self.title}'s {name}: expected an MD5 of {self.md5_of[name]}, got "
                f"{md5}. Replace it by the original file or delete it.{self.advice}"
            )
        return read()

    def _published_name(self, name: str) -> str:
        return name + self.suffixes[0]

    def _not_found(self, name: str, cache: Path, reasons: list[str]) -> OSError:
        files = ", ".join(map(self._published_name, self.md5_of))
        return not_found(f"{self.title}'s {name} is", files, cache, reasons)


# How files are opened


def open_idx(path: Path) -> Opened:
    """Open an IDX file; its MD5 is that of its content, as mirrors may compress it differently."""
    header, array = read_header_and_array(path)
    digest = hashlib.md5(header.raw, usedforsecurity=False)
    digest.update(array.data.cast("B"))
    return digest.hexdigest(), lambda: (array,)


def verified_before(read: Callable[[Path], Arrays]) -> Callable[[Path], Opened]:
    """Return a function that opens files whose MD5 is that of their bytes, as they are."""
    return lambda path: (_md5_of_file(path), lambda: read(path))


def _md5_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
