"""The parameters that all network classifiers share, described once."""

import re
from inspect import Signature, cleandoc, signature
from textwrap import indent
from typing import TypeVar

T = TypeVar("T", bound=type)

_SHARED_PARAMETERS = """
epochs : int or "auto", default={epochs!r}
    Times that training goes over the data. A resource for successive halving. "auto" makes as
    many as take 2,000 steps, and at least 10: few samples are seen more often.
batch_size : int, "auto" or None, default={batch_size!r}
    Samples in a step. "auto" takes a 32nd of the samples, rounded to a power of two between 16
    and 256; None takes all of them.
learning_rate : float, default={learning_rate!r}
    Step size; with a schedule, its highest.
optimizer : str, Optimizer or keras.optimizers.Optimizer, default={optimizer!r}
    A name, with Keras's defaults: "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw",
    "ftrl", "lamb", "lion", "muon", "nadam", "rmsprop", "schedule_free_adamw" or "sgd". An
    ``Optimizer`` also has settings, such as ``Optimizer("sgd", momentum=0.9)``; searches reach
    them as ``optimizer__momentum``. A Keras object is never trained itself; it brings its own
    learning rate, so `learning_rate` then keeps its default.
schedule : str or Schedule, default={schedule!r}
    How the learning rate changes: "constant"; "one_cycle", a triangle that peaks after a quarter
    of all steps; "cosine", half a wave down to zero; "plateau", halved when the loss has not
    fallen for three epochs. A ``OneCycle``, ``Cosine`` or ``Plateau`` object has its own
    settings.
loss : str, callable or keras.losses.Loss, default={loss!r}
    "cross_entropy", "margin" (Sabour et al. 2017), or one of Keras's losses by its function's
    name, such as "mean_squared_error" (or "mse"); "log_loss" is "cross_entropy". It is given
    one-hot labels.
label_smoothing : float, default={label_smoothing!r}
    The part of each label that is spread evenly over all classes (Szegedy et al. 2016).
class_weight : dict, "balanced" or None, default={class_weight!r}
    How much each class counts, 1 for those that a dict lacks; its keys are labels as in `y`.
    "balanced" weighs classes by the inverse of their frequency.
validation_fraction : float or None, default={validation_fraction!r}
    The part of the samples, the same of each class, that is held out to judge each epoch. None
    holds out 0.1 where `early_stopping` is set, else nothing. Not used where `fit` is given
    `X_val`.
early_stopping : bool, default={early_stopping!r}
    Whether to stop when the judged loss (on the samples held out; of training, where there are
    none) has stopped falling, and go back to the best epoch's weights.
monitor : {{"auto", "val_loss", "val_accuracy", "loss", "accuracy"}}, default={monitor!r}
    What early stopping watches, by Keras's names. "auto" is the loss on the samples held out, or
    of training where there are none. The weights that are kept are those of the lowest judged loss,
    whatever is watched.
n_iter_no_change : int, default={n_iter_no_change!r}
    Epochs without improvement before training stops early.
tol : float, default={tol!r}
    The least fall of the loss that counts as improvement.
augmentation : {{"shift", "affine", "elastic"}}, Augmentation or None, default={augmentation!r}
    How training images are moved, anew in each epoch: "shift" by up to two pixels of 28;
    "affine" by up to 10 degrees, a tenth in size and a tenth of the width; "elastic" bends them
    lightly as well. A single row of pixels is no picture, and stays as it is.
dtype : {{"auto", "float32", "mixed_bfloat16", "float64"}}, default={dtype!r}
    What the network computes in. "auto" is mixed bfloat16 where this processor is faster in it,
    else float32, measured once a process.
image_shape : tuple (height, width) or (height, width, channels), or None, default={image_shape!r}
    The shape of one image where `X` holds rows. None takes the shape of the images in `X`, or
    finds a square; rows that are no square are one line of pixels, with a warning where they may
    be images in colour. None refuses PyTorch's layout, channels first: give
    ``np.moveaxis(X, 1, -1)``. Where a shape is given, it decides.
pixel_scaling : {{"auto"}} or None, default={pixel_scaling!r}
    "auto" brings pixels to the range that a network takes, by an offset and a scale learned from
    the training data: see `pixel_offset_` and `pixel_scale_`. None takes them as they are.
shuffle : bool, default={shuffle!r}
    Whether each epoch goes over the samples in a new order.
callbacks : list of keras.callbacks.Callback or None, default={callbacks!r}
    They run themselves in `fit`, as in Keras, and hold afterwards what they have recorded. Clones,
    in searches for example, and pickles get copies, as they were before the first fit: of a
    callback's own numbers, arrays, lists and dicts; other objects that it holds, such as a trial of
    optuna, are shared. What sets the
    learning rate needs ``schedule="constant"``. For scikit-learn's callbacks there is
    `set_callbacks`.
warm_start : bool, default={warm_start!r}
    Whether `fit` goes on from the weights and the optimizer of the last `fit`.
random_state : int, RandomState instance or None, default={random_state!r}
    Decides the initial weights, the order, the augmentation, the dropout and what is held out.
    The same number gives the same bits on the same machine. None takes a new number from the
    system; no global generator is read or changed.
verbose : int, default={verbose!r}
    0 is silent; 1 prints a line an epoch.
"""

