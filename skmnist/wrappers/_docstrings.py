"""What the estimators of a network of the user's own have in common, described once."""

from inspect import cleandoc
from textwrap import indent
from typing import TypeVar

from skmnist.classifiers._docstrings import describe_shared_parameters

T = TypeVar("T", bound=type)

_NOTES = {
    "arguments": """
The function's own keyword arguments are parameters of the estimator: searches set them, clones
and the representation have them. ``model__name`` means the same as `name`, and sets the
function's argument if the estimator has a parameter of that name too.
""",
    "model": """
The model may be compiled: its optimizer, loss and metrics are used unless the estimator's
parameters replace them.  It may be sequential, functional or a subclass, with one output.  If
it has several inputs, `X` is a dict of arrays by the names of the inputs, a data frame with
columns of those names, or rows with the columns of one input after another.
""",
    "sharing": """
Fits of networks that compute the same share one compiled loop, whatever function made them; a
function, layer or value in the network that has changed since is noticed, unless it is read
from a file or from an installed package.  The function may be called several times in a fit, so
it should only build.

Pickles have a function by its name, so that it must be importable where they are read, or by
its code if it has no name in a module, as a lambda.  The workers of joblib get functions of
``__main__`` too.  A file of ``skmnist.persistence.save`` has only the function's name: give
the function itself to ``skmnist.persistence.load(path, model=build)``.

Keras copies and unpickles objects of classes of your own (losses, optimizers, metrics, layers)
only if they are registered by ``keras.saving.register_keras_serializable``: workers need that.
""",
}


def describe_own_network(estimator: T) -> T:
    """Complete an estimator's docstring with common notes, parameters and attributes.

    Parameters
    ----------
    estimator : type
        A class whose docstring has the lines ``%(arguments)s``, ``%(model)s`` and ``%(sharing)s``,
        and those that `describe_shared_parameters` replaces.

    Returns
    -------
    estimator : type
        The same class.

    Examples
    --------
    >>> from skmnist import KerasRegressor
    >>> "share one compiled loop" in KerasRegressor.__doc__
    True
    """
    text = cleandoc(estimator.__doc__ or "")
    for name, note in _NOTES.items():
        text = text.replace(f"%({name})s", note.strip())
    estimator.__doc__ = indent(text, "    ").strip()
    return describe_shared_parameters(estimator)
