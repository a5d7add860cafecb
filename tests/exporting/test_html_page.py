"""What becomes a page, and what doesn't; `test_page_in_browser.py` uses the pages."""

import json
import re
from base64 import b64decode

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline

from skmnist import (
    CapsNetClassifier,
    CNNClassifier,
    DigitNormalizer,
    DNNClassifier,
    ImageLoader,
    KerasClassifier,
)
from skmnist._utils.backend import load_keras
from skmnist.exporting._page import page_of
from skmnist.exporting._steps import steps_of
from skmnist.networks import residual_network
from skmnist.preprocessing import Deskew


def fitted(X, y, **parameters):
    settings = {"hidden_units": (8,), "epochs": 1, "random_state": 0, **parameters}
    return DNNClassifier(**settings).fit(X, y)


def model_in(page):
    """What the script of a page gets."""
    (text,) = re.findall(r'<script type="application/json" id="model">(.*?)</script>', page)
    return json.loads(text)


@pytest.fixture(scope="module")
def small(digits):
    """A classifier of scikit-learn's digits."""
    X, _, y, _ = digits
    return fitted(X[:200].reshape(-1, 8, 8), y[:200])


def test_a_page_is_one_file_that_refers_to_no_other(small):
    page = page_of(small)
    assert page.startswith("<!DOCTYPE html>")
    assert not re.findall(r"https?:|\bsrc=|\bhref=|@import|url\(", page.partition("<script>")[0])
    assert "default-src 'none'" in page
    assert "Draw a digit" in page


def test_the_default_network_on_images_of_mnists_size_takes_less_than_500_kb(digits):
    X, _, y, _ = digits
    X = np.pad(np.kron(X[:100].reshape(-1, 8, 8), np.ones((2, 2))), ((0, 0), (6, 6), (6, 6)))
    classifier = CNNClassifier(epochs=1, random_state=0).fit(X, y[:100])
    page = page_of(classifier)
    assert classifier.n_parameters_ > 60_000
    assert len(page.encode()) < 300_000
    assert "half precision (float16)" in page


def test_kernels_have_half_precision_and_what_is_added_has_full(small):
    model = model_in(page_of(small))
    first = next(step for step in model["steps"] if step["kind"] == "dense")
    assert (first["kernel"]["dtype"], first["bias"]["dtype"]) == ("float16", "float32")
    data = b64decode(model["weights"])
    read = np.frombuffer(data, "<f2", 64 * 8, first["kernel"]["at"]).reshape(64, 8)
    np.testing.assert_array_equal(read, np.asarray(small.network_.weights[0]).astype(np.float16))


def test_a_kernel_out_of_the_range_of_float16_keeps_full_precision():
    keras = load_keras()
    network = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
    network.add(keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(1e5)))
    assert steps_of(network).steps[-1]["kernel"]["dtype"] == "float32"


def test_making_a_page_leaves_the_classifier_as_it_was(small, digits):
    before = small.predict_proba(digits[1])
    page_of(small)
    np.testing.assert_array_equal(small.predict_proba(digits[1]), before)


def test_labels_are_never_markup_in_the_file(digits):
    X, _, y, _ = digits
    labels = np.array(["</script><b>", "<!--", *"cdefghij"])[y[:100]]
    page = page_of(fitted(X[:100], labels))
    assert "<b>" not in page
    assert page.count("<!--") == 0
    assert model_in(page)["classes"][:2] == ["<!--", "</script><b>"]


# -- folders of corrections -------------------------------------------------------------------


def test_a_folder_is_named_like_its_class_where_every_system_keeps_that_name(digits):
    X, _, y, _ = digits
    names = ["a", "A", "..", "a/b", "nul", "ü", "with space", "ends.", "test", "7"]
    model = model_in(page_of(fitted(X[:100], np.array(names)[y[:100]])))
    folders = dict(zip(model["classes"], model["folders"], strict=True))
    kept = {"ü", "with space", "7"}
    assert {label for label, folder in folders.items() if label == folder} == kept
    others = [folder for label, folder in folders.items() if label not in kept]
    assert len(set(others)) == 7
    assert all(re.fullmatch(r"class-\d", folder) for folder in others)
    assert 'labels="labels.csv"' in model["readme"]


def test_the_instructions_have_the_unit_of_the_training_images(small, digits):
    X, _, y, _ = digits
    assert "corrections.images * 0.06" in model_in(page_of(small))["readme"]  # 16 / 255
    in_bytes = model_in(page_of(fitted(X[:100] * 15.9375, y[:100])))
    assert "(corrections.images, y)" in in_bytes["readme"]
    assert "labels=" not in in_bytes["readme"]


