"""IDX files, good and bad; MNIST from a folder, the cache and mirrors that may be broken."""

import gzip
import hashlib
import os
import struct
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from mirrors import Mirror
from numpy.testing import assert_array_equal

from skmnist import fetch_mnist, read_idx
from skmnist._utils.progress import _screens
from skmnist.datasets import _mnist, _published

CODE_OF = {
    "uint8": 0x08,
    "int8": 0x09,
    "int16": 0x0B,
    "int32": 0x0C,
    "float32": 0x0D,
    "float64": 0x0E,
}


def header(code, *sizes):
    return bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)


def idx(array):
    big_endian = array.astype(array.dtype.newbyteorder(">"))
    return header(CODE_OF[array.dtype.name], *array.shape) + big_endian.tobytes()


def memory_peak(action):
    """The most bytes that Python held at once during the action."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# read_idx


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 3, 5), (1, 2, 3, 4)])
@pytest.mark.parametrize("dtype", CODE_OF)
def test_every_dtype_and_shape_is_read_as_it_was_written(tmp_path, dtype, shape, compress):
    array = np.random.default_rng(0).normal(0, 100, shape).clip(0, 127).astype(dtype)
    if np.issubdtype(dtype, np.signedinteger) or np.issubdtype(dtype, np.floating):
        array = -array
    path = tmp_path / "array"
    path.write_bytes(compress(idx(array)))

    read = read_idx(path)

    assert_array_equal(read, array, strict=True)
    assert read.dtype.isnative
    assert read.flags.writeable
    assert read.flags.c_contiguous


def test_compression_is_told_by_content_and_not_by_name(tmp_path):
    array = np.arange(10, dtype=np.uint8)
    (tmp_path / "plain.gz").write_bytes(idx(array))
    (tmp_path / "compressed").write_bytes(gzip.compress(idx(array)))
    assert_array_equal(read_idx(tmp_path / "plain.gz"), array)
    assert_array_equal(read_idx(str(tmp_path / "compressed")), array)


@pytest.mark.parametrize("dtype", CODE_OF)
def test_a_file_is_mapped_into_memory_in_its_own_byte_order(tmp_path, dtype):
    array = np.arange(30).reshape(5, 2, 3).astype(dtype)
    (tmp_path / "array").write_bytes(idx(array))
    mapped = read_idx(tmp_path / "array", mmap=True)
    assert isinstance(mapped, np.memmap)
    assert not mapped.flags.writeable
    assert_array_equal(mapped, read_idx(tmp_path / "array"))


def test_compressed_and_broken_files_are_not_mapped(tmp_path):
    content = idx(np.arange(10, dtype=np.uint8))
    for name, bad, message in (
        ("gzip", gzip.compress(content), "gzip is compressed, so it can't be mapped into memory"),
        ("short", content[:-1], r"10 bytes of values for shape \(10,\), got 9"),
        ("long", content + b"1", r"10 bytes of values for shape \(10,\), got 11"),
        ("text", b"<html>", "text is not a whole IDX file: expected a magic number"),
    ):
        (tmp_path / name).write_bytes(bad)
        with pytest.raises(ValueError, match=message):
            read_idx(tmp_path / name, mmap=True)


def test_gzip_of_several_members_is_one_file(tmp_path):
    content = idx(np.arange(10, dtype=np.uint8))
    path = tmp_path / "members"
    path.write_bytes(gzip.compress(content[:9]) + gzip.compress(content[9:]))
    assert_array_equal(read_idx(path), np.arange(10, dtype=np.uint8))


def test_a_missing_file_is_a_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")


BAD_FILES = {
    "empty": (b"", "magic number"),
    "shorter than the magic number": (b"\0\0\x08", "magic number"),
    "bad magic": (b"\x01\0\x08\x01\0\0\0\x01a", "magic number of 4 bytes, .* got 01 00 08 01"),
    "not IDX at all": (b"<html>Please log in</html>", "magic number"),
    "unknown dtype": (header(0x0A, 1) + b"a", "dtypes .*got 0x0a"),
    "no dimension": (header(0x08) + b"a", "1 to 64 dimensions, got 0"),
    "more dimensions than NumPy has": (header(0x08, *[1] * 65) + b"a", "dimensions, got 65"),
    "header cut off": (header(0x08, 2, 3)[:-1], "2 sizes of 4 bytes, got 7 bytes"),
    "an empty dimension": (header(0x08, 2, 0), r"sizes of at least 1, got \(2, 0\)"),
    "truncated": (header(0x08, 2, 3) + b"12345", r"6 bytes of values for shape \(2, 3\), got 5"),
    "half a value": (header(0x0B, 2) + b"123", "4 bytes of values .*got 3"),
    "oversized": (header(0x08, 2, 3) + b"1234567", "its end after 6 bytes of values, got more"),
    "a lying size": (header(0x0E, *[2**32 - 1] * 8) + b"1", "bytes of values .*got 1"),
}


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_refused_by_name_and_reason(tmp_path, content, message, compress):
    path = tmp_path / "bad-file"
    path.write_bytes(compress(content))
    with pytest.raises(ValueError, match=f"bad-file is not a whole IDX file: expected .*{message}"):
        read_idx(path)


INTACT_GZIP = gzip.compress(idx(np.arange(200, dtype=np.uint8)), mtime=0)
DAMAGED_GZIP = {
    "cut in the gzip header": INTACT_GZIP[:5],
    "cut in the data": INTACT_GZIP[:60],
    "without its checksum": INTACT_GZIP[:-8],
    "wrong checksum": INTACT_GZIP[:-8] + b"\0\0\0\0" + INTACT_GZIP[-4:],
    "wrong length": INTACT_GZIP[:-4] + b"\0\0\0\0",
    "unknown method": INTACT_GZIP[:2] + b"\x07" + INTACT_GZIP[3:],
    "broken data": INTACT_GZIP[:10] + b"\xff" * 30 + INTACT_GZIP[40:],
    "rubbish after the end": INTACT_GZIP + b"rubbish",
}


@pytest.mark.parametrize("content", DAMAGED_GZIP.values(), ids=DAMAGED_GZIP)
def test_damaged_gzip_is_refused_by_name(tmp_path, content):
    path = tmp_path / "bad-file"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="bad-file is damaged: expected a whole gzip file, got: "):
        read_idx(path)


SAYS_NOTHING_OF_THE_CONTENT = range(4, 10)  # the gzip header's time, extra flags and system


def test_any_single_wrong_byte_of_a_gzip_file_is_noticed(tmp_path):
    path = tmp_path / "bad-file"
    for position in range(len(INTACT_GZIP)):
        content = bytearray(INTACT_GZIP)
        content[position] ^= 0xFF
        path.write_bytes(content)
        if position in SAYS_NOTHING_OF_THE_CONTENT:
            assert_array_equal(read_idx(path), np.arange(200, dtype=np.uint8))
        else:
            with pytest.raises(ValueError, match="bad-file"):
                read_idx(path)


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_claimed_size_allocates_nothing_before_the_file_proves_it(tmp_path, compress):
    path = tmp_path / "liar"
    path.write_bytes(compress(header(0x08, 60_000, 1_000, 1_000) + b"1"))

    def refuse():
        with pytest.raises(ValueError, match="60000000000 bytes"):
            read_idx(path)

    assert memory_peak(refuse) < 4e6


def test_a_gzip_bomb_is_not_decompressed_past_the_declared_size(tmp_path):
    bomb = gzip.compress(header(0x08, 10) + bytes(50_000_000))
    path = tmp_path / "bomb"
    # Its end is missing: whoever reads so far complains of that instead.
    path.write_bytes(bomb[: len(bomb) // 2])

    def refuse():
        with pytest.raises(ValueError, match="its end after 10 bytes of values, got more bytes"):
            read_idx(path)

    assert memory_peak(refuse) < 4e6


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_an_array_is_in_memory_only_once_while_it_is_read(tmp_path, dtype, compress):
    path = tmp_path / "large"
    array = np.zeros(16_000_000 // np.dtype(dtype).itemsize, dtype)
    path.write_bytes(compress(idx(array)))
    assert memory_peak(lambda: read_idx(path)) < 1.5 * array.nbytes


# The real MNIST


def test_mnist_has_its_published_shapes_and_dtypes(mnist):
    (X_train, y_train), (X_test, y_test) = mnist
    assert X_train.shape == (60_000, 28, 28)
    assert y_train.shape == (60_000,)
    assert X_test.shape == (10_000, 28, 28)
    assert y_test.shape == (10_000,)
    assert {array.dtype for array in (X_train, y_train, X_test, y_test)} == {np.dtype("uint8")}


def test_mnist_is_in_its_original_order(mnist):
    (X_train, y_train), (X_test, y_test) = mnist
    assert y_train[:4].tolist() == [5, 0, 4, 1]
    assert y_test[:4].tolist() == [7, 2, 1, 0]
    assert X_train.sum(dtype=np.int64) == 1_567_298_545
    assert X_test.sum(dtype=np.int64) == 264_923_200


def test_mnist_has_its_known_class_counts(mnist):
    (_, y_train), (_, y_test) = mnist
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(y_train).tolist() == train
    assert np.bincount(y_test).tolist() == test


# Small stand-ins for MNIST, from a folder, the cache and a local web server


ARRAYS = {
    "train-images-idx3-ubyte": np.arange(6 * 28 * 28).reshape(6, 28, 28).astype(np.uint8),
    "train-labels-idx1-ubyte": np.array([5, 0, 4, 1, 9, 2], np.uint8),
    "t10k-images-idx3-ubyte": np.arange(4 * 28 * 28).reshape(4, 28, 28).astype(np.uint8)[::-1],
    "t10k-labels-idx1-ubyte": np.array([7, 2, 1, 0], np.uint8),
}
CONTENTS = {name: idx(array) for name, array in ARRAYS.items()}


def deliver(name):
    return 200, gzip.compress(CONTENTS[name])


def deliver_otherwise_compressed(name):
    return 200, gzip.compress(CONTENTS[name], compresslevel=1, mtime=0)


def deliver_uncompressed(name):
    return 200, CONTENTS[name]


def fail(name):
    return 500, b"sorry"


def deliver_a_login_page(name):
    return 200, b"<html>Please log in</html>"


def deliver_another_array(name):
    return 200, gzip.compress(idx(ARRAYS[name] + np.uint8(1)))


def deliver_half_a_file(name):
    content = gzip.compress(CONTENTS[name])
    return 200, content[: len(content) // 2]


def break_off(name):
    content = gzip.compress(CONTENTS[name])
    return 200, content, len(content) // 2


@pytest.fixture
def small_mnist(monkeypatch):
    """Let the stand-ins be what MNIST's names promise; no folder of one's own, no mirror."""
    checksums = {name: hashlib.md5(content).hexdigest() for name, content in CONTENTS.items()}
    stand_in = replace(_mnist._MNIST, md5_of=checksums, mirrors=())
    monkeypatch.setattr(_mnist, "_MNIST", stand_in)
    monkeypatch.delenv("SKMNIST_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def mirrors(small_mnist, monkeypatch):
    """Start one mirror an answer, in this order, and make them those of MNIST."""
    started = []

    def start(*answers):
        started.extend(map(Mirror, answers))
        urls = tuple(mirror.url for mirror in started)
        monkeypatch.setattr(_mnist, "_MNIST", replace(_mnist._MNIST, mirrors=urls))
        return started

    yield start
    for mirror in started:
        mirror.close()


def write_files(folder, contents=CONTENTS, suffix=""):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}{suffix}").write_bytes(content)


def cache_of(data_home):
    return data_home / "skmnist" / "mnist"


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


ALL_FILES = sorted(f"{name}.gz" for name in CONTENTS)


def assert_is_small_mnist(data):
    (X_train, y_train), (X_test, y_test) = data
    for array, expected in zip((X_train, y_train, X_test, y_test), ARRAYS.values(), strict=True):
        assert_array_equal(array, expected, strict=True)


@pytest.mark.parametrize("subfolder", ["mnist", "."])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_folder_of_the_environment_variable_comes_first(
    small_mnist, tmp_path, monkeypatch, subfolder, suffix
):
    own, home = tmp_path / "own", tmp_path / "home"
    write_files(own / subfolder, suffix=suffix)
    monkeypatch.setenv("SKMNIST_DATA", str(own))
    assert_is_small_mnist(fetch_mnist(data_home=home))
    assert not home.exists()


def test_a_wrong_file_in_ones_own_folder_is_named_with_both_checksums(
    small_mnist, tmp_path, monkeypatch
):
    write_files(tmp_path)
    wrong = idx(ARRAYS["t10k-labels-idx1-ubyte"] + np.uint8(1))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(wrong)
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path))
    with pytest.raises(ValueError, match="is not MNIST's t10k-labels-idx1-ubyte") as caught:
        fetch_mnist()
    for part in (
        str(tmp_path / "t10k-labels-idx1-ubyte"),
        hashlib.md5(wrong).hexdigest(),
        hashlib.md5(CONTENTS["t10k-labels-idx1-ubyte"]).hexdigest(),
    ):
        assert part in str(caught.value)


def test_what_ones_own_folder_lacks_comes_from_the_cache(small_mnist, tmp_path, monkeypatch):
    write_files(cache_of(tmp_path / "home"))
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path / "no-such-folder"))
    assert_is_small_mnist(fetch_mnist(data_home=tmp_path / "home"))


def test_a_bunch_holds_the_same_arrays_with_names_and_licence(small_mnist, tmp_path):
    write_files(cache_of(tmp_path))
    bunch = fetch_mnist(data_home=tmp_path, as_bunch=True)
    assert_is_small_mnist(((bunch.X_train, bunch.y_train), (bunch.X_test, bunch.y_test)))
    assert bunch.target_names.tolist() == [str(digit) for digit in range(10)]
    for part in ("CC BY-SA 3.0", "LeCun", "Cortes", "Burges"):
        assert part in bunch.DESCR


@pytest.mark.parametrize("answer", [deliver, deliver_otherwise_compressed, deliver_uncompressed])
def test_missing_files_are_downloaded_once_and_then_read_from_the_cache(mirrors, tmp_path, answer):
    (mirror,) = mirrors(answer)
    assert_is_small_mnist(fetch_mnist(data_home=tmp_path))
    assert mirror.requests == list(CONTENTS)
    assert files_in(tmp_path) == ALL_FILES

    mirror.close()
    assert_is_small_mnist(fetch_mnist(data_home=tmp_path))
    assert mirror.requests == list(CONTENTS)


def test_only_the_missing_file_is_downloaded(mirrors, tmp_path):
    (mirror,) = mirrors(deliver)
    write_files(cache_of(tmp_path))
    (cache_of(tmp_path) / "t10k-labels-idx1-ubyte").unlink()
    assert_is_small_mnist(fetch_mnist(data_home=tmp_path))
    assert mirror.requests == ["t10k-labels-idx1-ubyte"]


BROKEN = [fail, deliver_a_login_page, deliver_another_array, deliver_half_a_file, break_off]


@pytest.mark.parametrize("broken", BROKEN)
def test_after_a_broken_mirror_the_next_one_is_used(mirrors, tmp_path, broken):
    first, second = mirrors(broken, deliver)
    assert_is_small_mnist(fetch_mnist(data_home=tmp_path))
    assert first.requests == second.requests == list(CONTENTS)
    assert files_in(tmp_path) == ALL_FILES


def test_after_a_mirror_that_refuses_the_connection_the_next_one_is_used(mirrors, tmp_path):
    first, _ = mirrors(deliver, deliver)
    first.close()
    assert_is_small_mnist(fetch_mnist(data_home=tmp_path))


def test_when_every_mirror_fails_the_error_says_why_and_the_ways_out(mirrors, tmp_path):
    started = mirrors(*BROKEN, deliver)
    started[-1].close()
    with pytest.raises(OSError, match="train-images-idx3-ubyte is neither in the") as caught:
        fetch_mnist(data_home=tmp_path)
    message = str(caught.value)
    for mirror in started:
        assert f"- {mirror.url}: " in message
    for part in (
        "500",
        "magic number",
        "MD5",
        "whole gzip file",
        "IncompleteRead",
        "Connection refused" if os.name == "posix" else "refused",
        "SKMNIST_DATA, which is not set",
        str(cache_of(tmp_path)),
        "data_home",
        *ALL_FILES,
    ):
        assert part in message
    assert list(cache_of(tmp_path).iterdir()) == []


def test_without_permission_to_download_nothing_is_asked_of_a_mirror(
    mirrors, tmp_path, monkeypatch
):
    (mirror,) = mirrors(deliver)
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(OSError, match="`download_if_missing` is False") as caught:
        fetch_mnist(data_home=tmp_path, download_if_missing=False)
    assert f"SKMNIST_DATA={tmp_path / 'elsewhere'}" in str(caught.value)
    assert mirror.requests == []
    assert files_in(tmp_path) == []


DAMAGES = {
    "another array": gzip.compress(idx(np.array([1, 2, 3, 4], np.uint8))),
    "half a file": gzip.compress(CONTENTS["t10k-labels-idx1-ubyte"])[:20],
    "empty": b"",
}


@pytest.mark.parametrize("damaged", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_damaged_file_in_the_cache_is_downloaded_anew(mirrors, tmp_path, suffix, damaged):
    (mirror,) = mirrors(deliver)
    write_files(cache_of(tmp_path), suffix=suffix)
    (cache_of(tmp_path) / f"t10k-labels-idx1-ubyte{suffix}").write_bytes(damaged)
    for _ in range(2):
        assert_is_small_mnist(fetch_mnist(data_home=tmp_path))
    assert mirror.requests == ["t10k-labels-idx1-ubyte"]


@pytest.mark.parametrize("download", [True, False])
def test_a_damaged_file_in_the_cache_that_cannot_be_replaced_is_named(mirrors, tmp_path, download):
    mirrors(fail)
    write_files(cache_of(tmp_path))
    damaged = cache_of(tmp_path) / "t10k-labels-idx1-ubyte"
    damaged.write_bytes(b"")
    with pytest.raises(OSError, match="t10k-labels-idx1-ubyte is neither") as caught:
        fetch_mnist(data_home=tmp_path, download_if_missing=download)
    assert f"- {damaged} is not a whole IDX file" in str(caught.value)


def test_an_interrupted_download_leaves_no_file_in_the_cache(small_mnist, tmp_path, monkeypatch):
    def interrupt(url, path):
        # From another filesystem the finished file could not be moved in one step.
        assert path.is_relative_to(cache_of(tmp_path))
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    somewhere = replace(_mnist._MNIST, mirrors=("http://127.0.0.1/",))
    monkeypatch.setattr(_mnist, "_MNIST", somewhere)
    monkeypatch.setattr(_published, "download", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch_mnist(data_home=tmp_path)
    assert list(cache_of(tmp_path).iterdir()) == []


def test_several_may_fetch_at_once(mirrors, tmp_path):
    mirrors(deliver)
    with ThreadPoolExecutor(8) as pool:
        fetched = [pool.submit(fetch_mnist, data_home=tmp_path) for _ in range(16)]
    for data in fetched:
        assert_is_small_mnist(data.result())
    assert files_in(tmp_path) == ALL_FILES


def test_a_download_is_silent(mirrors, tmp_path, capfd, caplog):
    mirrors(fail, deliver)
    with caplog.at_level("INFO"):
        fetch_mnist(data_home=tmp_path)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


@pytest.mark.parametrize("verbose", [0, 1])
def test_a_download_that_takes_its_time_is_shown_unless_silent(
    verbose, mirrors, tmp_path, capfd, monkeypatch
):
    monkeypatch.setenv("FORCE_COLOR", "1")  # for rich, that is a terminal
    monkeypatch.setattr(_published, "SHORT", 0.0)
    monkeypatch.setattr(_screens.Terminal, "period", 0.0)
    mirrors(deliver)
    fetch_mnist(data_home=tmp_path, verbose=verbose)
    shown = capfd.readouterr().err
    for text in ("Loading MNIST", "Downloading train-images-idx3-ubyte.gz", "0/1 MB"):
        assert (text in shown) == bool(verbose)


def test_importing_the_module_does_not_import_what_only_a_download_needs():
    code = "import sys, skmnist.datasets._mnist; print({'pooch', 'requests'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
