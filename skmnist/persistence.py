"""Fitted classifiers as files that hold data only.

A file has the safetensors format: the network's variables are its tensors, all else is JSON in its
metadata.  Loading calls this package's own builders and checks what the file holds against them.
Nothing in a file is ever executed or imported: no pickle, none of Keras's deserialisers.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields
from math import isfinite, prod
from os import PathLike, fspath
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save as as_safetensors
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skmnist import classifiers
from skmnist._backend import load_keras
from skmnist._errors import unknown_name
from skmnist._files import write
from skmnist._network_classifier import NetworkClassifier
from skmnist._provenance import versions
from skmnist.classifiers._sequence_classifier import MOST_WORDS, SequenceClassifier
from skmnist.inference import Predictor
from skmnist.networks import Architecture, ConvBlock
from skmnist.networks.sequence import UNKNOWN
from skmnist.training.augmentation import Augmentation
from skmnist.training.precision import DTYPES
from skmnist.training.schedules import Constant, Cosine, OneCycle, Plateau

_FORMAT_VERSION = 1
_CLASSIFIERS: dict[str, type[NetworkClassifier]] = {
    name: getattr(classifiers, name) for name in classifiers.__all__
}
_OBJECTS: dict[str, Callable[..., Any]] = {
    made.__name__: made for made in (Augmentation, Constant, ConvBlock, Cosine, OneCycle, Plateau)
}
_PYTHON_TYPES: dict[str, type] = {
    "bool": bool,
    **{f"{sign}int{bits}": int for sign in ("", "u") for bits in (8, 16, 32, 64)},
    **{f"float{bits}": float for bits in (16, 32, 64)},
    "str": str,
    "object": str,
}
_TENSOR_TYPES = {
    "F32": "float32",
    "F64": "float64",
    "I32": "int32",
    "I64": "int64",
    "U32": "uint32",
}
_SECTIONS = ("format_version", "class", "parameters", "classes", "learned", "versions")
_INSTEAD = {
    "callbacks": "None",
    "loss": "the name of one of Keras's losses",
    "optimizer": "the optimizer's name, and its settings as parameters",
    "random_state": "a whole number or None",
    "schedule": "a schedule's name, OneCycle, Cosine or Plateau",
}


def save(estimator: NetworkClassifier, path: str | PathLike[str]) -> None:
    """Save a fitted classifier to one file that holds data only.

    Parameters
    ----------
    estimator : NetworkClassifier
        A fitted network classifier of this package.
    path : str or path-like
        Where to; a file that is there is replaced, at once or not at all.

    Raises
    ------
    TypeError
        If `estimator` is anything else, such as a pipeline, or has a parameter or class labels
        that are not plain data: a Keras optimizer or loss, callbacks, a ``RandomState``.
    ValueError
        If the network's parameters were changed after the fit, or its weights aren't finite.
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.

    Notes
    -----
    Saved are the parameters and all that was learned.  Not saved are the optimizer's state, so a
    loaded classifier goes on training with a new optimizer, what ``set_callbacks`` and
    ``set_fit_request`` were told, and attributes that the user added.  Parameters that are arrays
    come back as lists.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier
    >>> from skmnist.persistence import load, save
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = DNNClassifier(hidden_units=(16,), epochs=1, random_state=0).fit(X, y)
    >>> with TemporaryDirectory() as folder:
    ...     save(classifier, Path(folder) / "digits.safetensors")
    ...     same = load(Path(folder) / "digits.safetensors")
    >>> bool((same.predict_proba(X) == classifier.predict_proba(X)).all())
    True
    """
    _refuse_unsavable(estimator)
    predictor = estimator._predictor_
    content = {
        "format_version": _FORMAT_VERSION,
        "class": type(estimator).__name__,
        "parameters": _encoded_parameters(estimator),
        "classes": _encoded_labels(estimator.classes_),
        "learned": _encoded_learned(estimator),
        "versions": versions("safetensors"),
    }
    _unfitted(content)  # what can't be loaded is not written
    names = [name for name, _, _ in _variables_of(predictor.architecture)]
    tensors = {
        name: _finite(name, np.asarray(value, order="C"))
        for name, value in zip(names, predictor.variables, strict=True)
    }
    write(Path(path), as_safetensors(tensors, {"skmnist": json.dumps(content, allow_nan=False)}))


def load(path: str | PathLike[str]) -> Any:
    """Load a classifier that `save` has written.

    The file may come from anyone: it is read as data, every part of it is checked, and no more
    memory is taken than the file is large.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    estimator : NetworkClassifier
        Fitted; on the same machine its probabilities are those of the classifier saved, bit by
        bit.

    Raises
    ------
    ValueError
        If the file is not one that `save` has written, or is damaged.
    OSError
        If the file can't be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skmnist.persistence import load
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.safetensors"
    ...     _ = path.write_bytes(b"anything else")
    ...     load(path)
    Traceback (most recent call last):
    ValueError: ...model.safetensors can't be loaded as a classifier that skmnist saved: ...
    """
    load_keras()  # its own errors are none of the file's
    with _named_in_errors(path), safe_open(path, framework="np") as file:
        content = _content(file.metadata())
        estimator = _unfitted(content)
        learned = _decoded_learned(content["learned"], estimator)
        learned["classes_"] = _decoded_labels(content["classes"])
        estimator.__dict__.update(learned)
        architecture = estimator._architecture(
            learned["image_shape_"], len(learned["classes_"]), learned["dtype_"]
        )
        variables = _checked_variables(file, architecture)
    predictor = Predictor(architecture, variables, learned["pixel_scale_"])
    estimator._predictor_ = predictor
    estimator.n_parameters_ = predictor.n_parameters
    estimator._optimizer_state_ = None
    return estimator


@contextmanager
def _named_in_errors(path: Any) -> Iterator[None]:
    """Name the file in whatever goes wrong because of what it holds."""
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(
            f"{path} can't be loaded as a classifier that skmnist saved: {error}"
        ) from error


# -- the classifier and its parameters ---------------------------------------------------


def _refuse_unsavable(estimator: Any) -> None:
    if isinstance(estimator, Pipeline):
        raise TypeError(
            "A Pipeline can't be saved as data; save its last step, pipeline[-1], or use skops "
            "or joblib for the whole."
        )
    if type(estimator) not in _CLASSIFIERS.values():
        raise TypeError(
            f"{estimator!r} can't be saved as data; expected a fitted object of one of "
            f"{', '.join(_CLASSIFIERS)}. For other estimators use skops or joblib."
        )
    check_is_fitted(estimator)
    now = estimator._architecture(estimator.image_shape_, len(estimator.classes_), estimator.dtype_)
    if now != estimator._predictor_.architecture:
        raise ValueError(
            "The network's parameters have changed since it was fitted. Set them back, or fit "
            "again, before saving."
        )


def _content(metadata: dict[str, str] | None) -> dict[str, Any]:
    """Read the JSON, which must be of our version and have our sections."""
    metadata = metadata or {}
    if set(metadata) != {"skmnist"}:
        raise ValueError("expected 'skmnist', and nothing else, in the file's metadata.")
    content = json.loads(metadata["skmnist"], parse_float=_number, parse_constant=_number)
    if not isinstance(content, dict) or content.get("format_version") != _FORMAT_VERSION:
        raise ValueError(
            f"expected format version {_FORMAT_VERSION}; a file of a later version needs a newer "
            "skmnist."
        )
    return _with_keys(content, _SECTIONS, "its JSON")


def _number(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} in its JSON; expected finite numbers.")
    return number


def _with_keys(value: Any, expected: Iterable[str], where: str) -> dict[str, Any]:
    """Refuse anything but a dict of exactly these keys."""
    expected = sorted(expected)
    if not isinstance(value, dict) or sorted(value) != expected:
        found = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise ValueError(f"{where} holds {_shortened(found)}; expected exactly {expected}.")
    return value


def _unfitted(content: dict[str, Any]) -> NetworkClassifier:
    """Make the classifier of our own table, its parameters checked but not yet fitted."""
    name, parameters = content["class"], content["parameters"]
    if not isinstance(name, str) or name not in _CLASSIFIERS:
        raise unknown_name("class", str(name), _CLASSIFIERS)
    known = _CLASSIFIERS[name]._get_param_names()
    for parameter in _of_type(parameters, dict, "parameters"):
        if parameter not in known:
            raise unknown_name(f"{name}: parameter", parameter, known)
    if parameters.get("callbacks"):
        raise ValueError("callbacks are in the file; expected none, for they are no data.")
    # A parameter that is newer than the file has its default.
    estimator = _CLASSIFIERS[name](**{key: _decoded(value) for key, value in parameters.items()})
    estimator._validate_params()
    return estimator


def _encoded_parameters(estimator: NetworkClassifier) -> dict[str, Any]:
    encoded = {}
    for name, value in estimator.get_params(deep=False).items():
        try:
            encoded[name] = _encoded(value)
        except TypeError as error:
            instead = _INSTEAD.get(name, "numbers, strings or this package's own objects")
            raise TypeError(
                f"{name}={value!r} can't be saved as data: {error}. Change it by "
                f"set_params({name}=...) before saving, to {instead}; or use joblib."
            ) from error
    return encoded


def _encoded(value: Any) -> Any:
    """Turn plain values, and objects of our own table, into what JSON can say."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, PathLike):
        value = fspath(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, list):
        return [_encoded(item) for item in value]
    if isinstance(value, tuple):
        return {"type": "tuple", "items": [_encoded(item) for item in value]}
    if isinstance(value, dict):
        return {"type": "dict", "items": [_encoded(list(pair)) for pair in value.items()]}
    if type(value) in _OBJECTS.values():
        settings = {field.name: _encoded(getattr(value, field.name)) for field in fields(value)}
        return {"type": type(value).__name__, "fields": settings}
    raise TypeError(f"{value!r} is no finite number, string, list, tuple, dict or setting of ours")


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = str(value.get("type"))
    if kind in _OBJECTS:
        return _object(kind, _with_keys(value, ("type", "fields"), kind)["fields"])
    if kind not in ("tuple", "dict"):
        raise unknown_name("type", kind, ["tuple", "dict", *_OBJECTS])
    items = _of_type(_with_keys(value, ("type", "items"), kind)["items"], list, kind)
    return (tuple if kind == "tuple" else dict)(_decoded(items))


