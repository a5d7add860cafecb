"""Cores that one process claims before others, by locks on files."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

# Open until the process ends, which frees the cores.
_claims: dict[int, IO[str]] = {}


def claimed(cores: list[int], share: int) -> set[int]:
    """Claim ``share`` cores until this process ends; return none if there are too few.

    Workers that are started one by one, as by Ray or ``dask worker``, have no numbers that differ,
    and a worker that replaces another one may get a neighbour's.

    Examples
    --------
    >>> from skmnist._utils.core_claims import claimed
    >>> claimed([], 1)
    set()
    """
    import fcntl

    folder = Path(tempfile.gettempdir()) / f"skmnist-cores-{os.getuid()}"
    claims: dict[int, IO[str]] = {}
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.lstat().st_uid != os.getuid():  # another user's, with links to any files perhaps
            return set()
        for core in cores:
            claim = (folder / f"{core}").open("a")
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                claim.close()
                continue
            claims[core] = claim
            if len(claims) == share:
                _claims.update(claims)
                return set(claims)
    for too_few in claims.values():
        too_few.close()
    return set()
