"""What a search tries: distributions of each estimator's parameters."""

from collections.abc import Callable
from numbers import Real
from typing import Any

from scipy.stats import loguniform, randint, uniform
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC, LinearSVC

from skmnist._utils.errors import shown, unknown_name
from skmnist.classifiers import (
    CapsNetClassifier,
    CNNClassifier,
    CNNFeatures,
    DNNClassifier,
    LeNetClassifier,
    PretrainedClassifier,
    ResNetClassifier,
)
from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.ensemble import CNNStackingClassifier, CommitteeClassifier, VirtualSVC
from skmnist.networks import PooledBlocks, VGGBlocks
from skmnist.preprocessing import Blur, OrientedGradients
from skmnist.regressors import CNNRegressor, DNNRegressor
from skmnist.text import SequenceCNNClassifier, SequenceDNNClassifier

Space = dict[str, Any]
_SIZES = ["small", "large"]
# Keras's default, for networks whose learning rate the user's function or optimizer decides.
_LEARNING_RATE = 1e-3


def param_space(estimator: Any, size: str = "small") -> Space:
    """Return distributions of an estimator's parameters for a random search.

    They lie around the present values where these are numbers, such as the learning rate.

    Parameters
    ----------
    estimator : estimator or Pipeline
        A network of this package, a classical classifier of scikit-learn that recipes use, or a
        Pipeline or an ensemble of these. It isn't changed.
    size : {"small", "large"}, default="small"
        "small" has the two to four parameters that matter most for each estimator, for ten to
        thirty candidates; "large" has all that are worth a search.

    Returns
    -------
    space : dict of str to list or distribution
        For ``RandomizedSearchCV`` and ``HalvingRandomSearchCV``: names of parameters, with
        ``step__`` for those of a Pipeline's steps, and lists or distributions of
        :mod:`scipy.stats`.

    Raises
    ------
    TypeError
        If nothing is known about the estimator's parameters.
    ValueError
        If `size` is another one.

    Examples
    --------
    >>> from skmnist import DNNClassifier, param_space, recipe
    >>> list(param_space(DNNClassifier()))
    ['learning_rate', 'hidden_units', 'dropout']
    >>> list(param_space(recipe("svm-best")))
    ['pca__n_components', 'svc__C']
    """
    if size not in _SIZES:
        raise unknown_name("size", size, _SIZES)
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(f"estimator={shown(estimator)}; expected an estimator, not its class.")
    space = _space_of(estimator, size)
    if not space:
        others = sorted(
            known.__name__ for known in _SPACES if not issubclass(known, NetworkEstimator)
        )
        raise TypeError(
            f"no distributions are known for the parameters of {' or '.join(_innermost(estimator))}"
            f"; expected one of {', '.join(others)}, a network of this package, or a Pipeline or "
            "an ensemble of these. Write them as a dict of lists or of scipy.stats distributions."
        )
    return space


def _space_of(estimator: Any, size: str) -> Space:
    """Return the space of an estimator and of those inside it; an empty one if none is known."""
    space: Space = {}
    for known, (small, more) in _SPACES.items():
        if isinstance(estimator, known):
            space |= small if size == "small" else small | more
    found = {
        name: values(estimator) if callable(values) else values for name, values in space.items()
    }
    inner = {name: _space_of(part, size) for name, part in _inside(estimator).items()}
    return {name: values for name, values in found.items() if values is not None} | _joined(inner)


def _inside(estimator: Any) -> dict[str, Any]:
    """Return the estimators inside another one, by the names of their parameters' prefixes."""
    if isinstance(estimator, Pipeline):
        return dict(estimator.steps)
    for known, name in _INSIDE.items():
        if isinstance(estimator, known):
            part = getattr(estimator, name)
            return dict(part) if isinstance(part, list) else {name: part}
    return {}


def _innermost(estimator: Any) -> list[str]:
    """Return the names of the classes of the estimators inside another one, or of itself."""
    inside = [part for part in _inside(estimator).values() if isinstance(part, BaseEstimator)]
    return [name for part in inside for name in _innermost(part)] or [type(estimator).__name__]


def _joined(spaces: dict[str, Space]) -> Space:
    return {
        f"{prefix}__{name}": values
        for prefix, space in spaces.items()
        for name, values in space.items()
    }


# -- values that depend on the estimator: functions that return None to leave a parameter out --


def _around(name: str, factor: float, default: float | None = None) -> Callable[[Any], Any]:
    """Vary a parameter around its present value, or a default, if that is a number."""

    def distribution(estimator: Any) -> Any:
        value = estimator.get_params().get(name) or default
        if not isinstance(value, Real):
            return None
        return loguniform(float(value) / factor, float(value) * factor)

    return distribution


def _label_smoothing(estimator: Any) -> Any:
    return uniform(0, 0.2) if estimator.loss == "cross_entropy" else None


def _gamma(estimator: Any) -> Any:
    return _around("gamma", 10)(estimator) or ["scale", "auto"]


