"""Film reviews from a folder, the cache and an archive that may be broken."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from mirrors import Mirror, tar_gz
from numpy.testing import assert_array_equal

from skmnist.datasets import _imdb as imdb
from skmnist.datasets import fetch_imdb

# The small stand-in has two reviews of each class, numbered so that names sort otherwise.
REVIEWS = {
    "train": [("bad<br />film", 0), ("dull", 0), ("Größe!", 1), ("fun", 1)],
    "test": [("bore", 0), ("no", 0), ("yes", 1), ("good\nfilm", 1)],
}
FILES = ["test.jsonl.gz", "train.jsonl.gz"]


def archive(extra=()):
    """The stand-in as the original archive has it, in an order of its own."""
    members = dict(extra)
    for part, reviews in REVIEWS.items():
        members[f"aclImdb/{part}/urls_neg.txt"] = b"http://nowhere"
        for place, (text, label) in reversed(list(enumerate(reviews))):
            kind, number = ("neg", "pos")[label], (9, 10)[place % 2]
            members[f"aclImdb/{part}/{kind}/{number}_3.txt"] = text.encode()
    members["aclImdb/train/unsup/0_0.txt"] = b"of no class"
    return tar_gz(members)


def json_lines(reviews):
    lines = [json.dumps({"id": "x", "text": text, "label": label}) for text, label in reviews]
    return ("\n".join(lines) + "\n").encode()


def write_files(folder, suffix=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    for part, reviews in REVIEWS.items():
        content = json_lines(reviews)
        path = folder / f"{part}.jsonl{suffix}"
        path.write_bytes(gzip.compress(content) if suffix else content)


def cache_of(data_home):
    return data_home / "skmnist" / "imdb"


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def assert_is_the_stand_in(data):
    for (texts, labels), expected in zip(data, REVIEWS.values(), strict=True):
        assert_array_equal(texts, np.array([text for text, _ in expected], object), strict=True)
        assert_array_equal(labels, np.array([label for _, label in expected]), strict=True)


@pytest.fixture
def stand_in(monkeypatch):
    """Let the stand-in be the whole data set; no folder of one's own, no way to the real one."""
    monkeypatch.setattr(imdb, "_N_REVIEWS", 4)
    monkeypatch.setattr(imdb, "_URL", "http://127.0.0.1:9/aclImdb_v1.tar.gz")
    monkeypatch.delenv("SKMNIST_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def serve(stand_in, monkeypatch):
    """Start the server of the archive, of which the right checksum is known."""
    started = []

    def start(body, status=200, known=None, cut=False):
        server = Mirror(lambda name: (status, body, len(body) // 2 if cut else len(body)))
        started.append(server)
        monkeypatch.setattr(imdb, "_URL", f"{server.url}aclImdb_v1.tar.gz")
        checksum = hashlib.md5(body if known is None else known).hexdigest()
        monkeypatch.setattr(imdb, "_MD5", checksum)
        return server

    yield start
    for server in started:
        server.close()


# The real reviews


@pytest.fixture(scope="module")
def real():
    try:
        return fetch_imdb(download_if_missing=False, as_bunch=True)
    except OSError:
        pytest.skip("IMDB is not at hand: set SKMNIST_DATA to the folder that holds imdb/")


def test_the_real_reviews_are_half_negative_half_positive_in_this_order(real):
    for part in ("train", "test"):
        texts, labels = real[f"X_{part}"], real[f"y_{part}"]
        assert texts.shape == (25_000,)
        assert texts.dtype == object
        assert all(isinstance(text, str) and text for text in texts)
        assert_array_equal(labels, np.repeat([0, 1], 12_500), strict=True)


def test_the_real_reviews_are_in_the_archive_s_order(real):
    assert real.X_train[0].startswith("Story of a man who has unnatural feelings for a pig.")
    assert real.X_train[12_500].startswith("Bromwell High is a cartoon comedy.")
    assert real.X_test[0].startswith("Once again Mr. Costner has dragged out a movie")


def test_the_known_reviews_that_are_in_both_parts_are_there(real):
    assert len(set(real.X_train) & set(real.X_test)) == 123


# From a folder and the cache


@pytest.mark.parametrize("subfolder", ["imdb", "."])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_folder_of_the_environment_variable_comes_first(
    stand_in, tmp_path, monkeypatch, subfolder, suffix
):
    own, home = tmp_path / "own", tmp_path / "home"
    write_files(own / subfolder, suffix)
    monkeypatch.setenv("SKMNIST_DATA", str(own))
    assert_is_the_stand_in(fetch_imdb(data_home=home))
    assert files_in(home) == []


def test_the_cache_comes_next(stand_in, tmp_path, monkeypatch):
    write_files(cache_of(tmp_path))
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path / "no-such-folder"))
    assert_is_the_stand_in(fetch_imdb(data_home=tmp_path, download_if_missing=False))


def test_a_bunch_holds_the_same_with_names_and_source(stand_in, tmp_path):
    write_files(cache_of(tmp_path))
    bunch = fetch_imdb(data_home=tmp_path, as_bunch=True)
    assert_is_the_stand_in(((bunch.X_train, bunch.y_train), (bunch.X_test, bunch.y_test)))
    assert bunch.target_names.tolist() == ["negative", "positive"]
    assert "Maas" in bunch.DESCR


GOOD = json_lines(REVIEWS["test"])
BAD_FILES = {
    "no JSON": (GOOD + b"<html>", "test.jsonl, line 5: got b'<html>'; expected a JSON object"),
    "no object": (b"[1]\n" + GOOD, "test.jsonl, line 1: .*expected a JSON object"),
    "no text": (b'{"label": 1}\n', "line 1: .*expected a JSON object with a string"),
    "text that is none": (b'{"text": 5, "label": 1}\n', "line 1: .*expected a JSON object"),
    "label of another kind": (b'{"text": "a", "label": "pos"}\n', "line 1: .*of 0 or 1"),
    "label that is neither": (b'{"text": "a", "label": 2}\n', "line 1: .*of 0 or 1"),
    "label that is a truth": (b'{"text": "a", "label": true}\n', "line 1: .*of 0 or 1"),
    "no UTF-8": (b'{"text": "\xff", "label": 1}\n', "line 1: .*expected a JSON object"),
    "nested without end": (b"[" * 100_000, "line 1: .*expected a JSON object"),
    "too few": (GOOD[: GOOD.index(b"\n") + 1], "test.jsonl holds 1 reviews; expected 4"),
    "empty": (b"", "test.jsonl holds 0 reviews; expected 4"),
    "half a gzip file": (gzip.compress(GOOD)[:30], "test.jsonl is damaged: expected a whole gzip"),
}


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_in_ones_own_folder_is_named_with_its_line(
    stand_in, tmp_path, monkeypatch, content, message
):
    write_files(tmp_path, suffix="")
    (tmp_path / "test.jsonl").write_bytes(content)
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=message):
        fetch_imdb()


