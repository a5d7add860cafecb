"""Each measurement runs in a process of its own, and says where and with what it was taken."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skmnist._provenance import machine, versions

RESULTS = Path(__file__).parent / "results"


def measure(script: str, *arguments: Any) -> dict[str, Any]:
    """Run ``python script arguments...`` and read the JSON object on its last line."""
    command = [sys.executable, script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def save(name: str, protocol: str, measurements: Any) -> None:
    """Write the measurements with machine, versions and date to ``results/name.json``."""
    RESULTS.mkdir(exist_ok=True)
    report = {
        "protocol": " ".join(protocol.split()),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions("scikeras", "skorch"),
        "measurements": measurements,
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written to {path}")
