"""Fitted estimators as files that hold data only.

A file has the safetensors format: the networks' variables are its tensors, all else is JSON in its
metadata.  Loading calls this package's own builders and checks what the file holds against them.
Nothing in a file is ever executed or imported: no pickle, none of Keras's deserialisers.
"""

from skmnist.persistence._files import load, save

__all__ = ["load", "save"]
