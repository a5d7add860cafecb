"""The state of optimizers, in files from which training goes on to the bit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.persistence._checks import is_list_of, of_type, shortened, with_keys
from skmnist.training._optimizers import OptimizerSpec

# No place and no variable of a network begins so.
_PREFIX = "optimizer/"
Tensors = dict[str, NDArray[Any]]


def encoded_optimizers(networks: Mapping[str, Any]) -> tuple[dict[str, Any], Tensors]:
    """Return the optimizers of networks by their places, as values for JSON and as tensors.

    A network has one if its last training was by `partial_fit`, or with ``warm_start=True``.
    """
    sections: dict[str, Any] = {}
    tensors: Tensors = {}
    for place, network in networks.items():
        if not isinstance(network, NetworkEstimator):
            continue
        kept = network.__skmnist_optimizer_state__
        if kept is not None:
            spec, state = kept
            sections[place] = {
                "class": spec.class_name,
                "config": spec.config,
                "has_schedule": spec.learning_rate is None,
                "code": list(spec.code),
            }
            tensors |= {f"{_PREFIX}{place}{i}": np.asarray(v) for i, v in enumerate(state)}
    return sections, tensors


def names_of_states(file: Any) -> set[str]:
    """Return the names of the tensors that are states of optimizers."""
    return {name for name in set(file.keys()) if name.startswith(_PREFIX)}


def restore_optimizers(sections: Any, file: Any, networks: Mapping[str, Any]) -> None:
    """Give networks, which have their variables, the states of their optimizers.

    An optimizer's description is only compared with that of the next training, which alone makes
    one; the shapes are compared there too.
    """
    names = names_of_states(file)
    for place, section in of_type(sections, dict, "optimizers").items():
        network = networks.get(place)
        if not isinstance(network, NetworkEstimator):
            raise ValueError(f"optimizers has one of part {shortened(place)}, which is no network.")
        state: list[NDArray[Any]] = []
        while (name := f"{_PREFIX}{place}{len(state)}") in names:
            names.remove(name)
            state.append(file.get_tensor(name))
        network.__skmnist_setoptimizer__(_spec(section), state)
    if names:
        raise ValueError(f"it has tensors of no optimizer: {shortened(sorted(names))}.")


def _spec(section: Any) -> OptimizerSpec:
    section = with_keys(section, ("class", "config", "has_schedule", "code"), "an optimizer")
    if not is_list_of(str, section["code"]):
        raise ValueError("code of an optimizer; expected a list of digests.")
    return OptimizerSpec(
        of_type(section["class"], str, "class of an optimizer"),
        of_type(section["config"], str, "config of an optimizer"),
        None if of_type(section["has_schedule"], bool, "has_schedule") else 0.0,
        code=tuple(section["code"]),
    )
