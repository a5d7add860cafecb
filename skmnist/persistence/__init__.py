"""Fitted estimators as files that contain only data, and model cards.

A file has the safetensors format: the networks' variables and the arrays of scikit-learn's objects
are its tensors, everything else is JSON in its metadata.  Loading calls this package's builders,
and skops for scikit-learn's objects, and checks the file's content against them.  Nothing in a file
is ever executed: no pickle, no deserialiser of Keras.

The public names are those of ``__init__.pyi``, loaded on first use: reading JSON that isn't trusted
needs none of the estimators.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
del attach_stub
