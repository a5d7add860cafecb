"""Transfer learning: Keras's backbones as Keras has them, trained in two phases."""

import os
import pickle
import random
import sys
import warnings
from urllib.error import URLError

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmnist import Augmentation, CNNFeatures, recipe
from skmnist._inputs.pixels import PixelScaling
from skmnist._utils.backend import load_keras
from skmnist.classifiers import PretrainedClassifier, _two_phase
from skmnist.networks import Architecture, lenet5
from skmnist.networks._backbones import BACKBONES
from skmnist.networks._pretrained import first_variables, pretrained_network
from skmnist.persistence import _parameters, load, save
from skmnist.training import Plateau
from skmnist.training._predictor import Predictor

# The first layers of a small backbone: all that there is to test, in a second.
SMALL = {"backbone": "MobileNet", "backbone_settings": {"alpha": 0.25}}
FIRST = {**SMALL, "last_layer": "conv1_relu", "dtype": "float32", "random_state": 0}
# Three layers that can learn, and their batch normalisations.
THREE = {**FIRST, "last_layer": "conv_pw_1_relu", "hidden_units": (), "epochs": 1}


def keras_backbone(alpha=0.25):
    """A backbone of Keras's with weights that do something."""
    keras, rng = load_keras(), np.random.default_rng(0)
    backbone = keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=(32, 32, 3), alpha=alpha
    )
    for layer in backbone.layers:
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.set_weights(
            [
                w + 0.1 * rng.random(w.shape)
                if is_norm
                else rng.normal(0, np.sqrt(2 / (w.size / max(w.shape[-2:]))), w.shape)
                for w in layer.get_weights()
            ]
        )
    return backbone


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, while it writes
        keras_backbone().save_weights(path)
    return path


def save_as_applications(backbone, path):
    """Write the format in which Keras offers its weights for download."""
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    with warnings.catch_warnings(), h5py.File(path, "w") as file:
        warnings.simplefilter("ignore", DeprecationWarning)
        save_weights_to_hdf5_group(file, backbone)


@pytest.fixture(scope="module")
def few(mnist):
    (X, y), _ = mnist
    return X[:200], y[:200]


@pytest.fixture(scope="module")
def frozen_and_fine_tuned(few, weights):
    """Fits that differ in the second phase only."""
    classifier = PretrainedClassifier(weights=weights, epochs=2, **FIRST)
    return [
        clone(classifier).set_params(fine_tune_epochs=n, fine_tune_learning_rate=0.001).fit(*few)
        for n in (0, 2)
    ]


def backbone_of(classifier):
    return classifier.network_.get_layer("backbone")


def of_layer(backbone, name):
    return backbone.get_layer(name).get_weights()


def all_weights(backbone):
    return [layer.get_weights() for layer in backbone.layers]


def assert_same_weights(backbone, other):
    for mine, theirs in zip(all_weights(backbone), all_weights(other), strict=True):
        for one, same in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(one, same)


# -- the networks are Keras's ------------------------------------------------------------


def test_the_report_s_network_has_the_report_s_parameters():
    network = pretrained_network((28, 28, 1), 10, backbone="VGG16", hidden_units=(512,))
    backbone = network.get_layer("backbone")
    assert backbone.input_shape == (None, 32, 32, 3)
    assert backbone.count_params() == 14_714_688
    assert network.count_params() == 14_714_688 + 512 * 512 + 512 + 512 * 10 + 10
    assert network.get_layer("dense_dropout_1").rate == 0.5


