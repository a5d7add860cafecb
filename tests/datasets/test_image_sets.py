"""Data sets in MNIST's form and in others, written by the tests as they are published."""

import bz2
import gzip
import hashlib
import io
import os
import pickle
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from mirrors import Mirror, tar_gz
from numpy.testing import assert_array_equal

import skmnist
from skmnist import fetch_cifar10, fetch_emnist, fetch_fashion_mnist, fetch_kmnist, fetch_usps
from skmnist.datasets import _cifar10, _emnist, _fashion_mnist, _kmnist, _published, _usps
from skmnist.datasets._emnist import SPLITS
from skmnist.datasets._registry import DATASETS

# What each format holds: X_train, y_train, X_test, y_test


def some_arrays(*shape, first_label=0, seed=0):
    random = np.random.default_rng(seed)
    return [
        random.integers(0, 256, (6, *shape), np.uint8),
        np.arange(first_label, first_label + 6, dtype=np.uint8),
        random.integers(0, 256, (4, *shape), np.uint8),
        np.arange(first_label, first_label + 4, dtype=np.uint8)[::-1].copy(),
    ]


# The published formats


def idx(array):
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def four_files(arrays):
    names = "train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"
    return {
        f"{name}-ubyte.gz": gzip.compress(idx(array), mtime=0)
        for name, array in zip(names, arrays, strict=True)
    }


def emnist_zip(arrays_of, without=""):
    """The archive, in which images lie on their side."""
    archive = io.BytesIO()
    kinds = "train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1"
    with zipfile.ZipFile(archive, "w") as file:
        for split, arrays in arrays_of.items():
            for kind, array in zip(kinds, arrays, strict=True):
                name = f"gzip/emnist-{split}-{kind}-ubyte.gz"
                stored = np.stack([image.T for image in array]) if array.ndim == 3 else array
                if name != without:
                    file.writestr(name, gzip.compress(idx(stored), mtime=0))
        file.writestr("gzip/emnist-letters-mapping.txt", "1 65 97\n")
    return archive.getvalue()


def libsvm(rows):
    """Rows of a label and its features, of which LIBSVM leaves out those that are 0."""
    lines = []
    for label, features in rows:
        numbered = [f"{i}:{value:.6g}" for i, value in enumerate(features, start=1) if value]
        lines.append(f"{label:g} {' '.join(numbered)} \n")
    return bz2.compress("".join(lines).encode())


def usps_rows(images, labels):
    return [
        (label + 1.0, image.ravel() / 255.0 * 2 - 1)
        for image, label in zip(images, labels, strict=True)
    ]


def cifar_records(images, labels):
    return b"".join(
        bytes([label]) + b"".join(image[:, :, colour].tobytes() for colour in range(3))
        for image, label in zip(images, labels, strict=True)
    )


def cifar_members(X_train, y_train, X_test, y_test):
    """Five batches, of which one is empty and one has two images, in an order of their own."""
    parts = [slice(0, 2), slice(2, 3), slice(3, 3), slice(3, 5), slice(5, 6)]
    batches = {
        f"cifar-10-batches-bin/data_batch_{number}.bin": cifar_records(X_train[of], y_train[of])
        for number, of in enumerate(parts, start=1)
    }
    return {
        "cifar-10-batches-bin/test_batch.bin": cifar_records(X_test, y_test),
        "cifar-10-batches-bin/readme.html": b"<html></html>",
        **dict(reversed(batches.items())),
    }


# Small stand-ins


@dataclass
class StandIn:
    """A small data set under a published one's name: how it is fetched, its files, its arrays."""

    fetch: object
    folder: str
    title: str
    files: dict
    arrays: list
    patch: object = None  # replaces parts of the description that the package has

    @property
    def requests(self):
        return [name.removesuffix(".gz") for name in self.files]

    def answer(self, name):
        """Deliver a file, as a mirror does."""
        content = self.files.get(name) or self.files.get(f"{name}.gz")
        return (200, content) if content else (404, b"")

    def know_checksums(self):
        self.patch(md5_of=self.patch.checksums(self.files))

    def write(self, folder, **changed):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in {**self.files, **changed}.items():
            (folder / name).write_bytes(content)

    def assert_is(self, data):
        (X_train, y_train), (X_test, y_test) = data
        for array, expected in zip((X_train, y_train, X_test, y_test), self.arrays, strict=True):
            assert_array_equal(array, expected, strict=True)
            assert array.flags.writeable
            assert array.flags.c_contiguous


