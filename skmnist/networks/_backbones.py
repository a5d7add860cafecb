"""The backbones of ``keras.applications``: their inputs, their construction, their weights."""

import random
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from os import PathLike, environ, fspath
from pathlib import Path
from textwrap import shorten
from typing import Any
from zipfile import ZipFile, is_zipfile

import numpy as np

from skmnist._utils.backend import in_new_thread, load_keras
from skmnist._utils.caches import cached
from skmnist._utils.errors import shown, unknown_name
from skmnist.networks._layers import CHANNELS_LAST

Settings = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Backbone:
    """The input that a network of ``keras.applications`` expects.

    Attributes
    ----------
    preprocessing : {"caffe", "efficientnet", "raw", "tf", "torch"}
        The pixels it was trained on, one of `PREPARATIONS`.
    smallest : int
        The minimal side of an image, in pixels.
    size : int
        The side of the images of ImageNet that it was trained on.
    """

    preprocessing: str
    smallest: int = 32
    size: int = 224


BACKBONES: dict[str, Backbone] = {
    "ConvNeXtBase": Backbone("raw"),
    "ConvNeXtLarge": Backbone("raw"),
    "ConvNeXtSmall": Backbone("raw"),
    "ConvNeXtTiny": Backbone("raw"),
    "ConvNeXtXLarge": Backbone("raw"),
    "DenseNet121": Backbone("torch"),
    "DenseNet169": Backbone("torch"),
    "DenseNet201": Backbone("torch"),
    "EfficientNetB0": Backbone("efficientnet"),
    "EfficientNetB1": Backbone("efficientnet", size=240),
    "EfficientNetB2": Backbone("efficientnet", size=260),
    "EfficientNetB3": Backbone("efficientnet", size=300),
    "EfficientNetB4": Backbone("efficientnet", size=380),
    "EfficientNetB5": Backbone("efficientnet", size=456),
    "EfficientNetB6": Backbone("efficientnet", size=528),
    "EfficientNetB7": Backbone("efficientnet", size=600),
    "EfficientNetV2B0": Backbone("raw"),
    "EfficientNetV2B1": Backbone("raw", size=240),
    "EfficientNetV2B2": Backbone("raw", size=260),
    "EfficientNetV2B3": Backbone("raw", size=300),
    "EfficientNetV2L": Backbone("raw", size=480),
    "EfficientNetV2M": Backbone("raw", size=480),
    "EfficientNetV2S": Backbone("raw", size=384),
    "InceptionResNetV2": Backbone("tf", 75, 299),
    "InceptionV3": Backbone("tf", 75, 299),
    "MobileNet": Backbone("tf"),
    "MobileNetV2": Backbone("tf"),
    "MobileNetV3Large": Backbone("raw"),
    "MobileNetV3Small": Backbone("raw"),
    "NASNetLarge": Backbone("tf", size=331),
    "NASNetMobile": Backbone("tf"),
    "ResNet50": Backbone("caffe"),
    "ResNet50V2": Backbone("tf"),
    "ResNet101": Backbone("caffe"),
    "ResNet101V2": Backbone("tf"),
    "ResNet152": Backbone("caffe"),
    "ResNet152V2": Backbone("tf"),
    "VGG16": Backbone("caffe"),
    "VGG19": Backbone("caffe"),
    "Xception": Backbone("tf", 71, 299),
}

_OURS = {
    "classes",
    "classifier_activation",
    "include_preprocessing",
    "include_top",
    "input_shape",
    "input_tensor",
    "name",
    "weights",
}
_IMAGENET_SIDES = (224, 224)
_LONGEST_REASON = 400  # characters: Keras shows all numbers that don't fit
_lock = threading.Lock()


