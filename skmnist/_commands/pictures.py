"""The preparation of pictures: in training, and by the model's own steps afterwards."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from joblib import parallel_config
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from skmnist._commands.samples import Samples
from skmnist._inputs.pictures import in_8_bits
from skmnist.comparison._measure import last_step
from skmnist.persistence import load
from skmnist.preprocessing import DigitNormalizer, ImageLoader

_LARGEST_KEPT = 64  # pixels; networks for small images take minutes beyond
_SIDE = 32
_SIDE_OF_CHARACTERS = 28
_MOST_NAMED = 5
_MOST_BYTES = 2**30  # of images that are held in memory


@dataclass(frozen=True)
class Options:
    """What the user wants of images.

    Parameters
    ----------
    size : tuple (height, width) or None
        Their size; None keeps a small common size.
    mode : {"grey", "RGB"}
        Their colours.
    photographs : bool
        Whether pictures are photographs of one character each.
    """

    size: tuple[int, int] | None
    mode: str
    photographs: bool

    @property
    def channels(self) -> int:
        """The number of channels."""
        return 3 if self.mode == "RGB" else 1


def steps_for(pictures: Sequence[str], options: Options) -> Pipeline:
    """Return the steps that prepare pictures in files.

    Parameters
    ----------
    pictures : sequence of str
        Their paths.
    options : Options

    Returns
    -------
    steps : Pipeline
        Fitted; nothing is learned.
    """
    if options.photographs:
        return _steps(options.size or (_SIDE_OF_CHARACTERS, _SIDE_OF_CHARACTERS), options)
    return _steps(options.size or _common_size(pictures) or (_SIDE, _SIDE), options)


def prepared(pictures: Any, steps: Pipeline) -> Any:
    """Return pictures as images, prepared on all cores.

    Parameters
    ----------
    pictures : list of str or ndarray
        Paths, or images of one size.
    steps : Pipeline
        If a loader without a size precedes a DigitNormalizer, pictures are as large as they are.

    Returns
    -------
    images : ndarray or LazyImages of shape (n, height, width) or (n, height, width, 3)
        Pictures in files whose images would take over a gigabyte are decoded when they are needed.

    Warns
    -----
    UserWarning
        If there is no character in some photographs; the warning names them.
    """
    with parallel_config(n_jobs=-1):
        if isinstance(pictures, list) and len(steps) == 2 and steps[0].size is None:
            return _each_by_itself(pictures, steps)
        if isinstance(pictures, list) and len(steps) == 1:
            return _read(pictures, steps[0])
        return steps.transform(pictures)


def _read(pictures: Sequence[str], loader: ImageLoader) -> Any:
    images = clone(loader).set_params(lazy=True, n_jobs=-1).transform(pictures)
    return images if images.size > _MOST_BYTES else np.asarray(images)


def _each_by_itself(pictures: Sequence[str], steps: Pipeline) -> Any:
    """Prepare photographs of any sizes, of which padding or cropping would harm some."""
    quiet = clone(steps)
    quiet[1].set_params(on_blank="ignore")
    images = Parallel(require="sharedmem")(delayed(quiet.transform)([path]) for path in pictures)
    blank = [path for path, image in zip(pictures, images, strict=True) if not image.any()]
    if blank:
        more = f" and {len(blank) - _MOST_NAMED} more" if len(blank) > _MOST_NAMED else ""
        warnings.warn(
            f"no character is found in {len(blank)} of {len(pictures)} photographs, whose images "
            f"are black: {', '.join(blank[:_MOST_NAMED])}{more}. Look whether they are blank, out "
            "of focus or cut off at the border.",
            UserWarning,
            stacklevel=3,
        )
    return np.concatenate(images)


def images_to_learn(samples: Samples, options: Options) -> tuple[Any, Pipeline | None]:
    """Return images to train on, and the steps that prepare pictures for the same network.

    Parameters
    ----------
    samples : Samples
        Pictures, images or rows of pixels.
    options : Options

    Returns
    -------
    images : ndarray or LazyImages of shape (n, height, width) or (n, height, width, 3)
        uint8 if `steps` isn't None.
    steps : Pipeline or None
        None if pictures can't be like the samples, which are no images, or have pixels below 0 or
        above 255.
    """
    if samples.are_pictures:
        steps = steps_for(samples.X, options)
        return prepared(samples.X, steps), steps
    images = samples.as_images(options.size, options.channels).X
    if images.shape[1] == 1:  # rows that are no squares
        return images, None
    try:
        images = in_8_bits(images)
    except ValueError:
        return images, None
    mode = "RGB" if images.shape[3:] == (3,) else "grey"
    return images, _steps(images.shape[1:3], Options(None, mode, options.photographs))


class Model:
    """A fitted classifier of images, and the steps that prepare pictures for it.

    Parameters
    ----------
    estimator : classifier
        Loaded from a file. If it doesn't begin with an ImageLoader, one is made for its images.

    Raises
    ------
    ValueError
        If it isn't a classifier of images.
    """

    def __init__(self, estimator: Any) -> None:
        if not is_classifier(estimator):
            raise ValueError(f"the model is {estimator!r}; expected a classifier.")
        if getattr(last_step(estimator), "target_type_", "") == "multilabel-indicator":
            raise ValueError("the model predicts several labels per image; expected one.")
        n = _number_of_picture_steps(estimator)
        self.classifier = estimator if n == 0 else estimator[n:]
        self._is_of_pictures = n > 0
        self._shape = _image_shape_of(self.classifier)
        if n:
            self._steps = estimator[:n]
        else:
            mode = "RGB" if self._shape[2] == 3 else "grey"
            self._steps = _steps(self._shape[:2], Options(None, mode, photographs=False))

    @property
    def classes(self) -> NDArray[Any]:
        """The labels that it predicts."""
        classes: NDArray[Any] = self.classifier.classes_
        return classes

    def images(self, samples: Samples) -> Any:
        """Return images as the classifier takes them.

        Parameters
        ----------
        samples : Samples
            Pictures and images of another size than the classifier's are prepared by the steps;
            others are taken as they are.

        Returns
        -------
        images : ndarray of shape (n, height, width) or (n, height, width, channels)
        """
        if samples.are_pictures:
            return prepared(samples.X, self._steps)
        images = samples.X
        if images.ndim == 2:
            self._check_n_pixels(samples)
            images = samples.as_images(self._shape[:2], self._shape[2]).X
        if self._is_of_pictures:
            images = in_8_bits(images)
        grey = self._shape[:2] if self._shape[2] == 1 else self._shape
        if images.shape[1:] in (self._shape, grey):
            return images
        return prepared(images, self._steps)

    def _check_n_pixels(self, samples: Samples) -> None:
        n_pixels, expected = samples.X.shape[1], prod(self._shape)
        if n_pixels != expected:
            size = " x ".join(map(str, self._shape))
            raise ValueError(
                f"{samples.place} has {n_pixels} pixels per row; expected {expected}, as the model "
                f"was trained on images of {size} values."
            )


def load_model(path: Path) -> Model:
    """Load a model from a file; see `Model` for the errors besides those of `skmnist.load`."""
    return Model(load(path))


def _number_of_picture_steps(estimator: Any) -> int:
    if not isinstance(estimator, Pipeline) or not isinstance(estimator[0], ImageLoader):
        return 0
    return 2 if isinstance(estimator[1], DigitNormalizer) else 1


def _image_shape_of(estimator: Any) -> tuple[int, int, int]:
    while isinstance(estimator, Pipeline):
        estimator = estimator[0]
    shape: tuple[int, int, int] | None = getattr(estimator, "image_shape_", None)
    if shape is None:
        raise ValueError(
            f"the model begins with {type(estimator).__name__}, which doesn't take images."
        )
    return shape


def _steps(size: tuple[int, int], options: Options) -> Pipeline:
    if not options.photographs:
        return Pipeline([("imageloader", ImageLoader(size, mode=options.mode))])
    if size[0] != size[1] or options.mode != "grey":
        raise ValueError(
            "--photographs is for square images in grey; these are of "
            f"{size[0]}x{size[1]} pixels, {options.mode}."
        )
    loader = ImageLoader(mode="RGB")  # ink may differ from paper in its colour alone
    inner_size = max(1, round(size[0] * 20 / _SIDE_OF_CHARACTERS))  # as in MNIST
    normalizer = DigitNormalizer(size=size[0], inner_size=inner_size)
    return Pipeline([("imageloader", loader), ("digitnormalizer", normalizer)])


def _common_size(pictures: Sequence[str]) -> tuple[int, int] | None:
    """Return the size of all pictures, (height, width); None if they differ or are large."""
    from PIL import Image

    common = None
    for path in pictures:
        try:
            with Image.open(path) as picture:
                size = picture.height, picture.width
        except OSError:  # is named later, when all are read
            return None
        if max(size) > _LARGEST_KEPT or (common or size) != size:
            return None
        common = size
    return common
