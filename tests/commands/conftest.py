"""Digits in files of every kind, and the command."""

import os
from pathlib import Path

import numpy as np
import pytest
from files_of_digits import save_picture, write_idx
from sklearn.datasets import load_digits
from typer.testing import CliRunner

from skmnist.cli import app

N = 300


@pytest.fixture(scope="session")
def bytes_of_digits():
    """600 images of 8 x 8, from 0 to 255, and their labels."""
    X, y = load_digits(return_X_y=True)
    return np.rint(X[: 2 * N] * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8), y[: 2 * N]


@pytest.fixture(scope="session")
def files(tmp_path_factory, bytes_of_digits):
    """A folder with the same 300 digits in every format, and a folder of other pictures."""
    X, y = bytes_of_digits
    folder = tmp_path_factory.mktemp("files")
    np.savez(folder / "digits.npz", X=X[:N], y=y[:N])
    np.savez(folder / "split.npz", x_train=X[:N], y_train=y[:N], x_test=X[N:], y_test=y[N:])
    np.save(folder / "X.npy", X[:N])
    np.save(folder / "y.npy", y[:N])
    header = ",".join(["label", *(f"pixel{i}" for i in range(64))])
    table = np.column_stack([y[:N], X[:N].reshape(N, -1)])
    np.savetxt(folder / "digits.csv", table, "%d", ",", header=header, comments="")
    np.savetxt(folder / "bare.csv", table, "%d", ",")
    write_idx(folder / "train-images-idx3-ubyte", X[:N])
    write_idx(folder / "train-labels-idx1-ubyte", y[:N])
    for i, (image, label) in enumerate(zip(X[:N], y[:N], strict=True)):
        save_picture(folder / "pictures" / str(label) / f"{i}.png", image)
    for i, image in enumerate(X[N : N + 10]):
        save_picture(folder / "new" / f"{i}.png", image)
    return folder


@pytest.fixture
def skmnist_command(tmp_path, monkeypatch):
    """Call the command in a new folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, [*map(str, words)])


@pytest.fixture(scope="session")
def model(tmp_path_factory, files):
    """The file of a small network that was trained on the folder of pictures."""
    path = tmp_path_factory.mktemp("model") / "digits.safetensors"
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        ended = CliRunner().invoke(
            app, ["train", f"{files}/pictures", "--recipe=dnn", "--epochs=12", "-o", f"{path}"]
        )
    finally:
        os.chdir(before)
    assert ended.exit_code == 0, ended.output
    return path
