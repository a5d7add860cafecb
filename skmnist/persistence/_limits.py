"""Limits on a file's JSON, and on the networks that it describes before any layer is built."""

import re
from math import prod
from typing import Any

from skmnist.networks import Architecture

# Each of these counts has a tensor with at least as many values.
_UNITS = (
    "class_dim",
    "embedding_dim",
    "n_outputs",
    "n_primary_maps",
    "vocabulary_size",
    "primary_dim",
)
# A larger network takes minutes to build, and its layers' nested calls exceed Python's limit.
_MOST_LAYERS = 500
_PLACE = re.compile(r"(?:scikit-learn/)?(?:\d+/)*")
# Together less than 100 MB in memory; 150,000 objects of scikit-learn need less.
_LONGEST, _MOST_CONTAINERS = 1 << 23, 300_000


def check_length(text: str) -> None:
    """Raise an error for JSON that takes long to read: arrays belong into tensors.

    Examples
    --------
    >>> from skmnist.persistence._limits import check_length
    >>> check_length("{}")
    """
    if len(text) > _LONGEST:
        raise ValueError(f"its JSON has {len(text):,} letters; expected {_LONGEST:,} at most.")
    n_containers = text.count("[") + text.count("{")
    if n_containers > _MOST_CONTAINERS:
        raise ValueError(
            f"its JSON has {n_containers:,} lists and objects; expected {_MOST_CONTAINERS:,} at "
            "most."
        )


def check_size(architectures: dict[str, Architecture], file: Any) -> None:
    """Raise an error for a network with more layers than tensors, or more units than values.

    The time and the memory for a network's graph are then bounded by the file's size.  Counts that
    need no tensors, such as the routings of a capsule network, are limited by the estimators'
    constraints.
    """
    tensors: dict[str, list[int]] = {place: [] for place in architectures}
    for name in sorted(file.keys()):
        place = _PLACE.match(name)[0]  # type: ignore[index]
        tensors.setdefault(place, []).append(prod(file.get_slice(name).get_shape()))
    for place, architecture in architectures.items():
        n_layers, most_units = _claimed(dict(architecture.settings))
        n_tensors, n_values = len(tensors[place]), sum(tensors[place])
        if n_layers > _MOST_LAYERS:
            raise ValueError(
                f"its JSON describes a network of {n_layers} layers; expected {_MOST_LAYERS} at "
                "most."
            )
        if n_layers > n_tensors or most_units > n_values:
            raise ValueError(
                f"{f'part {place}' if place else 'its JSON'} describes a network of {n_layers} "
                f"layers with up to {most_units} units; expected no more than its {n_tensors} "
                f"tensors of {n_values} values in all can fill."
            )


def _claimed(settings: dict[str, Any]) -> tuple[int, int]:
    """Return a lower bound of a network's layers with weights, and the largest layer's units."""
    of_blocks = [block.filters for block in settings.get("conv_blocks", ())]
    hidden, filters = settings.get("hidden_units", ()), settings.get("filters", ())
    filters = filters if isinstance(filters, tuple) else (filters,)
    n_layers = len(hidden) + len(of_blocks) + len(filters) * settings.get("n_blocks", 1)
    units = (settings[name] for name in _UNITS if name in settings)
    return n_layers, max((*hidden, *of_blocks, *filters, *units), default=0)
