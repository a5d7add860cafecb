"""Where and how `save` writes: modes, links, messages that name the user's own path."""

import os
import stat
import threading

import numpy as np
import pytest
from safetensors import safe_open
from sklearn.model_selection import GridSearchCV

from skmnist import CNNClassifier, DNNClassifier
from skmnist._utils.files import write
from skmnist.persistence import load, save

AT_EXIT = """
import atexit
from sklearn.datasets import load_digits
from skmnist import CNNClassifier
from skmnist.persistence import load, save
X, y = load_digits(return_X_y=True)
classifier = CNNClassifier(conv_blocks=[{"filters": 2, "dropout": 0.1}], epochs=1, random_state=0)
classifier.fit(X[:100], y[:100])
def keep():
    save(classifier, "model.safetensors")
    print((load("model.safetensors").predict(X) == classifier.predict(X)).all())
atexit.register(keep)
"""
POSIX = pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")


@pytest.fixture(scope="module")
def classifier(digits):
    X, y = digits[0][:60], digits[2][:60]
    return DNNClassifier(hidden_units=(4,), epochs=1, random_state=0).fit(X, y)


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode(classifier, tmp_path, mode):
    path = tmp_path / "model.safetensors"
    save(classifier, path)
    path.chmod(mode)
    save(classifier, path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@POSIX
def test_a_new_file_has_the_mode_of_any_new_file(classifier, tmp_path):
    save(classifier, tmp_path / "model.safetensors")
    (tmp_path / "other").write_bytes(b"")
    assert (tmp_path / "model.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


@POSIX
def test_nobody_else_can_read_a_private_file_while_it_is_written(tmp_path, monkeypatch):
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(0o600)
    modes, sync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda f: (modes.append(os.fstat(f).st_mode), sync(f)))
    write(path, b"new")
    assert [stat.S_IMODE(mode) for mode in modes] == [0o600]
    assert path.read_bytes() == b"new"


@POSIX
@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_stays_and_its_target_is_replaced(classifier, tmp_path, there):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target.safetensors", tmp_path / "link.safetensors"
    if there:
        target.write_bytes(b"old")
    link.symlink_to(target)
    save(classifier, link)
    assert link.is_symlink()
    assert load(target).n_parameters_ == classifier.n_parameters_
    assert sorted(p.name for p in tmp_path.rglob("*")) == [
        "folder",
        "link.safetensors",
        "target.safetensors",
    ]


def test_the_home_folder_is_found(classifier, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    save(classifier, "~/model.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    assert load("~/model.safetensors").n_parameters_ == classifier.n_parameters_


def test_a_folder_and_a_missing_folder_are_named_as_the_user_named_them(classifier, tmp_path):
    with pytest.raises(IsADirectoryError, match="it is a folder; expected the path of a file") as e:
        save(classifier, tmp_path)
    assert e.value.filename == str(tmp_path)
    missing = tmp_path / "no" / "model.safetensors"
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*no; make it first") as e:
        save(classifier, missing)
    assert e.value.filename == str(missing)
    assert not list(tmp_path.iterdir())


@POSIX
def test_an_error_of_the_system_names_the_users_path_and_no_other(
    classifier, tmp_path, monkeypatch
):
    def refuse(*paths):
        raise PermissionError(13, "Permission denied", *map(str, paths))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError) as caught:
        save(classifier, tmp_path / "model")
    assert str(tmp_path / "model") in str(caught.value)
    assert ".part" not in str(caught.value)


@POSIX
@pytest.mark.parametrize("room", [0, 100, 1000])
def test_without_room_for_the_file_the_error_names_it_and_the_old_one_stays(
    classifier, tmp_path, room
):
    import resource

    path = tmp_path / "model"
    path.write_bytes(b"old")
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, unlimited[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            save(classifier, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name", ["x.keras", "x.weights.h5", "X.HDF5", "x.pkl", "x.joblib", "x.npz", "x.tar.gz"]
)
def test_the_suffix_of_another_format_is_refused(classifier, tmp_path, name):
    with pytest.raises(ValueError, match=r"suffix of another format; expected \.safetensors"):
        save(classifier, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_search_names_what_it_has_found(digits, tmp_path):
    search = GridSearchCV(DNNClassifier(epochs=1, random_state=0), {"hidden_units": [(2,)]}, cv=2)
    path = tmp_path / "model.safetensors"
    with pytest.raises(TypeError, match=r"GridSearchCV can't be saved.* best_estimator_"):
        save(search, path)
    search.fit(digits[0][:60], digits[2][:60])
    with pytest.raises(TypeError, match=r"GridSearchCV can't be saved.* best_estimator_"):
        save(search, path)
    save(search.best_estimator_, path)
    assert load(path).hidden_units == (2,)


@pytest.mark.beside("-c", AT_EXIT)
def test_a_classifier_can_be_saved_at_the_interpreters_exit(beside):
    done = beside("-c", AT_EXIT)
    assert (done.returncode, done.stderr, done.stdout.strip()) == (0, "", "True")


def test_names_are_the_same_where_no_thread_can_be_started(digits, tmp_path, monkeypatch):
    """As at the exit of Python 3.12 and later."""
    network = CNNClassifier(conv_blocks=[{"filters": 2, "dropout": 0.1}], epochs=1, random_state=0)
    network.fit(digits[0][:60], digits[2][:60])
    save(network, tmp_path / "before")

    def refuse(thread):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    save(network, tmp_path / "after")
    names = []
    for name in ("before", "after"):
        with safe_open(tmp_path / name, framework="np") as file:
            names.append(sorted(file.keys()))
    assert names[0] == names[1]
    assert np.array_equal(load(tmp_path / "after").predict(digits[1]), network.predict(digits[1]))


def test_a_pipe_or_a_device_is_never_replaced(classifier, tmp_path):
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(OSError, match="a device or a pipe"):
        save(classifier, tmp_path / "pipe.safetensors")
    assert not (tmp_path / "pipe.safetensors").is_file()


def test_a_folder_is_not_loaded(tmp_path):
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        load(tmp_path)
