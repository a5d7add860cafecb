"""Capsule networks."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from skmnist._inputs.images import ImageShape
from skmnist._utils.sklearn import Interval
from skmnist.classifiers._docstrings import describe_shared_parameters
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.networks._architecture import Architecture
from skmnist.networks._capsnet import capsule_network
from skmnist.training import Augmentation
from skmnist.training._schedules import Schedule

_SIZES = (
    "filters",
    "n_primary_maps",
    "primary_dim",
    "class_dim",
    "n_routings",
    "kernel_size",
)


@describe_shared_parameters
class CapsNetClassifier(NetworkClassifier):
    """A capsule network with dynamic routing (CapsNet), as designed by Sabour et al. for MNIST.

    Two convolutions compute small vectors, the primary capsules; each predicts the vector of every
    class, and is routed to the classes for which most of the others predict the same.  The length
    of a class's vector, from 0 to 1, indicates whether the class is present; lengths are scaled to
    sum to 1 as probabilities.  There is no decoder that reconstructs the image.

    The default network is smaller than the paper's, which has ``filters=256`` and
    ``n_primary_maps=32``: 6,804,224 parameters for images of 28 x 28 and 10 classes.

    Parameters
    ----------
    filters : int, default=64
        Feature maps of the first convolution.
    n_primary_maps : int, default=8
        Primary capsules at each position of the second convolution.
    primary_dim : int, default=8
        Dimension of a primary capsule.
    class_dim : int, default=16
        Dimension of a class's capsule.
    n_routings : int, default=3
        Routing iterations, at most 20; with 1, each capsule is routed to all classes equally.
    kernel_size : int, default=9
        Side of both convolutions' square kernels, in pixels; at most half of the image's side.
    %(shared_parameters)s

    Attributes
    ----------
    %(attributes)s

    Notes
    -----
    The paper reports a test error on MNIST of 0.35 % for three routings without reconstruction,
    and of 0.25 % with it.

    References
    ----------
    S. Sabour, N. Frosst and G. E. Hinton, "Dynamic routing between capsules", NeurIPS 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import CapsNetClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = CapsNetClassifier(epochs=10, random_state=0).fit(X[::2], y[::2])
    >>> classifier.score(X[1::2], y[1::2]) > 0.9
    True
    """

    _parameter_constraints = {
        **NetworkClassifier._parameter_constraints,
        **{name: [Interval(Integral, 1, None, closed="left")] for name in _SIZES},
        # Each iteration is compiled to operations of its own.
        "n_routings": [Interval(Integral, 1, 20, closed="both")],
    }

    def __init__(
        self,
        *,
        filters: int = 64,
        n_primary_maps: int = 8,
        primary_dim: int = 8,
        class_dim: int = 16,
        n_routings: int = 3,
        kernel_size: int = 9,
        epochs: int | str = 5,
        batch_size: int | str | None = "auto",
        learning_rate: float = 0.003,
        optimizer: Any = "adam",
        schedule: str | Schedule = "one_cycle",
        loss: Any = "margin",
        label_smoothing: float = 0.0,
        metrics: Sequence[Any] | None = None,
        class_weight: dict[Any, float] | str | None = None,
        validation_fraction: float | None = None,
        early_stopping: bool = False,
        monitor: str = "auto",
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        augmentation: str | Augmentation | None = "shift",
        dtype: str = "auto",
        image_shape: Sequence[int] | None = None,
        pixel_scaling: str | None = "auto",
        shuffle: bool = True,
        callbacks: Sequence[Any] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.filters = filters
        self.n_primary_maps = n_primary_maps
        self.primary_dim = primary_dim
        self.class_dim = class_dim
        self.n_routings = n_routings
        self.kernel_size = kernel_size
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.schedule = schedule
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.metrics = metrics
        self.class_weight = class_weight
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.monitor = monitor
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.augmentation = augmentation
        self.dtype = dtype
        self.image_shape = image_shape
        self.pixel_scaling = pixel_scaling
        self.shuffle = shuffle
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _architecture(self, image_shape: ImageShape, n_targets: int, dtype: str) -> Architecture:
        return Architecture.of(
            capsule_network,
            input_shape=image_shape,
            n_outputs=n_targets,
            **{name: int(getattr(self, name)) for name in _SIZES},
            dtype=dtype,
        )
