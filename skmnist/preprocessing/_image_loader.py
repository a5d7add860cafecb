"""Files of pictures, images of Pillow and arrays of different sizes to one array of images."""

from numbers import Integral
from typing import Any, Self

from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from skmnist._inputs.lazy_images import LazyImages
from skmnist._inputs.loading import as_sources, load_pictures, names_of
from skmnist._inputs.pictures import PictureFormat
from skmnist._inputs.validation import ClearErrors
from skmnist._utils.sklearn import StrOptions, fit_context, validate_params


class ImageLoader(TransformerMixin, ClearErrors, BaseEstimator):
    """Read pictures of any size and format as one array of images.

    Parameters
    ----------
    size : int, tuple (height, width) or None, default=None
        The size of the images, in pixels; a single number is a square's side. None means that all
        pictures have the same size already.
    mode : {"grey", "RGB"}, default="grey"
        Whether images have one channel or three.
    resize : {"pad", "crop", "stretch"}, default="pad"
        How a picture of other proportions gets this size. "pad" makes it as large as fits, and
        fills the rest with the median of its own border; "crop" cuts off what is too much, on both
        sides alike; "stretch" changes the proportions.
    on_error : {"raise", "skip"}, default="raise"
        What is done about a picture that can't be read. "skip" leaves it out, with a warning that
        names it: then the images no longer match `y` in a Pipeline.
    lazy : bool, default=False
        If True, return :class:`LazyImages` in place of an array: pictures are decoded when a
        network needs them, in each epoch again, so that they need not fit into memory.
    flatten : bool, default=False
        If True, return rows of pixels, which scikit-learn's own estimators require.
    n_jobs : int or None, default=None
        Number of threads that decode pictures; None means 1, unless in a
        :func:`joblib.parallel_config` context. The results don't depend on it.

    See Also
    --------
    skmnist.datasets.load_image_folder : Reads a folder of labelled pictures.

    Notes
    -----
    A picture is decoded by Pillow and turned as its EXIF data say.  Transparent pictures are laid
    on white.  16 bits are scaled to 8; floating numbers are multiplied by 255 if all of a picture,
    or of an array of pictures, are from 0 to 1.  Of several frames or pages, the first one is read.
    Grey is the luma of ITU-R BT.601.  Pictures are resized by Pillow's antialiased bilinear filter.
    JPEG files that are far larger than `size` are decoded at half, a quarter or an eighth of their
    size, still at least three times `size`; this changes pixels by very little and is several times
    as fast.

    Files over Pillow's own limit of pixels, ``PIL.Image.MAX_IMAGE_PIXELS``, are refused, and so
    are formats for which Pillow runs other programs, such as EPS.

    Nothing is learned in `fit`, so `transform` may be called without it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from skmnist import ImageLoader
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "photo.png"
    ...     Image.new("RGB", (400, 300), "white").save(path)
    ...     images = ImageLoader(size=28).fit_transform([path])
    >>> images.shape, images.dtype, images.max()
    ((1, 28, 28), dtype('uint8'), np.uint8(255))
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "size": [Integral, tuple, list, None],
        "mode": [str],
        "resize": [str],
        "on_error": [StrOptions({"raise", "skip"})],
        "lazy": ["boolean"],
        "flatten": ["boolean"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        size: int | tuple[int, int] | None = None,
        *,
        mode: str = "grey",
        resize: str = "pad",
        on_error: str = "raise",
        lazy: bool = False,
        flatten: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.size = size
        self.mode = mode
        self.resize = resize
        self.on_error = on_error
        self.lazy = lazy
        self.flatten = flatten
        self.n_jobs = n_jobs

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters; nothing is learned.

        Parameters
        ----------
        X : list, array-like, Series or data frame of one column
            Pictures, as for `transform`. None of them is read.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer.

        Raises
        ------
        TypeError, ValueError
            If a parameter is out of range, or `X` isn't several pictures.
        """
        self._format()
        as_sources(X)
        return self

    def transform(self, X: Any) -> NDArray[Any] | LazyImages:
        """Read pictures.

        Parameters
        ----------
        X : list, array-like, Series or data frame of one column
            Paths, images of Pillow, open binary files, bytes of files, and arrays of shape
            (height, width) or (height, width, channels), of different sizes, also mixed. Or one
            array of shape (n, height, width) or (n, height, width, channels).

        Returns
        -------
        images : ndarray or LazyImages of shape (n, height, width) or (n, height, width, 3), uint8
            With `flatten`, of shape (n, n_pixels).

        Raises
        ------
        OSError, ValueError
            If a picture can't be read, or they differ in size and `size` is None. The message
            names the file.
        TypeError
            If `X` isn't several pictures.

        Warns
        -----
        UserWarning
            If pictures were left out; the warning names them.
        """
        validate_params(self)
        sources = as_sources(X)
        images, _ = load_pictures(
            sources,
            names_of(sources),
            self._format(),
            on_error=self.on_error,
            lazy=self.lazy,
            n_jobs=self.n_jobs,
        )
        return images.reshape(len(images), -1) if self.flatten else images

    def _format(self) -> PictureFormat:
        return PictureFormat.checked(self.mode, self.size, self.resize)

    # The state in a file; see `skmnist._inputs.state.ImageState`.

    def __skmnist_getstate__(self) -> dict[str, Any]:
        return {}

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        pass

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        tags.no_validation = True
        return tags
