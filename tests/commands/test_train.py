"""`skmnist train`: from one's own images to a file."""

import subprocess
import sys

import numpy as np
import pytest
from files_of_digits import save_picture, unwrapped

import skmnist
from skmnist._commands import pictures
from skmnist._inputs import picture_rows, pixels
from skmnist._inputs.lazy_images import LazyImages
from skmnist.classifiers._reporter import Reporter
from skmnist.preprocessing import ImageLoader
from skmnist.training import _parts

REALLY_BEGINS = Reporter.epoch_begins


def test_a_folder_of_pictures_becomes_a_model_that_reads_pictures(files, model, bytes_of_digits):
    loaded = skmnist.load(model)
    assert isinstance(loaded[0], ImageLoader)
    assert loaded[0].size == (8, 8)
    paths = [str(files / "new" / f"{i}.png") for i in range(10)]
    assert (loaded.predict(paths) == bytes_of_digits[1][300:310]).mean() >= 0.8
    assert loaded[-1].verbose == 0


def test_large_pictures_become_images_of_32_by_32_unless_a_size_is_given(skmnist_command, tmp_path):
    rng = np.random.default_rng(0)
    for i in range(24):
        dark = rng.integers(0, 90, (70, 90, 3), dtype=np.uint8)
        save_picture(tmp_path / "photos" / "dark" / f"{i}.png", dark)
        save_picture(tmp_path / "photos" / "light" / f"{i}.png", 255 - dark)
    how = ["--recipe", "dnn", "--epochs", "1", "--output"]
    ended = skmnist_command("train", "photos", *how, "a.safetensors")
    assert "48 images of 32 x 32 pixels, 2 classes" in ended.stdout
    assert skmnist.load("a.safetensors").classes_.tolist() == ["dark", "light"]
    ended = skmnist_command(
        "train", "photos", *how, "b.safetensors", "--size", "9x12", "--mode", "RGB"
    )
    assert "48 images of 9 x 12 pixels in colour, 2 classes" in ended.stdout
    assert skmnist.load("b.safetensors")[-1].image_shape_ == (9, 12, 3)


def test_a_folder_too_large_for_memory_is_decoded_a_few_pictures_at_a_time(
    skmnist_command, files, monkeypatch
):
    decoded, decode = [], LazyImages.__array__

    def counted(images, dtype=None, copy=None):
        decoded.append(len(images))
        return decode(images, dtype, copy)

    monkeypatch.setattr(LazyImages, "__array__", counted)
    how = ["--recipe", "dnn", "--epochs", "1", "--test-size", "0.2", "--output"]
    in_memory = skmnist_command("train", files / "pictures", *how, "a.safetensors")
    assert decoded == [300]
    decoded.clear()
    monkeypatch.setattr(pictures, "_MOST_BYTES", 2**10)
    monkeypatch.setattr(_parts, "_BYTES_IN_PART", 64 * 64)
    monkeypatch.setattr(picture_rows, "_BYTES_IN_BATCH", 64 * 64)
    monkeypatch.setattr(pixels, "_ROWS_IN_BATCH", 64)
    ended = skmnist_command("train", files / "pictures", *how, "b.safetensors")
    assert max(decoded) <= 64
    assert ended.stdout.replace("b.safe", "a.safe") == in_memory.stdout
    a, b = (skmnist.load(path) for path in ("a.safetensors", "b.safetensors"))
    assert b[0].get_params() == a[0].get_params()
    paths = [str(files / "new" / f"{i}.png") for i in range(10)]
    assert np.array_equal(a.predict_proba(paths), b.predict_proba(paths))


def test_options_reach_the_training(skmnist_command, files):
    ended = skmnist_command(
        "train", files / "digits.npz", "-o", "m.safetensors", "--recipe", "lenet", "--seed", "7",
        "--epochs", "1", "--train-size", "100",
    )  # fmt: skip
    assert ended.exit_code == 0, ended.output
    assert "100 images of 8 x 8 pixels, 10 classes" in ended.stdout
    classifier = skmnist.load("m.safetensors")[-1]
    assert (type(classifier).__name__, classifier.random_state) == ("LeNetClassifier", 7)
    assert classifier.n_epochs_ == 1