@pytest.mark.parametrize("name", BACKBONES)
def test_a_backbone_s_preprocessing_and_least_side_are_keras_s(name):
    applications = load_keras().applications
    make = getattr(applications, name)
    module, images = sys.modules[make.__module__], np.random.default_rng(0).random((2, 4, 4, 3))
    mode = BACKBONES[name].preprocessing
    if mode in ("efficientnet", "raw"):  # whose first layers do it
        expected = images
    else:
        expected = applications.imagenet_utils.preprocess_input(images.copy(), mode=mode)
    np.testing.assert_array_equal(module.preprocess_input(images.copy()), expected)
    too_small = BACKBONES[name].smallest - 1
    with pytest.raises(ValueError, match=f"at least {too_small + 1}x"):
        make(include_top=False, weights=None, input_shape=(too_small, too_small, 3))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("name", "first"),
    [("VGG16", "block1_conv1"), ("MobileNet", "conv1"), ("DenseNet121", "conv1_conv")],
)
def test_pixels_are_prepared_as_keras_prepares_them(name, first, channels):
    keras = load_keras()
    network = pretrained_network((32, 40, channels), 2, backbone=name, last_layer=first)
    prepare = keras.Model(network.input, network.get_layer("preprocess").output)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 40, channels)).astype(np.float32)
    ours = keras.ops.convert_to_numpy(prepare(pixels / 255))
    module = sys.modules[getattr(keras.applications, name).__module__]
    theirs = module.preprocess_input(pixels * np.ones((1, 1, 1, 3), np.float32))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize(
    ("image", "settings", "sides"),
    [
        ((28, 28, 1), {}, (32, 32)),
        ((1, 30, 1), {}, (32, 32)),
        ((40, 20, 1), {}, (40, 32)),
        ((28, 28, 1), {"input_size": 64}, (64, 64)),
        ((28, 28, 1), {"backbone": "InceptionV3", "last_layer": "conv2d"}, (75, 75)),
        ((28, 28, 1), {"backbone": "Xception", "last_layer": "block1_conv1"}, (71, 71)),
    ],
)
def test_small_images_are_enlarged_to_what_the_backbone_takes(image, settings, sides):
    given = {"backbone": "MobileNet", "last_layer": "conv1", "hidden_units": (), **settings}
    network = pretrained_network(image, 2, **given)
    assert network.get_layer("backbone").input_shape == (None, *sides, 3)


@pytest.mark.parametrize(
    ("sides", "padding"),
    [((28, 28), ((2, 2), (2, 2))), ((27, 40), ((2, 3), (0, 0))), ((31, 1), ((0, 1), (15, 16)))],
)
def test_zeros_are_padded_before_the_pixels_are_preprocessed(sides, padding):
    keras = load_keras()
    network = pretrained_network((*sides, 1), 2, resize="pad", last_layer="block1_conv1")
    prepare = keras.Model(network.input, network.get_layer("preprocess").output)
    pixels = np.random.default_rng(0).integers(0, 256, (3, *sides, 1)).astype(np.float32)
    ours = keras.ops.convert_to_numpy(prepare(pixels / 255))
    padded = np.pad(pixels, ((0, 0), *padding, (0, 0))) * np.ones(3, np.float32)
    theirs = keras.applications.vgg16.preprocess_input(padded)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_that_are_only_scaled_reach_the_backbone_as_they_are(channels):
    keras = load_keras()
    network = pretrained_network(
        (32, 32, channels), 2, preprocessing="scale", last_layer="block1_conv1", hidden_units=()
    )
    pixels = np.random.default_rng(0).random((3, 32, 32, channels), np.float32)
    inner = keras.Operation.output.fget(network.get_layer("backbone"))
    expected = network.get_layer("backbone")(pixels * np.ones(3, np.float32))
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(keras.Model(network.input, inner)(pixels)),
        keras.ops.convert_to_numpy(expected),
    )


@pytest.mark.parametrize("name", ["navarro-vgg16", "navarro-vgg16-augmented"])
def test_the_report_s_images_are_padded_as_for_lenet_and_divided_by_255(name):
    keras, vgg16 = load_keras(), recipe(name)
    network = vgg16._architecture((28, 28, 1), 10, "float32").build(seed=0)
    assert [layer.name for layer in network.layers][:4] == [
        *("images", "pad", "three_channels", "backbone")
    ]
    lenet = lenet5((28, 28, 1), 10)
    assert network.get_layer("pad").padding == lenet.get_layer("pad").padding
    prepare = keras.Model(network.input, network.get_layer("three_channels").output)
    pixels = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(prepare(pixels)),
        np.pad(pixels, ((0, 0), (2, 2), (2, 2), (0, 0))).repeat(3, axis=-1),
    )
    assert vgg16.schedule == vgg16.fine_tune_schedule == Plateau(factor=0.1, patience=3)


