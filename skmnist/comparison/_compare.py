"""Classifiers fitted and tested on the same data."""

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_digits
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import StratifiedKFold, check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import delayed
from sklearn.utils.validation import column_or_1d

from skmnist._inputs.arrays import as_numpy
from skmnist._inputs.targets import as_labels
from skmnist._utils.errors import shown
from skmnist._utils.files import make_folder
from skmnist._utils.progress import Progress, activity, progress_bar
from skmnist._utils.sklearn import safe_indexing
from skmnist._utils.workers import results_of, workers_for
from skmnist.comparison._measure import measure, seeded
from skmnist.comparison._result import ComparisonResult, FoldResult


def compare(
    classifiers: Any = None,
    X: Any = None,
    y: Any = None,
    *,
    X_test: Any = None,
    y_test: Any = None,
    cv: Any = 5,
    random_state: int | None = 0,
    n_jobs: int | None = None,
    verbose: int = 1,
    output: str | os.PathLike[str] | None = None,
) -> ComparisonResult:
    """Compare classifiers on the same data: accuracy, log loss, times, size and significance.

    Without a test set every classifier is cross-validated over the same folds; with one, it is
    fitted once and tested once. Fits run one after the other, so that their times are comparable,
    unless `n_jobs` says otherwise.
    A classifier that fails is reported in the result, and the others continue; Ctrl-C ends the
    comparison and keeps the finished fits.

    Parameters
    ----------
    classifiers : list of classifiers or (name, classifier) pairs, or dict, default=None
        Any scikit-learn classifiers; clones of them are fitted. Classifiers without names are
        named after their classes. None means :func:`default_classifiers`.
    X : array-like of shape (n, n_features) or (n, height, width[, channels]), default=None
        Data to train on; None, with `y` None, means scikit-learn's digits.
    y : array-like of shape (n,), default=None
        Labels of `X`.
    X_test, y_test : array-likes of shapes (n_test, ...) and (n_test,), default=None
        A test set, instead of cross-validation.
    cv : int, splitter or iterable of (train, test) indices, default=5
        Folds; an int means that many stratified, shuffled folds. Not used with a test set.
    random_state : int or None, default=0
        Seeds the folds and every ``random_state`` of a classifier that is None.
    n_jobs : int or None, default=None
        Number of fits at the same time, in processes of joblib; None means 1, unless in a
        :func:`joblib.parallel_config` context, which may be a cluster. The times are then
        those of fits that share cores, caches and memory with each other; no score changes.
    verbose : int, default=1
        If 1 or more, show the progress on stderr, and print the table; 0 prints nothing.
    output : path-like, default=None
        Folder for :meth:`ComparisonResult.save`; None writes nothing.

    Returns
    -------
    result : ComparisonResult
        The table, significance tests, predictions and training histories.

    Raises
    ------
    TypeError
        If `classifiers` holds something that isn't a classifier.
    ValueError
        If the data don't match each other, or names aren't distinct.

    Warns
    -----
    FitFailedWarning
        For each classifier that failed, if `verbose` is 0; else the table names them.

    Notes
    -----
    The interval of an accuracy is Wilson's on one test set, and over folds that of the mean with
    the variance corrected by Nadeau & Bengio (2003). Pairs are tested by McNemar's exact test
    (Dietterich 1998) on one test set, and by the corrected resampled t-test (Nadeau & Bengio 2003,
    Bouckaert & Frank 2004) over folds; p-values are corrected for the number of pairs by Holm's
    method (1979). The tests are functions of :mod:`skmnist.comparison`. If all folds
    have the same score or difference, which has no variance then, Wilson's interval and McNemar's
    test are those of all predictions together. Few folds give rough intervals; ten give better
    ones.

    Prediction times are medians of several calls after a first one that isn't counted. A fit's time
    includes the compilation of a network, but not the import of its backend. After each epoch, a
    network, alone or at the end of a Pipeline, is evaluated on its test samples, for the learning
    curves; that is part of its time, and doesn't influence the training.

    Examples
    --------
    >>> from skmnist import compare, knn, svm
    >>> result = compare({"svm": svm(), "knn": knn()}, cv=3, verbose=0)
    >>> [row["classifier"] for row in result.rows]
    ['svm', 'knn']
    >>> bool(result.rows[0]["accuracy"] > 0.97)
    True
    """
    X, y = _training_data(X, y)
    X_eval, y_eval = _evaluation_data(X, y, X_test, y_test)
    named = _named(default_classifiers() if classifiers is None else classifiers)
    splits = _splits(y, cv, random_state) if X_test is None else _one_split(y, y_eval)
    if output is not None:
        # Before the fits, so that a folder that can't be created wastes no work.
        make_folder(Path(output))
    result = ComparisonResult(named, X_eval, y_eval, len(splits), random_state)
    _run(result, X, y, splits, n_jobs, verbose)
    try:
        if verbose:
            result.print()
        else:
            _warn_of_failures(result)
    finally:  # also if printing fails, as with a closed pipe
        if output is not None:
            with activity("Drawing the pictures", verbose):
                result.save(output)
    return result


