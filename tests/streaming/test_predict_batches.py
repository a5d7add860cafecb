"""Predictions of batches are those of the whole, from whatever source."""

import tracemalloc

import dask.array as da
import numpy as np
import pytest
from PIL import Image
from scipy.sparse import coo_matrix
from sklearn.pipeline import make_pipeline

from skmnist import DNNClassifier, ImageLoader, KerasClassifier, predict_batches
from skmnist._utils.backend import load_keras


@pytest.fixture(scope="module")
def network(digits):
    return DNNClassifier(hidden_units=(16,), epochs=3, random_state=0).fit(digits[0], digits[2])


def pairs(X, y):
    for i in range(0, len(X), 70):
        yield X[i : i + 70], y[i : i + 70]


SOURCES = {
    "array": lambda X, folder: X,
    "list of batches": lambda X, folder: [X[:100], X[100:101], X[101:]],
    "generator of pairs": lambda X, folder: pairs(X, np.zeros(len(X))),
    "lists": lambda X, folder: (X[i : i + 9].tolist() for i in range(0, len(X), 9)),
    "function": lambda X, folder: lambda: pairs(X, np.zeros(len(X))),
    "sparse": lambda X, folder: coo_matrix(X),
    "sparse batches": lambda X, folder: [coo_matrix(X[:100]), coo_matrix(X[100:])],
    "dask": lambda X, folder: da.from_array(X, chunks=(90, 20)),
    "mapped": lambda X, folder: np.load(saved(X, folder / "X.npy"), mmap_mode="r"),
    "path": lambda X, folder: saved(X, folder / "X.npy"),
    "paths": lambda X, folder: [
        saved(X[:50], folder / "1.npy"),
        str(saved(X[50:], folder / "2.npy")),
    ],
}


def saved(X, path):
    np.save(path, X)
    return path


@pytest.mark.parametrize("source", SOURCES)
def test_batches_are_predicted_as_the_whole(source, network, digits, tmp_path):
    X = digits[1][:260]
    for method in ("predict", "predict_proba"):
        batches = list(
            predict_batches(
                network, SOURCES[source](X, tmp_path), method=method, batch_size=np.int64(64)
            )
        )
        assert max(map(len, batches)) <= 64
        expected = getattr(network, method)(X)
        assert np.array_equal(np.concatenate(batches), expected)


def test_pictures_are_read_by_a_pipeline(digits, tmp_path):
    paths = []
    for i, row in enumerate(digits[1][:20]):
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray((row.reshape(8, 8) * 15).astype(np.uint8)).save(paths[-1])
    reader = make_pipeline(
        ImageLoader(size=8), DNNClassifier(hidden_units=(16,), epochs=1, random_state=0)
    ).fit(paths, digits[3][:20])
    batches = list(predict_batches(reader, paths, batch_size=8))
    assert [len(batch) for batch in batches] == [8, 8, 4]
    assert np.array_equal(np.concatenate(batches), reader.predict(paths))


def test_inputs_are_predicted_by_their_names(digits):
    keras = load_keras()

    def build(meta):
        left, right = (keras.Input((32,), name=name) for name in ("left", "right"))
        both = keras.layers.Concatenate()([left, right])
        return keras.Model([left, right], keras.layers.Dense(10, activation="softmax")(both))

    X = {"left": digits[0][:100, :32], "right": digits[0][:100, 32:]}
    network = KerasClassifier(build, epochs=20, learning_rate=0.01, random_state=0).fit(
        X, digits[2][:100]
    )
    halves = [{k: v[part] for k, v in X.items()} for part in (slice(50), slice(50, None))]
    for given in (X, halves, [(half, np.zeros(50)) for half in halves]):
        batches = list(predict_batches(network, given, batch_size=30))
        assert max(map(len, batches)) <= 30
        assert np.array_equal(np.concatenate(batches), network.predict(X))
    single = [{name: values[0] for name, values in X.items()} | {"age": 3.0}]
    with pytest.raises(TypeError, match="X yields single samples, such as a dict with the keys"):
        list(predict_batches(network, single))


def unbatched(*arrays):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(arrays if len(arrays) > 1 else arrays[0])


@pytest.mark.parametrize(
    "source",
    [
        lambda X, y: X.tolist(),
        lambda X, y: list(X),
        lambda X, y: zip(X, y.tolist(), strict=True),
        lambda X, y: unbatched(X),
        lambda X, y: unbatched(X, y),
        lambda X, y: list(X.reshape(-1, 8, 8)),
        lambda X, y: unbatched(X.reshape(-1, 8, 8), y),
    ],
)
def test_single_samples_are_to_be_batched(source, network, digits):
    message = r"^X yields single samples, such as an array of shape [(\d, )]+; expected batches"
    with pytest.raises(TypeError, match=message):
        list(predict_batches(network, source(digits[0][:20], digits[2][:20])))


@pytest.mark.parametrize("kind", [int, str])
def test_samples_with_their_labels_are_refused(kind, network, digits):
    message = r"X is a tuple of an array of shape \(20, 64\), .*give the samples alone"
    with pytest.raises(TypeError, match=message):
        predict_batches(network, (digits[0][:20], digits[2][:20].astype(kind)))


def test_a_dict_is_no_array_of_images(network, digits):
    batch = {"image": digits[0][:20], "label": digits[2][:20]}
    with pytest.raises(TypeError, match=r"X is a dict with the keys \['image', 'label'\]"):
        list(predict_batches(network, [batch]))


def test_no_samples_have_no_batches(network, digits, tmp_path):
    for X in (digits[1][:0], [], saved(digits[1][:0], tmp_path / "X.npy")):
        assert list(predict_batches(network, X)) == []
    batches = list(predict_batches(network, [digits[1][:0], digits[1][:3]]))
    assert [len(labels) for labels in batches] == [3]


def test_nothing_is_read_before_it_is_due_nor_kept(network, digits):
    made = []

    def endless():
        while True:
            made.append(0)
            yield digits[1][:10]

    predictions = predict_batches(network, endless())
    assert not made
    for _ in range(3):
        next(predictions)
    assert len(made) == 3


def test_a_large_file_takes_the_memory_of_a_batch(network, tmp_path):
    path = tmp_path / "large.npy"
    mapped = np.lib.format.open_memmap(path, "w+", np.uint8, (400_000, 64))
    mapped[:] = np.tile(np.arange(64, dtype=np.uint8) % 17, (400_000, 1))
    del mapped
    next(predict_batches(network, path))
    tracemalloc.start()
    n = sum(len(labels) for labels in predict_batches(network, path, batch_size=4096))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n == 400_000
    assert peak < 5_000_000  # the file has 25.6 MB


def test_what_cannot_be_predicted_is_refused_at_once(network, tmp_path):
    with pytest.raises(ValueError, match="method='fit'"):
        predict_batches(network, [], method="fit")
    with pytest.raises(ValueError, match="batch_size=0"):
        predict_batches(network, [], batch_size=0)
    with pytest.raises(TypeError, match="X=5; expected an array"):
        predict_batches(network, 5)
    with pytest.raises(ValueError, match=r"1 \.npy files among 2 paths"):
        predict_batches(network, ["a.npy", "b.png"])
    with pytest.raises(AttributeError, match="decision_function"):
        predict_batches(network, [], method="decision_function")
    with pytest.raises(FileNotFoundError, match=r"missing\.npy"):
        next(predict_batches(network, tmp_path / "missing.npy"))
