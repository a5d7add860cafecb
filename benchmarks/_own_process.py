"""Each measurement runs in a process of its own, and says where and with what it was taken."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skmnist._provenance import machine, versions

_PEERS = "scikeras", "skorch"
RESULTS = Path(__file__).parent / "results"


def measure(script: str, *arguments: Any) -> dict[str, Any]:
    """Run ``python script arguments...`` and read the JSON object on its last line."""
    command = [sys.executable, script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def update(name: str, protocol: str, measurements: dict[str, Any]) -> dict[str, Any]:
    """Add measurements to those in ``results/name.json`` that are of this machine and versions.

    Gives all of them.
    """
    path = RESULTS / f"{name}.json"
    old = json.loads(path.read_text()) if path.exists() else {}
    same = old and old["machine"] == machine() and old["versions"] == versions(*_PEERS)
    measurements = {**(old["measurements"] if same else {}), **measurements}
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
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written to {path}")