def build_backbone(
    backbone: str,
    settings: Settings,
    last_layer: str | None,
    sides: tuple[int, int],
    dtype: str,
    seeds: Iterator[int],
) -> Any:
    """Build a network of ``keras.applications`` without its top, its weights drawn from seeds.

    Parameters
    ----------
    backbone : str
        Its name in Keras.
    settings : tuple of (name, value) pairs
        Its arguments.
    last_layer : str or None
        The layer whose outputs are the network's; None means the last one.
    sides : tuple (height, width)
        Of the images, in pixels.
    dtype : str
        Keras's dtype policy.
    seeds : iterator of int
        One for each layer that draws random numbers.

    Returns
    -------
    network : keras.Model

    Examples
    --------
    >>> from itertools import count
    >>> from skmnist.networks._backbones import build_backbone
    >>> build_backbone("VGG16", (), "block1_pool", (32, 32), "float32", count()).output_shape
    (None, 16, 16, 64)
    """
    config = _config(backbone, settings, last_layer, sides)
    return load_keras().Model.from_config(_with_dtype(_with_seeds(config, seeds), dtype))


@cached(maxsize=16)
def _config(
    backbone: str, settings: Settings, last_layer: str | None, sides: tuple[int, int]
) -> dict[str, Any]:
    known = set(signature(getattr(load_keras().applications, backbone)).parameters) - _OURS
    for name, _ in settings:
        if name not in known:
            raise unknown_name("backbone_settings: parameter", name, known)

    def describe() -> Any:
        with load_keras().StatelessScope(initialize_variables=False):
            whole = _whole_backbone(backbone, settings, sides, None)
            return up_to(whole, last_layer).get_config()

    return as_in_a_new_process(describe)


def _with_seeds(config: Any, seeds: Iterator[int]) -> Any:
    """Return a config in which everything that draws random numbers has one of our seeds."""
    if isinstance(config, list | tuple):
        return type(config)(_with_seeds(item, seeds) for item in config)
    if not isinstance(config, Mapping):
        return config
    return {
        name: next(seeds) if name == "seed" else _with_seeds(value, seeds)
        for name, value in config.items()
    }


def _with_dtype(config: dict[str, Any], dtype: str) -> dict[str, Any]:
    """Return a config whose layers have a dtype policy; the images keep full precision."""
    return {**config, "layers": [_layer_with_dtype(layer, dtype) for layer in config["layers"]]}


def _layer_with_dtype(layer: dict[str, Any], dtype: str) -> dict[str, Any]:
    config = layer["config"]
    if layer["class_name"] == "InputLayer" and dtype != "float64":
        return layer
    if "layers" in config:
        config = _with_dtype(config, dtype)
    # An operation without variables, such as a sum, has none.
    return {**layer, "config": {**config, "dtype": dtype} if "dtype" in config else config}


def _whole_backbone(
    backbone: str, settings: Settings, sides: tuple[int, int], weights: str | None
) -> Any:
    make = getattr(load_keras().applications, backbone)
    of_keras = "imagenet" if weights == "imagenet" else None
    try:
        whole = make(include_top=False, weights=of_keras, input_shape=(*sides, 3), **dict(settings))
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise ValueError(f"backbone_settings={dict(settings)} can't be built: {error}") from error
    if weights != of_keras:
        whole.load_weights(weights)
    return whole


def up_to(whole: Any, last_layer: str | None) -> Any:
    """Return a model that ends with one of a network's layers, or with its last one."""
    keras, by_name = load_keras(), {layer.name: layer for layer in whole.layers}
    if last_layer is None:
        return keras.Model(whole.inputs[0], whole.outputs[0], name="backbone")
    if last_layer not in by_name:
        raise unknown_name("last_layer", last_layer, by_name, ", or None for the last")
    # Not `.output`: of a network within the network, that is a tensor of its inner graph.
    output = keras.Operation.output.fget(by_name[last_layer])
    return keras.Model(whole.inputs[0], output, name="backbone")


