"""Images side by side."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.pixels import background

TITLE_ROOM = 1.15  # height of a cell whose width is 1
_PART = 0.92  # of a cell's width that the image takes


def plot_images(
    ax: Any, images: NDArray[Any], titles: Sequence[str], n_columns: int
) -> NDArray[Any]:
    """Draw a grid of images inside the given axes, each under its title.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes that the grid fills.
    images : ndarray of shape (n, height, width, channels)
        Images; as many are drawn as there are titles.
    titles : sequence of str
        One per image.
    n_columns : int
        Number of images per row.

    Returns
    -------
    axes : ndarray of shape (n_drawn,) of matplotlib Axes
        Axes of the images.
    """
    ax.set_axis_off()
    boxes = _boxes(len(titles), n_columns)
    axes = np.array([ax.inset_axes(box) for box in boxes], dtype=object)
    cmap = _colours_of(images) if len(images) else ""
    for ax_one, image, title in zip(axes, images, titles, strict=False):
        _plot_image(ax_one, image, title, cmap)
    return axes


def _colours_of(images: NDArray[Any]) -> str:
    """Return the colour map for images in grey: bright ink on a dark ground is printed as dark."""
    low, high = float(images.min()), float(images.max())
    is_dark = float(background(images)[0]) <= low + (high - low) / 10
    return "gray_r" if is_dark else "gray"


def _plot_image(ax: Any, image: NDArray[Any], title: str, cmap: str) -> None:
    if image.shape[-1] == 1:
        ax.imshow(image[..., 0], cmap=cmap)
    else:
        ax.imshow(image / max(image.max(), 1))
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize="small", pad=3)


def _boxes(n_images: int, n_columns: int) -> list[tuple[float, float, float, float]]:
    """Return (left, bottom, width, height) of each cell, row by row from the top, in axes units."""
    n_rows = ceil(n_images / n_columns)
    width, height = 1 / n_columns, 1 / max(n_rows, 1)
    image = _PART / TITLE_ROOM
    return [
        (i % n_columns * width, 1 - (i // n_columns + 1) * height, _PART * width, image * height)
        for i in range(n_images)
    ]