def test_a_part_that_is_held_out_is_evaluated(skmnist_command, files):
    ended = skmnist_command(
        "train", files / "digits.npz", "-o", "m.safetensors", "--recipe", "dnn", "--epochs", "5",
        "--test-size", "0.2",
    )  # fmt: skip
    assert "240 images of 8 x 8 pixels" in ended.stdout
    assert "of 60 right." in ended.stdout
    assert "Precision" in ended.stdout
    ended = skmnist_command(
        "train", files / "digits.npz", "-o", "m.safetensors", "--test-size", "0.01"
    )
    assert ended.exit_code == 1
    assert "--test-size=0.01 can't be held out of 300 samples" in ended.stderr


def test_quiet_training_is_silence(skmnist_command, files):
    ended = skmnist_command(
        "train", files / "digits.npz", "-o", "m.safetensors", "--recipe", "dnn", "--epochs", "1",
        "--quiet",
    )  # fmt: skip
    assert (ended.exit_code, ended.output) == (0, "")


def test_epochs_are_printed_while_they_pass(skmnist_command, files):
    ended = skmnist_command(
        "train", files / "digits.npz", "-o", "m.safetensors", "--recipe", "dnn", "--epochs", "2"
    )
    assert "[DNNClassifier] epoch 1/2" in ended.stdout
    assert "The model is in m.safetensors." in ended.stdout


def test_a_training_goes_on_from_its_checkpoint(skmnist_command, files, tmp_path, monkeypatch):
    command = "train", files / "digits.npz", "--recipe", "dnn", "--epochs", 3
    going_on = *command, "--checkpoint", "c", "--resume", "-o", "resumed.safetensors"
    skmnist_command(*command, "-o", "whole.safetensors", "--quiet")
    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "epoch_begins", _fails_in_the_second)
        assert skmnist_command(*going_on).exit_code == 1
    ended = skmnist_command(*going_on)
    assert ended.exit_code == 0
    assert "epoch 1/3" not in ended.stdout
    assert "epoch 2/3" in ended.stdout
    whole, resumed = (skmnist.load(tmp_path / f"{n}.safetensors") for n in ("whole", "resumed"))
    assert resumed[-1].history_ == whole[-1].history_


def _fails_in_the_second(reporter, epoch):
    if epoch == 2:
        raise OSError("the disk is gone")
    REALLY_BEGINS(reporter, epoch)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--resume"], "give the file to go on from as --checkpoint"),
        (["--checkpoint", "c", "--recipe", "committee"], "committee isn't a single network"),
    ],
)
def test_a_checkpoint_is_a_networks(words, named, skmnist_command, files):
    ended = skmnist_command("train", files / "digits.npz", "-o", "m.safetensors", *words)
    assert ended.exit_code == 2
    assert named in unwrapped(ended.stderr)


def test_a_function_of_ones_own_module_makes_the_classifier(skmnist_command, files, tmp_path):
    (tmp_path / "my_networks.py").write_text(
        "from skmnist import DNNClassifier\n"
        "def small():\n"
        "    return DNNClassifier(hidden_units=(8,), epochs=9)\n"
        "def regressor():\n"
        "    from skmnist import DNNRegressor\n"
        "    return DNNRegressor()\n"
    )
    how = ["train", files / "digits.npz", "-o", "m.safetensors"]
    ended = skmnist_command(*how, "--classifier", "my_networks:small", "--epochs", "1")
    assert ended.exit_code == 0, ended.output
    assert skmnist.load("m.safetensors")[-1].hidden_units == (8,)
    ended = skmnist_command(*how, "--classifier", "my_networks:regressor")
    assert ended.exit_code == 1
    assert "expected a scikit-learn classifier" in ended.stderr
    ended = skmnist_command(*how, "--classifier", "my_networks:missing")
    assert ended.exit_code == 1
    assert "'my_networks:missing' can't be made: AttributeError" in ended.stderr


