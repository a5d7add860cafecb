"""A folder of labelled pictures."""

import csv
import os
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from errno import ENOENT, ENOTDIR
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch, check_random_state

from skmnist._inputs.loading import load_pictures
from skmnist._inputs.pictures import PictureFormat, extensions
from skmnist._utils.errors import depth_of_this_package, shown, unknown_name

_COLUMNS = ("filename", "label")
_MOST_NAMES = 5
_NAMES_OF_PARTS = {"test", "train", "training", "val", "valid", "validation"}


def load_image_folder(
    path: str | os.PathLike[str],
    *,
    labels: str | os.PathLike[str] | None = None,
    size: int | tuple[int, int] | None = None,
    mode: str = "grey",
    resize: str = "pad",
    on_error: str = "raise",
    lazy: bool = False,
    shuffle: bool = True,
    random_state: Any = 0,
    n_jobs: int | None = None,
) -> Bunch:
    """Load the pictures of a folder with their labels.

    Parameters
    ----------
    path : str or path
        The folder. Without `labels`, it has one subfolder per class, whose name is the label;
        pictures may be in folders inside these. Hidden files, and files whose names don't end as
        those of pictures, are left out.
    labels : str or path, default=None
        A CSV file, in UTF-8, of which each line has the name of a picture, relative to the folder,
        and its label. If it has columns named "filename" and "label" these are used, else the
        first two; columns are separated by commas, semicolons or tabs.
    size : int, tuple (height, width) or None, default=None
        The size of the images, in pixels; a single number is a square's side. None means that all
        pictures have the same size already.
    mode : {"grey", "RGB"}, default="grey"
        Whether images have one channel or three.
    resize : {"pad", "crop", "stretch"}, default="pad"
        How a picture of other proportions gets this size, see :class:`~skmnist.ImageLoader`.
    on_error : {"raise", "skip"}, default="raise"
        What is done about a picture that can't be read. "skip" leaves it out, label and all, with a
        warning that names it.
    lazy : bool, default=False
        If True, pictures stay undecoded until they are used, so that they need not fit into
        memory.
    shuffle : bool, default=True
        Whether the pictures are put into random order; else they are in the order of the classes
        and names, or of the lines of `labels`.
    random_state : int, RandomState instance or None, default=0
        Determines the random order.
    n_jobs : int or None, default=None
        Number of threads that decode pictures; None means 1, unless in a
        :func:`joblib.parallel_config` context.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        With the attributes

        images : ndarray or LazyImages of shape (n, height, width) or (n, height, width, 3), uint8
            The images.
        target : ndarray of shape (n,), int
            The class of each image.
        target_names : ndarray of shape (n_classes,), str
            The names of the classes, in alphabetical order, or in that of numbers if all of them
            are whole numbers.
        filenames : ndarray of shape (n,), str
            The path of each image.
        DESCR : str
            A description.

    Raises
    ------
    OSError
        If the folder, `labels` or one of its files is missing.
    ValueError
        If there are no subfolders or they aren't classes, a subfolder has no pictures, `labels`
        can't be used, a picture can't be read, or pictures differ in size and `size` is None. The
        message names the file.

    Warns
    -----
    UserWarning
        If pictures were left out: they can't be read, or are beside the subfolders. The warning
        names them.

    See Also
    --------
    skmnist.ImageLoader : Reads pictures without labels, and is a step in a Pipeline.
    sklearn.datasets.load_files : Does the same with texts.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from skmnist import load_image_folder
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("black", "white"):
    ...         (Path(folder) / name).mkdir()
    ...         Image.new("L", (40, 30), name).save(Path(folder) / name / "1.png")
    ...     bunch = load_image_folder(folder, size=28, shuffle=False)
    >>> bunch.images.shape, bunch.target, bunch.target_names.tolist()
    ((2, 28, 28), array([0, 1]), ['black', 'white'])
    """
    picture_format = PictureFormat.checked(mode, size, resize)
    if on_error not in ("raise", "skip"):
        raise unknown_name("on_error", on_error, ["raise", "skip"])
    folder = _checked_folder(path)
    if labels is None:
        pairs = list(_in_subfolders(folder))
    else:
        pairs = _from_table(folder, _found(labels, folder))
        if on_error == "raise":
            _check_exist(pairs, labels)
    if shuffle:
        order = check_random_state(random_state).permutation(len(pairs))
        pairs = [pairs[i] for i in order]
    filenames = np.array([filename for filename, _ in pairs])
    images, read = load_pictures(
        filenames.tolist(),
        filenames.tolist(),
        picture_format,
        on_error=on_error,
        lazy=lazy,
        n_jobs=n_jobs,
    )
    target_names = _ordered({label for _, label in pairs})
    number_of = {name: i for i, name in enumerate(target_names)}
    target = np.array([number_of[label] for _, label in pairs])
    return Bunch(
        images=images,
        target=target[read],
        target_names=np.array(target_names),
        filenames=filenames[read],
        DESCR=f"{len(images):,} pictures of {len(target_names)} classes, from {folder}.",
    )


def _checked_folder(path: str | os.PathLike[str]) -> Path:
    folder = Path(path)
    if not folder.exists():
        raise FileNotFoundError(ENOENT, "there is no such folder", str(folder))
    if not folder.is_dir():
        raise NotADirectoryError(
            ENOTDIR, "it is a file; expected a folder with a subfolder per class", str(folder)
        )
    return folder


def _ordered(names: set[str]) -> list[str]:
    are_numbers = all(name.isdecimal() for name in names)
    return sorted(names, key=lambda name: (int(name) if are_numbers else 0, name))


