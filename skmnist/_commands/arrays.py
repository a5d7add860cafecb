"""Arrays of images and labels in files: .npz, .npy, CSV and IDX, read as data only."""

import csv
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.files import uncompressed
from skmnist.datasets import read_idx

Array = NDArray[Any]

_SAMPLES = ("X", "x", "images", "data")
_LABELS = ("y", "labels", "label", "target", "targets", "class", "classes")


class Arrays(NamedTuple):
    """What a file holds: samples to train on, and samples to test on if it has both."""

    X: Array
    y: Array | None
    X_test: Array | None = None
    y_test: Array | None = None


def read_arrays(path: Path, kind: str, labels: str | None, *, labelled: bool) -> Arrays:
    """Read samples and their labels.

    Parameters
    ----------
    path : Path
        The file of the samples.
    kind : {"npz", "npy", "csv", "idx"}
        Its format.
    labels : str or None
        A file, for "npy" and "idx"; the name of a column or an array for "csv" and "npz", of which
        usual names are found without.
    labelled : bool
        Whether labels are needed.

    Returns
    -------
    arrays : Arrays

    Raises
    ------
    ValueError
        If the file isn't as expected, or doesn't have as many labels as samples.
    """
    if kind == "npz":
        arrays = _read_npz(path, labels)
    elif kind == "csv":
        arrays = _read_csv(path, labels, labelled)
    else:
        arrays = Arrays(
            read_npy(path) if kind == "npy" else read_idx(path),
            None if labels is None else read_labels(Path(labels).expanduser()),
        )
    _check(arrays.X, arrays.y, path, labelled)
    if arrays.X_test is not None:
        _check(arrays.X_test, arrays.y_test, path, labelled)
    return arrays


def read_npy(path: Path) -> Array:
    """Read one array from an .npy file, plain or gzip, of which nothing is executed."""
    with _named_in_errors(path, "an .npy file of numbers or texts"), uncompressed(path) as file:
        array: Array = np.lib.format.read_array(file, allow_pickle=False)
    return array


def read_labels(path: Path) -> Array:
    """Read labels from an .npy, IDX or text file of one label per line."""
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".npy"):
        return read_npy(path)
    if name.endswith((".csv", ".txt")):
        return _read_lines(path)
    return read_idx(path)


def labels_from(texts: Sequence[str]) -> Array:
    """Return labels as whole numbers if all texts are such, else as texts.

    Examples
    --------
    >>> from skmnist._commands.arrays import labels_from
    >>> labels_from(["7", "0"]), labels_from(["7", "07"])
    (array([7, 0]), array(['7', '07'], dtype='<U2'))
    """
    labels = np.asarray(texts)
    try:
        numbers = labels.astype(np.int64)
    except (ValueError, OverflowError):
        return labels
    return numbers if np.array_equal(numbers.astype(labels.dtype), labels) else labels


# -- .npz ------------------------------------------------------------------------------------


def _read_npz(path: Path, labels: str | None) -> Arrays:
    with (
        _named_in_errors(path, "an .npz file of numbers or texts"),
        np.load(path, allow_pickle=False) as file,
    ):
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("it holds a single array; name the file .npy")
        return _of_names(file, labels)


def _of_names(arrays: Mapping[str, Array], labels: str | None) -> Arrays:
    """Choose arrays by their names."""
    if labels is not None and labels not in arrays:
        raise ValueError(f"it has no array {labels!r}, only {_listed(arrays)}")
    for_labels = (labels,) if labels else _LABELS
    X = _first(arrays, _SAMPLES) or _first(arrays, _SAMPLES, "_train")
    if X is None and len(arrays) == 1:
        (X,) = arrays
    if X is None:
        raise ValueError(
            f"its arrays are {_listed(arrays)}; expected X and y, or X_train, y_train, X_test and "
            "y_test"
        )
    y = _first(arrays, for_labels) or _first(arrays, _LABELS, "_train")
    X_test, y_test = _first(arrays, _SAMPLES, "_test"), _first(arrays, _LABELS, "_test")
    names = (X, y, X_test, y_test) if y_test else (X, y)
    return Arrays(*(None if name is None else arrays[name] for name in names))  # type: ignore[arg-type]


def _first(arrays: Mapping[str, Array], names: Sequence[str], suffix: str = "") -> str | None:
    return next((name + suffix for name in names if name + suffix in arrays), None)


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names)) or "none"


