"""Images moved by whole pixels."""

from collections.abc import Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from skmnist._inputs.pixels import framed


def shifted(images: NDArray[Any], offsets: Sequence[tuple[int, int]]) -> Iterator[NDArray[Any]]:
    """Yield the images moved by each offset (down, right), one copy at a time.

    Pixels that enter have the value of the image's background, the median of its border.
    """
    _, height, width, _ = images.shape
    most = max((abs(step) for offset in offsets for step in offset), default=0)
    padded = framed(images, (most, most), (most, most))
    for down, right in offsets:
        top, left = most - down, most - right
        yield padded[:, top : top + height, left : left + width]
