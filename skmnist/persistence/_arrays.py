"""The arrays of scikit-learn's objects as tensors, in the order of memory that they had.

The last bits of a product of matrices depend on that order.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist.persistence._checks import is_list_of, shortened
from skmnist.persistence._store import Store

_DTYPES = frozenset(
    [
        "bool",
        "float16",
        "float32",
        "float64",
        *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    ]
)
_STRINGS = re.compile(r"U(\d{1,6})")
_LAST_CODE_POINT = 0x10FFFF


class ArraysToWrite:
    """Gathers arrays as tensors of one archive.

    Parameters
    ----------
    store : Store
        Gets the tensors.
    place : str
        The prefix of their names, which are numbers.

    Attributes
    ----------
    layouts : list of str
        How each array is stored: "C" or "F" for the order of its axes in memory, the tensor having
        them reversed for "F"; "U5" for strings of five letters, whose code points are the last axis
        of the tensor.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.persistence._arrays import ArraysToWrite
    >>> from skmnist.persistence._store import Store
    >>> store = Store(print, print)
    >>> arrays = ArraysToWrite(store, "scikit-learn/0/")
    >>> arrays.put(np.zeros((2, 3))), arrays.put(np.array(["one", "two"]))
    (0, 1)
    >>> arrays.layouts, store.arrays["scikit-learn/0/1"].shape
    (['C', 'U3'], (2, 3))
    """

    def __init__(self, store: Store, place: str) -> None:
        self.layouts: list[str] = []
        self._store, self._place = store, place

    def put(self, array: NDArray[Any]) -> int:
        """Add an array, and return its number.

        Raises
        ------
        TypeError
            If it has a dtype that files don't hold.
        """
        layout, tensor = _as_tensor(array)
        self._store.arrays[f"{self._place}{len(self.layouts)}"] = tensor
        self.layouts.append(layout)
        return len(self.layouts) - 1


def read_arrays(layouts: Any, store: Store, place: str) -> list[NDArray[Any]]:
    """Return the arrays of an archive; raise an error unless each is stored as it should be."""
    if not is_list_of(str, layouts):
        raise ValueError(f"arrays are {shortened(layouts)}; expected a list of their layouts.")
    return [_as_array(layout, store.take(f"{place}{i}")) for i, layout in enumerate(layouts)]


def _as_tensor(array: NDArray[Any]) -> tuple[str, NDArray[Any]]:
    if array.dtype.kind == "U":
        letters = max(1, array.dtype.itemsize // 4)
        codes = np.array(array, dtype=f"=U{letters}", order="C").reshape(-1).view(np.uint32)
        return f"U{letters}", codes.reshape(*array.shape, letters)
    if array.dtype.name not in _DTYPES:
        raise TypeError(f"an array of dtype {array.dtype} can't be saved as data")
    if array.flags.f_contiguous and not array.flags.c_contiguous:
        return "F", np.ascontiguousarray(array.T)
    return "C", np.array(array, dtype=array.dtype.newbyteorder("="), order="C", ndmin=array.ndim)


def _as_array(layout: str, tensor: NDArray[Any]) -> NDArray[Any]:
    if layout in ("C", "F"):
        return tensor.T if layout == "F" else tensor
    strings = _STRINGS.fullmatch(layout)
    if not strings:
        raise ValueError(f"the layout of an array is {shortened(layout)}; expected C, F or U5.")
    letters = int(strings[1])
    if (
        letters < 1
        or tensor.dtype != np.uint32
        or tensor.shape[-1:] != (letters,)
        or tensor.max(initial=0) > _LAST_CODE_POINT
    ):
        raise ValueError(f"an array of strings is {tensor.dtype} of shape {tensor.shape}.")
    return np.ascontiguousarray(tensor).reshape(-1).view(f"=U{letters}").reshape(tensor.shape[:-1])
