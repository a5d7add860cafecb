"""A check of an exported file before it is written: whether it answers as the estimator does."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist.exporting._exported import ExportedClassifier
from skmnist.exporting._input import networks_of

_N_SAMPLES = 40  # of each kind
# Between rounding and what another computation makes.
_FAR, _FAR_IN_BFLOAT16 = 0.03, 0.3
_MOST_OTHERS = 0.02


def check_answers(estimator: Any, content: bytes, dtype: str) -> None:
    """Raise an error if a file doesn't answer to samples as the estimator does.

    The samples are random, of several scales, as none of those of the fit are kept.  It finds
    converters that compute something else, not differences by rounding.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    content : bytes
        The file.
    dtype : {"uint8", "int32", "float32"}
        Of its input.

    Raises
    ------
    ImportError
        If the runtime is not installed.
    ValueError
        The message has the largest difference.
    """
    exported = ExportedClassifier(content)
    in_bfloat16 = any(each.dtype_ == "mixed_bfloat16" for each in networks_of(estimator))
    far = _FAR_IN_BFLOAT16 if in_bfloat16 else _FAR
    for X in _samples(exported.n_features_in_, dtype):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # these are no images
            try:
                expected = _answers(estimator, X)
            except ValueError:  # it doesn't take such samples
                continue
            try:
                found = _answers(exported, X)
            except Exception as error:  # of the runtime
                raise ValueError(f"the runtime can't compute its graph: {error}") from error
        _compare(expected, found, _decided(estimator, X), far)


def _samples(n_features: int, dtype: str) -> Iterator[NDArray[Any]]:
    rng = np.random.default_rng(0)
    shape = _N_SAMPLES, n_features
    if dtype == "int32":
        yield rng.integers(0, 100, shape, np.int32)
    elif dtype == "uint8":
        yield from (rng.integers(0, high, shape, np.uint8) for high in (2, 17, 256))
    else:
        yield from (rng.random(shape, np.float32) * np.float32(high) for high in (1, 16, 255))
        yield rng.standard_normal(shape, np.float32)


def _answers(classifier: Any, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    has_probabilities = hasattr(classifier, "predict_proba")
    return classifier.predict(X), classifier.predict_proba(X) if has_probabilities else None


def _decided(estimator: Any, X: NDArray[Any]) -> NDArray[Any]:
    """Return which samples have a class that no rounding changes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if getattr(estimator, "voting", None) == "hard":
            votes = estimator.transform(X).astype(int)
            n_classes = len(estimator.classes_)
            counts = np.array([np.bincount(row, minlength=n_classes) for row in votes])
            highest = np.sort(counts, axis=1)[:, -2:]
            return np.asarray(highest[:, 1] > highest[:, 0])
        for method in ("decision_function", "predict_proba"):
            if hasattr(estimator, method):
                scores = np.asarray(getattr(estimator, method)(X))
                break
        else:
            return np.ones(len(X), bool)
    if scores.ndim == 1:
        return np.abs(scores) > _FAR
    highest = np.sort(scores, axis=1)[:, -2:]
    return highest[:, 1] - highest[:, 0] > _FAR


def _compare(expected: Any, found: Any, decided: NDArray[Any], far: float) -> None:
    (labels, scores), (found_labels, found_scores) = expected, found
    if np.shape(labels) != np.shape(found_labels):
        raise ValueError(
            f"its graph returns labels of shape {np.shape(found_labels)} for {len(labels)} samples."
        )
    if scores is not None and found_scores is not None:
        difference = float(np.abs(scores - found_scores).max())
        if not difference <= far:
            raise ValueError(
                f"its graph computes other probabilities, which differ by up to {difference:.2g}"
            )
    different: Any = labels != found_labels
    others: NDArray[Any] = different.reshape(len(labels), -1).any(axis=1)
    if decided.any() and others[decided].mean() > _MOST_OTHERS:
        raise ValueError(
            f"its graph computes other labels for {others[decided].mean():.0%} of made-up samples"
        )
