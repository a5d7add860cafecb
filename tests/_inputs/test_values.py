"""What the values of pixels may be: any unit and origin, one range in training and in asking."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skmnist import (
    CapsNetClassifier,
    CNNClassifier,
    CNNFeatures,
    CNNStackingClassifier,
    CommitteeClassifier,
    DNNClassifier,
    LeNetClassifier,
    PixelRangeWarning,
    PretrainedClassifier,
    ResNetClassifier,
    SequenceDNNClassifier,
    load,
    save,
)
from skmnist._inputs.pixels import PixelScaling, find_pixel_scaling
from skmnist.ensemble import VirtualSVC
from skmnist.preprocessing import (
    HOG,
    Blur,
    ColumnNormalizer,
    ConvolutionFeatures,
    Deskew,
    MomentNormalizer,
    OrientedGradients,
)

QUICK = {"epochs": 2, "dtype": "float32", "random_state": 0}
NETWORKS = {
    "DNN": DNNClassifier(hidden_units=(16,), **QUICK),
    "CNN": CNNClassifier(conv_blocks=[4], augmentation="shift", **QUICK),
    "LeNet": LeNetClassifier(**QUICK),
    "ResNet": ResNetClassifier(filters=(4,), **QUICK),
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


@pytest.mark.parametrize("n_rows", [100, 500, 3000])  # the fewer, the more are near the ends
def test_bell_shaped_numbers_are_measured_by_the_standard_deviation(n_rows):
    X = 20 + 5 * np.random.default_rng(0).normal(size=(n_rows, 20))
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
    words = SequenceDNNClassifier(hidden_units=(4,), embedding_dim=2, **QUICK).fit(X, y)
    assert (words.pixel_offset_, words.pixel_scale_) == (0, 1)


@pytest.mark.parametrize("kind", ["DNN", "CNN"])
def test_pixel_scaling_none_takes_the_numbers_as_they_are(small, kind):
    X, y, X_test = small
    asked = clone(NETWORKS[kind]).set_params(pixel_scaling=None)
    unscaled = asked.fit(X / 16, y)
    assert (unscaled.pixel_offset_, unscaled.pixel_scale_) == (0, 1)
    scaled = NETWORKS[kind].fit(X, y)  # 0..16, which a division by 16 brings to 0..1
    np.testing.assert_array_equal(unscaled.predict_proba(X_test / 16), scaled.predict_proba(X_test))
    shifted = asked.fit(X / 16 + 1, y)
    assert (
        np.abs(shifted.predict_proba(X_test / 16 + 1) - scaled.predict_proba(X_test)).max() > 0.01
    )


def test_offset_and_scale_are_saved_and_pickled(small, tmp_path):
    X, y, X_test = (small[0] + 1000.0, small[1], small[2] + 1000.0)
    network = NETWORKS["DNN"].fit(X, y)
    save(network, tmp_path / "network.safetensors")
    for copy in (load(tmp_path / "network.safetensors"), pickle.loads(pickle.dumps(network))):
        assert (copy.pixel_offset_, copy.pixel_scale_) == (1000, 16)
        assert np.array_equal(copy.predict_proba(X_test), network.predict_proba(X_test))


# -- asked about images in another unit -----------------------------------------------------


def warnings_of(function, *arguments):
    """Call a function; give the messages of all warnings of ours, and refuse any other."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments)
    assert all(warning.category is PixelRangeWarning for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.fixture(scope="module")
def of_digits(small):
    """A network on digits of 0 to 16, what it was fitted on, and other digits."""
    X, y, X_test = small
    return DNNClassifier(hidden_units=(16,), **QUICK).fit(X, y), X, X_test.astype(float)


@pytest.fixture(scope="module")
def of_mnist(mnist):
    """A network on images of 0 to 255, and other such images."""
    (X, y), (X_test, _) = mnist
    X, X_test = (part.reshape(len(part), 28, 28) for part in (X, X_test))
    return DNNClassifier(hidden_units=(8,), **QUICK).fit(X[:200], y[:200]), X_test[:200]


@pytest.mark.parametrize(
    ("change", "range_"),
    [
        (lambda X: X / 16, "0 to 1"),
        (lambda X: X * 255, "0 to 4080"),
        (lambda X: X / 16 / 255, "0 to 0.00392157"),
        (lambda X: X + 1000, "1000 to 1016"),
    ],
)
def test_another_unit_is_named_with_both_ranges(change, range_, of_digits):
    network, _, X_test = of_digits
    (message,) = warnings_of(network.predict, change(X_test))
    assert f"X has values from {range_}, but this DNNClassifier was trained on" in message
    assert "trained on values from 0 to 16: they seem to be in another unit" in message


@pytest.mark.parametrize("factor", [16, 255])
def test_images_of_many_levels_asked_of_a_network_trained_from_0_to_1(factor, small):
    X, y, X_test = small
    network = DNNClassifier(hidden_units=(16,), **QUICK).fit(X / 16, y)
    assert len(warnings_of(network.predict, X_test / 16 * factor)) == 1


def test_images_divided_in_one_place_only_and_inverted_ones_are_named(of_mnist):
    network, X_test = of_mnist
    (message,) = warnings_of(network.predict, X_test / 255)
    assert "0 to 1" in message
    assert "0 to 255: they seem to be in another unit" in message
    (message,) = warnings_of(network.predict, 255 - X_test)
    assert "borders of its images are bright" in message
    assert "Pass 255 - X" in message


def test_inverted_digits_are_named_whichever_way(of_digits, small):
    network, X, X_test = of_digits
    assert "Pass 16 - X" in warnings_of(network.predict, 16 - X_test)[0]
    dark_on_light = DNNClassifier(hidden_units=(16,), **QUICK).fit(16 - X, small[1])
    assert "borders of its images are dark" in warnings_of(dark_on_light.predict, X_test)[0]
    assert warnings_of(dark_on_light.predict, 16 - X_test) == []


def test_the_advice_for_inverted_bytes_fits_into_bytes(of_mnist):
    X = of_mnist[1]
    y = np.arange(len(X)) % 2
    network = DNNClassifier(hidden_units=(4,), **QUICK).fit(np.maximum(X, 2), y)
    (message,) = warnings_of(network.predict, 255 - X)
    assert "Pass 255 - X" in message


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_a_call_warns_once_and_where_it_was_made(method, of_digits):
    network, _, X_test = of_digits
    with pytest.warns(PixelRangeWarning) as caught:
        getattr(network, method)(X_test / 16)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_scoring_warns_once_in_a_pipeline_too(of_digits, small):
    _, X, X_test = of_digits
    pipeline = make_pipeline(DNNClassifier(hidden_units=(8,), **QUICK)).fit(X, small[1])
    assert len(warnings_of(pipeline.score, X_test / 255, small[1][:100])) == 1


def test_few_images_give_no_warning(of_digits):
    network, _, X_test = of_digits
    assert warnings_of(network.predict, X_test[:15] / 16) == []
    assert len(warnings_of(network.predict, X_test[:16] / 16)) == 1


def test_a_few_pictures_that_are_surely_wrong_give_a_warning(of_mnist):
    network, X_test = of_mnist
    for n in (1, 3):
        (message,) = warnings_of(network.predict, X_test[:n] / 255)
        assert "0 to 255: they seem to be in another unit" in message
        (message,) = warnings_of(network.predict, 255 - X_test[:n])
        assert "Pass 255 - X" in message
        assert warnings_of(network.predict, X_test[:n]) == []
        assert warnings_of(network.predict, X_test[:n] * 0.1) == []


def test_images_that_merely_differ_give_no_warning(of_mnist, mnist):
    network, X_test = of_mnist
    rng = np.random.default_rng(0)
    (_, _), (X_all, y_all) = mnist
    others = {
        "the same": X_test,
        "dim": X_test * 0.1,
        "bright": np.minimum(X_test * 3.0, 255),
        "brighter than any": X_test * 2.0,
        "blank": np.zeros((20, 28, 28)),
        "white": np.full((20, 28, 28), 255),
        "all blank but one": np.concatenate([np.zeros((50, 28, 28)), X_test[:1]]),
        "a single pixel": np.eye(784).reshape(784, 28, 28)[:100] * 255,
        "noise": rng.integers(0, 256, (50, 28, 28)),
        "noisy": X_test + rng.normal(0, 25, X_test.shape),
        "moved": np.roll(X_test, 14, axis=(1, 2)),
        "one class": X_all.reshape(-1, 28, 28)[y_all == 1][:50],
        "from below zero": X_test - 128.0,
        "half inverted": np.concatenate([X_test[:100], 255 - X_test[100:]]),
        "like photographs": rng.normal(120, 60, (50, 28, 28)).clip(0, 255),
    }
    for name, images in others.items():
        assert warnings_of(network.predict, images) == [], name


def test_searches_and_folds_give_no_warning(small):
    X, y, _ = small
    network = DNNClassifier(hidden_units=(8,), **QUICK)
    for data in (X, 16 - X, X / 16, X / 8 - 1):
        assert warnings_of(lambda d=data: cross_val_score(network, d, y, cv=2)) == []
    pipeline = make_pipeline(StandardScaler(), network)
    grid = GridSearchCV(pipeline, {"dnnclassifier__epochs": [1]}, cv=3)
    assert warnings_of(grid.fit, X, y) == []
    assert warnings_of(grid.predict, X) == []


def test_standardised_images_give_no_warning_for_pixels_that_were_constant(mnist):
    (X, y), (X_test, _) = mnist
    X, X_test = X.reshape(len(X), -1), X_test.reshape(len(X_test), -1)
    for n in (60, 300):
        pipeline = make_pipeline(StandardScaler(), DNNClassifier(hidden_units=(8,), **QUICK))
        pipeline.fit(X[:n], y[:n])
        for some in (slice(0, 16), slice(16, 500)):
            assert warnings_of(pipeline.predict, X_test[some]) == []


@pytest.mark.parametrize("load_data", [load_iris, load_wine, load_breast_cancer])
def test_tables_give_no_warning_in_folds(load_data):
    X, y = load_data(return_X_y=True)
    network = DNNClassifier(hidden_units=(8,), **QUICK)
    for estimator in (network, make_pipeline(StandardScaler(), network)):
        assert warnings_of(lambda e=estimator: cross_val_score(e, X, y, cv=3)) == []


def test_words_give_no_warning():
    X, y = np.arange(2, 42).reshape(20, 2), np.arange(20) % 2
    words = SequenceDNNClassifier(hidden_units=(4,), embedding_dim=2, vocabulary_size=9000, **QUICK)
    assert warnings_of(words.fit(X, y).predict, X * 200) == []


def test_features_a_committee_and_a_stack_warn_once(small):
    X, y, X_test = small
    network = DNNClassifier(hidden_units=(8,), **QUICK)
    features = CNNFeatures(network).fit(X, y)
    committee = CommitteeClassifier(estimators=network, n_estimators=2, test_time_shifts=1).fit(
        X, y
    )
    stack = CNNStackingClassifier(
        network=network, estimators=[("bayes", GaussianNB())], cv=2, random_state=0
    ).fit(X, y)
    for ask in (features.transform, committee.predict, committee.disagreement, stack.predict):
        assert warnings_of(ask, X_test) == []
        assert len(warnings_of(ask, X_test / 255)) == 1


def test_a_loaded_network_and_a_pickled_one_warn_as_before(of_digits, tmp_path):
    network, _, X_test = of_digits
    save(network, tmp_path / "network.safetensors")
    for copy in (load(tmp_path / "network.safetensors"), pickle.loads(pickle.dumps(network))):
        assert len(warnings_of(copy.predict, X_test / 255)) == 1
        assert copy._pixels_ == network._pixels_


# -- numbers too large, and masked ones ----------------------------------------------------


def every_estimator():
    network = DNNClassifier(hidden_units=(8,), **QUICK)
    return {
        "network": network,
        "pipeline": make_pipeline(network),
        "features": CNNFeatures(network),
        "committee": CommitteeClassifier(estimators=network, n_estimators=1),
        "stack": CNNStackingClassifier(
            network=network, estimators=[("bayes", GaussianNB())], cv=2, random_state=0
        ),
        "support vectors": VirtualSVC(SVC()),
        "words": SequenceDNNClassifier(hidden_units=(4,), embedding_dim=2, **QUICK),
        "HOG": HOG(pixels_per_cell=(4, 4), cells_per_block=(2, 2)),
        "blur": Blur(),
        "columns": ColumnNormalizer(),
        "convolutions": ConvolutionFeatures(),
        "deskew": Deskew(),
        "moments": MomentNormalizer(),
        "gradients": OrientedGradients(),
    }


def ask(estimator, X):
    return estimator.predict(X) if hasattr(estimator, "predict") else estimator.transform(X)


@pytest.mark.parametrize("name", every_estimator())
def test_pixels_beyond_float32_and_masked_ones_are_refused_in_fit_and_in_asking(name, small):
    X, y, _ = small
    estimator = every_estimator()[name]
    huge, masked = X.astype(float), np.ma.array(X, mask=np.zeros(X.shape, bool))
    huge[3, 4], masked[3, 4] = 1e39, np.ma.masked
    too_large = r"X has values up to 1e\+(39|300) in size"
    wrong = [(huge, too_large), (masked, "X is a masked array with 1 masked value,")]
    for data, match in wrong:
        with pytest.raises(ValueError, match=match):
            estimator.fit(data, y)
    estimator.fit(X, y)
    huge[3, 4] = -1e300
    for data, match in wrong:
        with pytest.raises(ValueError, match=match):
            ask(estimator, data)


def test_masked_arrays_without_a_masked_value_are_arrays(small):
    X, y, X_test = small
    network = NETWORKS["DNN"]
    expected = network.fit(X, y).predict_proba(X_test)
    answers = network.fit(np.ma.array(X), y).predict_proba(np.ma.array(X_test))
    assert np.array_equal(answers, expected)


def test_masked_images_labels_and_weights_are_refused(small):
    X, y, _ = small
    images = np.ma.array(X.reshape(-1, 8, 8), mask=X.reshape(-1, 8, 8) == 16)
    with pytest.raises(ValueError, match=r"X is a masked array with \d+ masked values"):
        NETWORKS["CNN"].fit(images, y)
    with pytest.raises(ValueError, match="X is a masked array"):
        NETWORKS["CNN"].fit(list(images), y)
    with pytest.raises(ValueError, match="y is a masked array with"):
        NETWORKS["DNN"].fit(X, np.ma.array(y, mask=y == 3))
    with pytest.raises(ValueError, match="sample_weight is a masked array with"):
        NETWORKS["DNN"].fit(X, y, sample_weight=np.ma.array(np.ones(len(y)), mask=y == 3))


def test_samples_that_judge_are_refused_as_those_that_train_are(small):
    X, y, _ = small
    huge = X.astype(float)
    huge[3, 4] = 1e39
    with pytest.raises(ValueError, match="X_val and y_val can't be used: X has values up to"):
        NETWORKS["DNN"].fit(X, y, X_val=huge, y_val=y)
    with pytest.raises(ValueError, match="sample_weight_val has values up to 1e\\+308"):
        NETWORKS["DNN"].fit(X, y, X_val=X, y_val=y, sample_weight_val=np.full(len(y), 1e308))


@pytest.mark.parametrize("name", ["network", "features", "committee", "stack", "support vectors"])
def test_weights_whose_sum_overflows_are_refused(name, small):
    X, y, _ = small
    with pytest.raises(ValueError, match=r"sample_weight has values up to 1e\+308.*divide"):
        every_estimator()[name].fit(X, y, sample_weight=np.full(len(y), 1e308))


def test_class_weights_that_overflow_are_refused_by_name(small):
    X, y, _ = small
    network = DNNClassifier(hidden_units=(8,), class_weight={0: 1e308, 1: 1e308}, **QUICK)
    with pytest.raises(ValueError, match=r"class_weight has values up to 1e\+308.*divide"):
        network.fit(X, y)
    with pytest.raises(ValueError, match=r"class_weight .* sample_weight"):
        network.set_params(class_weight={0: 1e200}).fit(X, y, sample_weight=np.full(len(y), 1e200))


def test_large_weights_that_do_not_overflow_count_as_their_ratios(small):
    X, y, X_test = small
    expected = NETWORKS["DNN"].fit(X, y).predict_proba(X_test)
    weights = np.full(len(y), 1e300)
    answers = NETWORKS["DNN"].fit(X, y, sample_weight=weights).predict_proba(X_test)
    np.testing.assert_allclose(answers, expected, atol=1e-5)


def test_data_without_the_training_outliers_is_in_no_other_unit():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 10)), np.arange(300) % 3
    X[5, 2] = 1e4
    network = DNNClassifier(hidden_units=(8,), **QUICK).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PixelRangeWarning)
        assert network.predict(rng.normal(size=(100, 10))).shape == (100,)