class Patch:
    """Replaces parts of a module's descriptions, for as long as a test runs."""

    def __init__(self, monkeypatch, module, name, checksums):
        self.monkeypatch, self.module, self.name = monkeypatch, module, name
        self.checksums = checksums

    def __call__(self, **changed):
        present = getattr(self.module, self.name)
        changed = (
            {split: replace(description, **changed) for split, description in present.items()}
            if isinstance(present, dict)
            else replace(present, **changed)
        )
        self.monkeypatch.setattr(self.module, self.name, changed)


def md5_of_files(files):
    return {name: hashlib.md5(content).hexdigest() for name, content in files.items()}


def md5_of_contents(files):
    return {
        name.removesuffix(".gz"): hashlib.md5(gzip.decompress(content)).hexdigest()
        for name, content in files.items()
    }


LETTERS = {
    split: some_arrays(28, 28, first_label=int(split == "letters"), seed=seed)
    for seed, split in enumerate(SPLITS)
}


def fashion_mnist():
    arrays = some_arrays(28, 28)
    return StandIn(
        fetch_fashion_mnist, "fashion_mnist", "Fashion-MNIST", four_files(arrays), arrays
    )


def kmnist():
    arrays = some_arrays(28, 28)
    return StandIn(fetch_kmnist, "kmnist", "Kuzushiji-MNIST", four_files(arrays), arrays)


def emnist():
    fetch = partial(fetch_emnist, "letters")
    return StandIn(fetch, "emnist", "EMNIST", {"gzip.zip": emnist_zip(LETTERS)}, LETTERS["letters"])


def usps():
    X_train, y_train, X_test, y_test = arrays = some_arrays(16, 16)
    files = {
        "usps.bz2": libsvm(usps_rows(X_train, y_train)),
        "usps.t.bz2": libsvm(usps_rows(X_test, y_test)),
    }
    return StandIn(fetch_usps, "usps", "USPS", files, arrays)


def cifar10():
    arrays = some_arrays(32, 32, 3)
    files = {"cifar-10-binary.tar.gz": tar_gz(cifar_members(*arrays))}
    return StandIn(fetch_cifar10, "cifar10", "CIFAR-10", files, arrays)


DESCRIPTIONS = {
    fashion_mnist: (_fashion_mnist, "_FASHION_MNIST", md5_of_contents),
    kmnist: (_kmnist, "_KMNIST", md5_of_files),
    emnist: (_emnist, "_EMNIST", md5_of_files),
    usps: (_usps, "_USPS", md5_of_files),
    cifar10: (_cifar10, "_CIFAR10", md5_of_files),
}


@pytest.fixture
def put(monkeypatch):
    """Let a stand-in be what a name promises; no folder of one's own, no mirror."""
    monkeypatch.delenv("SKMNIST_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def put(make, **files):
        made = make()
        made.files.update(files)
        made.patch = Patch(monkeypatch, *DESCRIPTIONS[make])
        made.patch(mirrors=())
        made.know_checksums()
        return made

    return put


@pytest.fixture(params=DESCRIPTIONS, ids=lambda make: make.__name__)
def stand_in(request, put):
    return put(request.param)


@pytest.fixture
def serve():
    """Start mirrors for a stand-in, one for each answer, in this order."""
    started = []

    def serve(stand_in, *answers):
        started.extend(map(Mirror, answers))
        stand_in.patch(mirrors=tuple(mirror.url for mirror in started))
        return started

    yield serve
    for mirror in started:
        mirror.close()


def cache_of(stand_in, data_home):
    return data_home / "skmnist" / stand_in.folder


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# Where files are found


def test_files_of_ones_own_are_read_as_they_were_written(stand_in, tmp_path, monkeypatch):
    stand_in.write(tmp_path / "own" / stand_in.folder)
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path / "own"))
    stand_in.assert_is(stand_in.fetch(data_home=tmp_path / "home"))
    assert not (tmp_path / "home").exists()


