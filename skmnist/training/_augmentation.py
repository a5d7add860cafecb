"""Augmentation: each image is changed a little, differently in each epoch.

All random numbers are drawn beforehand, once per epoch, a few for each image.  So the seed alone
decides the changes, on every backend, and compiled code resamples each image only once.
"""

from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import ceil, inf, pi, sqrt
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmnist._inputs.pixels import background, find_pixel_scaling
from skmnist._utils.backend import load_keras
from skmnist._utils.caches import cached
from skmnist._utils.errors import shown, unknown_name
from skmnist._utils.random import seed_of
from skmnist._utils.values import Value

Sides = tuple[int, int]

# Published settings of elastic distortion are in pixels of MNIST's images.
_PUBLISHED_SIDE = 28
_NOISE_PLACES = 2**20
_BATCH = 1024


@dataclass(frozen=True, repr=False)
class Augmentation(Value):
    """Random changes of images: motion, distortion, noise and blanked rectangles.

    Images are moved and bent in one bilinear resampling; then noise is added; then a rectangle is
    blanked.  Pixels that enter from outside, and the rectangle, have the value of the background:
    the median of the training images' borders, in each channel, 0 for MNIST.

    Parameters
    ----------
    shift : float, default=0.0
        Largest shift, as a fraction of the height and of the width.  If nothing else moves the
        images and they are large enough, they are shifted by whole pixels.
    rotation : float, default=0.0
        Largest rotation, in degrees.
    zoom : float, default=0.0
        Largest change of size, as a fraction of the size.
    shear : float, default=0.0
        Largest shear, in degrees.
    elastic : float, default=0.0
        Strength of the elastic distortion [1]_, Simard's alpha: each pixel is displaced by
        uniform noise between -alpha and alpha, smoothed by a Gaussian.  In pixels of an image of
        28 pixels; for images of other sizes it is scaled in proportion to their shorter side.  12
        is slight, 36 strong.
    elastic_sigma : float, default=5.0
        Standard deviation of that Gaussian, at least 2, in the same pixels.  The memory for an
        epoch's draws is proportional to its inverse square: for 60,000 images, 25 MB with 5 and
        96 MB with 2.
    noise : float, default=0.0
        Standard deviation of Gaussian noise in each pixel, as a fraction of the pixels' range.
    erasing : float, default=0.0
        Height and width of a rectangle that is set to the background, as a fraction of the
        image's; its place within the image is random ([2]_, [3]_).
    horizontal_flip : bool, default=False
        Whether each image is mirrored left to right with a probability of one half.  Not for
        images whose mirror image means something else, as digits and letters.
    vertical_flip : bool, default=False
        The same, upside down.

    References
    ----------
    .. [1] P.Y. Simard, D. Steinkraus and J.C. Platt, "Best practices for convolutional neural
       networks applied to visual document analysis", ICDAR 2003.
    .. [2] T. DeVries and G.W. Taylor, "Improved regularization of convolutional neural networks
       with cutout", arXiv:1708.04552, 2017.
    .. [3] Z. Zhong, L. Zheng, G. Kang, S. Li and Y. Yang, "Random erasing data augmentation",
       arXiv:1708.04896, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist import Augmentation
    >>> dot_on_paper = np.full((5, 28, 28), 255, dtype=np.uint8)
    >>> dot_on_paper[:, 14, 14] = 0
    >>> moved = Augmentation(shift=0.1).apply(dot_on_paper, random_state=0)
    >>> (moved == 0).sum(axis=(1, 2))
    array([1, 1, 1, 1, 1])
    """

    shift: float = 0.0
    rotation: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    elastic_sigma: float = 5.0
    noise: float = 0.0
    erasing: float = 0.0
    horizontal_flip: bool = False
    vertical_flip: bool = False

    def __post_init__(self) -> None:
        for name, (low, high) in {
            "shift": (0, 1),
            "rotation": (0, 180),
            "zoom": (0, 1),
            "shear": (0, 90),
            "elastic": (0, inf),
            "elastic_sigma": (2, inf),
            "noise": (0, 1),
            "erasing": (0, 1),
        }.items():
            value = getattr(self, name)
            is_number = isinstance(value, Real)
            if not (is_number and low <= value < high):
                raise ValueError(
                    f"Augmentation: {name}={shown(value)}; expected {low} <= {name} < {high}."
                )
        for name in ("horizontal_flip", "vertical_flip"):
            value = getattr(self, name)
            if not isinstance(value, bool | np.bool_):
                raise ValueError(f"Augmentation: {name}={shown(value)}; expected True or False.")

    def by_whole_pixels(self, sides: Sides) -> bool:
        """Return whether images of these sides move by whole pixels, without interpolation."""
        bent = self.rotation or self.zoom or self.shear or self.elastic
        return not bent and not 0 < self.shift * min(sides) < 1

    def apply(self, images: ArrayLike, random_state: Any = None) -> NDArray[Any]:
        """Augment images, outside of training.

        Parameters
        ----------
        images : array-like of shape (n, height, width) or (n, height, width, channels)
            Pixels of any real dtype.  A single row of pixels is not an image, and is not changed.
        random_state : int, RandomState instance or None, default=None
            Decides all random numbers.  None takes a new seed from the system.

        Returns
        -------
        augmented : ndarray of the shape of `images`
            In the same range of pixels; float64 if `images` is, else float32.

        Raises
        ------
        ValueError
            If `images` has another number of dimensions.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skmnist import Augmentation
        >>> images = load_digits().images[:3]
        >>> Augmentation(rotation=10).apply(images, random_state=0).shape
        (3, 8, 8)
        """
        images = np.asarray(images)
        if images.ndim not in (3, 4):
            raise ValueError(
                f"images has {images.ndim} dimensions, shape {images.shape}; expected "
                "(n_samples, height, width) or (n_samples, height, width, channels)."
            )
        dtype = np.float64 if images.dtype == np.float64 else np.float32
        n, *sides = images.shape[:3]
        if not images.size or min(sides) == 1:
            return images.astype(dtype)
        scaling = find_pixel_scaling(images.reshape(n, -1))
        pixels = images.reshape(n, *sides, *images.shape[3:] or (1,))
        fill = background(pixels)
        surround = scaling.apply(fill, np.empty(fill.shape, dtype))
        draws = self.draw(np.random.default_rng(seed_of(random_state)), n, (sides[0], sides[1]))
        augmented = np.empty(images.shape, dtype)
        for start in range(0, n, _BATCH):  # bounds the memory
            batch = slice(start, start + _BATCH)
            scaled = scaling.apply(pixels[batch], np.empty(pixels[batch].shape, dtype))
            changed = load_keras().ops.convert_to_numpy(self(scaled, draws[batch], surround))
            changed = changed * dtype(scaling.scale) + dtype(scaling.offset)
            augmented[batch] = changed.reshape(augmented[batch].shape)
        return augmented

    def draw(self, rng: np.random.Generator, n: int, sides: Sides) -> NDArray[Any]:
        """Draw all random numbers for each of `n` images.

        Parameters
        ----------
        rng : numpy.random.Generator
            The source of randomness.
        n : int
            Number of images.
        sides : tuple (height, width)
            The images' sides, in pixels.

        Returns
        -------
        draws : ndarray of shape (n, n_numbers), float32
            For each image, eight numbers of the affine transform from the new image's pixels to
            the old one's, as ``keras.ops.image.affine_transform`` takes them; then, each only if
            used, the nodes of the elastic distortion, in standard deviations, along x and then
            along y; the blanked rectangle's top, left, bottom and right; the start of its noise in
            the noise table.

        Examples
        --------
        >>> import numpy as np
        >>> from skmnist import Augmentation
        >>> Augmentation(shift=0.1).draw(np.random.default_rng(0), 5, (28, 28)).shape
        (5, 8)
        >>> Augmentation(elastic=12).draw(np.random.default_rng(0), 5, (28, 28)).shape
        (5, 106)
        """
        draws = np.empty((n, sum(self._widths(sides))), np.float32)
        affine, nodes, rectangles, places = self._parts(draws, sides)
        affine[:] = self._draw_affine(rng, n, sides)
        for node in nodes.T:  # one by one, as drawing them at once would double the memory
            node[:] = rng.standard_normal(n, np.float32)
        if self.erasing:
            rectangles[:] = self._draw_rectangles(rng, n, sides)
        if self.noise:
            places[:, 0] = rng.integers(_NOISE_PLACES, size=n)
        return draws

    def __call__(self, images: Any, draws: Any, background: Any = 0.0) -> Any:
        """Change a batch of images, in compiled code.

        Parameters
        ----------
        images : tensor of shape (n, height, width, channels), float
            Pixels already scaled to a range of about 0 to 1.
        draws : tensor of shape (n, n_numbers), float32
            Rows that `draw` returned.
        background : float or tensor of shape (channels,), default=0.0
            Value of pixels that enter from outside, and of blanked ones; scaled as `images`.

        Returns
        -------
        changed : tensor of shape (n, height, width, channels)
            The changed images, of the dtype of `images`.
        """
        images, draws = map(load_keras().ops.convert_to_tensor, (images, draws))
        # With the background subtracted, pixels that enter are zero.
        images = images - background
        sides = tuple(images.shape[1:3])
        affine, nodes, rectangles, places = self._parts(draws, sides)
        if self.elastic:
            x, y = _affine_coordinates(affine, sides)
            dx, dy = self._displacements(nodes, sides)
            images = _resample(images, x + dx, y + dy)
        elif self._is_affine:
            images = _transform(images, affine, self.by_whole_pixels(sides))
        if self.noise:
            images = _add_noise(images, places, self.noise)
        if self.erasing:
            images = _blank(images, rectangles)
        return images + background

    @property
    def _is_affine(self) -> bool:
        moved = self.shift or self.rotation or self.zoom or self.shear
        return bool(moved or self.horizontal_flip or self.vertical_flip)

    def _widths(self, sides: Sides) -> tuple[int, int, int, int]:
        """Return the number of columns of each part of a draw."""
        n_nodes = len(self._elastic_basis(sides)) if self.elastic else 0
        return 8, 2 * n_nodes, 4 * bool(self.erasing), 1 * bool(self.noise)

    def _parts(self, draws: Any, sides: Sides) -> list[Any]:
        """Split draws into affine transforms, elastic nodes, rectangles and places of noise."""
        stops = accumulate(self._widths(sides), initial=0)
        return [draws[:, start:stop] for start, stop in pairwise(stops)]

    def _draw_affine(self, rng: np.random.Generator, n: int, sides: Sides) -> NDArray[Any]:
        height, width = sides
        angle, shear = (
            np.deg2rad(limit) * rng.uniform(-1, 1, n) for limit in (self.rotation, self.shear)
        )
        size_x, size_y = (1 + self.zoom * rng.uniform(-1, 1, n) for _ in range(2))
        dx, dy = (self._shifts(rng, n, side, sides) for side in (width, height))
        # Drawn last and only if used, so that a seed's other numbers stay as they are.
        flips = (self.horizontal_flip, self.vertical_flip)
        mirror_x, mirror_y = (rng.choice([-1, 1], n) if flip else 1 for flip in flips)
        size_x, size_y = mirror_x * size_x, mirror_y * size_y
        a, b = np.cos(angle) / size_x, -np.sin(angle + shear) / size_y
        c, d = np.sin(angle) / size_x, np.cos(angle + shear) / size_y
        x, y = (width - 1) / 2, (height - 1) / 2
        zeros = np.zeros(n)
        columns = [a, b, x - a * x - b * y + dx, c, d, y - c * x - d * y + dy, zeros, zeros]
        return np.stack(columns, axis=1)

    def _shifts(self, rng: np.random.Generator, n: int, side: int, sides: Sides) -> NDArray[Any]:
        if side == 1:  # a line of pixels isn't shifted across
            return np.zeros(n)
        if self.shift and self.by_whole_pixels(sides):
            most = round(self.shift * side)
            return rng.integers(-most, most + 1, n).astype(float)
        return self.shift * side * rng.uniform(-1, 1, n)

    def _draw_rectangles(self, rng: np.random.Generator, n: int, sides: Sides) -> NDArray[Any]:
        size = [max(1, round(self.erasing * side)) for side in sides]
        top_left = rng.integers(0, np.subtract(sides, size) + 1, (n, 2))
        return np.hstack([top_left, top_left + size])

    def _displacements(self, nodes: Any, sides: Sides) -> tuple[Any, Any]:
        """Compute each pixel's displacement along x and along y, in pixels."""
        basis = self._elastic_basis(sides)
        # The standard deviation of uniform noise times that of unit noise after smoothing.
        part = self.elastic / sqrt(3) / (2 * sqrt(pi) * self.elastic_sigma)
        basis = np.float32(part * min(sides) / _PUBLISHED_SIDE) * basis
        matmul = load_keras().ops.matmul
        n_nodes = len(basis)
        return matmul(nodes[:, :n_nodes], basis), matmul(nodes[:, n_nodes:], basis)

    def _elastic_basis(self, sides: Sides) -> NDArray[Any]:
        height, width = sides
        return _smooth_basis(height, width, self.elastic_sigma * min(sides) / _PUBLISHED_SIDE)


