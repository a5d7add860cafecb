"""The parameters that all network classifiers share, described once."""

import re
from inspect import Signature, cleandoc, signature
from textwrap import indent
from typing import Any, TypeVar

from sklearn.base import RegressorMixin

T = TypeVar("T", bound=type)

_SHARED_PARAMETERS = """
epochs : int or "auto", default={epochs!r}
    Number of passes over the training data; can be the resource of successive halving. "auto"
    takes as many as 2,000 steps need, and at least 10, so few samples are seen more often.
batch_size : int, "auto" or None, default={batch_size!r}
    Samples per step. "auto" is a 32nd of the samples, rounded to a power of two between 16 and
    256; None is all of them.
learning_rate : float, default={learning_rate!r}
    Step size; with a schedule, its maximum.
optimizer : str, Optimizer or keras.optimizers.Optimizer, default={optimizer!r}
    One of these names, with Keras's default settings: "adadelta", "adafactor", "adagrad", "adam",
    "adamax", "adamw", "ftrl", "lamb", "lion", "muon", "nadam", "rmsprop", "schedule_free_adamw" or
    "sgd". An ``Optimizer`` also has settings, such as ``Optimizer("sgd", momentum=0.9)``; searches
    set them as ``optimizer__momentum``. A Keras object is copied, never trained itself; it has a
    learning rate of its own, so leave `learning_rate` at its default.
schedule : str or Schedule, default={schedule!r}
    How the learning rate changes: "constant"; "one_cycle", a triangle that peaks after a quarter
    of all steps; "cosine", half a wave down to zero; "plateau", halved when the loss has not
    fallen for three epochs; "invscaling", the inverse square root of the number of steps.
    ``OneCycle``, ``Plateau`` and ``InverseScaling`` objects have settings.
loss : str, callable or keras.losses.Loss, default={loss!r}
    "cross_entropy", "margin" (Sabour et al. 2017), or one of Keras's losses by its function's
    name, such as "mean_squared_error" (or "mse"); "log_loss" is "cross_entropy". It receives
    one-hot labels.
label_smoothing : float, default={label_smoothing!r}
    The fraction of each label that is spread evenly over all classes (Szegedy et al. 2016).
metrics : list of str, keras.metrics.Metric or callable, or None, default={metrics!r}
    Further scores that `history_` records in each epoch, by Keras's names ("auc", "f1_score",
    "top_k_categorical_accuracy"), as its objects, or functions of targets and outputs. Targets are
    one-hot labels; Keras's sparse metrics get class numbers. The accuracy is always recorded.
class_weight : dict, "balanced" or None, default={class_weight!r}
    The weight of each class. The keys of a dict are labels as in `y`; classes that it lacks have
    weight 1. "balanced" weights classes by the inverse of their frequency.
validation_fraction : float or None, default={validation_fraction!r}
    The fraction of each class's samples that is held out for validation in each epoch. None holds
    out 0.1 if `early_stopping` is set, else nothing. Leave it None if `fit` is given `X_val`.
early_stopping : bool, default={early_stopping!r}
    Whether to stop when the validation loss (the training loss if there are no validation
    samples) has stopped falling, and restore the weights of the best epoch.
monitor : {{"auto", "val_loss", "val_accuracy", "loss", "accuracy"}}, default={monitor!r}
    What early stopping watches, by Keras's names. "auto" is the validation loss, or the training
    loss if there are no validation samples. That loss decides which epoch's weights are kept,
    whatever is watched.
n_iter_no_change : int, default={n_iter_no_change!r}
    Epochs without improvement before training stops early.
tol : float, default={tol!r}
    The smallest decrease of the loss that counts as an improvement.
augmentation : str, Augmentation or None, default={augmentation!r}
    Random changes of the training images, new in each epoch: "auto", "shift", "affine", "elastic",
    or an ``Augmentation`` of your own. "shift" moves them by up to two pixels of 28;
    "auto" also mirrors them from left to right if a simple classifier, which judges training images
    that it hasn't seen, recognises mirrored ones of every class equally well;
    "affine" by up to 10 degrees, a tenth in size and a tenth of the width; "elastic" also bends
    them slightly. A single row of pixels is not an image; only ``mixup`` changes it.
dtype : {{"auto", "float32", "mixed_bfloat16", "float64"}}, default={dtype!r}
    The precision of the network. "auto" is mixed bfloat16 if this processor is faster with it,
    else float32; this is measured once per process.
image_shape : tuple (height, width) or (height, width, channels), or None, default={image_shape!r}
    The shape of one image if `X` holds rows. None takes the shape of the images in `X`, or for
    rows a square if they fill one; other rows are one line of pixels, with a warning if they may
    be images in colour. None refuses PyTorch's layout, channels first: pass
    ``np.moveaxis(X, 1, -1)``. A given shape overrides all of this.
pixel_scaling : {{"auto"}} or None, default={pixel_scaling!r}
    "auto" scales pixels to the range that networks expect, by an offset and a scale learned from
    the training data: see `pixel_offset_` and `pixel_scale_`. None leaves them unscaled.
shuffle : bool, default={shuffle!r}
    Whether the samples are put in a new order in each epoch.
callbacks : list of keras.callbacks.Callback or None, default={callbacks!r}
    These objects themselves run in `fit`, as in Keras, and keep what they have recorded. Clones, in
    searches for example, and pickles get copies in the state before the first fit. A callback's own
    numbers, arrays, lists and dicts are copied; other objects that it holds, such as an Optuna
    trial, are shared. A callback that sets the learning rate needs ``schedule="constant"``. Add
    scikit-learn's callbacks with `set_callbacks`.
warm_start : bool, default={warm_start!r}
    Whether `fit` continues from the weights and the optimizer state of the last `fit`.
random_state : int, RandomState instance or None, default={random_state!r}
    Decides the initial weights, the order, the augmentation, the dropout and which samples are held
    out. The same number gives bit-identical results on the same machine. None takes a new number
    from the system; no global generator is read or changed.
verbose : int, default={verbose!r}
    0 is silent; 1 prints one line per epoch, and shows the progress on stderr.
"""

