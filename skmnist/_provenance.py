"""Where and with what something was measured."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import joblib

_PACKAGES = ("skmnist", "scikit-learn", "numpy", "scipy", "keras", "tensorflow", "jax", "torch")


def machine() -> dict[str, Any]:
    """Name the processor and count its cores."""
    return {"processor": _processor(), "cores": joblib.cpu_count()}


def versions(*more: str) -> dict[str, str]:
    """Tell the versions of Python and of the packages that matter here, where installed."""
    found = {"python": platform.python_version()}
    for package in (*_PACKAGES, *more):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    """Return the processor's name, which Linux tells in a file and `platform` doesn't."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