def test_files_outside_of_the_subfolder_may_be_another_data_set_s(stand_in, tmp_path, monkeypatch):
    stand_in.write(tmp_path)
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path))
    message = f"is neither in .* whose {stand_in.folder}/ holds "
    with pytest.raises(OSError, match=r"(?s)" + message):
        stand_in.fetch(data_home=tmp_path / "home", download_if_missing=False)


def test_missing_files_are_downloaded_once_and_then_read_from_the_cache(stand_in, serve, tmp_path):
    (mirror,) = serve(stand_in, stand_in.answer)
    for _ in range(2):
        stand_in.assert_is(stand_in.fetch(data_home=tmp_path))
    assert mirror.requests == stand_in.requests
    assert files_in(tmp_path) == sorted(stand_in.files)


def test_fashion_mnist_may_be_unpacked(put, tmp_path):
    stand_in = put(fashion_mnist)
    cache_of(stand_in, tmp_path).mkdir(parents=True)
    for name, content in stand_in.files.items():
        path = cache_of(stand_in, tmp_path) / name.removesuffix(".gz")
        path.write_bytes(gzip.decompress(content))
    stand_in.assert_is(fetch_fashion_mnist(data_home=tmp_path))


def test_the_registry_s_names_load_the_same(stand_in, tmp_path, monkeypatch):
    stand_in.write(tmp_path / stand_in.folder)
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path))
    name = {"fashion_mnist": "fashion-mnist", "emnist": "emnist-letters"}
    dataset = DATASETS[name.get(stand_in.folder, stand_in.folder)]
    stand_in.assert_is(dataset.load(0))
    assert dataset.samples == "images"


# What is damaged


def damages(content):
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0xFF
    return {"truncated": content[: len(content) // 2], "a wrong byte": bytes(flipped), "empty": b""}


@pytest.mark.parametrize("kind", ["truncated", "a wrong byte", "empty"])
def test_a_damaged_file_of_ones_own_is_refused_by_name(stand_in, tmp_path, monkeypatch, kind):
    *_, (name, content) = stand_in.files.items()
    stand_in.write(tmp_path / stand_in.folder, **{name: damages(content)[kind]})
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path))
    with pytest.raises(ValueError, match="expected") as caught:
        stand_in.fetch()
    assert str(tmp_path / stand_in.folder / name) in str(caught.value)


def test_an_intact_file_of_other_content_is_refused_with_both_checksums(
    stand_in, tmp_path, monkeypatch
):
    name, original = next(iter(stand_in.files.items()))
    forged = original + b"\0" * 512  # after the end: most programs read it as the original
    if stand_in.folder == "fashion_mnist":
        forged = gzip.compress(idx(stand_in.arrays[0][::-1]))
    stand_in.write(tmp_path / stand_in.folder, **{name: forged})
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=f"is not {stand_in.title}'s {name[:8]}") as caught:
        stand_in.fetch()
    for content in original, forged:
        (checksum,) = stand_in.patch.checksums({name: content}).values()
        assert checksum in str(caught.value)
    of_the_content = "MD5 is that of the uncompressed content" in str(caught.value)
    assert of_the_content == (stand_in.folder == "fashion_mnist")


def test_images_in_another_order_are_refused_with_a_way_to_read_them(put, tmp_path, monkeypatch):
    stand_in = put(fashion_mnist)
    reordered = four_files([array[::-1] for array in stand_in.arrays])
    stand_in.write(tmp_path / "fashion_mnist", **reordered)
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"in another order, read it with `read_idx`"):
        fetch_fashion_mnist()
    path = tmp_path / "fashion_mnist" / "train-images-idx3-ubyte.gz"
    assert_array_equal(skmnist.read_idx(path), stand_in.arrays[0][::-1])


