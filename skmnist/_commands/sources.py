"""What the argument DATA refers to, found out without reading more than the first bytes."""

from difflib import get_close_matches
from pathlib import Path
from typing import Literal, NamedTuple

import typer

from skmnist._utils.dataset_names import DATASET_NAMES
from skmnist._utils.files import uncompressed

Kind = Literal["name", "folder", "npz", "npy", "csv", "idx"]

_SUFFIXES: dict[str, Kind] = {".npz": "npz", ".npy": "npy", ".csv": "csv", ".tsv": "csv"}
_IMAGES_AND_LABELS = {"images": "labels", "idx3": "idx1"}


class Source(NamedTuple):
    """Where samples and their labels are."""

    place: str
    kind: Kind
    labels: str | None = None

    @property
    def path(self) -> Path:
        """The file or the folder."""
        return Path(self.place).expanduser()


def source_of(data: str, labels: str | None = None, hint: str = "DATA") -> Source:
    """Return what an argument refers to.

    Parameters
    ----------
    data : str
        A data set's name or a path; a name is a data set even if there is such a file.
    labels : str or None
        The option ``--labels``.
    hint : str, default="DATA"
        The name of the argument for `data`, in errors.

    Returns
    -------
    source : Source
        Its `labels` is a file that exists, or the name of a column or an array; None where the
        labels are found by usual names, or in the folders' names.

    Raises
    ------
    typer.BadParameter
        If there is nothing of that name, or its labels are missing.
    """
    if data in DATASET_NAMES:
        if labels is not None:
            raise typer.BadParameter(
                f"{data} has labels of its own; leave it out.", param_hint="--labels"
            )
        return Source(data, "name")
    source = Source(data, kind_of(data, hint), labels)
    if source.kind in ("npz", "csv"):
        return source
    return source._replace(labels=_file_of_labels(source))


def kind_of(data: str, hint: str = "DATA") -> Kind:
    """Return the kind of a file or folder; raise an error for anything else."""
    path = Path(data).expanduser()
    if path.is_dir():
        return "folder"
    if not path.exists():
        raise typer.BadParameter(_no_such_data(data), param_hint=hint)
    suffixes = path.suffixes[-2:]
    suffix = suffixes[0] if suffixes[-1:] == [".gz"] else path.suffix
    if suffix.lower() in _SUFFIXES:
        return _SUFFIXES[suffix.lower()]
    if _begins_as_idx(path):
        return "idx"
    raise typer.BadParameter(
        f"{data!r} is neither a folder nor a file of .npz, .npy, CSV or IDX format.",
        param_hint=hint,
    )


def is_array_file(data: str) -> bool:
    """Return whether a path has the suffix of arrays, or isn't a picture but an IDX file."""
    path = Path(data).expanduser()
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix in _SUFFIXES or (path.is_file() and _begins_as_idx(path))


def _no_such_data(data: str) -> str:
    near = get_close_matches(data, DATASET_NAMES)
    hint = f"did you mean {' or '.join(map(repr, near))}? The" if near else "the"
    return (
        f"{data!r} is neither a file or folder that exists nor a data set's name; {hint} names are "
        f"{', '.join(DATASET_NAMES)}."
    )


def _begins_as_idx(path: Path) -> bool:
    """Return whether a file, plain or gzip, begins with the magic number of the IDX format."""
    try:
        with uncompressed(path) as stream:
            magic = stream.read(4)
    except (OSError, ValueError):
        return False
    return len(magic) == 4 and magic[:2] == b"\0\0" and magic[2] in range(0x08, 0x0F)


def _file_of_labels(source: Source) -> str | None:
    """Return the path of the file that holds the labels; None for a folder, whose names do."""
    labels = source.labels
    if labels is None and source.kind == "idx":
        labels = _beside(source.path)
    if labels is None and source.kind != "folder":
        raise typer.BadParameter(
            f"the labels of {source.place} are in a file of their own; give its path.",
            param_hint="--labels",
        )
    if labels is not None and not _is_found(Path(labels).expanduser(), source):
        raise typer.BadParameter(
            f"there is no file {labels!r}, which should hold the labels of {source.place}.",
            param_hint="--labels",
        )
    return labels


def _is_found(labels: Path, source: Source) -> bool:
    """Return whether a file exists; that of a folder's labels may be relative to the folder."""
    return labels.is_file() or (source.kind == "folder" and (source.path / labels).is_file())


def _beside(images: Path) -> str | None:
    """Return the file of labels that lies beside a file of images under the usual name."""
    name = images.name
    for of_images, of_labels in _IMAGES_AND_LABELS.items():
        name = name.replace(of_images, of_labels)
    labels = images.with_name(name)
    return str(labels) if name != images.name and labels.is_file() else None
