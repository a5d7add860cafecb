"""The abstract base of all classifiers of word sequences."""

from abc import ABCMeta
from collections.abc import Callable
from functools import wraps
from numbers import Integral
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_non_negative

from skmnist._inputs.encoding import ImageEncoding
from skmnist._inputs.images import ImageShape
from skmnist._inputs.pixels import PixelScaling
from skmnist._utils.sklearn import Interval, StrOptions
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.classifiers._parameters import HIDDEN_LAYERS
from skmnist.text._networks import UNKNOWN

MOST_WORDS = 2**24  # a batch is float32, which represents all whole numbers up to this one
_OF_IMAGES = {"augmentation", "image_shape", "output_activation", "pixel_scaling"}


_Method = TypeVar("_Method", bound=Callable[..., Any])


def _of_words(method: _Method) -> _Method:
    """Return a method of the base with a docstring about word indices instead of images."""

    @wraps(method)
    def inherited(*args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    inherited.__doc__ = (
        (method.__doc__ or "")
        .replace("(n, n_pixels), (n, height, width) or (n, height, width, channels)", "(n, length)")
        .replace("Rows of pixels or images, of any real dtype.", "Rows of word indices.")
    )
    return cast("_Method", inherited)


class SequenceClassifier(NetworkClassifier, metaclass=ABCMeta):
    """A network classifier whose rows are word indices, not pixels (abstract).

    In addition to what `NetworkClassifier` requires, a final class has a parameter
    `vocabulary_size`, and uses `vocabulary_size_` as the size of its embedding.
    """

    _parameter_constraints = {
        **{
            name: constraint
            for name, constraint in (
                NetworkClassifier._parameter_constraints | HIDDEN_LAYERS
            ).items()
            if name not in _OF_IMAGES
        },
        "vocabulary_size": [
            StrOptions({"auto"}),
            Interval(Integral, UNKNOWN + 1, MOST_WORDS, closed="both"),
        ],
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
    }

    vocabulary_size: int | str

    # For the base, a sequence is an image of one row, which has no other shape and is neither moved
    # nor scaled.
    image_shape = None
    augmentation = None
    pixel_scaling = None

    fit = _of_words(NetworkClassifier.fit)
    partial_fit = _of_words(NetworkClassifier.partial_fit)
    predict = _of_words(NetworkClassifier.predict)
    predict_proba = _of_words(NetworkClassifier.predict_proba)
    predict_log_proba = _of_words(NetworkClassifier.predict_log_proba)
    score = _of_words(NetworkClassifier.score)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = False
        tags.input_tags.sparse = False
        tags.input_tags.positive_only = True
        return tags

    def _begin_anew(
        self,
        rows: NDArray[Any],
        y: NDArray[Any],
        counted: NDArray[Any],
        known: Any,
        seen: ImageShape | None,
    ) -> None:
        super()._begin_anew(rows, y, counted, known, seen)
        self.vocabulary_size_ = (
            max(int(rows[counted].max()), UNKNOWN) + 1
            if self.vocabulary_size == "auto"
            else int(self.vocabulary_size)
        )

    def _inputs(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Convert the validated numbers to integers; refuse those beyond the embedding's size."""
        check_non_negative(rows, f"X of {type(self).__name__}")
        automatic = self.vocabulary_size == "auto"
        vocabulary_size = MOST_WORDS if automatic else int(self.vocabulary_size)
        if rows.max() >= vocabulary_size:
            raise ValueError(
                f"X holds the word index {int(rows.max())}; expected indices from 0 to "
                f"{vocabulary_size - 1}{'' if automatic else ', as vocabulary_size says'}."
            )
        return rows.astype(np.int32, copy=False)

    def _learned_encoding(self, rows: NDArray[Any], seen: ImageShape | None) -> ImageEncoding:
        if seen is not None:
            raise ValueError(
                f"X holds images of shape {seen}; expected rows of word indices, of shape "
                "(n, length), as TextSequencer returns them."
            )
        return ImageEncoding((1, rows.shape[1], 1), PixelScaling(), values=None)

    def __skmnist_getstate__(self) -> dict[str, Any]:
        return {**super().__skmnist_getstate__(), "vocabulary_size_": self.vocabulary_size_}

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        super().__skmnist_setstate__(state)
        self.vocabulary_size_ = state["vocabulary_size_"]
