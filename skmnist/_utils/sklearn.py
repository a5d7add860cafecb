"""The one place where private names of scikit-learn are used.

scikit-learn may change them in any release: then this module is the one to update.  Names are
exported without their underscores, and private methods as functions.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import numpy as np
from sklearn.base import _fit_context

# Messages of callbacks to the process that shows them, through a socket.
from sklearn.callback._transport import close_listener, open_listener, send

# `X[rows]` for arrays, lists and data frames alike.
from sklearn.utils import _safe_indexing as safe_indexing

# Errors about a missing optional package, in scikit-learn's words.
from sklearn.utils._optional_dependencies import check_matplotlib_support, check_pandas_support

# The vocabulary of `_parameter_constraints`, and the error of a parameter outside of them.
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
    validate_parameter_constraints,
)

# The parameters that differ from their defaults.
from sklearn.utils._pprint import _changed_params as changed_parameters

# `get_params` and `set_params` of an estimator that holds (name, estimator) pairs.
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition

# Limits the threads of linear algebra in a method.
from sklearn.utils.parallel import _threadpool_controller_decorator as threadpool_limited

# Weights as an array of one finite number per sample.
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

# Gives a meta-estimator a method only if the estimator in it has that method.
from sklearn.utils.validation import _estimator_has as estimator_has

__all__ = [
    "BaseComposition",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "StrOptions",
    "callbacks_of",
    "changed_parameters",
    "check_matplotlib_support",
    "check_pandas_support",
    "check_sample_weight",
    "close_listener",
    "estimator_has",
    "fit_context",
    "fit_single_estimator",
    "open_listener",
    "parameter_names",
    "plain_types",
    "safe_indexing",
    "send",
    "set_random_states",
    "threadpool_limited",
    "tree_types",
    "unchecked_types",
    "validate_parameter_constraints",
    "validate_params",
    "validate_steps",
]


Method = TypeVar("Method", bound=Callable[..., Any])


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Method], Method]:
    """Have a fitting method check the estimator's parameters first.

    Parameters
    ----------
    prefer_skip_nested_validation : bool
        Whether estimators in the estimator need not check theirs, which are known to be right.

    Returns
    -------
    decorator : callable
        Keeps the type of the method, which scikit-learn's own loses.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> from skmnist._utils.sklearn import fit_context
    >>> class Constant(BaseEstimator):
    ...     _parameter_constraints = {}
    ...     @fit_context(prefer_skip_nested_validation=True)
    ...     def fit(self, X, y=None):
    ...         return self
    >>> Constant().fit([[0]])
    Constant()
    """
    decorator: Callable[[Method], Method] = _fit_context(
        prefer_skip_nested_validation=prefer_skip_nested_validation
    )
    return decorator


def set_random_states(estimator: Any, generator: Any) -> None:
    """Set every `random_state` in an estimator to a drawn seed, as scikit-learn's ensembles do.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.svm import SVC
    >>> from skmnist._utils.sklearn import set_random_states
    >>> classifier = SVC()
    >>> set_random_states(classifier, np.random.RandomState(0))
    >>> classifier.random_state
    209652396
    """
    # Imported on use, as it imports all of scikit-learn's ensembles.
    from sklearn.ensemble._base import _set_random_states

    _set_random_states(estimator, generator)


def fit_single_estimator(*args: Any, **kwargs: Any) -> Any:
    """Fit one estimator of an ensemble, with a clear error if it doesn't accept weights.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from skmnist._utils.sklearn import fit_single_estimator
    >>> fit_single_estimator(DummyClassifier(), [[0], [1]], [0, 0], {}).classes_
    array([0])
    """
    from sklearn.ensemble._base import _fit_single_estimator

    return _fit_single_estimator(*args, **kwargs)


def parameter_names(estimator_class: Any) -> list[str]:
    """Return the sorted names of an estimator's parameters, from its class alone.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmnist._utils.sklearn import parameter_names
    >>> parameter_names(StandardScaler)
    ['copy', 'with_mean', 'with_std']
    """
    return list(estimator_class._get_param_names())


def callbacks_of(estimator: Any) -> list[Any]:
    """Return the callbacks that were set on an estimator.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmnist._utils.sklearn import callbacks_of
    >>> callbacks_of(LogisticRegression())
    []
    """
    return list(getattr(estimator, "_skl_callbacks", ()))


def validate_params(estimator: Any) -> None:
    """Check an estimator's parameters, as `fit` does.

    Raises
    ------
    ValueError
        If a parameter is outside of its constraints.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from skmnist._utils.sklearn import validate_params
    >>> validate_params(SVC(C=2.0))
    """
    estimator._validate_params()


def validate_steps(pipeline: Any) -> None:
    """Check the names and the kinds of a Pipeline's steps, as its `fit` does.

    Raises
    ------
    ValueError
        If names are not distinct, or contain "__".
    TypeError
        If a step has no `transform`, or the last one no `fit`.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmnist._utils.sklearn import validate_steps
    >>> validate_steps(make_pipeline(StandardScaler()))
    """
    pipeline._validate_steps()


@cache
def search_type() -> type:
    """Return the base of scikit-learn's searches.

    Examples
    --------
    >>> from skmnist._utils.sklearn import search_type
    >>> search_type().__name__
    'BaseSearchCV'
    """
    from sklearn.model_selection._search import BaseSearchCV

    return BaseSearchCV


def neighbors_of(estimator: Any) -> tuple[Any, Any]:
    """Return the samples and the class numbers that a fitted classifier of neighbours keeps.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skmnist._utils.sklearn import neighbors_of
    >>> neighbors_of(KNeighborsClassifier(1).fit([[0], [1]], ["a", "b"]))[1].tolist()
    [0, 1]
    """
    return estimator._fit_X, estimator._y


def boosted_trees(estimator: Any) -> tuple[Any, Any]:
    """Return the trees of each iteration of a fitted histogram boosting, and the first scores."""
    return estimator._predictors, estimator._baseline_prediction


def n_discriminants(estimator: Any) -> int:
    """Return how many components a fitted linear discriminant analysis transforms to."""
    n: int = min(estimator._max_components, estimator.scalings_.shape[1])
    return n


@cache
def tree_types() -> tuple[type, type, tuple[Any, Any]]:
    """Return the types of trees, of boosted trees, and the dtypes of their nodes.

    Examples
    --------
    >>> from skmnist._utils.sklearn import tree_types
    >>> [made.__name__ for made in tree_types()[:2]]
    ['Tree', 'TreePredictor']
    """
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
    from sklearn.tree._tree import NODE_DTYPE, Tree

    return Tree, TreePredictor, (np.dtype(NODE_DTYPE), np.dtype(PREDICTOR_RECORD_DTYPE))


@cache
def plain_types() -> tuple[type, ...]:
    """Return private classes in fitted estimators that hold only data and other estimators.

    Examples
    --------
    >>> from skmnist._utils.sklearn import plain_types
    >>> "Bunch" in [made.__name__ for made in plain_types()]
    True
    """
    from sklearn.calibration import (
        _CalibratedClassifier,
        _SigmoidCalibration,
        _TemperatureScaling,
    )
    from sklearn.metrics._scorer import _MultimetricScorer, _PassthroughScorer, _Scorer
    from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
    from sklearn.utils import Bunch

    scorers = (_MultimetricScorer, _PassthroughScorer, _Scorer)
    calibrators = (_CalibratedClassifier, _SigmoidCalibration, _TemperatureScaling)
    return (Bunch, AdamOptimizer, SGDOptimizer, *scorers, *calibrators)


@cache
def unchecked_types() -> dict[str, tuple[type, ...]]:
    """Return the estimators whose compiled code trusts their fitted attributes, by their kind.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from skmnist._utils.sklearn import unchecked_types
    >>> isinstance(SVC(), unchecked_types()["libsvm"])
    True
    """
    from sklearn.ensemble._forest import BaseForest
    from sklearn.ensemble._gb import BaseGradientBoosting
    from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import (
        BaseHistGradientBoosting,
    )
    from sklearn.svm._base import BaseLibSVM
    from sklearn.tree import BaseDecisionTree

    return {
        "tree": (BaseDecisionTree,),
        "trees": (BaseForest, BaseGradientBoosting),
        "boosting": (BaseHistGradientBoosting,),
        "libsvm": (BaseLibSVM,),
    }
