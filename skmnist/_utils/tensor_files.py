"""What files of tensors and JSON that need not be trusted have in common."""

import hashlib
import os
from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

_LONGEST_HEADER = 1 << 24


def digest(tensors: Iterable[tuple[str, NDArray[Any]]], text: str) -> str:
    """Return the SHA-256 of a text and of tensors, in the order of their names.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._utils.tensor_files import digest
    >>> digest([("a", np.zeros(2))], "") == digest([("a", np.zeros((2, 1)))], "")
    False
    """
    total = hashlib.sha256(text.encode())
    for name, values in tensors:
        total.update(f"{name} {values.dtype.str} {values.shape} ".encode())
        total.update(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
    return total.hexdigest()


def open_tensors(path: str | os.PathLike[str]) -> Any:
    """Open a file in the safetensors format with :func:`safetensors.safe_open`.

    Raises
    ------
    ValueError
        If its header is so long that reading it takes seconds.
    OSError
        If it can't be read.
    """
    with Path(path).open("rb") as file:
        check_header(file.read(8))
    return safe_open(str(path), framework="np")


def check_header(content: bytes) -> None:
    """Raise an error for too long a header, whose length is in a file's first eight bytes.

    Examples
    --------
    >>> from skmnist._utils.tensor_files import check_header
    >>> check_header(bytes([2, 0, 0, 0, 0, 0, 0, 0]))
    """
    length = int.from_bytes(content[:8], "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"its header has {length:,} bytes; expected {_LONGEST_HEADER:,} at most.")


def stored_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of an array in a file: that of its bits, if it isn't one of NumPy's.

    Examples
    --------
    >>> import ml_dtypes
    >>> import numpy as np
    >>> from skmnist._utils.tensor_files import stored_dtype
    >>> stored_dtype(np.dtype("float32")), stored_dtype(np.dtype(ml_dtypes.bfloat16))
    (dtype('float32'), dtype('uint16'))
    """
    return np.dtype(f"u{dtype.itemsize}") if dtype.kind == "V" else dtype


def finite_number(text: str) -> float:
    """Parse a number of JSON that isn't whole; raise an error for NaN and infinity.

    Examples
    --------
    >>> from skmnist._utils.tensor_files import finite_number
    >>> finite_number("0.5")
    0.5
    """
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} in its JSON; expected finite numbers.")
    return number
