"""Data that are in memory as a whole, or in parts of whole batches, and their order."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.row_sources import RowSource
from skmnist.training._contract import Data, Plan

_BYTES_IN_PART = 2**25


class Part(NamedTuple):
    """Some of the rows that a loop runs over, ready for it.

    Parameters
    ----------
    data : tuple of tensors
        What a trainer has loaded.
    rows : ndarray of int32
        The rows' numbers in `data`, in the order of the loop.
    start : int
        The number of rows in the parts before.
    """

    data: Any
    rows: NDArray[Any]
    start: int


def epoch_order(plan: Plan, data: Data, rng: np.random.Generator) -> NDArray[Any]:
    """Return the training rows in the order of one epoch.

    Rows that are read in blocks are shuffled block by block, then within each part.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.training._contract import Data, Plan
    >>> from skmnist.training._parts import epoch_order
    >>> rows = np.arange(5)
    >>> data = Data(np.zeros((5, 1, 1, 1)), rows, np.ones(5), rows, rows[:0], 1.0)
    >>> plan = Plan(epochs=1, batch_size=2, learning_rate=0.1, schedule=None, seed=0)
    >>> epoch_order(plan, data, np.random.default_rng(0)).tolist()
    [2, 4, 3, 0, 1]
    """
    rows, images = data.train_rows, data.images
    if not plan.shuffle:
        return rows
    if not isinstance(images, RowSource) or images.block_size == 1:
        return rng.permutation(rows)
    blocks = np.split(rows, range(images.block_size, len(rows), images.block_size))
    order = np.concatenate([blocks[i] for i in rng.permutation(len(blocks))])
    size = _rows_in_part(images, plan.batch_size)
    for start in range(0, len(order), size):
        rng.shuffle(order[start : start + size])
    return order


class Parts:
    """Loads data as a whole if the images are an array, else part by part.

    Parameters
    ----------
    data : Data
        The data.
    load : callable
        Copies images, labels, weights, scale and background to the device.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from skmnist._inputs.sparse_rows import SparseRows
    >>> from skmnist.training._contract import Data, Plan
    >>> from skmnist.training._parts import Parts
    >>> images = SparseRows(csr_array(np.eye(3))).reshape(-1, 1, 3, 1)
    >>> order = np.array([2, 0, 1])
    >>> data = Data(images, np.arange(3), np.ones(3), order, order[:0], 1.0)
    >>> [part.data.labels.tolist() for part in Parts(data, lambda data: data).of(order, 2)]
    [[2, 0, 1]]
    """

    def __init__(self, data: Data, load: Callable[[Data], Any]) -> None:
        self._data = data
        self._load = load
        self._whole = None if isinstance(data.images, RowSource) else load(data)

    def of(self, rows: NDArray[Any], batch_size: int) -> Iterator[Part]:
        """Yield these rows in parts, each but the last of whole batches."""
        if self._whole is not None:
            yield Part(self._whole, rows, 0)
            return
        size = _rows_in_part(self._data.images, batch_size)
        start = 0
        for part in self._data.parts(rows, size):
            numbers = np.arange(len(part.labels), dtype=np.int32)
            yield Part(self._load(part), numbers, start)
            start += len(numbers)


def _rows_in_part(images: RowSource, batch_size: int) -> int:
    in_one_row = images.size // len(images) * images.dtype.itemsize
    return max(1, _BYTES_IN_PART // (in_one_row * batch_size)) * batch_size
