"""Whether mirrored images still look like their classes, learned from the training images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

_FEWEST = 1000  # images; fewer are no evidence
_TRAINED, _JUDGED = 2000, 4000
_LONGEST_SIDE = 32
_N_COMPONENTS = 50
# Standard errors.  With a hundred classes, chance reaches it once in some three hundred data sets.
_CRITICAL = 4.0


def mirrors_look_alike(images: Any, labels: NDArray[Any], rows: NDArray[Any], seed: int) -> bool:
    """Return whether a classifier recognises mirrored images as well as the images themselves.

    A linear discriminant analysis is trained on some of the images, and judges others, which it has
    not seen, before and after they are mirrored from left to right.  McNemar's test compares the
    two: over all images, and over those of each class, as a single class of arrows would be enough
    to forbid mirroring.

    Parameters
    ----------
    images : ndarray or RowSource of shape (n, height, width, channels)
        Images.
    labels : ndarray of int of shape (n,)
        Their classes.
    rows : ndarray of int
        The numbers of those to learn from.
    seed : int
        Decides which are used.

    Returns
    -------
    alike : bool
        False also if there are fewer than 1000 images, or if the classifier learns too little to
        judge by.

    Examples
    --------
    Digits don't look like digits in a mirror:

    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skmnist.classifiers._mirroring import mirrors_look_alike
    >>> digits = load_digits()
    >>> images, rows = digits.images[..., None], np.arange(1797)
    >>> mirrors_look_alike(images, digits.target, rows, seed=0)
    False
    """
    if len(rows) < _FEWEST:
        return False
    rows = np.random.default_rng(seed).permutation(rows)[: _TRAINED + _JUDGED]
    n_trained = min(_TRAINED, len(rows) // 2)
    trained, judged = rows[:n_trained], np.sort(rows[n_trained:])
    classes = labels[judged]
    if len(np.unique(labels[trained])) < 2:
        return False
    # So little work is slower in several threads.
    with threadpool_limits(1, "blas"):
        judge = _fitted_judge(_reduced(images[trained]), labels[trained], seed)
        unseen = images[judged]
        right, right_in_mirror = (
            judge.predict(_reduced(each)) == classes for each in (unseen, unseen[:, :, ::-1])
        )
    return _has_learned(right, classes) and not _is_worse(right_in_mirror, right, classes)


def _fitted_judge(rows: NDArray[Any], classes: NDArray[Any], seed: int) -> Any:
    n_components = min(_N_COMPONENTS, rows.shape[1], len(rows) - 1)
    pca = PCA(n_components, svd_solver="randomized", iterated_power=2, random_state=seed)
    return make_pipeline(pca, LinearDiscriminantAnalysis()).fit(rows, classes)


def _reduced(images: NDArray[Any]) -> NDArray[Any]:
    """Return images as rows of floats, large ones reduced by the mean of blocks of pixels."""
    n, height, width, channels = images.shape
    step = -(-max(height, width) // _LONGEST_SIDE)
    pad = [(0, 0), (0, -height % step), (0, -width % step), (0, 0)]
    blocks = np.pad(images, pad, mode="edge").astype(np.float32)
    blocks = blocks.reshape(n, -(-height // step), step, -(-width // step), step, channels)
    return blocks.mean(axis=(2, 4)).reshape(n, -1)


def _has_learned(right: NDArray[Any], classes: NDArray[Any]) -> bool:
    """Return whether more is right than always predicting the most frequent class."""
    guessing = np.unique_counts(classes).counts.max() / len(classes)
    error = np.sqrt(guessing * (1 - guessing) / len(classes))
    return bool(right.mean() > guessing + _CRITICAL * error)


def _is_worse(one: NDArray[Any], other: NDArray[Any], classes: NDArray[Any]) -> bool:
    """Return whether McNemar's test finds fewer right, in all or in any class."""
    lost, won = other & ~one, one & ~other
    for counted in (slice(None), *(classes == each for each in np.unique(classes))):
        n_lost, n_won = lost[counted].sum(), won[counted].sum()
        if n_lost - n_won > _CRITICAL * np.sqrt(n_lost + n_won):
            return True
    return False