# From the archive


def test_the_archive_is_downloaded_once_and_then_read_from_the_cache(serve, tmp_path):
    server = serve(archive())
    assert_is_the_stand_in(fetch_imdb(data_home=tmp_path))
    assert files_in(tmp_path) == FILES
    assert_is_the_stand_in(fetch_imdb(data_home=tmp_path))
    assert len(server.requests) == 1


def test_nothing_of_the_archive_is_written_but_the_two_files(serve, tmp_path):
    evil = {
        "../outside.txt": b"out",
        str(tmp_path / "absolute.txt"): b"out",
        "aclImdb/train/neg/../../../1_1.txt": b"out",
        "aclImdb/train/neg/x_1.txt": b"out",
    }
    serve(archive(extra=evil))
    assert_is_the_stand_in(fetch_imdb(data_home=tmp_path / "home"))
    assert files_in(tmp_path) == FILES


@pytest.mark.parametrize(
    "damaged",
    [b"", gzip.compress(b"{}"), b"\x1f\x8b damaged"],
    ids=["empty", "without reviews", "not gzip"],
)
def test_a_damaged_file_in_the_cache_is_made_anew(serve, tmp_path, damaged):
    server = serve(archive())
    write_files(cache_of(tmp_path))
    (cache_of(tmp_path) / "train.jsonl.gz").write_bytes(damaged)
    for _ in range(2):
        assert_is_the_stand_in(fetch_imdb(data_home=tmp_path))
    assert len(server.requests) == 1


BROKEN = {
    "server error": ({"body": b"sorry", "status": 500}, "500"),
    "login page": ({"body": b"<html>", "known": b"other"}, "expected an archive of MD5"),
    "broken off": ({"body": bytes(10_000), "cut": True}, "IncompleteRead"),
}


@pytest.mark.parametrize(("answer", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_failed_download_says_why_and_the_ways_out(serve, tmp_path, answer, reason):
    server = serve(**answer)
    with pytest.raises(OSError, match=r"IMDB's train\.jsonl\.gz and test\.jsonl\.gz") as e:
        fetch_imdb(data_home=tmp_path)
    for part in (
        reason,
        server.url,
        "SKMNIST_DATA, which is not set",
        str(cache_of(tmp_path)),
        "data_home",
    ):
        assert part in str(e.value)
    assert files_in(tmp_path) == []


def test_without_permission_to_download_nothing_is_asked_for(serve, tmp_path, monkeypatch):
    server = serve(archive())
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path / "elsewhere"))
    write_files(cache_of(tmp_path))
    (cache_of(tmp_path) / "test.jsonl.gz").write_bytes(b"")
    with pytest.raises(OSError, match="`download_if_missing` is False") as caught:
        fetch_imdb(data_home=tmp_path, download_if_missing=False)
    assert f"SKMNIST_DATA={tmp_path / 'elsewhere'}" in str(caught.value)
    assert "test.jsonl.gz holds 0 reviews" in str(caught.value)
    assert server.requests == []


def test_several_may_load_at_once(serve, tmp_path):
    serve(archive())
    with ThreadPoolExecutor(4) as pool:
        loaded = [pool.submit(fetch_imdb, data_home=tmp_path) for _ in range(8)]
    for data in loaded:
        assert_is_the_stand_in(data.result())
    assert files_in(tmp_path) == FILES


def test_a_download_is_silent(serve, tmp_path, capfd, caplog):
    serve(archive())
    with caplog.at_level("INFO"):
        fetch_imdb(data_home=tmp_path)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_importing_the_module_does_not_import_what_only_a_download_needs():
    code = "import sys, skmnist.datasets; print({'pooch', 'requests', 'keras'} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"
