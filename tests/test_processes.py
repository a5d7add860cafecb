"""Processes in odd states: no stderr, no temporary folder, Ctrl-C and SIGTERM at bad moments."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from skmnist import datasets
from skmnist._inputs.pixels import PixelScaling
from skmnist._utils import tensorflow_log
from skmnist._utils.backend import load_keras
from skmnist._utils.tensorflow_log import logs_of_tensorflow_held_back
from skmnist.datasets._fetching import folder_for_download
from skmnist.networks import Architecture, dense_network
from skmnist.training import _predictor as inference
from skmnist.training._predictor import Predictor

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and descriptors are POSIX's")

# -- the log that is held back --------------------------------------------------------------

BARE = """
import os, sys
if sys.argv[1] == "closed":
    os.close(2)
sys.stderr = None
import tempfile
def refuse(*arguments, **settings):
    raise FileNotFoundError("No usable temporary directory found")
tempfile.TemporaryFile = tempfile.gettempdir = refuse
if sys.argv[1] == "no memory file" and hasattr(os, "memfd_create"):
    del os.memfd_create
from sklearn.datasets import load_digits
from skmnist import DNNClassifier
X, y = load_digits(return_X_y=True)
classifier = DNNClassifier(hidden_units=(4,), epochs=1, random_state=0).fit(X[:64], y[:64])
print(classifier.predict(X[:3]).shape)
"""
CASES = ("closed", "no memory file")


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.beside("-c", BARE, case)) for case in CASES]
)
def test_a_fit_needs_neither_stderr_nor_a_temporary_folder(beside, case):
    done = beside("-c", BARE, case)
    assert (done.returncode, done.stdout.strip()) == (0, "(3,)")


def test_nothing_is_held_back_where_there_is_no_place_for_it(monkeypatch, capfd):
    monkeypatch.setattr(tensorflow_log, "_memory_file", lambda: None)
    with logs_of_tensorflow_held_back():
        os.write(2, b"2026-01-01 00:00:00.000000: I tensorflow/core: shown\n")
    assert "shown" in capfd.readouterr().err


def test_a_memory_file_does_without_a_temporary_folder(monkeypatch, capfd):
    if not hasattr(os, "memfd_create"):
        pytest.skip("there are no memory files here")
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", "/nowhere")
        with logs_of_tensorflow_held_back():
            os.write(2, b"2026-01-01 00:00:00.000000: I tensorflow/core: hidden\nshown\n")
    assert capfd.readouterr().err == "shown\n"


@pytest.fixture
def hears_ctrl_c():
    """Have Ctrl-C raise; a parent that runs in the background leaves it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@POSIX
def test_ctrl_c_while_the_log_is_held_back_waits_until_the_descriptor_is_back(hears_ctrl_c):
    before, meanwhile = os.fstat(2).st_ino, []

    def interrupted():
        with logs_of_tensorflow_held_back():
            signal.raise_signal(signal.SIGINT)
            meanwhile.append(os.fstat(2).st_ino)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(meanwhile) == 1
    assert meanwhile[0] != before
    assert os.fstat(2).st_ino == before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@POSIX
def test_ctrl_c_at_any_moment_leaves_descriptor_2_as_it_was():
    before, ended = os.fstat(2).st_ino, threading.Event()
    rng = np.random.default_rng(0)

    def interrupt():
        while not ended.wait(float(rng.uniform(0, 2e-4))):
            os.kill(os.getpid(), signal.SIGINT)

    thread, heard, caught = threading.Thread(target=interrupt), 0, None
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread.start()
        last = time.monotonic() + 1
        while time.monotonic() < last:
            try:
                with logs_of_tensorflow_held_back():
                    pass
            except KeyboardInterrupt as error:  # kept, as a notebook does
                heard, caught = heard + 1, error
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ended.set()
        thread.join()
        signal.signal(signal.SIGINT, old)
    assert heard > 0
    assert caught is not None
    assert os.fstat(2).st_ino == before


# -- forks ----------------------------------------------------------------------------------

