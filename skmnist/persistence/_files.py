"""Saving a fitted estimator to a file, and loading it."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from errno import EISDIR
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.numpy import save as as_safetensors

from skmnist._utils.backend import load_keras
from skmnist._utils.files import write
from skmnist._utils.provenance import versions
from skmnist._utils.tensor_files import check_header, digest, finite_number, open_tensors
from skmnist.persistence._checks import is_count, shortened
from skmnist.persistence._fitted import (
    architecture_of,
    decoded_fitted,
    encoded_fitted,
    new_store,
)
from skmnist.persistence._limits import check_length
from skmnist.persistence._models import check_models, given
from skmnist.persistence._optimizers import (
    encoded_optimizers,
    names_of_states,
    restore_optimizers,
)
from skmnist.persistence._variables import read_variables, tensors_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The second one has archives of scikit-learn's objects; the rest is written as the first, which
# older versions of this package read.
_FORMAT_VERSIONS = (1, 2)
_RELEASE = re.compile(r"\d{1,4}(\.\d{1,4}){1,3}")
_SUFFIXES_OF_OTHERS = {
    ".gz",
    ".h5",
    ".hdf5",
    ".joblib",
    ".json",
    ".keras",
    ".npy",
    ".npz",
    ".onnx",
    ".pickle",
    ".pkl",
    ".pt",
    ".pth",
    ".skops",
    ".tar",
    ".zip",
}


def save(estimator: Any, path: str | os.PathLike[str], *, include_optimizer: bool = False) -> None:
    """Save a fitted estimator to one file that contains only data.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of this package or of scikit-learn, with any of the other in it: a
        network, a committee or a stack; a Pipeline with any of scikit-learn's steps; a search;
        ``CalibratedClassifierCV``, ``VotingClassifier``, ``FrozenEstimator`` and others. Objects of
        scikit-learn need the package skops (``skmnist[skops]``).
    path : str or path-like
        Path of the file, such as "model.safetensors"; "~" is the home folder. An existing file is
        replaced atomically and keeps its mode; if it is a symbolic link, its target is replaced.
    include_optimizer : bool, default=False
        Whether to save the optimizer's state too, so that `partial_fit`, or `fit` with
        ``warm_start=True``, goes on after `load` with the same bits as without saving. The file is
        then up to three times as large. Only trainings that go on keep such a state: `partial_fit`,
        and `fit` with ``warm_start=True``.

    Raises
    ------
    TypeError
        If `estimator` is or contains an object of another class, such as one of your own, a
        function in a ``FunctionTransformer``, or has a parameter or class labels that are not plain
        data: a Keras optimizer or loss, callbacks, a Pipeline's memory. It names the type.
    ImportError
        If skops is needed and not installed.
    ValueError
        If a network's parameters were changed after the fit, its weights aren't finite, two
        functions of ``KerasClassifier`` have the same name, or `path` has the suffix of another
        format, such as ".keras".
    OSError
        If the file can't be written, as on a full disk; an existing file then stays as it was.
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.

    Notes
    -----
    The parameters and everything learned are saved.  Of the function of a ``KerasClassifier`` or
    ``KerasRegressor``, the file has the arguments and the name, "module:function", which is never
    imported; of a model as template, it has "keras.Model:" and the model's name.

    scikit-learn's own objects are written as its version has them: another version issues its
    ``InconsistentVersionWarning`` on loading, and may not understand them.  A search keeps all that
    it has found, ``cv_results_`` too.  ``docs/format.md`` describes the format.

    Not saved are the optimizer's state unless `include_optimizer` is set, so that training goes on
    with a new optimizer, the settings of ``set_callbacks`` and ``set_fit_request``, and attributes
    that the user added.  Parameters that are arrays are loaded as lists; class labels of very
    different lengths are loaded as an array of objects, as NumPy would pad them all to the longest.

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
    path = Path(path).expanduser()
    _check_suffix(path)
    store = new_store()
    part = encoded_fitted(estimator, "", store)
    # What can't be loaded is not written.
    text = _as_text(part)
    check_length(text)
    decoded_fitted(json.loads(text), "", new_store(models=store.models, tensors=store.arrays))
    tensors = dict(store.arrays)
    for place, network in store.networks.items():
        predictor = network.__skmnist_predictor__
        tensors |= tensors_of(place, predictor.architecture, predictor.variables)
    format_version = _FORMAT_VERSIONS[store.n_archives > 0]
    with_packages = ("safetensors", "skops") if store.n_archives else ("safetensors",)
    content = {"format_version": format_version, **part, "versions": versions(*with_packages)}
    if include_optimizer:
        content["optimizers"], states = encoded_optimizers(store.networks)
        tensors |= states
    content["sha256"] = digest(sorted(tensors.items()), _as_text(content))
    whole = as_safetensors(tensors, {"skmnist": _as_text(content)})
    check_header(whole)
    write(path, whole)


