"""EMNIST: handwritten letters and digits, six splits of one archive."""

from functools import partial
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits
from typing import TYPE_CHECKING, Literal, cast, overload
from zipfile import ZipFile

import numpy as np
from sklearn.utils import gen_batches

from skmnist._utils.files import decompressed
from skmnist.datasets._fetching import Part
from skmnist.datasets._idx import read_stream
from skmnist.datasets._published import Arrays, Published, verified_before
from skmnist.datasets._signature import Home, Loaded, describe_parameters

if TYPE_CHECKING:
    from io import BufferedReader

_DESCRIPTION = """\
EMNIST: handwritten letters and digits
--------------------------------------
Images of letters and digits from NIST's Special Database 19, processed as MNIST's were: 28 x 28
pixels of 8 bits, white (255) on black (0). Upright here; the original files hold them transposed.
This is the split "{split}": {what}

No licence is stated where it is published, by NIST:
https://www.nist.gov/itl/products-and-services/emnist-dataset

G. Cohen, S. Afshar, J. Tapson and A. van Schaik, "EMNIST: an extension of MNIST to handwritten
letters", arXiv:1702.05373, 2017.
"""

_MERGED = digits + ascii_uppercase + "abdefghnqrt"

# The classes' names in the order of their labels, and what the split is.
_SPLITS = {
    "byclass": (
        digits + ascii_uppercase + ascii_lowercase,
        "697,932 training and 116,323 test images of 62 classes, as many of\n"
        "each as were collected.",
    ),
    "bymerge": (
        _MERGED,
        "697,932 training and 116,323 test images of 47 classes: 15 letters\n"
        "whose capital looks the same are one class with it, named by the capital.",
    ),
    "balanced": (
        _MERGED,
        "112,800 training and 18,800 test images, 2,400 and 400 of each of\n"
        'the 47 classes of "bymerge".',
    ),
    "letters": (
        ascii_uppercase,
        "124,800 training and 20,800 test images, 4,800 and 800 of each of 26\n"
        "classes, a letter with its capital. The labels are 1 to 26, as published.",
    ),
    "digits": (
        digits,
        "240,000 training and 40,000 test images, 24,000 and 4,000 of each digit.",
    ),
    "mnist": (
        digits,
        "60,000 training and 10,000 test images, 6,000 and 1,000 of each digit.",
    ),
}


def _read(path: Path, split: str) -> Arrays:
    """Read the four files of a split, without unpacking any to disk."""
    with ZipFile(path) as archive:
        X_train, y_train, X_test, y_test = (
            _read_member(archive, f"gzip/emnist-{split}-{part}-{content}-ubyte.gz", path)
            for part in ("train", "test")
            for content in ("images-idx3", "labels-idx1")
        )
    for images in X_train, X_test:
        for rows in gen_batches(len(images), 4096):  # all at once would be in memory twice
            images[rows] = images[rows].transpose(0, 2, 1)
    return X_train, y_train, X_test, y_test


def _read_member(archive: ZipFile, name: str, path: Path) -> np.ndarray:
    if name not in archive.namelist():
        raise ValueError(f"{path} lacks {name}. Download it again.")
    place = f"{path}/{name}"
    with (
        archive.open(name) as file,
        decompressed(cast("BufferedReader", file), place) as stream,
    ):
        _, array = read_stream(stream, place)
    return array


_EMNIST = {
    split: Published(
        folder="emnist",
        title="EMNIST",
        mirrors=("https://biometrics.nist.gov/cs_links/EMNIST/",),
        md5_of={"gzip.zip": "58c8d27c78d21e728a6bc7b3cc06412e"},
        open=verified_before(partial(_read, split=split)),
        target_names=names,
        description=_DESCRIPTION.format(split=split, what=what),
    )
    for split, (names, what) in _SPLITS.items()
}
SPLITS = tuple(_EMNIST)


