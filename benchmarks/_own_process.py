"""Measurements in separate processes, saved with the machine and the versions used."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from typing import Any

from skmnist._utils.files import write
from skmnist._utils.provenance import machine, versions

_PEERS = "scikeras", "skorch"
RESULTS = Path(__file__).parent / "results"


def measure(script: str, *arguments: Any, core: int | None = None) -> dict[str, Any]:
    """Run ``python script arguments...`` and return the JSON object on its last line."""
    command = [sys.executable, script, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if core is not None:
        os.sched_setaffinity(process.pid, {core})
    output, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{errors}")
    return json.loads(output.splitlines()[-1])


def measure_on_cores(script: str, jobs: Iterable[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Run the script with each list of arguments, one process per core; not for timings."""
    cores: Queue[int] = Queue()
    for core in os.sched_getaffinity(0):
        cores.put(core)

    def on_a_core(arguments: Sequence[Any]) -> dict[str, Any]:
        core = cores.get()
        try:
            return measure(script, *arguments, core=core)
        finally:
            cores.put(core)

    with ThreadPoolExecutor(cores.qsize()) as pool:
        yield from pool.map(on_a_core, jobs)


def measured(name: str) -> dict[str, Any]:
    """Return the measurements in ``results/name.json`` of this machine and these versions."""
    path = RESULTS / f"{name}.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    same = found and found["machine"] == machine() and found["versions"] == versions(*_PEERS)
    return found["measurements"] if same else {}


def update(name: str, protocol: str, measurements: dict[str, Any]) -> dict[str, Any]:
    """Add measurements to those of this machine and these versions; return all of them."""
    measurements = {**measured(name), **measurements}
    save(name, protocol, measurements)
    return measurements


def save(name: str, protocol: str, measurements: Any) -> None:
    """Write the measurements with machine, versions and date to ``results/name.json``."""
    RESULTS.mkdir(exist_ok=True)
    report = {
        "protocol": " ".join(protocol.split()),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(*_PEERS),
        "measurements": measurements,
    }
    path = RESULTS / f"{name}.json"
    write(path, (json.dumps(report, indent=1) + "\n").encode())  # whole, even if this is ended
    print(f"written to {path}")