def load(path: str | os.PathLike[str], *, model: Any = None) -> Any:
    """Load an estimator that `save` has written.

    The file need not be trusted: it is read as data, every part of it is checked, no layer is built
    that its tensors can't fill, and damage is detected by its SHA-256.  Of scikit-learn's objects
    only those of types that skops trusts are made; the compiled code of some relies on what they
    have learned, so that a forged one may end the process when it predicts.

    Parameters
    ----------
    path : str or path-like
        The file; "~" is the home folder.
    model : callable, keras.Model or dict, default=None
        The function, or the template, of the ``KerasClassifier`` or ``KerasRegressor`` in the file.
        If several functions are in it, a dict of them by their names in the file, which the error
        without `model` lists. A function is called with the arguments that are in the file, which
        may be anybody's numbers and strings; no values are made for its variables before their
        shapes are found in the file.

    Returns
    -------
    estimator : estimator
        Fitted; on the same machine its predictions are bitwise those of the saved estimator, unless
        TensorFlow runs with oneDNN in one process only.

    Raises
    ------
    TypeError
        If `model` is neither a function nor a Keras model.
    ValueError
        If the file is not one that `save` has written, is damaged, or has a newer format, whose
        release the error names; if `model` is missing or not needed, or its network doesn't fit.
    ImportError
        If it has objects of scikit-learn, and skops is not installed.
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
    ValueError: ...model.safetensors can't be loaded as an estimator that skmnist saved: ...
    """
    path = str(Path(path).expanduser())
    if Path(path).is_dir():
        raise IsADirectoryError(
            EISDIR, "it is a folder; expected the path of a file that save has written", path
        )
    check_models(model)
    load_keras()  # before, as its errors aren't the file's
    with _named_in_errors(path), open_tensors(path) as file:
        content = _content(file.metadata())
        _check_digest(content, file)
        store = new_store(models=given(model, content), tensors=_Tensors(file))
        estimator = decoded_fitted(_of_estimator(content), "", store)
        architectures = {
            place: architecture_of(network) for place, network in store.networks.items()
        }
        not_variables = store.taken | names_of_states(file)
        variables = read_variables(file, architectures, not_variables)
        for network, values in zip(store.networks.values(), variables, strict=True):
            network.__skmnist_setvariables__(values)
        for features in store.features:
            features.__skmnist_complete__()
        restore_optimizers(content.get("optimizers", {}), file, store.networks)
    return estimator


class _Tensors(Mapping[str, "NDArray[Any]"]):
    """The tensors of a file, each read when it is asked for."""

    def __init__(self, file: Any) -> None:
        self._file, self._names = file, frozenset(file.keys())

    def __getitem__(self, name: str) -> "NDArray[Any]":
        if name not in self._names:
            raise KeyError(name)
        tensor: NDArray[Any] = self._file.get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@contextmanager
def _named_in_errors(path: Any) -> Iterator[None]:
    """Name the file in errors that its content causes."""
    try:
        yield
    except (ImportError, MemoryError, OSError):
        raise
    except Exception as error:
        raise ValueError(
            f"{path} can't be loaded as an estimator that skmnist saved: {error}"
        ) from error


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() in _SUFFIXES_OF_OTHERS:
        raise ValueError(
            f"path='{path}' has the suffix of another format; expected .safetensors, which this "
            f"file will be: '{path.with_suffix('.safetensors')}'."
        )


def _content(metadata: dict[str, str] | None) -> dict[str, Any]:
    """Return the content of the JSON; raise an error unless it has our version."""
    metadata = metadata or {}
    if set(metadata) != {"skmnist"}:
        raise ValueError("expected 'skmnist', and nothing else, in the file's metadata.")
    text = metadata["skmnist"]
    check_length(text)
    content = json.loads(text, parse_float=finite_number, parse_constant=finite_number)
    if not isinstance(content, dict) or content.get("format_version") not in _FORMAT_VERSIONS:
        raise ValueError(_other_format(content if isinstance(content, dict) else {}))
    if "versions" not in content:
        raise ValueError("its JSON has no 'versions'; expected those that it was saved with.")
    return content


def _other_format(content: dict[str, Any]) -> str:
    """Return the message for a format that isn't known, with the release that wrote it."""
    found, of_file = content.get("format_version"), content.get("versions")
    known = " or ".join(map(str, _FORMAT_VERSIONS))
    if found is None or not is_count(found) or found <= max(_FORMAT_VERSIONS):
        return f"expected format version {known}; got {shortened(found)}."
    written = of_file.get("skmnist") if isinstance(of_file, dict) else None
    if isinstance(written, str) and _RELEASE.fullmatch(written):
        newer = f'it was written by skmnist {written}: pip install "skmnist>={written}"'
    else:
        newer = "it was written by a newer skmnist: pip install --upgrade skmnist"
    return f"expected format version {known}; got {found}, as {newer}."


def _check_digest(content: dict[str, Any], file: Any) -> None:
    """Compare the checksum with the file's content; a file of an older skmnist has none."""
    if "sha256" not in content:
        return
    rest = {name: part for name, part in content.items() if name != "sha256"}
    tensors = ((name, file.get_tensor(name)) for name in sorted(file.keys()))
    if digest(tensors, _as_text(rest)) != content["sha256"]:
        raise ValueError(
            "it is damaged: what it holds doesn't have the SHA-256 that was saved with it. Copy or "
            "save it again."
        )


def _as_text(content: dict[str, Any]) -> str:
    return json.dumps(content, allow_nan=False)


def _of_estimator(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content without what describes the file."""
    of_file = ("format_version", "optimizers", "sha256", "versions")
    return {name: part for name, part in content.items() if name not in of_file}
