"""The machine and the package versions that a measurement was made with."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import joblib

_PACKAGES = ("skmnist", "scikit-learn", "numpy", "scipy", "keras", "tensorflow", "jax", "torch")


def machine() -> dict[str, Any]:
    """Return the processor's name, its number of cores and whether it computes in bfloat16."""
    return {
        "processor": next(_processor_entries("model name"), platform.machine()),
        "cores": joblib.cpu_count(),
        "bfloat16": "_bf16" in next(_processor_entries("flags"), ""),
    }


def versions(*more: str) -> dict[str, str]:
    """Return the versions of Python and of the relevant packages that are installed."""
    found = {"python": platform.python_version()}
    for package in (*_PACKAGES, *more):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor_entries(key: str) -> Iterator[str]:
    """Yield each core's entry in Linux's /proc/cpuinfo, which has more than `platform`."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        if line.startswith(key):
            yield line.partition(":")[2].strip()
