"""The warnings that this package issues, to be caught or silenced by name."""


class PixelRangeWarning(UserWarning):
    """The images to predict are in another unit than the training images, or inverted.

    Both mostly come from a preprocessing step that is done in one place only: a division by 255, or
    dark ink on light paper turned into light ink on dark.

    Notes
    -----
    It is issued at most once per call, for 16 images or more, in cases that hardly have another
    cause: the range of `X` is less than a 12th of that in training; a 20th of its values lie more
    than 8 such ranges beyond; all its values lie outside; or the border of the training images is
    at one end of their range and that of `X` at the other.  Images that are dim, blank, noisy,
    shifted or of another kind cause no warning.

    Examples
    --------
    >>> import warnings
    >>> from skmnist import PixelRangeWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", PixelRangeWarning)
    """
