"""What other packages of skmnist may use of a network estimator."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from skmnist._inputs.images import ImageShape
from skmnist.classifiers._pixel_state import PixelState
from skmnist.networks._architecture import Architecture
from skmnist.training._augmentation import Augmentation, find_augmentation
from skmnist.training._history import with_nan, without_nan
from skmnist.training._optimizers import OptimizerSpec
from skmnist.training._predictor import Predictor


class Inside(PixelState):
    """A network estimator's network and what it has learned, for this package only (mixin).

    The names stay out of a user's tab completion; see `ImageState`.  A network's variables, which
    are arrays, are kept apart from the rest of the state: ``__skmnist_predictor__`` has them, and
    ``__skmnist_setvariables__`` restores them after ``__skmnist_setstate__``.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = DNNClassifier(hidden_units=(16,), epochs=1, random_state=0).fit(X, y)
    >>> again = DNNClassifier(hidden_units=(16,))
    >>> again.__skmnist_setstate__(classifier.__skmnist_getstate__())
    >>> again.__skmnist_setvariables__(classifier.__skmnist_predictor__.variables)
    >>> bool((again.predict_proba(X) == classifier.predict_proba(X)).all())
    True
    """

    dtype_: str
    _histories: tuple[str, ...]
    # The attributes that a file holds as they are.
    _learned_names: tuple[str, ...] = (
        "dtype_",
        "n_epochs_",
        "best_epoch_",
        "_seed_",
        "_mirrored_",
    )
    _mirrored_: bool
    augmentation: Any
    _predictor_: Any
    _optimizer_state_: tuple[OptimizerSpec, Any] | None

    @abstractmethod
    def _architecture(self, image_shape: ImageShape, n_targets: int, dtype: str) -> Architecture:
        """Return the architecture of this estimator's network."""

    def __skmnist_architecture__(
        self, image_shape: ImageShape, n_targets: int, dtype: str
    ) -> Architecture | None:
        """Return the architecture that the parameters describe for these images and targets.

        None if it isn't known before the fit, as for a network of the user's own.
        """
        return self._architecture(image_shape, n_targets, dtype)

    @property
    def __skmnist_fitted_architecture__(self) -> Architecture:
        """The architecture that the parameters and what was learned describe."""
        return self._fitted_architecture()

    @property
    def __skmnist_predictor__(self) -> Predictor:
        """The trained network."""
        return self._predictor_

    @property
    def __skmnist_optimizer__(self) -> OptimizerSpec:
        """The optimizer that the parameters describe."""
        return self._optimizer()

    @property
    def __skmnist_optimizer_state__(self) -> tuple[OptimizerSpec, Any] | None:
        """The optimizer of the last training and its state, if another training may go on."""
        return self._optimizer_state_

    def __skmnist_setoptimizer__(self, spec: OptimizerSpec, state: Sequence[NDArray[Any]]) -> None:
        """Set the optimizer's state, after the network's variables."""
        self._optimizer_state_ = spec, state

    def __skmnist_inputs__(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Convert validated rows for the predictor; warn about pixels in another unit."""
        rows = self._inputs(rows)
        self._warn_of_other_pixels(rows)
        return rows

    def __skmnist_getstate__(self) -> dict[str, Any]:
        if not self._fitted_architecture().takes_weights_of(self._predictor_.architecture):
            raise ValueError(
                "The network's parameters have changed since it was fitted. Set them back, or fit "
                "again, before saving."
            )
        return {
            **super().__skmnist_getstate__(),
            **{name: getattr(self, name) for name in self._learned_names},
            **{name: without_nan(getattr(self, name)) for name in self._histories},
        }

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        super().__skmnist_setstate__(state)
        for name in self._learned_names:
            setattr(self, name, state[name])
        for name in self._histories:
            setattr(self, name, with_nan(state[name]))
        self.augmentation_ = self._found_augmentation()

    def __skmnist_setvariables__(self, variables: Sequence[NDArray[Any]]) -> None:
        """Set the values of the network's variables, in Keras's order."""
        self._predictor_ = Predictor(self._fitted_architecture(), variables, self._scaling)
        self.n_parameters_ = self._predictor_.n_parameters
        self._optimizer_state_ = None

    def _found_augmentation(self) -> Augmentation | None:
        """Return the augmentation that the parameter and what was learned describe."""
        return find_augmentation(self.augmentation, self.image_shape_, mirrored=self._mirrored_)

    def _fitted_architecture(self) -> Architecture:
        return self._architecture(self.image_shape_, self._n_targets, self.dtype_)

    @property
    @abstractmethod
    def _n_targets(self) -> int:
        """Number of classes, labels or numbers that the fitted network predicts."""

    @abstractmethod
    def _optimizer(self) -> OptimizerSpec:
        """Find the optimizer that the parameters describe."""

    @abstractmethod
    def _inputs(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Convert the validated numbers to a format that every backend reads."""
