"""Estimators as Keras files, which Keras loads without this package."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist.exporting._input import image_shape_of_input
from skmnist.exporting._keras_model import probabilities_of


def keras_file_of(estimator: Any) -> bytes:
    """Return a fitted classifier as a .keras file.

    Parameters
    ----------
    estimator : classifier
        Fitted.

    Returns
    -------
    content : bytes
        A model that takes images of shape (n, height, width, channels), not scaled, or rows that
        aren't images, and returns probabilities.

    Raises
    ------
    ValueError
        If the estimator is made of anything but networks, or a layer isn't one of Keras's.
    """
    keras = load_keras()
    shape = image_shape_of_input(estimator) or (estimator.n_features_in_,)
    images = keras.Input(shape, name="images")
    model = keras.Model(images, probabilities_of(estimator, images), name="classifier")
    own = sorted(set(_own_classes(model.get_config())))
    if own:
        raise ValueError(
            f"its network has {', '.join(own)}, which Keras doesn't know, so a .keras file would "
            "not be loaded without the code. Export to .onnx or .tflite"
        )
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, while it writes
        path = Path(folder) / "classifier.keras"
        model.save(path)
        return path.read_bytes()


def _own_classes(config: Any) -> Iterator[str]:
    """Yield the classes and functions in a model's configuration that aren't Keras's."""
    if isinstance(config, list | tuple):
        for part in config:
            yield from _own_classes(part)
    elif isinstance(config, dict):
        if "class_name" in config and "module" in config:
            name, of_keras = config["class_name"], str(config["module"]).split(".")[0] == "keras"
            if name == "function":
                yield f"the function {config['config']}"
            elif not of_keras or name == "Lambda" or str(config["registered_name"]).count(">"):
                yield name
        for part in config.values():
            yield from _own_classes(part)
