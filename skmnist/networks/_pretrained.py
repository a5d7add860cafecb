"""Networks that start with a backbone of ``keras.applications``, pretrained on ImageNet."""

from collections.abc import Sequence
from inspect import signature
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import unknown_name
from skmnist.networks._architecture import Architecture
from skmnist.networks._backbone_inputs import PREPARATIONS, preprocessed
from skmnist.networks._backbones import BACKBONES, Settings, build_backbone, load_backbone
from skmnist.networks._dnn import dense_network
from skmnist.networks._layers import (
    enlarge,
    exact_dtype,
    flatten,
    hidden_layers,
    layer_seeds,
    output_layer,
    zero_padding,
)

PREPROCESSING = ("imagenet", "scale")
RESIZE = ("bilinear", "pad")


def pretrained_network(
    input_shape: tuple[int, int, int],
    n_outputs: int,
    *,
    backbone: str = "VGG16",
    backbone_settings: Settings = (),
    last_layer: str | None = None,
    input_size: int | None = None,
    preprocessing: str = "imagenet",
    resize: str = "bilinear",
    trainable_layers: int | None = None,
    hidden_units: Sequence[int] = (512,),
    activation: str = "relu",
    dropout: float | Sequence[float] = 0.5,
    output_activation: str = "softmax",
    dtype: str = "float32",
    seed: int = 0,
) -> Any:
    """Build a backbone of ``keras.applications``, without its top, and dense layers on it.

    Grey images get three equal channels; sides that are too small are enlarged or padded; pixels
    from 0 to 1 are converted to what the backbone was trained on, or stay unchanged.  Its batch
    normalisations are never trained and always use their stored mean and variance, as Keras's
    guide to transfer learning advises [1]_.

    Parameters
    ----------
    input_shape : tuple (height, width, channels)
        The shape of one image, with 1 or 3 channels.
    n_outputs : int
        Number of units of the last layer.
    backbone : str, default="VGG16"
        The backbone's name in Keras, one of those that `skmnist.PretrainedClassifier` lists.
    backbone_settings : tuple of (name, value) pairs, default=()
        The backbone's arguments, such as ``(("alpha", 0.25),)`` for "MobileNet".
    last_layer : str or None, default=None
        The backbone's layer whose outputs are used; None means the last one.
    input_size : int or None, default=None
        Smaller sides are resized to it; None, or less than the backbone's minimum, means that
        minimum.
    preprocessing : {"imagenet", "scale"}, default="imagenet"
        "imagenet" converts the pixels to what the backbone was trained on, as its
        ``preprocess_input`` does; "scale" leaves them between 0 and 1, colours in the order red,
        green, blue.
    resize : {"bilinear", "pad"}, default="bilinear"
        How smaller sides are resized to `input_size`: enlarged, or padded with zeros, evenly on
        both sides, before the pixels are preprocessed.
    trainable_layers : int or None, default=None
        Number of the backbone's last layers that are trained, 0 for none, None for all.  Only
        layers with weights count, in the order of the backbone's ``layers``, without the batch
        normalisations.
    hidden_units : sequence of int, default=(512,)
        Number of units of each dense layer between the backbone and the output.
    activation : str, default="relu"
        Keras's name of the dense layers' activation.
    dropout : float or sequence of float, default=0.5
        The fraction of each dense layer's units that is dropped in training.
    output_activation : str, default="softmax"
        Keras's name of the last layer's activation.
    dtype : str, default="float32"
        Keras's dtype policy: "float32", "mixed_bfloat16" or "float64".
    seed : int, default=0
        Determines the initial weights, the backbone's too, and the dropout.

    Returns
    -------
    network : keras.Model
        Takes images of floats, returns ``n_outputs`` numbers for each.  No weights are loaded here,
        see `first_variables`.

    Raises
    ------
    ValueError
        If there is no such backbone, layer or setting, there are fewer trainable layers, or the
        images have another number of channels.

    References
    ----------
    .. [1] F. Chollet, "Transfer learning and fine-tuning",
       https://keras.io/guides/transfer_learning/, 2020.

    Examples
    --------
    >>> from skmnist.networks import pretrained_network
    >>> pretrained_network((28, 28, 1), 10).count_params()
    14982474
    """
    keras = load_keras()
    seeds = layer_seeds(seed)
    for parameter, value, known in (
        ("backbone", backbone, BACKBONES),
        ("preprocessing", preprocessing, PREPROCESSING),
        ("resize", resize, RESIZE),
    ):
        if value not in known:
            raise unknown_name(parameter, value, known)
    of_pixels = PREPARATIONS[
        BACKBONES[backbone].preprocessing if preprocessing == "imagenet" else "scale"
    ]
    least = max(BACKBONES[backbone].smallest, input_size or 0)
    # The pixels never have low precision.
    exact = exact_dtype(dtype)
    images = keras.Input(input_shape, name="images")
    prepared = preprocessed(_enlarged(images, least, resize, exact), of_pixels, exact)
    sides = tuple(prepared.shape[1:3])
    body = build_backbone(backbone, backbone_settings, last_layer, sides, dtype, seeds)
    _let_learn(body, trainable_layers)
    x = flatten(dtype)(body(prepared))
    for layer in (
        *hidden_layers(hidden_units, activation, dropout, False, dtype, seeds),
        output_layer(n_outputs, output_activation, dtype, seeds),
    ):
        x = layer(x)
    return keras.Model(images, x, name="pretrained_network")


