"""Samples and their labels, from whatever DATA refers to."""

from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from skmnist._commands.arrays import labels_from, read_arrays
from skmnist._commands.sources import Source
from skmnist._inputs.images import as_images, find_image_shape

# The digits that `train` learns; `evaluate` judges on the others, 500 from other writers' sheets.
_N_DIGITS_TO_TRAIN = 1297


@dataclass(frozen=True)
class Samples:
    """Images, or the paths of pictures, with their labels.

    Parameters
    ----------
    X : ndarray of shape (n, n_pixels) or (n, height, width[, channels]), or list of str
        Rows, images or the paths of pictures.
    y : ndarray of shape (n,), or None
        Labels; None if there are none.
    place : str
        What the samples were read from.
    """

    X: Any
    y: Any
    place: str

    @property
    def are_pictures(self) -> bool:
        """Whether the samples are the paths of pictures."""
        return isinstance(self.X, list)

    @property
    def names(self) -> list[str]:
        """The name of each sample: a picture's path, or the place in an array."""
        if self.are_pictures:
            return list(self.X)
        return [f"{self.place}[{i}]" for i in range(len(self.X))]

    def as_images(self, size: tuple[int, int] | None, channels: int) -> "Samples":
        """Return rows of pixels as images; samples that aren't rows are returned as they are.

        Parameters
        ----------
        size : tuple (height, width) or None
            The size of one image; None finds a square.
        channels : int
            1 or 3.

        Raises
        ------
        ValueError
            If rows don't have that size, or images have another one.
        """
        if self.are_pictures:
            return self
        if self.X.ndim > 2:
            self._check_has(size)
            return self
        n_pixels = self.X.shape[1]
        if size is None and n_pixels % channels == 0:
            size = find_image_shape(n_pixels // channels, None, None)[:2]
        if size is None or prod(size) * channels != n_pixels:
            colours = "in colour" if channels == 3 else "in grey"
            raise ValueError(
                f"{self.place} has {n_pixels} pixels per row, which aren't those of an image "
                f"{colours} of {'x'.join(map(str, size)) if size else 'any size'}; give its --size "
                "and --mode."
            )
        images = as_images(self.X, (*size, channels))
        return replace(self, X=images[..., 0] if channels == 1 else images)

    def _check_has(self, size: tuple[int, int] | None) -> None:
        if size is not None and self.X.shape[1:3] != size:
            height, width = self.X.shape[1:3]
            raise ValueError(
                f"{self.place} holds images of {height}x{width} pixels; leave out --size, which "
                "is for pictures in files and for rows of pixels."
            )


@dataclass(frozen=True)
class Parts:
    """Samples to train on, and those to test on if the data have a part for that.

    Parameters
    ----------
    train : Samples
    test : Samples or None, default=None
    """

    train: Samples
    test: Samples | None = None


def load_samples(source: Source) -> Parts:
    """Load what DATA refers to, with its labels.

    Parameters
    ----------
    source : Source
        What was found to be there.

    Returns
    -------
    parts : Parts

    Raises
    ------
    OSError, ValueError
        If it can't be loaded.
    """
    if source.kind == "name":
        return _published(source.place)
    if source.kind == "folder":
        return Parts(_pictures(source))
    X, y, X_test, y_test = read_arrays(source.path, source.kind, source.labels, labelled=True)
    train = _samples(X, y, source.place)
    return Parts(train, None if X_test is None else _samples(X_test, y_test, source.place))


def load_unlabelled(place: str, kind: str) -> Samples:
    """Load arrays of images whose labels aren't needed, such as the test part of an .npz file."""
    X, _, X_test, _ = read_arrays(Path(place).expanduser(), kind, None, labelled=False)
    return Samples(X if X_test is None else X_test, None, place)


def load_digits_whole() -> Parts:
    """Load scikit-learn's digits for cross-validation."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return Parts(_samples(X, y, "digits"))


def _pictures(source: Source) -> Samples:
    from skmnist.datasets import load_image_folder

    # Lazy, as only the paths are needed; the size has no effect then.
    bunch = load_image_folder(source.path, labels=source.labels, size=1, lazy=True)
    labels = labels_from(bunch.target_names)
    return Samples(bunch.filenames.tolist(), labels[bunch.target], source.place)


def _published(name: str) -> Parts:
    if name == "digits":
        whole = load_digits_whole().train
        X, y, n = whole.X, whole.y, _N_DIGITS_TO_TRAIN
        return Parts(_samples(X[:n], y[:n], name), _samples(X[n:], y[n:], name))
    from skmnist.datasets._registry import DATASETS

    train, test = DATASETS[name].load(0)
    return Parts(_samples(*train, name), _samples(*test, name))


def _samples(X: Any, y: Any, place: str) -> Samples:
    return Samples(np.asarray(X), np.asarray(y).ravel(), place)
