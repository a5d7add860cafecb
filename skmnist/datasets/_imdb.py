"""The reviews of the Large Movie Review Dataset: checked, cached, never half there."""

import gzip
import hashlib
import json
import os
import re
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import get_data_home
from sklearn.utils import Bunch

from skmnist._utils.files import (
    existing,
    folder_for_download,
    innermost,
    own_folders,
    uncompressed,
    where_looked,
    write,
)

__all__ = ["fetch_imdb"]

_PARTS = ("train", "test")
_N_REVIEWS = 25_000  # in each part
_URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
_MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
_REVIEW = re.compile(r"aclImdb/(train|test)/(neg|pos)/(\d+)_(\d+)\.txt")

_DESCRIPTION = """\
The Large Movie Review Dataset
------------------------------
50,000 reviews of films from IMDb, 25,000 to train and 25,000 to test on, half of each negative (0;
at most 4 of 10 stars) and half positive (1; at least 7 stars). Raw text, with the mark <br />
where a line ended. Sorted by class: first all negative reviews, then all positive ones.

A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng and C. Potts, "Learning Word Vectors for
Sentiment Analysis", Proceedings of the 49th Annual Meeting of the Association for Computational
Linguistics: Human Language Technologies, 142-150, 2011.
"""

Part = tuple[np.ndarray, np.ndarray]


def fetch_imdb(
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    as_bunch: bool = False,
) -> tuple[Part, Part] | Bunch:
    """Load the film reviews of the Large Movie Review Dataset, from disk or else from the web.

    The files ``train.jsonl.gz`` and ``test.jsonl.gz`` are looked for in the folder that the
    environment variable ``SKMNIST_DATA`` names (in its subfolder ``imdb`` or directly in it), then
    in the cache ``<data_home>/skmnist/imdb``, gzip or plain. They hold a JSON object a line, with
    ``"text"``, a string, and ``"label"``, 0 or 1. Where one is missing, the original archive (80
    MB) is downloaded, verified by its checksum and read without being unpacked to disk; both files
    are then written into the cache, each at once.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder of downloaded data sets; None means scikit-learn's, see
        :func:`sklearn.datasets.get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError instead of downloading.
    as_bunch : bool, default=False
        If True, return a :class:`~sklearn.utils.Bunch` instead of tuples.

    Returns
    -------
    (texts_train, y_train), (texts_test, y_test) : tuples of ndarray
        Each of shape (25000,): texts of dtype object, labels of dtype int64, 0 negative and 1
        positive. The order is that of the files, in those that we write first the negative then
        the positive reviews, each by their number in the archive: shuffle before taking a part.
    bunch : :class:`~sklearn.utils.Bunch`
        Only if `as_bunch`: ``X_train``, ``y_train``, ``X_test`` and ``y_test`` as above, besides
        ``target_names``, an ndarray of two strings, and ``DESCR``, the description.

    Raises
    ------
    OSError
        If a file is missing and `download_if_missing` is False, or the archive could not be
        downloaded. The message gives the reasons and the ways out.
    ValueError
        If a file in the folder that ``SKMNIST_DATA`` names is damaged, or doesn't hold 25,000
        reviews.

    References
    ----------
    A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng and C. Potts, "Learning Word Vectors for
    Sentiment Analysis", Proceedings of ACL, 142-150, 2011.
    https://ai.stanford.edu/~amaas/data/sentiment/

    Examples
    --------
    >>> from skmnist import fetch_imdb
    >>> (texts_train, y_train), (texts_test, y_test) = fetch_imdb()  # doctest: +SKIP
    >>> texts_train.shape, y_train.mean()  # doctest: +SKIP
    ((25000,), 0.5)
    """
    cache = Path(get_data_home(data_home)) / "skmnist" / "imdb"
    damaged: list[str] = []
    found = [_find(part, cache, damaged) for part in _PARTS]
    if None in found:
        if not download_if_missing:
            raise _not_found(cache, [*damaged, "`download_if_missing` is False"])
        fetched = _download(cache, damaged)
        found = [part or fetched[name] for name, part in zip(_PARTS, found, strict=True)]
    train, test = found
    if not as_bunch:
        return train, test
    return Bunch(
        X_train=train[0],
        y_train=train[1],
        X_test=test[0],
        y_test=test[1],
        target_names=np.array(["negative", "positive"]),
        DESCR=_DESCRIPTION,
    )