@cached(maxsize=8)
def _smooth_basis(height: int, width: int, sigma: float) -> NDArray[Any]:
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
    return rng.standard_normal(_NOISE_PLACES + n_pixels, np.float32)


def _transform(images: Any, affine: Any, by_whole_pixels: bool) -> Any:
    ops = load_keras().ops
    return ops.image.affine_transform(
        images,
        ops.copy(affine),  # Keras on torch overwrites its argument
        interpolation="nearest" if by_whole_pixels else "bilinear",
        fill_mode="constant",
        fill_value=0.0,
        data_format="channels_last",
    )


def _affine_coordinates(affine: Any, sides: Sides) -> tuple[Any, Any]:
    """Compute the position of each new pixel in the old image, as two arrays (n, pixels)."""
    ops = load_keras().ops
    y, x = (ops.reshape(places, (1, -1)) for places in np.indices(sides, dtype=np.float32))
    a, b, x_start, c, d, y_start = (affine[:, i : i + 1] for i in range(6))
    return a * x + b * y + x_start, c * x + d * y + y_start


def _resample(images: Any, x: Any, y: Any) -> Any:
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


def _add_noise(images: Any, places: Any, deviation: float) -> Any:
    ops = load_keras().ops
    shape = tuple(images.shape[1:])
    n_pixels = int(np.prod(shape))
    index = ops.cast(places + ops.arange(n_pixels, dtype="float32"), "int32")
    noise = ops.reshape(ops.take(_noise_table(n_pixels), index, axis=0), (-1, *shape))
    return images + ops.cast(deviation * noise, images.dtype)


