"""Networks whose outputs are the features that a frozen backbone finds in images."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from skmnist._utils.backend import load_keras
from skmnist.networks._backbone_inputs import Preparation, preprocessed, resized
from skmnist.networks._backbones import Settings, as_in_a_new_process, build_backbone, up_to
from skmnist.networks._layers import CHANNELS_LAST, all_layers, flatten, layer_seeds

POOLING = ("avg", "max")
_DTYPE = "float32"


class Body(Protocol):
    """A backbone as data: hashable, so that equal ones share compiled functions."""

    def build(self, sides: tuple[int, int], seed: int) -> Any:
        """Build the network for images of these sides, its variables in the same order."""


@dataclass(frozen=True)
class KerasBody:
    """A network of ``keras.applications`` without its top.

    Parameters
    ----------
    backbone : str
        Its name in Keras.
    settings : tuple of (name, value) pairs, default=()
        Its arguments.
    last_layer : str or None, default=None
        The layer whose outputs are used; None means the last one.
    """

    backbone: str
    settings: Settings = ()
    last_layer: str | None = None

    def build(self, sides: tuple[int, int], seed: int) -> Any:
        """Build the network for images of these sides."""
        return build_backbone(
            self.backbone, self.settings, self.last_layer, sides, _DTYPE, layer_seeds(seed)
        )


@dataclass(frozen=True)
class OwnBody:
    """Any other model of Keras.

    Parameters
    ----------
    config : str
        What ``keras.saving.serialize_keras_object`` returns, as JSON.
    last_layer : str or None, default=None
        The layer whose outputs are used; None means the last one.
    normalizations : tuple of tuple of float, default=()
        The mean, the variance and the count of each layer that normalises by what it has adapted
        to: it reads these variables once, when it is built.
    """

    config: str
    last_layer: str | None = None
    normalizations: tuple[tuple[Any, ...], ...] = ()

    def build(self, sides: tuple[int, int], seed: int) -> Any:
        """Build the network, whose sides and seeds are its own."""
        config = json.loads(self.config)
        deserialize = load_keras().saving.deserialize_keras_object
        whole = as_in_a_new_process(lambda: deserialize(config))
        for layer, values in zip(adapted_layers(whole), self.normalizations, strict=True):
            layer.set_weights([np.array(value) for value in values])
            layer.finalize_state()
        return up_to(whole, self.last_layer)


def adapted_layers(network: Any) -> list[Any]:
    """Return the layers that normalise by what they have adapted to."""
    kind = load_keras().layers.Normalization
    return [layer for layer in all_layers(network) if isinstance(layer, kind) and layer.weights]


def feature_network(
    input_shape: tuple[int, int, int],
    *,
    body: Body,
    sides: tuple[int, int],
    preparation: Preparation,
    n_channels: int = 3,
    pooling: str | None = "avg",
    seed: int = 0,
) -> Any:
    """Build a network from images to rows of features.

    Parameters
    ----------
    input_shape : tuple (height, width, channels)
        The shape of one image.
    body : Body
        The backbone.
    sides : tuple (height, width)
        The size that images are brought to.
    preparation : Preparation
        What pixels from 0 to 1 are converted to.
    n_channels : int, default=3
        The channels that the backbone takes.
    pooling : {"avg", "max"} or None, default="avg"
        What each feature map, or each feature of a sequence, becomes: its mean, its largest value
        or, for None, all of its values.
    seed : int, default=0
        Determines the weights of a network of ``keras.applications``.

    Returns
    -------
    network : keras.Model
        Its variables are the backbone's.

    Examples
    --------
    >>> from skmnist.networks._backbone_inputs import PREPARATIONS
    >>> from skmnist.networks._feature_network import KerasBody, feature_network
    >>> body = KerasBody("VGG16", last_layer="block1_pool")
    >>> network = feature_network(
    ...     (28, 28, 1), body=body, sides=(32, 32), preparation=PREPARATIONS["caffe"]
    ... )
    >>> network.output_shape
    (None, 64)
    """
    keras = load_keras()
    images = keras.Input(input_shape, name="images", dtype=_DTYPE)
    prepared = preprocessed(resized(images, sides, _DTYPE), preparation, _DTYPE, n_channels)
    values = body.build(sides, seed)(prepared)
    return keras.Model(images, _as_rows(values, pooling), name="feature_network")


def _as_rows(values: Any, pooling: str | None) -> Any:
    layers, n_dimensions = load_keras().layers, len(values.shape)
    kinds = {3: "1D", 4: "2D"}
    if pooling is None or n_dimensions not in kinds:
        return flatten(_DTYPE, "features")(values)
    kind = {"avg": "GlobalAveragePooling", "max": "GlobalMaxPooling"}[pooling]
    pool = getattr(layers, kind + kinds[n_dimensions])
    return pool(data_format=CHANNELS_LAST, dtype=_DTYPE, name="features")(values)
