"""A user's mistake is answered by what to do, in the words of the user's own call."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skmnist import (
    CapsNetClassifier,
    CNNClassifier,
    CNNFeatures,
    CNNStackingClassifier,
    CommitteeClassifier,
    ConvBlock,
    DNNClassifier,
    LeNetClassifier,
    PretrainedClassifier,
    ResNetClassifier,
    SequenceCNNClassifier,
    SequenceDNNClassifier,
    TextSequencer,
    compare,
    recipe,
    svm,
)
from skmnist._utils.backend import load_keras
from skmnist.ensemble import VirtualSVC
from skmnist.preprocessing import Deskew


def dnn(**parameters):
    settings = {"hidden_units": (8,), "epochs": 1, "dtype": "float32", "random_state": 0}
    return DNNClassifier(**{**settings, **parameters})


def cnn(**parameters):
    settings = {"conv_blocks": [4], "epochs": 1, "dtype": "float32", "random_state": 0}
    return CNNClassifier(**{**settings, "augmentation": None, **parameters})


@pytest.fixture(scope="module")
def data(digits):
    X, _, y, _ = digits
    return X[:100].reshape(-1, 8, 8), y[:100]


@pytest.fixture(scope="module")
def fitted(data):
    return [dnn().fit(*data), CNNFeatures(dnn()).fit(*data), Deskew().fit(data[0])]


def ensembles():
    return [
        CommitteeClassifier(estimators=dnn(), n_estimators=1),
        CNNStackingClassifier(network=dnn(), cv=2),
        CNNFeatures(dnn()),
    ]


def named(value):
    return type(value).__name__


# -- labels ------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [dnn(), *ensembles(), VirtualSVC(SVC())], ids=named)
def test_one_hot_labels_are_refused_with_the_way_back(estimator, data):
    X, y = data
    for one_hot in (np.eye(10)[y], np.eye(10)[y].tolist()):
        with pytest.raises(ValueError, match=r"shape \(100, 10\).*np.argmax\(y, axis=1\)"):
            estimator.fit(X, one_hot)


def test_one_hot_labels_of_a_validation_set_are_refused_by_their_name(data):
    X, y = data
    with pytest.raises(ValueError, match=r"np.argmax\(y_val, axis=1\)"):
        dnn().fit(X, y, X_val=X, y_val=np.eye(10)[y])


def test_one_hot_labels_of_a_comparison_are_refused_by_their_name(data):
    X, y = data
    with pytest.raises(ValueError, match=r"np.argmax\(y, axis=1\)"):
        compare([svm()], X, np.eye(10)[y], verbose=0)
    with pytest.raises(ValueError, match=r"np.argmax\(y_test, axis=1\)"):
        compare([svm()], X, y, X_test=X, y_test=np.eye(10)[y], verbose=0)


@pytest.mark.parametrize("kind", [list, lambda labels: np.array(labels, dtype=object)])
def test_labels_of_two_kinds_are_refused(kind, data):
    X, y = data
    labels = kind([int(label) if label else "zero" for label in y])
    with pytest.raises(ValueError, match=r"y mixes strings and numbers, such as 'zero' and \d"):
        dnn().fit(X, labels)


# -- images ------------------------------------------------------------------------------


def called(estimator, X):
    return estimator.predict(X) if hasattr(estimator, "predict") else estimator.transform(X)


def test_a_single_image_needs_an_axis_more(fitted, data):
    for estimator in fitted:
        with pytest.raises(ValueError, match=r"shape \(8, 8\), that of a single.*image\[None\]"):
            called(estimator, data[0][0])
        assert len(called(estimator, data[0][0][None])) == 1


def test_a_photograph_is_refused_with_the_size_to_bring_it_to(fitted):
    match = r"\(480, 640, 3\).* photograph in colour.* 8 x 8 pixels.*in grey.*image\[None\]"
    for estimator in fitted:
        with pytest.raises(ValueError, match=match):
            called(estimator, np.zeros((480, 640, 3), np.uint8))


def test_a_single_image_in_colour_needs_an_axis_more(data):
    X, y = data
    colour = np.stack([X, X, X], axis=-1)
    classifier = dnn().fit(colour, y)
    with pytest.raises(ValueError, match=r"\(8, 8, 3\), that of a single.*\(n, 8, 8, 3\)"):
        classifier.predict(colour[0])


def test_as_many_images_as_they_have_rows_are_no_single_image(data):
    X, y = data
    classifier = dnn().fit(X, y)
    assert len(classifier.predict(X[:8])) == 8
    assert len(classifier.predict(X[:8].reshape(8, 64))) == 8


@pytest.mark.parametrize("estimator", [dnn(), Deskew(), *ensembles()], ids=named)
def test_a_column_of_images_is_to_be_stacked(estimator, data):
    pandas = pytest.importorskip("pandas")
    X, y = data
    frame = pandas.DataFrame({"image": list(X), "digit": y})
    for column in (frame["image"], frame[["image"]], frame["image"].to_numpy()):
        with pytest.raises(ValueError, match=r"column of arrays.*\(8, 8\).*np.stack\(X\)"):
            estimator.fit(column, y)


def test_a_list_of_images_is_stacked_by_us(data):
    X, y = data
    assert np.array_equal(dnn().fit(list(X), y).predict(list(X)), dnn().fit(X, y).predict(X))


@pytest.mark.parametrize("kind", [list, np.array, lambda paths: np.array(paths)[:, None]])
@pytest.mark.parametrize("estimator", [dnn(), Deskew(), *ensembles()], ids=named)
def test_paths_are_to_be_read_first(estimator, kind, data):
    paths = [f"digit_{i}.png" for i in range(100)]
    with pytest.raises(ValueError, match=r"strings such as .*digit_0.png.*ImageLoader"):
        estimator.fit(kind(paths), data[1])


@pytest.mark.parametrize(
    "classifier", [SequenceCNNClassifier(epochs=1), SequenceDNNClassifier(epochs=1)], ids=named
)
def test_texts_are_to_be_turned_into_indices_first(classifier):
    pandas = pytest.importorskip("pandas")
    texts, labels = ["a good film", "a bad film"] * 10, [1, 0] * 10
    for kind in (list, np.array, pandas.Series, lambda texts: pandas.DataFrame({"text": texts})):
        with pytest.raises(ValueError, match=r"make_pipeline\(TextSequencer\(\)"):
            classifier.fit(kind(texts), labels)
    assert len(make_pipeline(TextSequencer(), classifier).fit(texts, labels).predict(texts)) == 20


def test_sequences_of_several_lengths_are_to_be_padded_first():
    X = np.array([[5, 3], [4, 6, 7]], dtype=object)  # as keras.datasets.imdb.load_data returns them
    with pytest.raises(ValueError, match=r"column of arrays.*keras.utils.pad_sequences\(X\)"):
        SequenceCNNClassifier(epochs=1).fit(X, [0, 1])


def test_dates_are_no_pixels(data):
    pandas = pytest.importorskip("pandas")
    X, y = data
    dates = X.reshape(100, -1).astype("datetime64[s]")
    for kind in (np.array, pandas.DataFrame):
        for estimator in (dnn(), Deskew()):
            with pytest.raises(ValueError, match="X holds dates or times"):
                estimator.fit(kind(dates), y)


class Batches:
    """As Keras's PyDataset and PyTorch's DataLoader are."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return np.zeros((2, 8, 8)), np.zeros(2)


