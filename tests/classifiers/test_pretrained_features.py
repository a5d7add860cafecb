"""Features of a frozen backbone: Keras's own, kept by joblib, from images that need no memory."""

import pickle
import sys
import warnings
from urllib.error import URLError

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline

from skmnist import DNNClassifier, PixelRangeWarning, PretrainedFeatures, load, save
from skmnist._inputs.picture_range import picture_range
from skmnist._utils.backend import load_keras
from skmnist.networks._backbones import BACKBONES
from skmnist.training._predictor import Predictor

VGG = {"backbone": "VGG16", "last_layer": "block1_pool", "input_size": 32}


def convolution():
    """A backbone of one's own, its weights always the same."""
    keras = load_keras()
    return keras.Sequential(
        [
            keras.Input((None, None, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(
                16, 3, activation="relu", kernel_initializer=keras.initializers.Orthogonal(seed=0)
            ),
        ]
    )


OWN = PretrainedFeatures(convolution, pooling=None)


@pytest.fixture(scope="module")
def images(digits):
    return digits[0].reshape(-1, 8, 8)


@pytest.fixture(scope="module")
def photographs():
    """Real ones, in colour, of another size than any backbone's."""
    from sklearn.datasets import load_sample_images

    whole = load_sample_images().images
    return np.stack(
        [image[y : y + 40, x : x + 50] for image in whole for y, x in [(9, 9), (200, 300)]]
    )


@pytest.fixture(scope="module")
def vgg(first_layers, images):
    """Fitted on weights from a file."""
    return PretrainedFeatures(weights=first_layers("VGG16")[1], **VGG).fit(images[:20])


def no_computation(monkeypatch):
    monkeypatch.setattr(Predictor, "outputs", lambda *_: pytest.fail("computed again"))


# -- what is computed --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["grey", "colour"])
def test_features_are_those_of_keras_s_own_network_and_preprocessing(
    kind, first_layers, images, photographs
):
    keras = load_keras()
    peer, path = first_layers("VGG16")
    X = images[:9].astype(np.uint8) * 15 if kind == "grey" else photographs
    ours = PretrainedFeatures(weights=path, pixel_range=(0, 255), **VGG).fit_transform(X)
    pixels = np.repeat(X[..., None], 3, axis=-1) if X.ndim == 3 else X
    resized = keras.layers.Resizing(32, 32, antialias=True)(pixels.astype(np.float32))
    rows = keras.Model(peer.input, keras.layers.GlobalAveragePooling2D()(peer.output))
    expected = keras.ops.convert_to_numpy(
        rows(keras.applications.vgg16.preprocess_input(keras.ops.convert_to_numpy(resized).copy()))
    )
    assert ours.dtype == np.float32
    assert expected.std() > 0
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_the_default_backbone_is_keras_s_too(images, tmp_path):
    """It has operations that are no layers, and its own preprocessing as a layer."""
    keras = load_keras()
    peer = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, while it writes
        peer.save_weights(tmp_path / "small.weights.h5")
    ours = PretrainedFeatures(weights=tmp_path / "small.weights.h5", input_size=32)
    X = images[:4].astype(np.float32) / 16
    enlarged = keras.layers.Resizing(32, 32)(np.repeat(X[..., None] * 255, 3, axis=-1))
    expected = keras.ops.convert_to_numpy(peer(enlarged))
    assert ours.fit_transform(X).shape == (4, 576)
    np.testing.assert_allclose(ours.transform(X), expected, atol=1e-3 * np.abs(expected).max())


def test_efficientnet_normalises_pixels_as_keras_s_own_with_imagenet_s_weights(
    photographs, monkeypatch, tmp_path
):
    keras = load_keras()
    with monkeypatch.context() as patched, keras.StatelessScope(initialize_variables=False):
        patched.setattr(
            "keras.src.applications.efficientnet.file_utils.get_file", lambda *_, **__: ""
        )
        patched.setattr(keras.Model, "load_weights", lambda *_: None)
        whole = keras.applications.EfficientNetB0(
            include_top=False, weights="imagenet", input_shape=(32, 32, 3)
        )
        first = keras.Model(whole.input, whole.get_layer("stem_activation").output).get_config()
    peer = keras.Model.from_config(first)
    (norm,) = (layer for layer in peer.layers if isinstance(layer, keras.layers.Normalization))
    # As ImageNet's file has them: the deviation in the place of the variance.
    norm.set_weights(
        [np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]), np.array(0)]
    )
    norm.finalize_state()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, while it writes
        peer.save_weights(tmp_path / "first.weights.h5")
    ours = PretrainedFeatures(
        "EfficientNetB0",
        weights=tmp_path / "first.weights.h5",
        last_layer="stem_activation",
        input_size=32,
    ).fit(photographs)
    resized = keras.layers.Resizing(32, 32, antialias=True)(photographs.astype(np.float32))
    expected = keras.ops.convert_to_numpy(peer(resized)).mean(axis=(1, 2))
    assert expected.std() > 0
    np.testing.assert_allclose(ours.transform(photographs), expected, rtol=1e-4, atol=1e-5)


