"""Many pictures to one array: what users give, what they get, and what is refused."""

import io
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits, load_sample_image
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import skmnist
from skmnist import DNNClassifier, ImageLoader
from skmnist.preprocessing import HOG, MomentNormalizer

PHOTO = load_sample_image("china.jpg")


@pytest.fixture(scope="module")
def digit_files(tmp_path_factory):
    """Scikit-learn's digits as files of different sizes, and their labels."""
    folder, digits = tmp_path_factory.mktemp("digits"), load_digits()
    paths = []
    for i, pixels in enumerate(digits.images[:150]):
        image = Image.fromarray((pixels * 15).astype(np.uint8)).convert("RGB")
        paths.append(str(folder / f"{i}.png"))
        image.resize((16 + i % 5, 16 + i % 3)).save(paths[-1])
    return paths, digits.target[:150]


# What users give


def test_pictures_may_be_mixed(tmp_path):
    path = tmp_path / "photo.png"
    image = Image.fromarray(PHOTO[:40, :60])
    image.save(path)
    pictures = [path, str(path), image, PHOTO[:40, :60], path.read_bytes(), io.BytesIO()]
    image.save(pictures[-1], "PNG")
    images = ImageLoader(size=(20, 30), mode="RGB").fit_transform(pictures)
    assert images.shape == (6, 20, 30, 3)
    assert images.dtype == np.uint8
    assert (images == images[0]).all()
    assert ImageLoader(size=20).fit_transform(pictures).shape == (6, 20, 20)


def test_columns_of_any_kind_hold_paths(digit_files):
    paths, expected = digit_files[0][:9], ImageLoader(size=8).transform(digit_files[0][:9])
    frame = pd.DataFrame({"path": paths, "label": range(9)}, index=range(5, 14))
    columns = [
        tuple(paths),
        np.array(paths),
        np.array(paths, dtype=object)[:, None],
        np.array(paths, dtype=np.dtypes.StringDType()),
        frame["path"],
        frame["path"].astype("string"),
        frame[["path"]],
    ]
    for column in columns:
        np.testing.assert_array_equal(ImageLoader(size=8).fit_transform(column), expected)


def test_arrays_of_images_are_taken_too():
    images = load_digits().images[:5] / 16
    loaded = ImageLoader().transform(images)
    assert loaded.shape == (5, 8, 8)
    assert np.array_equal(loaded, np.rint(images * 255))
    assert ImageLoader().transform(np.stack([images] * 3, axis=-1)).shape == (5, 8, 8)
    assert ImageLoader().transform(list(images[..., None])).shape == (5, 8, 8)
    images[:, 0, 0] = 40
    images[1] = 1
    assert ImageLoader().transform(images)[1].max() == 1
    with pytest.raises(ValueError, match="X can't be read as pictures: it has values from -4"):
        ImageLoader().transform(images - 4)
    # For instance what load_image_folder has read.
    lazy = ImageLoader(lazy=True).transform(images)
    assert np.array_equal(ImageLoader(size=4).transform(lazy), ImageLoader(4).transform(images))


def test_images_of_floats_in_a_list_have_one_unit():
    dark, bright = np.full((8, 8), 1.0), np.full((8, 8), 200.0)
    for images in ([dark, bright], [bright, dark], np.array([dark, bright])):
        loaded = ImageLoader().transform(images)
        assert sorted(loaded[:, 0, 0].tolist()) == [1, 200]
    assert ImageLoader().transform([dark])[0, 0, 0] == 255


@pytest.mark.parametrize(
    ("X", "error", "problem"),
    [
        ("photo.png", TypeError, "X is a single picture, 'photo.png'; .* Give \\[X\\]"),
        (Image.new("L", (3, 3)), TypeError, "X is a single picture"),
        (b"", TypeError, "X is a single picture"),
        (iter(["a.png"]), TypeError, "X is a list_iterator; expected several pictures"),
        ({"a.png"}, TypeError, "X is a set; expected several pictures"),
        (None, TypeError, "X is None; expected several pictures"),
        ([], ValueError, "X holds no picture"),
        (np.zeros((0, 8, 8)), ValueError, "X holds no picture"),
        (np.zeros((5, 64)), ValueError, r"shape \(5, 64\); .*X.reshape\(-1, height, width\)"),
        (np.zeros(5), ValueError, r"shape \(5,\); expected several pictures"),
        (np.array([["a.png", "0"]]), ValueError, r"shape \(1, 2\).*X\['path'\]"),
        (pd.DataFrame({"path": ["a.png"], "label": [0]}), ValueError, r"column of the paths"),
    ],
)
def test_what_is_not_several_pictures_is_refused(X, error, problem):
    loader = ImageLoader(size=8)
    for method in (loader.fit, loader.transform):
        with pytest.raises(error, match=problem):
            method(X)


def test_a_wrong_entry_is_refused_with_its_place():
    with pytest.raises(TypeError, match="nan is not a picture"):
        ImageLoader(size=8).transform(["nowhere.png", float("nan")][1:])
    with pytest.raises(ValueError, match=r"X\[1\] can't be read as a picture: it has values"):
        ImageLoader(size=8).transform([np.zeros((3, 3)), np.full((3, 3), -1)])


# What they get


def test_pictures_of_different_sizes_need_a_size(digit_files):
    with pytest.raises(ValueError, match=r"1.png has 17 x 17 pixels, and others have 16 x 16; giv"):
        ImageLoader().transform(digit_files[0])
    with pytest.raises(ValueError, match=r"1.png has 17 x 17 pixels"):
        ImageLoader(on_error="skip").transform(digit_files[0])


