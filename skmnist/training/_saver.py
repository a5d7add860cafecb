"""What a fit has reached as a file that contains only data, and a run that goes on from it."""

import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save as as_safetensors

from skmnist._utils.errors import shown
from skmnist._utils.files import check_writable, make_folder, write
from skmnist._utils.provenance import versions
from skmnist._utils.tensor_files import digest, finite_number, open_tensors, stored_dtype
from skmnist.training._checkpoint import Checkpoint, CheckpointFolder, find_checkpoint
from skmnist.training._contract import Saved, Saver, State
from skmnist.training._identity import Identity, differences
from skmnist.training._precision import DTYPES

_FORMAT_VERSION = 1
_NAME = "skmnist_checkpoint"
_KEYS = {"format_version", "seed", "dtype", "identity", "phases", "versions", "sha256"}
_SECONDS = 60
_LENGTH_OF_NAME = 32


@dataclass(frozen=True)
class Reached:
    """What a checkpoint's file holds.

    Parameters
    ----------
    seed : int
        The seed of the fit, which ``random_state=None`` takes over.
    dtype : str
        The precision of the network, which ``dtype="auto"`` takes over.
    identity : dict of str to str
        What the result depends on.
    phases : sequence of Saved
        The phases that have begun; all but the last have ended.
    """

    seed: int
    dtype: str
    identity: Identity
    phases: Sequence[Saved]


class CheckpointFile:
    """The file of a fit's checkpoint, and what it holds if the fit goes on from it.

    Parameters
    ----------
    checkpoint : str, path-like or Checkpoint
        As `fit` takes it.
    resume : bool
        Whether to go on from the file if it is there.

    Raises
    ------
    ValueError
        If the file is damaged or isn't a checkpoint, without `resume` too, as it would be replaced.
    OSError
        If it can't be read, or none can be written there.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skmnist.training._saver import CheckpointFile
    >>> with TemporaryDirectory() as folder:
    ...     CheckpointFile.of(Path(folder, "none.checkpoint"), True).reached is None
    True
    """

    def __init__(self, checkpoint: Any, resume: bool) -> None:
        self._path = Path(checkpoint.path).expanduser()
        self._checkpoint = checkpoint
        check_writable(self._path)
        if not resume:
            _check_is_no_other(self._path)
        self.reached = read_checkpoint(self._path) if resume and self._path.exists() else None

    @classmethod
    def of(cls, checkpoint: Any, resume: Any) -> "CheckpointFile | CheckpointFiles | None":
        """Return the file that the arguments of `fit` describe, or the folder of many, or None."""
        found = find_checkpoint(checkpoint, resume)
        if isinstance(found, CheckpointFolder):
            return CheckpointFiles(found, bool(resume))
        return None if found is None else cls(found, bool(resume))

    def saver(
        self, seed: int, dtype: str, identity: Identity, goes_on: bool = False
    ) -> "FileSaver":
        """Return what keeps a fit in the file; whether it `goes_on` decides nothing here.

        Raises
        ------
        ValueError
            If the file is another fit's.
        """
        if self.reached is not None and self.reached.identity != identity:
            raise ValueError(
                f"checkpoint={str(self._path)!r} is of another fit: "
                f"{differences(self.reached.identity, identity)}. Fit the same network on the same "
                "data with the same settings to go on, give another path, or set resume=False to "
                "start over. For the many fits of a search, give CheckpointFolder(path)."
            )
        return FileSaver(self, seed, dtype, identity)

    def is_due(self, n_epochs: int, seconds: float) -> bool:
        """Return whether it is time for a file, so long after the last one."""
        minutes = self._checkpoint.every_minutes
        in_time = minutes is None or seconds >= _SECONDS * minutes
        return in_time and n_epochs >= self._checkpoint.every_epochs

    def write(self, reached: Reached) -> None:
        """Replace the file; an error of the system, such as a full disk, is a warning."""
        try:
            write(self._path, _as_bytes(reached))
        except OSError as error:
            warnings.warn(
                f"no checkpoint could be written: {error}. Training goes on; a file from before is "
                "still whole.",
                stacklevel=2,
            )