def test_what_yields_samples_one_after_another_is_refused(data):
    load_keras()
    tensorflow = pytest.importorskip("tensorflow")
    X, y = data
    dataset = tensorflow.data.Dataset.from_tensor_slices((X, y))
    for stream in ((image for image in X), iter(X), Batches(), dataset):
        match = f"X is a .*{type(stream).__name__}.* one after another; expected an array"
        for estimator in (dnn(), Deskew()):
            with pytest.raises(TypeError, match=match):
                estimator.fit(stream, y)
        with pytest.raises(TypeError, match=r"^DNNClassifier.fit\(\) lacks y"):
            dnn().fit(stream)


# -- arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimator", "argument", "advice"),
    [
        (dnn(), "validation_data", "X_val=... and y_val=..."),
        (dnn(), "epochs", r"DNNClassifier\(epochs=...\)"),
        (LeNetClassifier(), "batch_size", r"LeNetClassifier\(batch_size=...\)"),
        (cnn(), "validation_split", r"CNNClassifier\(validation_fraction=...\)"),
        (cnn(), "callbacks", r"CNNClassifier\(callbacks=...\)"),
        (cnn(), "steps_per_epoch", "Expected X, y, sample_weight, X_val"),
        (CommitteeClassifier(), "validation_data", "Expected X, y, sample_weight."),
        (CNNStackingClassifier(), "cv", r"CNNStackingClassifier\(cv=...\)"),
        (CNNFeatures(), "epochs", "Expected X, y, sample_weight."),
        (Deskew(), "image_shape", r"Deskew\(image_shape=...\)"),
    ],
)
def test_an_unknown_argument_of_fit_is_answered_by_where_it_goes(estimator, argument, advice, data):
    match = rf"^{named(estimator)}.fit\(\) takes no argument '{argument}'. .*{advice}"
    with pytest.raises(TypeError, match=match):
        estimator.fit(*data, **{argument: None})


