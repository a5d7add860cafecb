"""Plots of networks, classifiers and comparisons, in the style of scikit-learn's Display classes.

:class:`ProgressDisplay` shows how a fit gets on.
Confusion matrices are drawn by scikit-learn's :class:`sklearn.metrics.ConfusionMatrixDisplay`,
decision boundaries by its :class:`sklearn.inspection.DecisionBoundaryDisplay`.
"""

from skmnist._utils.progress import ProgressDisplay
from skmnist.display._comparison import draw_comparison
from skmnist.display._history import HistoryDisplay
from skmnist.display._mistakes import MistakesDisplay
from skmnist.display._network import NetworkDisplay
from skmnist.display._reproduction import draw_reproduction
from skmnist.display._scores import ScoresDisplay

__all__ = [
    "HistoryDisplay",
    "MistakesDisplay",
    "NetworkDisplay",
    "ProgressDisplay",
    "ScoresDisplay",
    "draw_comparison",
    "draw_reproduction",
]
