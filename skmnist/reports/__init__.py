"""Recipes trained again: the reports' figures beside ours, and folders with all results.

:func:`reproduce` trains one recipe, :func:`reproduce_all` several of them.
"""

from skmnist.reports._data import Split, part_of
from skmnist.reports._reproduce import reproduce
from skmnist.reports._reproduction import Reproduction
from skmnist.reports._reproductions import Reproductions, reproduce_all
from skmnist.reports._summary import table_of_recipes

__all__ = [
    "Reproduction",
    "Reproductions",
    "Split",
    "part_of",
    "reproduce",
    "reproduce_all",
    "table_of_recipes",
]
