"""The abstract base of the transformers of images."""

from abc import ABCMeta, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skmnist._inputs.images import as_images, as_rows, image_shape_of, native_pixels
from skmnist._inputs.numbers import check_float32_range
from skmnist._inputs.state import ImageState
from skmnist._inputs.validation import ClearErrors, clear_arguments, in_one_step, rows_as_fitted
from skmnist._utils.sklearn import fit_context

_MOST_FEATURES = 2**18


class ImageTransformer(TransformerMixin, ImageState, ClearErrors, BaseEstimator, metaclass=ABCMeta):
    """A transformer that takes rows of pixels or images (abstract).

    A subclass implements `_transform`, and `_learn` if it learns more than the images' shape.  It
    computes in float64 if `X` is float64, else in float32.
    """

    _parameter_constraints: dict[str, list[Any]] = {"image_shape": [tuple, list, None]}

    image_shape: Any

    @in_one_step
    @fit_context(prefer_skip_nested_validation=True)
    @clear_arguments
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the images' shape.

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
            If a parameter or `X` is not usable.
        """
        rows, seen_shape = as_rows(X)
        rows = validate_data(self, rows, dtype="numeric")
        check_float32_range(rows)
        self.image_shape_ = image_shape_of(rows, self.image_shape, seen_shape)
        self._learn(as_images(native_pixels(rows), self.image_shape_))
        return self

    def transform(self, X: Any) -> Any:
        """Transform images.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.

        Returns
        -------
        transformed : ndarray
            float64 if `X` is, else float32.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If `X` has another shape than in `fit`.
        """
        check_is_fitted(self)
        rows, seen_shape = rows_as_fitted(self, X)
        images = as_images(native_pixels(rows), self.image_shape_)
        return self._laid_out(self._transform(images), X if seen_shape is not None else rows)

    def _learn(self, images: NDArray[Any]) -> None:
        """Learn from images of shape (n, height, width, channels)."""
        # Only the shape is learned, unless a subclass overrides this.

    @abstractmethod
    def _transform(self, images: NDArray[Any]) -> NDArray[Any]:
        """Transform images of shape (n, height, width, channels), which must not be changed."""

    def _laid_out(self, transformed: NDArray[Any], like: Any) -> NDArray[Any]:
        """Return features as rows, and images in the layout of the input."""
        if transformed.ndim == 2:
            return transformed
        return transformed.reshape(np.shape(like))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def check_n_features(n_features: int) -> None:
    """Raise an error for an untrusted transformer that would make more features than any has.

    Examples
    --------
    >>> from skmnist.preprocessing._image_transformer import check_n_features
    >>> check_n_features(1000)
    """
    if n_features > _MOST_FEATURES:
        raise ValueError(
            f"a transformer makes {n_features} features of an image; expected {_MOST_FEATURES} at "
            "most."
        )
