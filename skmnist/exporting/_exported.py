"""A classifier that is an exported file: it needs a runtime, but neither Keras nor scikit-learn."""

import os
import warnings
from collections.abc import Callable
from errno import EISDIR
from functools import update_wrapper
from pathlib import Path
from types import MethodType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.errors import depth_of_this_package, shown
from skmnist._utils.exceptions import PixelRangeWarning
from skmnist._utils.pixel_units import are_many, are_narrow, far_limits
from skmnist.exporting._containers import parted
from skmnist.exporting._metadata import SEVERAL_LABELS, from_json
from skmnist.exporting._runtimes import runtime_of

_LARGEST = 2**31  # bytes; no model of either format is larger
_BATCH = 512  # rows that are computed at once: more need memory, and are no faster


def load_exported(path: str | os.PathLike[str], *, n_jobs: int = 1) -> "ExportedClassifier":
    """Load a file of `skmnist.export` as a classifier that needs neither Keras nor TensorFlow.

    Parameters
    ----------
    path : str or path-like
        An .onnx or .tflite file; "~" is the home folder.
    n_jobs : int, default=1
        Number of threads that compute one call.

    Returns
    -------
    classifier : ExportedClassifier
        Fitted; its probabilities are those of the exported estimator within 1e-5, if that computed
        in float32.

    Raises
    ------
    ImportError
        If the runtime is not installed: ``pip install "skmnist[onnx]"``, or ``[litert]``.
    ValueError
        If the file is not one that `skmnist.export` has written, or is damaged.
    OSError
        If the file can't be read.

    Notes
    -----
    The file need not be trusted as far as this package reads it: its metadata are data, each part
    is checked, and damage is detected by a SHA-256.  The model itself is read by ONNX Runtime or
    LiteRT, and neither executes code of the file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier, export, load_exported
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = DNNClassifier(hidden_units=(16,), epochs=1, random_state=0).fit(X, y)
    >>> with TemporaryDirectory() as folder:
    ...     export(classifier, Path(folder) / "digits.onnx")
    ...     exported = load_exported(Path(folder) / "digits.onnx")
    >>> bool((exported.predict(X) == classifier.predict(X)).mean() > 0.99)
    True
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise IsADirectoryError(
            EISDIR, "it is a folder; expected the path of a file of skmnist.export", str(path)
        )
    size = path.stat().st_size
    if size > _LARGEST:
        raise ValueError(f"{path} has {size:,} bytes; expected an exported model of at most 2 GiB.")
    content = path.read_bytes()
    try:
        return ExportedClassifier(content, n_jobs=n_jobs)
    except ValueError as error:
        raise ValueError(f"{path} can't be loaded as an exported model: {error}") from error


class _IfThereAreProbabilities:
    """A method that only some instances have, as of scikit-learn's ``available_if``."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = method
        update_wrapper(self, method)  # type: ignore[arg-type]

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self._method
        if not instance.has_probabilities_:
            raise AttributeError(
                "the exported classifier has no predict_proba, as the estimator had none. One in "
                "scikit-learn's CalibratedClassifierCV has, and can be exported too."
            )
        return MethodType(self._method, instance)