FORKED = """
import json, os, signal
from sklearn.datasets import load_digits
from skmnist import DNNClassifier
X, y = load_digits(return_X_y=True)
classifier = DNNClassifier(hidden_units=(4,), epochs=1, random_state=0).fit(X[:64], y[:64])
classifier.predict(X[:64])
found = {}
for name in ("predict", "fit"):
    receive, send = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(20)  # a child that hangs is ended, and has written nothing
        try:
            getattr(classifier, name)(*(X[:64], y[:64])[: 1 + (name == "fit")])
            message = "no error"
        except BaseException as error:
            message = f"{type(error).__name__}: {error}"
        os.write(send, message.encode())
        os._exit(0)
    os.close(send)
    found[name] = os.read(receive, 1000).decode()
    os.waitpid(child, 0)
print(json.dumps(found))
"""
NAMES = {"jax": "JAX", "torch": "PyTorch"}
FORKING = ("-W", "ignore", "-c", FORKED)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize(
    "backend",
    [
        pytest.param(
            backend,
            marks=pytest.mark.beside(*FORKING, KERAS_BACKEND=backend, OMP_NUM_THREADS="2")
            if importlib.util.find_spec(backend)
            else pytest.mark.skip(reason=f"{backend} is not installed"),
        )
        for backend in NAMES
    ],
)
def test_a_fork_after_a_backends_start_gets_a_clear_error_and_no_deadlock(beside, backend):
    done = beside(*FORKING, KERAS_BACKEND=backend, OMP_NUM_THREADS="2")
    assert done.returncode == 0, done.stderr
    messages = json.loads(done.stdout)
    for action in ("predict", "fit"):
        assert messages[action].startswith("RuntimeError: This process was forked from one in")
        assert f"{NAMES[backend]} already runs" in messages[action]
        assert "loky" in messages[action]


# -- threads --------------------------------------------------------------------------------


def test_threads_that_ask_at_once_compile_a_batch_size_once(monkeypatch):
    load_keras()
    architecture = Architecture.of(
        dense_network, input_shape=(8, 8, 1), n_outputs=10, hidden_units=(17,)
    )
    variables = [variable.numpy() for variable in architecture.build(0).variables]
    sizes, make = [], inference._compiler

    def counting(network):
        compile_for = make(network)

        def compile_and_count(size):
            sizes.append(size)
            return compile_for(size)

        return compile_and_count

    monkeypatch.setattr(inference, "_compiler", counting)
    barrier = threading.Barrier(8)

    def ask(_):
        barrier.wait(timeout=900)
        return Predictor(architecture, variables, PixelScaling(scale=16.0)).outputs(
            np.ones((9, 64)), (8, 8, 1)
        )

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    assert sizes == [16]
    assert all(np.array_equal(answer, answers[0]) for answer in answers)


# -- downloads ------------------------------------------------------------------------------

DOWNLOAD = """
import os, sys, time
from pathlib import Path
from skmnist.datasets._fetching import folder_for_download
with folder_for_download(Path(sys.argv[1])) as folder:
    (folder / "part").write_bytes(b"part")
    print("begun", flush=True)
    time.sleep(60)
"""


@POSIX
def test_sigterm_in_a_download_leaves_nothing_behind(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", DOWNLOAD, tmp_path], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"begun\n"
        assert len(list(tmp_path.iterdir())) == 1
        process.terminate()
        assert process.wait(timeout=900) == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir())


def test_what_a_killed_download_left_is_removed_by_the_next_one_an_hour_later(tmp_path):
    for name in (".download-old", ".download-new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part").write_bytes(b"part")
    for path in (tmp_path / ".download-old" / "part", tmp_path / ".download-old"):
        os.utime(path, (0, time.time() - 4000))
    with folder_for_download(tmp_path) as folder:
        assert folder.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == [".download-new"]


def test_a_program_keeps_its_own_handler_of_sigterm(tmp_path):
    def own(*_):
        pass

    before = signal.signal(signal.SIGTERM, own)
    try:
        with folder_for_download(tmp_path):
            assert signal.getsignal(signal.SIGTERM) is own
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)
    with folder_for_download(tmp_path):
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_folder_in_the_place_of_a_cached_file_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("SKMNIST_DATA", raising=False)
    place = tmp_path / "skmnist" / "mnist" / "train-images-idx3-ubyte.gz"
    place.mkdir(parents=True)
    with pytest.raises(IsADirectoryError, match="folder in the place of MNIST's file; move") as e:
        datasets.fetch_mnist(data_home=tmp_path)
    assert e.value.filename == str(place)
