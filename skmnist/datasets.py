"""MNIST and the IDX files that it comes in: checked, cached, never half there."""

import hashlib
import math
import os
import struct
from contextlib import suppress
from errno import EISDIR
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from sklearn.datasets import get_data_home
from sklearn.utils import Bunch

from skmnist._files import (
    existing,
    folder_for_download,
    innermost,
    own_folders,
    uncompressed,
    where_looked,
)

__all__ = ["fetch_mnist", "read_idx"]

_DTYPE_OF = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_DIMENSIONS = 64  # NumPy's own limit
_CHUNK = 1 << 20

_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://systemds.apache.org/assets/datasets/mnist/",
)

# Of the uncompressed content: mirrors are free to compress it each in their own way.
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


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an array from an IDX file, the format of MNIST, plain or gzip.

    Compression is told by the file's first bytes, whatever its name. The file is not trusted:
    memory grows with what it really holds, never with what its header claims.

    Parameters
    ----------
    path : str or path-like
        The file to read.

    Returns
    -------
    array : ndarray
        The file's array, in the shape that its header gives, writable and contiguous. The dtype is
        uint8, int8, int16, int32, float32 or float64, in the machine's own byte order.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not a whole IDX file and nothing else: an unknown magic number or dtype, no
        dimension or an empty one, fewer or more bytes than its header gives, or damaged gzip.

    References
    ----------
    Y. LeCun, C. Cortes and C.J.C. Burges, "The MNIST database of handwritten digits", section
    "The IDX file format", http://yann.lecun.com/exdb/mnist/

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skmnist import read_idx
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "labels-idx1-ubyte"
    ...     _ = path.write_bytes(bytes([0, 0, 0x08, 1, 0, 0, 0, 4]) + bytes([5, 0, 4, 1]))
    ...     read_idx(path)
    array([5, 0, 4, 1], dtype=uint8)
    """
    _, array = _read_header_and_array(path)
    return array


def fetch_mnist(
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    as_bunch: bool = False,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]] | Bunch:
    """Load MNIST, from disk if it is there and else from the web.

    Each of the four files is looked for in the folder that the environment variable
    ``SKMNIST_DATA`` names (in its subfolder ``mnist`` or directly in it), then in the cache
    ``<data_home>/skmnist/mnist``, gzip or plain. What is missing is downloaded into the cache, from
    the first of several mirrors that has it. Every file is verified by the checksum of its content
    before it is used, wherever it came from, and a damaged file in the cache is downloaded anew.
    Several processes may fetch at once.

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
        Only if `as_bunch`: ``X_train``, ``y_train``, ``X_test`` and ``y_test`` as above, besides
        ``target_names``, an ndarray of ten strings, and ``DESCR``, the description and licence.

    Raises
    ------
    OSError
        If a file is missing and `download_if_missing` is False, or no mirror delivered it. The
        message gives each mirror's failure and the ways out.
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
    if not as_bunch:
        return (X_train, y_train), (X_test, y_test)
    return Bunch(
        X_train=X_train,
        y_train=y_train,
        X_test=X_test,
        y_test=y_test,
        target_names=np.array(list("0123456789")),
        DESCR=_DESCRIPTION,
    )


# Where a file of MNIST comes from


def _fetch(
    name: str, data_home: str | os.PathLike[str] | None, download_if_missing: bool
) -> np.ndarray:
    """Return the array of one MNIST file, from the first place that has it."""
    for path in existing(name, *own_folders("mnist")):
        return _read_verified(path, name)
    cache = Path(get_data_home(data_home)) / "skmnist" / "mnist"
    damaged = []
    for path in existing(name, cache):
        try:
            return _read_verified(path, name)
        except ValueError as error:
            damaged.append(str(error))
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
            # Windows refuses while another process reads the file it has just put there itself.
            with suppress(PermissionError):
                os.replace(path, target)
            return array
    raise _not_found(name, cache, [*damaged, *failures])