@pytest.mark.parametrize("resize", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("mode", ["grey", "RGB"])
def test_threads_change_nothing(resize, mode, digit_files):
    loader = ImageLoader(size=(9, 12), mode=mode, resize=resize)
    images = loader.transform(digit_files[0])
    assert images.flags.writeable
    np.testing.assert_array_equal(loader.set_params(n_jobs=3).transform(digit_files[0]), images)
    rows = loader.set_params(flatten=True).transform(digit_files[0])
    np.testing.assert_array_equal(rows, images.reshape(len(images), -1))
    lazy = loader.set_params(lazy=True).transform(digit_files[0])
    assert lazy.shape == rows.shape
    np.testing.assert_array_equal(lazy, rows)


@pytest.mark.parametrize("lazy", [False, True])
def test_bad_files_are_left_out_with_a_warning_if_wanted(lazy, digit_files, tmp_path):
    broken = [tmp_path / f"broken{i}.jpg" for i in range(7)]
    for path in broken[1:]:
        path.write_bytes(b"no picture")
    good = digit_files[0][:3]
    loader = ImageLoader(on_error="skip", size=8, lazy=lazy)
    pictures = [broken[0], *good[:2], *broken[1:], good[2]]
    with pytest.warns(UserWarning, match=r"7 of 10 pictures.*broken0.*broken4.* And 2 more") as w:
        images = loader.transform(pictures)
    assert w[0].filename == __file__
    np.testing.assert_array_equal(images, ImageLoader(size=8).transform(good))
    with pytest.warns(UserWarning, match="1 of 2"):
        assert len(loader.set_params(size=None).transform([broken[0], good[0]])) == 1
    with pytest.raises(ValueError, match=r"None of the 7 pictures can be read, such as .*broken0"):
        loader.transform(broken)
    with pytest.raises(ValueError, match=r"None of the 7 pictures can be read, such as .*broken0"):
        loader.set_params(size=8).transform(broken)
    with pytest.raises(ValueError, match=r"broken1.jpg can't be read as a picture"):
        np.asarray(loader.set_params(on_error="raise").transform([good[0], broken[1]]))


# As an estimator


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"mode": "L"}, "write 'grey'"),
        ({"mode": None}, "'mode' parameter"),
        ({"size": -1}, "size=-1; expected"),
        ({"size": "28"}, "'size' parameter"),
        ({"resize": "fit"}, "resize='fit' is unknown"),
        ({"on_error": "ignore"}, "'on_error' parameter"),
        ({"lazy": "yes"}, "'lazy' parameter"),
        ({"n_jobs": 1.5}, "'n_jobs' parameter"),
    ],
)
def test_wrong_parameters_are_refused_in_fit_and_without_it(settings, problem):
    loader = ImageLoader(**settings)
    for method in (loader.fit, loader.transform):
        with pytest.raises(ValueError, match=problem):
            method([np.zeros((3, 3))])


def test_clones_pickles_and_searches_see_its_parameters(digit_files):
    paths, y = digit_files
    loader = ImageLoader((8, 9), resize="crop")
    again = pickle.loads(pickle.dumps(clone(loader)))
    np.testing.assert_array_equal(again.transform(paths), loader.fit_transform(paths, y))
    assert repr(again) == "ImageLoader(resize='crop', size=(8, 9))"
    scores = cross_val_score(
        make_pipeline(ImageLoader(16), MomentNormalizer(), HOG(cells_per_block=(1, 1)), SVC()),
        paths,
        y,
    )
    assert scores.mean() > 0.8


def test_rows_are_for_scikit_learns_own_classifiers(digit_files):
    paths, y = digit_files
    with pytest.raises(ValueError, match="Found array with dim 3"):
        make_pipeline(ImageLoader(size=16), SVC()).fit(paths, y)
    flat = make_pipeline(ImageLoader(size=16, flatten=True), SVC()).fit(paths, y)
    assert flat.score(paths, y) > 0.9
    table = pd.DataFrame({"path": paths, "half": y // 5})
    columns = [("pixels", ImageLoader(16, flatten=True), "path"), ("rest", "passthrough", ["half"])]
    assert ColumnTransformer(columns).fit_transform(table).shape == (150, 257)


def test_it_is_a_step_of_a_saved_pipeline(digit_files, tmp_path):
    paths, y = digit_files
    network = DNNClassifier(hidden_units=(16,), epochs=15, learning_rate=0.01, random_state=0)
    loader = ImageLoader((16, 17), resize="stretch", lazy=True, n_jobs=2)
    pipeline = make_pipeline(loader, network).fit(paths, y)
    skmnist.save(pipeline, tmp_path / "model.safetensors")
    again = skmnist.load(tmp_path / "model.safetensors")
    assert repr(again[0]) == repr(loader)
    assert np.array_equal(again.predict_proba(paths), pipeline.predict_proba(paths))
    assert again.score(paths, y) > 0.8


def test_a_forged_file_gets_no_other_parameters(digit_files, tmp_path):
    from skmnist.persistence._models import Models
    from skmnist.persistence._parameters import encoded_parameters, unfitted

    encoded = json.loads(json.dumps(encoded_parameters(ImageLoader((8, 9)), Models())))
    assert unfitted("ImageLoader", encoded, Models()).size == (8, 9)
    with pytest.raises(ValueError, match="'lazy' parameter"):
        unfitted("ImageLoader", encoded | {"lazy": "no"}, Models())
    with pytest.raises(ValueError, match="parameter"):
        unfitted("ImageLoader", encoded | {"path": "/etc/passwd"}, Models())
