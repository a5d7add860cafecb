"""Each measurement runs in a process of its own, and says where and with what it was taken."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("skmnist", "scikit-learn", "numpy", "keras", "tensorflow", "jax", "torch", "scikeras",
             "skorch")  # fmt: skip


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
        "machine": {"processor": _processor(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), **_versions()},
        "measurements": measurements,
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written to {path}")


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")