def test_the_backbone_computes_what_keras_s_own_computes(few, weights):
    """The peer: Keras's network, preprocessing and file, called as its documentation has it."""
    keras = load_keras()
    architecture = Architecture.of(
        pretrained_network,
        input_shape=(28, 28, 1),
        n_outputs=10,
        backbone="MobileNet",
        backbone_settings=[("alpha", 0.25)],
    )
    ours = Predictor(
        architecture, first_variables(architecture, weights, 0), PixelScaling(scale=255.0)
    )
    features = ours.of_layer("flatten", None).outputs(few[0][:20].reshape(20, -1), (28, 28, 1))
    images = keras.layers.Resizing(32, 32)(few[0][:20, :, :, None].astype(np.float32))
    prepared = keras.applications.mobilenet.preprocess_input(np.repeat(images, 3, axis=-1))
    peer = keras.applications.MobileNet(
        include_top=False, weights=weights, input_shape=(32, 32, 3), alpha=0.25
    )
    expected = keras.ops.convert_to_numpy(peer(prepared)).reshape(20, -1)
    assert expected.std() > 0
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_images_of_two_channels_are_refused():
    with pytest.raises(ValueError, match=r"2 channels; expected 1 \(grey\) or 3"):
        pretrained_network((32, 32, 2), 10, last_layer="block1_conv1")


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"backbone": "VGG61"}, "backbone='VGG61' is unknown; did you mean 'VGG1"),
        ({"last_layer": "conv1_rel"}, "last_layer='conv1_rel' is unknown; did you mean"),
        ({"backbone_settings": {"alfa": 1}}, "parameter='alfa' is unknown; did you mean 'alpha'"),
        ({"backbone_settings": {"weights": "imagenet"}}, "parameter='weights' is unknown"),
        ({"backbone_settings": {"alpha": "wide"}}, "backbone_settings=.*'wide'.* can't be built"),
        ({"fine_tune_schedule": "slow"}, "schedule='slow' is unknown"),
    ],
)
def test_a_wrong_name_is_told_with_a_near_one(few, settings, match):
    classifier = PretrainedClassifier(weights=None, **{**FIRST, **settings})
    with pytest.raises(ValueError, match=match):
        classifier.fit(*few)
    assert not hasattr(classifier, "classes_")


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"preprocessing": "scales"}, "preprocessing='scales' is unknown; did you mean 'scale'"),
        ({"resize": "padding"}, "resize='padding' is unknown; did you mean 'pad'"),
        ({"trainable_layers": 3}, "trainable_layers=3, but the backbone has 2 layers that can"),
        ({"trainable_layers": -1}, "trainable_layers=-1, .* expected 0 to 2, or None for all"),
    ],
)
def test_a_builder_refuses_what_it_can_t_build(settings, match):
    with pytest.raises(ValueError, match=match):
        pretrained_network((32, 32, 1), 2, last_layer="block1_pool", **settings)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        *(("preprocessing", value) for value in ("caffe", None)),
        *(("resize", value) for value in ("nearest", None)),
        *(("trainable_layers", value) for value in (-1, 1.5, "all")),
    ],
)
def test_a_wrong_value_is_refused_by_the_parameter_s_name(few, parameter, value):
    classifier = PretrainedClassifier(weights=None, **{**FIRST, parameter: value})
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter"):
        classifier.fit(*few)
    assert not hasattr(classifier, "classes_")


# -- weights -----------------------------------------------------------------------------


