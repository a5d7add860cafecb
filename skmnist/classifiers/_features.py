"""The values of a trained network's inner layer, as features for any other estimator."""

from contextlib import nullcontext
from numbers import Integral
from typing import Any, Self

from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.callback import CallbackSupportMixin
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import normalize
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from skmnist._inputs.images import as_rows, check_same_shape, find_image_shape
from skmnist._inputs.state import ImageState
from skmnist._inputs.validation import (
    ClearErrors,
    clear_arguments,
    in_one_step,
    rows_as_fitted,
    valid_rows,
)
from skmnist._utils.errors import shown
from skmnist._utils.onednn import StartsAsItsSender
from skmnist._utils.sklearn import StrOptions, fit_context
from skmnist.classifiers import CNNClassifier
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.networks._architecture import check_memory
from skmnist.networks._inner import inner_network


class CNNFeatures(
    StartsAsItsSender,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ImageState,
    ClearErrors,
    BaseEstimator,
):
    """The values of a trained network's inner layer, as features.

    Parameters
    ----------
    classifier : NetworkClassifier or FrozenEstimator, default=None
        A network classifier of this package, cloned and trained in `fit`. A fitted one in a
        ``sklearn.frozen.FrozenEstimator`` is used as it is. None is a ``CNNClassifier()``.
    layer : str or int, default="penultimate"
        The layer whose values are taken: its name or its index among the network's layers, which
        may be negative (``classifier.summary()`` lists them). "penultimate" is the layer before
        the output.
    pool : {"avg", "max"} or None, default=None
        What each feature map of a convolution becomes: its mean, its largest value or, for None,
        all of its values. Has no effect on a layer without maps, such as a dense one.
    normalize : bool, default=False
        Whether each row is divided by its Euclidean length, as for cosine similarity.
    random_state : int, RandomState instance or None, default=None
        Replaces the classifier's own `random_state`; None keeps that one. Not used if the
        classifier is frozen.

    Attributes
    ----------
    classifier_ : estimator
        The fitted classifier.
    image_shape_ : tuple (height, width, channels)
        The shape of one image.
    n_features_in_ : int
        Number of pixels of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if all of the names that `X` has are strings.

    See Also
    --------
    CNNClassifier : The default network.

    Notes
    -----
    The features of the rows that the network was trained on separate the classes more clearly than
    those of new rows, so an estimator trained on them relies on them too much.  Train it on the
    features of other rows, with a fitted classifier in a ``FrozenEstimator``, or use
    ``CNNStackingClassifier``, which does so by cross-validation.

    References
    ----------
    A. S. Razavian, H. Azizpour, J. Sullivan and S. Carlsson, "CNN features off-the-shelf: an
    astounding baseline for recognition", CVPR Workshops, 2014.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skmnist import CNNFeatures, LeNetClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> lenet = LeNetClassifier(epochs=5, random_state=0)
    >>> pipeline = make_pipeline(CNNFeatures(lenet, normalize=True), KNeighborsClassifier())
    >>> pipeline.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    >>> pipeline[:-1].transform(X).shape
    (1797, 84)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "classifier": [NetworkClassifier, FrozenEstimator, None],
        "layer": [str, Integral],
        "pool": [StrOptions({"avg", "max"}), None],
        "normalize": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        classifier: Any = None,
        *,
        layer: str | int = "penultimate",
        pool: str | None = None,
        normalize: bool = False,
        random_state: Any = None,
    ) -> None:
        self.classifier = classifier
        self.layer = layer
        self.pool = pool
        self.normalize = normalize
        self.random_state = random_state

    # The classifier checks its own parameters.
    @in_one_step
    @fit_context(prefer_skip_nested_validation=False)
    @clear_arguments
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train the network, unless it is frozen.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.
        y : array-like of shape (n,)
            Class labels. Not used if the classifier is frozen.
        sample_weight : array-like of shape (n,), default=None
            Weight of each sample. Not used if the classifier is frozen.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter, `X`, `y` or `sample_weight` is not usable.
        TypeError
            If the frozen estimator is not a network classifier of this package.
        sklearn.exceptions.NotFittedError
            If the frozen estimator is not fitted.
        """
        given, seen_shape = as_rows(X)
        rows = valid_rows(self, given, reset=True)
        classifier = CNNClassifier() if self.classifier is None else clone(self.classifier)
        if isinstance(classifier, FrozenEstimator):
            _check_estimator(classifier)
        else:
            if self.random_state is not None:
                classifier.set_params(random_state=self.random_state)
            self._check_layer(classifier, rows.shape[1], seen_shape)
        self._fit_classifier(classifier, X, y, sample_weight)
        validate_data(classifier, given, reset=False, skip_check_array=True)
        check_same_shape(classifier, seen_shape)
        self.classifier_ = classifier
        self.image_shape_ = classifier.image_shape_
        self.__skmnist_complete__()
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Compute the features.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.

        Returns
        -------
        features : ndarray of shape (n, n_features_out)
            float64 if the network computes in it, else float32. A row's features are bit for bit
            the same, whatever other rows `X` has.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If `X` has another shape than in `fit`.
        """
        check_is_fitted(self)
        rows, _ = rows_as_fitted(self, X)
        rows = self.classifier_.__skmnist_inputs__(rows)
        features = self._predictor_.outputs(rows, self.image_shape_)
        return normalize(features, copy=False) if self.normalize else features

    def __skmnist_getstate__(self) -> dict[str, Any]:
        frozen = isinstance(self.classifier_, FrozenEstimator)
        # One that is frozen is a parameter already.
        return {
            **super().__skmnist_getstate__(),
            "frozen": frozen,
            "estimators_": [] if frozen else [self.classifier_],
        }

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        super().__skmnist_setstate__(state)
        inner = [self.classifier] if state["frozen"] else state["estimators_"]
        if len(inner) != 1 or isinstance(inner[0], FrozenEstimator) != state["frozen"]:
            raise ValueError("estimators; expected the classifier of CNNFeatures, and no other.")
        (self.classifier_,) = inner
        network = self.classifier_.estimator if state["frozen"] else self.classifier_
        shape = getattr(network, "image_shape_", None)
        if not isinstance(network, NetworkClassifier) or shape != self.image_shape_:
            raise ValueError("estimators; expected a network classifier of the same images.")

    def __skmnist_complete__(self) -> None:
        """Find the inner layer of the classifier's network, which has its variables by now."""
        self._predictor_ = self.classifier_.__skmnist_predictor__.of_layer(self.layer, self.pool)
        self._n_features_out = self._predictor_.n_outputs

    def _fit_classifier(self, classifier: Any, X: Any, y: Any, sample_weight: Any) -> None:
        """Train the network, and report the training to the callbacks."""
        seen = {"X": X, "y": y, "metadata": {"sample_weight": sample_weight}}
        task = self._init_callback_context(max_subtasks=1)
        task.call_on_fit_task_begin(estimator=self, **seen)
        subtask = task.subcontext("network")
        frozen = isinstance(classifier, FrozenEstimator)  # which trains nothing
        with nullcontext() if frozen else subtask.propagate_callback_context(classifier):
            subtask.call_on_fit_task_begin(estimator=self, **seen)
            classifier.fit(X, y, sample_weight=sample_weight)
        subtask.call_on_fit_task_end(estimator=self, **seen)
        task.call_on_fit_task_end(estimator=self, **seen)

    def _check_layer(self, classifier: NetworkClassifier, n_pixels: int, seen_shape: Any) -> None:
        """Find a misspelt layer before the training, not after it."""
        image_shape = find_image_shape(n_pixels, classifier.image_shape, seen_shape)
        architecture = classifier.__skmnist_architecture__(image_shape, 2, "float32")
        if architecture is None:
            return
        check_memory(architecture)
        inner_network(architecture, self.layer, self.pool)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        network = CNNClassifier() if self.classifier is None else self.classifier
        is_network = isinstance(network, NetworkClassifier | FrozenEstimator)
        tags.input_tags.sparse = is_network and get_tags(network).input_tags.sparse
        tags.target_tags.required = not isinstance(self.classifier, FrozenEstimator)
        tags.transformer_tags.preserves_dtype = []
        return tags


def _check_estimator(frozen: FrozenEstimator) -> None:
    if not isinstance(frozen.estimator, NetworkClassifier):
        raise TypeError(
            f"classifier={shown(frozen)} holds a {type(frozen.estimator).__name__}; expected a "
            "fitted network classifier of this package, such as CNNClassifier, in the "
            "FrozenEstimator."
        )
