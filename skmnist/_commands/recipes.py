"""``skmnist recipes``."""

from skmnist._commands.interface import LOADING
from skmnist._utils.progress import activity


def recipes() -> None:
    """List the recipes, with their purpose and the reported figures."""
    with activity(LOADING):
        from rich.console import Console

        from skmnist.reports import table_of_recipes

    Console().print(table_of_recipes())
