"""The variables of networks as tensors of a file."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist.networks import Architecture
from skmnist.persistence._checks import shortened
from skmnist.persistence._limits import check_size
from skmnist.wrappers._own_network import OwnNetwork

_TENSOR_TYPES = {
    "F32": "float32",
    "F64": "float64",
    "I32": "int32",
    "I64": "int64",
    "U32": "uint32",
}
_Described = list[tuple[str, tuple[int, ...], Any]]


def tensors_of(place: str, architecture: Architecture, variables: Any) -> dict[str, NDArray[Any]]:
    """Return a network's variables by name, prefixed by its place in a larger estimator."""
    names = [place + name for name, _, _ in _described(architecture)]
    return {
        name: _finite(name, np.asarray(value, order="C"))
        for name, value in zip(names, variables, strict=True)
    }


def digest(tensors: Iterable[tuple[str, NDArray[Any]]], text: str) -> str:
    """Return the SHA-256 of a text and of tensors, in the order of their names."""
    total = hashlib.sha256(text.encode())
    for name, values in tensors:
        total.update(f"{name} {values.dtype.str} {values.shape} ".encode())
        total.update(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
    return total.hexdigest()


def read_variables(
    file: Any, architectures: dict[str, Architecture], taken: set[str]
) -> list[list[NDArray[Any]]]:
    """Return the variables of each network; raise an error if any is missing or unknown.

    The networks are given by their places.  A network that is larger than the file is never built.
    The other tensors, those taken already, are not of networks.
    """
    ours = {p: a for p, a in architectures.items() if not isinstance(a.builder, OwnNetwork)}
    check_size(ours, file)
    # A committee's members are often alike.
    described = {each: _described(each) for each in set(architectures.values())}
    expected = [
        [(place + name, shape, dtype) for name, shape, dtype in described[architecture]]
        for place, architecture in architectures.items()
    ]
    names, found = (
        {name for network in expected for name, _, _ in network},
        set(file.keys()) - taken,
    )
    hint = "" if len(ours) == len(architectures) else " Give the function that was fitted as model."
    if found != names:
        raise ValueError(
            f"its tensors are not the network's: lacking {shortened(sorted(names - found))}, "
            f"unknown {shortened(sorted(found - names))}.{hint}"
        )
    for network in expected:
        for name, shape, dtype in network:
            _check(file.get_slice(name), name, shape, dtype, hint)
    return [
        [
            _finite(name, file.get_tensor(name)).astype(dtype, copy=False)
            for name, _, dtype in network
        ]
        for network in expected
    ]


def _described(architecture: Architecture) -> _Described:
    """Return the name, shape and dtype of each variable, in order, without creating values."""
    variables = architecture.build_without_values().variables
    return [
        (name, tuple(v.shape), np.dtype(v.dtype)) for name, v in _named(architecture, variables)
    ]


def _named(architecture: Architecture, variables: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield each variable with its name in a file.

    Those of a user's network have numbers: Keras's names depend on what was made before, and need
    not be different.
    """
    own = isinstance(architecture.builder, OwnNetwork)
    for i, variable in enumerate(variables):
        kind = variable.name.rstrip("_0123456789")
        yield f"variable_{i}/{kind}" if own else variable.path, variable


def _check(tensor: Any, name: str, shape: tuple[int, ...], dtype: Any, hint: str) -> None:
    found_shape, found = tuple(tensor.get_shape()), _TENSOR_TYPES.get(tensor.get_dtype(), "void")
    # The integers of random seeds have a different width on each backend.
    both_whole = dtype.kind in "iu" and np.dtype(found).kind in "iu"
    if found_shape != shape or not (found == dtype.name or both_whole):
        raise ValueError(
            f"tensor {name} is {tensor.get_dtype()} of shape {found_shape}; expected "
            f"{dtype} of shape {shape}.{hint}"
        )


def _finite(name: str, values: NDArray[Any]) -> NDArray[Any]:
    if not np.isfinite(values).all():
        raise ValueError(f"tensor {name} holds NaN or infinity; expected finite numbers.")
    return values
