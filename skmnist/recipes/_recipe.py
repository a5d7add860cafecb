"""A recipe, and the figures that a report gives for it."""

from dataclasses import dataclass
from typing import Any

from skmnist._utils.reprs import ShortRepr

_DECIMALS = {"test_probability": 5}
# What a figure measures, if it is not a test accuracy.
_UNITS = {"training_accuracy": " (training)", "test_probability": " (probability)"}


@dataclass(frozen=True, repr=False)
class Reported(ShortRepr):
    """All figures that a report gives for a network; None for those that it doesn't give.

    Parameters
    ----------
    test_accuracy, training_accuracy : float or None
        In percent.
    test_loss, training_loss : float or None
        Mean loss per sample.
    test_probability : float or None
        Mean probability of the right class.
    n_epochs : int or None
        Epochs until training stopped early.
    n_parameters : int or None
        Number of parameters of the network.
    last_side : int or None
        Side of the last convolution's or pooling's output, in pixels.
    picture : bool
        Whether the report shows its result as a picture, without a figure.

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
        Its purpose.
    reported : Reported, default=Reported()
        The figures of a report, or of a paper if that is the source.
    source : str, default=""
        The report or the paper, and the place in it.
    measure : {"test_accuracy", "training_accuracy", "test_probability"}, default="test_accuracy"
        Which of the figures is compared.
    data : {"mnist", "fashion-mnist", "cifar10", "imdb", "circles", "perceptron"}, default="mnist"
        The data set to which it is applied, by its name in ``skmnist.datasets._registry``.

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
        """The reported figure that ours is compared with; None if there is none."""
        figure: float | None = getattr(self.reported, self.measure)
        return figure

    @property
    def figure_text(self) -> str:
        """The reported figure as tables show it, or "picture" if the report has only a picture."""
        if self.figure is None:
            return "picture" if self.reported.picture else ""
        return f"{self.figure:.{self.decimals}f}"

    @property
    def unit(self) -> str:
        """The text after a figure that is not a test accuracy in tables, such as " (training)"."""
        return _UNITS.get(self.measure, "")

    @property
    def decimals(self) -> int:
        """The number of decimals of this measure's figures."""
        return _DECIMALS.get(self.measure, 2)
