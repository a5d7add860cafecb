"""Networks that begin with a backbone of ``keras.applications``, trained on ImageNet by others."""

import random
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from os import PathLike, environ, fspath
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._backend import load_keras
from skmnist._errors import unknown_name
from skmnist.networks._common import hidden_layers, layer_seeds, output_layer
from skmnist.networks.architecture import Architecture
from skmnist.networks.dense import dense_network

Settings = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Backbone:
    """What a network of ``keras.applications`` wants to be given.

    Attributes
    ----------
    preprocessing : {"caffe", "tf", "torch"}
        Which pixels it was trained on, Keras's name: minus the mean colour, in BGR; from -1 to
        1; standardised by ImageNet's mean and deviation.
    smallest : int
        The least side of an image, in pixels.
    """

    preprocessing: str
    smallest: int = 32


BACKBONES: dict[str, Backbone] = {
    "DenseNet121": Backbone("torch"),
    "DenseNet169": Backbone("torch"),
    "DenseNet201": Backbone("torch"),
    "InceptionResNetV2": Backbone("tf", 75),
    "InceptionV3": Backbone("tf", 75),
    "MobileNet": Backbone("tf"),
    "MobileNetV2": Backbone("tf"),
    "ResNet50": Backbone("caffe"),
    "ResNet50V2": Backbone("tf"),
    "ResNet101": Backbone("caffe"),
    "ResNet101V2": Backbone("tf"),
    "ResNet152": Backbone("caffe"),
    "ResNet152V2": Backbone("tf"),
    "VGG16": Backbone("caffe"),
    "VGG19": Backbone("caffe"),
    "Xception": Backbone("tf", 71),
}

# The mean colour of ImageNet and its deviation, RGB, as parts of the pixels' range; for "caffe"
# BGR, in 255ths.
_BGR_MEAN = np.array([103.939, 116.779, 123.68])
_RGB_MEAN, _RGB_STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
_SCALE_AND_OFFSET: dict[str, tuple[NDArray, NDArray]] = {
    "caffe": (np.full(3, 255.0), -_BGR_MEAN),
    "tf": (np.full(3, 2.0), np.full(3, -1.0)),
    "torch": (1 / _RGB_STD, -_RGB_MEAN / _RGB_STD),
}
_OURS = {
    "classes",
    "classifier_activation",
    "include_top",
    "input_shape",
    "input_tensor",
    "name",
    "weights",
}
_IMAGENET_SIDES = (224, 224)
_LONGEST_REASON = 400  # characters: Keras shows all numbers that don't fit
_lock = threading.Lock()


def pretrained_network(
    input_shape: tuple[int, int, int],
    n_outputs: int,
    *,
    backbone: str = "VGG16",
    backbone_settings: Settings = (),
    last_layer: str | None = None,
    input_size: int | None = None,
    hidden_units: Sequence[int] = (512,),
    activation: str = "relu",
    dropout: float | Sequence[float] = 0.5,
    output_activation: str = "softmax",
    frozen: bool = False,
    dtype: str = "float32",
    seed: int = 0,
) -> Any:
    """Build a backbone of ``keras.applications``, without its top, and dense layers on it.

    Grey images get three equal channels; sides that are too small are enlarged (bilinear); pixels
    from 0 to 1 become what the backbone was trained on.  Its batch normalisations never learn and
    always use the mean and variance that they have, as Keras's guide to transfer learning advises
    [1]_.

    Parameters
    ----------
    input_shape : tuple (height, width, channels)
        The shape of one image, of 1 or 3 channels.
    n_outputs : int
        Units of the last layer.
    backbone : str, default="VGG16"
        A name of `BACKBONES`.
    backbone_settings : tuple of (name, value) pairs, default=()
        The backbone's own arguments, such as ``(("alpha", 0.25),)`` for "MobileNet".
    last_layer : str or None, default=None
        The backbone's layer whose values are taken; None takes the last one.
    input_size : int or None, default=None
        Smaller sides are enlarged to it; None, or less than the backbone's least, is that.
    hidden_units : sequence of int, default=(512,)
        Units of each dense layer between the backbone and the output.
    activation : str, default="relu"
        Keras's name of the dense layers' activation.
    dropout : float or sequence of float, default=0.5
        The part of each dense layer's units that is dropped in training.
    output_activation : str, default="softmax"
        Keras's name of the last layer's activation.
    frozen : bool, default=False
        Whether the backbone keeps its weights in training.
    dtype : str, default="float32"
        Keras's dtype policy: "float32", "mixed_bfloat16" or "float64".
    seed : int, default=0
        Decides the initial weights, the backbone's too, and the dropout.

    Returns
    -------
    network : keras.Model
        Takes images of floats, gives ``n_outputs`` numbers each.  No weights are loaded here, see
        `first_variables`.

    Raises
    ------
    ValueError
        If there is no such backbone, layer or setting, or the images have another number of
        channels.

    References
    ----------
    .. [1] F. Chollet, "Transfer learning and fine-tuning",
       https://keras.io/guides/transfer_learning/, 2020.

    Examples
    --------
    >>> from skmnist.networks.pretrained import pretrained_network
    >>> pretrained_network((28, 28, 1), 10).count_params()
    14982474
    """
    keras = load_keras()
    seeds = layer_seeds(seed)
    if backbone not in BACKBONES:
        raise unknown_name("backbone", backbone, BACKBONES)
    images = keras.Input(input_shape, name="images")
    prepared = _prepared(images, BACKBONES[backbone], input_size, dtype)
    sides = tuple(prepared.shape[1:3])
    config = _backbone_config(backbone, backbone_settings, last_layer, sides)
    body = keras.Model.from_config(_with_dtype(_with_seeds(config, seeds), dtype))
    for layer in body.layers:
        layer.trainable = not frozen and not isinstance(layer, keras.layers.BatchNormalization)
    x = keras.layers.Flatten(dtype=dtype, name="flatten")(body(prepared))
    for layer in (
        *hidden_layers(hidden_units, activation, dropout, False, dtype, seeds),
        output_layer(n_outputs, output_activation, dtype, seeds),
    ):
        x = layer(x)
    return keras.Model(images, x, name="pretrained_network")


