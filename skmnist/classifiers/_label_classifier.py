"""What all classifiers do with labels and probabilities."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from skmnist._inputs.arrays import as_numpy
from skmnist._inputs.targets import as_labels
from skmnist._inputs.validation import clear_arguments


class LabelClassifier(ClassifierMixin):
    """A classifier whose `score` takes labels in an array of any library (abstract)."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the accuracy.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Samples, in any layout that `predict` takes.
        y : array-like of shape (n,)
            True labels.
        sample_weight : array-like of shape (n,), default=None
            Weight of each sample.

        Returns
        -------
        accuracy : float
            The fraction of the samples whose label is predicted correctly, 0 to 1.
        """
        return super().score(X, self._true_labels(y), sample_weight=as_numpy(sample_weight))

    def _true_labels(self, y: Any) -> Any:
        return as_labels(y)


class ProbabilisticClassifier(LabelClassifier):
    """A classifier that predicts the most probable class (abstract)."""

    classes_: NDArray[Any]

    @abstractmethod
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Compute the probability of each class."""

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Compute the logarithm of each class's probability.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Samples, in any layout that `predict_proba` takes.

        Returns
        -------
        log_probabilities : ndarray of shape (n, n_classes), float64
            Finite: a probability too small for float32 counts as the smallest one, 1.2e-38.
        """
        return logarithms(self.predict_proba(X))

    @clear_arguments
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the most probable class.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Samples, in any layout that `predict_proba` takes.

        Returns
        -------
        labels : ndarray of shape (n,)
            Of the same dtype as `classes_`.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]


def logarithms(probabilities: NDArray[Any]) -> NDArray[Any]:
    """Compute logarithms, with probabilities below float32's smallest normal number raised to it.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.classifiers._label_classifier import logarithms
    >>> logarithms(np.array([0.0, 1.0])).round(2).tolist()
    [-87.34, 0.0]
    """
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
