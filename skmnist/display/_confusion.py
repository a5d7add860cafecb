"""A confusion matrix as a picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import ConfusionMatrixDisplay

from skmnist.display._drawing import figure_of, png_of


def draw_confusion(matrix: NDArray, labels: Sequence[Any] | NDArray, name: str) -> bytes:
    """Draw a confusion matrix into a PNG.

    Parameters
    ----------
    matrix : ndarray of shape (n_labels, n_labels)
        Counts, true labels in rows.
    labels : sequence of length n_labels
        The labels.
    name : str
        The classifier's name, for the title.

    Returns
    -------
    png : bytes
    """
    from matplotlib.colors import PowerNorm

    side = max(4.5, 0.5 * len(labels) + 1)
    figure = figure_of(side + 0.5, side)
    ax = figure.subplots()
    # The root brings out the few mistakes beside the many right ones.
    im_kw = {"cmap": "Blues", "norm": PowerNorm(0.5, vmin=0)}
    display = ConfusionMatrixDisplay(matrix, display_labels=labels)
    display.plot(ax=ax, colorbar=False, im_kw=im_kw, values_format=",d")
    for text, count in zip(display.text_.flat, matrix.flat, strict=True):
        text.set_alpha(1 if count else 0.3)
    ax.set_title(f"{name}: {np.trace(matrix):,} of {matrix.sum():,} right", fontsize="medium")
    return png_of(figure)