def first_variables(
    architecture: Architecture, weights: str | PathLike[str] | None, seed: int
) -> list[NDArray]:
    """Give the variables that training begins with.

    Parameters
    ----------
    architecture : Architecture
        A call of `pretrained_network`.
    weights : "imagenet", str, path-like or None
        What the backbone begins with: Keras's weights, which are downloaded once, or those in a
        file of the backbone without its top, as ``save_weights`` writes it, or, for None, weights
        drawn from the seed.
    seed : int
        Decides all other weights and the dropout.

    Returns
    -------
    variables : list of ndarray
        In Keras's order, the backbone's first.

    Raises
    ------
    OSError
        If a file can't be read, or not downloaded.
    ValueError
        If a file holds other weights than the backbone's.

    Examples
    --------
    >>> from skmnist.networks import Architecture
    >>> from skmnist.networks.pretrained import first_variables, pretrained_network
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
        of_layers = load_backbone(
            given["backbone"],
            given.get("backbone_settings", ()),
            given.get("last_layer"),
            weights,
        )
        for layer in network.get_layer("backbone").layers:
            layer.set_weights(of_layers[layer.name])
    return [np.array(variable.numpy()) for variable in network.variables]


def frozen_backbone(architecture: Architecture) -> Architecture:
    """Say the same network whose backbone keeps its weights; its variables are the same.

    Examples
    --------
    >>> from skmnist.networks import Architecture
    >>> from skmnist.networks.pretrained import frozen_backbone, pretrained_network
    >>> architecture = Architecture.of(pretrained_network, input_shape=(8, 8, 1), n_outputs=2)
    >>> dict(frozen_backbone(architecture).settings)["frozen"]
    True
    """
    return Architecture.of(architecture.builder, **{**dict(architecture.settings), "frozen": True})


def head_alone(architecture: Architecture, n_features: int) -> Architecture:
    """Say the network's dense layers; their variables are the last of the whole network's.

    Parameters
    ----------
    architecture : Architecture
        A call of `pretrained_network`.
    n_features : int
        Numbers that the backbone makes of an image.

    Returns
    -------
    head : Architecture
        Takes ``(1, n_features, 1)`` for an image.

    Examples
    --------
    >>> from skmnist.networks import Architecture
    >>> from skmnist.networks.pretrained import head_alone, pretrained_network
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


def load_backbone(
    backbone: str, settings: Settings, last_layer: str | None, weights: str | PathLike[str]
) -> dict[str, list[NDArray]]:
    """Load a backbone's weights: numbers only, nothing in the file is executed.

    Parameters
    ----------
    backbone, settings, last_layer
        As in `pretrained_network`.
    weights : "imagenet", str or path-like
        As in `first_variables`.

    Returns
    -------
    of_layers : dict of str to list of ndarray
        The weights of each layer, by its name.

    Raises
    ------
    OSError, ValueError
        As in `first_variables`.
    """
    path = fspath(weights)
    if path != "imagenet":
        _refuse_other_than_hdf5(path)
    try:
        # Weights don't depend on the images' sides; for these Keras knows its own files.
        return _as_in_a_new_process(
            lambda: {
                layer.name: layer.get_weights()
                for layer in _cut_backbone(
                    backbone, settings, last_layer, _IMAGENET_SIDES, path
                ).layers
            }
        )
    except Exception as error:
        if path == "imagenet" and not isinstance(error, ValueError):
            raise _not_downloaded(backbone, error) from error
        raise ValueError(
            f"weights={path!r} can't be loaded into {backbone} without its top, "
            f"backbone_settings={dict(settings)}: {shorten(str(error), _LONGEST_REASON)}"
        ) from error


