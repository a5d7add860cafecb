"""Pictures that stay where they are until they are needed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils.parallel import Parallel, delayed

from skmnist._inputs.images_on_demand import ImagesOnDemand
from skmnist._inputs.pictures import PictureFormat, read_picture

_PICTURES_IN_TASK = 16  # of a thread


class LazyImages(ImagesOnDemand):
    """Pictures as an array of images that are decoded when they are read.

    It has the shape, the dtype and the length of an array.  A single index returns an image as an
    array; slices, masks and arrays of indices return other `LazyImages`, which decode nothing yet.
    The estimators of networks take it for `X` and decode a few images at a time; everything else
    that expects an array gets one from it by ``np.asarray``, which decodes all of them.

    Parameters
    ----------
    sources : sequence
        The pictures, as :func:`~skmnist._inputs.pictures.read_picture` takes them.
    names : sequence of str
        Their names in errors.
    picture_format : PictureFormat
        What they are converted to.
    image_shape : tuple (height, width) or (height, width, 3)
        The shape of one image.
    n_jobs : int or None, default=None
        Number of threads that decode.
    row_shape : tuple of int or None, default=None
        What each image is reshaped to; None means `image_shape`.

    Attributes
    ----------
    shape : tuple of int
        The number of images and the shape of one.
    dtype : dtype
        uint8.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist import ImageLoader
    >>> images = ImageLoader(lazy=True).transform([np.zeros((2, 3)), np.ones((2, 3))])
    >>> images
    LazyImages(shape=(2, 2, 3), dtype=uint8)
    >>> images[1].max(), np.asarray(images[1:]).shape
    (np.uint8(255), (1, 2, 3))
    """

    def __init__(
        self,
        sources: Sequence[Any],
        names: Sequence[str],
        picture_format: PictureFormat,
        image_shape: tuple[int, ...],
        n_jobs: int | None = None,
        row_shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__(len(sources), image_shape if row_shape is None else row_shape)
        self._sources = sources
        self._names = names
        self._format = picture_format
        self._image_shape = image_shape
        self._n_jobs = n_jobs

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("LazyImages have no array yet, so copy=False is impossible.")
        read = np.empty((len(self), *self._image_shape), self.dtype)
        self.read_each(read.__setitem__)
        return read.reshape(self.shape).astype(self.dtype if dtype is None else dtype, copy=False)

    def read_each(
        self,
        use: Callable[[int, NDArray[np.uint8]], Any],
        errors: dict[int, Exception] | None = None,
    ) -> None:
        """Decode every picture, in several threads.

        Parameters
        ----------
        use : callable
            Is called with the number of each picture and its array.
        errors : dict or None, default=None
            Gets the error of each picture that can't be decoded; None raises the first one.
        """

        def read(numbers: Iterable[int]) -> None:
            for i in numbers:
                try:
                    picture = read_picture(
                        self._sources[i], **self._format._asdict(), name=self._names[i]
                    )
                except (OSError, ValueError) as error:
                    if errors is None:
                        raise
                    errors[i] = error
                else:
                    self._check_shape(i, picture)
                    use(i, picture)

        Parallel(n_jobs=self._n_jobs, require="sharedmem")(
            delayed(read)(range(len(self))[start : start + _PICTURES_IN_TASK])
            for start in range(0, len(self), _PICTURES_IN_TASK)
        )

    def _check_shape(self, i: int, picture: NDArray[np.uint8]) -> None:
        if picture.shape != self._image_shape:
            (height, width), (first_height, first_width) = picture.shape[:2], self._image_shape[:2]
            raise ValueError(
                f"{self._names[i]} has {height} x {width} pixels, and others have {first_height} x "
                f"{first_width}; give size=, such as size=(28, 28), to make all of them equal."
            )

    def _take(self, numbers: Sequence[int] | NDArray[Any]) -> Self:
        sources, names = ([of[i] for i in numbers] for of in (self._sources, self._names))
        return self._like(sources, names, self._row_shape)

    def _reshaped(self, row_shape: tuple[int, ...]) -> Self:
        return self._like(self._sources, self._names, row_shape)

    def _like(
        self, sources: Sequence[Any], names: Sequence[str], row_shape: tuple[int, ...]
    ) -> Self:
        return type(self)(sources, names, self._format, self._image_shape, self._n_jobs, row_shape)
