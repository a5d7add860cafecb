"""Residual networks."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from skmnist._inputs.images import ImageShape
from skmnist._utils.sklearn import Interval
from skmnist.classifiers._docstrings import describe_shared_parameters
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.classifiers._parameters import QUICK_ADAMW, whole_numbers
from skmnist.networks._architecture import Architecture
from skmnist.networks._resnet import residual_network
from skmnist.training import Augmentation
from skmnist.training._schedules import Schedule


@describe_shared_parameters
class ResNetClassifier(NetworkClassifier):
    """A small residual network (ResNet), as designed by He et al. for CIFAR-10.

    A convolution, then stages of blocks; a block has two convolutions of 3 x 3, whose output is
    added to the block's input.  Each stage except the first halves the image's sides.

    Parameters
    ----------
    filters : int or sequence of int, default=(16, 32, 64)
        Feature maps of each stage; no stage has fewer than the one before.
    n_blocks : int, default=1
        Blocks per stage, at most 200.  With three stages a network has ``6 * n_blocks + 2`` layers:
        3 blocks make the paper's ResNet-20.
    %(shared_parameters)s

    Attributes
    ----------
    %(attributes)s

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import ResNetClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = ResNetClassifier(epochs=5, random_state=0).fit(X[::2], y[::2])
    >>> classifier.score(X[1::2], y[1::2]) > 0.9
    True
    """

    _parameter_constraints = {
        **NetworkClassifier._parameter_constraints,
        "filters": ["array-like", Integral],
        "n_blocks": [Interval(Integral, 1, 200, closed="both")],
    }

    def __init__(
        self,
        *,
        filters: int | Sequence[int] = (16, 32, 64),
        n_blocks: int = 1,
        epochs: int | str = 10,
        batch_size: int | str | None = "auto",
        learning_rate: float = 0.01,
        optimizer: Any = QUICK_ADAMW,
        schedule: str | Schedule = "one_cycle",
        loss: Any = "cross_entropy",
        label_smoothing: float = 0.1,
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
        self.n_blocks = n_blocks
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
            residual_network,
            input_shape=image_shape,
            **self._output(n_targets),
            filters=whole_numbers(self.filters, "filters"),
            n_blocks=int(self.n_blocks),
            dtype=dtype,
        )
