"""The reviews of the Large Movie Review Dataset: verified, cached, never incomplete."""

import gzip
import hashlib
import json
import re
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from skmnist._utils.files import uncompressed, write
from skmnist._utils.progress import SHORT, activity
from skmnist.datasets._fetching import (
    Part,
    bunch_of,
    cache_of,
    download,
    folder_for_download,
    innermost,
    not_found,
    read_from_disk,
)
from skmnist.datasets._signature import Home, Loaded, fetcher

_PARTS = ("train", "test")
_N_REVIEWS = 25_000  # in each part
_URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
_MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
_REVIEW = re.compile(r"aclImdb/(train|test)/(neg|pos)/(\d+)_(\d+)\.txt")

_DESCRIPTION = """\
The Large Movie Review Dataset
------------------------------
50,000 reviews of films from IMDb, 25,000 for training and 25,000 for testing, half of each negative
(0; at most 4 of 10 stars) and half positive (1; at least 7 stars). Raw text, with the tag <br />
where a line ended. Sorted by class: first all negative reviews, then all positive ones.

A. L. Maas, R. E. Daly, P. T. Pham, D. Huang, A. Y. Ng and C. Potts, "Learning Word Vectors for
Sentiment Analysis", Proceedings of the 49th Annual Meeting of the Association for Computational
Linguistics: Human Language Technologies, 142-150, 2011.
"""


@fetcher
def fetch_imdb(
    *,
    data_home: Home = None,
    download_if_missing: bool = True,
    as_bunch: bool = False,
    verbose: int = 1,
) -> Loaded:
    """Load the film reviews of the Large Movie Review Dataset from disk or, if missing, the web.

    The files ``train.jsonl.gz`` and ``test.jsonl.gz`` are looked for in the folder that the
    environment variable ``SKMNIST_DATA`` names (in its subfolder ``imdb`` or directly in it), then
    in the cache ``<data_home>/skmnist/imdb``, gzip or plain. They hold one JSON object per line,
    with ``"text"``, a string, and ``"label"``, 0 or 1. If one is missing, the original archive (80
    MB) is downloaded, verified by its checksum and read without being unpacked to disk; both files
    are then written to the cache, each atomically.

    Parameters
    ----------
    %(parameters)s

    Returns
    -------
    (texts_train, y_train), (texts_test, y_test) : tuples of ndarray
        Each of shape (25000,): texts of dtype object, labels of dtype int64, 0 negative and 1
        positive. The order is that of the files; those made from the archive have the negative
        reviews first, then the positive ones, each by their number: shuffle before taking a part.
    bunch : :class:`~sklearn.utils.Bunch`
        Only if `as_bunch`: ``X_train``, ``y_train``, ``X_test`` and ``y_test`` as above, plus
        ``target_names``, an ndarray of two strings, and ``DESCR``, the description.

    Raises
    ------
    OSError
        If a file is missing and `download_if_missing` is False, or the archive could not be
        downloaded. The message gives the reasons and what to do.
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
    damaged: list[str] = []
    found: list[Part | None] = []
    for part in _PARTS:
        names = f"{part}.jsonl.gz", f"{part}.jsonl"
        read, damage = read_from_disk(names, "imdb", data_home, _read, top_folder=True)
        found.append(read)
        damaged += damage
    if None in found:
        cache = cache_of("imdb", data_home)
        if not download_if_missing:
            raise _not_found(cache, [*damaged, "`download_if_missing` is False"])
        with activity("Loading IMDB", verbose, delay=SHORT):
            fetched = _download(cache, damaged)
        found = [part or fetched[name] for name, part in zip(_PARTS, found, strict=True)]
    train, test = found
    assert train is not None
    assert test is not None
    return (
        bunch_of(train, test, ["negative", "positive"], _DESCRIPTION) if as_bunch else (train, test)
    )


def _not_found(cache: Path, reasons: list[str]) -> OSError:
    files = "both files"
    return not_found("IMDB's train.jsonl.gz and test.jsonl.gz are", files, cache, reasons)


# The files: one JSON object per line


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
    """Download the archive and write its reviews to the cache."""
    try:
        reviews = _read_archive_of_the_web(cache)
    except (OSError, ValueError) as error:
        reason = f"{_URL}: {innermost(error)}"
    else:
        for part, of_part in reviews.items():
            write(cache / f"{part}.jsonl.gz", _as_json_lines(of_part))
        return {part: _as_part(of_part) for part, of_part in reviews.items()}
    # Raised outside of the handler, as a chained error would keep the broken connection alive.
    raise _not_found(cache, [*damaged, reason])


def _read_archive_of_the_web(cache: Path) -> dict[str, list[tuple[str, int]]]:
    with folder_for_download(cache) as folder:
        path = folder / "aclImdb_v1.tar.gz"
        download(_URL, path)
        _verify(path)
        return _read_archive(path)


def _verify(path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != _MD5:
        raise ValueError(f"expected an archive of MD5 {_MD5}, got {found}.")


def _read_archive(path: Path) -> dict[str, list[tuple[str, int]]]:
    """Return the labelled reviews, sorted by label and then by number; write no file."""
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
