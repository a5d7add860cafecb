"""Class labels as JSON."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.errors import unknown_name
from skmnist.persistence._checks import is_list_of, shortened, with_keys

# The names of dtypes, and the Python types of their labels.
_PYTHON_TYPES: dict[str, type] = {
    "bool": bool,
    **{f"{sign}int{bits}": int for sign in ("", "u") for bits in (8, 16, 32, 64)},
    **{f"float{bits}": float for bits in (16, 32, 64)},
    "str": str,
    "object": str,
}
# Larger arrays of strings that are mostly padding are read as arrays of objects.
_MOST_PADDED_LETTERS = 1 << 20


def encoded_labels(classes: NDArray[Any]) -> dict[str, Any]:
    """Return class labels as values for JSON."""
    dtype = "str" if classes.dtype.kind == "U" else classes.dtype.name
    labels = classes.tolist()
    if not all(type(label) is _PYTHON_TYPES.get(dtype) for label in labels):
        raise TypeError(
            f"Class labels of dtype {classes.dtype} can't be saved as data: {labels[0]!r}, ...; "
            "fit on numbers, strings or booleans, or use joblib."
        )
    return {"dtype": dtype, "labels": labels}


def decoded_labels(section: Any) -> NDArray[Any]:
    """Return class labels from JSON; raise an error unless they have their dtype and ascend."""
    section = with_keys(section, ("dtype", "labels"), "classes")
    dtype, labels = section["dtype"], section["labels"]
    if not isinstance(dtype, str) or dtype not in _PYTHON_TYPES:
        raise unknown_name("classes: dtype", str(dtype), _PYTHON_TYPES)
    if not is_list_of(_PYTHON_TYPES[dtype], labels) or len(labels) < 2:
        raise ValueError(f"classes are {shortened(labels)}; expected two or more of {dtype}.")
    try:
        classes = np.array(labels, dtype=object if _is_mostly_padding(dtype, labels) else dtype)
    except OverflowError:
        classes = np.empty(0)  # they don't fit into the dtype
    if classes.tolist() != labels or not all(one < next_ for one, next_ in pairwise(labels)):
        raise ValueError(f"classes are {shortened(labels)}; expected {dtype}, ascending.")
    return classes


def _is_mostly_padding(dtype: str, labels: list[Any]) -> bool:
    """Return whether NumPy's strings, all padded to the longest, would take much more memory."""
    if dtype != "str":
        return False
    padded, letters = len(labels) * max(map(len, labels)), sum(map(len, labels))
    return padded > _MOST_PADDED_LETTERS and padded > 10 * letters
