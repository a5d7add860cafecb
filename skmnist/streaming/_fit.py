"""The fit of a network on data that come in batches and are nowhere in memory as a whole."""

from typing import Any

from skmnist._inputs.batches import BatchSource
from skmnist._utils.errors import shown
from skmnist._utils.progress import fit_shown
from skmnist.classifiers._network_estimator import NetworkEstimator


def fit_batches(
    estimator: Any, batches: Any, *, classes: Any = None, validation_data: Any = None
) -> Any:
    """Fit a network on batches of samples that need not fit into memory.

    It is `fit` for what yields its samples one batch after another, with all of the estimator's
    parameters: epochs, schedules, early stopping, callbacks, ``warm_start``.

    Parameters
    ----------
    estimator : NetworkClassifier or NetworkRegressor
        Any network of this package, such as ``CNNClassifier`` or ``KerasClassifier``. It is fitted
        itself, as by its method `fit`.
    batches : keras.utils.PyDataset, tf.data.Dataset, torch DataLoader, iterable or callable
        What yields tuples ``(X, y)`` or ``(X, y, sample_weight)`` of arrays or tensors, each time
        that it is iterated over; or a function that returns such an iterable, such as a generator.
        `X` and `y` are as for `fit`. Batches may have any sizes: they are cut anew to the
        estimator's `batch_size`. Data frames have the same columns in all of them, in one order.
    classes : array-like of shape (n_classes,), default=None
        All classes of a classifier, if there are more than those in `batches`.
    validation_data : tuple of arrays, or as `batches`, default=None
        ``(X_val, y_val)`` or ``(X_val, y_val, sample_weight_val)``, as for `fit`, or what yields
        batches of them.

    Returns
    -------
    estimator : NetworkClassifier or NetworkRegressor
        The same object, fitted.

    Raises
    ------
    TypeError
        If the estimator isn't a network of this package, or `batches` is of another kind, such as a
        generator, which can be read only once, or yields anything but tuples, such as dicts.
    ValueError
        If a batch is not usable, which has its number in the error, `batches` never ends or has
        another number of samples in a later epoch, or a part of the samples was to be held out.

    Warns
    -----
    UserWarning
        If the first pass over `batches` or `validation_data` has no end after five minutes.

    See Also
    --------
    skmnist.predict_batches : Predicts what comes in batches.
    skmnist.CNNClassifier.partial_fit : Learns from a stream without an end, call by call.

    Notes
    -----
    All batches are read once before the first epoch, those of `validation_data` too, and checked.
    From `batches` that pass learns what `fit` learns from all samples: their number, the classes
    and the range of values; of more than 12,000 samples, or 64 MB, the mean and the background are
    those of evenly spaced ones.

    For batches that are dicts, as of Hugging Face's datasets, give a function that yields tuples::

        def batches():
            for batch in dataset.iter(batch_size=100):
                yield batch["image"], batch["label"]

    With ``shuffle=False`` the samples are trained on in the order in which they come. If that is
    the same in all epochs, the result has the bits of `fit` on the same samples. With
    ``shuffle=True`` they are mixed within parts of some 32 MB: for a better mixture, the source has
    to change its order, as a ``DataLoader(shuffle=True)`` does.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier, fit_batches
    >>> X, y = load_digits(return_X_y=True)
    >>> def batches():
    ...     for rows in np.array_split(np.arange(1500), 20):
    ...         yield X[rows], y[rows]
    >>> network = DNNClassifier(hidden_units=(64,), epochs=20, random_state=0)
    >>> fit_batches(network, batches).score(X[1500:], y[1500:]) > 0.8
    True
    """
    if not isinstance(estimator, NetworkEstimator):
        raise TypeError(
            f"estimator={shown(estimator)}; expected a network of this package, such as "
            "CNNClassifier(). Of other estimators some have partial_fit, which takes one batch."
        )
    with fit_shown(estimator):
        return estimator.__skmnist_fit_batches__(
            BatchSource(batches), classes, _validation(validation_data)
        )


def _validation(given: Any) -> Any:
    """Return arrays as a tuple of three, and everything else as a source of batches."""
    if isinstance(given, tuple) and len(given) in (2, 3) and not isinstance(given[0], tuple | list):
        return (*given, None)[:3]
    return None if given is None else BatchSource(given, "validation_data")
