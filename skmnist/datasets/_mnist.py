"""MNIST: verified, cached, never incomplete."""

import hashlib
import os
from contextlib import suppress
from errno import EISDIR
from pathlib import Path
from typing import Literal, overload

import numpy as np
from sklearn.utils import Bunch

from skmnist.datasets._fetching import (
    Part,
    bunch_of,
    cache_of,
    download,
    folder_for_download,
    innermost,
    not_found,
    read_from_disk,
)
from skmnist.datasets._idx import read_header_and_array

_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://systemds.apache.org/assets/datasets/mnist/",
)

# Of the uncompressed content, as mirrors may compress it differently.
_MD5_OF = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}

_DESCRIPTION = """\
MNIST: handwritten digits
-------------------------
60,000 training and 10,000 test images of the ten digits, 28 x 28 pixels of 8 bits, white (255) on
black (0), size-normalised and centred by their mass, in the original order.

Yann LeCun and Corinna Cortes hold the copyright of MNIST, which they and Christopher J.C. Burges
derived from NIST's Special Databases 1 and 3. It is available under the terms of the Creative
Commons Attribution-Share Alike 3.0 licence (CC BY-SA 3.0).

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 2278-2324, 1998.
"""


@overload
def fetch_mnist(
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    as_bunch: Literal[False] = False,
) -> tuple[Part, Part]: ...


@overload
def fetch_mnist(
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    as_bunch: bool,
) -> tuple[Part, Part] | Bunch: ...


def fetch_mnist(
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    as_bunch: bool = False,
) -> tuple[Part, Part] | Bunch:
    """Load MNIST from disk or, if it is missing, from the web.

    Each of the four files is looked for in the folder that the environment variable
    ``SKMNIST_DATA`` names (in its subfolder ``mnist`` or directly in it), then in the cache
    ``<data_home>/skmnist/mnist``, gzip or plain. What is missing is downloaded into the cache, from
    the first of several mirrors that has it. Every file is verified by the checksum of its content
    before it is used, wherever it came from, and a damaged file in the cache is downloaded again.
    Several processes may fetch at the same time.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder of downloaded data sets; None means scikit-learn's, see
        :func:`sklearn.datasets.get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError instead of downloading.
    as_bunch : bool, default=False
        If True, return a :class:`~sklearn.utils.Bunch` instead of tuples.

    Returns
    -------
    (X_train, y_train), (X_test, y_test) : tuples of ndarray
        ``X_train`` of shape (60000, 28, 28) and ``X_test`` of shape (10000, 28, 28) are uint8
        images, white (255) on black (0). ``y_train`` of shape (60000,) and ``y_test`` of shape
        (10000,) are uint8 labels, 0 to 9. All are writable and in the original order.
    bunch : :class:`~sklearn.utils.Bunch`
        Only if `as_bunch`: ``X_train``, ``y_train``, ``X_test`` and ``y_test`` as above, plus
        ``target_names``, an ndarray of ten strings, and ``DESCR``, the description and licence.

    Raises
    ------
    OSError
        If a file is missing and `download_if_missing` is False, or no mirror delivered it. The
        message gives each mirror's failure and what to do.
    ValueError
        If a file in the folder that ``SKMNIST_DATA`` names is not MNIST's.

    Notes
    -----
    Yann LeCun and Corinna Cortes hold the copyright of MNIST, made with Christopher J.C. Burges. It
    is licensed under CC BY-SA 3.0.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 2278-2324, 1998.

    Examples
    --------
    >>> from skmnist import fetch_mnist
    >>> (X_train, y_train), (X_test, y_test) = fetch_mnist()  # doctest: +SKIP
    >>> X_train.shape, X_test.shape  # doctest: +SKIP
    ((60000, 28, 28), (10000, 28, 28))
    """
    X_train, y_train, X_test, y_test = (
        _fetch(name, data_home, download_if_missing) for name in _MD5_OF
    )
    train, test = (X_train, y_train), (X_test, y_test)
    return bunch_of(train, test, list("0123456789"), _DESCRIPTION) if as_bunch else (train, test)


# Where a file of MNIST comes from


def _fetch(
    name: str, data_home: str | os.PathLike[str] | None, download_if_missing: bool
) -> np.ndarray:
    """Return the array of one MNIST file, from the first place that has it."""
    array, damaged = read_from_disk(
        name, "mnist", data_home, lambda path: _read_verified(path, name)
    )
    if array is not None:
        return array
    cache = cache_of("mnist", data_home)
    if not download_if_missing:
        raise _not_found(name, cache, ["`download_if_missing` is False", *damaged])
    return _download(name, cache, damaged)


def _download(name: str, cache: Path, damaged: list[str]) -> np.ndarray:
    """Download one MNIST file into the cache, from the first mirror that delivers it whole."""
    target = cache / f"{name}.gz"
    if target.is_dir():
        raise IsADirectoryError(
            EISDIR, "there is a folder in the place of MNIST's file; move or delete it", str(target)
        )
    failures = []
    for mirror in _MIRRORS:
        with folder_for_download(cache) as folder:
            path = folder / target.name
            try:
                array = _download_verified(f"{mirror}{name}.gz", path, name)
            except (OSError, ValueError) as error:
                failures.append(f"{mirror}: {innermost(error)}")
                continue
            # Windows refuses while another process reads the file that it has just put there.
            with suppress(PermissionError):
                path.replace(target)
            return array
    raise _not_found(name, cache, [*damaged, *failures])


def _download_verified(url: str, path: Path, name: str) -> np.ndarray:
    download(url, path)
    return _read_verified(path, name)


def _read_verified(path: Path, name: str) -> np.ndarray:
    """Return the array of one MNIST file; check that it is the one published under this name."""
    header, array = read_header_and_array(path)
    digest = hashlib.md5(header.raw, usedforsecurity=False)
    digest.update(array.data.cast("B"))
    if digest.hexdigest() != _MD5_OF[name]:
        raise ValueError(
            f"{path} is not MNIST's {name}: expected MD5 {_MD5_OF[name]} of its uncompressed "
            f"content, got {digest.hexdigest()}. Replace it by the original file or delete it."
        )
    return array


def _not_found(name: str, cache: Path, reasons: list[str]) -> OSError:
    files = ", ".join(f"{file}.gz" for file in _MD5_OF)
    return not_found(f"MNIST's {name} is", f"the four files {files}", cache, reasons)
