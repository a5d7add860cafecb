"""Mutated files for a target, and what becomes of them."""

import traceback
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from _fuzz_targets import TARGETS
from _mutations import Mutated

SEED = 0


class Outcome(NamedTuple):
    """What became of a mutated file: "equal", "other", "refused", "unusable" or "finding".

    "unusable" is an estimator that is loaded, and refuses samples with a ValueError.
    """

    kind: str
    cause: str = ""
    details: str = ""


class Attack:
    """The mutations of one target.

    Parameters
    ----------
    name : str
        The target's name.
    path : Path
        Where the mutated files are written, one after another.
    seeds : dict of str to bytes
        Intact files.
    meter : context manager
        Is around each reading.
    """

    def __init__(self, name: str, path: Path, seeds: dict[str, bytes], meter: Any) -> None:
        self.name, self.target, self.path, self.meter = name, TARGETS[name], path, meter
        self.seeds = list(seeds.values())
        # Twice, as the first time builds what later ones share.
        self.intact = [self._read(content) for _ in range(2) for content in self.seeds]

    def mutated(self, i: int) -> Mutated:
        """Return mutation i."""
        return self.target.mutate(Random(f"{SEED} {self.name} {i}"), self.seeds)

    def outcome(self, mutated: Mutated) -> Outcome:
        """Read a mutated file, and judge what comes of it."""
        self.path.write_bytes(mutated.content)
        try:
            with self.meter:
                loaded = self.target.load(str(self.path))
        except (ValueError, OSError) as error:
            return Outcome("refused", type(error.__cause__ or error).__name__, str(error)[-200:])
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a panic of safetensors is no Exception
            return Outcome("finding", type(error).__name__, traceback.format_exc())
        try:
            answer = self.target.answer(loaded, mutated.content)
        except ValueError as error:
            return Outcome("unusable", str(error)[:60])
        except Exception as error:
            return Outcome("finding", type(error).__name__, traceback.format_exc())
        if answer in self.intact:
            return Outcome("equal")
        if mutated.signed:
            return Outcome("other")
        return Outcome("finding", "damage unnoticed", repr(answer)[:2000])

    def _read(self, content: bytes) -> Any:
        self.path.write_bytes(content)
        return self.target.answer(self.target.load(str(self.path)), content)