def test_a_damaged_file_in_the_cache_is_downloaded_anew(stand_in, serve, tmp_path):
    (mirror,) = serve(stand_in, stand_in.answer)
    *_, (name, content) = stand_in.files.items()
    stand_in.write(cache_of(stand_in, tmp_path), **{name: content[:-9]})
    for _ in range(2):
        stand_in.assert_is(stand_in.fetch(data_home=tmp_path))
    assert mirror.requests == stand_in.requests[-1:]


def fail(name):
    return 500, b"sorry"


def deliver_a_login_page(name):
    return 200, b"<html>Please log in</html>"


def test_after_broken_mirrors_the_next_one_is_used(stand_in, serve, tmp_path):
    def break_off(name):
        status, content = stand_in.answer(name)
        return status, content, len(content) // 2

    serve(stand_in, fail, deliver_a_login_page, break_off, stand_in.answer)
    stand_in.assert_is(stand_in.fetch(data_home=tmp_path))
    assert files_in(tmp_path) == sorted(stand_in.files)


def test_when_no_mirror_delivers_the_error_has_every_reason(stand_in, serve, tmp_path):
    mirrors = serve(stand_in, fail, deliver_a_login_page)
    with pytest.raises(OSError, match=f"{stand_in.title}'s .* is neither in the") as caught:
        stand_in.fetch(data_home=tmp_path)
    for part in (*(mirror.url for mirror in mirrors), "500", "expected", *stand_in.files):
        assert part in str(caught.value)
    assert files_in(tmp_path) == []


