"""What all ensembles share: validating images, routing weights, reporting fits, naming parts.

An ensemble lists what it fits (`_parts`) and fits it (`_fit_parts`); `Ensemble.fit` does the rest.
"""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter, MethodMapping, process_routing
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from skmnist._inputs.images import ImageShape
from skmnist._inputs.numbers import checked_weights
from skmnist._inputs.targets import at_least_two
from skmnist._inputs.validation import (
    ClearErrors,
    clear_arguments,
    in_one_step,
    rows_as_fitted,
    rows_to_fit,
)
from skmnist._utils.errors import shown
from skmnist._utils.onednn import StartsAsItsSender
from skmnist._utils.progress import fit_shown
from skmnist._utils.sklearn import BaseComposition, fit_context


class TrainingData(NamedTuple):
    """The validated data that an ensemble is fitted on.

    Workers get its fields as arguments of their own: joblib sends an array that is an argument once
    to each worker of a cluster, but one within an argument with every task.
    """

    X: NDArray[Any]  # rows or images, in the layout in which they were passed
    y: NDArray[Any]
    sample_weight: NDArray[Any] | None
    weighted: frozenset[str]  # the parts that are fitted with the weights

    @property
    def weights(self) -> NDArray[Any]:
        """The weights; 1 for all if none were given."""
        return np.ones(len(self.y)) if self.sample_weight is None else self.sample_weight

    @property
    def metadata(self) -> dict[str, NDArray[Any]] | None:
        """The weights, by the name of their parameter in `fit`."""
        return None if self.sample_weight is None else {"sample_weight": self.sample_weight}

    def fit_parameters(self, part: str) -> dict[str, NDArray[Any]]:
        """Return the arguments of a part's fit besides `X` and `y`."""
        return {"sample_weight": self.weights} if part in self.weighted else {}

    def take(self, rows: NDArray[Any]) -> "TrainingData":
        """Take some of the rows."""
        weights = None if self.sample_weight is None else self.sample_weight[rows]
        return self._replace(X=self.X[rows], y=self.y[rows], sample_weight=weights)

    def without_zeros(self) -> "TrainingData":
        """Leave out the rows of weight zero."""
        if self.sample_weight is None or self.sample_weight.all():
            return self
        return self.take(np.flatnonzero(self.sample_weight))


class Ensemble(
    StartsAsItsSender, CallbackSupportMixin, ClearErrors, MetaEstimatorMixin, BaseEstimator
):
    """A classifier of images that consists of other estimators (abstract).

    Think twice before adding anything to this class: it contains what all ensembles do in the same
    way, and nothing about how a particular one fits or combines its parts.
    """

    classes_: NDArray[Any]
    image_shape_: ImageShape

    # The parts request the weights, as in scikit-learn's meta-estimators, not the ensemble itself.
    __metadata_request__fit = {"sample_weight": UNUSED}

    @in_one_step
    @fit_context(prefer_skip_nested_validation=False)
    @clear_arguments
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit all parts.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.
        y : array-like of shape (n,)
            Class labels, numbers or strings, at least two classes.
        sample_weight : array-like of shape (n,), default=None
            Weight of each sample; zero leaves the sample out. None is 1 for all. With
            scikit-learn's metadata routing enabled, it goes to the parts that request it.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        TypeError
            If a part is not of the kind that the parameter takes, or if weights are given and a
            part that should accept them doesn't.
        ValueError
            If a parameter, `X`, `y` or `sample_weight` is not usable.
        """
        self._parts()  # finds mistakes in them before the data are read
        with fit_shown(self):
            self._fit_parts(self._training_data(X, y, sample_weight))
        return self

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the metadata routing of this object.

        Returns
        -------
        routing : MetadataRouter
            Routes `sample_weight` of `fit` to each part that requests it.
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        for name, (part, method) in self._parts().items():
            mapping = MethodMapping().add(caller="fit", callee=method)
            router.add(**{name: part}, method_mapping=mapping)
        return router

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # -- what each ensemble defines ------------------------------------------------------

    @abstractmethod
    def _parts(self) -> dict[str, tuple[Any, str]]:
        """Return the parts to fit, by name, each with its fitting method; refuse unusable parts."""

    @abstractmethod
    def _find_image_shape(self, rows: NDArray[Any], seen_shape: ImageShape | None) -> ImageShape:
        """Find the shape of one image."""

    @abstractmethod
    def _fit_parts(self, data: TrainingData) -> None:
        """Fit the parts, and set all fitted attributes."""

    def _takes_weights(self, part: Any) -> bool:
        """Return whether a part is given the weights if metadata routing isn't enabled."""
        return has_fit_parameter(part, "sample_weight")

    # -- what all share -----------------------------------------------------------------

    def _training_data(self, X: Any, y: Any, sample_weight: Any) -> TrainingData:
        rows, y, seen_shape = rows_to_fit(self, X, y)
        check_classification_targets(y)
        weights = checked_weights(sample_weight, rows)
        self.image_shape_ = self._find_image_shape(rows, seen_shape)
        self.classes_ = at_least_two(np.unique(y[weights > 0]))
        return TrainingData(
            rows if seen_shape is None else rows.reshape(np.shape(X)),
            y,
            None if sample_weight is None else weights,
            self._weighted_parts(sample_weight),
        )

    def _weighted_parts(self, sample_weight: Any) -> frozenset[str]:
        """Return the names of the parts that are fitted with the weights."""
        parts = self._parts()
        if not get_config()["enable_metadata_routing"]:
            return frozenset(n for n, (part, _) in parts.items() if self._takes_weights(part))
        if sample_weight is None:
            return frozenset()
        routed = process_routing(self, "fit", sample_weight=sample_weight)
        return frozenset(name for name, (_, method) in parts.items() if routed[name][method])

    @contextmanager
    def _reported(self, data: TrainingData, fits: list[str]) -> Iterator[list[Any]]:
        """Report the whole fit to the callbacks; yield a context for each fit that it contains."""
        data = data.without_zeros()
        seen = {"X": data.X, "y": data.y, "metadata": data.metadata}
        task = self._init_callback_context(max_subtasks=len(fits), sequential_subtasks=False)
        task.call_on_fit_task_begin(estimator=self, **seen)
        # All are made before the first is sent to a process, as they refer to one another.
        yield [task.subcontext(name, task_id=i) for i, name in enumerate(fits)]
        task.call_on_fit_task_end(estimator=self, **seen, reconstruction_attributes={})

    def _as_fitted(self, X: Any) -> NDArray[Any]:
        """Validate the input of a prediction, and keep its layout."""
        check_is_fitted(self)
        rows, seen_shape = rows_as_fitted(self, X)
        return rows if seen_shape is None else rows.reshape(np.shape(X))