def test_ink_is_dark_where_it_was_dark_in_training(digits):
    X, _, y, _ = digits
    X = np.pad(X[:100].reshape(-1, 8, 8), ((0, 0), (2, 2), (2, 2)))
    assert model_in(page_of(fitted(X, y[:100])))["ink"] == [0, 16]
    assert model_in(page_of(fitted(16.0 - X, y[:100])))["ink"] == [16, 0]


# -- pipelines --------------------------------------------------------------------------------


def test_a_pipeline_of_pictures_is_prepared_as_its_steps_say(digits):
    X, _, y, _ = digits
    images = X[:100].reshape(-1, 8, 8) * 15
    normalizer, network = DigitNormalizer(size=8, inner_size=6), fitted(images, y[:100])
    steps = [("loader", ImageLoader(mode="RGB")), ("normalizer", normalizer), ("network", network)]
    model = model_in(page_of(Pipeline(steps)))
    assert model["findsInk"]
    assert model["drawing"]["inner"] == [6, 6]
    assert '"model.safetensors")[-1]' in model["readme"]


def test_photographs_are_taken_as_they_are_where_nothing_shows_characters(digits):
    X, _, y, _ = digits
    for names, finds_ink in (("abcdefghij", True), ([f"thing {i}" for i in range(10)], False)):
        network = fitted(X[:100].reshape(-1, 8, 8), np.array([*names])[y[:100]])
        pipeline = Pipeline([("loader", ImageLoader(8)), ("network", network)])
        assert model_in(page_of(pipeline))["findsInk"] is finds_ink


def test_a_step_that_the_page_cannot_compute_is_named(digits):
    X, _, y, _ = digits
    network = DNNClassifier(hidden_units=(4,), epochs=1)
    pipeline = make_pipeline(Deskew(), network).fit(X[:50].reshape(-1, 8, 8), y[:50])
    with pytest.raises(ValueError, match="can't compute the step Deskew of the Pipeline"):
        page_of(pipeline)


# -- what isn't a page ------------------------------------------------------------------------


def test_other_classifiers_are_refused(digits):
    with pytest.raises(TypeError, match=r"network classifier of skmnist.*not of GaussianNB"):
        page_of(GaussianNB().fit(digits[0][:100], digits[2][:100]))
    with pytest.raises(NotFittedError):
        page_of(DNNClassifier())


def test_samples_that_are_no_images_are_refused():
    X = np.random.default_rng(0).normal(size=(40, 5))
    with pytest.raises(ValueError, match=r"samples of shape \(1, 5, 1\), which can't be drawn"):
        page_of(fitted(X, (X[:, 0] > 0).astype(int), epochs=20))


def test_several_labels_are_refused(strokes):
    X, y = strokes
    with pytest.raises(ValueError, match="several labels per sample"):
        page_of(fitted(X, y))


def test_layers_that_have_no_steps_are_named(digits):
    X, _, y, _ = digits
    capsules = CapsNetClassifier(filters=4, n_primary_maps=1, kernel_size=3, epochs=1)
    capsules.fit(X[:60].reshape(-1, 8, 8), y[:60])
    with pytest.raises(
        ValueError, match=r"Squash, Routing, Length\. It knows .* \.onnx or \.keras"
    ):
        page_of(capsules)


def recurrent(n_classes):
    keras = load_keras()
    layers = keras.layers.LSTM(4), keras.layers.Dense(n_classes, activation="softmax")
    return keras.Sequential([keras.Input((8, 8)), *layers])


def test_a_layer_of_ones_own_network_is_named(images):
    X, y = images
    classifier = KerasClassifier(recurrent, epochs=1, random_state=0).fit(X[:60], y[:60])
    with pytest.raises(ValueError, match="these layers of the network: LSTM"):
        page_of(classifier)


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (lambda layers: layers.Conv2D(2, 2, data_format="channels_first"), "channels first"),
        (lambda layers: layers.Dense(2), "of feature maps that aren't flat"),
        (lambda layers: layers.ReLU(threshold=0.5), "with a threshold"),
        (lambda layers: layers.Activation(lambda x: x), "with the activation <lambda>"),
        (lambda layers: layers.Resizing(3, 3, interpolation="nearest"), "other than bilinear"),
        (lambda layers: layers.BatchNormalization(axis=1), "of another axis than the last"),
    ],
)
def test_settings_that_have_no_steps_are_named(layer, named):
    keras = load_keras()
    made = layer(keras.layers)
    network = keras.Sequential([keras.Input((6, 6, 3)), made, keras.layers.Flatten()])
    with pytest.raises(ValueError, match=re.escape(f"{type(made).__name__} ({named})")):
        steps_of(network)


def test_a_residual_network_has_steps():
    network = residual_network((8, 8, 1), 3, filters=(2, 4))
    kinds = {step["kind"] for step in steps_of(network).steps}
    assert {"addition", "convolution", "padding", "pooling", "scaling"} <= kinds