def _blank(images: Any, rectangles: Any) -> Any:
    ops = load_keras().ops
    height, width = images.shape[1:3]
    y = ops.reshape(ops.arange(height, dtype="float32"), (-1, 1, 1))
    x = ops.reshape(ops.arange(width, dtype="float32"), (1, -1, 1))
    top, left, bottom, right = (rectangles[:, i, None, None, None] for i in range(4))
    inside = (y >= top) & (y < bottom) & (x >= left) & (x < right)
    return ops.where(inside, ops.zeros_like(images), images)


_SHIFT = Augmentation(shift=2 / 28)  # two pixels of 28
AUGMENTATIONS = {
    "auto": _SHIFT,
    "shift": _SHIFT,
    "affine": Augmentation(shift=0.1, rotation=10, zoom=0.1),
    "elastic": Augmentation(shift=0.1, rotation=10, zoom=0.1, elastic=12, elastic_sigma=5),
}


def find_augmentation(
    augmentation: Any, image_shape: tuple[int, int, int], *, mirrored: bool = False
) -> Augmentation | None:
    """Find an augmentation by its name; return an Augmentation object unchanged.

    Parameters
    ----------
    augmentation : {"auto", "shift", "affine", "elastic"}, Augmentation or None
        The classifier's parameter.
    image_shape : tuple (height, width, channels)
        A single row of pixels is not an image, and is never changed.
    mirrored : bool, default=False
        Whether "auto" mirrors images, too.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> from skmnist.training._augmentation import find_augmentation
    >>> find_augmentation("affine", (28, 28, 1)).rotation
    10
    """
    if augmentation is None or min(image_shape[:2]) == 1:
        return None
    found = named_augmentation(augmentation)
    if isinstance(augmentation, str) and augmentation == "auto" and mirrored:
        return replace(found, horizontal_flip=True)
    return found


def named_augmentation(augmentation: Any) -> Augmentation:
    """Convert a name to an `Augmentation`, and None to one that changes nothing.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> from skmnist.training._augmentation import named_augmentation
    >>> named_augmentation("affine")
    Augmentation(shift=0.1, rotation=10, zoom=0.1)
    """
    if augmentation is None:
        return Augmentation()
    if isinstance(augmentation, Augmentation):
        return augmentation
    if not isinstance(augmentation, str) or augmentation not in AUGMENTATIONS:
        raise unknown_name(
            "augmentation", augmentation, AUGMENTATIONS, ", an Augmentation object or None"
        )
    return AUGMENTATIONS[augmentation]
