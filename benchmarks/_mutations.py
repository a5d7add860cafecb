"""Random changes of files that follow their structure: bytes, JSON, safetensors, IDX.

Every function takes a `random.Random`, so that a mutation is known by its seed, and returns what
was changed together with a description of the change.
"""

import copy
import gzip
import hashlib
import json
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

COUNTS = (0, 1, 2, 3, 7, 64, 255, 256, 10**4, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**63, 2**64)
NUMBERS = (*COUNTS, -1, -8, -(2**63), 10**6, 10**9, 10**12, 10**30, 0.0, -0.5, 1e-320, 1e308, 3.5)
NAMES = (
    "",
    "__class__",
    "__init__",
    "__reduce__",
    "__skmnist_setstate__",
    "os",
    "os.system",
    "builtins:eval",
    "keras.layers:Lambda",
    "../../../../etc/passwd",
    "deserialize",
    "relu",
    "softmax",
    "adam",
    "mse",
    "passthrough",
    "tuple",
    "dict",
    "a\0b",
    "\ud800",
    "é" * 300,
)
# What Python's json doesn't write by itself.
RAW = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "1" * 5000,
    "1." + "3" * 5000,
    "[" * 200 + "]" * 200,
    '{"a":' * 900 + "1" + "}" * 900,
    '{"type":"tuple","items":[' * 150 + "]}" * 150,
    '"\\ud800\\udfff"',
    "01",
    "",
)
LARGE_RAW = (
    "[" * 100_000 + "]" * 100_000,
    '{"type":"tuple","items":[' * 20_000 + "]}" * 20_000,
    "[" + "0," * 300_000 + "0]",
    "{" + ",".join(f'"k{i}":{i}' for i in range(60_000)) + "}",
    '"' + "x" * 4_000_000 + '"',
)
_GZIP = b"\x1f\x8b"
_MARK = "\x01raw{}\x01"
# What comes of reading what was changed as if it was right.
_NOT_OURS = (
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
_CHECKSUM = re.compile(r', "sha256": "[0-9a-f]{64}"')


class Mutated(NamedTuple):
    """A changed file.

    `signed`: whether the change is hidden from the checksum, so that another valid file may be the
    result; otherwise it has to be as before, or refused.
    """

    content: bytes
    how: str
    signed: bool


# -- bytes ----------------------------------------------------------------------------------


def bytes_changed(rng: Random, content: bytes, others: Sequence[bytes]) -> tuple[bytes, str]:
    """Flip, cut, repeat or exchange bytes, more often at the beginning, where headers are."""
    size = len(content)
    near = min(size, rng.choice([16, 256, 4096, size]) or 1)
    at = rng.randrange(near) if near else 0
    length = rng.choice([1, 2, 8, 64, 1024])
    changed = bytearray(content)
    match rng.randrange(9):
        case 0:
            n_bits = rng.choice([1, 1, 2, 8, 64])
            for _ in range(n_bits if near else 0):
                changed[rng.randrange(near)] ^= 1 << rng.randrange(8)
            return bytes(changed), f"{n_bits} bits flipped in the first {near} bytes"
        case 1:
            return content[:at], f"cut after {at} bytes"
        case 2:
            end = size - rng.randrange(min(size, 16) + 1)
            return content[:end], f"the last {size - end} bytes cut"
        case 3:
            more = rng.randbytes(length)
            return content + more, f"{length} bytes more"
        case 4:
            changed[at : at + length] = rng.choice([b"\0", b"\xff"]) * length
            return bytes(changed), f"{length} bytes set at {at}"
        case 5:
            changed[at:at] = rng.randbytes(length)
            return bytes(changed), f"{length} bytes inserted at {at}"
        case 6:
            del changed[at : at + length]
            return bytes(changed), f"{length} bytes removed at {at}"
        case 7:
            source = rng.randrange(size or 1)
            changed[at : at + length] = content[source : source + length]
            return bytes(changed), f"{length} bytes copied from {source} to {at}"
        case _:
            other = rng.choice(others)
            return content[:at] + other[at:], f"another file from byte {at} on"


# -- JSON -----------------------------------------------------------------------------------


def json_changed(
    rng: Random, tree: Any, others: Sequence[Any], names: Sequence[str] = NAMES
) -> tuple[str, str]:
    """Change a few values or keys of a JSON tree; return its text, which may not be valid JSON.

    Parameters
    ----------
    rng : random.Random
        Decides everything.
    tree : object
        What is changed; it stays as it is.
    others : sequence of object
        Trees from which parts are taken.
    names : sequence of str
        Strings that mean something to the reader.
    """
    tree, changes, hows = copy.deepcopy(tree), _JsonChanges(rng, others, names), []
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        if places := list(_places(tree)):
            numbers = [place for place in places if type(place[1][place[2]]) in (int, float)]
            where, parent, key = rng.choice(rng.choice([numbers or places, places]))
            hows.append(f"{where}: {changes.change(parent, key)}")
    text = json.dumps(tree)
    for i, value in enumerate(changes.raw):
        text = text.replace(json.dumps(_MARK.format(i)), value)
    return text, "; ".join(hows) or "nothing"


def _places(tree: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the path of each value in a tree, what holds it, and its key there."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield f"{where}/{key}", tree, key
        if isinstance(value, dict | list):
            yield from _places(value, f"{where}/{key}")


class _JsonChanges:
    """Changes of the value that a dict or a list, `parent`, has at `key`.

    `raw` are the texts that stand in the place of their marks in the end.
    """

    def __init__(self, rng: Random, others: Sequence[Any], names: Sequence[str]) -> None:
        self.rng, self.others, self.names = rng, others, names
        self.raw: list[str] = []

    def change(self, parent: Any, key: Any) -> str:
        """Change it somehow; return how."""
        if self.rng.random() < 0.01:
            return self._put_raw(parent, key, self.rng.choice(LARGE_RAW))
        return self.rng.choice(self._CHANGES)(self, parent, key)

    def _put(self, parent: Any, key: Any, value: Any) -> str:
        parent[key] = value
        return f"{value!r:.60}"

    def _put_raw(self, parent: Any, key: Any, text: str) -> str:
        self.raw.append(text)
        parent[key] = _MARK.format(len(self.raw) - 1)
        return f"raw {text:.40}"

    def _put_another(self, parent: Any, key: Any) -> str:
        others = [None, True, False, [], {}, [[]], [None], 0]
        return self._put(parent, key, self.rng.choice([*NUMBERS, *self.names, *others]))

    def _put_alike(self, parent: Any, key: Any) -> str:
        value = parent[key]
        if type(value) in (int, float):
            alike = [-value, value + 1, value - 1, value * 1000, value / 3, str(value), *NUMBERS]
            return self._put(parent, key, self.rng.choice(alike))
        return self._put(parent, key, self.rng.choice(self.names))

    def _put_text(self, parent: Any, key: Any) -> str:
        return self._put_raw(parent, key, self.rng.choice(RAW))

    def _wrap(self, parent: Any, key: Any) -> str:
        value, kind = parent[key], self.rng.choice(self.names)
        wrapped = [
            [value],
            [value] * self.rng.choice([2, 9, 400]),
            {"type": "tuple", "items": [value]},
            {"type": "dict", "items": [[value, value]]},
            {"type": kind, "parameters": {}},
            {"type": kind, "fields": {str(key): value}},
        ]
        return self._put(parent, key, self.rng.choice(wrapped))

    def _nest(self, parent: Any, key: Any) -> str:
        value = parent[key]
        for _ in range(self.rng.choice([1, 5, 60])):
            value = {**parent, key: value} if isinstance(parent, dict) else [value]
        return self._put(parent, key, value)

    def _graft(self, parent: Any, key: Any) -> str:
        _, source, found = self.rng.choice(list(_places(self.rng.choice(self.others))))
        return self._put(parent, key, copy.deepcopy(source[found]))

    def _graft_the_same(self, parent: Any, key: Any) -> str:
        alike = [
            source[key]
            for other in self.others
            for _, source, found in _places(other)
            if found == key
        ]
        return self._put(parent, key, copy.deepcopy(self.rng.choice(alike or [None])))

    def _remove(self, parent: Any, key: Any) -> str:
        del parent[key]
        return "removed"

    def _rename(self, parent: Any, key: Any) -> str:
        if isinstance(parent, list):
            return self._repeat(parent, key)
        new = self.rng.choice([*self.names, f"{key}_", *parent])
        parent[new] = parent.pop(key)
        return f"renamed {new!r:.60}"

    def _repeat(self, parent: Any, key: Any) -> str:
        value = parent[key]
        if isinstance(parent, dict):  # twice the same key, which only the text can have
            first = json.dumps(self.rng.choice([*NUMBERS, value]))
            return self._put_raw(parent, key, f"{first}, {json.dumps(key)}: {json.dumps(value)}")
        parent[key:key] = [value] * (times := self.rng.choice([1, 2, 600]))
        return f"repeated {times} times"

    def _exchange(self, parent: Any, key: Any) -> str:
        keys = list(parent) if isinstance(parent, dict) else range(len(parent))
        other = self.rng.choice(keys)
        parent[key], parent[other] = parent[other], parent[key]
        return f"exchanged with {other}"

    _CHANGES = (
        *(_put_another, _put_another, _put_alike, _put_alike, _put_text, _wrap, _nest),
        *(_graft, _graft_the_same, _graft_the_same, _remove, _rename, _repeat, _exchange),
    )


# -- safetensors ----------------------------------------------------------------------------


class Safetensors(NamedTuple):
    """A file of the safetensors format, whose metadata has JSON under one name."""

    content: Any
    header: dict[str, Any]
    data: bytes

    @classmethod
    def of(cls, file: bytes, name: str = "skmnist") -> "Safetensors":
        """Return the parts of a file."""
        (length,) = struct.unpack("<Q", file[:8])
        header = json.loads(file[8 : 8 + length])
        content = json.loads(header.pop("__metadata__")[name])
        return cls(content, header, file[8 + length :])


def safetensors_file(
    content: str, header: str, data: bytes, name: str = "skmnist", length: int | None = None
) -> bytes:
    """Return a file of the JSON of an estimator, the JSON of the tensors, and their data."""
    metadata = json.dumps({name: content})
    rest = header.strip()[1:]
    text = f'{{"__metadata__":{metadata}{"," if rest.strip(" }") else ""}{rest}'
    encoded = text.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(encoded) if length is None else length) + encoded + data


def safetensors_changed(
    rng: Random, seeds: Sequence[bytes], names: Sequence[str], name: str = "skmnist"
) -> Mutated:
    """Change a file of a fitted estimator in one of its parts, and perhaps its checksum."""
    file = rng.choice(seeds)
    kind = rng.random()
    if kind < 0.25:
        return Mutated(*bytes_changed(rng, file, seeds), signed=False)
    parts, other = Safetensors.of(file, name), Safetensors.of(rng.choice(seeds), name)
    content, header, data = json.dumps(parts.content), json.dumps(parts.header), parts.data
    if kind < 0.28:
        header, data = rng.choice(
            [(json.dumps(other.header), data), (json.dumps(other.header), other.data)]
        )
        how = "the tensors of another file"
    elif kind < 0.31:
        lie = rng.choice([0, 1, 7, 2**31, 2**63 - 1, 2**64 - 1, len(header), 100 * 10**6 + 1])
        return Mutated(
            safetensors_file(content, header, data, name, lie), f"header of {lie} bytes", False
        )
    elif kind < 0.45:
        header, how = _header_changed(rng, parts.header, [other.header])
    elif kind < 0.5:
        data, how = _values_changed(rng, data)
    else:
        content, how = json_changed(rng, parts.content, [other.content], names)
    sign = rng.random() < 0.8
    if sign:
        content = signed(content, header, data)
    return Mutated(safetensors_file(content, header, data, name), how, sign)


def _header_changed(rng: Random, header: Any, others: Sequence[Any]) -> tuple[str, str]:
    """Change where a tensor lies, or what it claims to be."""
    if rng.random() < 0.4 or not header:
        return json_changed(rng, header, others)
    header = copy.deepcopy(header)
    tensor = header[name := rng.choice(list(header))]
    start, end = tensor["data_offsets"]
    new = rng.choice(
        [
            {"dtype": rng.choice(["F64", "F16", "BF16", "I64", "BOOL", "F8_E4M3", "C64", "?", 3])},
            {"shape": [rng.choice(COUNTS), rng.choice(COUNTS)]},
            {"shape": [*tensor["shape"], rng.choice([0, 1, 2**63])]},
            {"shape": tensor["shape"][::-1]},
            {"shape": [-1, -1]},
            {"shape": [1] * rng.choice([33, 65, 10**4])},
            {"data_offsets": [0, end - start]},
            {"data_offsets": [end, start]},
            {"data_offsets": [rng.choice(COUNTS), rng.choice(COUNTS)]},
            {"data_offsets": [start, 2**64 - 1]},
            {"data_offsets": [-start, end]},
        ]
    )
    tensor.update(new)
    return json.dumps(header), f"{name}: {new!r:.60}"


def _values_changed(rng: Random, data: bytes) -> tuple[bytes, str]:
    """Put special values of 4 bytes in some places."""
    changed = bytearray(data)
    value = rng.choice([float("nan"), float("inf"), -float("inf"), 3e38, 1e-40, -0.0, 1.0])
    for _ in range(rng.choice([1, 10])):
        if len(changed) >= 4:
            struct.pack_into("<f", changed, rng.randrange(len(changed) // 4) * 4, value)
    return bytes(changed), f"{value} in the tensors"


def signed(content: str, header: str, data: bytes) -> str:
    """Return the JSON with the checksum of what it and the tensors now hold, or with none.

    A file without a checksum is of an older version; it is what a forger makes, if what he forged
    has no checksum because it isn't valid JSON.
    """
    try:
        described = b""
        for name, tensor in sorted(json.loads(header).items()):
            dtype, shape = tensor["dtype"], tuple(tensor["shape"])
            start, end = tensor["data_offsets"]
            described += f"{name} <{dtype[0].lower()}{int(dtype[1:]) // 8} {shape} ".encode()
            described += data[start:end]
    except _NOT_OURS:
        return _CHECKSUM.sub("", content)
    return signed_with(content, described)


def signed_with(content: str, rest: bytes) -> str:
    """Return JSON with the checksum of what it now holds and of other bytes, or with none."""
    try:
        tree = json.loads(content)
        del tree["sha256"]
        text = json.dumps(tree, allow_nan=False)
    except _NOT_OURS:
        return _CHECKSUM.sub("", content)
    checksum = hashlib.sha256(text.encode() + rest).hexdigest()
    return _CHECKSUM.sub(f', "sha256": "{checksum}"', content)


# -- IDX ------------------------------------------------------------------------------------


def idx_changed(rng: Random, seeds: Sequence[bytes]) -> Mutated:
    """Change an IDX file, plain or gzip, in its bytes or its header; only gzip has a checksum."""
    file = rng.choice(seeds)
    if rng.random() < 0.4:
        content, how = bytes_changed(rng, file, seeds)
        return Mutated(content, how, signed=content[:2] != _GZIP)
    packed = file[:2] == _GZIP
    content = gzip.decompress(file) if packed else file
    content, how = rng.choice(_IDX_CHANGES)(rng, content)
    packed ^= rng.random() < 0.2
    return Mutated(gzip.compress(content, 1) if packed else content, how, signed=True)


def _dtype_changed(rng: Random, content: bytes) -> tuple[bytes, str]:
    code = rng.choice([0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E, rng.randrange(256)])
    return content[:2] + bytes([code]) + content[3:], f"dtype {code:#x}"


def _dimensions_changed(rng: Random, content: bytes) -> tuple[bytes, str]:
    ndim = rng.choice([0, 1, 2, 3, 4, 33, 64, 65, 255])
    return content[:3] + bytes([ndim]) + content[4:], f"{ndim} dimensions"


def _sizes_changed(rng: Random, content: bytes) -> tuple[bytes, str]:
    n = min(max(content[3], 1), (len(content) - 4) // 4)
    sizes = [rng.choice([0, 1, 2, 28, 2**16, 2**31, 2**32 - 1]) for _ in range(n)]
    new = struct.pack(f">{n}I", *sizes)
    return content[:4] + new + content[4 + len(new) :], f"sizes {sizes}"


def _size_changed(rng: Random, content: bytes) -> tuple[bytes, str]:
    at = 4 + 4 * rng.randrange(max(content[3], 1))
    size = (int.from_bytes(content[at : at + 4]) + rng.choice([-1, 1, 2])) % 2**32
    return content[:at] + size.to_bytes(4) + content[at + 4 :], f"a size of {size}"


def _many_dimensions(rng: Random, content: bytes) -> tuple[bytes, str]:
    n = rng.choice([32, 33, 63, 64])
    last = rng.choice([1, 5, 2**32 - 1])
    sizes = struct.pack(f">{n}I", *([1] * (n - 1)), last)
    return b"\0\0\x08" + bytes([n]) + sizes + b"12345"[: min(last, 5)], f"{n} dimensions"


def _bomb(rng: Random, content: bytes) -> tuple[bytes, str]:
    """Have far more values than the header says, or far fewer."""
    declared, actual = rng.choice([(10, 20 << 20), (2**32 - 1, 20 << 20), (8 << 20, 8 << 20)])
    header = b"\0\0\x08\x01" + declared.to_bytes(4)
    return header + bytes(actual), f"{actual} bytes of a declared {declared}"


def _values_of_idx_changed(rng: Random, content: bytes) -> tuple[bytes, str]:
    at = 4 + 4 * content[3]
    changed = rng.choice([content[:-1], content + b"\0", content[:at], content[:at] + content])
    return changed, f"{len(changed) - len(content):+d} bytes of values"


_IDX_CHANGES: list[Callable[[Random, bytes], tuple[bytes, str]]] = [
    *(_dtype_changed, _dimensions_changed, _sizes_changed, _size_changed, _many_dimensions) * 20,
    *(_values_of_idx_changed,) * 20,
    _bomb,
]