def _warn_of_failures(result: ComparisonResult) -> None:
    for name, why in result.failed.items():
        warnings.warn(
            f"{name} failed and isn't in the tables: {why}", FitFailedWarning, stacklevel=3
        )


def default_classifiers(epochs: int | None = None) -> dict[str, Any]:
    """Return three networks and three baselines by name, all of them recipes.

    Gradient boosting is not among them, since its threads busy-wait for each other: if other
    processes use the cores too, seconds become minutes.

    Parameters
    ----------
    epochs : int, default=None
        Epochs of the networks; None means each network's own default.

    Returns
    -------
    classifiers : dict of str to classifier
        Names "dnn", "lenet", "cnn", "svm", "knn" and "random-forest".

    Examples
    --------
    >>> from skmnist.comparison import default_classifiers
    >>> list(default_classifiers())
    ['dnn', 'lenet', 'cnn', 'svm', 'knn', 'random-forest']
    """
    return classifiers_of(("dnn", "lenet", "cnn", "svm", "knn", "random-forest"), epochs)


def classifiers_of(names: Iterable[str], epochs: int | None = None) -> dict[str, Any]:
    """Return recipes by name, with another number of epochs of their networks.

    Parameters
    ----------
    names : iterable of str
        Names of recipes.
    epochs : int, default=None
        Epochs of the networks; None keeps each network's own.

    Returns
    -------
    classifiers : dict of str to classifier

    Examples
    --------
    >>> from skmnist.comparison import classifiers_of
    >>> classifiers_of(["cnn-fast"], epochs=2)["cnn-fast"].epochs
    2
    """
    from skmnist.recipes import recipe, set_epochs

    classifiers = {name: recipe(name) for name in names}
    if epochs is not None:
        for classifier in classifiers.values():
            set_epochs(classifier, epochs)
    return classifiers


# What is compared, and on what


def _training_data(X: Any, y: Any) -> tuple[Any, NDArray[Any]]:
    if X is None and y is None:
        return load_digits(return_X_y=True)
    if X is None or y is None:
        raise ValueError("X and y go together; give both, or neither for scikit-learn's digits.")
    return _checked(X, y, "X", "y")


def _evaluation_data(X: Any, y: NDArray[Any], X_test: Any, y_test: Any) -> tuple[Any, NDArray[Any]]:
    if X_test is None and y_test is None:
        return X, y
    if X_test is None or y_test is None:
        raise ValueError("X_test and y_test go together; give both, or neither to cross-validate.")
    X_test, y_test = _checked(X_test, y_test, "X_test", "y_test")
    unseen = np.setdiff1d(y_test, y)
    if len(unseen):
        raise ValueError(f"y_test holds labels that y lacks: {shown(unseen.tolist())}.")
    return X_test, y_test


def _checked(X: Any, y: Any, X_name: str, y_name: str) -> tuple[Any, NDArray[Any]]:
    X = np.asarray(X) if isinstance(X, list | tuple) else as_numpy(X)
    y = column_or_1d(as_labels(y, y_name))
    try:
        check_consistent_length(X, y)
        check_classification_targets(y)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{X_name} and {y_name} don't fit: {error}") from error
    return X, y


def _named(classifiers: Any) -> dict[str, Any]:
    pairs = _pairs(classifiers)
    if not pairs:
        raise ValueError("classifiers is empty; give at least one, or None for the default ones.")
    for name, classifier in pairs:
        is_estimator = hasattr(classifier, "fit") and not isinstance(classifier, type)
        if not (is_estimator and is_classifier(classifier)):
            raise TypeError(
                f"classifiers: {shown(name)} is {shown(classifier)}; expected an instance of a "
                "scikit-learn classifier."
            )
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"classifiers: names must differ, but these come twice: {twice}.")
    return dict(pairs)