def test_an_interrupted_download_leaves_nothing(stand_in, tmp_path, monkeypatch):
    def interrupt(url, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    stand_in.patch(mirrors=("http://127.0.0.1/",))
    monkeypatch.setattr(_published, "download", interrupt)
    with pytest.raises(KeyboardInterrupt):
        stand_in.fetch(data_home=tmp_path)
    assert list(cache_of(stand_in, tmp_path).iterdir()) == []


def test_several_may_fetch_at_once(stand_in, serve, tmp_path):
    serve(stand_in, stand_in.answer)
    with ThreadPoolExecutor(4) as pool:
        fetched = [pool.submit(stand_in.fetch, data_home=tmp_path) for _ in range(8)]
    for data in fetched:
        stand_in.assert_is(data.result())
    assert files_in(tmp_path) == sorted(stand_in.files)


# What is described

KNOWN = [
    (_fashion_mnist._FASHION_MNIST, 10, "MIT licence", "Xiao"),
    (_kmnist._KMNIST, 10, "CC BY-SA 4.0", "Clanuwat"),
    (_usps._USPS, 10, "No licence", "Hull"),
    (_cifar10._CIFAR10, 10, "No licence", "Krizhevsky"),
    *(
        (_emnist._EMNIST[split], n_classes, "No licence", "Cohen")
        for split, n_classes in zip(SPLITS, (62, 47, 47, 26, 10, 10), strict=True)
    ),
]


@pytest.mark.parametrize(("description", "n_classes", "licence", "author"), KNOWN)
def test_a_description_has_a_licence_a_citation_and_a_name_for_each_class(
    description, n_classes, licence, author
):
    assert len(description.target_names) == len(set(description.target_names)) == n_classes
    text = description.description.replace("\n", " ")
    assert licence in text
    assert author in text
    assert all(mirror.startswith("http") and mirror[-1] == "/" for mirror in description.mirrors)


def test_a_bunch_has_the_arrays_the_names_and_the_description(stand_in, tmp_path):
    stand_in.write(cache_of(stand_in, tmp_path))
    bunch = stand_in.fetch(data_home=tmp_path, as_bunch=True)
    stand_in.assert_is(((bunch.X_train, bunch.y_train), (bunch.X_test, bunch.y_test)))
    assert bunch.target_names.dtype.kind == "U"
    assert bunch.DESCR.startswith(stand_in.title)


def test_a_class_of_fashion_mnist_and_kmnist_is_named_in_order_of_its_label():
    assert _fashion_mnist._FASHION_MNIST.target_names[9] == "Ankle boot"
    assert " ".join(_kmnist._KMNIST.target_names) == "o ki su tsu na ha ma ya re wo"
    assert _cifar10._CIFAR10.target_names[6] == "frog"


# Formats of their own


@pytest.mark.parametrize("split", SPLITS)
def test_one_download_of_emnist_has_all_splits_upright(put, serve, tmp_path, split):
    stand_in = put(emnist)
    (mirror,) = serve(stand_in, stand_in.answer)
    others = [other for other in SPLITS if other != split]
    for wanted in (others[0], split):
        data = fetch_emnist(wanted, data_home=tmp_path)
        replace(stand_in, arrays=LETTERS[wanted]).assert_is(data)
    assert mirror.requests == ["gzip.zip"]


# As the mapping files of the archive have it: label, code of the character.
@pytest.mark.parametrize(
    ("split", "label", "name"),
    [
        ("byclass", 0, "0"),
        ("byclass", 10, "A"),
        ("byclass", 36, "a"),
        ("byclass", 61, "z"),
        ("bymerge", 35, "Z"),
        ("bymerge", 36, "a"),
        ("bymerge", 38, "d"),
        ("bymerge", 46, "t"),
        ("balanced", 43, "n"),
        ("digits", 9, "9"),
        ("mnist", 3, "3"),
    ],
)
def test_a_label_of_emnist_is_the_place_of_its_name(split, label, name):
    assert _emnist._EMNIST[split].target_names[label] == name


def test_the_names_of_emnist_s_letters_are_in_the_order_of_the_labels_1_to_26(put, tmp_path):
    stand_in = put(emnist)
    stand_in.write(cache_of(stand_in, tmp_path))
    letters = fetch_emnist("letters", data_home=tmp_path, as_bunch=True)
    assert letters.target_names[letters.y_train - 1].tolist() == list("ABCDEF")
    assert len(letters.target_names) == 26


@pytest.mark.parametrize("split", ["Letters", "train", "", None, ["letters"]])
def test_an_unknown_split_of_emnist_is_refused(split):
    with pytest.raises(ValueError, match=r"split=.*expected one of 'byclass', 'bymerge'"):
        fetch_emnist(split)


def test_many_images_of_emnist_are_upright_too():
    images = np.arange(5000 * 4, dtype=np.uint32).astype(np.uint8).reshape(5000, 2, 2)
    arrays = [images, images[:, 0, 0].copy(), images[:3], images[:3, 0, 0].copy()]
    content = io.BytesIO(emnist_zip({"digits": arrays}))
    read = _emnist._read(content, "digits")
    for array, expected in zip(read, arrays, strict=True):
        assert_array_equal(array, expected, strict=True)


def test_usps_has_pixels_rounded_to_the_nearest_of_8_bits(put, tmp_path):
    features = np.zeros(256)
    features[:5] = -1, 1, -0.999, 0.5, -0.003
    stand_in = put(usps, **{"usps.bz2": libsvm([(10, features)])})
    stand_in.write(cache_of(stand_in, tmp_path))
    (X, y), _ = fetch_usps(data_home=tmp_path)
    assert X.ravel()[:5].tolist() == [0, 255, 0, 191, 127]
    assert set(X.ravel()[5:].tolist()) == {128}  # the features that are left out are 0
    assert y.tolist() == [9]


GOOD = np.zeros(256)
BAD_USPS = {
    "no LIBSVM": (bz2.compress(b"<html>"), "not in LIBSVM's format"),
    "too many features": (libsvm([(1, np.ones(257))]), "not in LIBSVM's format of 256 features"),
    "the digit 0 as 0": (libsvm([(0, np.ones(256))]), "expected labels 1 to 10"),
    "a half": (libsvm([(1.5, np.ones(256))]), "expected labels 1 to 10"),
    "0 to 255": (libsvm([(1, np.full(256, 255))]), "values -1 to 1"),
    "not a number": (libsvm([(1, np.full(256, np.nan))]), "values -1 to 1"),
}


@pytest.mark.parametrize(("content", "message"), BAD_USPS.values(), ids=BAD_USPS)
def test_usps_in_another_format_is_refused(put, tmp_path, monkeypatch, content, message):
    stand_in = put(usps, **{"usps.bz2": content})
    stand_in.write(tmp_path / "usps")
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=f"usps.bz2.*{message}"):
        fetch_usps()


