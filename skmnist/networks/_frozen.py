"""Backbones that are found by a name or given as a model, with what a fit needs to know of them."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from os import PathLike, fspath
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.backend import load_keras
from skmnist._utils.caches import Cache
from skmnist._utils.errors import shown, unknown_name
from skmnist._utils.keras import is_keras_model
from skmnist.networks._architecture import hashable
from skmnist.networks._backbone_inputs import PREPARATIONS, Preparation
from skmnist.networks._backbones import (
    BACKBONES,
    Settings,
    as_in_a_new_process,
    load_backbone,
    load_file,
    up_to,
)
from skmnist.networks._feature_network import Body, KerasBody, OwnBody, adapted_layers

_HUB = "keras_hub:"
_LONGEST_REASON = 400  # characters
_values = Cache(maxsize=2)


@dataclass(frozen=True)
class FrozenBackbone:
    """A backbone, and what it takes.

    Parameters
    ----------
    body : Body
        The network as data.
    values : callable
        Returns the values of its variables, in Keras's order. It takes the sides that the network
        is built for, as the config for these is cached; the values don't depend on them.
    preparation : Preparation
        What pixels from 0 to 1 are converted to for it.
    sides : tuple (height, width) or None
        Of the images that it was trained on; None if any are as good.
    only_these_sides : bool, default=False
        Whether it takes no others.
    n_channels : int, default=3
        Channels of the images.
    """

    body: Body
    values: Callable[[tuple[int, int]], list[NDArray[Any]]]
    preparation: Preparation
    sides: tuple[int, int] | None
    only_these_sides: bool = False
    n_channels: int = 3


def find_backbone(
    backbone: Any,
    settings: Settings,
    last_layer: str | None,
    weights: str | PathLike[str] | None,
) -> FrozenBackbone:
    """Return the backbone of a name, a preset, a model or a function.

    Parameters
    ----------
    backbone : str, keras.Model or callable
        A name in ``keras.applications``, "keras_hub:" and a preset, a model, or a function without
        arguments that returns one.
    settings : tuple of (name, value) pairs
        Arguments of a network of ``keras.applications``.
    last_layer : str or None
        The layer whose outputs are used; None means the last one.
    weights : "imagenet", str, path-like or None
        As for `load_backbone`. A model of one's own has weights of its own.

    Returns
    -------
    backbone : FrozenBackbone

    Raises
    ------
    ValueError
        If there is no such network, layer or setting, or the model isn't a graph of layers.
    TypeError
        If the function returns something else than a model.

    Examples
    --------
    >>> from skmnist.networks._frozen import find_backbone
    >>> find_backbone("InceptionV3", (), None, None).sides
    (299, 299)
    """
    if is_of_applications(backbone):
        return _of_applications(backbone, settings, last_layer, weights)
    if settings:
        raise ValueError(
            f"backbone_settings={dict(settings)} are arguments of a network of keras.applications; "
            f"expected None with backbone={shown(backbone)}."
        )
    if isinstance(backbone, str):
        return _of_hub(backbone.removeprefix(_HUB), last_layer, weights)
    if weights != "imagenet":
        raise ValueError(
            f"weights={shown(weights)} with a model of your own, which has weights of its own; "
            "leave weights out, and give the model after model.load_weights(path)."
        )
    return _of_model(_made(backbone), last_layer)


def is_of_applications(backbone: Any) -> bool:
    """Return whether a backbone is named, and is no preset.

    Examples
    --------
    >>> from skmnist.networks._frozen import is_of_applications
    >>> is_of_applications("VGG16"), is_of_applications("keras_hub:resnet_18_imagenet")
    (True, False)
    """
    return isinstance(backbone, str) and not backbone.startswith(_HUB)


# -- keras.applications -------------------------------------------------------------------


def _of_applications(
    name: str, settings: Settings, last_layer: str | None, weights: Any
) -> FrozenBackbone:
    if name not in BACKBONES:
        others = ", 'keras_hub:' and the name of a preset, or a Keras model"
        raise unknown_name("backbone", name, BACKBONES, others)
    known = BACKBONES[name]
    body = KerasBody(name, settings, last_layer)

    def values(sides: tuple[int, int]) -> list[NDArray[Any]]:
        network = body.build(sides, seed=0)
        if weights is not None:
            load_backbone(network, name, settings, weights)
        return _values_of(network)

    return FrozenBackbone(
        body,
        lambda sides: _values.get((body, _identity(weights)), lambda: values(sides)),
        PREPARATIONS[known.preprocessing],
        (known.size, known.size),
    )


def _identity(weights: Any) -> Any:
    """Return what is another one for a file that was changed."""
    if weights is None or weights == "imagenet":
        return weights
    path = Path(fspath(weights)).absolute()
    if not path.is_file():
        return str(path)
    state = path.stat()
    return str(path), state.st_mtime_ns, state.st_size


# -- keras_hub ----------------------------------------------------------------------------


def _of_hub(preset: str, last_layer: str | None, weights: Any) -> FrozenBackbone:
    keras_hub = _load_hub()

    def from_preset() -> Any:
        of_preset = weights == "imagenet"
        network = keras_hub.models.Backbone.from_preset(preset, load_weights=of_preset)
        return network, keras_hub.layers.ImageConverter.from_preset(preset)

    try:
        network, converter = as_in_a_new_process(from_preset)
    except Exception as error:
        raise _no_preset(preset, keras_hub.models.Backbone.presets, error) from error
    if weights not in ("imagenet", None):
        load_file(network, weights, f"keras_hub's {preset}")
    of_pixels = Preparation.of(
        255 * np.asarray(1.0 if converter.scale is None else converter.scale),
        np.asarray(0.0 if converter.offset is None else converter.offset),
    )
    return _of_model(network, last_layer, of_pixels, converter.image_size)


def _load_hub() -> Any:
    load_keras()
    try:
        import keras_hub
    except ImportError as error:
        raise ImportError(
            f"backbone='{_HUB}...' needs keras_hub ({error}): pip install \"skmnist[keras-hub]\"."
        ) from error
    return keras_hub


def _no_preset(preset: str, known: Iterable[str], error: Exception) -> Exception:
    near = [] if preset in known else get_close_matches(preset, known, n=1)
    hint = f" Did you mean '{_HUB}{near[0]}'?" if near else ""
    return OSError(
        f"backbone='{_HUB}{preset}' is no preset of an image backbone that is at hand or can be "
        f"downloaded: {shorten(str(error), _LONGEST_REASON)}.{hint} Without internet, give the "
        "path of a folder that save_to_preset has written for the backbone and its image "
        f"converter: '{_HUB}/path/to/folder'."
    )


# -- models of one's own ------------------------------------------------------------------


def _made(backbone: Any) -> Any:
    """Return a model, or what a function returns, with the names that it has in a new process."""
    load_keras()
    if is_keras_model(backbone):
        return backbone
    model = as_in_a_new_process(backbone)
    if not is_keras_model(model):
        raise TypeError(
            f"backbone={shown(backbone)} returns {shown(model)}; expected a keras.Model."
        )
    return model


def _of_model(
    model: Any,
    last_layer: str | None,
    preparation: Preparation = PREPARATIONS["raw"],
    sides: tuple[int, int] | None = None,
) -> FrozenBackbone:
    *own_sides, n_channels = _image_shape(model)
    is_fixed = None not in own_sides
    normalizations = tuple(
        tuple(hashable(values) for values in layer.get_weights()) for layer in adapted_layers(model)
    )
    return FrozenBackbone(
        OwnBody(_described(model), last_layer, normalizations),
        lambda sides: _values_of(up_to(model, last_layer)),
        preparation,
        (own_sides[0], own_sides[1]) if is_fixed else sides,
        is_fixed,
        n_channels,
    )


def _image_shape(model: Any) -> tuple[Any, ...]:
    """Return the height, the width and the channels that a model takes."""
    inputs = getattr(model, "inputs", None) or ()
    if not inputs:
        raise ValueError(
            f"backbone is a {type(model).__name__}, which is no graph of layers; expected a "
            "functional model, or a sequential one with a keras.Input."
        )
    shape = tuple(inputs[0].shape[1:])
    if len(inputs) > 1 or len(shape) != 3 or shape[2] not in (1, 3):
        shapes = " and ".join(str(tuple(each.shape)) for each in inputs)
        raise ValueError(
            f"backbone takes {shapes}; expected images (None, height, width, channels), of 1 or 3 "
            "channels."
        )
    return shape


def _described(model: Any) -> str:
    try:
        config = load_keras().saving.serialize_keras_object(model)
        # How it was trained doesn't count, and may need the user's own classes.
        return json.dumps({k: v for k, v in config.items() if k != "compile_config"})
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            f"backbone can't be written as data, as for a file of Keras ({error}); give its layers "
            "a get_config."
        ) from error


def _values_of(network: Any) -> list[NDArray[Any]]:
    return [np.array(variable.numpy()) for variable in network.variables]
