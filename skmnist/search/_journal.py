"""A file of finished candidates, so that a search that was killed goes on where it was."""

import json
import os
from pathlib import Path
from typing import Any

_FORMAT_VERSION = 1
_DATA = "data"


class Journal:
    """The scores of finished candidates, each written to a file at once.

    The first line of the file describes the search, each further one a candidate.  A last line
    that was cut, as by a killed process, is dropped.

    Parameters
    ----------
    path : Path
        The file; made if it is missing.
    search : dict of str to str, int or None
        What the scores depend on, by the names that users know. A file without a finished candidate
        may be of another search; it is begun anew.
    data : str, default=""
        A digest of the data, which the scores depend on too.

    Raises
    ------
    ValueError
        If the file is of another search, or no such file at all.
    OSError
        If it can't be read or written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skmnist.search._journal import Journal
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "search.jsonl"
    ...     Journal(path, {"seed": 0}).add(3, {"scores": [0.9, 1.0]})
    ...     Journal(path, {"seed": 0}).finished
    {3: {'scores': [0.9, 1.0]}}
    """

    def __init__(self, path: Path, search: dict[str, Any], data: str = "") -> None:
        self._path = path
        self.finished: dict[int, dict[str, Any]] = {}
        search = {**search, _DATA: data}
        if path.exists():
            self._read(search)
        if not self.finished:
            path.write_bytes(b"")
            self._append({"format_version": _FORMAT_VERSION, "search": search})

    def add(self, number: int, found: dict[str, Any]) -> None:
        """Write what was found of a candidate."""
        self._append({"candidate": number, **found})
        self.finished[number] = found

    def _append(self, line: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, search: dict[str, Any]) -> None:
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        try:
            first, *lines = map(json.loads, whole.splitlines())
            written = dict(first["search"])
            self.finished = {int(line.pop("candidate")): line for line in lines}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{self._path} isn't the record of a search; move it elsewhere, or give another "
                "--output."
            ) from error
        if self.finished:
            _check_search(self._path, written, search)
        if len(whole) < len(content):
            os.truncate(self._path, len(whole))


def _check_search(path: Path, written: dict[str, Any], search: dict[str, Any]) -> None:
    """Raise an error if scores of one search would be taken for those of another."""
    different = [name for name in search if written.get(name) != search[name]]
    if different:
        name = different[0]
        raise ValueError(
            f"{path} has the candidates of another search: "
            + (
                "its images or labels are others"
                if name == _DATA
                else f"its {name} is {written.get(name)!r}, not {search[name]!r}"
            )
            + ". Search as before to go on, give another --output, or delete that file to begin "
            "anew."
        )