# -- labels from folders ---------------------------------------------------------------------


def _in_subfolders(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield paths and labels, ordered by label and path."""
    subfolders = [entry for entry in folder.iterdir() if entry.is_dir() and _is_visible(entry.name)]
    if not subfolders:
        n = sum(_is_picture(entry.name) for entry in folder.iterdir())
        raise ValueError(
            f"{folder} has no subfolders, and {n:,} pictures; expected a subfolder for each class, "
            "named like it. Give labels='labels.csv' if a file has the labels, or read pictures "
            "without labels by ImageLoader().transform(paths)."
        )
    by_name = {subfolder.name: subfolder for subfolder in subfolders}
    names = _ordered({*by_name})
    if {name.lower() for name in names} <= _NAMES_OF_PARTS:
        raise ValueError(
            f"the subfolders of {folder} are {', '.join(names)}, which aren't classes; give one of "
            f"them, such as {by_name[names[-1]]}."
        )
    _warn_of_loose_pictures(folder)
    for name in names:
        paths = sorted(_pictures_below(by_name[name]))
        if not paths:
            raise ValueError(
                f"{by_name[name]} has no pictures, but is a subfolder for a class. Pillow reads "
                "files that end in .jpg, .png, .bmp, .gif, .tif, .webp and others; move the folder "
                "elsewhere if it is no class."
            )
        yield from ((path, name) for path in paths)


def _warn_of_loose_pictures(folder: Path) -> None:
    loose = sorted(entry.name for entry in folder.iterdir() if _is_picture(entry.name))
    if loose:
        more = ", ..." if len(loose) > _MOST_NAMES else ""
        warnings.warn(
            f"{len(loose):,} pictures are left out, as they are in {folder} itself, not in the "
            f"subfolder of a class: {', '.join(loose[:_MOST_NAMES])}{more}. Move them into one, or "
            "give labels='labels.csv' if a file has the labels.",
            stacklevel=depth_of_this_package(),
        )


def _pictures_below(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders[:] = filter(_is_visible, folders)
        yield from (str(Path(parent, file)) for file in files if _is_picture(file))


def _is_visible(name: str) -> bool:
    return not name.startswith(".")


def _is_picture(name: str) -> bool:
    return _is_visible(name) and Path(name).suffix.lower() in extensions()


# -- labels from a table ---------------------------------------------------------------------


def _found(labels: str | os.PathLike[str], folder: Path) -> Path:
    """Return the path of the table, which may be relative to the folder."""
    for path in (Path(labels), folder / labels):
        if path.is_file():
            return path
    raise FileNotFoundError(ENOENT, f"there is no such CSV file, nor in {folder}", str(labels))


def _from_table(folder: Path, table: Path) -> list[tuple[str, str]]:
    """Return paths and labels, in the order of the lines."""
    lines = _lines(table)
    columns, lines = _columns(folder, table, lines)
    pairs = []
    for number, cells in lines:
        picked = [cells[i].strip() if i < len(cells) else "" for i in columns]
        if not all(picked):
            raise ValueError(f"{table}, line {number}: {shown(cells)} lacks a filename or a label.")
        pairs.append((str(folder / picked[0]), picked[1]))
    (name, times), *_ = Counter(name for name, _ in pairs).most_common(1)
    if times > 1:
        raise ValueError(f"{table} has {name} in {times} lines; expected each file once.")
    return pairs


def _lines(table: Path) -> list[tuple[int, list[str]]]:
    """Return the lines that aren't blank, with their numbers."""
    try:
        text = table.read_text(encoding="utf-8-sig")
        first = text.split("\n", 1)[0]
        delimiter = max(",;\t", key=first.count)
        reader = csv.reader(text.splitlines(), delimiter=delimiter, strict=True)
        lines = [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except UnicodeDecodeError as error:
        raise ValueError(f"{table} is not a CSV file in UTF-8: {error}") from error
    except csv.Error as error:
        raise ValueError(f"{table}, line {reader.line_num}, is not CSV: {error}") from error
    if not lines:
        raise ValueError(f"{table} is empty; expected lines of a filename and a label.")
    return lines


def _columns(
    folder: Path, table: Path, lines: list[tuple[int, list[str]]]
) -> tuple[Sequence[int], list[tuple[int, list[str]]]]:
    """Return the places of filename and label, and the lines without the header."""
    names = [name.strip().lower() for name in lines[0][1]]
    if {*_COLUMNS} <= {*names}:
        columns: Sequence[int] = [names.index(name) for name in _COLUMNS]
        below = lines[1:]
    else:
        columns = (0, 1)
        begins = [(folder / cells[0].strip()).is_file() for _, cells in lines[:2]]
        if not any(begins):
            raise ValueError(
                f"{table} begins with {shown(lines[0][1])}; expected the header filename,label, or "
                f"in the first column names of files in {folder}."
            )
        below = lines if begins[0] else lines[1:]
    if not below:
        raise ValueError(f"{table} has a header only; expected lines of a filename and a label.")
    return columns, below


def _check_exist(pairs: list[tuple[str, str]], labels: Any) -> None:
    missing = [name for name, _ in pairs if not Path(name).is_file()]
    if missing:
        more = ", ..." if len(missing) > _MOST_NAMES else ""
        raise FileNotFoundError(
            ENOENT,
            f"{len(missing):,} of the {len(pairs):,} files in {labels} are missing, such as "
            f"{', '.join(missing[:_MOST_NAMES])}{more}. Names are relative to the folder; "
            "on_error='skip' leaves them out. The first",
            missing[0],
        )
