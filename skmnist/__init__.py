"""Keras networks as scikit-learn classifiers for small images, MNIST first.

The public names are those of ``__init__.pyi``.  They are loaded on first use, so that
``import skmnist`` imports neither TensorFlow nor Keras.

Examples
--------
>>> import skmnist
>>> skmnist.svm().steps[-1][0]
'svc'
"""

from lazy_loader import attach_stub

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
del attach_stub
