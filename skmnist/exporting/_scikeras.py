"""Conversion of our network classifiers to SciKeras's ``KerasClassifier``.

SciKeras is an optional extra and is imported at the first conversion only, because its import
changes how Keras pickles, for the whole process.  Classes that inherit from it or from Keras
are therefore defined on first use; the module's ``__getattr__`` lets pickle find them by name.
"""

import warnings
from collections.abc import Iterator
from functools import cache, partial
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from skmnist._inputs.images import as_rows, find_image_shape
from skmnist._inputs.pixels import PixelScaling, find_pixel_scaling
from skmnist._inputs.targets import held_out_part
from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown
from skmnist._utils.random import seed_of
from skmnist._utils.sklearn import validate_params
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.training._callbacks import copied
from skmnist.training._losses import find_loss
from skmnist.training._precision import find_dtype
from skmnist.training._schedules import Constant, find_schedule

_CROSS_ENTROPIES = ("cross_entropy", "categorical_crossentropy", "sparse_categorical_crossentropy")


def to_scikeras(estimator: NetworkClassifier, **kwargs: Any) -> Any:
    """Convert a network classifier to a SciKeras classifier with the same network and settings.

    The network's settings become ``model__...`` parameters, the optimizer's ``optimizer__...``,
    those of early stopping and of the schedule ``callbacks__...``, all of which ``GridSearchCV``
    can search.  Like the estimator, it takes rows of pixels or images, finds their shape and
    learns how to scale them.

    Parameters
    ----------
    estimator : NetworkClassifier
        A classifier of this package; only its parameters are read, fitted or not.
    **kwargs : object
        Parameters of ``KerasClassifier`` that replace the converted ones.

    Returns
    -------
    classifier : scikeras.wrappers.KerasClassifier
        Not fitted. With the same integer as `random_state` it begins training with the
        estimator's weights.

    Raises
    ------
    ImportError
        If SciKeras is not installed.
    TypeError
        If `estimator` is not a network classifier.
    ValueError
        If a parameter of the estimator is not usable, or its loss is not a cross-entropy: SciKeras
        trains on class numbers, other losses need one-hot labels.

    Warns
    -----
    UserWarning
        If the estimator has `augmentation`, `label_smoothing`, ``batch_size="auto"`` or
        ``epochs="auto"``, which SciKeras doesn't support: images are not augmented, labels are not
        smoothed, the batch size is 32, and there are 10 epochs. Also if early stopping's `monitor`
        is not "auto", as SciKeras then keeps the weights of the best epoch by that monitor.

    Notes
    -----
    Two things differ in SciKeras itself: the validation part is the last rows, not the same
    fraction of each class; and scikit-learn 1.9 doesn't recognise SciKeras's estimators as
    classifiers (`sklearn.base.is_classifier`), so ``cv=3`` is not stratified: pass a
    ``StratifiedKFold``.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier
    >>> from skmnist.exporting import to_scikeras
    >>> X, y = load_digits(return_X_y=True)
    >>> ours = DNNClassifier(hidden_units=(64,), batch_size=32, random_state=0)
    >>> # Not run: importing SciKeras changes Keras for the whole process.
    >>> theirs = to_scikeras(ours)  # doctest: +SKIP
    >>> theirs.set_params(model__dropout=0.1).fit(X, y).score(X, y) > 0.9  # doctest: +SKIP
    True
    """
    if not isinstance(estimator, NetworkClassifier):
        raise TypeError(
            f"to_scikeras converts the network classifiers of skmnist, not {shown(estimator)}."
        )
    if estimator.__skmnist_architecture__((1, 1, 1), 2, "float32") is None:
        raise TypeError(
            f"{type(estimator).__name__} has a network of your own; give its function to "
            "SciKeras's KerasClassifier itself."
        )
    classifier = _scaled_keras_classifier()
    validate_params(estimator)
    left_behind = list(_left_behind(estimator, kwargs))
    if left_behind:
        warnings.warn(f"SciKeras can't carry over {', '.join(left_behind)}.", stacklevel=2)
    settings = {
        **_model_settings(estimator),
        **_optimizer_settings(estimator),
        **_callback_settings(estimator),
        **_fit_settings(estimator),
    }
    return classifier(**{**settings, **kwargs})


