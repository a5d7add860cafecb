"""Many classifiers in one table: scores, times, sizes and which differences are significant."""

from skmnist.comparison._compare import classifiers_of, compare, default_classifiers
from skmnist.comparison._result import ComparisonResult, FoldResult, Predictions
from skmnist.comparison._significance import (
    corrected_resampled_ttest,
    holm,
    mcnemar_exact,
    resampled_interval,
    wilson_interval,
)

__all__ = [
    "ComparisonResult",
    "FoldResult",
    "Predictions",
    "classifiers_of",
    "compare",
    "corrected_resampled_ttest",
    "default_classifiers",
    "holm",
    "mcnemar_exact",
    "resampled_interval",
    "wilson_interval",
]
