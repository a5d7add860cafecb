"""Fitted estimators as files that contain only data, and model cards.

A file has the safetensors format: the networks' variables and the arrays of scikit-learn's objects
are its tensors, everything else is JSON in its metadata.  Loading calls this package's builders,
and skops for scikit-learn's objects, and checks the file's content against them.  Nothing in a file
is ever executed: no pickle, no deserialiser of Keras.
"""

from skmnist.persistence._card import model_card
from skmnist.persistence._files import load, save

__all__ = ["load", "model_card", "save"]
