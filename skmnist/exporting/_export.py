"""A fitted classifier as a file for other programs."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skmnist._utils.backend import backend_name
from skmnist._utils.errors import shown, unknown_name
from skmnist._utils.files import write
from skmnist._utils.provenance import versions
from skmnist.exporting._answers import check_answers
from skmnist.exporting._containers import joined
from skmnist.exporting._input import (
    feature_names_of,
    image_shape_of_input,
    input_dtype_of,
    n_features_of,
    pixel_range_of,
)
from skmnist.exporting._labels import exported_labels, target_type_of
from skmnist.exporting._metadata import DTYPES, Metadata, to_json


def export(estimator: Any, path: str | os.PathLike[str], *, input_dtype: str = "auto") -> None:
    """Export a fitted classifier to a file that other programs use without this package.

    Parameters
    ----------
    estimator : classifier
        Fitted: a network classifier of this package or a ``KerasClassifier``; for .onnx also a
        committee, a stack, or a Pipeline of these or of scikit-learn's classifiers, if each part
        can be converted.
    path : str or path-like
        The file; "~" is the home folder. Its suffix is the format:

        ".onnx"
            for ONNX Runtime, and for :func:`skmnist.load_exported`;
        ".tflite"
            for LiteRT, and for :func:`skmnist.load_exported`; only networks and committees of them;
        ".keras"
            for ``keras.models.load_model``; only networks of Keras's own layers, and committees;
        ".html"
            a page that opens in a browser, on which one draws.

        An existing file is replaced atomically.
    input_dtype : {"auto", "uint8", "int32", "float32"}, default="auto"
        The dtype of the input in .onnx and .tflite files. "auto" is uint8 if a network learned from
        images whose lowest and highest pixels are whole numbers, at least 0 and at most 255, the
        highest over 1; int32 for word indices; and float32 otherwise.

    Raises
    ------
    ImportError
        If a package is missing: ``pip install "skmnist[onnx]"`` has what .onnx files need.
    TypeError
        If `estimator` isn't a classifier.
    ValueError
        If a part of the estimator has no form in the format; the error names it. If the file would
        answer to random samples otherwise than the estimator. If the suffix is unknown, or Keras
        doesn't run on TensorFlow, which writes .onnx and .tflite files.
    OSError
        If the file can't be written.
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.

    See Also
    --------
    skmnist.save : Saves an estimator, which can be trained further.

    Notes
    -----
    The input of .onnx and .tflite models is `X` of shape (n, n_features), for any n: an image is
    the row of its pixels, in the unit that the classifier was fitted on.  The outputs are `label`,
    which is the class itself, an int64 or a string, and `probabilities`, of float32, if the
    classifier has ``predict_proba``.  Classes,
    versions and the shape of the images are in the metadata, as JSON under the name "skmnist": of
    an .onnx file in ``metadata_props``, of a .tflite file in a zip archive at its end.  An .onnx
    file has opset 18 at most, which its metadata state, and no external data.

    All is computed in float32, as runtimes know neither Keras's bfloat16 nor float64.  So the
    probabilities of a network with ``dtype_="mixed_bfloat16"`` differ in the third digit.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier, export
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = DNNClassifier(hidden_units=(16,), epochs=1, random_state=0).fit(X, y)
    >>> with TemporaryDirectory() as folder:
    ...     export(classifier, Path(folder) / "digits.onnx")
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in _FORMATS:
        raise unknown_name("path: the suffix", path.suffix, _FORMATS)
    if input_dtype not in ("auto", *DTYPES):
        raise unknown_name("input_dtype", input_dtype, ("auto", *DTYPES))
    if isinstance(estimator, type) or not is_classifier(estimator):
        raise TypeError(f"estimator={shown(estimator)}; expected a fitted classifier.")
    check_is_fitted(estimator)
    dtype = input_dtype_of(estimator) if input_dtype == "auto" else input_dtype
    try:
        content = _FORMATS[path.suffix.lower()](estimator, dtype)
        if path.suffix.lower() in _RUNTIMES:
            with suppress(ImportError):  # the file can be written without a runtime
                check_answers(estimator, content, dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{type(estimator).__name__} can't be exported to {path.suffix}: "
            f"{str(error).removesuffix('.')}."
        ) from error
    write(path, content)


def _onnx(estimator: Any, dtype: str) -> bytes:
    _check_backend()
    from skmnist.exporting._onnx import onnx_of

    try:
        model, opset = onnx_of(estimator, dtype)
    except ImportError as error:
        raise ImportError(
            f'.onnx files need more packages ({error}): pip install "skmnist[onnx]".'
        ) from error
    return _with_metadata(model, estimator, dtype, opset)


def _litert(estimator: Any, dtype: str) -> bytes:
    _check_backend()
    from skmnist.exporting._litert import litert_of

    return _with_metadata(litert_of(estimator, dtype), estimator, dtype, None)


def _keras(estimator: Any, _dtype: str) -> bytes:
    from skmnist.exporting._keras_file import keras_file_of

    return keras_file_of(estimator)


def _html(estimator: Any, _dtype: str) -> bytes:
    from skmnist.exporting._page import page_of

    return page_of(estimator).encode()


_FORMATS: dict[str, Callable[[Any, str], bytes]] = {
    ".onnx": _onnx,
    ".tflite": _litert,
    ".keras": _keras,
    ".html": _html,
}


_RUNTIMES = {".onnx", ".tflite"}


def _check_backend() -> None:
    if backend_name() != "tensorflow":
        raise ValueError(
            f"Keras runs on {backend_name()}, and its exporter needs TensorFlow. Save the "
            "estimator with skmnist.save, and load and export it where KERAS_BACKEND=tensorflow"
        )


def _with_metadata(model: bytes, estimator: Any, dtype: str, opset: int | None) -> bytes:
    exported_labels(estimator.classes_)
    about = Metadata(
        name=type(estimator).__name__,
        classes=estimator.classes_,
        target_type=target_type_of(estimator),
        n_features=n_features_of(estimator),
        image_shape=image_shape_of_input(estimator),
        dtype=dtype,
        has_probabilities=hasattr(estimator, "predict_proba"),
        opset=opset,
        feature_names=feature_names_of(estimator),
        pixel_range=pixel_range_of(estimator),
    )
    return joined(model, to_json(about, model, versions("onnx", "skl2onnx", "tf2onnx")))
