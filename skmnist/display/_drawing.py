"""What the displays do alike: their colours, their axes."""

from typing import Any

from sklearn.utils._optional_dependencies import check_matplotlib_support

# Okabe & Ito's palette, told apart by colour-blind readers too.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#8C8C8C"


def axes(ax: Any, caller: str, **figure: Any) -> tuple[Any, Any]:
    """Take the given axes, or make those of a new figure."""
    check_matplotlib_support(caller)
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(**figure)
    return ax, ax.figure


def hide_spines(ax: Any, *sides: str) -> None:
    """Leave out the lines at these sides of the axes."""
    for side in sides:
        ax.spines[side].set_visible(False)
