"""What can't be used is refused in words that help, and leaves the classifier as it was."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from skmnist import (
    Augmentation,
    CNNClassifier,
    CNNFeatures,
    CNNStackingClassifier,
    CommitteeClassifier,
    ConvBlock,
    DNNClassifier,
    LeNetClassifier,
    Optimizer,
    VirtualSVC,
)
from skmnist._utils.backend import load_keras
from skmnist.preprocessing import Blur
from skmnist.text import SequenceDNNClassifier


def dnn(**parameters):
    return DNNClassifier(
        **{"hidden_units": (8,), "epochs": 1, "dtype": "float32", "random_state": 0, **parameters}
    )


def cnn(**parameters):
    return CNNClassifier(
        **{
            "conv_blocks": [4],
            "epochs": 1,
            "augmentation": None,
            "dtype": "float32",
            "random_state": 0,
            **parameters,
        }
    )


@pytest.fixture(scope="module")
def data(digits):
    X, _, y, _ = digits
    X, y = X[:100].copy(), y[:100].copy()
    X.setflags(write=False)
    y.setflags(write=False)
    return X, y


@pytest.fixture(scope="module")
def fitted(data):
    """A dense and a convolutional classifier; every test leaves them as they are."""
    return {"DNN": dnn().fit(*data), "CNN": cnn().fit(*data)}


def learned(classifier):
    """All that a fit has set, as it can be compared."""
    parameters = classifier.get_params()
    return {name: value for name, value in vars(classifier).items() if name not in parameters}


def assert_refused(classifier, error, match, X, y, method="fit", **arguments):
    """Check that the error is as it should be, raised by us, and that nothing has changed."""
    before = learned(classifier)
    with pytest.raises(error, match=match) as caught:
        getattr(classifier, method)(X, y, **arguments)
    assert_an_error_of_python(caught.value)
    after = learned(classifier)
    assert list(after) == list(before)
    assert all(after[name] is value for name, value in before.items())


def assert_an_error_of_python(error):
    module = type(error).__module__
    assert module.split(".")[0] in {"builtins", "sklearn", "skmnist"}


@pytest.fixture
def refused(data, fitted):
    """Refuse a fit, once unfitted and once fitted before."""

    def check(classifier, error, match, X=None, y=None, **arguments):
        X, y = data[0] if X is None else X, data[1] if y is None else y
        fresh = clone(classifier)
        assert_refused(fresh, error, match, X, y, **arguments)
        with pytest.raises(NotFittedError):
            fresh.predict(data[0])
        kind = "DNN" if isinstance(classifier, DNNClassifier) else "CNN"
        used = clone(classifier)
        vars(used).update(learned(fitted[kind]))
        expected = fitted[kind].predict_proba(data[0])
        assert_refused(used, error, match, X, y, **arguments)
        assert np.array_equal(used.predict_proba(data[0]), expected)

    return check


# -- pixels ----------------------------------------------------------------------------


def test_rows_of_one_dimension_are_refused(refused, data):
    refused(dnn(), ValueError, r"Expected 2D array, got 1D array|1D", X=data[0][0], y=data[1][:1])


def test_five_dimensions_are_refused(refused, data):
    refused(dnn(), ValueError, "X has 5 dimensions", X=data[0].reshape(100, 2, 2, 4, 4))


@pytest.mark.parametrize("shape", [(0, 64), (0, 8, 8), (100, 0)])
def test_no_pixels_are_refused(shape, refused, data):
    refused(dnn(), ValueError, r"Found array with 0 (sample|feature)", X=np.zeros(shape), y=data[1])


@pytest.mark.parametrize(("value", "named"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_pixels_that_are_no_numbers_are_refused(value, named, refused, data):
    X = data[0].astype(float)
    X[3, 4] = value
    refused(dnn(), ValueError, f"Input X contains {named}", X=X)
    refused(cnn(), ValueError, f"Input X contains {named}", X=X.reshape(-1, 8, 8))


@pytest.mark.parametrize(("value", "named"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_pixels_to_predict_that_are_no_numbers_are_refused(value, named, fitted, data):
    X = data[0].astype(np.float32)
    X[3, 4] = value
    with pytest.raises(ValueError, match=f"Input X contains {named}"):
        fitted["DNN"].predict(X)


def test_text_is_refused(refused, data):
    X = np.full(data[0].shape, "grey")
    refused(dnn(), ValueError, "could not convert string|dtype='numeric'|strings", X=X)
    refused(dnn(), ValueError, "could not convert string", X=X.astype(object))


def test_complex_pixels_are_refused(refused, data):
    refused(dnn(), ValueError, "Complex data not supported", X=data[0].astype(complex))


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_sparse_pixels_that_float32_cannot_hold_are_refused(kind, value, refused, data, fitted):
    X = data[0].astype(float)
    X[3, 5] = value
    found = "up to 1e\\+39" if np.isfinite(value) else "(?i)contains nan|infinity"
    refused(dnn(), ValueError, found, X=kind(X))
    with pytest.raises(ValueError, match=found):
        fitted["DNN"].predict(kind(X))


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize(
    "estimator",
    [
        CNNStackingClassifier(),
        CommitteeClassifier(DNNClassifier(), test_time_shifts=1),
        CommitteeClassifier([DNNClassifier(), GaussianNB()]),
        VirtualSVC(SVC()),
        SequenceDNNClassifier(),
        Blur(),
        CNNFeatures(SequenceDNNClassifier()),
    ],
    ids=repr,
)
def test_sparse_pixels_are_refused_where_images_or_words_are_needed(kind, estimator, data):
    X, y = data
    with pytest.raises(TypeError, match=r"(?i)sparse data was passed"):
        estimator.fit(kind(X.astype(float)), y)


def test_lists_of_images_of_unequal_shape_are_refused(refused):
    X = [np.zeros((8, 8)), np.zeros((8, 7))]
    refused(cnn(), ValueError, "shape", X=X, y=[0, 1])


def test_a_shape_that_does_not_fit_the_pixels_is_refused(refused):
    refused(cnn(image_shape=(7, 9)), ValueError, r"image_shape=\(7, 9, 1\) has 63 pixels.* 64")


def test_a_shape_that_contradicts_the_images_is_refused(refused, data):
    X = data[0].reshape(-1, 8, 8)
    refused(cnn(image_shape=(4, 16)), ValueError, r"image_shape=\(4, 16, 1\), but X holds", X=X)


@pytest.mark.parametrize("shape", [(64,), (8, 8, 1, 1), ("8", "8"), (8.5, 8), (-8, -8)])
def test_a_shape_that_is_no_image_is_refused(shape, refused):
    refused(cnn(image_shape=shape), (ValueError, TypeError), "image_shape")


@pytest.mark.parametrize("shape", [(4, 16), (16, 4, 1), (4, 4, 4)])
def test_images_to_predict_of_another_shape_with_as_many_pixels_are_refused(shape, fitted, data):
    X = data[0].reshape(-1, *shape)
    for kind, classifier in fitted.items():
        with pytest.raises(ValueError, match=r"X holds images of shape .* fitted on") as caught:
            classifier.predict(X)
        assert f"{kind}Classifier" in str(caught.value)


def test_rows_to_predict_of_another_width_are_refused(fitted, data):
    for X in (data[0][:, :63], np.zeros((5, 65))):
        with pytest.raises(ValueError, match=r"features, but .* is expecting 64 features"):
            fitted["CNN"].predict_proba(X)


def test_images_to_predict_of_another_size_are_refused_as_images(fitted):
    match = r"X holds images of shape \(9, 9, 1\), but this CNN.* fitted on .*\(8, 8, 1\)"
    with pytest.raises(ValueError, match=match):
        fitted["CNN"].predict_proba(np.zeros((5, 9, 9)))


@pytest.mark.parametrize("X", [np.zeros((0, 64)), np.zeros((0, 8, 8)), [[]]])
def test_nothing_to_predict_is_refused(X, fitted):
    with pytest.raises(ValueError, match=r"0 (sample|feature)"):
        fitted["DNN"].predict(X)


def test_one_row_to_predict_without_its_brackets_is_refused(fitted, data):
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        fitted["DNN"].predict(data[0][0])


# -- labels ----------------------------------------------------------------------------


def test_one_class_is_refused(refused, data):
    refused(dnn(), ValueError, "one class only, 3", y=np.full(100, 3))
    refused(cnn(), ValueError, "one class only, 'cat'", y=np.full(100, "cat", dtype=object))


def test_one_class_once_the_weights_are_counted_is_refused(refused, data):
    weights = (data[1] == 3).astype(float)
    refused(dnn(), ValueError, "one class only", sample_weight=weights)


def test_more_rows_than_labels_are_refused(refused, data):
    refused(dnn(), ValueError, r"inconsistent numbers of samples: \[100, 99\]", y=data[1][:99])


def test_labels_of_real_numbers_are_refused(refused, data):
    refused(dnn(), ValueError, "Unknown label type: continuous", y=data[1] + 0.5)


def test_labels_that_are_no_numbers_are_refused(refused, data):
    y = data[1].astype(float)
    y[5] = np.nan
    refused(dnn(), ValueError, "Input y contains NaN", y=y)


def test_no_labels_are_refused(data):
    with pytest.raises(ValueError, match="requires y to be passed"):
        dnn().fit(data[0], None)


def test_labels_of_several_columns_are_refused(refused, data):
    refused(dnn(), ValueError, "one-hot labels", y=np.eye(10)[data[1]])


# -- partial_fit -----------------------------------------------------------------------


def test_a_first_partial_fit_without_classes_is_refused(data):
    assert_refused(
        dnn(), ValueError, "classes must be passed on the first call", *data, method="partial_fit"
    )


def test_an_unseen_class_in_partial_fit_is_refused(data):
    X, y = data
    classifier = dnn()
    call = {"method": "partial_fit", "classes": [0, 1, 2]}
    assert_refused(classifier, ValueError, r"not among the classes: \[3, 4", X, y, **call)
    known = y < 3
    classifier.partial_fit(X[known], y[known], classes=[0, 1, 2])
    before = classifier.predict_proba(X)
    match = r"not among the classes: \[3"
    assert_refused(classifier, ValueError, match, X, y, method="partial_fit")
    assert np.array_equal(classifier.predict_proba(X), before)


def test_an_unseen_word_in_partial_fit_is_refused(data):
    X, _ = data
    words = np.array(["cat", "dog", "zebra", "ape"])[np.arange(100) % 4]
    for classes in (["dog", "ape"], ["zebra", "cat"]):
        call = {"method": "partial_fit", "classes": classes}
        assert_refused(dnn(), ValueError, "not among the classes", X, words, **call)


def test_other_classes_in_a_later_partial_fit_are_refused(data):
    X, y = data
    classifier = dnn().partial_fit(X, y, classes=range(10))
    call = {"method": "partial_fit", "classes": range(11)}
    assert_refused(classifier, ValueError, "not the same as on the first call", X, y, **call)


def test_another_width_in_a_later_partial_fit_is_refused(data):
    X, y = data
    classifier = dnn().partial_fit(X, y, classes=range(10))
    assert_refused(
        classifier, ValueError, "expecting 64 features", X[:, :50], y, method="partial_fit"
    )


def test_one_class_in_a_first_partial_fit_is_refused(data):
    call = {"method": "partial_fit", "classes": [3]}
    assert_refused(dnn(), ValueError, "one class only, .*3", data[0], np.full(100, 3), **call)


# -- weights ---------------------------------------------------------------------------


def test_a_negative_sample_weight_is_refused(refused):
    weights = np.ones(100)
    weights[0] = -1
    refused(dnn(), ValueError, "(?i)negative values in .*sample_weight", sample_weight=weights)


def test_weights_that_are_all_zero_are_refused(refused):
    refused(dnn(), ValueError, "Sample weights must contain", sample_weight=np.zeros(100))


def test_weights_that_are_all_zero_are_refused_in_partial_fit(data):
    call = {"method": "partial_fit", "classes": range(10), "sample_weight": np.zeros(100)}
    assert_refused(dnn(), ValueError, "Sample weights must contain", *data, **call)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sample_weight_that_is_no_number_is_refused(value, refused):
    weights = np.ones(100)
    weights[0] = value
    refused(dnn(), ValueError, "sample_weight contains", sample_weight=weights)


def test_sample_weights_of_another_length_are_refused(refused):
    refused(dnn(), ValueError, "sample_weight", sample_weight=np.ones(99))


def test_a_class_weight_of_another_name_is_refused(refused):
    refused(dnn(class_weight="balance"), ValueError, "'class_weight' parameter")


def test_weights_of_classes_that_do_not_exist_are_refused(refused):
    refused(dnn(class_weight={"cat": 2.0}), ValueError, "class_weight|class_labels|cat")


def test_class_weights_that_leave_nothing_are_refused(refused):
    nothing = dict.fromkeys(range(10), 0.0)
    refused(dnn(class_weight=nothing), ValueError, "class_weight")


def test_a_negative_class_weight_is_refused(refused):
    refused(dnn(class_weight={3: -1.0}), ValueError, "class_weight")


# -- parameters ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"optimizer": "adamm"}, "optimizer='adamm' is unknown; did you mean 'adam'"),
        ({"activation": "rulu"}, "activation='rulu' is unknown; did you mean 'relu'"),
        ({"loss": "crosentropy"}, "loss='crosentropy' is unknown; did you mean"),
        ({"schedule": "onecycle"}, "schedule='onecycle' is unknown; did you mean 'one_cycle'"),
        ({"augmentation": "shft"}, "augmentation='shft' is unknown; did you mean 'shift'"),
    ],
)
def test_an_unknown_name_is_refused_and_a_near_one_offered(parameters, match, refused):
    refused(dnn(**parameters), ValueError, match)
    refused(cnn(**{"hidden_units": (4,), **parameters}), ValueError, match)


@pytest.mark.parametrize(
    "parameters",
    [
        {"epochs": -1},
        {"epochs": 0},
        {"epochs": 2.5},
        {"epochs": "many"},
        {"batch_size": 0},
        {"batch_size": -5},
        {"batch_size": 2.5},
        {"batch_size": "large"},
        {"learning_rate": 0},
        {"learning_rate": -0.1},
        {"learning_rate": "fast"},
        {"optimizer": Optimizer("sgd", momentum=1.0)},
        {"optimizer": Optimizer("sgd", momentum=-0.1)},
        {"optimizer": Optimizer("adam", weight_decay=-0.1)},
        {"label_smoothing": 1.0},
        {"label_smoothing": -0.1},
        {"validation_fraction": 1.0},
        {"validation_fraction": -0.5},
        {"early_stopping": "yes"},
        {"n_iter_no_change": 0},
        {"tol": -1},
        {"dtype": "float16"},
        {"image_shape": 8},
        {"shuffle": 3},
        {"callbacks": "EarlyStopping"},
        {"warm_start": "yes"},
        {"random_state": -1},
        {"random_state": "zero"},
        {"verbose": -1},
        {"schedule": 0.1},
        {"loss": 3},
        {"augmentation": 0.1},
        {"class_weight": [1, 2]},
        {"dropout": 1.0},
        {"dropout": -0.1},
        {"hidden_units": 512.0},
        {"hidden_units": 0},
        {"hidden_units": True},
        {"output_activation": "relu"},
    ],
    ids=lambda parameters: "-".join(f"{k}={v}" for k, v in parameters.items()),
)
def test_a_value_that_cannot_be_is_refused_by_the_parameters_name(parameters, refused):
    (name,) = parameters
    refused(dnn(**parameters), ValueError, f"'{name}' parameter of DNNClassifier|{name}=")


@pytest.mark.parametrize("optimizer", [None, 3, object(), DNNClassifier])
def test_an_optimizer_that_is_none_is_refused_by_name(optimizer, refused):
    refused(dnn(optimizer=optimizer), (ValueError, TypeError), "optimizer")


def test_an_optimizer_class_in_place_of_an_object_is_refused(refused):
    refused(
        dnn(optimizer=load_keras().optimizers.Adam), TypeError, "is not a Keras optimizer object"
    )


def test_an_optimizer_that_cannot_be_made_anew_is_refused(data):
    optimizers = load_keras().optimizers

    class Mine(optimizers.SGD):
        """One whose get_config lacks an argument."""

        def __init__(self, rate, factor):
            super().__init__(rate)

    assert_refused(dnn(optimizer=Mine(0.1, 2)), TypeError, r"optimizer=.*get_config", *data)


def test_a_loss_that_is_no_number_a_sample_is_refused(refused):
    def total(truth, guess):
        return load_keras().ops.sum((truth - guess) ** 2)

    refused(dnn(loss=total), ValueError, "loss=.*one number per sample")
    refused(dnn(loss=lambda truth, guess: "high"), ValueError, "loss=.*one number per sample")


def test_a_loss_class_in_place_of_an_object_is_refused(refused):
    refused(dnn(loss=load_keras().losses.MeanSquaredError), (ValueError, TypeError), "loss")


@pytest.mark.parametrize("callbacks", [[3], [dict], ["EarlyStopping"]])
def test_callbacks_that_are_none_of_keras_are_refused_by_name(callbacks, refused):
    refused(dnn(callbacks=callbacks), (ValueError, TypeError), "callbacks")


def test_an_early_stopping_class_in_place_of_an_object_is_refused(refused):
    stopping = load_keras().callbacks.EarlyStopping
    refused(dnn(callbacks=[stopping]), (ValueError, TypeError), "callbacks")


@pytest.mark.parametrize("units", [(0,), (8, -1), (8.5,), ("8",), (True,), [None]])
def test_units_that_are_no_number_of_units_are_refused(units, refused):
    refused(
        dnn(hidden_units=units), ValueError, "hidden_units=.* expected whole numbers of at least 1"
    )
    refused(
        cnn(hidden_units=units), ValueError, "hidden_units=.* expected whole numbers of at least 1"
    )


@pytest.mark.parametrize("dropout", [[0.1, 0.2], [], (0.1, 0.1, 0.1), np.array([0.1, 0.2])])
def test_dropouts_of_another_number_than_layers_are_refused(dropout, refused):
    match = f"dropout has {len(dropout)} values for 1 hidden layer"
    refused(dnn(dropout=dropout), ValueError, match)


@pytest.mark.parametrize("dropout", [[1.5], [-0.1], ["much"], [None]])
def test_a_dropout_in_a_list_that_is_no_part_is_refused(dropout, refused):
    refused(dnn(dropout=dropout), (ValueError, TypeError), "dropout")


@pytest.mark.parametrize(
    ("blocks", "match"),
    [
        ([{"filters": 8, "kernel": 3}], "'kernel' is unknown; did you mean 'kernel_size'"),
        ([{"filter": 8}], "parameter='filter' is unknown; did you mean 'filters'"),
        ([{"padding": "same"}], "filters"),
        ([0], "filters=0"),
        ([-8], "filters=-8"),
        ([{"filters": 8.5}], "filters=8.5"),
        ([{"filters": 8, "padding": "full"}], "padding='full'"),
        ([{"filters": 8, "pool": "maximum"}], "pool='maximum'"),
        ([{"filters": 8, "dropout": 1}], "dropout=1"),
        ([{"filters": 8, "dropout": "much"}], "dropout='much'"),
        ([{"filters": 8, "l2": -1}], "l2=-1"),
        ([{"filters": 8, "batch_norm_momentum": 7}], "batch_norm_momentum=7"),
        ([{"filters": 8, "order": ("pool",)}], "order="),
        ([{"filters": 8, "kernel_size": (3, 3)}], "kernel_size="),
        ([{"filters": 8, "activation": "rulu"}], "activation='rulu'"),
        ([{"filters": 8, "kernel_initializer": "glorot"}], "kernel_initializer='glorot'"),
        (["8"], "conv_blocks holds '8'"),
        ([None], "conv_blocks holds None"),
        ([True], "conv_blocks holds True"),
        ([[8, 3]], "conv_blocks holds"),
        ("conv", "'conv_blocks' parameter of CNNClassifier"),
        (8.0, "'conv_blocks' parameter of CNNClassifier"),
        (0, "filters=0"),
        (True, "conv_blocks holds True"),
        ({"filter": 8}, "parameter='filter' is unknown; did you mean 'filters'"),
        ([{"filters": 8, "batch_norm": "yes"}], "batch_norm='yes'; expected True or False"),
        ([{"filters": 8, "use_bias": 1}], "use_bias=1; expected True, False or None"),
        ([{"filters": 8, "kernel_initializer": None}], "kernel_initializer=None; expected"),
        ([{"filters": 8, "activation": None}], "ConvBlock.activation=None; expected.*'linear'"),
        ([{"filters": 8, "activation": 3}], "ConvBlock.activation=3; expected"),
        ([{"filters": 8, "kernel_size": 9}], "kernel of block 1, 9 x 9 pixels, does not fit"),
        ([8, 8, 8, 8], "kernel of block 4, 3 x 3 pixels, does not fit .*2 x 2"),
    ],
    ids=str,
)
def test_convolutions_that_make_no_sense_are_refused(blocks, match, refused):
    refused(cnn(conv_blocks=blocks), (ValueError, TypeError), match)


def test_numpys_whole_numbers_are_as_good_as_pythons_in_a_block(data):
    block = {"filters": np.int64(4), "kernel_size": np.int32(3)}
    expected = cnn().fit(*data).predict_proba(data[0])
    assert np.array_equal(cnn(conv_blocks=[block]).fit(*data).predict_proba(data[0]), expected)
    assert ConvBlock.of(np.int64(4)) == ConvBlock(4)


def test_a_learning_rate_besides_a_keras_optimizer_is_refused(refused):
    optimizer = load_keras().optimizers.SGD(0.1)
    match = "learning_rate=.* has no effect with a Keras optimizer"
    refused(dnn(optimizer=optimizer, learning_rate=0.5), ValueError, match)


@pytest.mark.parametrize("setting", [{"momentum": 0.9}, {"weight_decay": 1}])
def test_a_setting_of_a_keras_optimizer_is_not_set_by_name(setting):
    classifier = dnn(optimizer=load_keras().optimizers.SGD(0.1))
    with pytest.raises(ValueError, match=r"optimizer=.*settings of its own.*Optimizer\('adam'"):
        classifier.set_params(**{f"optimizer__{name}": value for name, value in setting.items()})


def test_a_part_too_small_for_the_classes_holds_out_one_row_of_each(data):
    history = dnn(validation_fraction=0.05).fit(*data).history_
    tenths = 10 * np.array(history["val_accuracy"])
    np.testing.assert_allclose(tenths, tenths.round(), atol=1e-5)


def test_early_stopping_on_too_few_samples_is_refused_by_the_fractions_name(refused, data):
    X, y = data[0][:12], data[1][:12]
    refused(dnn(early_stopping=True), ValueError, "validation_fraction=0.1 can't", X=X, y=y)


def test_a_class_of_one_sample_cannot_be_split(refused, data):
    y = np.where(np.arange(100) == 7, 77, data[1])
    refused(dnn(validation_fraction=0.5), ValueError, "validation_fraction=0.5 can't", y=y)


def test_an_augmentation_object_checks_itself():
    with pytest.raises(ValueError, match="shift=2; expected 0 <= shift < 1"):
        Augmentation(shift=2)


# -- going on --------------------------------------------------------------------------


def test_a_warm_start_of_another_network_is_refused(data):
    classifier = dnn(warm_start=True).fit(*data)
    before = classifier.predict_proba(data[0])
    classifier.set_params(hidden_units=(9,))
    assert_refused(classifier, ValueError, "parameters have changed.*warm_start=False", *data)
    assert np.array_equal(classifier.predict_proba(data[0]), before)
    assert classifier.set_params(hidden_units=(8,)).fit(*data).n_epochs_ == 2


def test_a_warm_start_on_other_classes_is_refused(data):
    X, y = data
    known = y < 5
    classifier = dnn(warm_start=True).fit(X[known], y[known])
    assert_refused(classifier, ValueError, r"and had \[0, 1, 2, 3, 4\] before", X, y)
    assert classifier.n_epochs_ == 1


def test_a_warm_start_on_images_of_another_shape_is_refused(data):
    X, y = data
    classifier = cnn(warm_start=True).fit(X, y)
    assert_refused(classifier, ValueError, "X holds images of shape", X.reshape(-1, 4, 16), y)


# -- divergence ------------------------------------------------------------------------


def test_a_loss_that_diverges_names_the_learning_rate(refused):
    diverging = cnn(optimizer="sgd", learning_rate=1e20, schedule="constant", epochs=3)
    refused(diverging, ValueError, r"diverged.* learning_rate=1e\+20")


def test_a_warm_start_that_diverges_leaves_the_network_that_was(data):
    classifier = cnn(warm_start=True, optimizer="sgd", schedule="constant", epochs=3).fit(*data)
    before = classifier.predict_proba(data[0])
    classifier.set_params(learning_rate=1e20)
    assert_refused(classifier, ValueError, "learning_rate", *data)
    assert np.array_equal(classifier.predict_proba(data[0]), before)
    assert classifier.n_epochs_ == 3


def test_a_fit_after_a_diverged_one_is_as_if_that_had_never_been(data):
    expected = cnn(optimizer="sgd", schedule="constant").fit(*data).predict_proba(data[0])
    classifier = cnn(optimizer="sgd", schedule="constant", epochs=3, learning_rate=1e20)
    with pytest.raises(ValueError, match="diverged"):
        classifier.fit(*data)
    classifier.set_params(epochs=1, learning_rate=0.01)
    assert np.array_equal(classifier.fit(*data).predict_proba(data[0]), expected)


def test_an_error_in_a_users_callback_comes_through_and_changes_nothing(refused):
    keras = load_keras()

    class Broken(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("my own mistake")

    refused(dnn(callbacks=[Broken()]), RuntimeError, "my own mistake")


def test_an_interrupted_fit_changes_nothing(data):
    keras = load_keras()

    class Interrupt(keras.callbacks.Callback):  # before there is anything to keep
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    classifier = dnn().fit(*data)
    before = learned(classifier)
    with pytest.raises(KeyboardInterrupt):
        classifier.set_params(callbacks=[Interrupt()]).fit(data[0][:, :63], data[1])
    assert learned(classifier) == before


# -- unfitted --------------------------------------------------------------------------


@pytest.mark.parametrize("classifier", [DNNClassifier(), LeNetClassifier(), CNNClassifier()])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "score"])
def test_predicting_unfitted_is_refused(classifier, method, data):
    arguments = data if method == "score" else data[:1]
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(classifier, method)(*arguments)


@pytest.mark.parametrize("classifier", [DNNClassifier(), LeNetClassifier(), CNNClassifier()])
def test_an_unfitted_classifier_has_no_network(classifier):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        _ = classifier.network_
    with pytest.raises(NotFittedError, match="not fitted yet"):
        classifier.summary()
    assert not hasattr(classifier, "classes_")
    assert not hasattr(classifier, "history_")
