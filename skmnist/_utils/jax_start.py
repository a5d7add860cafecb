"""The start of JAX, without a fusion that computes wrong sums."""

import os
import sys
import warnings
from importlib.util import find_spec
from mmap import ACCESS_READ, mmap
from pathlib import Path

from skmnist._utils.environment import variable_set

_JAX_FUSION = "xla_cpu_experimental_ynn_fusion_type"


def start_jax() -> None:
    """Start JAX without the fusion that makes sums wrong on CPUs since 0.10.2.

    See https://github.com/jax-ml/jax/issues/39103.  JAX reads its flags when it starts; the user's
    flags are restored afterwards, and this one is left alone if the user has set it.
    """
    import jax

    flags = os.environ.get("XLA_FLAGS", "")
    corrected = _JAX_FUSION in flags or not _xla_knows(_JAX_FUSION)
    if jax_runs():
        if not corrected and jax.default_backend() == "cpu":
            warnings.warn(
                "JAX was started before skmnist could turn off a fusion that computes wrong sums "
                f"on CPUs (jax issue 39103). Set XLA_FLAGS=--{_JAX_FUSION}= before JAX is first "
                "used, or fit or load a classifier first.",
                RuntimeWarning,
                stacklevel=2,
            )
        return
    of_a_file = flags and not flags.startswith("-")  # the name of the user's file of flags
    if corrected or of_a_file:
        jax.devices()
        return
    with variable_set("XLA_FLAGS", f"{flags} --{_JAX_FUSION}=".strip()):
        jax.devices()


def _xla_knows(flag: str) -> bool:
    """Return whether JAX's library has a flag; an unknown flag would end the process."""
    spec = find_spec("jaxlib")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    for path in folder.glob("*jax_common*"):
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as library:
            if library.find(flag.encode()) >= 0:
                return True
    return False


def jax_runs() -> bool:
    """Return whether JAX has been started in this process."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    return bridge is not None and bool(bridge.backends_are_initialized())
