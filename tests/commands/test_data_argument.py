"""What DATA may be: names, arrays in files, folders, and what isn't data at all."""

import gzip
import pickle

import numpy as np
import pytest
from files_of_digits import save_picture, unwrapped
from numpy.testing import assert_array_equal
from typer import BadParameter

from skmnist._commands.samples import load_samples
from skmnist._commands.sources import source_of
from skmnist._utils.dataset_names import DATASET_NAMES
from skmnist.datasets._registry import DATASETS

N = 300


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("digits.npz", None),
        ("X.npy", "y.npy"),
        ("digits.csv", None),
        ("digits.csv", "label"),
        ("bare.csv", "0"),
        ("bare.csv", "-65"),
        ("train-images-idx3-ubyte", None),
        ("train-images-idx3-ubyte", "y.npy"),
    ],
)
def test_the_same_digits_are_read_from_every_format(name, labels, files, bytes_of_digits):
    X, y = bytes_of_digits
    if labels == "y.npy":
        labels = str(files / labels)
    samples = load_samples(source_of(str(files / name), labels)).train.as_images(None, 1)
    assert samples.X.dtype == np.uint8
    assert_array_equal(samples.X, X[:N])
    assert_array_equal(samples.y, y[:N])
    assert samples.names[7] == f"{files / name}[7]"


def test_files_compressed_by_gzip_are_read(files, bytes_of_digits, tmp_path):
    for name in ("digits.csv", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((files / name).read_bytes()))
    for name in ("digits.csv.gz", "train-images-idx3-ubyte.gz"):
        samples = load_samples(source_of(str(tmp_path / name))).train.as_images(None, 1)
        assert_array_equal(samples.X, bytes_of_digits[0][:N])
        assert_array_equal(samples.y, bytes_of_digits[1][:N])


def test_a_folder_of_pictures_has_the_names_of_its_subfolders_as_labels(files, bytes_of_digits):
    samples = load_samples(source_of(str(files / "pictures"))).train
    assert samples.are_pictures
    numbers = [int(name.rpartition("/")[2].removesuffix(".png")) for name in samples.names]
    assert sorted(numbers) == list(range(N))
    assert_array_equal(samples.y, bytes_of_digits[1][numbers])


def test_folders_of_parts_are_not_taken_for_classes(tmp_path, bytes_of_digits):
    for part in ("train", "test"):
        save_picture(tmp_path / "photos" / part / "1.png", bytes_of_digits[0][0])
    with pytest.raises(ValueError, match="are test, train, which aren't classes; give one of them"):
        load_samples(source_of(str(tmp_path / "photos")))


def test_a_table_gives_the_labels_of_a_folder(files):
    folder = files / "new"
    (folder / "labels.csv").write_text("filename,label\n3.png,three\n1.png,one\n")
    samples = load_samples(source_of(str(folder), "labels.csv")).train
    labels = dict(zip(samples.names, samples.y.tolist(), strict=True))
    assert labels == {str(folder / "3.png"): "three", str(folder / "1.png"): "one"}


def test_a_file_of_both_parts_is_split_as_it_is(files, bytes_of_digits):
    parts = load_samples(source_of(str(files / "split.npz")))
    assert_array_equal(parts.train.X, bytes_of_digits[0][:N])
    assert_array_equal(parts.test.X, bytes_of_digits[0][N:])
    assert_array_equal(parts.test.y, bytes_of_digits[1][N:])


def test_digits_are_split_so_that_training_and_evaluation_have_no_image_in_common():
    parts = load_samples(source_of("digits"))
    assert (len(parts.train.y), len(parts.test.y)) == (1297, 500)


def test_a_name_is_a_data_set_of_images_that_the_registry_has():
    images = {name for name, dataset in DATASETS.items() if dataset.samples == "images"}
    assert {*DATASET_NAMES} == images | {"digits"}


def test_labels_that_are_not_whole_numbers_stay_texts(tmp_path):
    path = tmp_path / "cats.csv"
    path.write_text('a,b,class,c,d\n1,2,"tabby, old",3,4\n0.5,2,black,3,4\n')
    samples = load_samples(source_of(str(path))).train
    assert samples.y.tolist() == ["tabby, old", "black"]
    assert samples.X.tolist() == [[1, 2, 3, 4], [0.5, 2, 3, 4]]


