"""Features that a pretrained backbone, which is never trained, finds in images."""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from os import PathLike, fspath
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted, check_memory

from skmnist._inputs.arrays import as_numpy
from skmnist._inputs.encoding import ImageEncoding
from skmnist._inputs.images import ImageShape, as_images, as_rows, image_shape_of, native_pixels
from skmnist._inputs.picture_range import picture_range
from skmnist._inputs.pixel_range import one_pixel_warning
from skmnist._inputs.pixels import PixelScaling, PixelValues
from skmnist._inputs.validation import (
    ClearErrors,
    clear_arguments,
    in_one_step,
    rows_as_fitted,
    valid_rows,
)
from skmnist._utils.backend import backend_name
from skmnist._utils.errors import shown
from skmnist._utils.keras import is_keras_model
from skmnist._utils.onednn import StartsAsItsSender
from skmnist._utils.provenance import versions
from skmnist._utils.sklearn import HasMethods, Interval, StrOptions, fit_context
from skmnist.classifiers._pixel_state import PixelState
from skmnist.networks._architecture import Architecture
from skmnist.networks._backbone_inputs import PREPARATIONS
from skmnist.networks._feature_network import POOLING, feature_network
from skmnist.networks._frozen import FrozenBackbone, find_backbone, is_of_applications
from skmnist.training._predictor import Predictor

# Images that are read, looked up in `memory` and computed together.
_IMAGES_IN_CHUNK = 512