def test_every_network_of_keras_applications_is_known_with_its_size():
    keras = load_keras()
    with_a_top = {n for n, v in vars(keras.applications).items() if callable(v) and n[0].isupper()}
    assert {*BACKBONES} == with_a_top
    for name, known in BACKBONES.items():
        if name.startswith("MobileNetV3"):  # whose function doesn't check it
            assert known.size == 224
            continue
        with pytest.raises(ValueError, match=rf"should be \({known.size}, {known.size}, 3\)"):
            getattr(keras.applications, name)(weights="imagenet", input_shape=(50, 50, 3))


def test_the_same_pictures_in_another_unit_have_the_same_features(images):
    expected = OWN.fit_transform(images)
    assert expected.shape == (len(images), 36 * 16)
    for other in (images / 16, images / 8 - 1, (images * 4095.9375).astype(np.uint16)):
        np.testing.assert_allclose(clone(OWN).fit_transform(other), expected, atol=1e-4)
    with pytest.warns(PixelRangeWarning, match="another unit"):
        OWN.transform(images / 255)


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        ([0, 1], (0, 1)),
        ([0.2, 0.7], (0, 1)),
        ([-0.2, 0.7], (-1, 2)),
        ([3, 15], (0, 16)),
        ([3, 90], (0, 255)),
        ([0, 256], (0, 65535)),
        ([-5, 3], (-5, 8)),
        ([0, 0], (0, 1)),
        ([70_000, 70_000], (70_000, 1)),
    ],
)
def test_the_range_of_pictures_is_the_smallest_one_in_use(values, limits):
    assert tuple(picture_range(np.array([values]))) == limits


def test_rows_columns_and_pandas_are_named(images):
    features = clone(OWN).fit(images).set_output(transform="pandas")
    table = features.transform(images[:3])
    assert list(table.columns[:2]) == ["pretrainedfeatures0", "pretrainedfeatures1"]
    assert len(features.get_feature_names_out()) == table.shape[1]
    np.testing.assert_array_equal(table, OWN.fit(images).transform(images[:3].reshape(3, -1)))


@pytest.mark.parametrize("pooling", ["avg", "max"])
def test_maps_are_pooled(images, pooling):
    pooled = PretrainedFeatures(convolution, pooling=pooling).fit_transform(images[:50])
    maps = OWN.fit_transform(images[:50]).reshape(50, 36, 16)
    expected = maps.mean(axis=1) if pooling == "avg" else maps.max(axis=1)
    np.testing.assert_allclose(pooled, expected, atol=1e-6)


def test_features_depend_on_nothing_but_the_image(images):
    expected = OWN.fit_transform(images[:40])
    for size in (1, 5, 64):
        again = clone(OWN).set_params(batch_size=size).fit(images[:40])
        np.testing.assert_array_equal(again.transform(images[:40]), expected)
        np.testing.assert_array_equal(again.transform(images[7:8]), expected[7:8])


# -- in front of a classifier ------------------------------------------------------------


def test_a_simple_classifier_behind_it_is_the_whole_program(digits):
    X, X_test, y, y_test = digits
    pipeline = make_pipeline(clone(OWN), LogisticRegression(C=0.1)).fit(X[:400], y[:400])
    assert pipeline.score(X_test, y_test) > 0.9


def test_a_classifier_is_trained_one_batch_of_features_after_another(digits):
    X, X_test, y, y_test = digits
    features, classifier = clone(OWN).fit(X[:100]), SGDClassifier(random_state=0)
    for start in 2 * [*range(0, len(X), 100)]:
        batch = slice(start, start + 100)
        classifier.partial_fit(features.transform(X[batch]), y[batch], classes=range(10))
    assert classifier.score(features.transform(X_test), y_test) > 0.9