def _object(kind: str, settings: Any) -> Any:
    """Make an object of our own table, each field of the type that its class declares."""
    settings = {k: _decoded(v) for k, v in _of_type(settings, dict, kind).items()}
    types = get_type_hints(_OBJECTS[kind])
    for name, value in settings.items():
        if name not in types:
            raise unknown_name(f"{kind}: parameter", name, types)
        _of_type(value, types[name], f"{kind}: {name}")
    return _OBJECTS[kind](**settings)


def _of_type(value: Any, declared: Any, where: str) -> Any:
    """Refuse a value that isn't of the type declared; a whole number also is a float."""
    kinds = get_args(declared) if isinstance(declared, UnionType) else (declared,)
    kinds = tuple(get_origin(kind) or kind for kind in kinds)
    if not isinstance(value, (*kinds, int) if float in kinds else kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"{where} is {_shortened(value)}; expected {expected}.")
    return value


# -- the classes -------------------------------------------------------------------------


def _encoded_labels(classes: NDArray) -> dict[str, Any]:
    dtype = "str" if classes.dtype.kind == "U" else classes.dtype.name
    labels = classes.tolist()
    if not all(type(label) is _PYTHON_TYPES.get(dtype) for label in labels):
        raise TypeError(
            f"Class labels of dtype {classes.dtype} can't be saved as data: {labels[0]!r}, ...; "
            "fit on numbers, strings or booleans, or use joblib."
        )
    return {"dtype": dtype, "labels": labels}