_ATTRIBUTES = """
classes_ : ndarray of shape (n_classes,)
    The class labels.
history_ : dict of str to list of float
    For each epoch, "loss", "accuracy" and "learning_rate", and "val_loss" and "val_accuracy" where
    samples were held out or given as `X_val`, and what callbacks add to the logs; NaN for epochs
    without, where training went on.
callbacks_ : list of keras.callbacks.Callback
    Those that ran in the last fit. They aren't pickled or saved.
n_epochs_ : int
    Epochs trained, over all calls that went on from one another.
best_epoch_ : int
    The epoch of the lowest judged loss, counted from 1.
n_parameters_ : int
    Numbers that make up the network.
network_ : keras.Model
    The network, to look at and to export; it takes ``(X - pixel_offset_) / pixel_scale_``.
dtype_ : str
    What the network computes in, Keras's name of the policy.
image_shape_ : tuple (height, width, channels)
    The shape of one image.
pixel_offset_ : float
    What is subtracted from pixels: the lowest value of the training data, 0 for most images; the
    mean where the training data are centred, as a ``StandardScaler`` does, or heavy-tailed.
pixel_scale_ : float
    What the difference is divided by: the range of the training data, 255 for MNIST; the standard
    deviation where the offset is the mean.
n_features_in_ : int
    Pixels of one image.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the columns, where `X` has names that are all strings.
"""


# What a classifier without the parameter `image_shape` says in its own words, or hasn't.
_OF_IMAGES = {"image_shape_", "n_features_in_", "network_", "pixel_offset_", "pixel_scale_"}


def describe_shared_parameters(classifier: T) -> T:
    """Complete a classifier's docstring, with its defaults, and shorten what `help` shows of it.

    Parameters
    ----------
    classifier : type
        A class whose docstring has the lines ``%(shared_parameters)s`` and ``%(attributes)s``.
        Parameters that it hasn't are left out.

    Returns
    -------
    classifier : type
        The same class.

    Examples
    --------
    >>> from skmnist import DNNClassifier
    >>> "epochs : int" in DNNClassifier.__doc__
    True
    """
    short = _without_types(signature(classifier))
    classifier.__signature__ = short  # type: ignore[attr-defined]
    defaults = {name: parameter.default for name, parameter in short.parameters.items()}
    parameters = [entry for name, entry in _entries(_SHARED_PARAMETERS) if name in defaults]
    attributes = [
        entry
        for name, entry in _entries(_ATTRIBUTES)
        if "image_shape" in defaults or name not in _OF_IMAGES
    ]
    text = cleandoc(classifier.__doc__ or "")
    text = text.replace("%(shared_parameters)s", "\n".join(parameters).format(**defaults))
    text = text.replace("%(attributes)s", "\n".join(attributes))
    classifier.__doc__ = indent(text, "    ").strip()
    return classifier


def _without_types(long: Signature) -> Signature:
    """Leave names and defaults, which `help` begins with; the types are in the docstring."""
    parameters = (each.replace(annotation=each.empty) for each in long.parameters.values())
    return long.replace(parameters=list(parameters), return_annotation=long.empty)


def _entries(section: str) -> list[tuple[str, str]]:
    """Split a section at its entries, each with the first name that it describes."""
    return [(re.split(r"\W", entry)[0], entry) for entry in re.split(r"\n(?=\w)", section.strip())]
