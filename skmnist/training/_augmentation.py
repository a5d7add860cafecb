"""Augmentation: each image is changed a little, differently in each epoch.

All random numbers are drawn beforehand, once per epoch, a few for each image.  So the seed alone
decides the changes, on every backend, and compiled code resamples each image only once.
"""

from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import inf, pi, sqrt
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmnist._inputs.pixels import background, find_pixel_scaling
from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown, unknown_name
from skmnist._utils.random import seed_of
from skmnist._utils.values import Value
from skmnist.training._image_changes import (
    NOISE_PLACES,
    Sides,
    add_noise,
    affine_coordinates,
    blank,
    brightened,
    resample,
    smooth_basis,
    transform,
    with_contrast,
)
from skmnist.training._mixing import Mixing, draw_mixing

# Published settings of elastic distortion are in pixels of MNIST's images.
_PUBLISHED_SIDE = 28
_BATCH = 1024


class _Parts(NamedTuple):
    """The columns of a draw; those of a kind that isn't used are none."""

    affine: Any
    nodes: Any
    rectangles: Any
    places: Any
    factors: Any
    differences: Any
    squares: Any
    mixing: Any


@dataclass(frozen=True, repr=False)
class Augmentation(Value):
    """Random changes of images: motion, distortion, light, noise, blanked parts and mixtures.

    Images are moved, mirrored and bent in one bilinear resampling; then contrast and brightness are
    changed; then noise is added; then parts are blanked; then images are mixed.  Pixels that enter
    from outside, and blanked ones, have the value of the background: the median of the training
    images' borders, in each channel, 0 for MNIST.

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
        image's; its place within the image is random.  This is random erasing [2]_ of each image
        with one size and the image's proportions.
    horizontal_flip : bool, default=False
        Whether each image is mirrored left to right with a probability of one half.  Not for
        images whose mirror image means something else, as digits and letters.
    vertical_flip : bool, default=False
        The same, upside down.
    brightness : float, default=0.0
        Largest change of brightness: one number is added to all pixels of an image, up to this
        fraction of the pixels' range in size, as by Keras's ``RandomBrightness``.
    contrast : float, default=0.0
        Largest change of contrast: the differences of an image's pixels from their mean in each
        channel are multiplied by a factor between 1 - `contrast` and 1 + `contrast`, as by Keras's
        ``RandomContrast``.  Unlike there, pixels aren't clipped to their range, as with noise.
    cutout : float, default=0.0
        Side of a square that is set to the background, as a fraction of the image's shorter side.
        Its centre is anywhere in the image, so a part of it may be outside (Cutout [3]_; the paper
        has 0.5 for CIFAR-10, 0.25 for CIFAR-100).
    mixup : float, default=0.0
        The parameter alpha of mixup [4]_: each image is mixed with another one of its batch, in
        shares lambda and 1 - lambda drawn from the Beta distribution with both parameters alpha.
        In regression the targets and the sample weights are mixed too.  In classification the loss
        is lambda times that of the image's own label plus 1 - lambda times that of the other
        image's, each times its sample weight: for a cross-entropy the loss of the mixed target,
        and right for every other loss.  Lambda is at least one half, which makes no difference, as
        pairs are random, and gives each mixture a label of its own: the training accuracy and the
        metrics compare with that of the larger share.  Typical are 0.1 to 0.4; 1 is uniform.

    References
    ----------
    .. [1] P.Y. Simard, D. Steinkraus and J.C. Platt, "Best practices for convolutional neural
       networks applied to visual document analysis", ICDAR 2003.
    .. [2] Z. Zhong, L. Zheng, G. Kang, S. Li and Y. Yang, "Random erasing data augmentation",
       arXiv:1708.04896, 2017.
    .. [3] T. DeVries and G.W. Taylor, "Improved regularization of convolutional neural networks
       with cutout", arXiv:1708.04552, 2017.
    .. [4] H. Zhang, M. Cisse, Y.N. Dauphin and D. Lopez-Paz, "mixup: Beyond empirical risk
       minimization", arXiv:1710.09412, 2017.

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
    brightness: float = 0.0
    contrast: float = 0.0
    cutout: float = 0.0
    mixup: float = 0.0

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
            "brightness": (0, 1),
            "contrast": (0, 1),
            "cutout": (0, 1),
            "mixup": (0, inf),
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
            If `images` has another number of dimensions; or for `mixup`, which changes labels too.

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
        if self.mixup:
            raise ValueError(
                f"mixup={self.mixup} mixes labels too, which happens only in training. For the "
                "other changes of the images, use set_params(mixup=0).apply(images)."
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

    def draw(
        self, rng: np.random.Generator, n: int, sides: Sides, batch_size: int | None = None
    ) -> NDArray[Any]:
        """Draw all random numbers for each of `n` images.

        Parameters
        ----------
        rng : numpy.random.Generator
            The source of randomness.
        n : int
            Number of images.
        sides : tuple (height, width)
            The images' sides, in pixels.
        batch_size : int or None, default=None
            Images are mixed with others of the same batch of so many; None is one batch.

        Returns
        -------
        draws : ndarray of shape (n, n_numbers), float32
            For each image, eight numbers of the affine transform from the new image's pixels to
            the old one's, as ``keras.ops.image.affine_transform`` takes them; then, each only if
            used, the nodes of the elastic distortion, in standard deviations, along x and then
            along y; the erased rectangle's top, left, bottom and right; the start of its noise in
            the noise table; the factor of the contrast; the difference in brightness; the cut out
            square's top, left, bottom and right; the place in the batch of the image to mix with,
            and the image's own share.

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
        parts = self._parts(draws, sides)
        parts.affine[:] = self._draw_affine(rng, n, sides)
        for node in parts.nodes.T:  # one by one, as drawing them at once would double the memory
            node[:] = rng.standard_normal(n, np.float32)
        # Each only if used: a seed's other numbers don't depend on the kinds after them.
        if self.erasing:
            parts.rectangles[:] = self._draw_rectangles(rng, n, sides)
        if self.noise:
            parts.places[:, 0] = rng.integers(NOISE_PLACES, size=n)
        if self.contrast:
            parts.factors[:, 0] = 1 + self.contrast * rng.uniform(-1, 1, n)
        if self.brightness:
            parts.differences[:, 0] = self.brightness * rng.uniform(-1, 1, n)
        if self.cutout:
            parts.squares[:] = self._draw_squares(rng, n, sides)
        if self.mixup:
            parts.mixing[:] = draw_mixing(rng, n, batch_size or n, self.mixup)
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
        parts = self._parts(draws, sides)
        if self.elastic:
            x, y = affine_coordinates(parts.affine, sides)
            dx, dy = self._displacements(parts.nodes, sides)
            images = resample(images, x + dx, y + dy)
        elif self._is_affine:
            images = transform(images, parts.affine, self.by_whole_pixels(sides))
        if self.contrast:
            images = with_contrast(images, parts.factors)
        if self.brightness:
            images = brightened(images, parts.differences)
        if self.noise:
            images = add_noise(images, parts.places, self.noise)
        if self.erasing:
            images = blank(images, parts.rectangles)
        if self.cutout:
            images = blank(images, parts.squares)
        if self.mixup:
            images = Mixing.of(parts.mixing).mixed(images)
        return images + background

    def mixing(self, draws: Any) -> Mixing | None:
        """Return how a batch of images was mixed, in compiled code.

        Parameters
        ----------
        draws : tensor of shape (n, n_numbers), float32
            Rows that `draw` returned.

        Returns
        -------
        mixing : Mixing or None
            None if images aren't mixed.
        """
        return Mixing.of(draws[:, -2:]) if self.mixup else None

    @property
    def _is_affine(self) -> bool:
        moved = self.shift or self.rotation or self.zoom or self.shear
        return bool(moved or self.horizontal_flip or self.vertical_flip)

    def _widths(self, sides: Sides) -> _Parts:
        """Return the number of columns of each part of a draw."""
        return _Parts(
            affine=8,
            nodes=2 * len(self._elastic_basis(sides)) if self.elastic else 0,
            rectangles=4 * bool(self.erasing),
            places=1 * bool(self.noise),
            factors=1 * bool(self.contrast),
            differences=1 * bool(self.brightness),
            squares=4 * bool(self.cutout),
            mixing=2 * bool(self.mixup),
        )

    def _parts(self, draws: Any, sides: Sides) -> _Parts:
        stops = accumulate(self._widths(sides), initial=0)
        return _Parts._make(draws[:, start:stop] for start, stop in pairwise(stops))

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

    def _draw_squares(self, rng: np.random.Generator, n: int, sides: Sides) -> NDArray[Any]:
        size = max(1, round(self.cutout * min(sides)))
        top_left = rng.integers(0, sides, (n, 2)) - size // 2
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
        return smooth_basis(height, width, self.elastic_sigma * min(sides) / _PUBLISHED_SIDE)


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
        A single row of pixels is not an image, and is only mixed.
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
    if augmentation is None:
        return None
    found = named_augmentation(augmentation)
    if min(image_shape[:2]) == 1:
        return Augmentation(mixup=found.mixup) if found.mixup else None
    if augmentation == "auto" and mirrored:
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