def test_rows_get_the_size_and_the_colours_that_are_given(tmp_path):
    X = np.arange(2 * 4 * 3 * 3, dtype=np.uint8).reshape(2, 4, 3, 3)
    np.savez(tmp_path / "colours.npz", X=X.reshape(2, -1), y=[0, 1])
    samples = load_samples(source_of(str(tmp_path / "colours.npz"))).train
    assert_array_equal(samples.as_images((4, 3), 3).X, X)
    with pytest.raises(ValueError, match="36 pixels per row, which aren't those of an image in co"):
        samples.as_images((4, 4), 3)


# -- what can't be used ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "labels", "message"),
    [
        ("digit", None, "did you mean 'digits'?"),
        ("digits", "y.npy", "has labels of its own"),
        ("X.npy", None, "are in a file of their own; give its path"),
        ("X.npy", "z.npy", "there is no file 'z.npy'"),
        ("new/0.png", None, "neither a folder nor a file of"),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_read(name, labels, message, files):
    data = name if "digit" in name else str(files / name)
    with pytest.raises(BadParameter) as raised:
        source_of(data, labels)
    assert message in raised.value.message


def test_nothing_in_an_array_file_is_executed(tmp_path):
    objects = np.array([{"a": 1}, None], dtype=object)
    np.save(tmp_path / "X.npy", objects)
    np.savez(tmp_path / "digits.npz", X=objects, y=objects)
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(objects))
    np.save(tmp_path / "y.npy", [0, 1])
    for name in ("X.npy", "digits.npz", "pickle.npz"):
        labels = str(tmp_path / "y.npy") if name == "X.npy" else None
        with pytest.raises(ValueError, match=rf"{name} can't be read as an \.np[yz] file of"):
            load_samples(source_of(str(tmp_path / name), labels))


@pytest.mark.parametrize(
    ("arrays", "labels", "message"),
    [
        ({"a": [[1.0]], "b": [[2.0]]}, None, "its arrays are 'a', 'b'; expected X and y"),
        ({"X": [[1.0]]}, None, "has no labels; give the name of their array by --labels"),
        ({"X": [[1.0]], "y": [1]}, "z", "it has no array 'z', only 'X', 'y'"),
        ({"X": [[1.0]], "y": [1, 2]}, None, "has 1 samples, but 2 labels"),
        ({"X": [1.0], "y": [1]}, None, r"an array of shape \(1,\) and dtype float64; expected"),
        ({"X": [["a"]], "y": [1]}, None, r"shape \(1, 1\) and dtype <U1; expected"),
        ({"X": [[1.0]], "y": [[0, 1]]}, None, r"the labels .* have the shape \(1, 2\)"),
    ],
)
def test_arrays_that_are_not_samples_and_labels_are_refused(arrays, labels, message, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        load_samples(source_of(str(tmp_path / "a.npz"), labels))


@pytest.mark.parametrize(
    ("text", "labels", "message"),
    [
        ("1,2\n3,4\n", None, "no header; give the number of the labels' column by --labels"),
        ("1,2\n3,4\n", "5", "no header; give the number"),
        ("a,b\n3,4\n", None, "its columns are 'a', 'b'; expected one named 'labels' or 'target'"),
        ("a,b\n3,4\n", "c", "it has no column 'c', only 'a', 'b'"),
        ("label,b\n3,four\n", None, "could not convert string 'four'"),
        ("label,b\n3,4\n5\n", None, "can't be read as a CSV file of numbers"),
    ],
)
def test_a_csv_file_that_is_no_table_of_pixels_is_refused(text, labels, message, tmp_path):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_samples(source_of(str(tmp_path / "a.csv"), labels))


@pytest.mark.parametrize("command", ["train", "evaluate", "compare"])
def test_every_command_names_the_argument_that_is_no_data(command, skmnist_command, model):
    words = {
        "train": ["nothing", "--output", "m.safetensors"],
        "evaluate": [model, "nothing"],
        "compare": ["--data", "nothing"],
    }
    ended = skmnist_command(command, *words[command])
    assert ended.exit_code == 2
    assert "'nothing' is neither a file or folder that exists nor" in unwrapped(ended.stderr)