def test_what_can_not_be_saved_is_refused_before_the_data_are_read(skmnist_command, tmp_path):
    (tmp_path / "broken.npz").write_bytes(b"")
    (tmp_path / "my_bayes.py").write_text(
        "from sklearn.naive_bayes import GaussianNB\nclass Mine(GaussianNB): pass\n"
    )
    how = ["train", "broken.npz", "-o", "m.safetensors"]
    ended = skmnist_command(*how, "--classifier", "my_bayes:Mine")
    assert ended.exit_code == 2
    message = unwrapped(ended.stderr)
    assert "--recipe" in message
    assert "can't be saved" in message
    assert "my_bayes.Mine" in message


def test_classical_recipes_are_trained_and_saved_too(skmnist_command, files):
    ended = skmnist_command(
        "train", files / "digits.npz", "-o", "m.safetensors", "--recipe", "svm-few-labels"
    )
    assert ended.exit_code == 0, ended.output
    assert "optimization finished" not in ended.output
    assert skmnist.load("m.safetensors")[-1][-1].C == 5


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["-o", "m.keras"], "the file has the format of m.safetensors"),
        (["-o", "nowhere/m.safetensors"], "there is no folder nowhere; make it first"),
        (["-o", "."], "it is a folder; give the path of a file in it"),
        (["-o", "m.safetensors", "--size", "28by28"], "'28by28' is not a size in pixels"),
        (["-o", "m.safetensors", "--recipe", "cmn"], "did you mean 'cnn'?"),
        (["-o", "m.safetensors", "--recipe", "a.b:"], "'a.b:' is not an import path"),
        (["-o", "m.safetensors", "--mode", "L"], "--mode"),
        ([], "--output"),
    ],
)
def test_wrong_options_are_exit_code_2(words, named, skmnist_command, files):
    ended = skmnist_command("train", files / "digits.npz", *words)
    assert ended.exit_code == 2
    assert named in unwrapped(ended.stderr)


def test_a_single_class_is_refused(skmnist_command, tmp_path):
    np.savez(tmp_path / "one.npz", X=np.zeros((5, 8, 8), np.uint8), y=[3] * 5)
    ended = skmnist_command("train", "one.npz", "-o", "m.safetensors")
    assert ended.exit_code == 1
    assert "one.npz has one class only, 3; a classifier needs two at least" in ended.stderr


def test_a_picture_that_can_not_be_read_is_named(skmnist_command, tmp_path, bytes_of_digits):
    for label in "ab":
        save_picture(tmp_path / "photos" / label / "1.png", bytes_of_digits[0][0])
    (tmp_path / "photos" / "b" / "2.png").write_bytes(b"no picture")
    ended = skmnist_command("train", "photos", "-o", "m.safetensors")
    assert ended.exit_code == 1
    assert "2.png can't be read as a picture" in ended.stderr


WITH_A_CTRL_C = """
import signal
from skmnist.classifiers._reporter import Reporter
from skmnist.cli import main

begun = []
really_begins = Reporter.epoch_begins
def epoch_begins(self, epoch):
    begun.append(epoch)
    if len(begun) == 3:
        signal.raise_signal(signal.SIGINT)
    really_begins(self, epoch)
Reporter.epoch_begins = epoch_begins
# A parent that runs in the background leaves SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""


def test_ctrl_c_saves_the_finished_epochs_and_exits_with_130(files, tmp_path):
    command = ["train", files / "digits.npz", "-o", "m.safetensors", "--recipe", "dnn"]
    ended = subprocess.run(
        [sys.executable, "-c", WITH_A_CTRL_C, *map(str, command)],
        capture_output=True,
        text=True,
        timeout=900,
        cwd=tmp_path,
    )
    assert ended.returncode == 130, ended.stderr
    assert "Warning: Training was interrupted in epoch 3" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert skmnist.load(tmp_path / "m.safetensors")[-1].n_epochs_ == 2
