"""Data that are read batch by batch in each epoch, and are nowhere as a whole."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, NoReturn

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skmnist._inputs.batches import Batch, BatchSource, cut
from skmnist._inputs.row_sources import RowSource
from skmnist.training._contract import Data


class StreamedImages(RowSource):
    """The shape and the dtype of images that come with their labels only.

    Parameters
    ----------
    shape : tuple of int
        That of the whole.
    dtype : dtype
        That of the images.

    Examples
    --------
    >>> from skmnist.training._stream import StreamedImages
    >>> len(StreamedImages((5, 28, 28, 1), "uint8"))
    5
    """

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        # Only those that are read together can change their order.
        self.block_size = max(1, len(self))

    def __getitem__(self, rows: NDArray[Any] | slice) -> Any:
        raise ValueError(
            "the samples of fit_batches are in no array, of which a part could be taken, as by a "
            "callback that scores the training set."
        )

    def reshape(self, n: int, *row_shape: int) -> "StreamedImages":
        """Return images of another shape."""
        return StreamedImages((len(self), *row_shape), self.dtype)

    def as_passed(self, rows: NDArray[Any]) -> Any:
        """Raise an error."""
        return self[rows]


@dataclass(frozen=True, kw_only=True)
class StreamedData(Data):
    """Data whose images, labels and weights come in batches.

    The order may differ from epoch to epoch; the number of samples may not.

    Parameters
    ----------
    images : StreamedImages
        Their shape.
    labels, weights
        Of all samples, in the order of the first pass.
    source : BatchSource
        Where they come from.
    converted : callable
        Returns a batch as `Data`.
    """

    source: BatchSource
    converted: Callable[[Batch], Data]

    @classmethod
    def of(
        cls, like: Data, source: BatchSource, converted: Callable[[Batch], Data], n: int
    ) -> "StreamedData":
        """Return `n` samples of a source that are like others, whose images are in memory."""
        images = StreamedImages((n, *like.images.shape[1:]), like.images.dtype)
        same = {each.name: getattr(like, each.name) for each in fields(Data)}
        return cls(**{**same, "images": images}, source=source, converted=converted)

    def parts(self, rows: NDArray[Any], size: int) -> Iterator[Data]:
        """Yield the samples as they come, each part in the order of the rows."""
        batches = cut(self.source.read(), size)
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            batch = next(batches, None)
            n = 0 if batch is None else len(batch)
            if batch is None or n != len(some):
                self._refuse(f"{start + n:,}", len(rows))
            yield self.converted(batch.take(some - start))
        if next(batches, None) is not None:
            self._refuse(f"more than {len(rows):,}", len(rows))

    def _refuse(self, found: str, expected: int) -> NoReturn:
        raise ValueError(
            f"{self.source.name} has {found} samples in one pass, and had {expected:,} in the "
            "first one; expected as many in each. If a function returns the batches, it has to "
            "begin anew in each call."
        )
