"""The abstract base of all network regressors."""

from abc import ABCMeta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_array, column_or_1d

from skmnist._inputs.arrays import as_numpy
from skmnist._inputs.targets import random_split
from skmnist._inputs.validation import clear_arguments, in_one_step
from skmnist._utils.errors import shown
from skmnist._utils.progress import fit_shown
from skmnist._utils.sklearn import StrOptions, fit_context
from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.training._losses import find_loss
from skmnist.training._tasks import Numbers, Task

# Losses that mean the same for scaled targets.
_SCALABLE = ("huber", "log_cosh", "mean_absolute_error", "mean_squared_error")
# Losses with a logarithm need positive outputs; that of Poisson regression has this link.
_ACTIVATIONS = {
    "binary_crossentropy": "sigmoid",
    "mean_squared_logarithmic_error": "softplus",
    "poisson": "exponential",
}


class NetworkRegressor(RegressorMixin, NetworkEstimator, metaclass=ABCMeta):
    """A Keras network that is a scikit-learn regressor (abstract)."""

    n_outputs_: int
    target_offset_: NDArray[np.float64]
    target_scale_: NDArray[np.float64]
    target_scaling: str | None
    _learned_names = (*NetworkEstimator._learned_names, "n_outputs_")
    _parameter_constraints: dict[str, list[Any]] = {
        **NetworkEstimator._parameter_constraints,
        "target_scaling": [StrOptions({"auto"}), None],
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
        X : array-like of shape (n, n_features), (n, height, width) or (n, height, width, channels)
            Rows or images, of any real dtype.
        y : array-like of shape (n,) or (n, n_targets)
            Numbers.
        sample_weight : array-like of shape (n,), default=None
            Weight of each sample; the scale does not matter, zero leaves the sample out.
        X_val : array-like of the same shape as `X` except for its length, default=None
            Validation samples, instead of a part held out of `X`: they give "val_loss" in
            `history_`, for early stopping and ``Plateau`` too.
        y_val : array-like of shape (n_val,) or (n_val, n_targets), default=None
            Their targets.
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
            The fitted regressor.

        Raises
        ------
        ValueError
            If a parameter, `X`, `y` or `sample_weight` is not usable, one of `X_val` and `y_val`
            is missing, they are given together with `validation_fraction`, or training diverges.

        Warns
        -----
        ConvergenceWarning
            If the trained network is no better than a constant.

        Notes
        -----
        After any error the regressor is as it was before the call.  Ctrl-C ends training with a
        warning and keeps what the epochs before have learned.
        """
        with fit_shown(self):
            return self._fit(
                X, y, sample_weight, X_val, y_val, sample_weight_val, checkpoint, resume
            )

    @in_one_step
    @fit_context(prefer_skip_nested_validation=True)
    @clear_arguments
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch, on this data alone.

        Nothing is held out, and training doesn't stop early.  The scale of the targets is learned
        in the first call.  The learning rate is constant, unless `schedule` counts steps, as
        ``InverseScaling`` does: it goes on over all calls, and so does the optimizer.  A file has
        both if it is saved with ``include_optimizer=True``.

        Parameters
        ----------
        X : array-like of shape (n, n_features), (n, height, width) or (n, height, width, channels)
            Rows or images, of any real dtype.
        y : array-like of shape (n,) or (n, n_targets)
            Numbers.
        sample_weight : array-like of shape (n,), default=None
            Weight of each sample, relative to the others of this call.

        Returns
        -------
        self : object
            The regressor.
        """
        return self._partial_fit(X, y, None, sample_weight)

    @clear_arguments
    def predict(self, X: Any) -> NDArray[np.float64]:
        """Predict the targets.

        Parameters
        ----------
        X : array-like of shape (n, n_features), (n, height, width) or (n, height, width, channels)
            Rows or images, of any real dtype.

        Returns
        -------
        y : ndarray of shape (n,) or (n, n_targets), float64
            Of one column for each target, unless there is only one.

        Raises
        ------
        NotFittedError
            If the regressor is not fitted.
        ValueError
            If `X` has another shape than in `fit`.
        """
        return self._as_given(self._outputs(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the coefficient of determination, R squared.

        Parameters
        ----------
        X : array-like of shape (n, n_features), (n, height, width) or (n, height, width, channels)
            Samples, in any layout that `predict` takes.
        y : array-like of shape (n,) or (n, n_targets)
            True targets.
        sample_weight : array-like of shape (n,), default=None
            Weight of each sample.

        Returns
        -------
        r2 : float
            At most 1; 0 is that of the mean of `y`.
        """
        return super().score(X, as_numpy(y), sample_weight=as_numpy(sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    # -- the targets ---------------------------------------------------------------------

    @property
    def _task(self) -> Task:
        return Numbers()

    @property
    def _n_targets(self) -> int:
        return self.n_outputs_

    def _output(self, n_targets: int, activation: str | None = None) -> dict[str, Any]:
        suited = _ACTIVATIONS.get(str(find_loss(self.loss, task=Numbers()).name), "linear")
        return {"n_outputs": n_targets, "output_activation": activation or suited}

    def _checked_targets(self, y: Any, name: str = "y") -> Any:
        if y is None:
            return y
        y = check_array(as_numpy(y), ensure_2d=False, dtype="numeric", input_name=name)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return y.astype(np.float64)

    def _learn_targets(self, y: NDArray[np.float64], known: Any) -> None:
        columns = _columns(y)
        self.n_outputs_ = columns.shape[1]
        self.target_offset_ = np.zeros(self.n_outputs_)
        self.target_scale_ = np.ones(self.n_outputs_)
        if self.target_scaling == "auto" and find_loss(self.loss, task=Numbers()).name in _SCALABLE:
            deviation = columns.std(axis=0)
            self.target_offset_ = columns.mean(axis=0)
            self.target_scale_ = np.where(deviation > 0, deviation, 1.0)

    def _known_of_batches(self, y: NDArray[Any], classes: Any, going_on: bool) -> Any:
        if classes is not None:
            raise TypeError(
                f"classes={shown(classes)}, but {type(self).__name__} predicts numbers; leave it "
                "out."
            )
        if going_on:
            self._check_same_targets(y)
        return None

    def _check_same_targets(self, y: NDArray[np.float64]) -> None:
        if _columns(y).shape[1] != self.n_outputs_:
            raise ValueError(
                f"y has {_columns(y).shape[1]} columns, and had {self.n_outputs_} before. Give as "
                "many targets, or fit a new regressor."
            )

    def _labels(self, y: NDArray[np.float64], counted: NDArray[Any]) -> NDArray[Any]:
        self._check_same_targets(y)
        return ((_columns(y) - self.target_offset_) / self.target_scale_).astype(self._float)

    def _as_given(self, labels: NDArray[Any]) -> NDArray[np.float64]:
        y = labels.astype(np.float64) * self.target_scale_ + self.target_offset_
        return y[:, 0] if self.n_outputs_ == 1 else y

    def _of_classes(
        self, weights: NDArray[Any], labels: NDArray[Any], training: tuple[NDArray[Any], ...]
    ) -> NDArray[Any]:
        return weights

    def _split(self, rows: NDArray[Any], labels: NDArray[Any], fraction: float) -> Any:
        return random_split(rows, fraction, self._seed_)

    # -- files -----------------------------------------------------------------------------

    def __skmnist_getstate__(self) -> dict[str, Any]:
        return {
            **super().__skmnist_getstate__(),
            "target_offset_": self.target_offset_.tolist(),
            "target_scale_": self.target_scale_.tolist(),
        }

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        super().__skmnist_setstate__(state)
        self.target_offset_ = np.array(state["target_offset_"])
        self.target_scale_ = np.array(state["target_scale_"])


def _columns(y: NDArray[Any]) -> NDArray[Any]:
    return y.reshape(len(y), -1)
