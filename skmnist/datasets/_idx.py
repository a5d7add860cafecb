"""IDX files, the format of MNIST: intact ones are read, others refused."""

import math
import os
import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from skmnist._utils.files import is_compressed, uncompressed

_DTYPE_OF = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_DIMENSIONS = 64  # NumPy's limit
_CHUNK = 1 << 20


def read_idx(path: str | os.PathLike[str], *, mmap: bool = False) -> np.ndarray:
    """Read an array from an IDX file, the format of MNIST, plain or gzip.

    Compression is recognised by the file's first bytes, whatever its name. The file is not trusted:
    memory grows with what it really holds, not with what its header claims.

    Parameters
    ----------
    path : str or path-like
        The file to read.
    mmap : bool, default=False
        Whether the file is mapped into memory instead, as by ``numpy.load(mmap_mode="r")``: for
        files that are larger than memory. It has to be uncompressed.

    Returns
    -------
    array : ndarray
        The file's array, in the shape that its header gives, writable and contiguous. The dtype is
        uint8, int8, int16, int32, float32 or float64, in the machine's byte order. With `mmap` a
        ``numpy.memmap`` that can only be read, in the file's byte order.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not exactly one whole IDX file: an unknown magic number or dtype, no
        dimension or an empty one, fewer or more bytes than its header gives, or damaged gzip; or
        if it is compressed and `mmap` is True.

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
    return _mapped(path) if mmap else read_header_and_array(path)[1]


class Header(NamedTuple):
    """The header of an IDX file."""

    raw: bytes
    dtype: np.dtype
    shape: tuple[int, ...]


def read_header_and_array(path: str | os.PathLike[str]) -> tuple[Header, np.ndarray]:
    """Read an IDX file: return its header, and its values as an array."""
    with uncompressed(path) as stream:
        return read_stream(stream, os.fspath(path))


def read_stream(stream: BinaryIO, name: str) -> tuple[Header, np.ndarray]:
    """Read an IDX file, uncompressed, to its end; errors give its name."""
    header = _read_header(stream, name)
    size = math.prod(header.shape) * header.dtype.itemsize
    values = _read_at_most(size, stream)
    if len(values) < size:
        raise _not_idx(name, f"{size} bytes of values for shape {header.shape}", len(values))
    # Also reaches the end of a gzip stream, so that its checksum is verified.
    if stream.read(1):
        raise _not_idx(name, f"its end after {size} bytes of values", "more bytes")
    array = np.frombuffer(values, header.dtype).reshape(header.shape)
    if not array.dtype.isnative:
        array = array.byteswap(inplace=True).view(array.dtype.newbyteorder("="))
    return header, array


def _mapped(path: str | os.PathLike[str]) -> np.memmap:
    name = os.fspath(path)
    with Path(path).open("rb") as file:
        if is_compressed(file):
            raise ValueError(
                f"{name} is compressed, so it can't be mapped into memory. Decompress it first, "
                "or leave out mmap=True."
            )
        header = _read_header(file, name)
        size = math.prod(header.shape) * header.dtype.itemsize
        found = os.fstat(file.fileno()).st_size - len(header.raw)
        if found != size:
            raise _not_idx(name, f"{size} bytes of values for shape {header.shape}", found)
    return np.memmap(path, header.dtype, "r", len(header.raw), header.shape)


def _read_header(stream: BinaryIO, name: str) -> Header:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise _not_idx(name, "a magic number of 4 bytes, the first two 0", magic.hex(" ") or "none")
    code, ndim = magic[2:]
    if code not in _DTYPE_OF:
        known = ", ".join(f"0x{known:02x}" for known in _DTYPE_OF)
        raise _not_idx(name, f"one of the dtypes {known}", f"0x{code:02x}")
    if not 1 <= ndim <= _MAX_DIMENSIONS:
        raise _not_idx(name, f"1 to {_MAX_DIMENSIONS} dimensions", ndim)
    sizes = stream.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise _not_idx(name, f"{ndim} sizes of 4 bytes", f"{len(sizes)} bytes")
    shape = struct.unpack(f">{ndim}I", sizes)
    if 0 in shape:
        raise _not_idx(name, "sizes of at least 1", shape)
    return Header(magic + sizes, np.dtype(_DTYPE_OF[code]), shape)


def _read_at_most(size: int, stream: BinaryIO) -> bytearray:
    """Read up to size bytes, into memory that grows only with what is really read."""
    values = bytearray()
    while len(values) < size and (chunk := stream.read(min(_CHUNK, size - len(values)))):
        values += chunk
    return values


def _not_idx(name: str, expected: str, got: object) -> ValueError:
    return ValueError(
        f"{name} is not a whole IDX file: expected {expected}, got {got}. Copy or "
        "download it again."
    )
