"""Synthetic photographs of digits: a pen's strokes or MNIST's digits, on paper under a lamp."""

from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from scipy.interpolate import CubicSpline

HEIGHT, WIDTH = 300, 400

# The strokes of each digit, as points x,y in percent of its height: "-" lines and "~" curves.
STROKES = {
    0: ["~ 35,0 8,25 5,70 35,100 65,70 62,25 35,0"],
    1: ["- 20,20 40,0 36,100"],
    2: ["~ 5,22 30,0 58,22 40,60 2,100", "- 2,100 65,97"],
    3: ["~ 5,12 35,0 55,22 25,46", "~ 25,46 60,70 35,100 0,88"],
    4: ["- 35,0 0,62 70,60", "- 50,30 46,100"],
    5: ["- 60,0 12,3 8,45", "~ 8,45 40,40 60,70 35,100 0,92"],
    6: ["~ 50,0 12,40 5,80 32,100 58,76 35,55 7,74"],
    7: ["- 0,3 60,0 22,100"],
    8: ["~ 55,15 30,0 10,20 35,48 58,78 30,100 5,78 30,50 55,15"],
    9: ["~ 56,20 30,0 5,24 28,48 54,25", "- 56,20 48,100"],
}


@dataclass(frozen=True)
class Scene:
    """What a photograph shows, beside the digit; lengths in pixels, levels of 0 to 1."""

    height: float = 170.0  # of the digit
    pen: float = 13.0  # the width of a stroke
    place: tuple[float, float] = (0.5, 0.5)  # of the digit's middle, from the top and from the left
    rotation: float = 0.0  # degrees
    paper: tuple[float, ...] = (0.9,)  # one level, or one per channel
    ink: tuple[float, ...] = (0.15,)
    gradient: float = 0.2  # how much of the light is lost from one side to the other
    towards: float = 0.0  # radians
    shadow: float = 0.0  # how much of the light is lost in the shadow
    shadow_edge: float = 8.0  # the width of the shadow's edge
    ruling: float = 0.0  # how dark the lines are
    ruling_distance: float = 34.0
    ruling_width: float = 1.6
    ruling_rotation: float = 0.0
    squared: bool = False
    noise: float = 0.015
    blur: float = 0.8
    negative: bool = False
    jpeg: int = 0  # quality; 0 is none


def random_scene(rng, **conditions):
    """A usual photograph, but for the conditions that are given."""
    scene = Scene(
        height=rng.uniform(110, 220),
        pen=rng.uniform(7, 22),
        place=tuple(rng.uniform(0.42, 0.58, 2)),
        rotation=rng.uniform(-5, 5),
        paper=(rng.uniform(0.75, 0.97),),
        ink=(rng.uniform(0.05, 0.3),),
        gradient=rng.uniform(0.1, 0.4),
        towards=rng.uniform(0, 2 * np.pi),
        shadow_edge=rng.uniform(2, 40),
        ruling_distance=rng.uniform(22, 45),
        ruling_width=rng.uniform(1, 2.5),
        ruling_rotation=rng.uniform(-10, 10),
        noise=rng.uniform(0.005, 0.025),
        blur=rng.uniform(0.5, 1.3),
    )
    return replace(scene, **conditions)


def photograph(coverage, scene, rng):
    """Photograph ink, of which each pixel has as much as `coverage` says: uint8, grey or RGB."""
    levels = [
        _ruled(paper, scene) * (1 - coverage) + ink * coverage
        for paper, ink in zip(scene.paper, scene.ink, strict=True)
    ]
    seen = np.stack(levels, axis=2) * _light(scene, rng)[..., np.newaxis]
    seen = ndimage.gaussian_filter(seen, (scene.blur, scene.blur, 0))
    seen = seen + rng.normal(0, scene.noise, seen.shape)
    pixels = np.round(255 * np.clip(seen, 0, 1)).astype(np.uint8)
    pixels = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    pixels = 255 - pixels if scene.negative else pixels
    return _compressed(pixels, scene.jpeg) if scene.jpeg else pixels


def drawn(digit, scene, rng):
    """A pen's strokes: the coverage of each pixel."""
    twice = Image.new("L", (2 * WIDTH, 2 * HEIGHT))
    draw = ImageDraw.Draw(twice)
    slant, aspect = rng.normal(0, 0.1), rng.uniform(0.85, 1.2)
    turn = np.deg2rad(scene.rotation)
    turn = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    for stroke in STROKES[digit]:
        kind, *pairs = stroke.split()
        points = np.array([pair.split(",") for pair in pairs], float) / 100 - (0.33, 0.5)
        points[1:-1] += rng.normal(0, 0.015, points[1:-1].shape)  # ends may be another's beginning
        points = points @ [[aspect, 0], [-slant, 1]]
        points = _curve(points) if kind == "~" else points
        points = (points @ turn.T) * scene.height + np.multiply(scene.place[::-1], (WIDTH, HEIGHT))
        _stroke(draw, 2 * points, scene.pen)
    return np.asarray(twice.resize((WIDTH, HEIGHT), Image.Resampling.BOX)) / 255


def enlarged(image, scene):
    """A digit of MNIST, with sharp edges: the coverage of each pixel."""
    rows, columns = np.nonzero(image > 60)
    cropped = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] / 255
    scale = scene.height / max(cropped.shape)
    turn = np.deg2rad(scene.rotation)
    turn = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / scale
    middle = np.multiply(scene.place, (HEIGHT, WIDTH))
    offset = (np.array(cropped.shape) - 1) / 2 - turn @ middle
    large = ndimage.affine_transform(
        np.pad(cropped, 2), turn, offset + 2, (HEIGHT, WIDTH), order=3, mode="constant"
    )
    return np.clip(0.5 + (large - 0.35) * scale / 4, 0, 1)


def _curve(points):
    along = np.append(0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    closed = np.allclose(points[0], points[-1])
    spline = CubicSpline(along, points, bc_type="periodic" if closed else "natural")
    return spline(np.linspace(0, along[-1], 60))


def _stroke(draw, points, radius):
    draw.line([tuple(point) for point in points], fill=255, width=max(1, round(2 * radius)))
    for x, y in points:
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)


def _ruled(paper, scene):
    levels = np.full((HEIGHT, WIDTH), paper)
    if scene.ruling:
        y, x = np.mgrid[:HEIGHT, :WIDTH] - np.array([HEIGHT / 2, WIDTH / 2])[:, None, None]
        turn = np.deg2rad(scene.ruling_rotation)
        for across in [y * np.cos(turn) - x * np.sin(turn), y * np.sin(turn) + x * np.cos(turn)][
            : 1 + scene.squared
        ]:
            distance = np.abs((across + 5) % scene.ruling_distance - scene.ruling_distance / 2)
            line = np.clip((scene.ruling_width + 1) / 2 - distance, 0, 1)
            levels = np.minimum(levels, paper - scene.ruling * line)
    return levels


def _light(scene, rng):
    y, x = np.mgrid[:HEIGHT, :WIDTH] / HEIGHT - np.array([0.5, 2 / 3])[:, None, None]
    along = y * np.sin(scene.towards) + x * np.cos(scene.towards)
    light = 1 - scene.gradient * (along + 0.8) / 1.6
    if scene.shadow:
        angle, through = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.3)
        distance = (y * np.sin(angle) + x * np.cos(angle) - through) * HEIGHT
        light *= 1 - scene.shadow * np.clip(0.5 + distance / scene.shadow_edge, 0, 1)
    return light


def _compressed(pixels, quality):
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