def _decoded_labels(section: Any) -> NDArray:
    section = _with_keys(section, ("dtype", "labels"), "classes")
    dtype, labels = section["dtype"], section["labels"]
    if not isinstance(dtype, str) or dtype not in _PYTHON_TYPES:
        raise unknown_name("classes: dtype", str(dtype), _PYTHON_TYPES)
    if not _is_list_of(_PYTHON_TYPES[dtype], labels) or len(labels) < 2:
        raise ValueError(f"classes are {_shortened(labels)}; expected two or more of {dtype}.")
    classes = np.array(labels, dtype=dtype)
    if np.unique(classes).tolist() != labels:
        raise ValueError(f"classes are {_shortened(labels)}; expected {dtype}, ascending.")
    return classes


# -- what else was learned ---------------------------------------------------------------


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is kind for item in value)


def _is_image_shape(value: Any) -> bool:
    return _is_list_of(int, value) and len(value) == 3 and min(value) >= 1


def _is_history(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_list_of(float, one) for one in value.values())


_LEARNED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "image_shape_": (_is_image_shape, "height, width and channels"),
    "pixel_scale_": (lambda value: type(value) is float and value > 0, "a number > 0"),
    "dtype_": (lambda value: value in DTYPES and value != "auto", f"one of {DTYPES[1:]}"),
    "n_features_in_": (_is_count, "a whole number"),
    "feature_names_in_": (lambda value: value is None or _is_list_of(str, value), "names or null"),
    "n_epochs_": (_is_count, "a whole number"),
    "best_epoch_": (_is_count, "a whole number"),
    "_seed_": (lambda value: _is_count(value) and value < 2**31, "a whole number under 2**31"),
}
_OF_SEQUENCES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "n_words_": (
        lambda value: _is_count(value) and UNKNOWN < value <= MOST_WORDS,
        f"a whole number over {UNKNOWN}, of at most {MOST_WORDS}",
    ),
}