def _n_components(estimator: Any) -> Any:
    n: Any = estimator.n_components
    return sorted({max(1, n // 2), max(1, 3 * n // 4), n}) if isinstance(n, int) else None


# -- the spaces ------------------------------------------------------------------------------

_LAYERS = [(128,), (512,), (256, 256), (512, 512)]
_MORE_LAYERS = [*_LAYERS, (64,), (1024, 512), (512, 512, 512)]
_BLOCKS = [PooledBlocks(16), PooledBlocks(32), VGGBlocks(16, 2)]
_MORE_BLOCKS = [*_BLOCKS, PooledBlocks(48), VGGBlocks(32, 2)]
_BATCH_SIZES = [32, 64, 128, 256]

_DENSE: tuple[Space, Space] = (
    {"hidden_units": _LAYERS, "dropout": uniform(0, 0.5)},
    {"hidden_units": _MORE_LAYERS, "activation": ["relu", "elu", "gelu", "tanh"]},
)
_CONVOLUTIONAL: tuple[Space, Space] = (
    {"conv_blocks": _BLOCKS},
    {
        "conv_blocks": _MORE_BLOCKS,
        "hidden_units": [(), (64,), (128,)],
        "dropout": uniform(0, 0.5),
    },
)
_FOREST: tuple[Space, Space] = (
    {"max_features": ["sqrt", "log2", 0.1], "min_samples_leaf": randint(1, 6)},
    {"max_depth": [None, 10, 20], "criterion": ["gini", "entropy"]},
)

# For each class, the small space, and what the large one has in addition or instead.
_SPACES: dict[type, tuple[Space, Space]] = {
    NetworkEstimator: (
        {"learning_rate": _around("learning_rate", 4, _LEARNING_RATE)},
        {
            "learning_rate": _around("learning_rate", 10, _LEARNING_RATE),
            "batch_size": _BATCH_SIZES,
            "schedule": ["constant", "cosine", "one_cycle"],
            "label_smoothing": _label_smoothing,
            "optimizer__weight_decay": _around("optimizer__weight_decay", 10),
        },
    ),
    DNNClassifier: _DENSE,
    DNNRegressor: _DENSE,
    CNNClassifier: _CONVOLUTIONAL,
    CNNRegressor: _CONVOLUTIONAL,
    LeNetClassifier: ({"activation": ["tanh", "relu"]}, {}),
    ResNetClassifier: (
        {"filters": [(8, 16, 32), (16, 32, 64)]},
        {"filters": [(8, 16, 32), (16, 32, 64), (32, 64, 128)], "n_blocks": [1, 2, 3]},
    ),
    CapsNetClassifier: (
        {"n_routings": [1, 2, 3]},
        {"filters": [32, 64, 128], "primary_dim": [4, 8], "class_dim": [8, 16]},
    ),
    PretrainedClassifier: (
        {"hidden_units": [(), (128,), (512,)], "dropout": uniform(0, 0.6)},
        {"fine_tune_learning_rate": _around("fine_tune_learning_rate", 10)},
    ),
    SequenceDNNClassifier: (
        {"embedding_dim": [16, 32, 64], "dropout": uniform(0, 0.5)},
        {"hidden_units": [(), (64,), (250,)]},
    ),
    SequenceCNNClassifier: (
        {"embedding_dim": [16, 32, 64], "kernel_size": [3, 5, 7], "dropout": uniform(0, 0.5)},
        {"filters": [32, 64, 128], "hidden_units": [(), (64,), (250,)]},
    ),
    CNNStackingClassifier: ({"n_components": [32, 64, None]}, {}),
    SVC: ({"C": _around("C", 10)}, {"gamma": _gamma}),
    LinearSVC: ({"C": _around("C", 100)}, {}),
    LogisticRegression: ({"C": _around("C", 100)}, {}),
    RidgeClassifier: ({"alpha": _around("alpha", 100)}, {}),
    KNeighborsClassifier: (
        {"n_neighbors": randint(1, 16), "weights": ["uniform", "distance"]},
        {"p": [1, 2, 3]},
    ),
    RandomForestClassifier: _FOREST,
    ExtraTreesClassifier: _FOREST,
    HistGradientBoostingClassifier: (
        {"learning_rate": _around("learning_rate", 4), "max_leaf_nodes": [15, 31, 63]},
        {
            "l2_regularization": loguniform(1e-6, 10),
            "max_features": [0.1, 0.3, 1.0],
            "min_samples_leaf": randint(5, 50),
        },
    ),
    MLPClassifier: (
        {
            "hidden_layer_sizes": [(64,), (128,), (128, 64)],
            "learning_rate_init": _around("learning_rate_init", 10),
            "alpha": loguniform(1e-6, 1e-1),
        },
        {"batch_size": _BATCH_SIZES},
    ),
    PCA: ({"n_components": _n_components}, {}),
    Blur: ({"sigma": uniform(0.3, 1.2)}, {}),
    OrientedGradients: ({}, {"n_directions": [8, 12, 16], "sigma": uniform(0.3, 0.7)}),
}
# Where the estimators inside another one are.
_INSIDE = {
    CalibratedClassifierCV: "estimator",
    CNNFeatures: "classifier",
    CNNStackingClassifier: "network",
    CommitteeClassifier: "estimators",
    StackingClassifier: "estimators",
    VirtualSVC: "estimator",
    VotingClassifier: "estimators",
}