class CheckpointFiles:
    """The files of many fits in a folder, named by what distinguishes the fits.

    Parameters
    ----------
    folder : CheckpointFolder
        The folder.
    resume : bool
        Whether fits go on from the files that are there.

    Raises
    ------
    OSError
        If the folder can't be made, such as where a file is, or nothing can be written to it.
    """

    reached = None  # which file it is becomes known with the data

    def __init__(self, folder: CheckpointFolder, resume: bool) -> None:
        self._path, self._resume = Path(folder.path).expanduser(), resume
        make_folder(self._path, "checkpoint")

    def saver(
        self, seed: int, dtype: str, identity: Identity, goes_on: bool = False
    ) -> "FileSaver":
        """Return what keeps a fit in its file, with what one of fewer epochs has reached."""
        n_epochs = int(identity["epochs"])
        if goes_on:
            identity = {name: text for name, text in identity.items() if name != "epochs"}
        name = sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:_LENGTH_OF_NAME]
        # Written at the end only: a search has many fits, of which few are ended before.
        path = self._path / f"{name}-{n_epochs}.checkpoint"
        file = CheckpointFile(Checkpoint(path, every_epochs=sys.maxsize), self._resume)
        if self._resume and file.reached is None and goes_on:
            file.reached = self._longest(name, n_epochs)
        saver = file.saver(seed, dtype, identity)
        saver.is_beginning = goes_on
        return saver

    def _longest(self, name: str, n_epochs: int) -> Reached | None:
        """Return what a fit of fewer epochs has reached, of as many as there are."""
        found = {int(path.stem.split("-")[1]): path for path in self._path.glob(f"{name}-*")}
        shorter = [n for n in found if n < n_epochs]
        return read_checkpoint(found[max(shorter)]) if shorter else None


class FileSaver(Saver):
    """Keeps a phase of a fit in a file.

    Parameters
    ----------
    file : CheckpointFile
        The file.
    seed, dtype, identity
        As in `Reached`.
    before : sequence of Saved, default=()
        The phases that have ended.
    """

    def __init__(
        self,
        file: CheckpointFile,
        seed: int,
        dtype: str,
        identity: Identity,
        before: Sequence[Saved] = (),
    ) -> None:
        self._file = file
        # A longer fit goes on from the state as it was trained, not from what is returned.
        self.is_beginning = False
        self._of_fit = seed, dtype, identity
        self._before = list(before)
        phases = [] if file.reached is None else file.reached.phases
        self.saved = phases[len(before)] if len(before) < len(phases) else None
        self.n_epochs = sum(len(phase.history["loss"]) for phase in phases)
        self._start_counting()

    def _start_counting(self) -> None:
        self._n_since, self._since = 0, monotonic()

    def epoch_ended(self, reached: Callable[[], Saved], is_last: bool = False) -> None:
        """Write what was reached, if it is time to."""
        if is_last:
            if self.is_beginning:
                self._write(reached())
            return
        self._n_since += 1
        if self._file.is_due(self._n_since, monotonic() - self._since):
            self._write(reached())
            self._start_counting()

    def training_ended(self, reached: Saved) -> None:
        """Write what the phase has returned."""
        self.saved = reached
        if not self.is_beginning:
            self._write(reached)

    def next_phase(self) -> "FileSaver":
        """Return what keeps the following phase."""
        assert self.saved is not None, "a phase follows one that has ended"
        return FileSaver(self._file, *self._of_fit, before=[*self._before, self.saved])

    def _write(self, reached: Saved) -> None:
        self._file.write(Reached(*self._of_fit, [*self._before, reached]))


# -- the format ---------------------------------------------------------------------------


def _as_bytes(reached: Reached) -> bytes:
    tensors: dict[str, NDArray[Any]] = {}
    for i, phase in enumerate(reached.phases):
        tensors |= _tensors(f"{i}/", phase)
    content = {
        "format_version": _FORMAT_VERSION,
        "seed": reached.seed,
        "dtype": reached.dtype,
        "identity": reached.identity,
        "phases": [
            {"ended": phase.ended, "curves": list(phase.history)} for phase in reached.phases
        ],
        "versions": versions("safetensors"),
    }
    content["sha256"] = digest(sorted(tensors.items()), json.dumps(content))
    return as_safetensors(tensors, {_NAME: json.dumps(content)})


def _tensors(place: str, phase: Saved) -> dict[str, NDArray[Any]]:
    lists = {
        "latest/network": phase.latest.network,
        "latest/optimizer": phase.latest.optimizer or (),
        "best/network": () if phase.best is None else phase.best.network,
        "best/optimizer": () if phase.best is None else phase.best.optimizer or (),
        "history": [np.array(curve, np.float64) for curve in phase.history.values()],
    }
    return {
        f"{place}{name}/{i}": np.asarray(value, order="C").view(stored_dtype(value.dtype))
        for name, values in lists.items()
        for i, value in enumerate(values)
    }


