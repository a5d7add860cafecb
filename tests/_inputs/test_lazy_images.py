"""Lazy images: arrays to scikit-learn, rows to networks, and never decoded as a whole."""

import pickle
import tracemalloc

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_sample_image
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils import shuffle

from skmnist import (
    CNNFeatures,
    CommitteeClassifier,
    DNNClassifier,
    ImageLoader,
    KerasClassifier,
)
from skmnist._inputs import lazy_images, picture_rows
from skmnist._inputs.encoding import ImageEncoding
from skmnist._inputs.images import native_pixels
from skmnist._inputs.pixels import find_pixel_scaling
from skmnist._inputs.row_sources import as_passed, count
from skmnist._utils.backend import load_keras
from skmnist.display import MistakesDisplay
from skmnist.preprocessing import HOG, Blur
from skmnist.training import _parts

N, SMALL = 120, 16


@pytest.fixture(scope="module")
def labels():
    return load_digits().target[:N]


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Scikit-learn's digits as files."""
    folder = tmp_path_factory.mktemp("digits")
    paths = [folder / f"{i}.png" for i in range(N)]
    for path, pixels in zip(paths, load_digits().images[:N] * 15, strict=True):
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return paths


@pytest.fixture
def lazy(paths):
    return ImageLoader(lazy=True).transform(paths)


@pytest.fixture(scope="module")
def eager(paths):
    return ImageLoader().transform(paths)


@pytest.fixture
def most_decoded(monkeypatch):
    """Counts how many images are decoded into one array; the parts that networks read are small."""
    numbers = []
    decode = lazy_images.LazyImages.__array__

    def counted(images, *arguments, **keywords):
        numbers.append(len(images))
        return decode(images, *arguments, **keywords)

    monkeypatch.setattr(lazy_images.LazyImages, "__array__", counted)
    monkeypatch.setattr(_parts, "_BYTES_IN_PART", SMALL * 64)
    monkeypatch.setattr(picture_rows, "_BYTES_IN_BATCH", SMALL * 64)
    monkeypatch.setattr("skmnist._inputs.pixels._ROWS_IN_BATCH", SMALL)
    return lambda: max(numbers)


def tiny(estimator=DNNClassifier, **settings):
    return estimator(
        **{"hidden_units": (8,), "dropout": 0.0, "epochs": 2, "batch_size": SMALL} | settings,
        random_state=0,
    )


# As an array


def test_they_have_what_arrays_have(lazy, eager):
    assert (lazy.shape, lazy.ndim, lazy.size) == (eager.shape, eager.ndim, eager.size)
    assert lazy.dtype == eager.dtype
    assert len(lazy) == N
    assert repr(lazy) == "LazyImages(shape=(120, 8, 8), dtype=uint8)"
    assert np.array_equal(np.asarray(lazy), eager)
    assert np.asarray(lazy, dtype=np.float32).dtype == np.float32
    assert np.array_equal(list(lazy)[-1], eager[-1])
    with pytest.raises(ValueError, match="copy=False is impossible"):
        np.asarray(lazy, copy=False)


@pytest.mark.parametrize(
    "key",
    [
        slice(3, 60, 7),
        slice(None, None, -1),
        [4, 4, -1],
        np.array([5, 0], np.int32),
        np.arange(N) % 3 == 1,
        [],
        (np.array([2, 1]), ...),
        ...,
        np.int64(3),
        -1,
    ],
)
def test_they_are_indexed_as_arrays_are(key, lazy, eager):
    some = lazy[key]
    assert isinstance(some, np.ndarray) == (np.ndim(eager[key]) == 2)
    assert np.array_equal(np.asarray(some), eager[key])


def test_what_arrays_have_and_they_have_not_is_refused(lazy):
    for key in ((0, 0), (slice(None), [1, 2]), None, np.zeros((2, 2), int)):
        with pytest.raises(IndexError, match="LazyImages can be indexed by"):
            lazy[key]
    for key in (N, [N], [True]):
        with pytest.raises(IndexError):
            lazy[key]
    with pytest.raises(ValueError, match="n=3; expected 120"):
        lazy.reshape(3, 64)


