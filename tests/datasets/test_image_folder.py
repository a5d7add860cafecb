"""A folder of labelled pictures: labels from subfolders or a table, and what is wrong in them."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_files

from skmnist import ImageLoader, load_image_folder

N = 40


@pytest.fixture
def folder(tmp_path):
    """Scikit-learn's digits, a subfolder for each class."""
    digits, folder = load_digits(), tmp_path / "digits, Ziffern & 数字"
    for i in range(N):
        path = folder / str(digits.target[i]) / f"{i // 10}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((digits.images[i] * 15).astype(np.uint8)).save(path)
    return folder


@pytest.fixture
def flat(folder):
    """The same pictures in one folder, and their labels."""
    pairs = []
    for path in sorted(folder.glob("*/*")):
        name = f"{path.parent.name}-{path.name}"
        path.rename(folder / name)
        pairs.append((name, path.parent.name))
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    return folder, pairs


def write(path, lines, encoding="utf-8"):
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


# Subfolders


def test_folders_of_parts_are_not_taken_for_classes(folder):
    for part in ("train", "test"):
        (folder.parent / "nested" / part).mkdir(parents=True)
    folder.rename(folder.parent / "nested" / "train" / "digits")
    with pytest.raises(ValueError, match="are test, train, which aren't classes; give one of them"):
        load_image_folder(folder.parent / "nested")


def test_the_bunch_is_that_of_load_files(folder):
    for settings in ({}, {"shuffle": False}, {"random_state": 3}):
        bunch = load_image_folder(folder, **settings)
        assert set(bunch) == {"images", "target", "target_names", "filenames", "DESCR"}
        assert bunch.images.shape == (len(bunch.filenames), 8, 8)
        assert bunch.target_names.tolist() == [str(i) for i in range(10)]
        names = [Path(path).parent.name for path in bunch.filenames]
        assert bunch.target_names[bunch.target].tolist() == names
        np.testing.assert_array_equal(bunch.images, ImageLoader().transform(bunch.filenames))
    theirs = load_files(folder, shuffle=False)
    ours = load_image_folder(folder, shuffle=False)
    assert sorted(ours.filenames) == sorted(theirs.filenames)
    assert np.array_equal(np.bincount(ours.target), np.bincount(theirs.target))
    assert ours.target.tolist() == sorted(ours.target)
    assert ours.DESCR.startswith(f"{len(ours.images)} pictures of 10 classes, from ")


def test_lazy_images_are_the_same_ones(folder):
    lazy, eager = (load_image_folder(str(folder), lazy=lazy) for lazy in (True, False))
    assert repr(lazy.images) == f"LazyImages(shape={eager.images.shape}, dtype=uint8)"
    np.testing.assert_array_equal(lazy.images, eager.images)
    assert lazy.target.tolist() == eager.target.tolist()


def test_images_are_prepared_as_by_the_loader(folder):
    settings = {"size": (12, 6), "mode": "RGB", "resize": "crop", "n_jobs": 2}
    bunch = load_image_folder(folder, **settings)
    assert bunch.images.shape == (len(bunch.target), 12, 6, 3)
    np.testing.assert_array_equal(bunch.images, ImageLoader(**settings).transform(bunch.filenames))


def test_hidden_files_and_other_files_are_left_out_and_folders_looked_through(folder):
    expected = load_image_folder(folder).filenames
    write(folder / "README.txt", ["about"])
    write(folder / "0" / "notes.txt", ["about"])
    write(folder / "0" / ".0.png", ["a file of macOS"])
    (folder / ".git").mkdir()
    (folder / "0" / ".thumbnails").mkdir()
    (folder / "0" / "0.png").rename(folder / "0" / ".thumbnails" / "0.png")
    (folder / "1" / "deep" / "er").mkdir(parents=True)
    (folder / "1" / "0.png").rename(folder / "1" / "deep" / "er" / "0.PNG")
    found = load_image_folder(folder).filenames
    assert len(found) == len(expected) - 1
    assert str(folder / "1" / "deep" / "er" / "0.PNG") in found
    assert str(folder / "0" / "0.png") not in found


def test_pictures_beside_the_subfolders_are_left_out_with_a_warning(folder):
    expected = load_image_folder(folder).filenames
    for i in range(7):
        (folder / f"loose{i}.png").write_bytes((folder / "0" / "0.png").read_bytes())
    with pytest.warns(UserWarning, match=r"7 pictures are left out.*loose4.png, \.\.\.") as caught:
        found = load_image_folder(folder).filenames
    assert found.tolist() == expected.tolist()
    assert caught[0].filename == __file__


def test_whole_numbers_are_ordered_as_numbers_and_others_as_texts(folder):
    (folder / "9").rename(folder / "10")
    names = load_image_folder(folder).target_names.tolist()
    assert names == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "10"]
    (folder / "10").rename(folder / "ten")
    assert load_image_folder(folder).target_names.tolist() == [*"012345678", "ten"]