def test_what_training_goes_on_with_and_judges_on_is_in_the_unit_that_it_began_with(small):
    X, y, _ = small
    network = DNNClassifier(hidden_units=(8,), **QUICK).fit(X / 16, y)
    with pytest.warns(PixelRangeWarning):
        network.partial_fit(X * 16, y)
    with pytest.warns(PixelRangeWarning):
        network.fit(X / 16, y, X_val=X * 16, y_val=y)


def test_large_sets_are_scaled_as_a_look_at_all_of_them_decides():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 30)) * np.linspace(1, 9, 30) + np.arange(30)
    centred = StandardScaler().fit_transform(X)
    # In cycles, as evenly spaced rows would see one part of them only.
    cycles = np.tile(np.repeat(np.eye(5), 6, axis=1), (1000, 1)) + rng.random((5000, 30)) / 10
    for table in (centred, StandardScaler().fit_transform(cycles)):
        assert find_pixel_scaling(table) == pytest.approx((0, 1), abs=1e-9)
    X[7, 7] = 1e9
    assert find_pixel_scaling(X) == pytest.approx((X.mean(), X.std()))
    assert find_pixel_scaling(cycles) == pytest.approx((cycles.mean(), cycles.std()))


def test_large_sets_of_images_are_scaled_by_their_range(mnist):
    (X, _), _ = mnist
    rows = X.reshape(len(X), -1)
    assert find_pixel_scaling(rows) == (0, 255)
    assert find_pixel_scaling(255 - rows[:3000]) == (0, 255)
    globally = (rows[:3000] / 255 - 0.13) / 0.31
    assert find_pixel_scaling(globally) == (globally.min(), np.ptp(globally))
