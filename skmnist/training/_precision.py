"""The precision in which networks compute."""

import threading
import time
from typing import Any

from skmnist._utils.backend import (
    backend_name,
    check_execution_mode,
    load_keras,
)
from skmnist._utils.tensorflow_log import logs_of_tensorflow_held_back

DTYPES = ("auto", "float32", "mixed_bfloat16", "float64")

_lock = threading.Lock()
_fastest: str | None = None


def find_dtype(dtype: str) -> str:
    """Return the dtype policy; "auto" is the faster of float32 and mixed bfloat16.

    It is measured once per process.

    Parameters
    ----------
    dtype : {"auto", "float32", "mixed_bfloat16", "float64"}
        The parameter of the classifier.

    Returns
    -------
    policy : str
        Keras's name of a dtype policy.

    Examples
    --------
    >>> from skmnist.training._precision import find_dtype
    >>> find_dtype("float64")
    'float64'
    """
    global _fastest
    if dtype == "float64" and backend_name() == "jax":
        _check_float64()
    if dtype != "auto":
        return dtype
    with _lock:
        if _fastest is None:
            _fastest = _measure()
    return _fastest


def _check_float64() -> None:
    import jax

    if not jax.config.jax_enable_x64:
        raise ValueError(
            "dtype='float64': JAX would compute in float32. Set JAX_ENABLE_X64=1 before the first "
            "import of JAX, or take another dtype."
        )


def _measure() -> str:
    """Return the faster policy, found by timing a matrix product in both.

    If the processor has bfloat16, the product is about three times faster in it; if not, it is
    hardly slower, though convolutions are ten times slower.  The threshold between the two leaves
    room for noise, so that all processes on a machine make the same choice.
    """
    if backend_name() != "tensorflow":
        return "float32"
    import numpy as np

    check_execution_mode()
    ops = load_keras().ops
    matrix = np.linspace(-1, 1, 256 * 256, dtype=np.float32).reshape(256, 256)

    def seconds(kind: str) -> float:
        operand = ops.cast(matrix, kind)
        # Many short ones, so that some run undisturbed however busy the machine is.
        return min(_timed(ops.matmul, operand) for _ in range(30))

    with logs_of_tensorflow_held_back():  # it may log that bfloat16 is slow
        return "mixed_bfloat16" if seconds("bfloat16") < 0.7 * seconds("float32") else "float32"


def _timed(product: Any, operand: Any) -> float:
    start = time.perf_counter()
    product(operand, operand).numpy()
    return time.perf_counter() - start