class NamedEstimators(BaseComposition):
    """An estimator whose `estimators` may be pairs of a name and an estimator (mixin).

    Their parameters are set as ``name__parameter``.
    """

    estimators: Any

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get all parameters, those of named estimators as ``name__parameter``.

        Parameters
        ----------
        deep : bool, default=True
            Whether the parameters of the estimators are returned too.

        Returns
        -------
        params : dict of str to object
        """
        if self._has_names:
            return self._get_params("estimators", deep)
        return super().get_params(deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of named estimators as ``name__parameter``.

        Parameters
        ----------
        **params : objects
            Their names and values.

        Returns
        -------
        self : object
        """
        if "estimators" in params:
            self.estimators = params.pop("estimators")
        if self._has_names:
            return self._set_params("estimators", **params)
        return super().set_params(**params)

    @property
    def _has_names(self) -> bool:
        """Whether all estimators are (name, estimator) pairs."""
        given = self.estimators
        return isinstance(given, list | tuple) and all(map(is_named, given))

    def _check_names(self, names: list[str], advice: str = "Give each another name.") -> None:
        try:
            self._validate_names(names)
        except ValueError as error:
            raise ValueError(f"estimators: {error}. {advice}") from error


def is_named(given: Any) -> bool:
    """Return whether something is a pair of a name and an estimator."""
    return isinstance(given, tuple | list) and len(given) == 2 and isinstance(given[0], str)


def check_classifier(name: str, given: Any, also: str = "") -> None:
    """Refuse a part that is not a classifier; `also` names what else would be accepted."""
    if isinstance(given, type) or not hasattr(given, "fit") or not is_classifier(given):
        raise TypeError(
            f"estimators: {shown(name)} is {shown(given)}; expected an instance of a scikit-learn "
            f"classifier{also}."
        )


def with_weights(default: Any) -> Any:
    """Make a default part request the weights, if it takes any."""
    if get_config()["enable_metadata_routing"] and has_fit_parameter(default, "sample_weight"):
        default.set_fit_request(sample_weight=True)
    return default


@contextmanager
def reported(ensemble: Ensemble, task: Any, part: Any, data: TrainingData) -> Iterator[None]:
    """Report one fit, in whichever process; `part`, if given, gets the callbacks too."""
    seen = {"X": data.X, "y": data.y, "metadata": data.metadata}
    with nullcontext() if part is None else task.propagate_callback_context(part):
        task.call_on_fit_task_begin(estimator=ensemble, **seen)
        yield
    task.call_on_fit_task_end(estimator=ensemble, **seen)


def fits(part: Any, ensemble: Ensemble) -> bool:
    """Return whether a fitted part has the ensemble's classes and number of features."""
    return (
        is_classifier(part)
        and np.array_equal(part.classes_, ensemble.classes_)
        # A Pipeline that begins with "passthrough" has no such attribute.
        and getattr(part, "n_features_in_", ensemble.n_features_in_) == ensemble.n_features_in_
    )
