"""What a recipe is, and what a report says of it."""

from dataclasses import dataclass
from typing import Any

from skmnist._utils.reprs import ShortRepr

_DECIMALS = {"test_probability": 5}
# What a figure is of, where it is no test accuracy.
_UNITS = {"training_accuracy": " (training)", "test_probability": " (probability)"}


@dataclass(frozen=True, repr=False)
class Reported(ShortRepr):
    """All figures that a report gives for a network; None where it gives none.

    Parameters
    ----------
    test_accuracy, training_accuracy : float or None
        In percent.
    test_loss, training_loss : float or None
        Mean loss of a sample.
    test_probability : float or None
        Mean probability of the right class.
    n_epochs : int or None
        Epochs that training took until it stopped by itself.
    n_parameters : int or None
        Size of the network.
    last_side : int or None
        Side of the image that leaves the last convolution or pooling, in pixels.
    picture : bool
        Whether the report shows what it reached as a picture, without a figure.

    Examples
    --------
    >>> from skmnist.recipes import Reported
    >>> Reported(test_accuracy=98.17, n_parameters=669_706).test_accuracy
    98.17
    """

    test_accuracy: float | None = None
    test_loss: float | None = None
    training_accuracy: float | None = None
    training_loss: float | None = None
    test_probability: float | None = None
    n_epochs: int | None = None
    n_parameters: int | None = None
    last_side: int | None = None
    picture: bool = False


@dataclass(frozen=True, repr=False)
class Recipe(ShortRepr):
    """A configuration.

    Parameters
    ----------
    estimator : estimator
        A classifier or a Pipeline, not fitted; its ``repr`` shows what differs from the defaults.
    note : str
        What it is for.
    reported : Reported, default=Reported()
        What a report gives for it, or, where the source says so, a paper.
    source : str, default=""
        The report or the paper, and where in it.
    measure : {"test_accuracy", "training_accuracy", "test_probability"}, default="test_accuracy"
        Which figure is compared with the reported one.
    data : {"mnist", "imdb", "circles", "perceptron"}, default="mnist"
        The data set that it is for, by its name in ``skmnist.datasets._registry``.

    Examples
    --------
    >>> from skmnist.recipes import RECIPES
    >>> RECIPES["martin-dnn"].figure
    98.17
    """

    estimator: Any
    note: str
    reported: Reported = Reported()
    source: str = ""
    measure: str = "test_accuracy"
    data: str = "mnist"

    @property
    def figure(self) -> float | None:
        """The reported figure that ours is compared with; None where there is none."""
        figure: float | None = getattr(self.reported, self.measure)
        return figure

    @property
    def figure_text(self) -> str:
        """The reported figure as a table shows it: "picture" where the report only draws it."""
        if self.figure is None:
            return "picture" if self.reported.picture else ""
        return f"{self.figure:.{self.decimals}f}"

    @property
    def unit(self) -> str:
        """What a table writes after a figure that is no test accuracy, such as " (training)"."""
        return _UNITS.get(self.measure, "")

    @property
    def decimals(self) -> int:
        """Decimals that figures of this measure are given in."""
        return _DECIMALS.get(self.measure, 2)
