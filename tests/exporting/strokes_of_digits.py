"""Ten digits as a hand draws them: strokes of points from 0 to 1, x to the right and y down."""

from itertools import pairwise

import numpy as np


def arc(x, y, width, height, start, end):
    """Points of an ellipse, clockwise; angles in degrees from the right."""
    angles = np.radians(np.linspace(start, end, 25))
    return list(zip(x + width * np.cos(angles), y + height * np.sin(angles), strict=True))


def line(*corners):
    """Points between corners, as close together as a mouse reports them."""
    parts = [np.linspace(corner, after, 8) for corner, after in pairwise(corners)]
    return [(float(x), float(y)) for x, y in np.concatenate(parts)]


DIGITS = {
    "0": [arc(0.5, 0.5, 0.2, 0.3, -90, 270)],
    "1": [line((0.42, 0.3), (0.52, 0.18), (0.52, 0.82))],
    "2": [arc(0.5, 0.35, 0.2, 0.17, -170, 20) + line((0.68, 0.4), (0.32, 0.8), (0.72, 0.8))],
    "3": [arc(0.47, 0.33, 0.18, 0.15, -150, 90) + arc(0.47, 0.65, 0.2, 0.17, -90, 150)],
    "4": [line((0.55, 0.18), (0.28, 0.6), (0.74, 0.6)), line((0.58, 0.4), (0.56, 0.85))],
    "5": [line((0.68, 0.2), (0.4, 0.2), (0.37, 0.46)) + arc(0.48, 0.62, 0.2, 0.18, -120, 140)],
    "6": [line((0.6, 0.18), (0.45, 0.35)) + arc(0.49, 0.64, 0.16, 0.17, -170, 190)],
    "7": [line((0.3, 0.22), (0.7, 0.22), (0.45, 0.82))],
    "8": [arc(0.5, 0.34, 0.14, 0.15, 90, 450) + arc(0.5, 0.66, 0.17, 0.17, -90, 270)],
    "9": [arc(0.5, 0.36, 0.16, 0.16, 0, 360) + line((0.66, 0.4), (0.6, 0.82))],
}