# -- conversion of the settings ---------------------------------------------------------


def _left_behind(estimator: NetworkClassifier, replaced: dict[str, Any]) -> Iterator[str]:
    """Yield the settings that SciKeras doesn't support; raise an error for an unsupported loss."""
    if "loss" not in replaced:
        if find_loss(estimator.loss).name not in _CROSS_ENTROPIES:
            raise ValueError(
                f"loss={shown(estimator.loss)} can't be carried over: SciKeras trains on class "
                "numbers, and this loss needs one-hot labels. Use loss='cross_entropy', or pass "
                "to_scikeras a loss that takes class numbers."
            )
        if estimator.label_smoothing:
            yield f"label_smoothing={estimator.label_smoothing} (labels are not smoothed)"
    if estimator.augmentation is not None:
        yield f"augmentation={shown(estimator.augmentation)} (images are not augmented)"
    if estimator.early_stopping and estimator.monitor != "auto":
        yield f"monitor={shown(estimator.monitor)} (the weights kept are those of its best epoch)"
    if estimator.batch_size == "auto" and "batch_size" not in replaced:
        yield "batch_size='auto' (it is 32)"
    if estimator.epochs == "auto" and "epochs" not in replaced:
        yield "epochs='auto' (it is 10)"


def _model_settings(estimator: NetworkClassifier) -> dict[str, Any]:
    """Return the settings that the network is built from."""
    shared = set(NetworkClassifier._parameter_constraints) - {
        "dtype",
        "image_shape",
        "pixel_scaling",
    }
    own = {n: v for n, v in estimator.get_params(deep=False).items() if n not in shared}
    return {
        "model": partial(network_on_pixels, type(estimator)),
        **{f"model__{name}": value for name, value in own.items()},
    }


def _optimizer_settings(estimator: NetworkClassifier) -> dict[str, Any]:
    """Return the optimizer's class, and those of its settings that differ from Keras's defaults.

    Thus another optimizer that lacks some settings of this one can be set later.
    """
    spec = estimator.__skmnist_optimizer__
    optimizer = spec.make()
    defaults = type(optimizer)().get_config()
    config = {n: v for n, v in optimizer.get_config().items() if v != defaults[n] and n != "name"}
    if spec.learning_rate is None:
        schedule = load_keras().saving.deserialize_keras_object(config["learning_rate"])
        config["learning_rate"] = schedule  # a schedule of Keras
    else:
        is_keras = isinstance(estimator.optimizer, load_keras().Optimizer)
        config["learning_rate"] = spec.learning_rate if is_keras else estimator.learning_rate
    return {
        # By its class: not all of them are known to Keras by their names.
        "optimizer": type(optimizer),
        **{f"optimizer__{name}": value for name, value in config.items()},
    }


def _callback_settings(estimator: NetworkClassifier) -> dict[str, Any]:
    """Return callbacks as classes, so that SciKeras makes new ones for each fit."""
    callbacks: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    schedule = find_schedule(estimator.schedule)
    if schedule != Constant() and estimator.__skmnist_optimizer__.learning_rate is not None:
        callbacks["schedule"] = _scheduled_rate()
        # By its class, as SciKeras makes all that has parameters.
        place = "callbacks__schedule__schedule"
        settings[place] = type(schedule)
        settings |= {f"{place}__{n}": value for n, value in schedule.get_params().items()}
    if estimator.early_stopping:
        callbacks["early_stopping"] = load_keras().callbacks.EarlyStopping
        settings |= {
            "callbacks__early_stopping__monitor": _monitored(estimator),
            "callbacks__early_stopping__min_delta": estimator.tol,
            "callbacks__early_stopping__patience": estimator.n_iter_no_change,
            "callbacks__early_stopping__restore_best_weights": True,
        }
    if estimator.callbacks:
        callbacks["own"] = [copied(callback) for callback in estimator.callbacks]
    return {"callbacks": callbacks or None, **settings}