def _prepared(images: Any, backbone: Backbone, input_size: int | None, dtype: str) -> Any:
    """Make of images what the backbone was trained on."""
    keras = load_keras()
    # The pixels are never of low precision.
    own = "float64" if dtype == "float64" else "float32"
    height, width, channels = images.shape[1:]
    if channels not in (1, 3):
        raise ValueError(
            f"images of {channels} channels; expected 1 (grey) or 3 (red, green, blue), as a "
            "pretrained backbone sees colours."
        )
    least = max(backbone.smallest, input_size or 0)
    x, enlarged = images, (max(height, least), max(width, least))
    if enlarged != (height, width):
        x = keras.layers.Resizing(*enlarged, dtype=own, name="enlarge")(x)
    if channels == 1:
        x = keras.layers.Concatenate(dtype=own, name="three_channels")([x, x, x])
    elif backbone.preprocessing == "caffe":
        x = keras.ops.flip(x, axis=-1)
    scale, offset = _SCALE_AND_OFFSET[backbone.preprocessing]
    return keras.layers.Rescaling(scale.tolist(), offset.tolist(), dtype=own, name="preprocess")(x)


# -- what Keras makes --------------------------------------------------------------------


@lru_cache(maxsize=16)
def _backbone_config(
    backbone: str, settings: Settings, last_layer: str | None, sides: tuple[int, int]
) -> dict[str, Any]:
    """Say the backbone as data, so that it is built again with our seeds and our dtype."""
    known = set(signature(getattr(load_keras().applications, backbone)).parameters) - _OURS
    for name, _ in settings:
        if name not in known:
            raise unknown_name("backbone_settings: parameter", name, known)

    def describe() -> Any:
        with load_keras().StatelessScope(initialize_variables=False):
            return _cut_backbone(backbone, settings, last_layer, sides, None).get_config()

    return _as_in_a_new_process(describe)


def _cut_backbone(
    backbone: str,
    settings: Settings,
    last_layer: str | None,
    sides: tuple[int, int],
    weights: str | None,
) -> Any:
    keras = load_keras()
    make = getattr(keras.applications, backbone)
    of_keras = "imagenet" if weights == "imagenet" else None
    try:
        whole = make(include_top=False, weights=of_keras, input_shape=(*sides, 3), **dict(settings))
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise ValueError(f"backbone_settings={dict(settings)} can't be built: {error}") from error
    if weights != of_keras:
        whole.load_weights(weights)
    by_name = {layer.name: layer.output for layer in whole.layers}
    if last_layer is not None and last_layer not in by_name:
        raise unknown_name("last_layer", last_layer, by_name, ", or None for the last")
    output = whole.output if last_layer is None else by_name[last_layer]
    return keras.Model(whole.input, output, name="backbone")


def _as_in_a_new_process(make: Callable[[], Any]) -> Any:
    """Let Keras make something, untouched by what was made before, and leaving no trace.

    In a thread of its own, as Keras numbers the names it makes up from the thread's start, and
    is silenced for a thread.
    """

    def make_silently() -> Any:
        load_keras().config.disable_interactive_logging()
        with _python_random_unmoved(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(make_silently).result()


@contextmanager
def _python_random_unmoved() -> Iterator[None]:
    """Leave Python's global generator alone, from which Keras draws the seeds that we replace."""
    with _lock:
        state = random.getstate()
        try:
            yield
        finally:
            random.setstate(state)


def _with_seeds(config: Any, seeds: Iterator[int]) -> Any:
    """Give everything in a config that draws numbers a seed of ours."""
    if isinstance(config, list | tuple):
        return type(config)(_with_seeds(item, seeds) for item in config)
    if not isinstance(config, Mapping):
        return config
    return {
        name: next(seeds) if name == "seed" else _with_seeds(value, seeds)
        for name, value in config.items()
    }


def _with_dtype(config: dict[str, Any], dtype: str) -> dict[str, Any]:
    """Give all layers of a config a dtype policy; the images stay of full precision."""
    layers = [
        layer
        if layer["class_name"] == "InputLayer" and dtype != "float64"
        else {**layer, "config": {**layer["config"], "dtype": dtype}}
        for layer in config["layers"]
    ]
    return {**config, "layers": layers}


# -- files of weights --------------------------------------------------------------------


def _refuse_other_than_hdf5(path: str) -> None:
    if not Path(path).exists():
        raise FileNotFoundError(
            f"weights={path!r} is no file; expected 'imagenet', the path of a file of weights, or "
            "None for random ones."
        )
    if not path.endswith((".h5", ".hdf5")):
        raise ValueError(
            f"weights={path!r}; expected a file .weights.h5, as save_weights writes it, or .h5."
        )


def _not_downloaded(backbone: str, error: Exception) -> OSError:
    url = re.search(r"https?://\S+", str(error))
    name = url[0].rstrip(":").rpartition("/")[2] if url else "the file"
    folder = Path(environ.get("KERAS_HOME", "~/.keras"), "models")
    return OSError(
        f"weights='imagenet': {backbone}'s weights are not at hand and can't be downloaded "
        f"({error}). Put {name} into {folder} ($KERAS_HOME/models), or give the path of a file of "
        "weights, or None for random ones."
    )
