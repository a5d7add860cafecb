"""A fitted classifier as a page of one file that predicts in the browser."""

import json
import re
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import skmnist
from skmnist._inputs.picture_range import picture_range
from skmnist._inputs.pixels import PixelValues
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.exporting._steps import steps_of
from skmnist.preprocessing import DigitNormalizer, ImageLoader

_SCRIPTS = "network.js", "ink.js", "files.js", "page.js"
# MNIST's digits are 20 pixels high in images of 28, and their strokes 2.4 wide on average.
_INNER, _PEN, _THINNEST = 20 / 28, 2.4 / 20, 1.5 / 20
_LEAST_PEN = 1.5  # pixels
# Names that a file system changes or refuses, or that `load_image_folder` takes for no class.
_NO_FOLDER = re.compile(
    r'[\x00-\x1f<>:"/\\|?*]|^[.\s]|[.\s]$|^$'
    r"|^(?:aux|con|nul|prn|com\d|lpt\d|test|train|training|val|valid|validation)$",
    re.IGNORECASE,
)
_LONGEST_FOLDER = 80


def page_of(classifier: Any) -> str:
    """Return a page that draws, predicts and explains, without a server or a network.

    The page draws with mouse, finger, pen or keys, takes photographs, and shows the probabilities,
    the prepared image and the pixels that decided.  Wrong answers can be corrected, and the
    corrections downloaded as a zip that `load_image_folder` reads once it is unpacked.

    Parameters
    ----------
    classifier : NetworkClassifier or Pipeline
        A fitted classifier of images, grey or in colour; or a Pipeline of an `ImageLoader`, perhaps
        a `DigitNormalizer`, and such a classifier, as ``skmnist train`` saves it.

    Returns
    -------
    page : str
        HTML. Below 500 KB for ``CNNClassifier()`` on MNIST.

    Raises
    ------
    NotFittedError
        If the classifier isn't fitted.
    TypeError
        If it isn't a network classifier.
    ValueError
        If it has several labels per sample, doesn't classify images, or its network has layers
        that the page can't compute; the message names them.

    Notes
    -----
    The weights of convolutions and dense layers have half precision (float16), all others float32,
    and the page computes in float32, whatever `dtype` the classifier was fitted with.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier
    >>> from skmnist.exporting._page import page_of
    >>> X, y = load_digits(return_X_y=True)
    >>> page_of(DNNClassifier(hidden_units=(16,), epochs=1).fit(X, y))[:15]
    '<!DOCTYPE html>'
    """
    steps, network = _split(classifier)
    _check(network)
    model, kind = _model(steps, network), _kind(network)
    assets = files("skmnist.exporting") / "_assets"
    style = (assets / "page.css").read_text(encoding="utf-8")
    script = "\n".join((assets / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    script = f'"use strict";\n{{\n{script}}}\n'
    return Template((assets / "page.html").read_text(encoding="utf-8")).substitute(
        **{name: escape(text) for name, text in kind.texts.items()},
        about=escape(_about(network)),
        model=json.dumps(model).replace("<", r"\u003c"),
        script=script,
        script_hash=_hash(script),
        style=style,
        style_hash=_hash(style),
    )


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


# -- what can be a page --------------------------------------------------------------------


def _split(classifier: Any) -> tuple[list[Any], Any]:
    """Return the steps that prepare pictures, and the network classifier."""
    if not isinstance(classifier, Pipeline):
        return [], classifier
    *steps, last = (step for _, step in classifier.steps if step not in (None, "passthrough"))
    for step in steps:
        if not isinstance(step, ImageLoader | DigitNormalizer):
            raise ValueError(
                f"the page can't compute the step {type(step).__name__} of the Pipeline; expected "
                "ImageLoader, DigitNormalizer and a network. Fit a network without that step, or "
                "export to a file of .onnx."
            )
    return steps, last


def _check(network: Any) -> None:
    if not isinstance(network, NetworkClassifier):
        raise TypeError(
            "a page is made of a network classifier of skmnist, such as CNNClassifier, not of "
            f"{type(network).__name__}."
        )
    check_is_fitted(network)
    if network.target_type_ == "multilabel-indicator":
        raise ValueError(
            "the classifier predicts several labels per sample, and a page shows one; expected one "
            "class per sample."
        )
    height, width, channels = network.image_shape_
    if min(height, width) == 1 or channels not in (1, 3):
        raise ValueError(
            f"the classifier takes samples of shape {(height, width, channels)}, which can't be "
            "drawn or photographed; expected images in grey or colour, of shape (height, width, 1) "
            "or (height, width, 3). If rows are images, fit with image_shape=(height, width)."
        )


# -- what the script gets ------------------------------------------------------------------


def _model(steps: list[Any], network: Any) -> dict[str, Any]:
    """Return the network, its classes and its images as values for JSON."""
    state = network.__skmnist_getstate__()
    computed = steps_of(network.network_)
    labels = [str(label) for label in network.classes_]
    values = _pixel_values(network, state)
    ink, picture = _ranges(values)
    folders = _folders(labels)
    return {
        "steps": computed.steps,
        "output": computed.output,
        "weights": b64encode(computed.weights).decode(),
        "logits": bool(state.get("_logits_", False)),
        "imageShape": network.image_shape_,
        "offset": network.pixel_offset_,
        "scale": network.pixel_scale_,
        "ink": ink,
        "picture": picture,
        "classes": labels,
        "folders": folders,
        "draws": network.image_shape_[2] == 1,
        "findsInk": _finds_ink(steps, network, values),
        "drawing": _drawing(steps, network, values),
        "hint": _kind(network).hint,
        "readme": _readme(steps, network, picture, folders != labels),
    }


def _pixel_values(network: Any, state: dict[str, Any]) -> PixelValues:
    """Return the statistics of the training images; files of before they were kept have none."""
    if state["_pixels_"] is None:
        low, high = network.pixel_offset_, network.pixel_offset_ + network.pixel_scale_
        return PixelValues(low, high, 1.0, 0.0, (low,))
    *numbers, background = state["_pixels_"]
    return PixelValues._make([*numbers, tuple(background)])


def _ranges(values: PixelValues) -> tuple[list[float], list[float]]:
    """Return the pixels of paper and of ink, and those of black and of white in a picture."""
    ends = [values.low, values.high]
    is_dark = np.mean(values.background) > np.mean(ends)
    black, spread = picture_range(np.array([ends]))
    return ends[::-1] if is_dark else ends, [black, black + spread]


def _finds_ink(steps: list[Any], network: Any, values: PixelValues) -> bool:
    """Return whether photographs are of characters, as far as the classifier shows."""
    if network.image_shape_[2] == 3:
        return False
    if any(isinstance(step, DigitNormalizer) for step in steps):
        return True
    return values.has_margin or not steps or _are_characters(network)


def _are_characters(network: Any) -> bool:
    return all(len(str(label)) == 1 for label in network.classes_)


def _drawing(steps: list[Any], network: Any, values: PixelValues) -> dict[str, Any]:
    """Return how large characters are in the training images, and how wide their strokes."""
    height, width, _ = network.image_shape_
    inner = [side * _INNER if values.has_margin else float(side) for side in (height, width)]
    thinnest = _THINNEST * min(inner)
    for step in steps:
        if isinstance(step, DigitNormalizer):
            inner, thinnest = [float(step.inner_size)] * 2, float(step.stroke_width)
    pen = max(_PEN * min(inner), thinnest, _LEAST_PEN)
    return {
        "height": height,
        "width": width,
        "inner": inner,
        "pen": pen,
        "thinnest": thinnest,
    }


def _folders(labels: list[str]) -> list[str]:
    """Return the name of each class's folder: its label where all systems keep that as it is."""
    times = Counter(label.casefold() for label in labels)
    return [
        f"class-{number}"
        if _NO_FOLDER.search(label) or times[label.casefold()] > 1 or len(label) > _LONGEST_FOLDER
        else label
        for number, label in enumerate(labels)
    ]


def _readme(steps: list[Any], network: Any, picture: list[float], needs_table: bool) -> str:
    """Return how a classifier is trained on the corrections."""
    height, width, channels = network.image_shape_
    black, white = picture
    arguments = (', labels="labels.csv"' if needs_table else "") + (
        ', mode="RGB"' if channels == 3 else ""
    )
    unit = "" if picture == [0, 255] else f" * {(white - black) / 255!r} + {black!r}"
    which = "[-1]" if steps else ""
    return f"""\
Images of {height} x {width} pixels that were corrected on a page of skmnist, a folder per class.
To train the classifier on them, unpack them and run:

from skmnist import load, load_image_folder

classifier = load("model.safetensors"){which}  # the file that skmnist.save has written
corrections = load_image_folder("corrections"{arguments})
labels = {{str(label): label for label in classifier.classes_}}
y = [labels[name] for name in corrections.target_names[corrections.target]]
classifier.partial_fit(corrections.images{unit}, y)
"""


# -- what the page says --------------------------------------------------------------------


@dataclass(frozen=True)
class _Kind:
    """The texts of a page by what its classifier takes."""

    title: str
    draws: bool

    @property
    def texts(self) -> dict[str, str]:
        """The texts of the template."""
        if not self.draws:
            return {
                "title": self.title,
                "lead": "A neural network looks at it in your browser: choose, drop or paste a "
                "photograph.",
                "paper": "The picture",
                "invitation": "Drop or paste a photograph",
                "prepared": "the picture, scaled as the training images are",
            }
        return {
            "title": self.title,
            "lead": "A neural network reads along in your browser. Use a mouse, a finger or a pen, "
            "or drop a photograph.",
            "paper": "Drawing area",
            "invitation": "Draw here,\nor drop or paste a photograph",
            "prepared": "scaled and centred as the training images are",
        }

    @property
    def hint(self) -> str:
        """What stands in place of the next classes, before there is any."""
        return "The bars follow while you draw." if self.draws else "No picture yet."


def _kind(network: Any) -> _Kind:
    if network.image_shape_[2] == 3:
        return _Kind("Show a picture", draws=False)
    if _are_characters(network):
        digits = all(str(label).isdecimal() for label in network.classes_)
        return _Kind("Draw a digit" if digits else "Draw a character", draws=True)
    return _Kind("Draw something", draws=True)


def _about(network: Any) -> str:
    height, width, channels = network.image_shape_
    colours = "in colour" if channels == 3 else "in grey"
    return (
        f"A {type(network).__name__} of skmnist {skmnist.__version__} with "
        f"{network.n_parameters_:,} parameters, for images of {height} x {width} pixels {colours} "
        f"and {len(network.classes_):,} classes."
    )