def test_all_of_keras_s_formats_give_the_same_weights(weights, tmp_path):
    backbone = keras_backbone()
    save_as_applications(backbone, tmp_path / "applications.h5")
    architecture = Architecture.of(
        pretrained_network,
        input_shape=(8, 8, 1),
        n_outputs=2,
        backbone="MobileNet",
        backbone_settings=[("alpha", 0.25)],
    )
    expected = [w for layer in backbone.layers for w in layer.get_weights()]
    for path in (weights, str(weights), tmp_path / "applications.h5"):
        found = first_variables(architecture, path, 0)[: len(expected)]
        for one, same in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize(
    "backbone", ["DenseNet121", "InceptionV3", "ResNet50V2", "VGG19", "Xception"]
)
def test_a_file_of_the_first_layers_is_loaded_into_the_same_layers(backbone, first_layers):
    keras = load_keras()
    peer, path = first_layers(backbone)
    architecture = Architecture.of(
        pretrained_network,
        input_shape=(28, 28, 1),
        n_outputs=2,
        backbone=backbone,
        last_layer=peer.layers[-1].name,
        hidden_units=(),
    )
    network = architecture.build(seed=0)
    for variable, value in zip(
        network.variables, first_variables(architecture, path, seed=0), strict=True
    ):
        variable.assign(value)
    images = np.random.default_rng(0).random((2, *peer.input_shape[1:]), np.float32)
    ours, theirs = (
        keras.ops.convert_to_numpy(each(images)) for each in (network.get_layer("backbone"), peer)
    )
    assert theirs.std() > 0
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max())


def test_a_fitted_backbone_is_another_one_s_first_weights(frozen_and_fine_tuned, few, tmp_path):
    fine_tuned, path = frozen_and_fine_tuned[1], tmp_path / "backbone.weights.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, while it writes
        backbone_of(fine_tuned).save_weights(path)
    after = clone(fine_tuned).set_params(weights=path, fine_tune_epochs=0).fit(*few)
    assert_same_weights(backbone_of(after), backbone_of(fine_tuned))
    longer = clone(after).set_params(last_layer="conv_pw_1_relu")
    with pytest.raises(ValueError, match="can't be loaded into MobileNet"):
        longer.fit(*few)


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch '{self.path}'",)


def test_files_that_hold_no_such_weights_are_refused(few, weights, tmp_path):
    def assert_refused(path, kind, match, **settings):
        classifier = PretrainedClassifier(weights=path, **{**FIRST, **settings})
        with pytest.raises(kind, match=match):
            classifier.fit(*few)

    assert_refused(tmp_path / "no.h5", FileNotFoundError, "no file; expected 'imagenet'")
    assert_refused("imagenett", FileNotFoundError, "weights='imagenett' is no file")
    (tmp_path / "weights.keras").write_bytes(b"")
    assert_refused(tmp_path / "weights.keras", ValueError, r"expected a file .weights.h5")
    (tmp_path / "bomb.h5").write_bytes(pickle.dumps(Bomb(tmp_path / "run")))
    assert_refused(tmp_path / "bomb.h5", ValueError, "bomb.h5' can't be loaded into MobileNet")
    assert not (tmp_path / "run").exists()
    of_another = {"backbone_settings": {"alpha": 0.5}}
    assert_refused(
        weights, ValueError, r"can't be loaded into MobileNet.*\(3, 3, 3, 16\)", **of_another
    )
    truncated = tmp_path / "truncated.weights.h5"
    truncated.write_bytes(weights.read_bytes()[:10_000])
    assert_refused(truncated, ValueError, "can't be loaded into MobileNet")


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """Keras's folder of weights, and no network."""

    def fail(*_):
        raise URLError("no network")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", fail)
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "models"


def test_offline_the_error_says_where_to_put_which_file(few, offline, capfd):
    with pytest.raises(OSError, match="MobileNet's weights are not at hand") as caught:
        PretrainedClassifier(**FIRST).fit(*few)
    message = str(caught.value)
    assert "https://storage.googleapis.com/" in message
    assert f"Put mobilenet_2_5_224_tf_no_top.h5 into {offline}" in message
    assert capfd.readouterr() == ("", "")


