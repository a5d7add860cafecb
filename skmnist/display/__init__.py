"""Pictures of networks, classifiers and comparisons, as scikit-learn's Display classes draw them.

The confusion matrix is scikit-learn's own :class:`sklearn.metrics.ConfusionMatrixDisplay`, the
decision boundary its :class:`sklearn.inspection.DecisionBoundaryDisplay`.
"""

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
    "ScoresDisplay",
    "draw_comparison",
    "draw_reproduction",
]