def as_in_a_new_process(make: Callable[[], Any]) -> Any:
    """Return what a function makes with Keras in a clean state, and leave no trace of it.

    In a new thread, as Keras numbers generated names per thread, and turns off its output per
    thread.
    """

    def make_silently() -> Any:
        load_keras().config.disable_interactive_logging()
        with _python_random_unmoved(), _channels_last(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make()

    return in_new_thread(make_silently)


@contextmanager
def _python_random_unmoved() -> Iterator[None]:
    """Restore Python's global generator, from which Keras draws the seeds that we replace."""
    with _lock:
        state = random.getstate()
        try:
            yield
        finally:
            random.setstate(state)


@contextmanager
def _channels_last() -> Iterator[None]:
    """Make channels the last axis in Keras, whatever the default in the user's keras.json."""
    config = load_keras().config
    before = config.image_data_format()
    config.set_image_data_format(CHANNELS_LAST)
    try:
        yield
    finally:
        config.set_image_data_format(before)


# -- files of weights --------------------------------------------------------------------


def load_backbone(
    body: Any, backbone: str, settings: Settings, weights: str | PathLike[str]
) -> None:
    """Load a backbone's weights: numbers only, nothing in the file is executed.

    The mean and the variance that EfficientNet normalises pixels by become 0 and 1: a layer reads
    them once, when it is built, so that a compiled function wouldn't get these.  Pixels are
    normalised before, by `Preparation`.
    """
    path = fspath(weights)
    if path != "imagenet":
        _check_file(path)

    def load() -> None:
        if path != "imagenet" and _n_numbers(path) == body.count_params():
            body.load_weights(path)
            return
        # Weights don't depend on the images' sides; for these sides Keras has files.
        whole = _whole_backbone(backbone, settings, _IMAGENET_SIDES, path)
        for layer in body.layers:
            layer.set_weights(whole.get_layer(layer.name).get_weights())

    try:
        as_in_a_new_process(load)
    except Exception as error:
        if path == "imagenet" and not isinstance(error, ValueError):
            raise _not_downloaded(backbone, error) from error
        raise ValueError(
            f"weights={shown(path)} can't be loaded into {backbone} without its top, "
            f"backbone_settings={dict(settings)}: {shorten(str(error), _LONGEST_REASON)}"
        ) from error
    for layer in body.layers:
        if isinstance(layer, load_keras().layers.Normalization) and layer.weights:
            mean, variance, n = layer.get_weights()
            layer.set_weights([np.zeros_like(mean), np.ones_like(variance), n])
            layer.finalize_state()


def load_file(network: Any, weights: str | PathLike[str], name: str) -> None:
    """Load a whole network's weights from a file; `name` is the network's in errors."""
    path = fspath(weights)
    _check_file(path)
    try:
        network.load_weights(path)
    except Exception as error:
        raise ValueError(
            f"weights={shown(path)} can't be loaded into {name}: "
            f"{shorten(str(error), _LONGEST_REASON)}"
        ) from error


def _n_numbers(path: str) -> int:
    """Return the number of values in a file, to see if it holds a whole backbone or a part."""
    sizes: list[int] = []

    def see(name: str, item: Any) -> None:
        # A compiled model is saved with its optimizer.
        if hasattr(item, "size") and not name.startswith("optimizer"):
            sizes.append(item.size)

    with _opened(path) as file:
        file.visititems(see)
    return sum(sizes)


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """Open the HDF5 file of weights, which is one of several in a .keras archive."""
    import h5py

    if not path.endswith(".keras"):
        with h5py.File(path, "r") as file:
            yield file
        return
    with (
        ZipFile(path) as archive,
        archive.open("model.weights.h5") as weights,
        h5py.File(weights, "r") as file,
    ):
        yield file


def _check_file(path: str) -> None:
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"weights={shown(path)} is no file; expected 'imagenet', the path of a file of "
            "weights, or None for random ones."
        )
    if not (path.endswith((".h5", ".hdf5")) or (path.endswith(".keras") and is_zipfile(path))):
        raise ValueError(
            f"weights={shown(path)}; expected a file .weights.h5, as save_weights writes it, .h5, "
            "or .keras, as save writes it."
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