def _pairs(classifiers: Any) -> list[tuple[str, Any]]:
    if isinstance(classifiers, Mapping):
        classifiers = classifiers.items()
    elif isinstance(classifiers, str) or not isinstance(classifiers, Iterable):
        raise TypeError(
            "classifiers must be a list of classifiers, a list of (name, classifier) pairs or a "
            f"dict; got {shown(classifiers)}."
        )
    pairs: list[tuple[str, Any]] = []
    for item in classifiers:
        named = isinstance(item, tuple) and len(item) == 2
        pairs.append((str(item[0]), item[1]) if named else (_new_name(item, dict(pairs)), item))
    return pairs


def _new_name(classifier: Any, taken: Mapping[str, Any]) -> str:
    """Return the name of a classifier's class, numbered if it is taken."""
    name = type(classifier.steps[-1][1] if isinstance(classifier, Pipeline) else classifier)
    candidates = (name.__name__ + (f"-{i}" if i > 1 else "") for i in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate not in taken)


def _splits(y: NDArray[Any], cv: Any, random_state: int | None) -> list[tuple[Any, Any]]:
    if isinstance(cv, Integral):
        _check_class_sizes(y, int(cv))
        cv = StratifiedKFold(int(cv), shuffle=True, random_state=random_state)
    return list(check_cv(cv, y, classifier=True).split(np.empty(len(y)), y))


def _check_class_sizes(y: NDArray[Any], cv: int) -> None:
    """Raise an error if a fold would lack a class, clear also to users who didn't set `cv`."""
    labels, counts = np.unique(y, return_counts=True)
    if counts.max() < cv or counts.min() < 2:
        rarest = labels[counts.argmin()]
        raise ValueError(
            f"cv={cv} folds need {cv} samples of each class, but class {rarest!s} has "
            f"{counts.min()}; give more samples, fewer folds, or a test set."
        )


def _one_split(y: NDArray[Any], y_test: NDArray[Any]) -> list[tuple[Any, Any]]:
    return [(np.arange(len(y)), np.arange(len(y_test)))]


# The fits


def _run(
    result: ComparisonResult,
    X: Any,
    y: NDArray[Any],
    splits: list[tuple[Any, Any]],
    n_jobs: int | None,
    verbose: int,
) -> None:
    # Fold by fold, so that an interrupted comparison has all classifiers on the same folds.
    work = list(product(range(len(splits)), result.classifiers))
    result.n_jobs = workers_for(len(work), n_jobs)

    def tasks(announce: Progress) -> Iterator[Any]:
        for step, (fold, name) in enumerate(work):
            if name not in result.failed:
                text, watch = f"{name}, fold {fold + 1} of {len(splits)}", None
                if result.n_jobs == 1:
                    announce(step, text)
                else:
                    watch = announce.watch(text)
                fresh = seeded(clone(result.classifiers[name]), result.random_state)
                data = X, y, result.X, result.y
                yield delayed(_fit)(name, fold, fresh, *data, *splits[fold], watch)

    try:
        if result.n_jobs == 1:
            with activity("Loading Keras", verbose):
                _load_backend(result.classifiers.values())
        with progress_bar(len(work), verbose, unit="fits") as announce:
            for name, outcome in results_of(tasks(announce), result.n_jobs):
                if name in result.failed:  # begun before its error was known
                    continue
                if isinstance(outcome, str):
                    result.failed[name] = outcome
                else:
                    result.folds.append(outcome)
    except KeyboardInterrupt:
        result.interrupted = True


def _fit(
    name: str,
    fold: int,
    classifier: Any,
    X: Any,
    y: NDArray[Any],
    X_test: Any,
    y_test: NDArray[Any],
    train: Any,
    test: Any,
    watch: Any,
) -> tuple[str, FoldResult | str]:
    """Fit a classifier on one fold, in whichever process; return what was measured, or the error.

    The data are arguments of their own, which a cluster is sent once.
    """
    _load_backend([classifier])
    train_part = safe_indexing(X, train), safe_indexing(y, train)
    test_part = safe_indexing(X_test, test), safe_indexing(y_test, test)
    try:
        measured = measure(classifier, *train_part, *test_part, watch)
    except Exception as error:
        return name, f"{type(error).__name__}: {error}"
    return name, FoldResult(name, fold, len(train), np.asarray(test), **measured)


def _load_backend(classifiers: Iterable[Any]) -> None:
    """Load Keras if it is needed, so that it doesn't count as the first network's fit time."""
    from skmnist._utils.backend import load_keras
    from skmnist.classifiers._network_classifier import NetworkClassifier

    inner = (value for one in classifiers for value in (one, *one.get_params().values()))
    if any(isinstance(value, NetworkClassifier) for value in inner):
        load_keras()
