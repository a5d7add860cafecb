"""A model and its metadata in one file, in a place that each format has for them.

Both formats let something be appended: an ONNX model is a protobuf message, to which an entry of
`metadata_props` can be added at its end; to a LiteRT model a zip archive of associated files is
appended, as its own metadata tools do.  So the model's own bytes stay as they are, and have a
checksum.
"""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from skmnist.exporting._metadata import NAME

_METADATA_PROPS = 14  # the field of onnx.ModelProto
_KEY, _VALUE = 1, 2  # the fields of onnx.StringStringEntryProto
_FILE = f"{NAME}.json"
_BYTES = 2  # protobuf's wire type of a field with a length
# The other wire types, and how many bytes such a field has; 0 is a varint.
_FIXED = {1: 8, 5: 4}
_MAGIC_OF_LITERT = b"TFL3"


def is_litert(content: bytes) -> bool:
    """Return whether a file is a LiteRT model."""
    return content[4:8] == _MAGIC_OF_LITERT


def joined(model: bytes, text: str) -> bytes:
    """Return a model with metadata appended.

    Examples
    --------
    >>> from skmnist.exporting._containers import joined, parted
    >>> parted(joined(b"", "metadata"))
    (b'', b'metadata')
    >>> parted(joined(b"....TFL3", "metadata"))
    (b'....TFL3', b'metadata')
    """
    if is_litert(model):
        file = BytesIO(model)
        with zipfile.ZipFile(file, "a") as archive:
            # Of a fixed date, so that equal models are equal files.
            archive.writestr(zipfile.ZipInfo(_FILE), text)
        return file.getvalue()
    pair = _field(_KEY, NAME.encode()) + _field(_VALUE, text.encode())
    return model + _field(_METADATA_PROPS, pair)


def parted(content: bytes) -> tuple[bytes, bytes]:
    """Return the model and the metadata in a file; raise a ValueError if there are none."""
    return _parted_litert(content) if is_litert(content) else _parted_onnx(content)


def _parted_litert(content: bytes) -> tuple[bytes, bytes]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            (entry,) = archive.infolist()
            is_ours = (entry.filename, entry.compress_type) == (_FILE, zipfile.ZIP_STORED)
            if is_ours and entry.file_size < len(content):
                return content[: entry.header_offset], archive.read(entry)
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"it has no metadata of skmnist ({error}).") from None
    raise ValueError(f"it has no metadata of skmnist; expected {_FILE} alone, not compressed.")


def _parted_onnx(content: bytes) -> tuple[bytes, bytes]:
    last = next(reversed(list(_fields(memoryview(content)))), None)
    if last is None or last.number != _METADATA_PROPS:
        raise ValueError("it is no ONNX or LiteRT model with metadata of skmnist at its end.")
    pair = {each.number: bytes(each.value) for each in _fields(last.value)}
    if pair.keys() != {_KEY, _VALUE} or pair[_KEY] != NAME.encode():
        raise ValueError(f"its last metadata have another name; expected {NAME!r}.")
    return content[: last.start], pair[_VALUE]


# -- protobuf -------------------------------------------------------------------------------


class _Field(NamedTuple):
    number: int
    start: int
    value: memoryview


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def _fields(message: memoryview) -> Iterator[_Field]:
    """Yield the fields of a protobuf message, which is not trusted."""
    place = 0
    while place < len(message):
        start = place
        tag, place = _read_varint(message, place)
        kind = tag & 7
        if kind == _BYTES:
            length, place = _read_varint(message, place)
        elif kind == 0:
            _, after = _read_varint(message, place)
            length = after - place
        elif kind in _FIXED:
            length = _FIXED[kind]
        else:
            raise ValueError("it is neither an ONNX nor a LiteRT model.")
        if length > len(message) - place:
            raise ValueError("it is no ONNX or LiteRT model, or its end is missing.")
        yield _Field(tag >> 3, start, message[place : place + length])
        place += length


def _read_varint(message: memoryview, place: int) -> tuple[int, int]:
    number = shift = 0
    while place < len(message) and shift < 64:
        byte = message[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place
    raise ValueError("it is no ONNX or LiteRT model, or its end is missing.")
