"""The ink of an image: what it is and where it lies."""

from abc import ABCMeta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.pixels import background, some_of
from skmnist._utils.sklearn import StrOptions
from skmnist.preprocessing._batches import real_dtype
from skmnist.preprocessing._image_transformer import ImageTransformer

_CLEARLY = 0.1


class Moments(NamedTuple):
    """Moments of ink, each of shape (n,), in pixels.

    Parameters
    ----------
    y, x : ndarray
        The centre of mass, measured from the middle of the first row and of the first column.
    yy, xx, yx : ndarray
        Variances and covariance of the ink's rows and columns.
    """

    y: NDArray[Any]
    x: NDArray[Any]
    yy: NDArray[Any]
    xx: NDArray[Any]
    yx: NDArray[Any]


class InkTransformer(ImageTransformer, metaclass=ABCMeta):
    """A transformer of images that works on their ink (abstract)."""

    _parameter_constraints: dict[str, list[Any]] = {
        **ImageTransformer._parameter_constraints,
        "ink": [StrOptions({"auto", "bright", "dark"})],
    }

    ink: Any

    def _learn(self, images: NDArray[Any]) -> None:
        self.ink_ = find_ink(images) if self.ink == "auto" else self.ink

    def __skmnist_getstate__(self) -> dict[str, Any]:
        return {**super().__skmnist_getstate__(), "ink_": self.ink_}

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        super().__skmnist_setstate__(state)
        self.ink_ = state["ink_"]


def find_ink(images: NDArray[Any]) -> str:
    """Return whether ink is brighter or darker than the background.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels)
        Images.

    Returns
    -------
    ink : {"bright", "dark"}
        "dark" if the median of the border is brighter than the mean of all pixels by over a tenth
        of their standard deviation, as it is if dark ink covers over a hundredth of the image, and
        "bright" if it is darker by as much.  A border in between, as photographs have, is no
        background: then what is far from the mean, on the longer side of the distribution, is ink.

    Notes
    -----
    Inverted images have the other ink, except for a symmetric distribution, which has "bright".
    """
    some = some_of(images)
    values = some.astype(real_dtype(images), copy=False)
    mean, deviation = values.mean(dtype=float), values.std(dtype=float)
    darker = mean - background(some).mean(dtype=float)
    if abs(darker) <= _CLEARLY * deviation:
        darker = np.power(values - mean, 3).mean(dtype=float)
    return "dark" if darker < 0 else "bright"


def split_ink(images: NDArray[Any], kind: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Split images into ink and background, the darkest pixel of each image and channel.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels)
        Images.
    kind : {"bright", "dark"}
        For dark ink, the background is the brightest pixel.

    Returns
    -------
    ink : ndarray of shape (n, height, width, channels)
        How much brighter, or darker, than the background; not negative. float64 if `images`
        are, else float32.
    background : ndarray of shape (n, 1, 1, channels)
        The images are the background plus bright ink, or minus dark ink.
    """
    n, height, width, channels = images.shape
    pixels = images.reshape(n, height * width, channels).astype(real_dtype(images), copy=False)
    if kind == "dark":
        paper = pixels.max(axis=1, keepdims=True)
        ink = paper - pixels
    else:
        paper = pixels.min(axis=1, keepdims=True)
        ink = pixels - paper
    return ink.reshape(images.shape), paper[:, np.newaxis]


def join_ink(ink: NDArray[Any], paper: NDArray[Any], kind: str) -> NDArray[Any]:
    """Put ink back on its background."""
    return paper - ink if kind == "dark" else paper + ink


def moments(ink: NDArray[Any]) -> Moments:
    """Return the moments of the ink of all channels together, zero where there is none."""
    ink = ink.sum(axis=3) if ink.shape[3] > 1 else ink[..., 0]
    y, x = np.arange(ink.shape[1], dtype=float), np.arange(ink.shape[2], dtype=float)
    # As fractions of all ink: the ink in each row, and its moment about the first column.
    of_row, x_of_row = ink.sum(axis=2, dtype=float), ink @ x
    total = of_row.sum(axis=1, keepdims=True)
    total[total == 0] = 1
    of_row, x_of_row = of_row / total, x_of_row / total
    of_column = ink.sum(axis=1, dtype=float) / total
    y_mean, x_mean = of_row @ y, of_column @ x
    y, x = y - y_mean[:, np.newaxis], x - x_mean[:, np.newaxis]
    return Moments(
        y=y_mean,
        x=x_mean,
        yy=(y**2 * of_row).sum(axis=1),
        xx=(x**2 * of_column).sum(axis=1),
        yx=(y * (x_of_row - x_mean[:, np.newaxis] * of_row)).sum(axis=1),
    )