def _rules(estimator: NetworkClassifier) -> dict[str, tuple[Callable[[Any], bool], str]]:
    """Say what each learned attribute must be; some classifiers have more histories than one."""
    history = _is_history, "a list of numbers for each name"
    of_words = _OF_SEQUENCES if isinstance(estimator, SequenceClassifier) else {}
    return {**_LEARNED, **of_words, **dict.fromkeys(estimator._histories, history)}


def _encoded_learned(estimator: NetworkClassifier) -> dict[str, Any]:
    learned: dict[str, Any] = {name: getattr(estimator, name, None) for name in _rules(estimator)}
    names = learned["feature_names_in_"]
    return learned | {
        "image_shape_": list(estimator.image_shape_),
        "feature_names_in_": None if names is None else names.tolist(),
        **{name: _as_floats(learned[name]) for name in estimator._histories},
    }


def _as_floats(history: dict[str, Any]) -> dict[str, list[float]]:
    return {name: [float(value) for value in values] for name, values in history.items()}


def _decoded_learned(section: Any, estimator: NetworkClassifier) -> dict[str, Any]:
    rules = _rules(estimator)
    learned = dict(_with_keys(section, rules, "learned"))
    for name, (is_right, expected) in rules.items():
        if not is_right(learned[name]):
            raise ValueError(f"{name} is {_shortened(learned[name])}; expected {expected}.")
    n_pixels, names = prod(learned["image_shape_"]), learned.pop("feature_names_in_")
    if learned["n_features_in_"] != n_pixels or (names is not None and len(names) != n_pixels):
        raise ValueError(
            f"n_features_in_ and feature_names_in_ don't fit image_shape_, of {n_pixels} pixels."
        )
    if names is not None:
        learned["feature_names_in_"] = np.array(names, dtype=object)
    return learned | {"image_shape_": tuple(learned["image_shape_"])}


# -- the network's variables -------------------------------------------------------------


def _variables_of(architecture: Architecture) -> list[tuple[str, tuple[int, ...], Any]]:
    """Tell the name, shape and dtype of each variable, in order, without making any of them."""

    def describe() -> list[tuple[str, tuple[int, ...], Any]]:
        with load_keras().StatelessScope(initialize_variables=False):
            network = architecture.build(seed=0)
        return [(v.path, tuple(v.shape), np.dtype(v.dtype)) for v in network.variables]

    # In a thread of its own: Keras keeps a list a thread of the variables that it has yet to
    # make, and numbers the names it makes up from the thread's start.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(describe).result()


def _checked_variables(file: Any, architecture: Architecture) -> list[NDArray]:
    """Read the variables; refuse a file that lacks one or has others."""
    expected = _variables_of(architecture)
    names, found = [name for name, _, _ in expected], sorted(file.keys())
    if found != sorted(names):
        lacking, unknown = sorted(set(names) - set(found)), sorted(set(found) - set(names))
        raise ValueError(
            f"its tensors are not the network's: lacking {_shortened(lacking)}, unknown "
            f"{_shortened(unknown)}."
        )
    # All shapes first: a network that is larger than the file is never made.
    for name, shape, dtype in expected:
        _check_tensor(file.get_slice(name), name, shape, dtype)
    return [
        _finite(name, file.get_tensor(name)).astype(dtype, copy=False)
        for name, _, dtype in expected
    ]


def _check_tensor(tensor: Any, name: str, shape: tuple[int, ...], dtype: Any) -> None:
    found_shape, found = tuple(tensor.get_shape()), _TENSOR_TYPES.get(tensor.get_dtype(), "void")
    # Each backend has whole numbers of its own width for the state of its random draws.
    both_whole = dtype.kind in "iu" and np.dtype(found).kind in "iu"
    if found_shape != shape or not (found == dtype.name or both_whole):
        raise ValueError(
            f"tensor {name} is {tensor.get_dtype()} of shape {found_shape}; expected "
            f"{dtype} of shape {shape}."
        )


def _finite(name: str, values: NDArray) -> NDArray:
    if not np.isfinite(values).all():
        raise ValueError(f"tensor {name} holds NaN or infinity; expected finite numbers.")
    return values


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:100] + "..."