class OnDisk:
    """Images that are read when they are asked for, like those of a folder."""

    def __init__(self, images):
        self._images, self.shape, self.dtype, self.read = images, images.shape, images.dtype, []

    def __len__(self):
        return len(self._images)

    def __getitem__(self, rows):
        return OnDisk.part(self, self._images[rows])

    def part(self, images):
        rest = OnDisk(images)
        rest.read = self.read
        return rest

    def __array__(self, dtype=None, copy=None):
        self.read.append(len(self))
        return np.array(self._images, dtype)


def test_images_that_are_not_in_memory_are_read_a_few_at_a_time(images):
    on_disk = OnDisk(images)
    features = clone(OWN).fit(on_disk)
    assert on_disk.read == [512]  # the first ones have the shape and the range
    found = features.transform(on_disk)
    assert sum(on_disk.read[1:]) == len(images)
    assert max(on_disk.read) == 512
    np.testing.assert_array_equal(found, OWN.fit_transform(images))


# -- memory ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [str, lambda path: path, lambda path: joblib.Memory(path, verbose=0)]
)
def test_what_was_computed_before_is_looked_up(images, tmp_path, monkeypatch, kind):
    features = clone(OWN).set_params(memory=kind(tmp_path)).fit(images)
    expected = OWN.fit_transform(images)
    np.testing.assert_array_equal(features.transform(images), expected)
    again = clone(features).fit(images)
    no_computation(monkeypatch)
    np.testing.assert_array_equal(again.transform(images), expected)
    np.testing.assert_array_equal(again.transform(OnDisk(images)), expected)


def other_convolution():
    model = convolution()
    model.layers[-1].set_weights([2 * w for w in model.layers[-1].get_weights()])
    return model


