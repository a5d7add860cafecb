"""Texts as sequences of word indices."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from skmnist._inputs.validation import ClearErrors, in_one_step
from skmnist._utils.errors import shown
from skmnist._utils.sklearn import Interval, fit_context
from skmnist.text._networks import UNKNOWN

_PADDING, _START = 0, 1
_FIRST_WORD = UNKNOWN + 1
# As in Keras's TextVectorization; no word of a text has brackets.
_UNKNOWN_SIGN = "[UNK]"

_LINE_BREAK = re.compile(r"<br\s*/?>")
# Words as in the Tokenizer of Keras 2; apostrophes are part of a word.
_WORD = re.compile(r"[^\s!\"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~]+")


class TextSequencer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClearErrors, BaseEstimator):
    r"""Convert texts to rows of word indices, all of the same length.

    Words are numbered by their frequency in the training texts: the most frequent one is 3, the
    next one 4. Of the first indices, 0 is padding, 1 the start of a text, 2 an unknown word. Short
    texts are padded in front, long ones are truncated to their end, as in
    ``keras.datasets.imdb.load_data`` and ``keras.utils.pad_sequences``.

    Words are separated by white space and punctuation, and converted to lower case; an apostrophe
    is part of its word, and the tag ``<br />`` is white space.

    Parameters
    ----------
    max_tokens : int, default=5000
        Upper bound of the indices: ``max_tokens - 3`` words are known. Equally frequent words are
        in alphabetical order.
    output_sequence_length : int, default=500
        Number of indices per text, at most 2**20.
    vocabulary : list of str, default=None
        The known words, the most frequent first, such as another sequencer's ``list(vocabulary_)``;
        only the first ``max_tokens - 3`` are used. None learns them from the texts.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The index of each known word, in ascending order.

    See Also
    --------
    sklearn.feature_extraction.text.CountVectorizer : Counts words, without their order.
    SequenceCNNClassifier : Classifies the output of this transformer.

    Examples
    --------
    >>> from skmnist import TextSequencer
    >>> texts = ["A film is a film!", "What a film:<br />isn't it?"]
    >>> sequencer = TextSequencer(max_tokens=6, output_sequence_length=7).fit(texts)
    >>> sequencer.vocabulary_
    {'a': 3, 'film': 4, 'is': 5}
    >>> sequencer.transform(texts)
    array([[0, 1, 3, 4, 5, 3, 4],
           [0, 1, 2, 3, 4, 2, 2]], dtype=int32)
    >>> sequencer.inverse_transform([[0, 1, 2, 3, 4, 2, 2]])
    ['[UNK] a film [UNK] [UNK]']
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "max_tokens": [Interval(Integral, _FIRST_WORD + 1, None, closed="left")],
        "output_sequence_length": [Interval(Integral, 1, 2**20, closed="both")],
        "vocabulary": [list, tuple, np.ndarray, None],
    }

    def __init__(
        self,
        *,
        max_tokens: int = 5000,
        output_sequence_length: int = 500,
        vocabulary: Sequence[str] | NDArray[Any] | None = None,
    ) -> None:
        self.max_tokens = max_tokens
        self.output_sequence_length = output_sequence_length
        self.vocabulary = vocabulary

    @in_one_step
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Learn the most frequent words.

        Parameters
        ----------
        X : iterable of str
            Texts: a list, a one-dimensional array, a Series.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter is out of range, `X` holds anything but strings, there are no words, or
            `vocabulary` holds anything but distinct words.
        """
        texts = _texts(X)
        words = _frequent_words(texts) if self.vocabulary is None else _distinct(self.vocabulary)
        known = words[: self.max_tokens - _FIRST_WORD]
        self.vocabulary_ = {word: index for index, word in enumerate(known, start=_FIRST_WORD)}
        self._n_features_out = int(self.output_sequence_length)
        return self

    def transform(self, X: Iterable[str]) -> NDArray[Any]:
        """Convert texts to word indices.

        Parameters
        ----------
        X : iterable of str
            Texts: a list, a one-dimensional array, a Series.

        Returns
        -------
        indices : ndarray of shape (n, output_sequence_length), int32
            Every index is at least 0 and smaller than `max_tokens`.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If `X` holds anything but strings.
        """
        check_is_fitted(self)
        texts = _texts(X)
        length, index_of = self._n_features_out, self.vocabulary_.get
        indices = np.full((len(texts), length), _PADDING, dtype=np.int32)
        for row, text in zip(indices, texts, strict=True):
            last = [_START, *(index_of(word, UNKNOWN) for word in _words(text))][-length:]
            row[-len(last) :] = last
        return indices

    def inverse_transform(self, X: Any) -> list[str]:
        """Convert word indices back to the words of the texts.

        Parameters
        ----------
        X : array-like of shape (n, n_indices)
            Whole numbers, of any numeric dtype: the result of `transform`, or some of its columns.

        Returns
        -------
        texts : list of n str
            Words in lower case, separated by spaces. Padding and the start of a text are left out;
            unknown words are "[UNK]", as in Keras's ``TextVectorization``.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If `X` isn't two-dimensional, or holds anything but whole numbers from 0 to the index
            of the last known word.

        Examples
        --------
        >>> from skmnist import TextSequencer
        >>> sequencer = TextSequencer(max_tokens=6, output_sequence_length=7)
        >>> sequencer = sequencer.fit(["A film is a film!"])
        >>> indices = sequencer.transform(["Is it a film?"])
        >>> sequencer.inverse_transform(indices)
        ['is [UNK] a film']
        """
        check_is_fitted(self)
        shown = ["", "", _UNKNOWN_SIGN, *self.vocabulary_]
        rows = _word_indices(X, last=len(shown) - 1).tolist()
        return [" ".join(shown[index] for index in row if index >= UNKNOWN) for row in rows]

    # The state in a file; see `skmnist._inputs.state.ImageState`.

    def __skmnist_getstate__(self) -> dict[str, Any]:
        return {"vocabulary_": list(self.vocabulary_), "length": self._n_features_out}

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        words = state["vocabulary_"]
        # To know these words is to learn them: fitted without a text, it refuses wrong ones.
        again = TextSequencer(
            max_tokens=self.max_tokens,
            output_sequence_length=state["length"],
            vocabulary=words,
        ).fit([])
        if len(again.vocabulary_) != len(words):
            raise ValueError(
                f"vocabulary_ has more words than max_tokens={self.max_tokens} allows."
            )
        self.vocabulary_, self._n_features_out = again.vocabulary_, state["length"]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def _frequent_words(texts: list[str]) -> list[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_words(text))
    if not counts:
        raise ValueError("empty vocabulary: X holds no text with a word in it.")
    return sorted(counts, key=lambda word: (-counts[word], word))


def _distinct(vocabulary: Any) -> list[str]:
    """Return the vocabulary as a list; raise an error unless it holds distinct words."""
    words = list(vocabulary)
    if not words or not all(isinstance(word, str) and _words(word) == [word] for word in words):
        raise ValueError(
            f"vocabulary={shown(vocabulary)}; expected words in lower case, without spaces and "
            "punctuation, one at least."
        )
    if len(set(words)) < len(words):
        twice = Counter(words).most_common(1)[0][0]
        raise ValueError(
            f"vocabulary holds {shown(twice)} more than once; expected each word once."
        )
    return words


def _words(text: str) -> list[str]:
    return _WORD.findall(_LINE_BREAK.sub(" ", text.lower()))


def _texts(X: Any) -> list[str]:
    """Return the texts as a list; raise an error unless `X` is a collection of strings."""
    if isinstance(X, str | bytes) or not isinstance(X, Iterable):
        raise ValueError(f"X is {shown(X)}; expected several texts, such as a list of strings.")
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) != 1:
        raise ValueError(
            f"X has shape {shape}; expected texts in one dimension, such as a single column of a "
            "table."
        )
    texts = list(X)
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"Text {place} of X is {shown(text)}; expected a string.")
    return texts


def _word_indices(X: Any, last: int) -> NDArray[Any]:
    """Return the indices as an array; raise an error unless they are from 0 to the last word's."""
    indices = check_array(X, input_name="X", ensure_min_samples=0, ensure_min_features=0)
    wrong = (indices != np.floor(indices)) | (indices < 0) | (indices > last)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"X holds {indices[row, column]} in row {row}, column {column}; expected whole numbers "
            f"from 0 to {last}, the last known word's index. Give what transform returned, of a "
            "TextSequencer with the same vocabulary_."
        )
    return indices.astype(np.intp)
