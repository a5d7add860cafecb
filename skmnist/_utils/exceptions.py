"""The warnings that this package gives, to be caught or silenced by name."""


class PixelRangeWarning(UserWarning):
    """The images that a network is asked about are in another unit than those it was trained on.

    Or they are inverted.  Both mostly come from a step of preprocessing that is done in one place
    only: a division by 255, dark ink on light paper turned into light ink on dark.

    Notes
    -----
    It is given once a call, for 16 images and more, where hardly anything else can be the cause:
    the range of `X` is less than a 12th of that in training; a 20th of its values lie more than 8
    such ranges beyond; all its values lie outside; or the border of the training images is at one
    end of their range and that of `X` at the other.  Images that are dim, blank, noisy, moved or of
    another kind give none.

    Examples
    --------
    >>> import warnings
    >>> from skmnist import PixelRangeWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", PixelRangeWarning)
    """
