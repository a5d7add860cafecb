"""What an exported file says about its model, as JSON that isn't trusted when it is read."""

import hashlib
import json
from dataclasses import dataclass
from math import prod
from typing import Any

from numpy.typing import NDArray

from skmnist._utils.tensor_files import finite_number
from skmnist.persistence._checks import is_list_of, of_type, shortened, with_keys
from skmnist.persistence._labels import decoded_labels, encoded_labels

NAME = "skmnist"  # of the entry in a file
DTYPES = ("uint8", "int32", "float32")
SEVERAL_LABELS = "multilabel-indicator"
_FORMAT_VERSION = 1
_LONGEST = 1 << 24  # letters; a million classes have fewer
_KEYS = (
    "format_version",
    "class",
    "classes",
    "target_type",
    "input",
    "has_probabilities",
    "opset",
    "versions",
)
_KEYS_OF_INPUT = ("dtype", "n_features", "image_shape", "feature_names", "pixel_range")
_TARGET_TYPES = ("binary", "multiclass", SEVERAL_LABELS)


@dataclass(frozen=True)
class Metadata:
    """What a model takes and returns.

    Parameters
    ----------
    name : str
        The estimator's class.
    classes : ndarray of shape (n_classes,)
        The class labels.
    target_type : {"binary", "multiclass", "multilabel-indicator"}
        scikit-learn's name of the type of `y`.
    n_features : int
        Number of columns of the input.
    image_shape : tuple (height, width, channels) or None
        The shape of one image; None for rows that aren't images.
    dtype : {"uint8", "int32", "float32"}
        The dtype of the input.
    has_probabilities : bool, default=True
        Whether it returns probabilities beside labels.
    opset : int or None, default=None
        The version of ONNX's operators; None in other formats.
    feature_names : list of str or None, default=None
        The names of the columns of the data frame of the fit, if it was one.
    pixel_range : tuple of float or None, default=None
        The lowest and the highest pixel of the training images, if they are known.
    """

    name: str
    classes: NDArray[Any]
    target_type: str
    n_features: int
    image_shape: tuple[int, ...] | None
    dtype: str
    has_probabilities: bool = True
    opset: int | None = None
    feature_names: list[str] | None = None
    pixel_range: tuple[float, float] | None = None


def to_json(metadata: Metadata, model: bytes, versions: dict[str, str]) -> str:
    """Return metadata as JSON, with the checksum of it and of the model."""
    shape = metadata.image_shape
    content = {
        "format_version": _FORMAT_VERSION,
        "class": metadata.name,
        "classes": encoded_labels(metadata.classes),
        "target_type": metadata.target_type,
        "input": {
            "dtype": metadata.dtype,
            "n_features": metadata.n_features,
            "image_shape": None if shape is None else list(shape),
            "feature_names": metadata.feature_names,
            "pixel_range": None if metadata.pixel_range is None else list(metadata.pixel_range),
        },
        "has_probabilities": metadata.has_probabilities,
        "opset": metadata.opset,
        "versions": versions,
    }
    return _as_text({**content, "sha256": _digest(content, model)})


def from_json(text: bytes, model: bytes) -> Metadata:
    """Return the metadata of a model; raise a ValueError unless all of it is as `to_json` makes it.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.exporting._metadata import Metadata, from_json, to_json
    >>> about = Metadata("DNNClassifier", np.array(["a", "b"]), "binary", 64, (8, 8, 1), "uint8")
    >>> from_json(to_json(about, b"model", {}).encode(), b"model").classes
    array(['a', 'b'], dtype='<U1')
    >>> from_json(to_json(about, b"model", {}).encode(), b"another")
    Traceback (most recent call last):
    ValueError: it is damaged: what it holds doesn't have the SHA-256 that was exported with it...
    """
    if len(text) > _LONGEST:
        raise ValueError(f"its metadata have {len(text):,} bytes; expected {_LONGEST:,} at most.")
    content = _parsed(text)
    if not isinstance(content, dict) or content.get("format_version") != _FORMAT_VERSION:
        raise ValueError(
            f"expected format version {_FORMAT_VERSION} in its metadata; a file of a later version "
            "needs a newer skmnist."
        )
    content = with_keys(content, (*_KEYS, "sha256"), "its metadata")
    if content.pop("sha256") != _digest(content, model):
        raise ValueError(
            "it is damaged: what it holds doesn't have the SHA-256 that was exported with it. Copy "
            "or export it again."
        )
    given = with_keys(
        content["input"],
        ("dtype", "n_features", "image_shape", "feature_names", "pixel_range"),
        "input",
    )
    found = Metadata(
        name=of_type(content["class"], str, "class"),
        classes=decoded_labels(content["classes"]),
        target_type=content["target_type"],
        n_features=given["n_features"],
        image_shape=_image_shape(given["image_shape"], given["n_features"]),
        dtype=given["dtype"],
        has_probabilities=of_type(content["has_probabilities"], bool, "has_probabilities"),
        opset=of_type(content["opset"], int | None, "opset"),
        feature_names=given["feature_names"],
        pixel_range=_pixel_range(given["pixel_range"]),
    )
    _check(found)
    return found


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text, parse_float=finite_number, parse_constant=finite_number)
    except RecursionError:
        raise ValueError("its metadata are nested too deeply.") from None


def _pixel_range(limits: Any) -> tuple[float, float] | None:
    if limits is None:
        return None
    if not (is_list_of(float, limits) and len(limits) == 2 and limits[0] < limits[1]):
        raise ValueError(f"pixel_range is {shortened(limits)}; expected null or two numbers.")
    return limits[0], limits[1]


def _image_shape(shape: Any, n_features: Any) -> tuple[int, ...] | None:
    if shape is None:
        return None
    is_shape = is_list_of(int, shape) and len(shape) == 3 and min(shape) >= 1
    if not is_shape or prod(shape) != n_features:
        raise ValueError(
            f"image_shape is {shortened(shape)}; expected null or height, width and channels, of "
            f"{shortened(n_features)} values."
        )
    return tuple(shape)


def _check(found: Metadata) -> None:
    if type(found.n_features) is not int or found.n_features < 1:
        raise ValueError(f"n_features is {shortened(found.n_features)}; expected a number >= 1.")
    names = found.feature_names
    if names is not None and not (is_list_of(str, names) and len(names) == found.n_features):
        raise ValueError(f"feature_names is {shortened(names)}; expected a name per feature.")
    if found.dtype not in DTYPES:
        raise ValueError(f"dtype is {shortened(found.dtype)}; expected one of {DTYPES}.")
    n_classes, kind = len(found.classes), found.target_type
    fits = {"binary": n_classes == 2, "multiclass": True, SEVERAL_LABELS: True}
    if kind not in _TARGET_TYPES or not fits[kind]:
        raise ValueError(
            f"target_type is {shortened(kind)}, with {n_classes} classes; expected one of "
            f"{_TARGET_TYPES} that fits them."
        )


def _digest(content: dict[str, Any], model: bytes) -> str:
    total = hashlib.sha256(_as_text(content).encode())
    total.update(model)
    return total.hexdigest()


def _as_text(content: dict[str, Any]) -> str:
    return json.dumps(content, allow_nan=False)