# -- text --------------------------------------------------------------------------------------


def _read_csv(path: Path, labels: str | None, labelled: bool) -> Arrays:
    with _named_in_errors(path, "a CSV file of numbers with a column of labels"):
        with uncompressed(path) as file:
            first = file.readline().decode("utf-8-sig")
        delimiter = max(",;\t", key=first.count)
        (names,) = csv.reader([first], delimiter=delimiter)
        has_header = not all(map(_is_number, names))
        column = _column(names if has_header else None, len(names), labels, labelled)
        pixels = [i for i in range(len(names)) if i != column]
        with uncompressed(path) as file:
            X = np.loadtxt(
                file,
                np.float32,
                comments=None,
                delimiter=delimiter,
                skiprows=int(has_header),
                usecols=pixels,
                ndmin=2,
                quotechar='"',
            )
        if column is None:
            return Arrays(_as_bytes(X), None)
        with uncompressed(path) as file, TextIOWrapper(file, "utf-8-sig") as text:
            rows = csv.reader(text, delimiter=delimiter)
            texts = [row[column].strip() for row in rows if row][int(has_header) :]
        return Arrays(_as_bytes(X), labels_from(texts))


def _column(
    names: Sequence[str] | None, n_columns: int, labels: str | None, labelled: bool
) -> int | None:
    """Return the number of the column that holds the labels."""
    if names is None:
        if labels is not None and labels.removeprefix("-").isdigit():
            number = int(labels)
            if -n_columns <= number < n_columns:
                return number % n_columns
        if labels is None and not labelled:
            return None
        raise ValueError(
            "it has no header; give the number of the labels' column by --labels, from 0 to "
            f"{n_columns - 1}, or -1 for the last one"
        )
    names = [name.strip() for name in names]
    if labels is not None:
        if labels in names:
            return names.index(labels)
        raise ValueError(f"it has no column {labels!r}, only {_few(names)}")
    usual = [i for i, name in enumerate(names) if name.lower() in _LABELS]
    if usual:
        return usual[0]
    if labelled:
        raise ValueError(
            f"its columns are {_few(names)}; expected one named {_LABELS[1]!r} or {_LABELS[3]!r}, "
            "or give the name of the labels' column by --labels"
        )
    return None


def _few(names: Sequence[str]) -> str:
    return _listed(names[:5]) + (", ..." if len(names) > 5 else "")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_bytes(X: Array) -> Array:
    """Return pixels as bytes if all of them are whole numbers from 0 to 255."""
    if X.size and X.min() >= 0 and X.max() <= 255 and np.array_equal(X, np.trunc(X)):
        return X.astype(np.uint8)
    return X


def _read_lines(path: Path) -> Array:
    with (
        _named_in_errors(path, "a text file of one label per line"),
        uncompressed(path) as file,
        TextIOWrapper(file, "utf-8-sig") as text,
    ):
        lines = [line.strip() for line in text if line.strip()]
    if lines and lines[0].lower() in _LABELS:
        del lines[0]
    return labels_from(lines)


# -- checks --------------------------------------------------------------------------------------


@contextmanager
def _named_in_errors(path: Path, expected: str) -> Iterator[None]:
    """Name the file, and what it should be, in errors that its content causes."""
    try:
        yield
    except (ValueError, EOFError, zipfile.BadZipFile, csv.Error) as error:
        raise ValueError(f"{path} can't be read as {expected}: {error}.") from error


def _check(X: Array, y: Array | None, path: Path, labelled: bool) -> None:
    if X.ndim < 2 or not len(X) or X.dtype.kind not in "biuf":
        raise ValueError(
            f"{path} holds an array of shape {X.shape} and dtype {X.dtype}; expected one or more "
            "rows (n, pixels) or images (n, height, width[, channels]) of numbers."
        )
    if not labelled:
        return
    if y is None:
        raise ValueError(f"{path} has no labels; give the name of their array by --labels.")
    if y.ndim != 1 and y.shape != (len(y), 1):
        raise ValueError(
            f"the labels of {path} have the shape {y.shape}; expected one label per sample, "
            f"shape ({len(X)},)."
        )
    if len(y) != len(X):
        raise ValueError(f"{path} has {len(X):,} samples, but {len(y):,} labels.")