def read_checkpoint(path: str | os.PathLike[str]) -> Reached:
    """Read a file that need not be trusted; nothing in it is executed or imported.

    Raises
    ------
    ValueError
        If the file is damaged or isn't a checkpoint.
    """
    with _named_in_errors(path), open_tensors(path) as file:
        content = _content(file.metadata())
        tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
        rest = {name: part for name, part in content.items() if name != "sha256"}
        if digest(tensors.items(), json.dumps(rest)) != content["sha256"]:
            raise ValueError("it is damaged: what it holds doesn't have its SHA-256.")
        phases = [_phase(part, f"{i}/", tensors) for i, part in enumerate(content["phases"])]
        if not phases or not all(phase.ended for phase in phases[:-1]):
            raise ValueError("expected phases of which all but the last have ended.")
        if tensors:
            raise ValueError(f"it has unknown tensors: {shown(sorted(tensors))}.")
        return Reached(content["seed"], content["dtype"], content["identity"], phases)


def _check_is_no_other(path: Path) -> None:
    """Raise an error for a file that isn't a checkpoint, and would be replaced by one."""
    if not path.exists() or not path.stat().st_size:
        return
    try:
        with open_tensors(path) as file:
            if set(file.metadata() or {}) == {_NAME}:
                return
    except (OSError, SafetensorError, ValueError):
        pass
    raise ValueError(
        f"checkpoint={str(path)!r} is a file that isn't a checkpoint, and would be replaced. Give "
        "another path, or delete it."
    )


@contextmanager
def _named_in_errors(path: Any) -> Iterator[None]:
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(
            f"checkpoint={str(path)!r} can't be resumed from: {error} Set resume=False to start "
            "over, or give another path."
        ) from error


def _content(metadata: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the content of the JSON, each part of the type that it has to be."""
    if set(metadata or {}) != {_NAME}:
        raise ValueError("it isn't a checkpoint that fit has written.")
    text = (metadata or {})[_NAME]
    content = json.loads(text, parse_float=finite_number, parse_constant=finite_number)
    if not isinstance(content, dict) or content.get("format_version") != _FORMAT_VERSION:
        raise ValueError(
            f"expected format version {_FORMAT_VERSION}; a file of a later version needs a newer "
            "skmnist."
        )
    if content.keys() != _KEYS:
        raise ValueError(f"its JSON has {shown(sorted(content))}; expected {sorted(_KEYS)}.")
    seed, phases = content["seed"], content["phases"]
    right = {
        "seed": type(seed) is int and 0 <= seed < 2**31,
        "dtype": content["dtype"] in DTYPES[1:],
        "identity": _is_identity(content["identity"]),
        "phases": isinstance(phases, list) and all(map(_is_phase, phases)),
    }
    for name, is_right in right.items():
        if not is_right:
            raise ValueError(f"{name} is {shown(content[name])}, which no fit has written.")
    return content


def _is_identity(value: Any) -> bool:
    return isinstance(value, dict) and all(type(text) is str for text in value.values())


def _is_phase(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {"ended", "curves"}:
        return False
    names = value["curves"]
    are_names = isinstance(names, list) and all(type(name) is str for name in names)
    return type(value["ended"]) is bool and are_names and len(set(names)) == len(names)


def _phase(part: Mapping[str, Any], place: str, tensors: dict[str, NDArray[Any]]) -> Saved:
    """Return a phase, and remove its tensors."""
    network, optimizer, best_network, best_optimizer, curves = (
        _taken(tensors, f"{place}{name}/")
        for name in (
            "latest/network",
            "latest/optimizer",
            "best/network",
            "best/optimizer",
            "history",
        )
    )
    best = State(best_network, best_optimizer) if best_network or best_optimizer else None
    return Saved(State(network, optimizer), best, _history(part["curves"], curves), part["ended"])


def _taken(tensors: dict[str, NDArray[Any]], prefix: str) -> list[NDArray[Any]]:
    """Remove and return the tensors whose names are a prefix and the numbers from 0 on."""
    values: list[NDArray[Any]] = []
    while (name := f"{prefix}{len(values)}") in tensors:
        values.append(tensors.pop(name))
    return values


def _history(names: Sequence[str], curves: Sequence[NDArray[Any]]) -> dict[str, list[float]]:
    lengths = {curve.shape for curve in curves}
    are_numbers = all(curve.dtype == np.float64 and curve.ndim == 1 for curve in curves)
    if len(curves) != len(names) or len(lengths) != 1 or not are_numbers or "loss" not in names:
        raise ValueError("its history isn't one number per epoch for each of its curves.")
    return {name: curve.tolist() for name, curve in zip(names, curves, strict=True)}
