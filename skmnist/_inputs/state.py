"""The learned state of estimators as plain data, which each class exports and restores."""

from typing import Any

import numpy as np

from skmnist._inputs.images import ImageShape


class ImageState:
    """Exports and restores what every estimator of images has learned, for files (mixin).

    A class that `skmnist.persistence` can save has two methods.  ``__skmnist_getstate__`` returns
    what was learned, by name: values that JSON can hold, except for `classes_`, which is an array,
    and for fitted estimators.  ``__skmnist_setstate__`` takes what the other has returned, each
    value checked by the reader of the file; it raises a ValueError if they don't fit the
    estimator's parameters.  Subclasses extend both.

    The names, like scikit-learn's ``__sklearn_tags__``, don't show up in a user's completion.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist.preprocessing import Blur
    >>> state = Blur().fit(load_digits().images).__skmnist_getstate__()
    >>> state["image_shape_"]
    [8, 8, 1]
    >>> again = Blur()
    >>> again.__skmnist_setstate__(state)
    >>> again.image_shape_
    (8, 8, 1)
    """

    image_shape_: ImageShape
    n_features_in_: int

    def __skmnist_getstate__(self) -> dict[str, Any]:
        names = getattr(self, "feature_names_in_", None)
        return {
            "image_shape_": list(self.image_shape_),
            "n_features_in_": self.n_features_in_,
            "feature_names_in_": None if names is None else names.tolist(),
        }

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        height, width, channels = state["image_shape_"]
        self.image_shape_ = height, width, channels
        self.n_features_in_ = state["n_features_in_"]
        if state["feature_names_in_"] is not None:
            self.feature_names_in_ = np.array(state["feature_names_in_"], dtype=object)
