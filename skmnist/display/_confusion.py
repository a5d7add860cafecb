"""Confusion matrices as a picture."""

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import ConfusionMatrixDisplay

from skmnist.display._drawing import figure_of, png_of

_MOST_COLUMNS = 3
_LONGEST_SIDE_BY_SIDE = 5  # letters


def draw_confusion(
    matrices: Mapping[str, NDArray[Any]], labels: Sequence[Any] | NDArray[Any]
) -> bytes:
    """Draw the confusion matrix of each classifier, and return a PNG.

    Parameters
    ----------
    matrices : dict of str to ndarray of shape (n_labels, n_labels)
        Counts, true labels in rows, by the classifier's name.
    labels : sequence of length n_labels
        The labels.

    Returns
    -------
    png : bytes
    """
    side = max(4.5, 0.5 * len(labels) + 1)
    n_columns = min(_MOST_COLUMNS, ceil(sqrt(len(matrices))))
    n_rows = ceil(len(matrices) / n_columns)
    figure = figure_of((side + 0.5) * n_columns, side * n_rows)
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, (name, matrix) in zip(axes, matrices.items(), strict=False):
        _plot_confusion(ax, matrix, labels, name)
    for ax in axes[len(matrices) :]:
        ax.set_axis_off()
    return png_of(figure)


def _plot_confusion(
    ax: Any, matrix: NDArray[Any], labels: Sequence[Any] | NDArray[Any], name: str
) -> None:
    from matplotlib.colors import PowerNorm

    # The square root makes the few mistakes visible beside the many correct predictions.
    im_kw = {"cmap": "Blues", "norm": PowerNorm(0.5, vmin=0)}
    names = [str(label).replace("$", r"\$") for label in labels]  # which would begin a formula
    display = ConfusionMatrixDisplay(matrix, display_labels=names)
    rotation = "vertical" if max(map(len, names)) > _LONGEST_SIDE_BY_SIDE else "horizontal"
    display.plot(ax=ax, colorbar=False, im_kw=im_kw, values_format=",d", xticks_rotation=rotation)
    for text, count in zip(display.text_.flat, matrix.flat, strict=True):
        text.set_alpha(1 if count else 0.3)
    ax.set_title(f"{name}: {np.trace(matrix):,} of {matrix.sum():,} right", fontsize="medium")