def changed_cifar(**changed):
    members = cifar_members(*some_arrays(32, 32, 3))
    members.update({f"cifar-10-batches-bin/{name}.bin": new for name, new in changed.items()})
    return {name: content for name, content in members.items() if content is not None}


BAD_CIFAR = {
    "a batch is missing": (changed_cifar(data_batch_3=None), "lacks .*data_batch_3.bin"),
    "no test batch": (changed_cifar(test_batch=None), "lacks .*test_batch.bin"),
    "half a record": (changed_cifar(data_batch_2=bytes(3000)), "records of 3073 bytes, got 3000"),
    "an eleventh class": (changed_cifar(test_batch=b"\x0a" * 3073), "labels 0 to 9, got 10"),
}


@pytest.mark.parametrize(("members", "message"), BAD_CIFAR.values(), ids=BAD_CIFAR)
def test_cifar_10_in_another_format_is_refused(put, tmp_path, monkeypatch, members, message):
    stand_in = put(cifar10, **{"cifar-10-binary.tar.gz": tar_gz(members)})
    stand_in.write(tmp_path / "cifar10")
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=f"cifar-10-binary.tar.gz.*{message}"):
        fetch_cifar10()


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def test_nothing_of_cifar_10_s_archive_is_unpacked_or_executed(put, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    members = cifar_members(*some_arrays(32, 32, 3))
    members |= {"../escaped": b"x", "cifar-10-batches-bin/batches.meta": pickle.dumps(Bomb())}
    stand_in = put(cifar10, **{"cifar-10-binary.tar.gz": tar_gz(members)})
    stand_in.write(cache_of(stand_in, tmp_path))
    stand_in.assert_is(fetch_cifar10(data_home=tmp_path))
    assert files_in(tmp_path.parent / tmp_path.name) == ["cifar-10-binary.tar.gz"]
    assert not (tmp_path.parent / "escaped").exists()
    assert not (tmp_path / "unpickled").exists()


def test_an_archive_of_emnist_without_a_split_is_refused(put, tmp_path, monkeypatch):
    lacking = "gzip/emnist-letters-test-labels-idx1-ubyte.gz"
    stand_in = put(emnist, **{"gzip.zip": emnist_zip(LETTERS, without=lacking)})
    stand_in.write(tmp_path / "emnist")
    monkeypatch.setenv("SKMNIST_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=f"gzip.zip lacks {lacking}"):
        fetch_emnist("letters")


# The real one


def test_the_fashion_mnist_at_hand_is_refused_if_its_order_is_not_the_original_one(monkeypatch):
    folder = Path(os.environ.get("SKMNIST_DATA", ""), "fashion_mnist")
    names = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
    if not all((folder / f"{name}.gz").is_file() for name in names):
        pytest.skip("set SKMNIST_DATA to a folder whose fashion_mnist/ holds it")
    labels = idx(skmnist.read_idx(folder / f"{names[1]}.gz"))
    if hashlib.md5(labels).hexdigest() == _fashion_mnist._FASHION_MNIST.md5_of[names[1]]:
        pytest.skip("it is in the original order")
    with pytest.raises(ValueError, match=f"{names[0]}.gz is not Fashion-MNIST's .*`read_idx`"):
        fetch_fashion_mnist()
