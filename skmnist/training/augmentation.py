"""Augmentation: each image is moved a little, differently in each epoch.

The geometry of an epoch is drawn beforehand, as one affine transform an image, so that every
backend resamples each image once and the seed alone decides the picture.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._backend import load_keras
from skmnist._errors import unknown_name


@dataclass(frozen=True)
class Augmentation:
    """Random affine transforms, all drawn uniformly, background filled with zeros.

    Parameters
    ----------
    shift : float, default=0.0
        Largest shift, as a part of the height and of the width.  Where nothing else is asked
        for, images move by whole pixels, if they are large enough for that.
    rotation : float, default=0.0
        Largest rotation, in degrees.
    zoom : float, default=0.0
        Largest change of size, as a part of it.
    shear : float, default=0.0
        Largest shear, in degrees.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.training import Augmentation
    >>> Augmentation(shift=0.1).draw(np.random.default_rng(0), 5, (28, 28)).shape
    (5, 8)
    """

    shift: float = 0.0
    rotation: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0

    def __post_init__(self) -> None:
        for name, limit in {"shift": 1, "rotation": 180, "zoom": 1, "shear": 90}.items():
            value = getattr(self, name)
            if not 0 <= value < limit:
                raise ValueError(f"Augmentation: {name}={value!r}; expected 0 <= {name} < {limit}.")

    def by_whole_pixels(self, sides: tuple[int, int]) -> bool:
        """Tell whether images of these sides move by whole pixels, with no interpolation."""
        bent = self.rotation or self.zoom or self.shear
        return not bent and self.shift * min(sides) >= 1

    def draw(self, rng: np.random.Generator, n: int, sides: tuple[int, int]) -> NDArray:
        """Draw a transform for each of `n` images.

        Parameters
        ----------
        rng : numpy.random.Generator
            The source.
        n : int
            How many.
        sides : tuple (height, width)
            In pixels.

        Returns
        -------
        transforms : ndarray of shape (n, 8), float32
            From the new image's pixels to the old one's, as ``keras.ops.image.affine_transform``
            takes them.
        """
        height, width = sides
        angle, shear = (
            np.deg2rad(limit) * rng.uniform(-1, 1, n) for limit in (self.rotation, self.shear)
        )
        size_x, size_y = (1 + self.zoom * rng.uniform(-1, 1, n) for _ in range(2))
        dx, dy = (self._shifts(rng, n, side, sides) for side in (width, height))
        a, b = np.cos(angle) / size_x, -np.sin(angle + shear) / size_y
        c, d = np.sin(angle) / size_x, np.cos(angle + shear) / size_y
        x, y = (width - 1) / 2, (height - 1) / 2
        zeros = np.zeros(n)
        columns = [a, b, x - a * x - b * y + dx, c, d, y - c * x - d * y + dy, zeros, zeros]
        return np.stack(columns, axis=1).astype(np.float32)

    def _shifts(
        self, rng: np.random.Generator, n: int, side: int, sides: tuple[int, int]
    ) -> NDArray:
        if side == 1:  # a row of numbers has no up and down
            return np.zeros(n)
        if self.by_whole_pixels(sides):
            most = round(self.shift * side)
            return rng.integers(-most, most + 1, n).astype(float)
        return self.shift * side * rng.uniform(-1, 1, n)

    def __call__(self, images: Any, transforms: Any) -> Any:
        """Resample a batch of images, in compiled code."""
        sides = tuple(images.shape[1:3])
        return load_keras().ops.image.affine_transform(
            images,
            transforms,
            interpolation="nearest" if self.by_whole_pixels(sides) else "bilinear",
            fill_mode="constant",
            fill_value=0.0,
            data_format="channels_last",
        )


AUGMENTATIONS = {
    # Two pixels of 28.
    "shift": Augmentation(shift=2 / 28),
    "affine": Augmentation(shift=0.1, rotation=10, zoom=0.1),
}


def find_augmentation(augmentation: Any, image_shape: tuple[int, int, int]) -> Augmentation | None:
    """Find an augmentation by its name, or take it as it is.

    Parameters
    ----------
    augmentation : {"shift", "affine"}, Augmentation or None
        What is wanted.
    image_shape : tuple (height, width, channels)
        A single row of pixels is no picture, and is never moved.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> from skmnist.training.augmentation import find_augmentation
    >>> find_augmentation("affine", (28, 28, 1)).rotation
    10
    """
    if isinstance(augmentation, str):
        if augmentation not in AUGMENTATIONS:
            raise unknown_name(
                "augmentation", augmentation, AUGMENTATIONS, ", an Augmentation object or None"
            )
        augmentation = AUGMENTATIONS[augmentation]
    return None if min(image_shape[:2]) == 1 else augmentation
