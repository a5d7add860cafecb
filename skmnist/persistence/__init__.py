"""Fitted estimators as files that contain only data.

A file has the safetensors format: the networks' variables are its tensors, everything else is JSON
in its metadata.  Loading calls this package's builders and checks the file's content against them.
Nothing in a file is ever executed or imported: no pickle, no deserialiser of Keras.
"""

from skmnist.persistence._card import model_card
from skmnist.persistence._files import load, save

__all__ = ["load", "model_card", "save"]