def test_a_single_class_and_links_to_folders_are_classes_too(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "zero").symlink_to(folder / "0")
    bunch = load_image_folder(other)
    assert bunch.target_names.tolist() == ["zero"]
    assert set(bunch.target) == {0}


def test_bad_files_are_named_or_left_out_with_their_labels(folder):
    n = len(load_image_folder(folder).target)
    (folder / "3" / "0.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"0.png can't be read as a picture"):
        load_image_folder(folder)
    for lazy in (False, True):
        with pytest.warns(UserWarning, match=r"1 of \d+ pictures are left out") as caught:
            bunch = load_image_folder(folder, on_error="skip", lazy=lazy)
        assert caught[0].filename == __file__
        assert len(bunch.images) == len(bunch.target) == len(bunch.filenames) == n - 1
        assert str(folder / "3" / "0.png") not in bunch.filenames
        np.testing.assert_array_equal(bunch.images, ImageLoader().transform(bunch.filenames))


def test_folders_without_classes_are_refused(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such folder.*nowhere"):
        load_image_folder(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError, match=r"it is a file; .*0.png"):
        load_image_folder(folder / "0" / "0.png")
    with pytest.raises(ValueError, match=r"no subfolders, and \d pictures; .*labels="):
        load_image_folder(folder / "0")
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty has no pictures, but is a subfolder"):
        load_image_folder(folder)
    with pytest.raises(ValueError, match="no subfolders, and 0 pictures"):
        load_image_folder(folder / "empty")


def test_wrong_settings_are_refused_before_the_folder_is_read():
    with pytest.raises(ValueError, match="mode='L' is unknown; write 'grey'"):
        load_image_folder("nowhere", mode="L")
    with pytest.raises(ValueError, match="on_error='ignore' is unknown"):
        load_image_folder("nowhere", on_error="ignore")


# A table of labels


@pytest.mark.parametrize(
    ("header", "line", "encoding"),
    [
        ("filename,label", "{0},{1}", "utf-8"),
        ("Label,id,Filename", "{1},7,{0}", "utf-8-sig"),
        (None, '"{0}","{1}"', "utf-8"),
        ("image;class;who", "{0};{1};me", "utf-8"),
        ("filename\tlabel", "{0}\t{1}\n", "utf-8"),
        ("filename, label", "{0}, {1}", "utf-8"),
    ],
)
def test_labels_come_from_a_table(header, line, encoding, flat):
    folder, pairs = flat
    lines = ([] if header is None else [header]) + [line.format(*pair) for pair in pairs]
    table = write(folder / "labels.csv", lines, encoding)
    bunch = load_image_folder(folder, labels=table, shuffle=False)
    assert bunch.filenames.tolist() == [str(folder / name) for name, _ in pairs]
    assert bunch.target_names[bunch.target].tolist() == [label for _, label in pairs]
    again = load_image_folder(folder, labels="labels.csv", shuffle=False, lazy=True)
    np.testing.assert_array_equal(again.images, bunch.images)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([""], "labels.csv is empty"),
        (["filename,label"], "has a header only"),
        (["file,what", "no.png,1"], r"begins with \['file', 'what'\]; expected the header"),
        (["filename,label", "{0},1", "{1}"], r"line 3: .* lacks a filename or a label"),
        (["filename,label", "{0},", "{1},1"], r"line 2: .* lacks a filename or a label"),
        (["filename,label", "{0},1", "{0},2"], "has .* in 2 lines; expected each file once"),
        (["filename,label", '"{0}" x,1'], r"line 2, is not CSV"),
    ],
)
def test_tables_that_are_not_readable_are_refused(lines, problem, flat):
    folder, pairs = flat
    write(folder / "labels.csv", [line.format(pairs[0][0], pairs[1][0]) for line in lines])
    with pytest.raises(ValueError, match=problem):
        load_image_folder(folder, labels="labels.csv")


def test_a_table_in_another_encoding_or_missing_is_refused(flat):
    folder, _ = flat
    write(folder / "labels.csv", ["filename,label", "ü.png,1"], "latin-1")
    with pytest.raises(ValueError, match=r"labels.csv is not a CSV file in UTF-8"):
        load_image_folder(folder, labels="labels.csv")
    with pytest.raises(FileNotFoundError, match=r"no such CSV file, nor in .*lables.csv"):
        load_image_folder(folder, labels="lables.csv")


def test_missing_files_of_a_table_are_named_or_left_out(flat):
    folder, pairs = flat
    lines = [f"{name},{label}" for name, label in pairs] + [f"no{i}.png,1" for i in range(9)]
    write(folder / "labels.csv", ["filename,label", *lines])
    message = (
        rf"9 of the {len(pairs) + 9} files in labels.csv are missing, such as .*no4.png, \.\.\."
    )
    with pytest.raises(FileNotFoundError, match=message):
        load_image_folder(folder, labels="labels.csv", lazy=True)
    with pytest.warns(UserWarning, match=re.escape(f"9 of {len(pairs) + 9} pictures")):
        bunch = load_image_folder(folder, labels="labels.csv", on_error="skip")
    assert len(bunch.target) == len(pairs)