def _monitored(estimator: NetworkClassifier) -> str:
    if estimator.monitor != "auto":
        return str(estimator.monitor)
    return "val_loss" if _held_out_part(estimator) else "loss"


def _held_out_part(estimator: NetworkClassifier) -> float:
    return held_out_part(estimator.validation_fraction, estimator.early_stopping)


def _fit_settings(estimator: NetworkClassifier) -> dict[str, Any]:
    """Return the settings that SciKeras has too, by the same or another name."""
    batch_size = {"auto": 32, None: -1}.get(estimator.batch_size, estimator.batch_size)
    return {
        "epochs": 10 if estimator.epochs == "auto" else estimator.epochs,
        "batch_size": batch_size,
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
        "validation_split": _held_out_part(estimator),
        "class_weight": estimator.class_weight,
        "shuffle": estimator.shuffle,
        "warm_start": estimator.warm_start,
        "random_state": estimator.random_state,
        "verbose": 2 if estimator.verbose else 0,  # 2 prints one line per epoch
    }


# -- what SciKeras calls ----------------------------------------------------------------


def network_on_pixels(
    classifier: type[NetworkClassifier],
    *,
    meta: dict[str, Any],
    params: dict[str, Any],
    compile_kwargs: dict[str, Any] | None = None,  # noqa: ARG001 (SciKeras gives it)
    image_shape: tuple[int, ...] | None = None,
    dtype: str = "auto",
    **settings: Any,
) -> Any:
    """Build a classifier's network, with the pixels' reshaping before it, for SciKeras's `model`.

    Parameters
    ----------
    classifier : type
        The class of the classifier.
    meta : dict
        What SciKeras learned from the data: ``X_shape_`` and ``n_classes_``.
    params : dict
        SciKeras's parameters; "random_state" determines the weights.
    compile_kwargs : dict, default=None
        Not needed: SciKeras compiles the network.
    image_shape : tuple (height, width) or (height, width, channels), or None, default=None
        The shape of one image if the data are rows, like the classifier's parameter.
    dtype : {"auto", "float32", "mixed_bfloat16", "float64"}, default="auto"
        The precision of the computation, like the classifier's parameter.
    **settings : object
        The classifier's other parameters that determine its network.

    Returns
    -------
    network : keras.Model
        Takes scaled pixels in the shape of the data, returns the probability of each class.

    Examples
    --------
    >>> from skmnist import LeNetClassifier
    >>> from skmnist.exporting._scikeras import network_on_pixels
    >>> meta = {"X_shape_": (1000, 784), "n_classes_": 10}
    >>> network_on_pixels(
    ...     LeNetClassifier, meta=meta, params={"random_state": 0}, dtype="float32"
    ... ).count_params()
    61706
    """
    layers = load_keras().layers
    # They have settings of objects among them, as ``conv_blocks__filters``.
    estimator = classifier(random_state=params["random_state"]).set_params(**settings)
    validate_params(estimator)
    shape = meta["X_shape_"][1:]
    seen = None if len(shape) == 1 else (*shape, 1)[:3]
    wanted = None if image_shape is None else tuple(image_shape)
    image_shape = find_image_shape(prod(shape), wanted, seen)
    architecture = estimator.__skmnist_architecture__(
        image_shape, meta["n_classes_"], find_dtype(dtype)
    )
    assert architecture is not None, "to_scikeras refuses networks of the user's own"
    network = architecture.build(seed_of(estimator.random_state))

    pixels = load_keras().Input(shape, name="pixels")
    outputs = network(layers.Reshape(image_shape, name="as_images")(pixels))
    if outputs.shape[-1] == 1:
        # One neuron: SciKeras's loss needs a column for each of the two classes.
        others = layers.Rescaling(-1.0, offset=1.0, name="first_class")(outputs)
        outputs = layers.Concatenate(name="both_classes")([others, outputs])
    return load_keras().Model(pixels, outputs, name=f"{network.name}_on_pixels")


