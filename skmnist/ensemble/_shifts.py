"""Images moved by whole pixels."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray


def shifted(images: NDArray, offsets: Sequence[tuple[int, int]]) -> Iterator[NDArray]:
    """Give the images moved (down, right) by each offset, one copy at a time.

    Pixels that come in are 0.
    """
    _, height, width, _ = images.shape
    most = max((abs(step) for offset in offsets for step in offset), default=0)
    padded = np.pad(images, [(0, 0), (most, most), (most, most), (0, 0)])
    for down, right in offsets:
        top, left = most - down, most - right
        yield padded[:, top : top + height, left : left + width]
