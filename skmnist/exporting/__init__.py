"""Conversion of estimators for other libraries, and files that need none of ours.

The public names are those of ``__init__.pyi``.  They are loaded on first use, so that a program
that only calls `load_exported` imports neither scikit-learn nor Keras.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
del attach_stub