@pytest.mark.parametrize(
    "change",
    [
        {"backbone": other_convolution},
        {"pooling": "max"},
        {"preprocessing": "tf"},
        {"pixel_range": (0, 20)},
        {"input_size": 9},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_weights_or_settings_are_computed_anew(images, tmp_path, change):
    features = clone(OWN).set_params(memory=tmp_path).fit(images[:30])
    features.transform(images[:30])
    other = clone(features).set_params(**change).fit(images[:30])
    expected = clone(other).set_params(memory=None).fit(images[:30]).transform(images[:30])
    np.testing.assert_array_equal(other.transform(images[:30]), expected)
    assert not np.array_equal(expected, features.transform(images[:30]))


def test_another_image_is_computed_and_an_interruption_loses_nothing(images, tmp_path, monkeypatch):
    features = clone(OWN).set_params(memory=tmp_path).fit(images)
    outputs, computed = Predictor.outputs, []

    def interrupted(self, rows, shape):
        if computed:
            raise KeyboardInterrupt
        computed.append(len(rows))
        return outputs(self, rows, shape)

    monkeypatch.setattr(Predictor, "outputs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        features.transform(images)
    monkeypatch.setattr(
        Predictor, "outputs", lambda self, *a: computed.append(len(a[0])) or outputs(self, *a)
    )
    features.transform(images)
    assert computed == [512, 512, len(images) - 1024]
    changed = images.copy()
    changed[600, 3, 3] += 1
    np.testing.assert_array_equal(features.transform(changed), OWN.fit_transform(changed))
    assert computed[3] == 512


# -- weights and names -------------------------------------------------------------------


def test_all_of_keras_s_files_give_the_same_features(first_layers, images, vgg, tmp_path):
    peer, path = first_layers("VGG16")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, while it writes
        peer.save(tmp_path / "vgg.keras")
        peer.compile("adam")
        peer.optimizer.build(peer.trainable_variables)
        peer.save_weights(tmp_path / "compiled.weights.h5")
    expected = vgg.transform(images[:20])
    assert expected.std() > 0
    for file in (str(path), tmp_path / "vgg.keras", tmp_path / "compiled.weights.h5"):
        again = clone(vgg).set_params(weights=file).fit(images[:20])
        assert again.weights_sha256_ == vgg.weights_sha256_
        np.testing.assert_array_equal(again.transform(images[:20]), expected)


def test_a_file_that_has_changed_is_read_again(first_layers, images, vgg, tmp_path):
    peer, path = first_layers("VGG16")
    copy = tmp_path / "vgg.weights.h5"
    copy.write_bytes(path.read_bytes())
    before = clone(vgg).set_params(weights=copy).fit(images[:20]).weights_sha256_
    other = load_keras().models.clone_model(peer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        other.save_weights(copy)
    assert before == vgg.weights_sha256_
    assert clone(vgg).set_params(weights=copy).fit(images[:20]).weights_sha256_ != before


def test_random_weights_are_always_the_same_and_never_without_a_warning(images):
    features = PretrainedFeatures(weights=None, **VGG)
    with pytest.warns(UserWarning, match="'VGG16' has random weights and has learned nothing"):
        found = clone(features).fit_transform(images[:20])
    with pytest.warns(UserWarning, match="weights=None"):
        np.testing.assert_array_equal(clone(features).fit_transform(images[:20]), found)


def test_offline_the_error_says_where_to_put_which_file(images, monkeypatch, tmp_path):
    def fail(*_):
        raise URLError("no network")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", fail)
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    name = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    with pytest.raises(OSError, match=f"Put {name} into {tmp_path / 'models'}"):
        PretrainedFeatures(**VGG).fit(images)


@pytest.mark.parametrize(
    ("settings", "kind", "match"),
    [
        (
            {"backbone": "MobileNetV3Smal"},
            ValueError,
            "did you mean 'MobileNetV3Small'.*keras_hub:",
        ),
        (
            {"backbone": "VGG16", "last_layer": "block1_pol"},
            ValueError,
            "did you mean 'block1_pool'",
        ),
        ({"backbone": "VGG16", "weights": "no.h5"}, FileNotFoundError, "'no.h5' is no file"),
        (
            {"backbone": "VGG16", "backbone_settings": {"aplha": 1}},
            ValueError,
            "'aplha' is unknown",
        ),
        ({"weights": "own.h5"}, ValueError, "weights='own.h5' with a model of your own"),
        ({"backbone_settings": {"alpha": 1}}, ValueError, "expected None with backbone="),
        ({"backbone": lambda: 3}, TypeError, "returns 3; expected a keras.Model"),
        ({"input_size": (8, 8, 3)}, ValueError, r"input_size=\(8, 8, 3\); expected the side"),
        ({"input_size": 2000}, ValueError, "The 'input_size' parameter"),
        ({"pixel_range": (255, 0)}, ValueError, r"pixel_range=\(255, 0\); expected 'auto'"),
        ({"preprocessing": "torhc"}, ValueError, "The 'preprocessing' parameter"),
        ({"image_shape": (4, 4, 4)}, ValueError, "images of 4 channels; expected 1"),
        ({"memory": 3}, ValueError, "The 'memory' parameter"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_right(images, settings, kind, match):
    features = clone(OWN).set_params(**settings)
    with pytest.raises(kind, match=match):
        features.fit(images.reshape(-1, 64))
    assert not hasattr(features, "image_shape_")


# -- models of one's own -----------------------------------------------------------------


def test_a_model_gives_what_its_function_gives_and_stays_as_it_is(images):
    model = convolution()
    before = [w.copy() for w in model.get_weights()]
    features = PretrainedFeatures(model, pooling=None)
    np.testing.assert_array_equal(features.fit_transform(images), OWN.fit_transform(images))
    assert clone(features).backbone is model
    for one, same in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, same)
    early = PretrainedFeatures(model, last_layer=model.layers[0].name).fit_transform(images[:5])
    np.testing.assert_allclose(early[:, 0] * 16, images[:5].mean(axis=(1, 2)), rtol=1e-5)


def model(*shapes):
    keras = load_keras()
    inputs = [keras.Input(shape) for shape in shapes]
    flat = [keras.layers.Flatten()(each) for each in inputs]
    return keras.Model(inputs, keras.layers.Concatenate()(flat) if len(flat) > 1 else flat[0])


def test_a_layer_of_a_model_normalises_by_what_it_has_adapted_to(photographs):
    keras = load_keras()
    normalization = keras.layers.Normalization()
    normalization.adapt(photographs.astype(np.float32))
    inner = keras.Sequential([keras.Input((40, 50, 3)), normalization])
    model = keras.Sequential([keras.Input((40, 50, 3)), inner])
    found = PretrainedFeatures(model, pixel_range=(0, 255)).fit_transform(photographs)
    scaled = (photographs - photographs.mean(axis=(0, 1, 2))) / photographs.std(axis=(0, 1, 2))
    np.testing.assert_allclose(found, scaled.mean(axis=(1, 2)), atol=1e-4)


def test_a_model_has_its_own_size_and_channels(images, photographs):
    grey = PretrainedFeatures(lambda: model((6, 5, 1)))
    assert grey.fit_transform(images[:3]).shape == (3, 30)
    with pytest.raises(ValueError, match=r"backbone takes images of \(6, 5\) pixels only"):
        clone(grey).set_params(input_size=8).fit(images[:3])
    with pytest.raises(ValueError, match=r"3 channels.*takes grey images"):
        clone(grey).fit(photographs)


def test_a_model_that_takes_no_images_or_is_no_graph_is_refused(images):
    keras = load_keras()
    for wrong, match in [
        (lambda: model((64,)), "expected images"),
        (lambda: model((8, 8, 3), (8, 8, 3)), "takes .* and .*; expected images"),
        (lambda: keras.Sequential([keras.layers.Flatten()]), "no graph of layers"),
    ]:
        with pytest.raises(ValueError, match=match):
            PretrainedFeatures(wrong).fit(images[:3])


# -- pickles and files -------------------------------------------------------------------


def test_a_pickle_has_the_weights_and_no_live_network(images, vgg):
    expected = vgg.transform(images[:20])
    text = pickle.dumps(vgg)
    assert b"keras" not in text.replace(b"keras_hub", b"").replace(b"skmnist", b"")
    moved = pickle.loads(text)
    moved.weights = "no longer there.h5"
    np.testing.assert_array_equal(moved.transform(images[:20]), expected)


def test_a_file_has_the_weights_of_a_pipeline_s_backbone(digits, vgg, tmp_path):
    X, y = digits[0][:100], digits[2][:100]
    head = DNNClassifier(hidden_units=(), epochs=2, dtype="float32", random_state=0)
    pipeline = make_pipeline(clone(vgg), head).fit(X, y)
    save(pipeline, tmp_path / "digits.safetensors")
    again = load(tmp_path / "digits.safetensors")
    np.testing.assert_array_equal(again.predict_proba(X), pipeline.predict_proba(X))
    assert again[0].weights_sha256_ == pipeline[0].weights_sha256_
    pipeline[0].set_params(input_size=48)
    with pytest.raises(ValueError, match="parameters have changed since it was fitted"):
        save(pipeline, tmp_path / "digits.safetensors")


def test_a_backbone_that_can_t_be_data_is_refused_in_a_file(images, vgg, tmp_path):
    with pytest.raises(TypeError, match=r"expected the name of a network of keras\.app"):
        save(clone(OWN).fit(images), tmp_path / "own.safetensors")
    with pytest.raises(TypeError, match=r"memory='folder' can't be saved as data.* to None"):
        save(clone(vgg).set_params(memory="folder").fit(images[:9]), tmp_path / "own.safetensors")
    path = tmp_path / "forged.safetensors"
    save(vgg, path)
    old, new = b'"backbone\\": \\"VGG16\\"', b'"backbone\\": \\"keras_hub:resnet_18_imagenet\\"'
    content = path.read_bytes()
    assert content.count(old) == 1
    length = int.from_bytes(content[:8], "little") + len(new) - len(old)
    path.write_bytes(length.to_bytes(8, "little") + content[8:].replace(old, new))
    with pytest.raises(ValueError, match="can't be loaded"):
        load(path)


# -- keras_hub ---------------------------------------------------------------------------


def test_without_keras_hub_the_error_gives_the_command(images, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(ImportError, match=r'pip install "skmnist\[keras-hub\]"'):
        PretrainedFeatures("keras_hub:resnet_18_imagenet").fit(images)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_preset_of_keras_hub_has_its_own_size_and_pixels(photographs, tmp_path):
    keras, keras_hub = load_keras(), pytest.importorskip("keras_hub")
    backbone = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64],
        stackwise_num_blocks=[1],
        stackwise_num_strides=[1],
        block_type="basic_block",
    )
    converter = keras_hub.layers.ResNetImageConverter(
        image_size=(24, 32), scale=[1 / 127.5] * 3, offset=[-1.0, -1.0, 0.0]
    )
    for part in (backbone, converter):
        part.save_to_preset(tmp_path)
    features = PretrainedFeatures(f"keras_hub:{tmp_path}").fit(photographs)
    resize = keras.layers.Resizing(24, 32, antialias=True)
    pixels = keras.ops.convert_to_numpy(resize(photographs.astype(np.float32)))
    maps = backbone(pixels / 127.5 + np.array([-1, -1, 0], np.float32))
    expected = keras.ops.convert_to_numpy(maps).mean(axis=(1, 2))
    np.testing.assert_allclose(features.transform(photographs), expected, atol=1e-5)
    with pytest.raises(OSError, match="Did you mean 'keras_hub:resnet_18_imagenet'"):
        PretrainedFeatures("keras_hub:resnet_18_imagene").fit(photographs)
