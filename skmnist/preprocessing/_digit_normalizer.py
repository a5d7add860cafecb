"""Photographs of single characters in the form of MNIST's images."""

import warnings
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from skmnist._inputs.photographs import each_photograph, photographs
from skmnist._inputs.validation import ClearErrors, clear_arguments
from skmnist._utils.sklearn import Interval, StrOptions, fit_context, validate_params
from skmnist.preprocessing._characters import only_character, thickened
from skmnist.preprocessing._photographs import ink_in, reduced

# Photographs are reduced to at most this many pixels per side: a digit has 20 in the end.
_SIDE = 200
_MOST_NAMED = 10


class DigitNormalizer(TransformerMixin, ClearErrors, BaseEstimator):
    """Convert photographs of one character each to the form of MNIST's images.

    Ink is separated from paper and uneven light, whatever their colours; printed lines and shadows
    are removed. Then each character is treated as MNIST's makers did: its box is scaled to 20
    pixels in the larger direction, antialiased, and moved until its centre of mass is in the middle
    of 28 x 28 pixels. Ink is white on black.

    Parameters
    ----------
    size : int, default=28
        Height and width of the result, in pixels, at most 1024.
    inner_size : int, default=20
        Height or width of the character, whichever is larger, in pixels; at most `size`.
    stroke_width : float, default=1.5
        The least mean width of the strokes in the result, in pixels; a thinner pen is thickened.
        Hardly one of MNIST's digits is thinner than 1.5. 0 leaves all pens as they are.
    ink : {"auto", "bright", "dark"}, default="auto"
        Whether ink is brighter or darker than paper. "auto" finds it for each photograph: ink is
        what covers less, in whatever direction of colours it differs most from paper.
    on_blank : {"warn", "raise", "ignore"}, default="warn"
        What happens if no character is found in a photograph, whose result is black: a UserWarning
        or a ValueError that names the photographs, or nothing.

    See Also
    --------
    split_digits : Finds the characters in a photograph of several.
    MomentNormalizer : Normalises images that have the form of MNIST's already.

    Notes
    -----
    Nothing is learned in `fit`, so `transform` may be called without it.

    A character should not touch the photograph's border, and its strokes should be narrower than
    two fifths of the photograph's smaller side. Lines are removed if they are narrower than three
    hundredths of it, go from one side to the other, and are turned by at most 14 degrees.

    1. Blocks of pixels are averaged, to at most 200 pixels per side. The channels are weighted by
       the first principal component of the differences to the median around each pixel.
    2. A morphological opening with a square that is wider than a stroke is the paper under its
       light, and is subtracted. Then lines are found by projections along slightly turned rows and
       columns, and what 95 % of the pixels of a line have at least is subtracted.
    3. Ink is 1 at the median of the strokes and 0 at four standard deviations of the noise, which
       is measured by the median absolute deviation. Parts that touch the border are left out, and
       so are parts with less than a tenth of the ink of the largest one.
    4. The box is resized with a triangular filter, as by Pillow's ``Image.resize`` with
       ``BILINEAR``, and moved by whole pixels. So images of MNIST stay nearly as they are.

    References
    ----------
    Y. LeCun, C. Cortes and C.J.C. Burges, "The MNIST database of handwritten digits", 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist import DigitNormalizer
    >>> photograph = np.full((300, 400), 200, np.uint8)
    >>> photograph[80:220, 190:210] = 40  # the digit one
    >>> images = DigitNormalizer().fit_transform([photograph])
    >>> images.shape, images.dtype
    ((1, 28, 28), dtype('uint8'))
    >>> np.flatnonzero(images[0].max(axis=1))[[0, -1]]
    array([ 4, 23])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "size": [Interval(Integral, 1, 1024, closed="both")],
        "inner_size": [Interval(Integral, 1, 1024, closed="both")],
        "stroke_width": [Interval(Real, 0, 100, closed="both")],
        "ink": [StrOptions({"auto", "bright", "dark"})],
        "on_blank": [StrOptions({"warn", "raise", "ignore"})],
    }

    def __init__(
        self,
        *,
        size: int = 28,
        inner_size: int = 20,
        stroke_width: float = 1.5,
        ink: str = "auto",
        on_blank: str = "warn",
    ) -> None:
        self.size = size
        self.inner_size = inner_size
        self.stroke_width = stroke_width
        self.ink = ink
        self.on_blank = on_blank

    @fit_context(prefer_skip_nested_validation=True)
    @clear_arguments
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters; nothing is learned.

        Parameters
        ----------
        X : array-like or list of n photographs
            As for `transform`.
        y : None
            Not used.

        Returns
        -------
        self : object
            The transformer.

        Raises
        ------
        TypeError, ValueError
            If a parameter is out of range, or `X` does not hold photographs.
        """
        self._check()
        photographs(X)
        return self

    def transform(self, X: Any) -> NDArray[np.uint8]:
        """Convert photographs to images like MNIST's.

        Parameters
        ----------
        X : array of shape (n, height, width[, channels]), or list of n photographs
            Photographs of one character each, of any size: arrays of shape (height, width[,
            channels]) of any real dtype, with one to four channels, or PIL images; mixed in a list,
            a Series or an array of objects.

        Returns
        -------
        images : ndarray of shape (n, size, size), uint8
            From 0 for paper to 255 for ink.

        Raises
        ------
        TypeError
            If `X` holds texts, such as paths, or anything else but numbers.
        ValueError
            If a parameter is out of range, a photograph has another shape or values that aren't
            finite, or no character is found with ``on_blank="raise"``.

        Warns
        -----
        UserWarning
            If no character is found in some photographs, with ``on_blank="warn"``.
        """
        self._check()
        images = np.zeros((len(photographs(X)), self.size, self.size), np.uint8)
        blank = []
        for i, photograph in enumerate(each_photograph(X)):
            character = only_character(ink_in(reduced(photograph, _SIDE), self.ink))
            if character is None:
                blank.append(i)
            else:
                self._draw(character, images[i])
        if blank and self.on_blank != "ignore":
            self._report(blank, len(images))
        return images

    def _check(self) -> None:
        validate_params(self)
        if self.inner_size > self.size:
            raise ValueError(
                f"inner_size={self.inner_size} is larger than size={self.size}; expected at most "
                "the size of the whole image."
            )

    def _draw(self, character: NDArray[np.float32], image: NDArray[np.uint8]) -> None:
        """Draw a character into the middle of an empty image."""
        thinnest = self.stroke_width * max(character.shape) / self.inner_size
        character = thickened(character, thinnest)
        scale = self.inner_size / max(character.shape)
        down, across = (_resampling(length, scale) for length in character.shape)
        small = np.round(255 * (down @ character @ across.T)).clip(0, 255)
        place = tuple(_centred(small.sum(axis=axis), self.size) for axis in (1, 0))
        image[place] = small

    def _report(self, blank: list[int], n: int) -> None:
        named = ", ".join(f"X[{i}]" for i in blank[:_MOST_NAMED])
        more = f" and {len(blank) - _MOST_NAMED} more" if len(blank) > _MOST_NAMED else ""
        message = (
            f"no character is found in {len(blank)} of {n} photographs: {named}{more}. Look "
            "whether they are blank, out of focus or cut off at the border;"
        )
        if self.on_blank == "raise":
            raise ValueError(f"{message} on_blank='warn' makes their images black.")
        warnings.warn(
            f"{message} their images are black. on_blank='raise' makes this an error.",
            UserWarning,
            stacklevel=4,  # over the wrapper of scikit-learn's set_output
        )

    # Nothing is learned, so a file has the parameters only.

    def __skmnist_getstate__(self) -> dict[str, Any]:
        return {}

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        pass

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.no_validation = True
        tags.requires_fit = False
        return tags


def _resampling(n: int, scale: float) -> NDArray[np.float64]:
    """Return the matrix that resizes `n` pixels by a triangular filter, antialiased."""
    centres = (np.arange(max(1, round(n * scale))) + 0.5) / scale
    distance = np.abs(np.arange(n) + 0.5 - centres[:, np.newaxis]) * min(scale, 1)
    weights = np.maximum(0, 1 - distance)
    return weights / weights.sum(axis=1, keepdims=True)


def _centred(mass: NDArray[np.float64], size: int) -> slice:
    """Return where ink has to lie so that its centre of mass is in the middle, in whole pixels."""
    centre = int(np.arange(len(mass)) @ mass / mass.sum() + 0.5)
    start = min(max(0, size // 2 - centre), size - len(mass))
    return slice(start, start + len(mass))
