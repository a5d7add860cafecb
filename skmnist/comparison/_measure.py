"""Measurement of one fit of one classifier: scores, times, sizes."""

import pickle
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from math import nan
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.metrics import accuracy_score, log_loss
from sklearn.pipeline import Pipeline

from skmnist._utils.progress import watched
from skmnist._utils.sklearn import safe_indexing
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.training import Plateau
from skmnist.training._interrupts import interrupts_go_through
from skmnist.training._schedules import find_schedule


def seeded(classifier: Any, random_state: int | None) -> Any:
    """Set every ``random_state`` that is None in a classifier."""
    unset = [
        name
        for name, value in classifier.get_params().items()
        if name.split("__")[-1] == "random_state" and value is None
    ]
    return classifier.set_params(**dict.fromkeys(unset, random_state))


def measure(
    classifier: Any,
    X_train: Any,
    y_train: NDArray[Any],
    X_test: Any,
    y_test: NDArray[Any],
    watch: Any = None,
) -> dict[str, Any]:
    """Fit a classifier, let it predict, and return its scores, times and sizes.

    The fit is shown by `watch`, or by what shows the progress in this process.
    """
    judges = judges_of_epochs(classifier, X_test, y_test) if np.isin(y_test, y_train).all() else {}
    start = perf_counter()
    routing = config_context(enable_metadata_routing=True) if judges else nullcontext()
    with routing, interrupts_go_through(), watched(classifier, watch):
        classifier.fit(X_train, y_train, **judges)
    fit_time = perf_counter() - start
    y_pred = classifier.predict(X_test)
    probabilities = (
        classifier.predict_proba(X_test) if hasattr(classifier, "predict_proba") else None
    )
    network = last_step(classifier)
    history = getattr(network, "history_", None)
    return {
        "y_pred": y_pred,
        "confidence": None if probabilities is None else probabilities.max(axis=1),
        "accuracy": float(accuracy_score(y_test, y_pred)),
        "log_loss": _log_loss(y_test, probabilities, classifier),
        "fit_time": fit_time,
        "predict_time_1": _predict_time(classifier, X_test, 1),
        "predict_time_1000": _predict_time(classifier, X_test, 1000),
        "size": _pickled_size(classifier),
        "n_parameters": getattr(network, "n_parameters_", None),
        "history": history if isinstance(history, Mapping) else None,
    }


def judges_of_epochs(classifier: Any, X: Any, y: Any) -> dict[str, Any]:
    """Return the parameters of `fit` that evaluate a network on other samples after each epoch.

    Parameters
    ----------
    classifier : classifier
        Not fitted. If it is a network, or a Pipeline that ends in one, it is set to request them;
        a Pipeline needs metadata routing for that.
    X, y : sequences of length n
        Samples and their labels.

    Returns
    -------
    parameters : dict
        Empty for other classifiers, and if the samples would influence the training.
    """
    network = classifier.steps[-1][1] if isinstance(classifier, Pipeline) else classifier
    if not isinstance(network, NetworkClassifier):
        return {}
    # Whatever reacts to the held-out loss would react to the test set.
    follows = (
        network.early_stopping
        or bool(network.callbacks)
        or isinstance(find_schedule(network.schedule), Plateau)
    )
    if network.validation_fraction or follows:
        return {}
    with config_context(enable_metadata_routing=True):
        network.set_fit_request(X_val=True, y_val=True)
    if classifier is not network:
        classifier.set_params(transform_input=["X_val"])
    return {"X_val": X, "y_val": y}


def _log_loss(y_true: NDArray[Any], probabilities: Any, classifier: Any) -> float:
    if probabilities is None:
        return nan
    return float(log_loss(y_true, probabilities, labels=classifier.classes_))


def last_step(classifier: Any) -> Any:
    """Return the classifier inside of pipelines and searches, such as a network with a history."""
    while True:
        if isinstance(classifier, Pipeline):
            classifier = classifier.steps[-1][1]
        elif hasattr(classifier, "best_estimator_"):
            classifier = classifier.best_estimator_
        else:
            return classifier


def _predict_time(classifier: Any, X: Any, n_images: int) -> float:
    images = safe_indexing(X, np.resize(np.arange(X.shape[0]), n_images))
    return _median_seconds(lambda: classifier.predict(images))


def _median_seconds(call: Callable[[], object]) -> float:
    """Return the median time of at least 3 calls, of more if they are quick."""
    call()  # The first call may compile.
    times: list[float] = []
    while len(times) < 3 or (sum(times) < 0.1 and len(times) < 50):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return median(times)


def _pickled_size(classifier: Any) -> int | None:
    counter = _Counter()
    try:
        pickle.Pickler(counter, protocol=5).dump(classifier)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None
    return counter.n_bytes


class _Counter:
    """A file that counts bytes and keeps none, as a classifier may contain all training data."""

    n_bytes = 0

    def write(self, data: Any) -> int:
        n_bytes = memoryview(data).nbytes
        self.n_bytes += n_bytes
        return n_bytes