class PretrainedFeatures(
    StartsAsItsSender,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    PixelState,
    ClearErrors,
    BaseEstimator,
):
    """Features that a pretrained network finds in images, for any other estimator.

    The network, the backbone, is never trained, so a simple classifier behind it learns from a few
    images of each class, in seconds [1]_. Images of any size, grey or in colour, are brought to the
    backbone's size and to the pixels that it was trained on.

    Parameters
    ----------
    backbone : str, keras.Model or callable, default="MobileNetV3Small"
        The name of a network of ``keras.applications``, such as "EfficientNetV2B0", "ConvNeXtTiny"
        or "ResNet50"; "keras_hub:" and a preset of ``keras_hub``, by name or as a folder, such as
        "keras_hub:resnet_18_imagenet" (install ``skmnist[keras-hub]``); a functional or sequential
        model of Keras; or a function without arguments that returns one. Of a model of one's own,
        the last layer gives the features.
    weights : "imagenet", str, path-like or None, default="imagenet"
        "imagenet" are those that Keras or ``keras_hub`` has for the backbone, downloaded once; a
        path is a .weights.h5, .h5 or .keras file of the backbone without its top, whole or up to
        `last_layer`. None draws random ones, always the same, with a warning: for tests only. A
        model of one's own has its own weights.
    backbone_settings : dict or None, default=None
        Keras's arguments of the backbone, such as ``{"alpha": 0.75}`` for "MobileNetV3Small".
    last_layer : str or None, default=None
        The backbone's layer whose values are the features; None is the last one.
    input_size : int, tuple (height, width) or None, default=None
        The size, in pixels and at most 1024 each, that images are brought to, bilinearly and
        without keeping their proportions. None is that of the images that the backbone was trained
        on, mostly 224; for a model of one's own that takes any size, the images keep theirs.
        Smaller is faster.
    preprocessing : {"auto", "caffe", "raw", "scale", "tf", "torch"}, default="auto"
        What the backbone's pixels are. "auto" are those that it was trained on, as its
        ``preprocess_input`` in Keras makes them; for a model of one's own "raw". "caffe", "tf" and
        "torch" are Keras's modes, "raw" are pixels from 0 to 255, and "scale" from 0 to 1.
    pooling : {"avg", "max"} or None, default="avg"
        What each feature map becomes: its mean, its largest value or, for None, all of its values.
    pixel_range : "auto" or tuple (low, high), default="auto"
        The values of black and white in `X`. "auto" finds them in `fit`: the smallest range in use,
        from 0 to 1, 16, 255 or 65,535 or from -1 to 1, that holds all values, or else their own.
    image_shape : tuple (height, width) or (height, width, channels), or None, default=None
        The shape of one image where `X` holds rows. None takes the shape of the images in `X`, or
        finds a square.
    batch_size : int, default=32
        The number of images that the network takes at once, which limits the memory. The features
        don't depend on it.
    memory : str, path-like, joblib.Memory or None, default=None
        Where features are kept, as for ``sklearn.pipeline.Pipeline``: the path of a folder, or a
        ``joblib.Memory``. Images that were transformed before, with the same weights and settings,
        aren't transformed again, not even in another process. They are looked up 512 at a time, so
        what an interrupted `transform` has done isn't lost.

    Attributes
    ----------
    weights_sha256_ : str
        The SHA-256 of the backbone's weights.
    pixel_offset_, pixel_scale_ : float
        The pixels from 0 to 1 are ``(X - pixel_offset_) / pixel_scale_``.
    image_shape_ : tuple (height, width, channels)
        The shape of one image.
    n_features_in_ : int
        Number of pixels of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    Warns
    -----
    UserWarning
        In `fit`, if ``weights=None``: a backbone that has learned nothing.
    PixelRangeWarning
        In `transform`, if images are inverted or in another unit than in `fit`.

    See Also
    --------
    PretrainedClassifier : Trains a backbone for the classes at hand.
    CNNFeatures : Features of a network that was trained on images like these.

    Notes
    -----
    `fit` loads the weights and learns nothing but the images' shape and the range of their pixels.
    So the features of training images are as good as those of others, and a classifier with
    `partial_fit` can be trained on one batch of them after another.

    What is not in memory as an array, such as the images of ``ImageLoader(lazy=True)`` or a data
    set of ``h5py``, is read 512 images at a time.

    A clone shares a model of one's own. A pickle and a file of `skmnist.save` hold the backbone's
    weights, so that they need no other file and no internet; `skmnist.save` writes networks of
    ``keras.applications`` only.

    References
    ----------
    .. [1] A. S. Razavian, H. Azizpour, J. Sullivan and S. Carlsson, "CNN features off-the-shelf: an
       astounding baseline for recognition", CVPR Workshops, 2014.

    Examples
    --------
    ``make_pipeline(PretrainedFeatures(), LogisticRegression())`` has the weights of ImageNet.  Here
    is a small model with random weights:

    >>> import keras
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skmnist import PretrainedFeatures
    >>> X, y = load_digits(return_X_y=True)
    >>> def backbone():
    ...     orthogonal = keras.initializers.Orthogonal(seed=0)
    ...     return keras.Sequential([
    ...         keras.Input((8, 8, 1)),
    ...         keras.layers.Rescaling(1 / 255),
    ...         keras.layers.Conv2D(32, 4, activation="relu", kernel_initializer=orthogonal),
    ...     ])
    >>> features = PretrainedFeatures(backbone, pooling=None)
    >>> pipeline = make_pipeline(features, LogisticRegression())
    >>> pipeline.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    >>> pipeline[:-1].transform(X).shape
    (1797, 800)
    """

    weights_sha256_: str
    _parameter_constraints: dict[str, list[Any]] = {
        "backbone": [str, callable],
        "weights": [str, PathLike, None],
        "backbone_settings": [dict, None],
        "last_layer": [str, None],
        "input_size": [Interval(Integral, 1, 1024, closed="both"), tuple, list, None],
        "preprocessing": [StrOptions({"auto", *PREPARATIONS} - {"efficientnet"})],
        "pooling": [StrOptions(set(POOLING)), None],
        "pixel_range": [StrOptions({"auto"}), tuple, list],
        "image_shape": [tuple, list, None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "memory": [str, PathLike, HasMethods(["cache"]), None],
    }

    def __init__(
        self,
        backbone: Any = "MobileNetV3Small",
        *,
        weights: str | PathLike[str] | None = "imagenet",
        backbone_settings: dict[str, Any] | None = None,
        last_layer: str | None = None,
        input_size: int | Sequence[int] | None = None,
        preprocessing: str = "auto",
        pooling: str | None = "avg",
        pixel_range: str | Sequence[float] = "auto",
        image_shape: Sequence[int] | None = None,
        batch_size: int = 32,
        memory: Any = None,
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.backbone_settings = backbone_settings
        self.last_layer = last_layer
        self.input_size = input_size
        self.preprocessing = preprocessing
        self.pooling = pooling
        self.pixel_range = pixel_range
        self.image_shape = image_shape
        self.batch_size = batch_size
        self.memory = memory

    @in_one_step
    @fit_context(prefer_skip_nested_validation=True)
    @clear_arguments
    def fit(self, X: Any, y: Any = None) -> Self:
        """Load the weights, and find the shape and the range of the images.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.
        y : None
            Not used.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter or `X` is not usable, or a file holds other weights than the backbone's.
        OSError
            If a file can't be read or downloaded.
        ImportError
            If ``keras_hub`` is needed and not installed.

        Warns
        -----
        UserWarning
            If ``weights=None``.
        """
        rows, seen_shape = as_rows(next(_parts(X)))
        rows = native_pixels(valid_rows(self, rows, reset=True))
        self.image_shape_ = image_shape_of(rows, self.image_shape, seen_shape)
        self.pixel_offset_, self.pixel_scale_ = self._find_range(rows)
        self._pixels_ = PixelValues.of(as_images(rows, self.image_shape_))
        found = self._find_backbone()
        architecture = self._architecture(found)
        if self.weights is None:
            _warn_of_random_weights(self.backbone)
        self._set_network(architecture, found.values(self._sides(found)))
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Compute the features.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.

        Returns
        -------
        features : ndarray of shape (n, n_features_out), float32
            A row's features are bit for bit the same, whatever other rows `X` has.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If `X` has another shape than in `fit`.

        Warns
        -----
        PixelRangeWarning
            If images are inverted or in another unit than in `fit`.
        """
        check_is_fitted(self)
        compute = self._computation()
        with one_pixel_warning():
            return np.concatenate([compute(rows) for rows in self._checked_rows(X)])

    def __sklearn_clone__(self) -> Any:
        if not is_keras_model(self.backbone):
            return super().__sklearn_clone__()
        # A model is never changed, so it need not be copied.
        without = type(self)(**{**self.get_params(deep=False), "backbone": "MobileNetV3Small"})
        return (
            super(PretrainedFeatures, without)
            .__sklearn_clone__()
            .set_params(backbone=self.backbone)
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    # -- what goes in ------------------------------------------------------------------

    def _find_range(self, rows: NDArray[Any]) -> PixelScaling:
        if isinstance(self.pixel_range, str):
            return picture_range(rows)
        try:
            low, high = map(float, self.pixel_range)
            is_range = 0 < high - low < np.inf
        except (TypeError, ValueError):
            is_range = False
        if not is_range:
            raise ValueError(
                f"pixel_range={shown(self.pixel_range)}; expected 'auto' or the values of black "
                "and white, such as (0, 255)."
            )
        return PixelScaling(low, high - low)

    def _checked_rows(self, X: Any) -> Iterator[NDArray[Any]]:
        """Yield a few rows at a time, after a check of all that are in memory."""
        for part in _parts(X):
            rows = native_pixels(rows_as_fitted(self, part)[0])
            self._warn_of_other_pixels(rows)
            for chunk in gen_batches(len(rows), _IMAGES_IN_CHUNK):
                yield np.ascontiguousarray(rows[chunk])

    @property
    def _encoding(self) -> ImageEncoding:
        """What images are compared with: those of `fit`, which need not fill the whole range."""
        values = self._pixels_
        scaling = (
            self._scaling if values is None else PixelScaling(values.low, values.high - values.low)
        )
        return ImageEncoding(self.image_shape_, scaling, values)

    # -- the network -------------------------------------------------------------------

    def _find_backbone(self) -> FrozenBackbone:
        settings = tuple(sorted((self.backbone_settings or {}).items()))
        return find_backbone(self.backbone, settings, self.last_layer, self.weights)

    def _architecture(self, found: FrozenBackbone) -> Architecture:
        preparation = found.preparation
        if self.preprocessing != "auto":
            preparation = PREPARATIONS[self.preprocessing]
        return Architecture.of(
            feature_network,
            input_shape=self.image_shape_,
            body=found.body,
            sides=self._sides(found),
            preparation=preparation,
            n_channels=found.n_channels,
            pooling=self.pooling,
        )

    def _sides(self, found: FrozenBackbone) -> tuple[int, int]:
        if self.input_size is None:
            return found.sides or self.image_shape_[:2]
        given = self.input_size
        sides: Any = (given, given) if isinstance(given, Integral) else given
        if len(sides) != 2 or not all(
            isinstance(n, Integral) and 1 <= int(n) <= 1024 for n in sides
        ):
            raise ValueError(
                f"input_size={shown(given)}; expected the side of a square or (height, width), "
                "whole numbers from 1 to 1024, or None."
            )
        height, width = map(int, sides)
        if found.only_these_sides and (height, width) != found.sides:
            raise ValueError(
                f"input_size={shown(given)}, but the backbone takes images of {found.sides} pixels "
                "only; expected None."
            )
        return height, width

    def _set_network(self, architecture: Architecture, variables: Sequence[NDArray[Any]]) -> None:
        self._predictor_ = Predictor(architecture, variables, self._scaling, self.batch_size)
        self._n_features_out = self._predictor_.n_outputs
        self.weights_sha256_ = _digest(variables)

    def _computation(self) -> Callable[[NDArray[Any]], NDArray[Any]]:
        """Return the function from rows to features, which looks into the memory first."""
        memory = fspath(self.memory) if isinstance(self.memory, PathLike) else self.memory
        if memory is None:
            return lambda rows: self._predictor_.outputs(rows, self.image_shape_)
        cached = check_memory(memory).cache(_features, ignore=["predictor"])
        # All that features depend on, apart from the images.
        settings = (
            self._predictor_.architecture.settings,
            tuple(self._scaling),
            self.weights_sha256_,
            backend_name(),
            versions(),
        )
        key = hashlib.sha256(repr(settings).encode()).hexdigest()
        return lambda rows: cached(rows, self.image_shape_, key, self._predictor_)

    # -- for files ---------------------------------------------------------------------

    @property
    def __skmnist_fitted_architecture__(self) -> Architecture:
        """The architecture that the parameters and what was learned describe."""
        return self._architecture(self._find_backbone())

    @property
    def __skmnist_predictor__(self) -> Predictor:
        """The network with its weights."""
        return self._predictor_

    def __skmnist_getstate__(self) -> dict[str, Any]:
        if not is_of_applications(self.backbone):
            raise TypeError(
                f"backbone={shown(self.backbone)} can't be saved as data; expected the name of a "
                "network of keras.applications. Use joblib for the whole estimator."
            )
        if self.__skmnist_fitted_architecture__ != self._predictor_.architecture:
            raise ValueError(
                "The backbone's parameters have changed since it was fitted. Set them back, or fit "
                "again, before saving."
            )
        return super().__skmnist_getstate__()

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        if not is_of_applications(self.backbone):
            raise ValueError(
                f"backbone={shown(self.backbone)} in the file; expected a network of "
                "keras.applications."
            )
        super().__skmnist_setstate__(state)

    def __skmnist_setvariables__(self, variables: Sequence[NDArray[Any]]) -> None:
        """Set the values of the network's variables, in Keras's order."""
        self._set_network(self.__skmnist_fitted_architecture__, variables)


def _features(
    rows: NDArray[Any],
    image_shape: ImageShape,
    key: str,  # noqa: ARG001 - joblib's, like the others but the predictor
    predictor: Predictor,
) -> NDArray[Any]:
    return predictor.outputs(rows, image_shape)


def _parts(X: Any) -> Iterator[Any]:
    """Yield all of `X`, or a few images at a time of what isn't in memory as an array."""
    n_dimensions = len(getattr(X, "shape", ()))
    if isinstance(X, np.ndarray) or n_dimensions not in (3, 4) or not len(X):
        yield X
        return
    for part in gen_batches(len(X), _IMAGES_IN_CHUNK):
        yield np.asarray(as_numpy(X[part]))


def _digest(variables: Sequence[NDArray[Any]]) -> str:
    total = hashlib.sha256()
    for values in variables:
        if values.dtype.kind not in "iu":  # the state of a generator, which isn't used
            total.update(f"{values.dtype} {values.shape} ".encode())
            total.update(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
    return total.hexdigest()


def _warn_of_random_weights(backbone: Any) -> None:
    warnings.warn(
        f"weights=None: {shown(backbone)} has random weights and has learned nothing, so its "
        "features are hardly better than the pixels. Leave weights out for those of ImageNet, or "
        "give the path of a file.",
        UserWarning,
        stacklevel=2,
    )