def test_imagenet_is_what_lies_in_keras_s_folder(few, offline, weights):
    offline.mkdir()
    save_as_applications(keras_backbone(), offline / "mobilenet_2_5_224_tf_no_top.h5")
    short = {"epochs": 1, "fine_tune_epochs": 0, **FIRST}
    from_folder = PretrainedClassifier(**short).fit(*few)
    from_file = PretrainedClassifier(weights=weights, **short).fit(*few)
    np.testing.assert_array_equal(
        from_folder.predict_proba(few[0]), from_file.predict_proba(few[0])
    )


def global_numbers():
    return np.random.get_state()[1].copy()  # noqa: NPY002 - the global state is looked at


def test_the_random_state_alone_decides_random_weights(few):
    keras = load_keras()  # its import draws from Python's generator
    classifier = PretrainedClassifier(
        weights=None, epochs=1, fine_tune_epochs=1, augmentation="shift", **FIRST
    )
    before = random.getstate(), global_numbers()
    first = clone(classifier).fit(*few).predict_proba(few[0])
    assert random.getstate() == before[0]
    np.testing.assert_array_equal(global_numbers(), before[1])
    keras.utils.set_random_seed(3)
    np.testing.assert_array_equal(clone(classifier).fit(*few).predict_proba(few[0]), first)
    kernels = [
        first_variables(
            clone(classifier)._architecture((28, 28, 1), 10, "float32"), weights=None, seed=seed
        )[0]
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])


# -- the two phases ----------------------------------------------------------------------


