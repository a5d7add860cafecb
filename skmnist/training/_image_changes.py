"""Changes of a batch of images in compiled code, each by random numbers that are drawn already."""

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.backend import load_keras
from skmnist._utils.caches import cached

Sides = tuple[int, int]

NOISE_PLACES = 2**20


@cached(maxsize=8)
def smooth_basis(height: int, width: int, sigma: float) -> NDArray[Any]:
    """Compute the weights that convert random nodes to smoothed noise of variance 1 in each pixel.

    The correlation of white noise smoothed by a Gaussian is also a Gaussian.  A few random numbers,
    each multiplied by a Gaussian around its node, have the same correlation if the nodes are 1.25
    sigma apart: by Poisson's summation formula the variance then differs by 0.4 % between pixels,
    and the final scaling removes even that.

    Returns
    -------
    basis : ndarray of shape (n_nodes, height * width), float32
    """
    along_y, along_x = (_smooth_line(side, sigma) for side in (height, width))
    return np.kron(along_y, along_x).T.astype(np.float32)


def _smooth_line(side: int, sigma: float) -> NDArray[Any]:
    """Compute the weights of nodes along a line, which reach at least one sigma beyond its ends."""
    spacing = 1.25 * sigma
    n_nodes = ceil((side - 1 + 2 * sigma) / spacing) + 1
    pixels = np.arange(side) - (side - 1) / 2
    nodes = spacing * (np.arange(n_nodes) - (n_nodes - 1) / 2)
    weights = np.exp(-(((pixels[:, None] - nodes) / sigma) ** 2) / 2)
    return weights / np.linalg.norm(weights, axis=1, keepdims=True)


@cached(maxsize=4)
def _noise_table(n_pixels: int) -> NDArray[Any]:
    """Return a long array of normal numbers, of which each image reads a part of its own.

    Drawing a number for each pixel of an epoch would take four times the memory of the images, and
    no two backends generate the same ones.  Reading from a table is the shared noise of Salimans
    et al., "Evolution strategies as a scalable alternative to reinforcement learning",
    arXiv:1703.03864, 2017.
    """
    rng = np.random.default_rng(0)
    return rng.standard_normal(NOISE_PLACES + n_pixels, np.float32)


def transform(images: Any, affine: Any, by_whole_pixels: bool) -> Any:
    """Resample images at the places of an affine transform, with zeros outside of the images."""
    ops = load_keras().ops
    return ops.image.affine_transform(
        images,
        ops.copy(affine),  # Keras on torch overwrites its argument
        interpolation="nearest" if by_whole_pixels else "bilinear",
        fill_mode="constant",
        fill_value=0.0,
        data_format="channels_last",
    )


def affine_coordinates(affine: Any, sides: Sides) -> tuple[Any, Any]:
    """Compute the position of each new pixel in the old image, as two arrays (n, pixels)."""
    ops = load_keras().ops
    y, x = (ops.reshape(places, (1, -1)) for places in np.indices(sides, dtype=np.float32))
    a, b, x_start, c, d, y_start = (affine[:, i : i + 1] for i in range(6))
    return a * x + b * y + x_start, c * x + d * y + y_start


def resample(images: Any, x: Any, y: Any) -> Any:
    """Interpolate images linearly at coordinates (n, pixels), with zeros outside of the images."""
    ops = load_keras().ops
    height, width, channels = images.shape[1:]
    # A frame of zeros: coordinates outside of the image are clipped to it.
    framed = ops.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
    x, y = ops.clip(x + 1, 0, width + 1), ops.clip(y + 1, 0, height + 1)
    left, top = ops.minimum(ops.floor(x), width), ops.minimum(ops.floor(y), height)
    to_right, down = (ops.cast(part, images.dtype)[..., None] for part in (x - left, y - top))
    row = width + 2
    first = row * (height + 2) * ops.arange(ops.shape(images)[0], dtype="int32")[:, None]
    corner = first + ops.cast(row * top + left, "int32")
    pixels = ops.reshape(framed, (-1, channels))
    a, b, c, d = (ops.take(pixels, corner + step, axis=0) for step in (0, 1, row, row + 1))
    above, below = a + to_right * (b - a), c + to_right * (d - c)
    return ops.reshape(above + down * (below - above), (-1, height, width, channels))


def with_contrast(images: Any, factors: Any) -> Any:
    """Multiply the differences from the mean of each image's channels by a factor of the image."""
    means = load_keras().ops.mean(images, axis=(1, 2), keepdims=True)
    return means + _of_each(factors, images) * (images - means)


def brightened(images: Any, differences: Any) -> Any:
    """Add one number to all pixels of an image."""
    return images + _of_each(differences, images)


def add_noise(images: Any, places: Any, deviation: float) -> Any:
    """Add the noise that begins at an image's place in the noise table."""
    ops = load_keras().ops
    shape = tuple(images.shape[1:])
    n_pixels = int(np.prod(shape))
    index = ops.cast(places + ops.arange(n_pixels, dtype="float32"), "int32")
    noise = ops.reshape(ops.take(_noise_table(n_pixels), index, axis=0), (-1, *shape))
    return images + ops.cast(deviation * noise, images.dtype)


def blank(images: Any, rectangles: Any) -> Any:
    """Set a rectangle, given by its top, left, bottom and right, to zero."""
    ops = load_keras().ops
    height, width = images.shape[1:3]
    y = ops.reshape(ops.arange(height, dtype="float32"), (-1, 1, 1))
    x = ops.reshape(ops.arange(width, dtype="float32"), (1, -1, 1))
    top, left, bottom, right = (rectangles[:, i, None, None, None] for i in range(4))
    inside = (y >= top) & (y < bottom) & (x >= left) & (x < right)
    return ops.where(inside, ops.zeros_like(images), images)


def _of_each(numbers: Any, images: Any) -> Any:
    """Return a column with one number for each image in a shape and dtype to compute with them."""
    ops = load_keras().ops
    return ops.cast(ops.reshape(numbers, (-1, 1, 1, 1)), images.dtype)
