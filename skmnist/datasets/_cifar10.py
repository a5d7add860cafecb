"""CIFAR-10: small colour photographs, from the binary version of its archive."""

import tarfile
from pathlib import Path

import numpy as np

from skmnist.datasets._fetching import Part
from skmnist.datasets._published import Arrays, Published, verified_before
from skmnist.datasets._signature import Home, Loaded, fetcher

_DESCRIPTION = """\
CIFAR-10: small colour photographs
----------------------------------
50,000 training and 10,000 test photographs of ten kinds of animals and vehicles, 32 x 32 pixels,
red, green and blue of 8 bits each. 5,000 and 1,000 of each class, in the original order.

Collected by Alex Krizhevsky, Vinod Nair and Geoffrey Hinton, from the 80 Million Tiny Images. No
licence is stated where it is published, https://www.cs.toronto.edu/~kriz/cifar.html; the authors
ask users to cite the report.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", technical report, University
of Toronto, 2009.
"""

_TRAIN = [f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)]
_TEST = "cifar-10-batches-bin/test_batch.bin"
_BATCHES = [*_TRAIN, _TEST]
_SHAPE = 3, 32, 32  # of an image in the files: one plane per colour
_RECORD = 1 + 3 * 32 * 32  # bytes: the label, then the image


def _read(path: Path) -> Arrays:
    """Read the archive's members as bytes, without unpacking any to disk."""
    batches = {}
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            wanted = member.name in _BATCHES and member.isfile()
            file = archive.extractfile(member) if wanted else None
            if file:
                batches[member.name] = _batch(file.read(), f"{path}/{member.name}")
    if missing := [name for name in _BATCHES if name not in batches]:
        raise ValueError(f"{path} lacks {', '.join(missing)}. Download it again.")
    X_train, y_train = (
        np.concatenate(arrays) for arrays in zip(*(batches[name] for name in _TRAIN), strict=True)
    )
    return X_train, y_train, *batches[_TEST]


def _batch(content: bytes, name: str) -> Part:
    """Return the images and labels of records that follow each other."""
    if len(content) % _RECORD:
        raise ValueError(f"{name}: expected records of {_RECORD} bytes, got {len(content)} bytes.")
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    images, labels = records[:, 1:].reshape(-1, *_SHAPE), records[:, 0].copy()
    if labels.max(initial=0) > 9:
        raise ValueError(f"{name}: expected labels 0 to 9, got {labels.max()}.")
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1)), labels


_CIFAR10 = Published(
    folder="cifar10",
    title="CIFAR-10",
    mirrors=("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/"),
    md5_of={"cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530"},
    open=verified_before(_read),
    target_names=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
    description=_DESCRIPTION,
)


@fetcher
def fetch_cifar10(
    *,
    data_home: Home = None,
    download_if_missing: bool = True,
    as_bunch: bool = False,
    verbose: int = 1,
) -> Loaded:
    """Load CIFAR-10 from disk or, if it is missing, from the web (162 MB).

    The archive of its binary version, ``cifar-10-binary.tar.gz``, is looked for in the subfolder
    ``cifar10`` of the folder that the environment variable ``SKMNIST_DATA`` names, then in the
    cache ``<data_home>/skmnist/cifar10``, into which it is downloaded if it is missing. It is
    verified by its checksum each time and read without being unpacked; it holds bytes and no
    pickles, so that nothing in it can be executed.

    Parameters
    ----------
    %(parameters)s

    Returns
    -------
    (X_train, y_train), (X_test, y_test) : tuples of ndarray
        ``X_train`` of shape (50000, 32, 32, 3) and ``X_test`` of shape (10000, 32, 32, 3) are uint8
        images, red, green and blue. ``y_train`` of shape (50000,) and ``y_test`` of shape (10000,)
        are uint8 labels, 0 to 9. In the original order.
    bunch : :class:`~sklearn.utils.Bunch`
        Only if `as_bunch`: ``X_train``, ``y_train``, ``X_test`` and ``y_test`` as above, plus
        ``target_names``, an ndarray of ten strings, and ``DESCR``, the description and licence.

    Raises
    ------
    OSError
        If the file is missing and `download_if_missing` is False, or it could not be downloaded.
        The message gives the reasons and what to do.
    ValueError
        If the file in the folder that ``SKMNIST_DATA`` names is not the published one.

    Notes
    -----
    No licence is stated where CIFAR-10 is published; its authors ask users to cite the report.

    References
    ----------
    A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", technical report,
    University of Toronto, 2009. https://www.cs.toronto.edu/~kriz/cifar.html

    Examples
    --------
    >>> from skmnist import fetch_cifar10
    >>> photographs = fetch_cifar10(as_bunch=True)  # doctest: +SKIP
    >>> photographs.X_train.shape  # doctest: +SKIP
    (50000, 32, 32, 3)
    >>> photographs.target_names[photographs.y_train[0]]  # doctest: +SKIP
    'frog'
    """
    return _CIFAR10.fetch(data_home, download_if_missing, as_bunch, verbose)
