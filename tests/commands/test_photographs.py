"""Models that read photographs of characters: `--photographs`."""

import json

import numpy as np
import pytest
from files_of_digits import save_picture, unwrapped
from PIL import Image

import skmnist
from skmnist import DigitNormalizer, ImageLoader


def enlarged(digit, side):
    """A digit of more pixels, with paper around it."""
    image = Image.fromarray(np.pad(digit, 1)).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(image) / 255


def photograph(digit, shape):
    """Dark ink on lit paper, whose light fades from left to right."""
    ink = np.zeros(shape)
    ink[20:80, 25:85] = enlarged(digit, 60)
    light = np.linspace(240, 160, shape[1])
    return np.uint8(light * (1 - 0.8 * ink))


@pytest.fixture(scope="module")
def images(bytes_of_digits):
    """Digits in the form of MNIST's, and their labels."""
    X, y = bytes_of_digits
    return DigitNormalizer().transform([enlarged(digit, 40) for digit in X[:300]]), y[:300]


@pytest.fixture
def model(skmnist_command, images):
    np.savez("digits.npz", X=images[0], y=images[1])
    ended = skmnist_command(
        "train",
        "digits.npz",
        "--photographs",
        "--recipe=dnn",
        "--epochs=12",
        "--output=m.safetensors",
    )
    assert ended.exit_code == 0, ended.output
    return "m.safetensors"


def test_a_model_of_images_like_mnist_reads_photographs_of_any_size(
    model, skmnist_command, bytes_of_digits, tmp_path
):
    loader, normalizer, _ = skmnist.load(model)
    assert isinstance(loader, ImageLoader)
    assert (normalizer.size, normalizer.inner_size) == (28, 20)
    X, y = bytes_of_digits
    for i, digit in enumerate(X[300:330]):
        save_picture(tmp_path / f"{i:02}.png", photograph(digit, ((100, 140), (130, 110))[i % 2]))
    paths = [tmp_path / f"{i:02}.png" for i in range(30)]
    ended = skmnist_command("predict", model, *paths, "--json")
    labels = [row["label"] for row in json.loads(ended.stdout)]
    assert np.mean(labels == y[300:330]) > 0.8
    # Arrays in the form of those in training are not prepared again.
    ended = skmnist_command("evaluate", model, "digits.npz")
    assert float(ended.stdout.split()[1]) > 95


@pytest.mark.filterwarnings("default:no character")
def test_a_photograph_without_a_character_is_named(
    model, skmnist_command, bytes_of_digits, tmp_path
):
    save_picture(tmp_path / "full.png", photograph(bytes_of_digits[0][300], (100, 140)))
    save_picture(tmp_path / "blank.png", np.full((100, 140), 200, np.uint8))
    ended = skmnist_command("predict", model, "full.png", "blank.png")
    assert ended.exit_code == 0
    assert ended.stderr.startswith("Warning: no character is found in 1 of 2 photographs")
    assert "blank.png" in ended.stderr
    assert "full.png" not in ended.stderr


def test_photographs_in_folders_are_prepared_in_training_too(
    skmnist_command, bytes_of_digits, tmp_path
):
    X, y = bytes_of_digits
    for i in np.flatnonzero(y < 2)[:30]:
        save_picture(tmp_path / "photos" / f"{y[i]}" / f"{i}.png", photograph(X[i], (100, 140)))
    ended = skmnist_command(
        "train", "photos", "--photographs", "--size", "14", "--recipe=dnn", "--epochs=12",
        "--output=m.safetensors",
    )  # fmt: skip
    assert "30 images of 14 x 14 pixels, 2 classes" in ended.stdout
    assert (skmnist.load("m.safetensors")[1].inner_size) == 10
    ended = skmnist_command("evaluate", "m.safetensors", "photos")
    assert "30 of 30 right" in ended.stdout


@pytest.mark.parametrize("option", ["--size=28x20", "--mode=RGB"])
def test_photographs_become_square_images_in_grey(option, skmnist_command, files):
    ended = skmnist_command(
        "train", files / "new", "--photographs", option, "--output=m.safetensors"
    )
    assert ended.exit_code == 2
    assert "--photographs: it makes square images in grey" in unwrapped(ended.stderr)
