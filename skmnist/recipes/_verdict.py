"""Whether a reported figure is reached, within the spread of single runs, or missed."""

from collections.abc import Sequence
from math import isfinite, sqrt
from statistics import fmean, variance

from skmnist._utils.errors import shown
from skmnist.recipes._recipe import Recipe


def verdict(recipe: Recipe, figures: Sequence[float], n_samples: int) -> str | None:
    """Compare the reported figure with ours.

    Parameters
    ----------
    recipe : Recipe
        Has the reported figure, of a single run by its authors.
    figures : sequence of float
        Our figures, one per seed.
    n_samples : int
        Number of samples that each figure was measured on.

    Returns
    -------
    verdict : {"reached", "within the spread", "missed"} or None
        "reached" if our mean, in the report's decimals, is the reported figure or better; "within
        the spread" if the reported figure is at most two standard deviations of a single run (see
        `spread`) above our mean; "missed" otherwise. None if there is no reported figure.

    Raises
    ------
    ValueError
        If there are no figures, one is not a finite number of at least 0, or there are no samples.

    Examples
    --------
    >>> from skmnist.recipes import RECIPES, verdict
    >>> verdict(RECIPES["martin-dnn"], [98.1, 98.2], n_samples=10_000)
    'within the spread'
    """
    if recipe.figure is None:
        return None
    _check(figures, n_samples)
    mean = fmean(figures)
    if round(mean, recipe.decimals) >= recipe.figure:
        return "reached"
    if recipe.figure <= mean + 2 * spread(recipe, figures, n_samples):
        return "within the spread"
    return "missed"


def _check(figures: Sequence[float], n_samples: int) -> None:
    if not len(figures) or not all(isfinite(figure) and figure >= 0 for figure in figures):
        raise ValueError(f"figures={shown(figures)}; expected finite numbers >= 0, at least one.")
    if n_samples < 1:
        raise ValueError(f"n_samples={shown(n_samples)}; expected at least 1.")


def spread(recipe: Recipe, figures: Sequence[float], n_samples: int) -> float:
    """Estimate the standard deviation of a single run, due to seeds and sampling.

    It is ``sqrt(s**2 + 100**2 * p * (1 - p) / n_samples)``: `s` is the standard deviation over the
    seeds, with n - 1 in the denominator and 0 for a single seed, and the second term, for
    accuracies in percent, the binomial variance of a mean accuracy `p` on `n_samples` samples.

    Parameters
    ----------
    recipe, figures, n_samples
        As in `verdict`.

    Returns
    -------
    spread : float
        In the unit of the figures.

    Examples
    --------
    >>> from skmnist.recipes import RECIPES
    >>> from skmnist.recipes._verdict import spread
    >>> round(spread(RECIPES["martin-dnn"], [99.0], n_samples=10_000), 4)
    0.0995
    """
    of_seeds = variance(figures) if len(figures) > 1 else 0.0
    of_sampling = 0.0
    if recipe.measure.endswith("accuracy"):
        p = fmean(figures) / 100
        of_sampling = 100**2 * p * (1 - p) / n_samples
    return sqrt(of_seeds + of_sampling)
