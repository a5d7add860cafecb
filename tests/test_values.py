"""What the values of pixels may be: any unit and origin, one range in training and in asking."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skmnist import (
    CapsNetClassifier,
    CNNClassifier,
    CNNFeatures,
    DNNClassifier,
    LeNetClassifier,
    PretrainedClassifier,
    ResNetClassifier,
    SequenceDNNClassifier,
    load,
    save,
)
from skmnist.pixels import PixelScaling, find_pixel_scaling

QUICK = {"epochs": 2, "dtype": "float32", "random_state": 0}
NETWORKS = {
    "DNN": DNNClassifier(hidden_units=(16,), **QUICK),
    "CNN": CNNClassifier(conv_blocks=[4], augmentation="shift", **QUICK),
    "LeNet": LeNetClassifier(**QUICK),
    "ResNet": ResNetClassifier(widths=(4,), **QUICK),
    "CapsNet": CapsNetClassifier(
        filters=4, n_primary_maps=2, class_dim=4, kernel_size=3, n_routings=1, **QUICK
    ),
    "Pretrained": PretrainedClassifier(
        "MobileNet",
        weights=None,
        backbone_settings={"alpha": 0.25},
        last_layer="conv1_relu",
        hidden_units=(16,),
        fine_tune_epochs=1,
        **QUICK,
    ),
}
# Digits of 0 to 16 in other units and from other origins.
AFFINE = {
    "1000 to 1016, as in CT": lambda X: X + 1000.0,
    "the same, whole numbers": lambda X: X.astype(np.int64) + 1000,
    "100 to 101": lambda X: 100 + X / 16,
    "0.9 to 1": lambda X: 0.9 + X / 160,
    "0 to 1/255": lambda X: X / 16 / 255,
    "0 to 1e-6": lambda X: X / 16 * 1e-6,
    "-1 to 1": lambda X: X / 8 - 1,
    "a thousandth at a million": lambda X: 1e6 + 0.001 * X,
    "below zero": lambda X: X.astype(np.int16) - 500,
    "0 to 1e-42": lambda X: X / 16 * 1e-42,
    "of float32's whole range": lambda X: (X - 8.0) * 4e37,
}


@pytest.fixture(scope="module")
def small(digits):
    X_train, X_test, y_train, _ = digits
    return X_train[:150], y_train[:150], X_test[:100]


# -- offset and scale ------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
def test_images_from_zero_are_divided_by_their_largest_value_whatever_the_dtype(dtype):
    assert find_pixel_scaling(np.array([[0, 16], [3, 16]], dtype)) == (0.0, 16.0)


def test_real_images_go_from_their_lowest_value_over_their_range(digits, mnist):
    assert find_pixel_scaling(digits[0]) == (0.0, 16.0)
    images = mnist[0][0].reshape(60_000, -1)
    for n in (2, 10, 100, 60_000):
        assert find_pixel_scaling(images[:n]) == (0.0, 255.0)
    assert find_pixel_scaling(images[:100] / 255) == (0.0, 1.0)
    assert find_pixel_scaling(255 - images[:100]) == (0.0, 255.0)


def test_an_image_of_a_single_bright_pixel_is_an_image():
    one_each = np.eye(784, dtype=np.uint8)[300:500] * np.uint8(255)
    assert find_pixel_scaling(one_each) == (0.0, 255.0)


@pytest.mark.parametrize("load_data", [load_iris, load_wine, load_breast_cancer])
def test_standardised_columns_stay_as_they_are(load_data):
    X = StandardScaler().fit_transform(load_data().data)
    assert find_pixel_scaling(X) == pytest.approx((0.0, 1.0), abs=1e-9)
    # So do most of them, as in a fold.
    X, _ = train_test_split(X, test_size=0.2, random_state=0)
    offset, scale = find_pixel_scaling(X)
    assert abs(offset) < 0.1
    assert scale == pytest.approx(1, abs=0.1)


def test_standardised_digits_are_not_squeezed_by_their_rarest_pixel(digits):
    X = StandardScaler().fit_transform(digits[0])
    assert np.ptp(X) > 30
    offset, scale = find_pixel_scaling(X)
    assert offset == pytest.approx(0, abs=1e-9)
    assert scale == pytest.approx(X.std())


def test_heavy_tails_are_measured_by_the_standard_deviation():
    rng = np.random.default_rng(0)
    X = np.abs(rng.standard_cauchy((500, 9))) * np.arange(1, 10)
    assert find_pixel_scaling(X) == pytest.approx((X.mean(), X.std()))


def test_constant_data_are_not_scaled():
    assert find_pixel_scaling(np.zeros((2, 2))) == (0.0, 1.0)
    assert find_pixel_scaling(np.full((2, 2), 7, np.uint8)) == (7.0, 1.0)


def test_integers_do_not_overflow():
    assert find_pixel_scaling(np.array([[-100, 100], [-100, 90]], np.int8)) == (-100.0, 200.0)
    big = 2**60
    assert find_pixel_scaling(np.array([[-big, big], [-big, 0]])) == (-big, 2 * big)


def test_offset_and_scale_are_plain_floats_and_change_no_pixel():
    rows = np.array([[9, 255], [9, 255]], np.uint8)
    rows.setflags(write=False)
    assert [type(value) for value in find_pixel_scaling(rows)] == [float, float]
    assert rows.tolist() == [[9, 255], [9, 255]]


def test_pixels_from_zero_are_never_copied():
    rows = np.zeros((2, 4), np.uint8)
    assert PixelScaling(0.0, 255.0).ready_to_divide(rows, "float32")[0] is rows


@pytest.mark.parametrize("change", AFFINE.values(), ids=AFFINE)
def test_a_change_of_unit_and_origin_changes_the_scaling_with_it(change, digits):
    rows = digits[0]
    scaled = [
        find_pixel_scaling(X).apply(X, np.empty(X.shape, np.float32)) for X in (rows, change(rows))
    ]
    np.testing.assert_allclose(scaled[1], scaled[0], atol=1e-6)


# -- the same fit ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_network_learns_the_same_whatever_the_unit_and_the_origin(kind, small):
    X, y, X_test = small
    expected = NETWORKS[kind].fit(X, y).predict_proba(X_test)
    changes = AFFINE if kind == "DNN" else ["1000 to 1016, as in CT", "0 to 1e-6"]
    for name in changes:
        change = AFFINE[name]
        probabilities = NETWORKS[kind].fit(change(X), y).predict_proba(change(X_test))
        np.testing.assert_allclose(probabilities, expected, atol=1e-4, err_msg=name)
    assert expected.std(axis=0).max() > 0.002  # the answer depends on the image


def test_images_of_one_byte_and_parts_of_one_keep_their_bits(small):
    X, y, X_test = small
    X, X_test = (np.uint8(16) * np.minimum(part, 15) for part in (X, X_test))
    X = np.where(X == 240, np.uint8(255), X)
    by_hand, parts = (X / 255).astype(np.float32), (X_test / 255).astype(np.float32)
    network = NETWORKS["CNN"]
    expected = network.fit(by_hand, y).predict_proba(parts)
    assert (network.pixel_offset_, network.pixel_scale_) == (0, 1)
    assert np.array_equal(network.fit(X, y).predict_proba(X_test), expected)
    assert (network.pixel_offset_, network.pixel_scale_) == (0, 255)


def test_the_live_network_takes_pixels_less_the_offset_over_the_scale(small):
    X, y, X_test = (small[0] + 1000.0, small[1], small[2] + 1000.0)
    network = NETWORKS["CNN"].fit(X, y)
    assert (network.pixel_offset_, network.pixel_scale_) == (1000, 16)
    scaled = (X_test.astype(float) - network.pixel_offset_) / network.pixel_scale_
    outputs = np.asarray(network.network_(scaled.reshape(-1, 8, 8, 1).astype(np.float32)))
    np.testing.assert_allclose(outputs, network.predict_proba(X_test), atol=1e-5)


def test_samples_that_judge_are_scaled_as_those_that_train(small):
    X, y, _ = small
    network = DNNClassifier(hidden_units=(16,), **QUICK)
    histories = [
        network.fit(change(X[:100]), y[:100], X_val=change(X[100:]), y_val=y[100:]).history_
        for change in (lambda X: X, AFFINE["1000 to 1016, as in CT"])
    ]
    np.testing.assert_allclose(histories[1]["val_loss"], histories[0]["val_loss"], rtol=1e-4)


def test_training_goes_on_with_the_scaling_of_the_first_fit(small):
    X, y, X_test = small
    answers = []
    for change in (lambda X: X, AFFINE["100 to 101"]):
        network = DNNClassifier(hidden_units=(16,), warm_start=True, **QUICK).fit(change(X), y)
        network.partial_fit(change(X[:50] // 2), y[:50])
        answers.append(network.fit(change(X[:80]), y[:80]).predict_proba(change(X_test)))
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-4)


def test_features_are_the_same_whatever_the_unit_and_the_origin(small):
    X, y, X_test = small
    features = [
        CNNFeatures(NETWORKS["CNN"]).fit(change(X), y).transform(change(X_test))
        for change in (lambda X: X, AFFINE["1000 to 1016, as in CT"])
    ]
    np.testing.assert_allclose(features[1], features[0], atol=1e-3)


def test_pixels_of_no_weight_do_not_count(small):
    X, y, _ = small
    X, weights = X.copy(), np.ones(len(X))
    X[3], weights[3] = 200, 0
    assert NETWORKS["DNN"].fit(X, y, sample_weight=weights).pixel_scale_ == 16


def test_words_are_never_scaled():
    X, y = np.arange(2, 42).reshape(20, 2), np.arange(20) % 2
    words = SequenceDNNClassifier(hidden_units=(4,), embedding_size=2, **QUICK).fit(X, y)
    assert (words.pixel_offset_, words.pixel_scale_) == (0, 1)


def test_offset_and_scale_are_saved_and_pickled(small, tmp_path):
    X, y, X_test = (small[0] + 1000.0, small[1], small[2] + 1000.0)
    network = NETWORKS["DNN"].fit(X, y)
    save(network, tmp_path / "network.safetensors")
    for copy in (load(tmp_path / "network.safetensors"), pickle.loads(pickle.dumps(network))):
        assert (copy.pixel_offset_, copy.pixel_scale_) == (1000, 16)
        assert np.array_equal(copy.predict_proba(X_test), network.predict_proba(X_test))


def test_a_pickle_from_before_there_were_offsets_predicts_as_it_did(small):
    X, y, X_test = small
    network = pickle.loads(pickle.dumps(NETWORKS["DNN"].fit(X, y)))
    state = vars(network)
    del state["pixel_offset_"]
    vars(state["_predictor_"])["_pixel_scale"] = vars(state["_predictor_"]).pop("_scaling").scale
    older = pickle.loads(pickle.dumps(network))
    assert older.pixel_offset_ == 0
    expected = NETWORKS["DNN"].predict_proba(X_test)
    assert np.array_equal(older.predict_proba(X_test), expected)
    assert older.partial_fit(X, y).n_epochs_ == 3
