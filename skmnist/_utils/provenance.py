"""Where and with what something was measured."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import joblib

_PACKAGES = ("skmnist", "scikit-learn", "numpy", "scipy", "keras", "tensorflow", "jax", "torch")


def machine() -> dict[str, Any]:
    """Name the processor, count its cores, tell whether it computes in bfloat16."""
    return {
        "processor": next(_told_of_processor("model name"), platform.machine()),
        "cores": joblib.cpu_count(),
        "bfloat16": "_bf16" in next(_told_of_processor("flags"), ""),
    }


def versions(*more: str) -> dict[str, str]:
    """Tell the versions of Python and of the packages that matter here, where installed."""
    found = {"python": platform.python_version()}
    for package in (*_PACKAGES, *more):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _told_of_processor(key: str) -> Iterator[str]:
    """Give what Linux's file, which says more than `platform`, tells of each core."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        if line.startswith(key):
            yield line.partition(":")[2].strip()
