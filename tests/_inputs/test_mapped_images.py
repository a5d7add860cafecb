"""Large files that are mapped into memory: read a few images at a time, shuffled in blocks."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from skmnist import CNNClassifier, ConvBlock, DNNClassifier, knn, read_idx
from skmnist._inputs import mapped_images, picture_rows
from skmnist._inputs.images import as_rows, native_pixels
from skmnist._inputs.mapped_images import MappedImages
from skmnist._inputs.pixels import PixelValues, find_pixel_scaling
from skmnist.training import _parts
from skmnist.training._contract import Data, Plan
from skmnist.training._parts import epoch_order

N = 800
DENSE = DNNClassifier(hidden_units=(16,), epochs=3, batch_size=32, random_state=0)
CONVOLUTIONAL = CNNClassifier(
    conv_blocks=[ConvBlock(4, pool="max")], epochs=2, batch_size=32, random_state=0
)


@pytest.fixture
def labels(mnist):
    return mnist[0][1][:N]


@pytest.fixture
def array(mnist):
    return mnist[0][0][:N]


@pytest.fixture
def mapped(array, tmp_path, monkeypatch):
    """The same images in a file, for which a megabyte is large, and parts of 96 images."""
    np.save(tmp_path / "X.npy", array)
    monkeypatch.setattr(mapped_images, "_LEAST_BYTES", 2**16)
    monkeypatch.setattr(mapped_images, "_BYTES_IN_BLOCK", 8 * 784)
    monkeypatch.setattr(_parts, "_BYTES_IN_PART", 96 * 784)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


@pytest.fixture
def most_read(monkeypatch):
    """The largest number of images that were read at once."""
    most, read = [0], MappedImages.__array__

    def counted(images, dtype=None, copy=None):
        most.append(max(most.pop(), len(images)))
        return read(images, dtype, copy)

    monkeypatch.setattr(MappedImages, "__array__", counted)
    return most


@pytest.mark.parametrize("estimator", [DENSE, CONVOLUTIONAL], ids=["dense", "convolutional"])
def test_fits_in_order_have_the_bits_of_an_array_and_never_read_the_whole(
    estimator, array, mapped, labels, most_read
):
    in_order = clone(estimator).set_params(shuffle=False)
    of_array, of_file = (clone(in_order).fit(X, labels) for X in (array, mapped))
    assert of_file.history_ == of_array.history_
    assert np.array_equal(of_file.predict_proba(mapped), of_array.predict_proba(array))
    # Statistics are of batches of 2 MB, the choice of mirroring of some 2,000 images.
    assert most_read[0] <= max(96, 2**21 // 784)


def test_a_mapped_idx_file_is_never_read_whole(
    array, mapped, labels, tmp_path, most_read, monkeypatch
):
    monkeypatch.setattr(picture_rows, "_BYTES_IN_BATCH", 64 * 784)
    header = b"\0\0\x08\3" + b"".join(side.to_bytes(4, "big") for side in array.shape)
    (tmp_path / "X-idx3-ubyte").write_bytes(header + array.tobytes())
    of_idx = read_idx(tmp_path / "X-idx3-ubyte", mmap=True)
    networks = [clone(DENSE).set_params(epochs=1).fit(X, labels) for X in (of_idx, mapped)]
    assert most_read[0] <= 256  # of which statistics are computed at once
    assert networks[0].history_ == networks[1].history_


def test_what_is_learned_of_the_pixels_is_that_of_an_array(array, mapped):
    rows, shape = as_rows(mapped)
    assert shape == (28, 28, 1)
    assert isinstance(rows, MappedImages)
    rows, dense = native_pixels(rows), array.reshape(N, -1)
    assert find_pixel_scaling(rows) == find_pixel_scaling(dense)
    images = rows.reshape(-1, 28, 28, 1)
    assert PixelValues.of(images) == PixelValues.of(dense.reshape(-1, 28, 28, 1))


def test_shuffling_in_blocks_learns_as_well(array, mapped, labels, mnist):
    X_test, y_test = mnist[1][0][:500], mnist[1][1][:500]
    network = clone(DENSE).set_params(hidden_units=(64,), epochs=10)
    of_array, of_file = (
        clone(network).fit(X, labels).score(X_test, y_test) for X in (array, mapped)
    )
    assert of_file > 0.8
    assert of_file > of_array - 0.03


def test_each_epoch_has_every_row_once_in_blocks_and_mixed_within_a_part(mapped):
    images = native_pixels(as_rows(mapped)[0]).reshape(-1, 28, 28, 1)
    rows = np.arange(N, dtype=np.int32)
    data = Data(images, rows, np.ones(N), rows, rows[:0], 1.0)
    plan = Plan(epochs=1, batch_size=32, learning_rate=0.1, schedule=None, seed=0)
    rng = np.random.default_rng(0)
    first, second = (epoch_order(plan, data, rng) for _ in range(2))
    for order in (first, second):
        assert sorted(order) == list(range(N))
        part = order[:96]
        assert len(np.unique(part // 8)) == 12  # whole blocks of 8
        assert np.abs(np.diff(part)).min() >= 1
        assert (np.diff(part) != 1).mean() > 0.9
    assert not np.array_equal(first, second)


def test_early_stopping_partial_fit_and_cross_validation_take_it(mapped, array, labels):
    stopped = clone(DENSE).set_params(early_stopping=True, validation_fraction=0.2)
    assert "val_loss" in stopped.fit(mapped, labels).history_
    assert clone(DENSE).partial_fit(mapped, labels, classes=np.arange(10)).n_epochs_ == 1
    scores = (cross_val_score(DENSE, X, labels, cv=2).tolist() for X in (mapped, array))
    assert next(scores) == next(scores)


def test_other_estimators_get_the_file_itself_not_a_copy(mapped, labels):
    images, _ = as_rows(mapped)
    assert np.shares_memory(np.asarray(images), mapped)
    assert knn().fit(mapped, labels).score(mapped[:50], labels[:50]) == 1.0


def test_other_arrays_stay_as_they_are(array, mapped, tmp_path):
    private = np.load(tmp_path / "X.npy", mmap_mode="c")
    private[:] = 1
    np.save(tmp_path / "floats.npy", array / 255)
    floats = np.load(tmp_path / "floats.npy", mmap_mode="r")
    for X in (private, floats, mapped[:50], array):
        rows, _ = as_rows(X)
        assert isinstance(rows, np.ndarray)
        assert np.array_equal(rows, X.reshape(len(X), -1))


def test_scattered_images_are_read_a_few_at_a_time_as_a_system_maps_what_is_around_them(
    mapped, array, monkeypatch
):
    given_back = []
    monkeypatch.setattr(mapped_images, "_BYTES_AROUND", 8 * 784)
    monkeypatch.setattr(mapped_images, "_MOST_BYTES_MAPPED", 64 * 784)
    monkeypatch.setattr(mapped_images, "_give_pages_back", given_back.append)
    numbers = np.random.default_rng(0).integers(0, N, 200)  # some of them more than once
    for key, least in ((numbers, N // 64), (slice(None, None, 10), N // 80), (np.arange(64), 1)):
        given_back.clear()
        assert np.array_equal(np.asarray(MappedImages(mapped)[key]), array[key])
        assert 0.8 * least <= len(given_back) <= 2 * least
    empty = MappedImages(mapped)[np.array([], int)]
    assert np.asarray(empty).shape == (0, 28, 28)


def test_they_are_indexed_as_arrays_are(mapped, array):
    images = MappedImages(mapped)
    chosen = np.arange(N) % 7 == 3
    for key in (slice(5, 50, 3), slice(None, None, -1), [3, -1], chosen, np.array([], int)):
        some = images[key]
        assert isinstance(some, MappedImages)
        assert np.array_equal(np.asarray(some), array[key])
        assert np.array_equal(np.asarray(some[1:3]), array[key][1:3])
    assert np.array_equal(images[-1], array[-1])
    assert images.reshape(-1, 784).shape == (N, 784)
    with pytest.raises(IndexError, match="MappedImages can be indexed by"):
        images[0, 0]
    with pytest.raises(IndexError):
        images[N]
    with pytest.raises(ValueError, match="copy=False is impossible"):
        np.asarray(images[:3], copy=False)