def _download_verified(url: str, path: Path, name: str) -> np.ndarray:
    import pooch  # imports requests, which only a download needs

    pooch.HTTPDownloader(chunk_size=_CHUNK)(url, str(path), None)
    return _read_verified(path, name)


def _read_verified(path: Path, name: str) -> np.ndarray:
    """Return the array of one MNIST file if it holds what was published under this name."""
    header, array = _read_header_and_array(path)
    digest = hashlib.md5(header.raw, usedforsecurity=False)
    digest.update(array.data.cast("B"))
    if digest.hexdigest() != _MD5_OF[name]:
        raise ValueError(
            f"{path} is not MNIST's {name}: expected MD5 {_MD5_OF[name]} of its uncompressed "
            f"content, got {digest.hexdigest()}. Replace it by the original file or delete it."
        )
    return array


def _not_found(name: str, cache: Path, reasons: list[str]) -> OSError:
    return OSError(
        f"MNIST's {name} is neither in the folder of the environment variable {where_looked()} "
        f"nor intact in the cache {cache}, and was not downloaded:\n"
        + "".join(f"- {reason}\n" for reason in reasons)
        + "Connect to the internet with `download_if_missing=True`, set SKMNIST_DATA to a folder "
        f"that holds the four files {', '.join(f'{file}.gz' for file in _MD5_OF)}, copy them into "
        "the cache, or point `data_home` to a folder whose skmnist/mnist/ holds them."
    )


# The IDX format


class _Header(NamedTuple):
    raw: bytes
    dtype: np.dtype
    shape: tuple[int, ...]


def _read_header_and_array(path: str | os.PathLike[str]) -> tuple[_Header, np.ndarray]:
    with uncompressed(path) as stream:
        header = _read_header(stream, path)
        size = math.prod(header.shape) * header.dtype.itemsize
        values = _read_at_most(size, stream)
        if len(values) < size:
            raise _not_idx(path, f"{size} bytes of values for shape {header.shape}", len(values))
        # Also reaches the end of a gzip stream, where its checksum stands.
        if stream.read(1):
            raise _not_idx(path, f"its end after {size} bytes of values", "more bytes")
    array = np.frombuffer(values, header.dtype).reshape(header.shape)
    if not array.dtype.isnative:
        array = array.byteswap(inplace=True).view(array.dtype.newbyteorder("="))
    return header, array


def _read_header(stream: BinaryIO, path: str | os.PathLike[str]) -> _Header:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise _not_idx(path, "a magic number of 4 bytes, the first two 0", magic.hex(" ") or "none")
    code, ndim = magic[2:]
    if code not in _DTYPE_OF:
        known = ", ".join(f"0x{known:02x}" for known in _DTYPE_OF)
        raise _not_idx(path, f"one of the dtypes {known}", f"0x{code:02x}")
    if not 1 <= ndim <= _MAX_DIMENSIONS:
        raise _not_idx(path, f"1 to {_MAX_DIMENSIONS} dimensions", ndim)
    sizes = stream.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise _not_idx(path, f"{ndim} sizes of 4 bytes", f"{len(sizes)} bytes")
    shape = struct.unpack(f">{ndim}I", sizes)
    if 0 in shape:
        raise _not_idx(path, "sizes of at least 1", shape)
    return _Header(magic + sizes, np.dtype(_DTYPE_OF[code]), shape)


def _read_at_most(size: int, stream: BinaryIO) -> bytearray:
    """Read size bytes, or what there is, into memory that grows only with what really comes."""
    values = bytearray()
    while len(values) < size and (chunk := stream.read(min(_CHUNK, size - len(values)))):
        values += chunk
    return values


def _not_idx(path: str | os.PathLike[str], expected: str, got: object) -> ValueError:
    return ValueError(
        f"{os.fspath(path)} is not a whole IDX file: expected {expected}, got {got}. Copy or "
        "download it again."
    )