def test_an_unknown_argument_of_the_other_methods_is_refused_by_the_class_itself(fitted, data):
    classifier, (X, y) = fitted[0], data
    with pytest.raises(TypeError, match=r"^DNNClassifier.predict\(\).*DNNClassifier\(verbose="):
        classifier.predict(X, verbose=0)
    with pytest.raises(TypeError, match=r"^DNNClassifier.predict_proba\(\).*batch_size"):
        classifier.predict_proba(X, batch_size=32)
    with pytest.raises(TypeError, match=r"^DNNClassifier.partial_fit\(\).*epochs"):
        dnn().partial_fit(X, y, classes=range(10), epochs=3)


# -- parameters ----------------------------------------------------------------------------


def test_a_single_number_of_units_stands_for_one_layer(data):
    X, y = data
    expected = dnn(hidden_units=(5,)).fit(X, y).predict_proba(X)
    for number in (5, np.int64(5), [5]):
        assert np.array_equal(dnn(hidden_units=number).fit(X, y).predict_proba(X), expected)


def test_a_single_block_stands_for_one_convolution(data):
    X, y = data
    expected = cnn(conv_blocks=[5]).fit(X, y).predict_proba(X)
    for block in (5, np.int64(5), {"filters": 5}, ConvBlock(5)):
        assert np.array_equal(cnn(conv_blocks=block).fit(X, y).predict_proba(X), expected)


def test_a_single_width_stands_for_one_stage():
    one, several = (
        ResNetClassifier(filters=filters)._architecture((8, 8, 1), 10, "float32")
        for filters in (4, (4,))
    )
    assert one == several


@pytest.mark.parametrize("spelt", ["vgg16", "Vgg16", "VGG-16"])
def test_a_backbone_may_be_meant_in_another_spelling(spelt, data):
    with pytest.raises(ValueError, match=r"backbone=.* is unknown; did you mean 'VGG16'"):
        PretrainedClassifier(spelt, weights=None).fit(*data)


def losses():
    keras = load_keras()
    return [
        keras.losses.SparseCategoricalCrossentropy(),
        keras.losses.sparse_categorical_crossentropy,
        keras.losses.categorical_crossentropy,
        "log_loss",
    ]


def test_a_loss_may_be_given_as_keras_or_scikit_learn_do(data):
    X, y = data
    for labels, output in ((y, "softmax"), (y % 2, "sigmoid")):
        expected = dnn(output_activation=output).fit(X, labels).predict_proba(X)
        for loss in losses():
            classifier = dnn(loss=loss, output_activation=output).fit(X, labels)
            assert np.array_equal(classifier.predict_proba(X), expected)


@pytest.mark.parametrize(
    ("short", "name"), [("mse", "mean_squared_error"), ("MAE", "mean_absolute_error")]
)
def test_keras_short_names_of_losses_are_taken(short, name, data):
    X, y = data
    expected = dnn(loss=name).fit(X, y)
    assert dnn(loss=short).fit(X, y).history_ == expected.history_
    assert expected.history_ != dnn().fit(X, y).history_


def test_a_sparse_loss_with_settings_of_its_own_is_refused(data):
    loss = load_keras().losses.SparseCategoricalCrossentropy(from_logits=True)
    with pytest.raises(ValueError, match=r"loss=.*from_logits=True.*probabilities"):
        dnn(loss=loss).fit(*data)


def test_an_activation_may_be_a_function_or_a_layer_of_keras(data):
    keras, (X, y) = load_keras(), data
    given = [keras.activations.relu, keras.layers.ReLU(), keras.layers.Activation("relu")]
    expected = dnn(activation="relu").fit(X, y).predict_proba(X)
    for activation in given:
        assert np.array_equal(dnn(activation=activation).fit(X, y).predict_proba(X), expected)
        assert ConvBlock(4, activation=activation) == ConvBlock(4, activation="relu")
    assert LeNetClassifier(activation=keras.activations.tanh)._architecture(
        (8, 8, 1), 10, "float32"
    ) == LeNetClassifier()._architecture((8, 8, 1), 10, "float32")


def test_an_activation_that_has_no_name_is_refused(data):
    keras = load_keras()
    for activation in (keras.layers.ReLU(max_value=6), keras.layers.LeakyReLU(), len):
        with pytest.raises(ValueError, match=r"activation=.*; expected Keras's name"):
            dnn(activation=activation).fit(*data)
    for activation in (None, 3):
        with pytest.raises(ValueError, match=r"'activation' parameter of LeNetClassifier"):
            LeNetClassifier(activation=activation).fit(*data)