def _find(part: str, cache: Path, damaged: list[str]) -> Any:
    """Return one part from the first place that has it whole, None if there is none."""
    for path in existing(f"{part}.jsonl", *own_folders("imdb")):
        return _read(path)
    for path in existing(f"{part}.jsonl", cache):
        try:
            return _read(path)
        except ValueError as error:
            damaged.append(str(error))
    return None


def _not_found(cache: Path, reasons: list[str]) -> OSError:
    return OSError(
        "IMDB's train.jsonl.gz and test.jsonl.gz are neither in the folder of the environment "
        f"variable {where_looked()} nor intact in the cache {cache}, and were not downloaded:\n"
        + "".join(f"- {reason}\n" for reason in reasons)
        + "Connect to the internet with `download_if_missing=True`, set SKMNIST_DATA to a folder "
        "that holds both files, copy them into the cache, or point `data_home` to a folder whose "
        "skmnist/imdb/ holds them."
    )


# The files: a JSON object a line


def _read(path: Path) -> Part:
    with uncompressed(path) as lines:
        reviews = [_parsed(line, number, path) for number, line in enumerate(lines, start=1)]
    if len(reviews) != _N_REVIEWS:
        raise ValueError(
            f"{path} holds {len(reviews)} reviews; expected {_N_REVIEWS}. Copy or download it "
            "again."
        )
    return _as_part(reviews)


def _parsed(line: bytes, number: int, path: Path) -> tuple[str, int]:
    try:
        review = json.loads(line)
        text, label = review["text"], review["label"]
        if isinstance(text, str) and type(label) is int and label in (0, 1):
            return text, label
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise ValueError(
        f"{path}, line {number}: got {line[:60]!r}; expected a JSON object with a string "
        '"text" and a "label" of 0 or 1. Copy or download it again.'
    )


def _as_part(reviews: list[tuple[str, int]]) -> Part:
    texts, labels = zip(*reviews, strict=True)
    return np.array(texts, dtype=object), np.array(labels, dtype=np.int64)


# The archive


def _download(cache: Path, damaged: list[str]) -> dict[str, Part]:
    """Download the archive and write what it holds into the cache."""
    try:
        reviews = _read_archive_of_the_web(cache)
    except (OSError, ValueError) as error:
        reason = f"{_URL}: {innermost(error)}"
    else:
        for part, of_part in reviews.items():
            write(cache / f"{part}.jsonl.gz", _as_json_lines(of_part))
        return {part: _as_part(of_part) for part, of_part in reviews.items()}
    # Raised where the first error is gone, for that would keep the broken connection.
    raise _not_found(cache, [*damaged, reason])


def _read_archive_of_the_web(cache: Path) -> dict[str, list[tuple[str, int]]]:
    import pooch  # imports requests, which only a download needs

    with folder_for_download(cache) as folder:
        path = folder / "aclImdb_v1.tar.gz"
        pooch.HTTPDownloader(chunk_size=1 << 20)(_URL, str(path), None)
        _verify(path)
        return _read_archive(path)


def _verify(path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != _MD5:
        raise ValueError(f"expected an archive of MD5 {_MD5}, got {found}.")


def _read_archive(path: Path) -> dict[str, list[tuple[str, int]]]:
    """Read the labelled reviews, sorted by label and then by number; write no file."""
    numbered: dict[str, list[tuple[int, int, str]]] = {part: [] for part in _PARTS}
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            name = _REVIEW.fullmatch(member.name)
            file = archive.extractfile(member) if name and member.isfile() else None
            if name and file:
                part, kind, number, _ = name.groups()
                text = file.read().decode("utf-8")
                numbered[part].append((int(kind == "pos"), int(number), text))
    return {
        part: [(text, label) for label, _, text in sorted(reviews)]
        for part, reviews in numbered.items()
    }


def _as_json_lines(reviews: Iterable[tuple[str, int]]) -> bytes:
    lines = (json.dumps({"label": label, "text": text}) + "\n" for text, label in reviews)
    return gzip.compress("".join(lines).encode(), mtime=0)