@overload
def fetch_emnist(
    split: str,
    *,
    data_home: Home = None,
    download_if_missing: bool = True,
    as_bunch: Literal[False] = False,
    verbose: int = 1,
) -> tuple[Part, Part]: ...


@overload
def fetch_emnist(
    split: str,
    *,
    data_home: Home = None,
    download_if_missing: bool = True,
    as_bunch: bool,
    verbose: int = 1,
) -> Loaded: ...


@describe_parameters
def fetch_emnist(
    split: str,
    *,
    data_home: Home = None,
    download_if_missing: bool = True,
    as_bunch: bool = False,
    verbose: int = 1,
) -> Loaded:
    """Load a split of EMNIST from disk or, if it is missing, from the web (562 MB).

    NIST's archive, ``gzip.zip``, holds all six splits. It is looked for in the subfolder ``emnist``
    of the folder that the environment variable ``SKMNIST_DATA`` names, then in the cache
    ``<data_home>/skmnist/emnist``, into which it is downloaded, once for all splits, if it is
    missing. It is verified by its checksum each time and read without being unpacked.

    Parameters
    ----------
    split : {"byclass", "bymerge", "balanced", "letters", "digits", "mnist"}
        Which characters: ``"byclass"``, all, in 62 classes of digits, capitals and small letters;
        ``"bymerge"``, all, in 47 classes, as 15 small letters that look like their capitals (c, i,
        j, k, l, m, o, p, s, u, v, w, x, y and z) are one class with these; ``"balanced"``, the same
        classes with as many images each; ``"letters"``, 26 classes, each a small letter with its
        capital; ``"digits"`` and ``"mnist"``, the ten digits, more or as many as MNIST has.
    %(parameters)s

    Returns
    -------
    (X_train, y_train), (X_test, y_test) : tuples of ndarray
        ``X_train`` and ``X_test`` of shape (n_samples, 28, 28) are uint8 images, white (255) on
        black (0), upright: the original files hold them transposed. ``y_train`` and ``y_test`` of
        shape (n_samples,) are uint8 labels, as published: from 0, those of ``"letters"`` from 1.
        In the original order.

        ============  =========  =======  ========
        split         train      test     classes
        ============  =========  =======  ========
        "byclass"     697,932    116,323  62
        "bymerge"     697,932    116,323  47
        "balanced"    112,800    18,800   47
        "letters"     124,800    20,800   26
        "digits"      240,000    40,000   10
        "mnist"       60,000     10,000   10
        ============  =========  =======  ========

    bunch : :class:`~sklearn.utils.Bunch`
        Only if `as_bunch`: ``X_train``, ``y_train``, ``X_test`` and ``y_test`` as above, plus
        ``target_names``, an ndarray of strings in the order of the labels, and ``DESCR``, the
        description and licence.

    Raises
    ------
    OSError
        If the file is missing and `download_if_missing` is False, or it could not be downloaded.
        The message gives the reasons and what to do.
    ValueError
        If `split` is none of the six, or the file in the folder that ``SKMNIST_DATA`` names is not
        the published one.

    Notes
    -----
    No licence is stated where EMNIST is published.

    References
    ----------
    G. Cohen, S. Afshar, J. Tapson and A. van Schaik, "EMNIST: an extension of MNIST to handwritten
    letters", arXiv:1702.05373, 2017.

    Examples
    --------
    >>> from skmnist import fetch_emnist
    >>> letters = fetch_emnist("letters", as_bunch=True)  # doctest: +SKIP
    >>> letters.X_train.shape  # doctest: +SKIP
    (124800, 28, 28)
    >>> first = letters.target_names[letters.y_train[0] - 1]  # doctest: +SKIP
    """
    if split not in SPLITS:
        raise ValueError(f"split={split!r}; expected one of {', '.join(map(repr, SPLITS))}.")
    return _EMNIST[split].fetch(data_home, download_if_missing, as_bunch, verbose)
