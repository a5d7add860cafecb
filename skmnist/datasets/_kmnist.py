"""Kuzushiji-MNIST: cursive Japanese characters, in MNIST's form."""

from skmnist.datasets._idx import read_idx
from skmnist.datasets._published import OR_READ_IDX, Published, verified_before
from skmnist.datasets._signature import Home, Loaded, fetcher

_DESCRIPTION = """\
Kuzushiji-MNIST: cursive Japanese characters
--------------------------------------------
60,000 training and 10,000 test images of ten hiragana, one of each row of the table, as they were
written by hand in books up to the 19th century. 28 x 28 pixels of 8 bits, white (255) on black (0),
6,000 and 1,000 of each class, in the original order. A class has several forms of its character.

"KMNIST Dataset" (created by CODH), adapted from "Kuzushiji Dataset" (created by NIJL and others),
doi:10.20676/00000341. It is available under the terms of the Creative Commons Attribution-Share
Alike 4.0 licence (CC BY-SA 4.0).

T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto and D. Ha, "Deep Learning for
Classical Japanese Literature", arXiv:1812.01718, 2018. https://github.com/rois-codh/kmnist
"""

_KMNIST = Published(
    folder="kmnist",
    title="Kuzushiji-MNIST",
    mirrors=(
        "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    ),
    # Of the compressed files: no others are known.
    md5_of={
        "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
        "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
        "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
        "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
    },
    open=verified_before(lambda path: (read_idx(path),)),
    target_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    description=_DESCRIPTION,
    advice=OR_READ_IDX,
)


@fetcher
def fetch_kmnist(
    *,
    data_home: Home = None,
    download_if_missing: bool = True,
    as_bunch: bool = False,
    verbose: int = 1,
) -> Loaded:
    """Load Kuzushiji-MNIST from disk or, if it is missing, from the web (21 MB).

    Found, downloaded and verified as MNIST is, see :func:`fetch_mnist`: the four files are looked
    for in the subfolder ``kmnist`` of the folder that the environment variable ``SKMNIST_DATA``
    names, then in the cache ``<data_home>/skmnist/kmnist``. They have to be gzip files as
    published: other checksums than theirs are not known.

    Parameters
    ----------
    %(parameters)s

    Returns
    -------
    (X_train, y_train), (X_test, y_test) : tuples of ndarray
        ``X_train`` of shape (60000, 28, 28) and ``X_test`` of shape (10000, 28, 28) are uint8
        images, white (255) on black (0). ``y_train`` of shape (60000,) and ``y_test`` of shape
        (10000,) are uint8 labels, 0 to 9. In the original order.
    bunch : :class:`~sklearn.utils.Bunch`
        Only if `as_bunch`: ``X_train``, ``y_train``, ``X_test`` and ``y_test`` as above, plus
        ``target_names``, an ndarray of ten strings,
        the characters in Hepburn romanisation, and ``DESCR``, the description and licence.

    Raises
    ------
    OSError
        If a file is missing and `download_if_missing` is False, or it could not be downloaded.
        The message gives the reasons and what to do.
    ValueError
        If a file in the folder that ``SKMNIST_DATA`` names is not the published one.

    Notes
    -----
    "KMNIST Dataset" (created by CODH), adapted from "Kuzushiji Dataset" (created by NIJL and
    others), doi:10.20676/00000341. It is licensed under CC BY-SA 4.0.

    References
    ----------
    T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto and D. Ha, "Deep Learning for
    Classical Japanese Literature", arXiv:1812.01718, 2018.

    Examples
    --------
    >>> from skmnist import fetch_kmnist
    >>> (X_train, y_train), (X_test, y_test) = fetch_kmnist()  # doctest: +SKIP
    >>> X_train.shape, X_test.shape  # doctest: +SKIP
    ((60000, 28, 28), (10000, 28, 28))
    """
    return _KMNIST.fetch(data_home, download_if_missing, as_bunch, verbose)