class PixelScaler(TransformerMixin, BaseEstimator):
    """Scale pixels as the network classifiers do.

    Parameters
    ----------
    pixel_scaling : {"auto"} or None, default="auto"
        Like the classifiers' parameter.

    Attributes
    ----------
    pixel_offset_, pixel_scale_ : float
        Pixels become ``(pixels - pixel_offset_) / pixel_scale_``; see
        `skmnist._inputs.pixels.find_pixel_scaling`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.exporting._scikeras import PixelScaler
    >>> PixelScaler().fit_transform(np.array([[0, 255]], dtype=np.uint8)).tolist()
    [[0.0, 1.0]]
    """

    def __init__(self, pixel_scaling: str | None = "auto") -> None:
        self.pixel_scaling = pixel_scaling

    def fit(self, X: NDArray[Any], y: Any = None) -> Self:
        """Learn the scaling.

        Parameters
        ----------
        X : ndarray of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Training data.
        y : object, default=None
            Not used.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        automatic = self.pixel_scaling is not None
        scaling = find_pixel_scaling(as_rows(X)[0]) if automatic else PixelScaling()
        self.pixel_offset_, self.pixel_scale_ = scaling
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Scale the pixels.

        Parameters
        ----------
        X : ndarray
            Pixels of any real dtype.

        Returns
        -------
        scaled : ndarray of the same shape, float32
            A new array.
        """
        scaling = PixelScaling(self.pixel_offset_, self.pixel_scale_)
        return scaling.apply(X, np.empty(X.shape, np.float32))


@cache
def _scaled_keras_classifier() -> Any:
    load_keras()  # first, so that TensorFlow starts silently
    try:
        from scikeras.wrappers import KerasClassifier
    except ImportError as error:
        raise ImportError(
            "to_scikeras needs SciKeras, which is not installed: pip install scikeras"
        ) from error

    class ScaledKerasClassifier(KerasClassifier):
        """A SciKeras classifier that learns how to scale pixels."""

        __qualname__ = "ScaledKerasClassifier"

        @property
        def feature_encoder(self) -> PixelScaler:
            return PixelScaler(getattr(self, "model__pixel_scaling", "auto"))

    return ScaledKerasClassifier


@cache
def _scheduled_rate() -> Any:
    callback: Any = load_keras().callbacks.Callback

    class ScheduledRate(callback):
        """Sets the learning rate of each step according to a schedule of this package."""

        __qualname__ = "ScheduledRate"

        def __init__(self, schedule: Any) -> None:
            super().__init__()
            self.schedule = schedule
            self.base: float | None = None

        def on_train_begin(self, logs: Any = None) -> None:
            if self.base is None:  # a later fit of the same network starts at the same rate
                self.base = float(self.model.optimizer.learning_rate)
            self.history: dict[str, list[float]] = {}

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.rates = self.schedule.rates(
                self.base, epoch, self.params["epochs"], self.params["steps"], self.history
            )

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.model.optimizer.learning_rate = self.rates[batch]

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            for name, value in logs.items():
                self.history.setdefault(name, []).append(value)

    return ScheduledRate


_MADE_ON_USE = {
    "ScaledKerasClassifier": _scaled_keras_classifier,
    "ScheduledRate": _scheduled_rate,
}


def __getattr__(name: str) -> Any:
    if name not in _MADE_ON_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {shown(name)}")
    return _MADE_ON_USE[name]()
