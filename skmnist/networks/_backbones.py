"""The backbones of ``keras.applications``: their inputs, their construction, their weights."""

import random
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from os import PathLike, environ, fspath
from pathlib import Path
from textwrap import shorten
from typing import Any

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
    preprocessing : {"caffe", "tf", "torch"}
        Keras's name of the pixels it was trained on: minus the mean colour, in BGR; from -1 to 1;
        standardised by ImageNet's mean and deviation.
    smallest : int
        The minimal side of an image, in pixels.
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


@cached(maxsize=16)
def backbone_config(
    backbone: str, settings: Settings, last_layer: str | None, sides: tuple[int, int]
) -> dict[str, Any]:
    """Return the backbone's config, from which it is built with our seeds and our dtype."""
    known = set(signature(getattr(load_keras().applications, backbone)).parameters) - _OURS
    for name, _ in settings:
        if name not in known:
            raise unknown_name("backbone_settings: parameter", name, known)

    def describe() -> Any:
        with load_keras().StatelessScope(initialize_variables=False):
            whole = _whole_backbone(backbone, settings, sides, None)
            return _up_to(whole, last_layer).get_config()

    return _as_in_a_new_process(describe)


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


def _up_to(whole: Any, last_layer: str | None) -> Any:
    by_name = {layer.name: layer.output for layer in whole.layers}
    if last_layer is not None and last_layer not in by_name:
        raise unknown_name("last_layer", last_layer, by_name, ", or None for the last")
    output = whole.output if last_layer is None else by_name[last_layer]
    return load_keras().Model(whole.input, output, name="backbone")


def _as_in_a_new_process(make: Callable[[], Any]) -> Any:
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
    """Load a backbone's weights: numbers only, nothing in the file is executed."""
    path = fspath(weights)
    if path != "imagenet":
        _check_hdf5(path)

    def load() -> None:
        if path != "imagenet" and _n_numbers(path) == body.count_params():
            body.load_weights(path)
            return
        # Weights don't depend on the images' sides; for these sides Keras has files.
        whole = _whole_backbone(backbone, settings, _IMAGENET_SIDES, path)
        for layer in body.layers:
            layer.set_weights(whole.get_layer(layer.name).get_weights())

    try:
        _as_in_a_new_process(load)
    except Exception as error:
        if path == "imagenet" and not isinstance(error, ValueError):
            raise _not_downloaded(backbone, error) from error
        raise ValueError(
            f"weights={shown(path)} can't be loaded into {backbone} without its top, "
            f"backbone_settings={dict(settings)}: {shorten(str(error), _LONGEST_REASON)}"
        ) from error


def _n_numbers(path: str) -> int:
    """Return the number of values in a file, to see if it holds a whole backbone or a part."""
    import h5py

    sizes: list[int] = []

    def see(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            sizes.append(item.size)

    with h5py.File(path, "r") as file:
        file.visititems(see)
    return sum(sizes)


def _check_hdf5(path: str) -> None:
    if not Path(path).exists():
        raise FileNotFoundError(
            f"weights={shown(path)} is no file; expected 'imagenet', the path of a file of "
            "weights, or None for random ones."
        )
    if not path.endswith((".h5", ".hdf5")):
        raise ValueError(
            f"weights={shown(path)}; expected a file .weights.h5, as save_weights writes it, or "
            ".h5."
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
