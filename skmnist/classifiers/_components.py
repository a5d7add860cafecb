"""Principal components, with an error that states how many images they need."""

from numbers import Integral
from typing import Any, Self

from numpy.typing import NDArray
from sklearn import decomposition


class PCA(decomposition.PCA):
    """scikit-learn's ``PCA``, with a clear error if there are fewer images than components.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.classifiers._components import PCA
    >>> PCA(120).fit(np.zeros((60, 500)))
    Traceback (most recent call last):
    ValueError: n_components=120 of PCA needs at least 120 images, but X has 60. Give more images, \
or set n_components to at most 60.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the components; see :meth:`sklearn.decomposition.PCA.fit`."""
        self._check_n_images(X)
        return super().fit(X, y)

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[Any]:
        """Learn and apply the components; see :meth:`sklearn.decomposition.PCA.fit_transform`."""
        self._check_n_images(X)
        return super().fit_transform(X, y)

    def _check_n_images(self, X: Any) -> None:
        wanted, n_images = self.n_components, len(X)
        if isinstance(wanted, Integral) and n_images < int(wanted):
            raise ValueError(
                f"n_components={wanted} of PCA needs at least {wanted} images, but X has "
                f"{n_images}. Give more images, or set n_components to at most {n_images}."
            )