def test_the_frozen_phase_leaves_the_backbone_bit_for_bit(frozen_and_fine_tuned, few, weights):
    frozen, fine_tuned = frozen_and_fine_tuned
    keras = load_keras()
    peer = keras_backbone()
    peer = keras.Model(peer.inputs, peer.get_layer("conv1_relu").output)
    assert_same_weights(backbone_of(frozen), peer)
    augmented = clone(frozen).set_params(augmentation="shift", epochs=1).fit(*few)
    assert_same_weights(backbone_of(augmented), peer)
    kernel, kernel_before = (
        b.get_layer("conv1").get_weights()[0] for b in (backbone_of(fine_tuned), peer)
    )
    assert np.abs(kernel - kernel_before).max() > 0
    for of_norm, before in zip(
        backbone_of(fine_tuned).get_layer("conv1_bn").get_weights(),
        peer.get_layer("conv1_bn").get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(of_norm, before)


@pytest.mark.parametrize(
    ("n", "expected"), [(0, set()), (1, {"conv_pw_1"}), (2, {"conv_dw_1", "conv_pw_1"})]
)
def test_fine_tuning_trains_the_last_layers_and_no_bit_of_those_before(few, weights, n, expected):
    classifier = PretrainedClassifier(
        weights=weights,
        trainable_layers=n,
        fine_tune_epochs=1,
        fine_tune_learning_rate=0.01,
        **THREE,
    ).fit(*few)
    peer = keras_backbone()
    changed = {
        layer.name
        for layer in backbone_of(classifier).layers
        if layer.weights
        and not all(map(np.array_equal, layer.get_weights(), of_layer(peer, layer.name)))
    }
    assert changed == expected
    assert len(classifier.fine_tune_history_["loss"]) == 1


def test_more_layers_than_there_are_are_refused_before_any_training(few, weights, monkeypatch):
    monkeypatch.setattr(_two_phase, "train", lambda *_: pytest.fail("trained"))
    classifier = PretrainedClassifier(weights=weights, trainable_layers=4, **THREE)
    with pytest.raises(ValueError, match="trainable_layers=4, but the backbone has 3 layers"):
        classifier.fit(*few)
    assert not hasattr(classifier, "classes_")


def test_the_backbone_runs_once_over_the_images(few, weights, monkeypatch):
    seen, trained = [], []
    outputs, train = Predictor.outputs, _two_phase.train
    monkeypatch.setattr(
        Predictor,
        "outputs",
        lambda self, rows, shape: seen.append(len(rows)) or outputs(self, rows, shape),
    )
    monkeypatch.setattr(
        _two_phase, "train", lambda task, *args: trained.append(task) or train(task, *args)
    )
    PretrainedClassifier(weights=weights, epochs=3, fine_tune_epochs=0, **FIRST).fit(*few)
    assert seen == [len(few[0])]
    (task,) = trained
    assert dict(task.architecture.settings)["input_shape"] == (1, 16 * 16 * 8, 1)
    assert "backbone" not in dict(task.architecture.settings)


def test_training_on_features_is_training_the_frozen_network(few, weights):
    """An augmentation that changes nothing makes the whole network run in each epoch."""
    classifier = PretrainedClassifier(
        weights=weights, epochs=3, fine_tune_epochs=0, validation_fraction=0.2, **FIRST
    )
    on_features = clone(classifier).fit(*few)
    whole = clone(classifier).set_params(augmentation=Augmentation()).fit(*few)
    for name, values in whole.history_.items():
        np.testing.assert_allclose(on_features.history_[name], values, rtol=1e-3, err_msg=name)
    np.testing.assert_allclose(
        on_features.predict_proba(few[0]), whole.predict_proba(few[0]), atol=1e-3
    )


def test_fine_tuning_lowers_the_loss_and_has_its_own_history(frozen_and_fine_tuned):
    frozen, fine_tuned = frozen_and_fine_tuned
    assert frozen.history_ == fine_tuned.history_
    assert frozen.fine_tune_history_ == {}
    assert set(fine_tuned.fine_tune_history_) == {"loss", "accuracy", "learning_rate"}
    assert fine_tuned.fine_tune_history_["loss"][-1] < fine_tuned.history_["loss"][-1]
    assert fine_tuned.fine_tune_history_["learning_rate"] == pytest.approx([0.001, 0.001])
    assert (frozen.n_epochs_, fine_tuned.n_epochs_) == (2, 4)
    assert (frozen.best_epoch_, fine_tuned.best_epoch_) == (2, 4)


def test_each_phase_has_its_own_early_stopping_on_the_same_rows(few, weights, monkeypatch):
    judging, train = [], _two_phase.train
    monkeypatch.setattr(
        _two_phase,
        "train",
        lambda task, plan, data, *rest: judging.append(data) or train(task, plan, data, *rest),
    )
    classifier = PretrainedClassifier(
        weights=weights,
        early_stopping=True,
        tol=100.0,  # nothing is ever an improvement on the first epoch
        n_iter_no_change=2,
        fine_tune_n_iter_no_change=1,
        **FIRST,
    ).fit(*few)
    assert len(classifier.history_["val_loss"]) == 3
    assert len(classifier.fine_tune_history_["val_loss"]) == 2
    best = int(np.argmin(classifier.fine_tune_history_["val_loss"]))
    assert (classifier.n_epochs_, classifier.best_epoch_) == (5, 4 + best)
    of_head, of_all = judging
    assert len(of_head.validation_rows) == 20
    np.testing.assert_array_equal(of_head.validation_rows, of_all.validation_rows)
    np.testing.assert_array_equal(of_head.train_rows, of_all.train_rows)


def test_each_phase_has_its_own_batches_and_schedule(few, weights):
    classifier = PretrainedClassifier(
        weights=weights,
        epochs=2,
        batch_size=100,
        schedule="cosine",
        fine_tune_epochs=2,
        fine_tune_batch_size=50,
        fine_tune_learning_rate=1e-4,
        **FIRST,
    ).fit(*few)
    first, second = classifier.history_, classifier.fine_tune_history_
    assert first["learning_rate"][-1] < first["learning_rate"][0]
    assert second["learning_rate"] == pytest.approx([1e-4, 1e-4])


def test_callbacks_see_the_whole_network_in_both_phases(few, weights):
    class Watch:
        def __init__(self):
            self.scores = []

        def setup(self, estimator, context):
            self.max_subtasks = context.max_subtasks

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            if fitted_estimator is not None and context.task_name == "epoch":
                self.scores.append(fitted_estimator.score(*few))

    watch = Watch()
    classifier = PretrainedClassifier(weights=weights, epochs=2, fine_tune_epochs=1, **FIRST)
    classifier.set_callbacks(watch).fit(*few)
    assert watch.max_subtasks == len(watch.scores) == 3
    assert watch.scores[-1] == classifier.score(*few)


def test_verbose_names_the_phase(few, weights, capsys):
    PretrainedClassifier(weights=weights, epochs=1, fine_tune_epochs=1, verbose=1, **FIRST).fit(
        *few
    )
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("[PretrainedClassifier] epoch 1/2  loss ")
    assert second.startswith("[PretrainedClassifier] epoch 2/2  fine_tune_loss ")


def test_it_learns_mnist(mnist):
    (X_train, y_train), (X_test, y_test) = mnist
    classifier = PretrainedClassifier(
        weights=None, epochs=5, fine_tune_epochs=1, fine_tune_learning_rate=1e-3, **FIRST
    ).fit(X_train[:2000], y_train[:2000])
    assert classifier.score(X_test[:1000], y_test[:1000]) > 0.85


# -- going on ----------------------------------------------------------------------------


def test_partial_fit_trains_the_head_alone(frozen_and_fine_tuned, few):
    before = frozen_and_fine_tuned[1]
    classifier = pickle.loads(pickle.dumps(before)).partial_fit(*few)
    assert_same_weights(backbone_of(classifier), backbone_of(before))
    assert classifier.n_epochs_ == before.n_epochs_ + 1
    assert len(classifier.history_["loss"]) == 3
    assert classifier.fine_tune_history_ == before.fine_tune_history_
    assert not np.array_equal(classifier.predict_proba(few[0]), before.predict_proba(few[0]))


def test_partial_fit_is_fit_in_parts(few, weights):
    settings = {"weights": weights, "epochs": 2, "fine_tune_epochs": 0, **FIRST}
    whole = PretrainedClassifier(**settings).fit(*few)
    parts = PretrainedClassifier(**settings).partial_fit(*few, classes=np.arange(10))
    parts.partial_fit(*few)
    assert parts.history_ == whole.history_
    np.testing.assert_array_equal(parts.predict_proba(few[0]), whole.predict_proba(few[0]))


def test_warm_start_goes_through_both_phases_again(frozen_and_fine_tuned, few):
    before = frozen_and_fine_tuned[1]
    classifier = pickle.loads(pickle.dumps(before)).set_params(warm_start=True, weights="gone.h5")
    classifier.fit(*few)
    assert classifier.n_epochs_ == 8
    assert len(classifier.history_["loss"]) == len(classifier.fine_tune_history_["loss"]) == 4
    assert classifier.history_["loss"][:2] == before.history_["loss"]
    assert classifier.history_["loss"][2] < before.history_["loss"][0]
    with pytest.raises(ValueError, match="parameters have changed since it was fitted"):
        classifier.set_params(last_layer="conv1").fit(*few)


def test_warm_start_unfreezes_the_backbone_step_by_step(few, weights):
    classifier = PretrainedClassifier(
        weights=weights,
        trainable_layers=1,
        fine_tune_epochs=1,
        fine_tune_learning_rate=0.01,
        warm_start=True,
        **THREE,
    )
    one, two = (backbone_of(classifier.set_params(trainable_layers=n).fit(*few)) for n in (1, 2))
    changed = {
        name: not np.array_equal(of_layer(one, name)[0], of_layer(two, name)[0])
        for name in ("conv1", "conv_dw_1", "conv_pw_1")
    }
    assert changed == {"conv1": False, "conv_dw_1": True, "conv_pw_1": True}
    assert classifier.n_epochs_ == 4


# -- in scikit-learn ---------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1], ids=["frozen", "fine-tuned"])
def test_saved_and_loaded_it_needs_no_other_weights(
    frozen_and_fine_tuned, few, tmp_path, monkeypatch, n
):
    monkeypatch.setitem(_parameters.ESTIMATORS, "PretrainedClassifier", PretrainedClassifier)
    before = pickle.loads(pickle.dumps(frozen_and_fine_tuned[n])).set_params(weights="gone.h5")
    save(before, tmp_path / "model")
    after = load(tmp_path / "model")
    np.testing.assert_array_equal(after.predict_proba(few[0]), before.predict_proba(few[0]))
    assert after.history_ == before.history_
    assert after.fine_tune_history_ == before.fine_tune_history_
    assert after.get_params() == before.get_params()
    assert after.partial_fit(*few).n_epochs_ == before.n_epochs_ + 1


def test_a_padded_and_scaled_and_partly_trained_one_is_saved(few, weights, tmp_path):
    before = PretrainedClassifier(
        weights=weights,
        preprocessing="scale",
        resize="pad",
        trainable_layers=np.int64(1),
        fine_tune_epochs=1,
        warm_start=True,
        **THREE,
    ).fit(*few)
    save(before, tmp_path / "model")
    after = load(tmp_path / "model")
    assert (after.preprocessing, after.resize, after.trainable_layers) == ("scale", "pad", 1)
    np.testing.assert_array_equal(after.predict_proba(few[0]), before.predict_proba(few[0]))
    assert after.fit(*few).n_epochs_ == 4


def test_a_path_is_saved_as_text(frozen_and_fine_tuned, weights, tmp_path, monkeypatch):
    monkeypatch.setitem(_parameters.ESTIMATORS, "PretrainedClassifier", PretrainedClassifier)
    save(frozen_and_fine_tuned[0], tmp_path / "model")
    assert load(tmp_path / "model").weights == str(weights)


def test_it_works_in_a_pipeline_and_a_grid_search(few, weights):
    X, y = few[0].reshape(200, -1), np.array(list("abcdefghij"))[few[1]]
    classifier = PretrainedClassifier(weights=weights, epochs=1, fine_tune_epochs=0, **FIRST)
    pipeline = make_pipeline(FunctionTransformer(), classifier)
    grid = [
        {"hidden_units": [(), (8,)]},
        {
            "preprocessing": ["scale"],
            "resize": ["pad"],
            "fine_tune_epochs": [1],
            "trainable_layers": [0, 1],
        },
    ]
    grid = [{f"pretrainedclassifier__{n}": v for n, v in each.items()} for each in grid]
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert set(search.predict(X)) <= set(y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).sum() == 4


def test_its_backbone_is_a_transformer(frozen_and_fine_tuned, few):
    features = CNNFeatures(FrozenEstimator(frozen_and_fine_tuned[0]), layer="backbone", pool="avg")
    assert features.fit(few[0]).transform(few[0]).shape == (200, 8)


def test_colour_images_and_two_classes_with_one_neuron(weights):
    rng = np.random.default_rng(0)
    y = np.repeat(["dark", "light"], 40)
    X = rng.integers(0, 100, (80, 32, 32, 3)) + 100 * (y == "light")[:, None, None, None]
    classifier = PretrainedClassifier(
        weights=weights, epochs=20, output_activation="sigmoid", **FIRST
    ).fit(X, y)
    assert classifier.network_.output_shape == (None, 1)
    assert classifier.score(X, y) > 0.9


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_it_computes_in_other_numbers(frozen_and_fine_tuned, few, dtype):
    usual = frozen_and_fine_tuned[0]
    other = clone(usual).set_params(dtype=dtype).fit(*few)
    assert backbone_of(other).get_layer("conv1").compute_dtype == dtype.removeprefix("mixed_")
    assert other.history_["loss"][1] < other.history_["loss"][0]
    expected, features = (
        CNNFeatures(FrozenEstimator(each), layer="flatten").fit_transform(few[0])
        for each in (usual, other)
    )
    np.testing.assert_allclose(features, expected, rtol=0.02, atol=0.02 * expected.max())