_ATTRIBUTES = """
classes_ : ndarray of shape (n_classes,)
    The class labels; for multi-label `y` the numbers of its columns.
target_type_ : {"binary", "multiclass", "multilabel-indicator"}
    The type of `y`, by scikit-learn's names.
history_ : dict of str to list of float
    One value per epoch of "loss", "accuracy", the `metrics` and "learning_rate", of the same with
    "val_" if there were validation samples, and of what callbacks add to the logs. If training
    continued from an earlier fit, epochs without a value have NaN.
callbacks_ : list of keras.callbacks.Callback
    The callbacks that ran in the last fit. They aren't pickled or saved.
n_epochs_ : int
    Number of epochs trained, over all calls that continued one another.
best_epoch_ : int
    The epoch with the lowest validation loss (training loss if there is none), counted from 1.
augmentation_ : Augmentation or None
    The augmentation that `augmentation` stands for.
n_parameters_ : int
    Number of parameters of the network.
network_ : keras.Model
    The network, to inspect and to export; its input is ``(X - pixel_offset_) / pixel_scale_``.
dtype_ : str
    The precision of the network, as Keras names the dtype policy.
image_shape_ : tuple (height, width, channels)
    The shape of one image.
pixel_offset_ : float
    What is subtracted from pixels: the lowest value of the training data, 0 for most images; the
    mean if the training data are bell-shaped, heavy-tailed or centred, as by a ``StandardScaler``.
pixel_scale_ : float
    What the difference is divided by: the range of the training data, 255 for MNIST; the standard
    deviation if the offset is the mean.
n_features_in_ : int
    Number of pixels of one image.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the columns, if all of the names that `X` has are strings.
"""


# What regressors have in the place of the same entries, and in addition.
_PARAMETERS_OF_REGRESSORS = """
loss : str, callable or keras.losses.Loss, default={loss!r}
    One of Keras's losses by its function's name, such as "mean_squared_error" (or "mse"),
    "mean_absolute_error" or "huber", or a function of targets and outputs that returns one number
    per sample.
metrics : list of str, keras.metrics.Metric or callable, or None, default={metrics!r}
    Further scores that `history_` records in each epoch, by Keras's names ("mae", "r2_score"), as
    its objects, or functions of targets and outputs. They are computed from scaled targets: see
    `target_scaling`.
validation_fraction : float or None, default={validation_fraction!r}
    The fraction of the samples that is held out for validation in each epoch. None holds out 0.1 if
    `early_stopping` is set, else nothing. Leave it None if `fit` is given `X_val`.
monitor : {{"auto", "val_loss", "loss"}}, default={monitor!r}
    What early stopping watches, by Keras's names. "auto" is the validation loss, or the training
    loss if there are no validation samples.
target_scaling : {{"auto"}} or None, default="auto"
    "auto" trains on ``(y - target_offset_) / target_scale_``, the mean and the standard deviation
    of each target, so that targets of any unit are learned equally well; predictions are in the
    unit of `y`, the curves in `history_` in the unit of the scaled targets. None leaves targets as
    they are, and so do losses that depend on their unit, such as "poisson", and own functions.
"""

_ATTRIBUTES_OF_REGRESSORS = """
n_outputs_ : int
    Number of targets.
target_offset_ : ndarray of shape (n_outputs_,)
    What is subtracted from each target.
target_scale_ : ndarray of shape (n_outputs_,)
    What the difference is divided by.
history_ : dict of str to list of float
    One value per epoch of "loss", the `metrics` and "learning_rate", of the same with "val_" if
    there were validation samples, and of what callbacks add to the logs. If training continued from
    an earlier fit, epochs without a value have NaN.
"""
_OF_CLASSES = {"classes_", "target_type_", "history_"}

# The attributes that a classifier without the parameter `image_shape` lacks or describes itself.
_OF_IMAGES = {"image_shape_", "n_features_in_", "network_", "pixel_offset_", "pixel_scale_"}


def describe_shared_parameters(classifier: T) -> T:
    """Complete a classifier's docstring, with its defaults, and shorten what `help` shows of it.

    Parameters
    ----------
    classifier : type
        A class whose docstring has the lines ``%(shared_parameters)s`` and ``%(attributes)s``.
        Parameters that it doesn't have are left out.

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
    # Of the constructor, not of the class, whose subclasses may have constructors of their own.
    constructor: Any = vars(classifier)["__init__"]
    constructor.__signature__ = short = _without_types(signature(constructor))
    defaults = {name: parameter.default for name, parameter in short.parameters.items()}
    of_parameters, of_attributes = dict(_entries(_SHARED_PARAMETERS)), dict(_entries(_ATTRIBUTES))
    if issubclass(classifier, RegressorMixin):
        of_parameters |= _entries(_PARAMETERS_OF_REGRESSORS)
        of_attributes = dict(_entries(_ATTRIBUTES_OF_REGRESSORS)) | {
            name: entry for name, entry in of_attributes.items() if name not in _OF_CLASSES
        }
    parameters = [entry for name, entry in of_parameters.items() if name in defaults]
    attributes = [
        entry
        for name, entry in of_attributes.items()
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
    """Split a section into its entries, each with the first name that it describes."""
    return [(re.split(r"\W", entry)[0], entry) for entry in re.split(r"\n(?=\w)", section.strip())]
