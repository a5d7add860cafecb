"""What the displays have in common: their colours, their axes."""

from io import BytesIO
from typing import Any

from skmnist._utils.sklearn import check_matplotlib_support

# Okabe & Ito's palette, which colour-blind readers can distinguish too.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#8C8C8C"


def axes(ax: Any, caller: str, **figure: Any) -> tuple[Any, Any]:
    """Return the given axes, or those of a new figure, and their figure."""
    check_matplotlib_support(caller)
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(**figure)
    return ax, ax.figure


def hide_spines(ax: Any, *sides: str) -> None:
    """Hide the lines at these sides of the axes."""
    for side in sides:
        ax.spines[side].set_visible(False)


def figure_of(width: float, height: float) -> Any:
    """Return a figure that pyplot doesn't manage: no window, no backend, nothing left open."""
    check_matplotlib_support("drawing")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def png_of(figure: Any) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    content = BytesIO()
    figure.savefig(content, format="png", dpi=150)
    return content.getvalue()
