"""Dark ink on light paper is as good as light ink on dark, in every step that moves images."""

import json
import pickle

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save as as_safetensors
from sklearn.datasets import load_sample_image
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from skmnist import (
    Augmentation,
    CNNClassifier,
    CommitteeClassifier,
    DNNClassifier,
    load,
    recipe,
    save,
)
from skmnist.comparison._measure import seeded
from skmnist.ensemble import VirtualSVC
from skmnist.ensemble._shifts import shifted
from skmnist.preprocessing import (
    HOG,
    ConvolutionFeatures,
    Deskew,
    MomentNormalizer,
    OrientedGradients,
)
from skmnist.recipes._classical import CLASSICAL
from skmnist.training._augmentation import AUGMENTATIONS

EVERYTHING = Augmentation(
    shift=0.1, rotation=10, zoom=0.1, shear=5, elastic=12, noise=0.1, erasing=0.25
)


@pytest.fixture(scope="module")
def written(mnist):
    """Real digits, light on dark, of 28 x 28 pixels: train and test."""
    (X, y), (X_test, y_test) = mnist
    X, X_test = (part.reshape(len(part), 28, 28) for part in (X, X_test))
    return X[:600], y[:600], X_test[:300], y_test[:300]


# -- augmentation --------------------------------------------------------------------------


@pytest.mark.parametrize("augmentation", [*AUGMENTATIONS.values(), EVERYTHING])
def test_inverted_images_are_changed_as_the_others_are(augmentation, written):
    images = written[0][:40]
    changed, inverted = (augmentation.apply(X, random_state=0) for X in (images, 255 - images))
    if not augmentation.noise:  # noise is the same, and not inverted
        np.testing.assert_allclose(255 - inverted, changed, atol=0.01)
    border = inverted[:, [0, -1]]
    assert abs(np.median(border) - 255) < 10


def test_each_channel_is_filled_with_its_own_background(written):
    grey = written[0][:20].astype(np.float32)
    colours = np.stack([grey, 255 - grey, grey / 2 + 64], axis=-1)
    changed = AUGMENTATIONS["shift"].apply(colours, random_state=0)
    assert changed[:, 0, 0].tolist() == [[0, 255, 64]] * 20


def test_what_comes_in_is_the_background_of_the_training_images(written):
    X, y = written[0][:100], written[1][:100]
    network = CNNClassifier(
        conv_blocks=[4], epochs=2, augmentation=EVERYTHING, dtype="float32", random_state=0
    )
    for images, expected in ((X, 0), (255 - X, 1), (255 - X + 1000.0, 1), (X / 255 - 7, 0)):
        assert network.fit(images, y)._encoding.background == pytest.approx((expected,))


def test_augmented_dark_ink_is_the_light_ink_inverted_in_training(digits):
    """A network whose first layer can't tell: both learn from the same distances to the paper."""
    X, _, y, _ = digits
    X, y = X[:200].astype(np.float32), y[:200]
    settings = {"conv_blocks": [8], "epochs": 6, "dtype": "float32", "random_state": 0}
    scores = [
        CNNClassifier(augmentation="affine", **settings).fit(images, y).score(images, y)
        for images in (X, 16 - X)
    ]
    assert min(scores) > 0.8


# -- shifts --------------------------------------------------------------------------------


def test_shifted_images_are_filled_with_their_own_background(written):
    images = written[0][:5, ..., None]
    offsets = [(0, 2), (-3, 1)]
    for light, dark in zip(shifted(images, offsets), shifted(255 - images, offsets), strict=True):
        assert np.array_equal(255 - dark, light)
        assert light.dtype == np.uint8
    (moved,) = shifted(images, [(0, 2)])
    assert np.array_equal(moved[:, :, 2:], images[:, :, :-2])
    assert not moved[:, :, :2].any()


