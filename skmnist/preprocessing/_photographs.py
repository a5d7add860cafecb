"""Ink in photographs, told from paper, light and printed lines, whatever their colours are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Sizes are fractions of the photograph's sides, so that they hold at any resolution.
_WIDEST_STROKE = 0.4
_WIDEST_LINE = 0.03
_SMOOTHING = 1 / 400
_LINE_COVERS = 0.95
_STEEPEST_LINE = 0.25
_OVER_LINE = 1.5  # ink is so much brighter than a line that it crosses
# The colours of ink and paper are compared at so many pixels per side.
_COARSE = 20
# The strokes of a blank photograph are its noise, or hardly differ from the paper.
_DEVIATIONS_OF_NOISE = 4
_DEVIATIONS_OF_INK = 6
_LEAST_CONTRAST = 0.06
# Columns that are averaged to find the direction of printed lines.
_BLOCK = 4


def reduced(photograph: NDArray[Any], side: int) -> NDArray[Any]:
    """Average blocks of pixels so that no side has more than `side` of them.

    Parameters
    ----------
    photograph : ndarray of shape (height, width, channels)
        Pixels of any real dtype.
    side : int
        The most pixels per side.

    Returns
    -------
    photograph : ndarray of shape (height // factor, width // factor, channels), float32
        The factor is a whole number; a remainder at the last rows and columns is cut off.
    """
    n = reduction(photograph, side)
    height, width = (max(1, length // n) for length in photograph.shape[:2])
    # A photograph that is narrower than a block is one block wide.
    photograph = photograph[: height * n, : width * n].astype(np.float32)
    rows = np.add.reduceat(photograph, np.arange(height) * n, axis=0)
    blocks = np.add.reduceat(rows, np.arange(width) * n, axis=1)
    n_pixels = min(n, photograph.shape[0]) * min(n, photograph.shape[1])
    return np.divide(blocks, n_pixels, dtype=np.float32)


def reduction(photograph: NDArray[Any], side: int) -> int:
    """Return how many pixels are averaged along each side."""
    return -(-max(photograph.shape[:2]) // side)


def ink_in(photograph: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    """Return where there is ink.

    Parameters
    ----------
    photograph : ndarray of shape (height, width, channels), float32
        Some hundred pixels per side.
    kind : {"auto", "bright", "dark"}
        Whether ink is brighter or darker than paper.

    Returns
    -------
    ink : ndarray of shape (height, width), float32
        From 0 on paper to 1 in the strokes; all zero if the photograph is blank.
    """
    grey = photograph @ _direction_of_ink(photograph, kind)
    grey = ndimage.gaussian_filter(grey, _SMOOTHING * max(grey.shape))
    ink = grey - _paper(grey)
    ink -= _printed_lines(ink)
    ink -= _printed_lines(ink.T).T
    return _scaled(ink, _LEAST_CONTRAST * float(np.abs(photograph).max()))


def _paper(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the paper under its light and shadows: a square fits there, and in no bright stroke.

    The photograph is continued straight over its border, so that the edge of a shadow has no corner
    there into which the square doesn't fit.
    """
    side = max(3, round(_WIDEST_STROKE * min(grey.shape)))
    opened = ndimage.grey_opening(np.pad(grey, side, mode="edge"), side)
    return opened[side:-side, side:-side]


def _direction_of_ink(photograph: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    """Return the weights of the channels with which ink is brightest on paper.

    They are the first principal component of the difference to the paper, which is the median
    around each pixel; it follows the straight edge of a shadow.  Ink is on the side of the few
    large differences: the third moment has its sign.
    """
    coarse = reduced(photograph, _COARSE)
    side = max(coarse.shape[:2]) // 2 | 1
    apart = coarse - ndimage.median_filter(coarse, (side, side, 1), mode="nearest")
    down, across = (_inside(length) for length in coarse.shape[:2])
    weights = np.outer(down, across).ravel()
    apart = apart.reshape(-1, apart.shape[2])
    direction = np.linalg.eigh(apart.T @ apart).eigenvectors[:, -1]
    if kind == "auto":
        is_bright = weights @ (apart @ direction) ** 3 >= 0
    else:
        is_bright = (direction.sum() >= 0) == (kind == "bright")
    return direction if is_bright else -direction


def _inside(n: int) -> NDArray[np.float32]:
    """Return weights of pixels along a side: 1 inside, less within a quarter from the ends."""
    place = (np.arange(n, dtype=np.float32) + 0.5) / n
    return np.minimum(1, 4 * np.minimum(place, 1 - place))


def _printed_lines(ink: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the brightness of lines from one side to the other, as those of ruled paper are.

    A line has what nearly all of its pixels have at least; where ink crosses it, there is more.
    """
    widest = int(_WIDEST_LINE * min(ink.shape))
    if widest == 0:
        return np.zeros_like(ink)
    lines, n_lines = _lines_along(ink.shape, _slope_of_lines(ink))
    of_line = np.full((n_lines, ink.shape[1]), np.inf, np.float32)
    of_line[lines, np.arange(ink.shape[1])] = ink
    of_line.sort(axis=1)
    n_pixels = np.isfinite(of_line).sum(axis=1)
    common = of_line[np.arange(n_lines), ((1 - _LINE_COVERS) * n_pixels).astype(int)]
    common[n_pixels == 0] = 0
    thin = common - ndimage.grey_opening(common, widest + 1)
    # The edges of a line are blurred.
    return _OVER_LINE * ndimage.maximum_filter1d(thin, 3)[lines]


def _slope_of_lines(ink: NDArray[np.float32]) -> float:
    """Return the slope along which the means of lines differ most from one line to the next."""
    height, n_blocks = ink.shape[0], ink.shape[1] // _BLOCK
    blocks = ink[:, : n_blocks * _BLOCK].reshape(height, n_blocks, _BLOCK).mean(axis=2)
    blocks = np.minimum(blocks, 2 * blocks.mean())  # a stroke counts no more than a line
    sharpest, best = -1.0, 0.0
    for slope in np.arange(-_STEEPEST_LINE, _STEEPEST_LINE, 0.75 / ink.shape[1]):
        lines, n_lines = _lines_along(blocks.shape, slope * _BLOCK)
        sums = np.bincount(lines.ravel(), blocks.ravel(), n_lines)
        n_pixels = np.bincount(lines.ravel(), minlength=n_lines)
        means = sums / np.maximum(n_pixels, n_blocks / 2)
        sharpness = np.square(np.diff(means)).sum()
        if sharpness > sharpest:
            sharpest, best = sharpness, float(slope)
    return best


def _lines_along(shape: tuple[int, ...], slope: float) -> tuple[NDArray[np.intp], int]:
    """Return the number of the line on which each pixel lies, and the number of lines."""
    height, width = shape
    down = np.round(slope * np.arange(width)).astype(np.intp)
    down -= down.min()
    return np.arange(height)[:, np.newaxis] + down, height + int(down.max())


def _scaled(ink: NDArray[np.float32], least: float) -> NDArray[np.float32]:
    """Scale ink to 0 on paper, up to its noise, and to 1 in the middle of strokes."""
    ink = ink - np.median(ink)
    noise = 1.4826 * np.median(np.abs(ink))
    level = _level(ink)
    if level <= max(_DEVIATIONS_OF_INK * noise, least):
        return np.zeros_like(ink)
    low = min(_DEVIATIONS_OF_NOISE * noise, level / 3)
    return np.clip((ink - low) / (level - low), 0, 1)


def _level(ink: NDArray[np.float32]) -> float:
    """Return the median of what is nearer to it than to the paper's zero, found from above."""
    level = float(np.quantile(ink, 0.999))
    while level > 0:
        below = float(np.median(ink[ink > level / 2]))
        if below >= 0.999 * level:
            break
        level = below
    return level
