"""USPS: digits from envelopes, in LIBSVM's text format."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_svmlight_file

from skmnist.datasets._published import Arrays, Published, verified_before
from skmnist.datasets._signature import Home, Loaded, fetcher

_DESCRIPTION = """\
USPS: handwritten digits from envelopes
---------------------------------------
7,291 training and 2,007 test images of the ten digits, scanned from envelopes by the U.S. Postal
Service, deslanted and size-normalised. 16 x 16 pixels, white (255) on black (0), rounded to 8 bits
from values of -1 to 1, in the original order. The test images are harder than those to train on.

No licence is stated where it is published, by LIBSVM:
https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass.html#usps

J. J. Hull, "A database for handwritten text recognition research", IEEE Transactions on Pattern
Analysis and Machine Intelligence 16(5), 550-554, 1994.
"""


def _read(path: Path) -> Arrays:
    """Read a file of LIBSVM: the labels 1 to 10 stand for the digits, pixels are -1 to 1."""
    try:
        rows, labels = load_svmlight_file(str(path), n_features=256, zero_based=False)
    except ValueError as error:
        raise ValueError(f"{path} is not in LIBSVM's format of 256 features: {error}") from error
    pixels = rows.toarray()
    if not (np.isin(labels, np.arange(1, 11)).all() and (np.abs(pixels) <= 1).all()):
        raise ValueError(f"{path}: expected labels 1 to 10 and values -1 to 1. Download it again.")
    images = np.rint((pixels + 1) / 2 * 255).astype(np.uint8)
    return images.reshape(-1, 16, 16), (labels - 1).astype(np.uint8)


_USPS = Published(
    folder="usps",
    title="USPS",
    mirrors=("https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/",),
    md5_of={
        "usps.bz2": "ec16c51db3855ca6c91edd34d0e9b197",
        "usps.t.bz2": "8ea070ee2aca1ac39742fdd1ef5ed118",
    },
    open=verified_before(_read),
    target_names="0123456789",
    description=_DESCRIPTION,
)


@fetcher
def fetch_usps(
    *,
    data_home: Home = None,
    download_if_missing: bool = True,
    as_bunch: bool = False,
    verbose: int = 1,
) -> Loaded:
    """Load the USPS digits from disk or, if they are missing, from the web (8 MB).

    The files ``usps.bz2`` and ``usps.t.bz2`` of LIBSVM are looked for in the subfolder ``usps`` of
    the folder that the environment variable ``SKMNIST_DATA`` names, then in the cache
    ``<data_home>/skmnist/usps``, into which they are downloaded if they are missing. They are
    verified by their checksums each time.

    Parameters
    ----------
    %(parameters)s

    Returns
    -------
    (X_train, y_train), (X_test, y_test) : tuples of ndarray
        ``X_train`` of shape (7291, 16, 16) and ``X_test`` of shape (2007, 16, 16) are uint8 images,
        white (255) on black (0), rounded from LIBSVM's values of -1 to 1. ``y_train`` of shape
        (7291,) and ``y_test`` of shape (2007,) are uint8 labels, 0 to 9; LIBSVM has 1 to 10. In the
        original order.
    bunch : :class:`~sklearn.utils.Bunch`
        Only if `as_bunch`: ``X_train``, ``y_train``, ``X_test`` and ``y_test`` as above, plus
        ``target_names``, an ndarray of ten strings, and ``DESCR``, the description and licence.

    Raises
    ------
    OSError
        If a file is missing and `download_if_missing` is False, or it could not be downloaded.
        The message gives the reasons and what to do.
    ValueError
        If a file in the folder that ``SKMNIST_DATA`` names is not the published one.

    Notes
    -----
    No licence is stated where the data are published.

    References
    ----------
    J. J. Hull, "A database for handwritten text recognition research", IEEE Transactions on Pattern
    Analysis and Machine Intelligence 16(5), 550-554, 1994.

    Examples
    --------
    >>> from skmnist import fetch_usps
    >>> (X_train, y_train), (X_test, y_test) = fetch_usps()  # doctest: +SKIP
    >>> X_train.shape, X_test.shape  # doctest: +SKIP
    ((7291, 16, 16), (2007, 16, 16))
    """
    return _USPS.fetch(data_home, download_if_missing, as_bunch, verbose)