def test_virtual_support_vectors_of_dark_ink_are_those_of_light_ink(written):
    X, y, X_test, _ = written
    answers = [
        VirtualSVC(SVC(C=10)).fit(change(X[:200]), y[:200]).decision_function(change(X_test))
        for change in (lambda X: X / 255, lambda X: 1 - X / 255)
    ]
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-6)


def test_a_committee_that_shifts_sees_no_bars(written):
    X, y, X_test, _ = (part.reshape(len(part), -1) if part.ndim > 1 else part for part in written)
    committee = CommitteeClassifier(
        estimators=KNeighborsClassifier(3), n_estimators=1, test_time_shifts=2
    )
    light = committee.fit(X / 255, y).predict_proba(X_test / 255)
    dark = committee.fit(1 - X / 255, y).predict_proba(1 - X_test / 255)
    np.testing.assert_allclose(dark, light, atol=0.02)


# -- transformers --------------------------------------------------------------------------


@pytest.mark.parametrize("transformer", [Deskew(), MomentNormalizer()], ids=["deskew", "moments"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_dark_ink_is_straightened_as_light_ink_is(transformer, dtype, written):
    X = written[0][:50].astype(dtype)
    light = transformer.fit_transform(X)
    assert transformer.ink_ == "bright"
    dark = transformer.fit_transform(255 - X)
    assert transformer.ink_ == "dark"
    np.testing.assert_allclose(255 - dark, light, atol=1e-3)


@pytest.mark.parametrize("kind", [Deskew, MomentNormalizer])
def test_the_ink_is_learned_in_fit_or_given(kind, written):
    X = written[0][:50]
    light = kind().fit(X).transform(X)
    # Learned from the training images, not from those to transform.
    assert not np.allclose(255 - kind().fit(X).transform(255 - X), light, atol=1)
    given = kind(ink="dark").fit(X)
    assert given.ink_ == "dark"
    np.testing.assert_allclose(255 - given.transform(255 - X), light, atol=1e-3)
    assert np.array_equal(kind(ink="bright").fit(255 - X).transform(X), light)


@pytest.mark.parametrize("kind", [Deskew, MomentNormalizer, OrientedGradients])
def test_an_ink_that_is_none_is_refused(kind, written):
    with pytest.raises(ValueError, match=f"'ink' parameter of {kind.__name__} must be a str among"):
        kind(ink="black").fit(written[0])


@pytest.mark.parametrize("images", [np.zeros((3, 8, 8)), np.full((3, 8, 8), 255, np.uint8)])
def test_blank_images_stay_as_they_are_whatever_the_ink(images):
    for ink in ("auto", "bright", "dark"):
        for kind in (Deskew, MomentNormalizer):
            assert np.array_equal(kind(ink=ink).fit_transform(images), images)


def test_digits_up_to_the_border_have_bright_ink(digits):
    assert Deskew().fit(digits[0]).ink_ == "bright"
    assert Deskew().fit(16 - digits[0]).ink_ == "dark"


def test_photographs_have_the_ink_that_their_negatives_have_not():
    """Their border is no background, so what is rarer is ink."""
    image = load_sample_image("china.jpg")[:416].reshape(13, 32, 20, 32, 3).swapaxes(1, 2)
    patches = image.reshape(-1, 32, 32, 3)[:120]
    channels = [patches, *(patches[..., [channel]] for channel in range(3))]
    inks = [{Deskew().fit(change(X)).ink_ for X in channels} for change in (np.copy, np.invert)]
    assert sorted(map(tuple, inks)) == [("bright",), ("dark",)]


@pytest.mark.parametrize(
    "features",
    [
        ConvolutionFeatures(),
        HOG(),
        HOG(orientations=8, pixels_per_cell=(4, 4), cells_per_block=(1, 1), block_norm="L1-sqrt"),
        OrientedGradients(),
        OrientedGradients(n_directions=7),
    ],
)
def test_dark_ink_is_described_as_light_ink_is(features, written):
    X = written[0][:50]
    for dtype, tolerance in ((np.uint8, 1e-3), (np.float64, 1e-10)):
        light, dark = (features.fit_transform(images.astype(dtype)) for images in (X, 255 - X))
        np.testing.assert_allclose(dark, light, rtol=0, atol=tolerance)


def test_gradients_of_an_ink_that_is_given_are_turned_by_half(written):
    X = written[0][:50].astype(float)
    bright = OrientedGradients(cells=(3,), ink="bright").fit_transform(X)
    dark = OrientedGradients(cells=(3,), ink="dark").fit_transform(X)
    turned = np.roll(bright.reshape(50, 12, 9), 6, axis=1).reshape(50, -1)
    np.testing.assert_allclose(dark, turned, rtol=0, atol=1e-10)


SMALLER = {
    "random-forest": {"forest__n_estimators": 50},
    "gradient-boosting": {"boosting__max_iter": 5},
    "forest-best": {"extratreesclassifier__n_estimators": 50},
    "gradient-boosting-best": {"histgradientboostingclassifier__max_iter": 5},
    "ridge-best": {"rbfsampler__n_components": 1000},
}


@pytest.mark.parametrize("name", [name for name, it in CLASSICAL.items() if it.data == "mnist"])
def test_recipes_read_dark_ink_as_light_ink(name, written):
    X, y, X_test, y_test = written
    predictions = []
    for change in (np.copy, np.invert):
        classifier = seeded(recipe(name), 0).set_params(**SMALLER.get(name, {}))
        with threadpool_limits(1, user_api="openmp"):  # gradient boosting's threads are slow here
            predictions.append(classifier.fit(change(X), y).predict(change(X_test)))
    light, dark = predictions
    if name in ("random-forest", "gradient-boosting"):
        # A tree takes the first of equally good pixels, which is another one if they are inverted.
        assert np.mean(light == y_test) == pytest.approx(np.mean(dark == y_test), abs=0.05)
    else:
        assert np.mean(light == y_test) > 0.75
        assert np.mean(light != dark) <= 0.01


@pytest.mark.parametrize("kind", [Deskew, MomentNormalizer])
def test_the_ink_is_saved_and_pickled(kind, written, tmp_path):
    X, y, X_test, _ = written
    network = DNNClassifier(hidden_units=(4,), epochs=1, dtype="float32", random_state=0)
    pipeline = make_pipeline(kind(), network).fit(255 - X[:100], y[:100])
    save(pipeline, tmp_path / "pipeline.safetensors")
    for copy in (load(tmp_path / "pipeline.safetensors"), pickle.loads(pickle.dumps(pipeline))):
        assert copy[0].ink_ == "dark"
        expected = pipeline.predict_proba(255 - X_test)
        assert np.array_equal(copy.predict_proba(255 - X_test), expected)


def test_files_from_before_ink_could_be_dark_load_as_they_did(written, tmp_path):
    X, y, X_test, _ = written
    network = DNNClassifier(hidden_units=(4,), epochs=1, dtype="float32", random_state=0)
    pipeline = make_pipeline(Deskew(ink="bright"), network).fit(X[:100], y[:100])
    path = tmp_path / "pipeline.safetensors"
    save(pipeline, path)
    with safe_open(path, framework="np") as file:
        content = json.loads(file.metadata()["skmnist"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    deskew, of_network = (step["learned"] for step in content["steps"])
    del deskew["ink_"], of_network["pixel_offset_"], of_network["_pixels_"], content["sha256"]
    path.write_bytes(as_safetensors(tensors, {"skmnist": json.dumps(content)}))
    loaded = load(path)
    assert loaded[0].ink_ == "bright"
    assert loaded[1].pixel_offset_ == 0
    assert np.array_equal(loaded.predict_proba(X_test), pipeline.predict_proba(X_test))
    assert loaded.predict(X_test / 255).shape == (300,)  # no range is known, so none is warned of
