"""Confidence intervals and significance tests for the comparison of classifiers.

Scores of cross-validation's folds aren't independent, as the folds share training data: a plain
t-test or standard error over folds is too confident. The methods here correct for that, or need
no folds.

References
----------
.. [1] Nadeau & Bengio, "Inference for the generalization error", Machine Learning 52 (2003).
.. [2] Bouckaert & Frank, "Evaluating the replicability of significance tests for comparing
   learning algorithms", PAKDD (2004).
.. [3] Dietterich, "Approximate statistical tests for comparing supervised classification
   learning algorithms", Neural Computation 10 (1998).
.. [4] Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
   (1927).
.. [5] Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
   Statistics 6 (1979).
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


def wilson_interval(n_correct: int, n_total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval [4]_ of an accuracy on one test set.

    Parameters
    ----------
    n_correct, n_total : int
        Number of correctly classified and of all test samples.
    confidence : float, default=0.95
        Fraction of such intervals that contain the true accuracy.

    Returns
    -------
    low, high : float
        Ends of the interval, between 0 and 1.

    Examples
    --------
    >>> from skmnist.comparison import wilson_interval
    >>> low, high = wilson_interval(81, 263)
    >>> print(f"{low:.4f} {high:.4f}")
    0.2553 0.3662
    """
    interval = stats.binomtest(n_correct, n_total).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def resampled_interval(
    scores: ArrayLike, test_train_ratio: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval of the mean score of cross-validation, by the corrected variance [1]_.

    Mean -+ t * sqrt((1/k + n_test/n_train) * var), where t is the quantile of Student's
    distribution with k - 1 degrees of freedom and var the unbiased variance of the k scores.

    Parameters
    ----------
    scores : array-like of shape (k,)
        Score of each fold, k >= 2, each between 0 and 1.
    test_train_ratio : float
        n_test / n_train, which is 1 / (k - 1) in k-fold cross-validation.
    confidence : float, default=0.95
        Fraction of such intervals that contain the true score.

    Returns
    -------
    low, high : float
        Ends of the interval, clipped to 0 and 1.

    Examples
    --------
    >>> from skmnist.comparison import resampled_interval
    >>> low, high = resampled_interval([0.8, 0.9], test_train_ratio=1.0, confidence=0.5)
    >>> print(f"{low:.4f} {high:.4f}")
    0.7634 0.9366
    """
    scores = np.asarray(scores, dtype=float)
    t = stats.t.ppf((1 + confidence) / 2, df=len(scores) - 1)
    low, high = scores.mean() + np.array([-t, t]) * _resampled_error(scores, test_train_ratio)
    return max(float(low), 0.0), min(float(high), 1.0)


def corrected_resampled_ttest(differences: ArrayLike, test_train_ratio: float) -> float:
    """Return the two-sided p-value of equal mean scores of two classifiers over folds [1]_ [2]_.

    The statistic mean / sqrt((1/k + n_test/n_train) * var) has Student's t-distribution with k - 1
    degrees of freedom.

    Parameters
    ----------
    differences : array-like of shape (k,)
        First classifier's score minus the second's, fold by fold, k >= 2.
    test_train_ratio : float
        n_test / n_train, which is 1 / (k - 1) in k-fold cross-validation.

    Returns
    -------
    p_value : float
        1 if all the differences are zero, 0 if they are all equal but not zero.

    Examples
    --------
    >>> from skmnist.comparison import corrected_resampled_ttest
    >>> round(corrected_resampled_ttest([0.01, 0.03], test_train_ratio=0.5), 4)
    0.3918
    """
    differences = np.asarray(differences, dtype=float)
    mean = differences.mean()
    if mean == 0:
        return 1.0
    error = _resampled_error(differences, test_train_ratio)
    t = np.inf if error == 0 else abs(mean) / error
    return float(2 * stats.t.sf(t, df=len(differences) - 1))


def mcnemar_exact(correct: ArrayLike, other_correct: ArrayLike) -> float:
    """Return the two-sided p-value of McNemar's exact test of equal accuracy on one test set [3]_.

    A binomial test: of the samples that only one classifier gets right, each is as likely to be
    the first's as the second's.

    Parameters
    ----------
    correct, other_correct : array-like of bool of shape (n,)
        Whether each classifier is right, sample by sample.

    Returns
    -------
    p_value : float
        1 if they are right on the same samples.

    Examples
    --------
    >>> from skmnist.comparison import mcnemar_exact
    >>> mcnemar_exact([True] * 5 + [False], [False] * 5 + [True])
    0.21875
    """
    correct, other_correct = np.asarray(correct, bool), np.asarray(other_correct, bool)
    only_first = int(np.sum(correct & ~other_correct))
    only_second = int(np.sum(~correct & other_correct))
    if only_first + only_second == 0:
        return 1.0
    return float(stats.binomtest(only_first, only_first + only_second).pvalue)


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Return p-values adjusted for their number by Holm's step-down method [5]_.

    If hypotheses are rejected where the adjusted value is at most 0.05, the probability of any
    false rejection is at most 0.05.

    Parameters
    ----------
    p_values : sequence of float of length m
        P-values of m tests.

    Returns
    -------
    adjusted : ndarray of shape (m,), float64
        Adjusted p-values, in the order given.

    Examples
    --------
    >>> from skmnist.comparison import holm
    >>> print(holm([0.01, 0.04, 0.03, 0.005]))
    [0.03 0.06 0.06 0.02]
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted


def _resampled_error(values: NDArray[np.float64], test_train_ratio: float) -> float:
    return sqrt((1 / len(values) + test_train_ratio) * values.var(ddof=1))