class ExportedClassifier:
    """A classifier that was exported to a file: `load_exported` makes it.

    It can be used wherever a fitted classifier of scikit-learn can, but not trained. Where an
    ensemble or a calibration would fit it, put it into a ``FrozenEstimator``.

    Parameters
    ----------
    content : bytes
        The content of the file.
    n_jobs : int, default=1
        Number of threads that compute one call.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    n_features_in_ : int
        Number of columns of `X`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns; only there if the exported classifier was fitted on a data frame.
    image_shape_ : tuple (height, width, channels) or None
        The shape of one image; None if `X` has no images.
    has_probabilities_ : bool
        Whether there is `predict_proba`.
    input_dtype_ : {"uint8", "int32", "float32"}
        The dtype that the file's model takes. `X` of other dtypes is converted if it holds the same
        numbers.

    See Also
    --------
    skmnist.load : Loads an estimator that can be trained further.

    Notes
    -----
    It may be used from several threads. Its copies, clones and pickles hold the file's content.

    Examples
    --------
    >>> from skmnist.exporting import ExportedClassifier
    >>> ExportedClassifier(b"anything else")
    Traceback (most recent call last):
    ValueError: it is ...
    """

    classes_: NDArray[Any]
    n_features_in_: int
    image_shape_: tuple[int, ...] | None
    has_probabilities_: bool
    input_dtype_: str

    def __init__(self, content: bytes, *, n_jobs: int = 1) -> None:
        if type(n_jobs) is not int or n_jobs < 1:
            raise ValueError(f"n_jobs={shown(n_jobs)}; expected a number of threads, at least 1.")
        model, text = parted(content)
        about = from_json(text, model)
        self._content, self._n_jobs = content, n_jobs
        self._runtime = runtime_of(model, about, n_jobs)
        self._name, self._dtype = about.name, np.dtype(about.dtype)
        self._target_type, self.has_probabilities_ = about.target_type, about.has_probabilities
        self.classes_ = about.classes
        self.n_features_in_, self.image_shape_ = about.n_features, about.image_shape
        self.input_dtype_ = about.dtype
        self._pixel_range = about.pixel_range
        if about.feature_names is not None:
            self.feature_names_in_ = np.array(about.feature_names, dtype=object)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the most probable class.

        Parameters
        ----------
        X : array-like of shape (n, n_features), (n, height, width) or (n, height, width, channels)
            Rows or images, with values as the exported estimator takes them.

        Returns
        -------
        labels : ndarray of shape (n,) or (n, n_labels)
            Of the same dtype as `classes_`; if samples have several labels, 1 for each, else 0.

        Raises
        ------
        ValueError
            If `X` has another shape, or values that the file's model can't take.

        Warns
        -----
        PixelRangeWarning
            If the images seem to be in another unit than those of the fit.
        """
        labels = self._in_batches(self._runtime.labels, X)
        if self._target_type == SEVERAL_LABELS:
            return labels
        if labels.dtype.kind in "OS":
            return _decoded(labels).astype(self.classes_.dtype)
        return labels.astype(self.classes_.dtype, copy=False)

    @_IfThereAreProbabilities
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Compute the probability of each class; not there if the exported classifier has none.

        Parameters
        ----------
        X : array-like of shape (n, n_features), (n, height, width) or (n, height, width, channels)
            Samples, in any layout that `predict` takes.

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes), float32
            Columns in the order of `classes_`.
        """
        return self._in_batches(self._runtime.probabilities, X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the accuracy.

        Parameters
        ----------
        X : array-like of shape (n, n_features), (n, height, width) or (n, height, width, channels)
            Samples, in any layout that `predict` takes.
        y : array-like of shape (n,) or (n, n_labels)
            True labels.
        sample_weight : array-like of shape (n,), default=None
            Weight of each sample.

        Returns
        -------
        accuracy : float
            The fraction of the samples of which all labels are right.
        """
        right = self.predict(X) == np.asarray(y)
        if right.ndim == 2:
            right = right.all(axis=1)
        return float(np.average(right, weights=sample_weight))

    # -- scikit-learn's conventions ------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> Self:
        """Raise an error: an exported classifier can't be trained.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError(
            "an exported classifier can't be trained. Give sklearn.frozen.FrozenEstimator(...) of "
            "it to what fits its parts; train the estimator that was exported."
        )

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return no parameters: there is nothing to set.

        Parameters
        ----------
        deep : bool, default=True
            Has no effect.

        Returns
        -------
        params : dict
            Empty.
        """
        return {}

    def set_params(self, **params: Any) -> Self:
        """Raise an error for every parameter.

        Parameters
        ----------
        **params : object
            None is known.

        Returns
        -------
        self : object
            The classifier.

        Raises
        ------
        ValueError
            If a parameter is given.
        """
        if params:
            raise ValueError(f"an exported classifier has no parameters; got {shown([*params])}.")
        return self

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        several = self._target_type == SEVERAL_LABELS
        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True, multi_output=several),
            classifier_tags=ClassifierTags(multi_label=several),
            input_tags=InputTags(three_d_array=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_clone__(self) -> Self:
        return self  # as of a FrozenEstimator: there is nothing to fit anew

    def __reduce__(self) -> Any:
        return _loaded, (self._content, self._n_jobs)

    def __repr__(self) -> str:
        return f"<ExportedClassifier of {self._name}, {len(self.classes_)} classes>"

    # -- the input -----------------------------------------------------------------------

    def _in_batches(self, compute: Callable[[NDArray[Any]], Any], X: Any) -> NDArray[Any]:
        rows = self._rows(X)
        if len(rows) <= _BATCH:
            return compute(rows)
        starts = range(0, len(rows), _BATCH)
        return np.concatenate([compute(rows[start : start + _BATCH]) for start in starts])

    def _rows(self, X: Any) -> NDArray[Any]:
        """Return rows of the model's dtype; raise an error if they would be other numbers."""
        self._check_names(X)
        rows = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
        if rows.ndim in (3, 4):
            rows = self._flat(rows)
        if rows.ndim != 2 or rows.shape[1] != self.n_features_in_:
            raise ValueError(self._wrong_shape(rows.shape))
        if not len(rows):
            raise ValueError("X holds 0 samples; expected 1 at least.")
        if rows.dtype != self._dtype:
            rows = self._converted(rows)
        elif self._dtype.kind == "i" and rows.min() < 0:
            raise ValueError(self._other_numbers())
        elif self._dtype.kind == "f" and not np.isfinite(rows).all():
            raise ValueError("X contains NaN or infinity; expected finite numbers.")
        if self._pixel_range is not None:
            self._warn_of_other_pixels(rows, *self._pixel_range)
        return np.ascontiguousarray(rows)

    def _warn_of_other_pixels(self, rows: NDArray[Any], lowest: float, highest: float) -> None:
        low, high = float(rows.min()), float(rows.max())
        if low == high:  # blank images have no unit
            return
        is_other = low > highest or high < lowest
        is_other = is_other or are_narrow(high - low, highest - lowest, len(rows))
        far_below, far_above = far_limits(lowest, highest)
        if not is_other and (high > far_above or low < far_below):
            is_other = are_many(((rows > far_above) | (rows < far_below)).sum(), rows.size)
        if is_other:
            warnings.warn(
                f"X has values from {low:g} to {high:g}, but the exported {self._name} was trained "
                f"on values from {lowest:g} to {highest:g}: they seem to be in another unit. "
                "Predictions for such images are mostly wrong.",
                PixelRangeWarning,
                stacklevel=depth_of_this_package(),
            )

    def _check_names(self, X: Any) -> None:
        known = getattr(self, "feature_names_in_", None)
        if known is None or not hasattr(X, "columns"):
            return
        if [str(name) for name in X.columns] != known.tolist():
            raise ValueError(
                "The feature names should match those that were passed during fit, in the same "
                f"order: {shown(known.tolist())}."
            )

    def _flat(self, images: NDArray[Any]) -> NDArray[Any]:
        shape = images.shape[1:]
        if self.image_shape_ is None or (*shape, 1)[:3] != self.image_shape_:
            raise ValueError(self._wrong_shape(images.shape))
        return images.reshape(len(images), -1)

    def _wrong_shape(self, shape: tuple[int, ...]) -> str:
        n = self.n_features_in_
        images = "" if self.image_shape_ is None else f" or images {('n', *self.image_shape_)}"
        features = f"X has {shape[1]} features, but" if len(shape) == 2 else f"X has shape {shape};"
        return (
            f"{features} this ExportedClassifier of {self._name} is expecting {n} features as "
            f"input: rows ('n', {n}){images}."
        )

    def _converted(self, rows: NDArray[Any]) -> NDArray[Any]:
        try:
            numbers = rows if rows.dtype.kind in "biuf" else rows.astype(np.float64)
        except (TypeError, ValueError):
            raise ValueError(f"X holds {rows.dtype}; expected numbers.") from None
        with np.errstate(over="ignore", invalid="ignore"):
            converted = numbers.astype(self._dtype)
        if self._dtype.kind == "f":
            if not np.isfinite(converted).all():
                raise ValueError("X contains NaN, infinity or too large numbers for float32.")
        elif not np.array_equal(converted, numbers) or converted.min() < 0:
            raise ValueError(self._other_numbers())
        return converted

    def _other_numbers(self) -> str:
        return (
            "X holds numbers that the file's model doesn't take; expected whole ones from 0 to "
            f"{np.iinfo(self._dtype).max}. For others, export the estimator with "
            "input_dtype='float32'."
        )


def _loaded(content: bytes, n_jobs: int) -> ExportedClassifier:
    return ExportedClassifier(content, n_jobs=n_jobs)


def _decoded(labels: NDArray[Any]) -> NDArray[Any]:
    """Return strings, which LiteRT gives as bytes."""
    texts = [one.decode() if isinstance(one, bytes) else one for one in labels.tolist()]
    return np.array(texts, dtype=object)
