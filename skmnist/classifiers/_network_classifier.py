"""The abstract base of all network classifiers."""

from abc import ABCMeta
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from skmnist._inputs.numbers import check_no_overflow
from skmnist._inputs.targets import (
    as_indicators,
    as_labels,
    at_least_two,
    check_not_one_hot,
    class_numbers,
    class_weights,
    random_split,
    stratified_split,
)
from skmnist._inputs.validation import clear_arguments, in_one_step
from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown
from skmnist._utils.progress import fit_shown
from skmnist._utils.sklearn import Interval, StrOptions, fit_context
from skmnist.classifiers._label_classifier import ProbabilisticClassifier
from skmnist.classifiers._mirroring import mirrors_look_alike
from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.classifiers._parameters import n_outputs
from skmnist.training._contract import Data
from skmnist.training._losses import Loss, find_loss
from skmnist.training._tasks import OneClass, SeveralLabels, Task

_SEVERAL = "multilabel-indicator"  # scikit-learn's name of that type of targets


class NetworkClassifier(ProbabilisticClassifier, NetworkEstimator, metaclass=ABCMeta):
    """A Keras network that is a scikit-learn classifier (abstract)."""

    classes_: NDArray[Any]
    target_type_: str
    _learned_names = (*NetworkEstimator._learned_names, "classes_", "target_type_")
    # Whether the network's outputs are logits.
    _logits_ = False
    _parameter_constraints: dict[str, list[Any]] = {
        **NetworkEstimator._parameter_constraints,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    @in_one_step
    @fit_context(prefer_skip_nested_validation=True)
    @clear_arguments
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        checkpoint: Any = None,
        resume: bool = False,
    ) -> Self:
        """Train the network, from new weights unless ``warm_start=True``.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.
        y : array-like of shape (n,) or (n, n_labels)
            Class labels, numbers or strings, at least two classes; or a matrix of 0 and 1 that
            states for each sample which of several labels it has (multi-label).
        sample_weight : array-like of shape (n,), default=None
            Weight of each sample; the scale does not matter, zero leaves the sample out.
        X_val : array-like of the same shape as `X` except for its length, default=None
            Validation samples, instead of a part held out of `X`: they give "val_loss" and
            "val_accuracy" in `history_`, for early stopping and ``Plateau`` too. A
            ``Pipeline(..., transform_input=["X_val"])`` transforms them like `X` if scikit-learn's
            metadata routing is enabled.
        y_val : array-like of shape (n_val,) or (n_val, n_labels), default=None
            Their labels, all among those of `y`.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.
        checkpoint : str, path-like, Checkpoint or CheckpointFolder, default=None
            A file to which is written, at the end of each epoch, what was reached, so that the fit
            can go on if it is ended from outside; a `Checkpoint` says how often. For the
            fits of a search, a `CheckpointFolder`.
        resume : bool, default=False
            Whether to go on from that file. The fit then ends with the same bits as one that was
            never ended. If there is no such file, it begins; after its end, it returns at once what
            it has learned. False replaces the file.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter, `X`, `y` or `sample_weight` is not usable, one of `X_val` and `y_val`
            is missing, they are given together with `validation_fraction`, or training diverges;
            with ``warm_start=True``, if `y` has other classes than before.

        Warns
        -----
        ConvergenceWarning
            If the trained network is no better than guessing from the class frequencies; after
            fewer than 50 steps, only if it is far worse.

        Notes
        -----
        After any error the classifier is as it was before the call.  Other threads can use it as it
        was until the end of the call, when it changes in one step.

        Ctrl-C ends training with a warning and keeps what the epochs before have learned; with
        TensorFlow it takes effect at the end of an epoch.  In the first epoch, and within joblib,
        ``KeyboardInterrupt`` is raised: a search, a cross-validation or a committee ends as a
        whole, whereas with scikit-learn's ``MLPClassifier`` only one fit would end.
        """
        with fit_shown(self):
            return self._fit(
                X, y, sample_weight, X_val, y_val, sample_weight_val, checkpoint, resume
            )

    @in_one_step
    @fit_context(prefer_skip_nested_validation=True)
    @clear_arguments
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more epoch, on this data alone.

        Nothing is held out, and training doesn't stop early.  The learning rate is constant, unless
        `schedule` counts steps, as ``InverseScaling`` does: it goes on over all calls, and so does
        the optimizer.  A file has both if it is saved with ``include_optimizer=True``.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.
        y : array-like of shape (n,) or (n, n_labels)
            Class labels, all among `classes`, or a matrix of 0 and 1.
        classes : array-like of shape (n_classes,), default=None
            All classes that any call will have; required in the first call only, and not for a
            matrix of 0 and 1.
        sample_weight : array-like of shape (n,), default=None
            Weight of each sample, relative to the others of this call.

        Returns
        -------
        self : object
            The classifier.

        Raises
        ------
        ValueError
            If `classes` is missing in the first call or differs from those of the first call, or a
            label is not among them.
        """
        known = self._known_classes(y, classes, hasattr(self, "_predictor_"))
        return self._partial_fit(X, y, known, sample_weight)

    @clear_arguments
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Compute the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes), float64
            Columns in the order of `classes_`; rows sum to 1, except for multi-label `y`, where
            each label has a probability of its own.

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        ValueError
            If `X` has another shape than in `fit`.

        Warns
        -----
        PixelRangeWarning
            If pixels are in another unit than in `fit`, or inverted.
        """
        return self._as_probabilities(self._outputs(X))

    @clear_arguments
    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the most probable class, or for multi-label `y` all labels that are probable.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Samples, in any layout that `predict_proba` takes.

        Returns
        -------
        labels : ndarray of shape (n,) or (n, n_labels)
            Of the same dtype as `classes_`; for multi-label `y`, 1 for each label whose
            probability is over 0.5, else 0.
        """
        if self._has_several_labels:
            return (self.predict_proba(X) > 0.5).astype(np.int64)
        return super().predict(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    # -- the targets ---------------------------------------------------------------------

    @property
    def _has_several_labels(self) -> bool:
        return getattr(self, "target_type_", "") == _SEVERAL

    @property
    def _task(self) -> Task:
        threshold = 0.0 if self._logits_ else 0.5
        return SeveralLabels(threshold) if self._has_several_labels else OneClass(threshold)

    @property
    def _n_targets(self) -> int:
        return len(self.classes_)

    def _output(self, n_targets: int, activation: str | None = None) -> dict[str, Any]:
        if self._has_several_labels:
            return {"n_outputs": n_targets, "output_activation": "sigmoid"}
        chosen: str = activation or str(getattr(self, "output_activation", "softmax"))
        return {"n_outputs": n_outputs(n_targets, chosen), "output_activation": chosen}

    def _loss(self) -> Loss:
        return find_loss(self.loss, self.label_smoothing, self._task)

    def _checked_targets(self, y: Any, name: str = "y") -> Any:
        if name != "y" and not self._has_several_labels:
            return column_or_1d(as_labels(y, name), warn=True)
        indicators = as_indicators(y)
        return as_labels(y, name) if indicators is None else indicators

    def _true_labels(self, y: Any) -> Any:
        return self._checked_targets(y) if self._has_several_labels else as_labels(y)

    def _learn_targets(self, y: NDArray[Any], known: Any) -> None:
        check_classification_targets(y)
        if y.ndim == 2:
            check_not_one_hot(y)
            self.classes_, self.target_type_ = np.arange(y.shape[1]), _SEVERAL
            return
        self.classes_ = at_least_two(np.unique(y) if known is None else known)
        self.target_type_ = "binary" if len(self.classes_) == 2 else "multiclass"

    def _labels(self, y: NDArray[Any], counted: NDArray[Any]) -> NDArray[Any]:
        self._check_columns(y)
        if self._has_several_labels:
            return y.astype(np.float32)
        return class_numbers(column_or_1d(y, warn=True), self.classes_, counted)

    def _check_columns(self, y: NDArray[Any]) -> None:
        n_labels = len(self.classes_) if self._has_several_labels else 1
        if y.shape[1:] != (n_labels,)[: y.ndim - 1] or (y.ndim == 2) != self._has_several_labels:
            expected = f"(n, {n_labels})" if self._has_several_labels else "(n,)"
            raise ValueError(f"y has shape {y.shape}; expected {expected}, as in the first fit.")

    def _as_given(self, labels: NDArray[Any]) -> NDArray[Any]:
        return labels.astype(np.int64) if self._has_several_labels else self.classes_[labels]

    def _split(self, rows: NDArray[Any], labels: NDArray[Any], fraction: float) -> Any:
        if self._has_several_labels:
            return random_split(rows, fraction, self._seed_)
        return stratified_split(rows, labels, fraction, self._seed_)

    def _mirrors_look_alike(self, data: Data) -> bool:
        of_images = min(self.image_shape_[:2]) > 1
        if self.augmentation != "auto" or self._has_several_labels or not of_images:
            return False
        return mirrors_look_alike(data.images, data.labels, data.train_rows, self._seed_)

    def _of_classes(
        self, weights: NDArray[Any], labels: NDArray[Any], training: tuple[NDArray[Any], ...]
    ) -> NDArray[Any]:
        if self.class_weight is None:
            return weights
        if self._has_several_labels:
            raise ValueError(
                f"class_weight={shown(self.class_weight)}, but each sample of y has several "
                "labels; expected None. Give sample_weight instead."
            )
        of_classes = class_weights(self.class_weight, self.classes_, *training)
        with np.errstate(over="ignore"):
            weights = weights * of_classes[labels]
        check_no_overflow(weights, of_classes, "class_weight")
        return weights

    def _check_same_targets(self, y: NDArray[Any]) -> None:
        """Refuse to continue with other classes, or fewer."""
        self._check_columns(y)
        if self._has_several_labels:
            return
        classes = np.unique(y)
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"warm_start=True, but y has the classes {classes.tolist()}, and had "
                f"{self.classes_.tolist()} before. Give the same classes, set warm_start=False to "
                "start over, or use partial_fit, whose calls need not have all classes."
            )

    def _known_classes(self, y: Any, classes: Any, going_on: bool) -> Any:
        """Check `classes` of `partial_fit`, and return all classes."""
        if as_indicators(y) is not None:
            return self.classes_ if going_on else "those of the columns"
        if not going_on and classes is None:
            raise ValueError(
                "classes must be passed on the first call to partial_fit: all labels that "
                "any call will have."
            )
        if classes is None:
            return self.classes_
        classes = np.unique(as_labels(classes, "classes"))
        if going_on and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"classes={classes} is not the same as on the first call to partial_fit: "
                f"{self.classes_}. Leave it out after the first call."
            )
        return classes

    def _known_of_batches(self, y: NDArray[Any], classes: Any, going_on: bool) -> Any:
        if y.ndim == 1 and classes is None:
            if not going_on:
                return np.unique(y)
            self._check_same_targets(y)
        return self._known_classes(y, classes, going_on)

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        if state["target_type_"] is None:  # of a file from before there were several labels
            two = len(state["classes_"]) == 2
            state = {**state, "target_type_": "binary" if two else "multiclass"}
        super().__skmnist_setstate__(state)

    # -- the outputs -----------------------------------------------------------------------

    def _as_probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Convert the network's outputs to probabilities; rows of a single label sum to 1."""
        outputs = outputs.astype(np.float64)
        _check_fractions(outputs, self._logits_)
        columns_apart = self._has_several_labels or outputs.shape[1] == 1
        if self._logits_:
            outputs = expit(outputs) if columns_apart else softmax(outputs, axis=1)
        if self._has_several_labels:
            return outputs
        if outputs.shape[1] == 1:
            return np.hstack([1 - outputs, outputs])
        totals = outputs.sum(axis=1, keepdims=True)
        # All sigmoids may be 0: then all classes are equally probable.
        return np.divide(
            outputs, totals, out=np.full_like(outputs, 1 / outputs.shape[1]), where=totals > 0
        )

    def __skmnist_probabilities__(self, outputs: Any, sum_to_one: bool) -> Any:
        """Return what `_as_probabilities` does, of symbolic outputs in an exported network."""
        ops = load_keras().ops
        columns_apart = self._has_several_labels or outputs.shape[1] == 1
        if self._logits_:
            outputs = ops.sigmoid(outputs) if columns_apart else ops.softmax(outputs)
        if self._has_several_labels or sum_to_one:
            return outputs
        if outputs.shape[1] == 1:
            return ops.concatenate([1 - outputs, outputs], axis=1)
        totals = ops.sum(outputs, axis=1, keepdims=True)
        return ops.where(totals > 0, outputs / totals, 1 / outputs.shape[1])


def _check_fractions(outputs: NDArray[Any], are_logits: bool) -> None:
    """Raise an error for outputs that can't be probabilities."""
    if are_logits or not outputs.size or (outputs.min() >= 0 and outputs.max() <= 1 + 1e-3):
        return
    raise ValueError(
        f"the network's outputs are not probabilities: they reach from {outputs.min():.3g} to "
        f"{outputs.max():.3g}. End it with a softmax or a sigmoid, or with no activation and a "
        "loss of logits."
    )