def test_nothing_is_decoded_before_it_is_needed(lazy, eager, most_decoded, labels):
    half, _ = train_test_split(lazy, random_state=0)
    mixed = shuffle(lazy, random_state=0)
    again = pickle.loads(pickle.dumps(lazy[:3]))
    with pytest.raises(ValueError, match="max"):
        most_decoded()
    assert len(half) == 90
    assert np.array_equal(mixed, shuffle(eager, random_state=0))
    assert np.array_equal(again, eager[:3])


def test_a_file_that_vanishes_or_changes_its_size_is_named(tmp_path):
    sizes = [(8, 8)] * 3
    for i, size in enumerate(sizes):
        Image.new("L", size).save(tmp_path / f"{i}.png")
    images = ImageLoader(lazy=True).transform(sorted(tmp_path.iterdir()))
    Image.new("L", (9, 7)).save(tmp_path / "2.png")
    with pytest.raises(ValueError, match=r"2.png has 7 x 9 pixels, and others have 8 x 8; give"):
        np.asarray(images)
    (tmp_path / "1.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"1.png"):
        DNNClassifier().fit(images, [0, 1, 1])


# As rows


@pytest.mark.parametrize("mode", ["grey", "RGB"])
@pytest.mark.parametrize("low", [0, 40])
def test_what_is_learned_from_lazy_images_is_that_of_an_array(mode, low):
    photo = np.maximum(load_sample_image("china.jpg")[:160, :200] // 2, low)
    pictures = list(photo.reshape(8, 20, 10, 20, 3).swapaxes(1, 2).reshape(80, 20, 20, 3))
    lazy, array = (ImageLoader(mode=mode, lazy=lazy).transform(pictures) for lazy in (True, False))
    shape = (*array.shape[1:], 1)[:3]
    rows, dense = (native_pixels(images.reshape(80, -1)) for images in (lazy, array))
    learned = ImageEncoding.learned(rows, shape, None, "auto")
    assert learned == ImageEncoding.learned(dense, shape, None, "auto")
    assert learned.scaling.offset >= low
    assert count(rows, lambda values: values > 60) == (dense > 60).sum()
    order = np.array([7, 3, 3])
    assert np.array_equal(as_passed(rows, order), dense[order])
    assert np.array_equal(rows.take(order)[1:], dense[order][1:])


def test_the_scaling_of_many_lazy_images_is_that_of_an_array(mnist):
    X = mnist[0][0][:2500]
    lazy = native_pixels(ImageLoader(lazy=True).transform(X).reshape(len(X), -1))
    assert find_pixel_scaling(lazy) == find_pixel_scaling(X.reshape(len(X), -1))


# In networks


@pytest.mark.parametrize(
    "estimator",
    [
        tiny(),
        tiny(validation_fraction=0.2, early_stopping=True, epochs=3),
        tiny(augmentation="affine", dtype="float32"),
    ],
    ids=["plain", "held out", "augmented"],
)
def test_fits_have_the_same_bits_and_never_decode_the_whole(
    estimator, lazy, eager, labels, most_decoded
):
    of_lazy = estimator.fit(lazy, labels)
    predicted, score = of_lazy.predict(lazy[:50]), of_lazy.score(lazy[50:90], labels[50:90])
    history = of_lazy.history_
    assert most_decoded() <= 50
    of_array = estimator.fit(eager, labels)
    assert of_array.history_ == history
    assert np.array_equal(of_array.predict(eager[:50]), predicted)
    assert of_array.score(eager[50:90], labels[50:90]) == score


def test_other_ways_to_fit_have_the_same_bits_too(lazy, eager, labels, most_decoded):
    weights = np.arange(N) % 3

    def outputs(images):
        network = tiny().fit(
            images, labels, sample_weight=weights, X_val=images[:40], y_val=labels[:40]
        )
        for _ in range(2):
            network.partial_fit(images[::2], labels[::2])
        return network.set_params(warm_start=True).fit(images, labels).predict_proba(images[:40])

    of_lazy = outputs(lazy)
    assert most_decoded() <= 40
    assert np.array_equal(of_lazy, outputs(eager))


def test_a_network_of_ones_own_takes_lazy_images(lazy, eager, labels, most_decoded):
    def build(n_classes):
        layers = load_keras().layers
        return load_keras().Sequential(
            [load_keras().Input((8, 8)), layers.Flatten(), layers.Dense(n_classes, "softmax")]
        )

    network = KerasClassifier(
        build, epochs=9, batch_size=SMALL, pixel_scaling="auto", random_state=0
    )
    of_lazy = network.fit(lazy, labels).predict_proba(lazy[:40])
    assert most_decoded() <= 40
    assert np.array_equal(of_lazy, network.fit(eager, labels).predict_proba(eager[:40]))


def test_committees_and_features_pass_lazy_images_on(lazy, eager, labels, most_decoded):
    committee = CommitteeClassifier(tiny(), n_estimators=2, random_state=0)
    of_lazy = committee.fit(lazy, labels).predict_proba(lazy[:40])
    features = CNNFeatures(tiny()).fit(lazy, labels).transform(lazy[:40])
    assert most_decoded() <= 40
    assert np.array_equal(of_lazy, committee.fit(eager, labels).predict_proba(eager[:40]))
    assert np.array_equal(features, CNNFeatures(tiny()).fit(eager, labels).transform(eager[:40]))


def test_searches_and_pipelines_stay_lazy(paths, lazy, eager, labels, most_decoded):
    network = tiny(epochs=1)
    scores = cross_val_score(network, lazy, labels, cv=2)
    pipeline = make_pipeline(ImageLoader(lazy=True), network)
    search = GridSearchCV(pipeline, {"imageloader__resize": ["crop"]}, cv=2, refit=False)
    search.fit(paths, labels)
    # Half of the images is predicted in one batch, as the network takes it.
    assert most_decoded() <= N // 2
    assert np.array_equal(scores, cross_val_score(network, eager, labels, cv=2))
    assert search.cv_results_["mean_test_score"] == scores.mean()


def test_other_estimators_get_an_array(lazy, eager, labels):
    assert np.array_equal(Blur().fit_transform(lazy), Blur().fit_transform(eager))
    svc = make_pipeline(HOG(pixels_per_cell=(4, 4), cells_per_block=(1, 1)), SVC())
    assert svc.fit(lazy, labels).score(lazy, labels) == svc.score(eager, labels) > 0.9
    rows = lazy.reshape(len(lazy), -1)
    assert SVC().fit(rows, labels).score(rows, labels) > 0.9


def test_mistakes_are_decoded_alone(lazy, eager, labels, most_decoded):
    wrong = np.where(np.arange(N) < 5, -1, labels)
    display = MistakesDisplay.from_predictions(lazy, labels, wrong)
    assert most_decoded() == 5
    assert np.array_equal(display.images, eager[:5, ..., None])


def test_statistics_need_no_more_memory_for_more_images():
    photo = load_sample_image("china.jpg")[:128, :128] // 2
    lazy = ImageLoader(mode="RGB", lazy=True).transform([photo] * 300)
    tracemalloc.start()
    try:
        ImageEncoding.learned(native_pixels(lazy.reshape(300, -1)), (128, 128, 3), None, "auto")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < lazy.size / 2


def test_errors_name_the_class_as_for_arrays(lazy, labels):
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[120, 119\]"):
        tiny().fit(lazy, labels[1:])
    network = tiny(epochs=1).fit(lazy, labels)
    with pytest.raises(ValueError, match=r"images of shape \(4, 16, 1\), but this DNNClassifier"):
        network.predict(lazy.reshape(-1, 4, 16))
    with pytest.raises(ValueError, match="X holds 0 images; expected 1 at least"):
        network.predict(lazy[:0])
    with pytest.raises(ValueError, match="Input y contains NaN"):
        tiny().fit(lazy, np.full(N, np.nan))
