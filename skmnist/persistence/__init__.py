"""Fitted estimators as files that contain only data.

A file has the safetensors format: the networks' variables are its tensors, everything else is JSON
in its metadata.  Loading calls this package's builders and checks the file's content against them.
Nothing in a file is ever executed or imported: no pickle, no deserialiser of Keras.

The public names are those of ``__init__.pyi``, loaded on first use: reading JSON that isn't trusted
needs none of the estimators.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
del attach_stub