# -- too much, too little ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classifier", "parameter"),
    [
        (dnn(hidden_units=(10**12,)), "hidden_units"),
        (dnn(hidden_units=2**62), "hidden_units"),
        (cnn(conv_blocks=[10**9]), "conv_blocks"),
        (cnn(hidden_units=(10**10,)), "hidden_units"),
        (ResNetClassifier(filters=(10**8,), augmentation=None), "filters"),
        (CapsNetClassifier(class_dim=10**9, augmentation=None), "class_dim"),
        (SequenceCNNClassifier(embedding_dim=10**10), "embedding_dim"),
    ],
    ids=lambda value: value if isinstance(value, str) else named(value),
)
def test_a_network_larger_than_the_memory_is_refused_before_it_is_made(
    classifier, parameter, data, capfd
):
    X, y = data
    with pytest.raises(ValueError, match=rf"{parameter}=.* parameters.* GiB; this machine has"):
        classifier.fit(X.reshape(100, -1), y)
    assert capfd.readouterr() == ("", "")


def test_a_wide_network_that_fits_is_trained_after_its_size_was_found(data):
    X, y = data
    classifier = SequenceCNNClassifier(
        vocabulary_size=5000, embedding_dim=2, filters=2, hidden_units=(4,), dropout=0.5, epochs=1
    ).fit(X.reshape(100, -1), y)
    assert classifier.predict(X.reshape(100, -1)).shape == (100,)
    assert classifier.n_parameters_ > 10_000


def test_values_of_ten_thousand_letters_are_shortened(data):
    X, y = data
    long = "a" * 10_000
    for parameters in (
        {"optimizer": long},
        {"activation": long},
        {"loss": long},
        {"schedule": long},
        {"epochs": long},
        {"dtype": long},
        {"class_weight": {long: 1.0}},
        {"hidden_units": [long]},
        {"image_shape": (long, 8)},
        {"augmentation": long},
        {"callbacks": [long]},
    ):
        with pytest.raises((ValueError, TypeError)) as caught:
            dnn(**parameters).fit(X, y)
        assert next(iter(parameters)) in str(caught.value)
        assert len(str(caught.value)) < 2000
    with pytest.raises(ValueError, match="is not the name of a recipe") as caught:
        recipe(long)
    assert len(str(caught.value)) < 400
    with pytest.raises(ValueError, match="ConvBlock: padding=") as caught:
        ConvBlock(8, padding=long)
    assert len(str(caught.value)) < 400


def test_a_stack_names_the_rows_that_its_folds_need(data):
    X, _ = data
    y = np.where(np.arange(100) < 2, "few", "many")
    match = r"cv: fold \d holds out.*5 folds need two classes of at least 10 rows.*'few': 2"
    least_populated = pytest.warns(UserWarning, match="least populated class")  # scikit-learn's
    with least_populated, pytest.raises(ValueError, match=match):
        CNNStackingClassifier(network=dnn()).fit(X, y)


@pytest.mark.parametrize(
    ("name", "least"),
    [("svm-best", 120), ("svm-objects", 120), ("knn-best", 60), ("forest-best", 50)],
)
def test_a_recipe_names_the_images_that_it_needs(name, least, data):
    X, y = data
    with pytest.raises(ValueError, match=f"n_components={least} of PCA needs at least {least}"):
        recipe(name).fit(X[: least - 20], y[: least - 20])


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((8, 8, 1), r"single image.*image\[None\]"),
        ((48, 60), r"X has 60 features.*expecting 64.*single picture of 48 x 60.*image\[None\]"),
    ],
)
def test_a_single_picture_is_answered_by_what_to_do(data, shape, message):
    X, y = data
    classifier = dnn().fit(X.reshape(-1, 8, 8), y)
    with pytest.raises(ValueError, match=message):
        classifier.predict(np.zeros(shape))


def test_the_activations_of_scikit_learns_network_are_taken(data):
    for theirs, ours in {"identity": "linear", "logistic": "sigmoid"}.items():
        given, expected = (dnn(activation=name).fit(*data) for name in (theirs, ours))
        np.testing.assert_array_equal(given.predict_proba(data[0]), expected.predict_proba(data[0]))


def test_an_ensemble_names_the_parameter_of_what_it_holds(data):
    committee = CommitteeClassifier(estimators=dnn(), n_estimators=2)
    with pytest.raises(TypeError, match=r"CommitteeClassifier.fit\(\).*estimators__epochs"):
        committee.fit(*data, epochs=3)