def first_variables(
    architecture: Architecture, weights: str | PathLike[str] | None, seed: int
) -> list[NDArray[Any]]:
    """Return the variables' values at the start of training.

    Parameters
    ----------
    architecture : Architecture
        A call of `pretrained_network`.
    weights : "imagenet", str, path-like or None
        The backbone's initial weights: "imagenet" are Keras's, which are downloaded once; a path is
        that of a file that ``save_weights`` wrote, of the backbone without its top, whole or up to
        `last_layer`; None draws them from the seed.
    seed : int
        Determines all other weights and the dropout.

    Returns
    -------
    variables : list of ndarray
        In Keras's order, the backbone's first.

    Raises
    ------
    OSError
        If a file can't be read or downloaded.
    ValueError
        If a file holds other weights than the backbone's.

    Examples
    --------
    >>> from skmnist.networks import Architecture
    >>> from skmnist.networks._pretrained import first_variables, pretrained_network
    >>> architecture = Architecture.of(
    ...     pretrained_network, input_shape=(28, 28, 1), n_outputs=10, backbone="MobileNet",
    ...     backbone_settings=(("alpha", 0.25),), last_layer="conv1_relu", hidden_units=(),
    ... )
    >>> first_variables(architecture, weights=None, seed=0)[0].shape
    (3, 3, 3, 8)
    """
    network = architecture.build(seed)
    if weights is not None:
        given = dict(architecture.settings)
        load_backbone(
            network.get_layer("backbone"),
            given["backbone"],
            given.get("backbone_settings", ()),
            weights,
        )
    return [np.array(variable.numpy()) for variable in network.variables]


def with_trainable_layers(architecture: Architecture, n_layers: int | None) -> Architecture:
    """Return the same architecture with other trainable layers; its variables are the same.

    Parameters
    ----------
    architecture : Architecture
        A call of `pretrained_network`.
    n_layers : int or None
        The new `trainable_layers`.

    Returns
    -------
    architecture : Architecture

    Raises
    ------
    ValueError
        If the backbone has fewer trainable layers.

    Examples
    --------
    >>> from skmnist.networks import Architecture
    >>> from skmnist.networks._pretrained import pretrained_network, with_trainable_layers
    >>> architecture = Architecture.of(pretrained_network, input_shape=(8, 8, 1), n_outputs=2)
    >>> frozen = with_trainable_layers(architecture, 0).build(seed=0)
    >>> [variable.path for variable in frozen.trainable_variables]
    ['dense_1/kernel', 'dense_1/bias', 'output/kernel', 'output/bias']
    """
    settings = {**dict(architecture.settings), "trainable_layers": n_layers}
    changed = Architecture.of(architecture.builder, **settings)
    if n_layers:  # 0 and None are always possible
        changed.build(seed=0)
    return changed


def head_alone(architecture: Architecture, n_features: int) -> Architecture:
    """Return the architecture of the dense layers; their variables are the whole network's last.

    Parameters
    ----------
    architecture : Architecture
        A call of `pretrained_network`.
    n_features : int
        Number of features that the backbone computes for an image.

    Returns
    -------
    head : Architecture
        Takes ``(1, n_features, 1)`` per image.

    Examples
    --------
    >>> from skmnist.networks import Architecture
    >>> from skmnist.networks._pretrained import head_alone, pretrained_network
    >>> architecture = Architecture.of(pretrained_network, input_shape=(28, 28, 1), n_outputs=10)
    >>> head_alone(architecture, 512).build(seed=0).count_params()
    267786
    """
    parts = ("n_outputs", "hidden_units", "activation", "dropout", "output_activation", "dtype")
    defaults = {n: p.default for n, p in signature(architecture.builder).parameters.items()}
    given = defaults | dict(architecture.settings)
    return Architecture.of(
        dense_network, input_shape=(1, n_features, 1), **{name: given[name] for name in parts}
    )


# -- the parts ----------------------------------------------------------------------------


def _enlarged(images: Any, least: int, resize: str, dtype: str) -> Any:
    """Enlarge or pad sides that are shorter than the minimum."""
    height, width = images.shape[1:3]
    sides = max(height, least), max(width, least)
    if sides == (height, width):
        return images
    if resize == "pad":
        return zero_padding((height, width), sides, dtype)(images)
    return enlarge(sides, dtype)(images)


def _let_learn(body: Any, n_layers: int | None) -> None:
    """Make only the last layers of a backbone trainable, and no batch normalisation."""
    batch_norm = load_keras().layers.BatchNormalization
    able = [layer for layer in body.layers if layer.weights and not isinstance(layer, batch_norm)]
    if n_layers is None:
        n_layers = len(able)
    if not 0 <= n_layers <= len(able):
        raise ValueError(
            f"trainable_layers={n_layers}, but the backbone has {len(able)} layers that can learn "
            f"(batch normalisations never do); expected 0 to {len(able)}, or None for all."
        )
    learning = {layer.name for layer in able[len(able) - n_layers :]}
    for layer in body.layers:
        layer.trainable = layer.name in learning
