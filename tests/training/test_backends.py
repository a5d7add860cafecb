"""Each backend that is installed, in a process of its own: the numbers of Keras's own ``fit``.

The process runs this file with a task's name, and prints what the task returns as JSON.
"""

import functools
import hashlib
import importlib.util
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits

from skmnist import CNNClassifier, DNNClassifier, LeNetClassifier
from skmnist._utils.backend import load_keras
from skmnist.training import _parts

# Keras 3.15's variables don't know NumPy's newest way to ask for an array.
QUIET = ("-W", "error", "-W", "ignore:__array__ implementation:DeprecationWarning")
EVERYTHING = (*QUIET, __file__, "all")


def on(backend):
    # One thread each: on busy cores, PyTorch's threads wait long for each other.
    return {"KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1"}


BACKENDS = [
    pytest.param(
        name,
        marks=pytest.mark.beside(*EVERYTHING, **on(name))
        if importlib.util.find_spec(name)
        else pytest.mark.skip(reason=f"{name} is not installed"),
    )
    for name in ("tensorflow", "jax", "torch")
]
NEXT = {"tensorflow": "jax", "jax": "torch", "torch": "tensorflow"}
BATCH, SEED = 32, 5


def digits():
    X, y = load_digits(return_X_y=True)
    return X.astype(np.uint8), y


def small():
    """A DNN with dropout, on six full batches, since JAX compiles for each size of a batch."""
    X, y = digits()
    settings = {"hidden_units": (16,), "dropout": 0.3, "augmentation": None, "batch_size": BATCH}
    n = 6 * BATCH
    return functools.partial(DNNClassifier, **settings, random_state=0), X[:n], y[:n]


def bits(classifier, X):
    return hashlib.sha256(classifier.predict_proba(X).tobytes()).hexdigest()


# -- what a process of one backend does ------------------------------------------------


def keras_own_fit():
    """The largest differences to Keras's own ``fit``, over losses and variables."""
    return {
        f"{kind} {optimizer}": _difference(kind, optimizer)
        for kind, optimizer in (
            ("dense", "sgd"),
            ("dense", "adam"),
            ("convolutional", "adam"),
            ("dense", "lamb"),
            ("dense", "muon"),
            ("dense", "schedule_free_adamw"),
        )
    }


def _difference(kind, optimizer):
    from skmnist.networks import Architecture, ConvBlock, convolutional_network, dense_network
    from skmnist.training import Constant
    from skmnist.training._contract import Data, Plan, TrainingSpec, epoch_generator
    from skmnist.training._loop import train
    from skmnist.training._losses import find_loss
    from skmnist.training._optimizers import Optimizer, find_optimizer
    from skmnist.training._parts import epoch_order

    shapes = {"input_shape": (8, 8, 1), "n_outputs": 10, "dtype": "float32"}
    blocks = [ConvBlock(4, padding="same", pool="max", batch_norm=True, l2=0.01), ConvBlock(6)]
    architecture = {
        "dense": Architecture.of(dense_network, hidden_units=(24,), **shapes),
        "convolutional": Architecture.of(convolutional_network, conv_blocks=blocks, **shapes),
    }[kind]
    keras = load_keras()
    theirs, ours = {
        "sgd": (
            keras.optimizers.SGD(0.02, momentum=0.9),
            find_optimizer(Optimizer("sgd", momentum=0.9), 0.02),
        ),
        "adam": (keras.optimizers.Adam(0.003), find_optimizer("adam", 0.003)),
        "lamb": (keras.optimizers.Lamb(0.003), find_optimizer("lamb", 0.003)),
        "muon": (keras.optimizers.Muon(0.003), find_optimizer("muon", 0.003)),
        "schedule_free_adamw": (
            keras.optimizers.ScheduleFreeAdamW(0.003),
            find_optimizer("schedule_free_adamw", 0.003),
        ),
    }[optimizer]

    X, y = digits()
    images, rows = X[:190].reshape(-1, 8, 8, 1), np.arange(190, dtype=np.int32)
    weights = np.random.default_rng(0).uniform(0.2, 3.0, 190)
    weights /= weights.mean()
    data = Data(images, y[:190].astype(np.int32), weights, rows, rows[:0], 16.0)
    plan = Plan(2, BATCH, ours.learning_rate, Constant(), SEED)
    outcome = train(TrainingSpec(architecture, ours, find_loss("cross_entropy"), None), plan, data)

    network = architecture.build(SEED)
    theirs.build(network.trainable_variables)  # see test_training.py
    network.compile(optimizer=theirs, loss="categorical_crossentropy", jit_compile=False)
    losses = []
    for epoch in range(plan.epochs):
        order = epoch_order(plan, data, epoch_generator(SEED, epoch))
        pixels, one_hot = images[order].astype(np.float32) / 16, np.eye(10)[y[order]]
        history = network.fit(
            pixels, one_hot, BATCH, 1, 0, shuffle=False, sample_weight=weights[order]
        )
        losses += history.history["loss"]
    assert losses[1] < losses[0]
    # Moving averages differ by design: tests/test_few_steps.py has their values.
    averages = ["moving_" in v.path for v in network.variables]
    variables = [keras.ops.convert_to_numpy(v.value) for v in network.variables]
    return {
        "loss": float(np.abs(np.subtract(outcome.history["loss"], losses)).max()),
        "variables": max(
            float(np.abs(mine.astype(float) - other.astype(float)).max())
            for mine, other, average in zip(outcome.state.network, variables, averages, strict=True)
            if not average
        ),
    }


def every_optimizer():
    """The losses of a few epochs with each of Keras's optimizers by name."""
    from skmnist.training._optimizers import optimizers_by_name

    make, X, y = small()
    rates = {"adadelta": 1.0, "ftrl": 0.1, "adagrad": 0.03, "sgd": 0.1, "adafactor": 0.03}
    return {
        name: make(epochs=3, hidden_units=(), dropout=0.0, schedule="constant")
        .set_params(optimizer=name, learning_rate=rates.get(name, 0.003))
        .fit(X, y)
        .history_["loss"]
        for name in optimizers_by_name()
    }


def classifiers():
    """Scores on digits that were not trained on."""
    X, y = digits()
    cnn = functools.partial(CNNClassifier, conv_blocks=[{"filters": 16, "pool": "max"}])
    made = [
        maker(epochs=epochs, batch_size=50, augmentation=None, random_state=0)
        for maker, epochs in ((DNNClassifier, 10), (LeNetClassifier, 9), (cnn, 9))
    ]
    return {type(c).__name__: c.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) for c in made}


def determinism():
    """The bits of equal fits, with a fit by another seed between them."""
    make, X, y = small()
    seeds = {"first": 0, "other": 1, "again": 0}
    return {
        name: bits(make(epochs=2, augmentation="affine").set_params(random_state=seed).fit(X, y), X)
        for name, seed in seeds.items()
    }


def stop_and_go_on():
    """Early stopping, dropout, one sigmoid, warm starts and `partial_fit`."""
    make, X, y = small()
    plain = functools.partial(make, schedule="constant", epochs=2)
    stopped = make(epochs=40, early_stopping=True, n_iter_no_change=1, tol=0.5).fit(X, y)
    judged = stopped.history_["val_loss"]
    dropped = [plain(dropout=rate).fit(X, y) for rate in (0.0, 0.5)]
    partly = make()
    for _ in range(8):
        partly.partial_fit(X, y, classes=np.arange(10))
    binary = CNNClassifier(
        conv_blocks=[4],
        output_activation="sigmoid",
        augmentation=None,
        batch_size=BATCH,
        epochs=8,
        random_state=0,
    ).fit(X, y == 1)
    twice = plain(warm_start=True).fit(X, y).fit(X, y)
    return {
        "epochs": stopped.n_epochs_,
        "best epoch": stopped.best_epoch_,
        "epochs judged": len(judged),
        "dropout changes": bits(dropped[0], X) != bits(dropped[1], X),
        "one by one": partly.n_epochs_,
        "losses": partly.history_["loss"],
        "binary": binary.score(X, y == 1),
        "twice two": bits(twice, X),
        "four": bits(plain(epochs=4).fit(X, y), X),
    }


def checkpoints():
    """The bits of a fit, and of one that went on from the file after each of its epochs."""
    from skmnist.training import _saver as saver

    make, X, y = small()
    settings = {"augmentation": "affine", "epochs": 3, "optimizer__ema_momentum": 0.9}
    contents, write = [], saver.write

    def note(path, content):
        contents.append(content)
        write(path, content)

    def fit():
        fitted = make().set_params(**settings).fit(X, y, checkpoint=path, resume=True)
        return [bits(fitted, X), fitted.history_]

    with TemporaryDirectory() as folder, mock.patch.object(saver, "write", note):
        path = Path(folder, "fit.checkpoint")
        found = [fit()]
        for content in contents[:]:
            path.write_bytes(content)
            found.append(fit())
    return found


def judged_on_a_set():
    """A validation set of its own, of another dtype than the training set, and what is watched."""
    make, X, y = small()
    given = {"X_val": X[:50].astype(np.float64), "y_val": y[:50]}
    judged = make(epochs=3).fit(X, y, **given)
    wrong = {"X_val": X[:50], "y_val": (y[:50] + 1) % 10}
    watched = make(epochs=3, early_stopping=True, monitor="loss").fit(X, y, **wrong)
    return {
        "judged": judged.history_["val_accuracy"],
        "score": judged.score(X[:50], y[:50]),
        "same training": judged.history_["loss"] == make(epochs=3).fit(X, y).history_["loss"],
        "best epoch": watched.best_epoch_,
        "lowest": 1 + int(np.argmin(watched.history_["val_loss"])),
    }


def callbacks():
    """What a user's callbacks see, and that looking changes nothing."""
    keras = load_keras()
    seen = {"batches": [], "weights": [], "iterations": [], "accuracy": []}

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen["batches"].append(batch)
            seen["accuracy"].append(logs["accuracy"])

        def on_epoch_end(self, epoch, logs=None):
            kernel = keras.ops.convert_to_numpy(self.model.trainable_variables[0].value)
            seen["weights"].append(float(np.abs(kernel).sum()))
            seen["iterations"].append(int(self.model.optimizer.iterations))

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    # `EarlyStopping` and `ReduceLROnPlateau` never see a fall of 9.
    plateau = keras.callbacks.ReduceLROnPlateau("loss", 0.5, patience=1, min_delta=9.0)
    make, X, y = small()
    plain = make(epochs=3, schedule="constant").fit(X, y)
    watched = make(epochs=3, schedule="constant", callbacks=[Watch()]).fit(X, y)
    cut = make(epochs=4, schedule="constant", learning_rate=0.01, callbacks=[plateau]).fit(X, y)
    return seen | {
        "same": bits(plain, X) == bits(watched, X),
        "rates": cut.history_["learning_rate"],
        "stopped": make(epochs=5, callbacks=[Stop()]).fit(X, y).n_epochs_,
    }


def sparse_rows():
    """The bits of fits on dense rows and on the same sparse ones, in one part and in several."""
    make, X, y = small()
    X, y = X[:-7], y[:-7]
    settings = {"batch_size": BATCH, "epochs": 1, "validation_fraction": 0.2}
    cnn = CNNClassifier(conv_blocks=[{"filters": 2, "batch_norm": True}], augmentation=None)
    ignored = load_keras().callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    cases = {
        "DNN": (make(), X),
        "offset": (make(), X.astype(np.float64) - 3),
        "augmented": (make(augmentation="affine"), X),
        "averages": (cnn.set_params(random_state=0), X),
        "batch by batch": (make(callbacks=[ignored]), X),
    }
    return {
        name: _dense_and_sparse(classifier.set_params(**settings), pixels, y)
        for name, (classifier, pixels) in cases.items()
    }


def _dense_and_sparse(classifier, X, y):
    found = []
    for size, rows in ((2**25, X), (2**25, csr_array(X)), (2 * BATCH * X[0].nbytes, csr_array(X))):
        with mock.patch.object(_parts, "_BYTES_IN_PART", size):
            fitted = classifier.fit(rows, y)
        found.append([bits(fitted, X), bits(fitted, rows), fitted.history_])
    return found


def few_steps():
    """Scores on the training rows after one epoch, of the weights and of their average."""
    X, y = digits()
    blocks = [{"filters": 16, "pool": "max", "batch_norm": True}]
    settings = {"conv_blocks": blocks, "augmentation": None, "batch_size": BATCH, "epochs": 1}
    make = functools.partial(CNNClassifier, **settings, random_state=0)
    X, y = X[: 40 * BATCH], y[: 40 * BATCH]
    averaged = make().set_params(optimizer__ema_momentum=0.999)
    return [classifier.fit(X, y).score(X, y) for classifier in (make(), averaged)]


def kept_arrays():
    """Neither the data nor a state that training began with is changed by it."""
    make, X, y = small()
    before = X.copy()
    X.flags.writeable = False
    first = make(epochs=1, warm_start=True).fit(X, y)
    state = first._predictor_.variables
    copies = [value.copy() for value in state]
    first.fit(X, y)
    return {
        "data": bool((before == X).all()),
        "state": all(map(np.array_equal, state, copies)),
        "kinds": [kind for kind in _PIXEL_KINDS if _trains_on(kind, make, X, y)],
    }


_PIXEL_KINDS = ("bool", "uint16", "float64")


def _trains_on(kind, make, X, y):
    return bool(np.isfinite(make(epochs=1).fit(X.astype(kind), y).history_["loss"]).all())


def write_pickle(path):
    """A pickle, and the probabilities before it was made."""
    make, X, y = small()
    blocks = [{"filters": 4, "batch_norm": True, "dropout": 0.2}]
    cnn = CNNClassifier(conv_blocks=blocks, augmentation=None, epochs=3, random_state=0)
    fitted = [make(epochs=3), cnn]
    for classifier in fitted:
        classifier.set_params(warm_start=True, dtype="float32").fit(X, y)
    with Path(path).open("wb") as file:
        pickle.dump(fitted, file)
    return [classifier.predict_proba(X[:20]).tolist() for classifier in fitted]


def read_pickle(path):
    """The probabilities after it was read, and the losses of training that goes on."""
    _, X, y = small()
    with Path(path).open("rb") as file:
        fitted = pickle.load(file)
    probabilities = [classifier.predict_proba(X[:20]).tolist() for classifier in fitted]
    gone_on = [classifier.fit(X, y).history_["loss"] for classifier in fitted]
    return {"probabilities": probabilities, "losses": gone_on}


# -- what is expected of it ------------------------------------------------------------


def start(backend, task, *arguments):
    return subprocess.run(
        [sys.executable, *QUIET, __file__, task, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=170,
        env={**os.environ, **on(backend)},
    )


def result(backend, task, *arguments):
    """Run a task on a backend."""
    return told(start(backend, task, *arguments))


def told(done):
    """Read what a process says; nothing but its result may be written."""
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    return json.loads(line)


@pytest.fixture
def results(backend, beside):
    """Every task's result on a backend."""
    return told(beside(*EVERYTHING, **on(backend)))


ALL = [
    keras_own_fit,
    every_optimizer,
    classifiers,
    determinism,
    stop_and_go_on,
    checkpoints,
    judged_on_a_set,
    callbacks,
    sparse_rows,
    few_steps,
    kept_arrays,
]
TASKS = {task.__name__: task for task in (*ALL, write_pickle, read_pickle)}


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_numbers_are_those_of_keras_own_fit(results):
    differences = results["keras_own_fit"]
    assert len(differences) == 6
    for case, difference in differences.items():
        assert difference["loss"] < 3e-4, case
        assert difference["variables"] < 3e-4, case


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_optimizer_by_name_makes_the_loss_fall(results):
    of_each = results["every_optimizer"]
    assert {"adam", "lamb", "muon", "schedule_free_adamw", "sgd"} < set(of_each)
    for name, losses in of_each.items():
        assert losses[2] < losses[1] < losses[0], name


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_classifier_learns_the_digits(results):
    scores = results["classifiers"]
    assert len(scores) == 3
    assert min(scores.values()) > 0.9


@pytest.mark.parametrize("backend", BACKENDS)
def test_after_one_epoch_the_moving_averages_have_arrived(results):
    assert min(results["few_steps"]) > 0.9


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_seed_decides_every_bit_in_this_process_and_in_the_next(backend, results):
    found = results["determinism"]
    assert found["first"] == found["again"] != found["other"]
    assert result(backend, "determinism") == found


@pytest.mark.parametrize("backend", BACKENDS)
def test_training_stops_early_and_goes_on_where_it_stopped(results):
    found = results["stop_and_go_on"]
    assert 2 <= found["epochs"] == found["epochs judged"] < 40
    # The last epoch was no better by more than `tol`, but may have been the best.
    assert found["best epoch"] in (found["epochs"] - 1, found["epochs"])
    assert found["dropout changes"]
    assert found["one by one"] == 8
    assert found["losses"][-1] < found["losses"][0]
    assert found["binary"] > 0.85
    assert found["twice two"] == found["four"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_checkpoint_leads_to_the_same_bits(results):
    whole, *resumed = results["checkpoints"]
    assert resumed == [whole] * 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_set_of_its_own_judges_each_epoch(results):
    found = results["judged_on_a_set"]
    assert len(found["judged"]) == 3
    assert found["judged"][-1] == found["score"]
    assert found["same training"]
    assert found["best epoch"] == found["lowest"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_sparse_rows_give_the_bits_of_dense_ones_in_however_many_parts(results):
    found = results["sparse_rows"]
    assert len(found) == 5
    for name, (dense, in_one_part, in_parts) in found.items():
        assert dense == in_one_part == in_parts, name


@pytest.mark.parametrize("backend", BACKENDS)
def test_keras_callbacks_see_the_live_network_and_steer_it(results):
    found = results["callbacks"]
    steps = 6
    assert found["batches"] == [*range(steps)] * 3
    assert found["iterations"] == [steps, 2 * steps, 3 * steps]
    assert len(set(found["weights"])) == 3
    assert all(0 <= accuracy <= 1 for accuracy in found["accuracy"])
    assert found["same"]
    np.testing.assert_allclose(found["rates"], [0.01, 0.01, 0.005, 0.0025], rtol=1e-6)
    assert found["stopped"] == 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_training_changes_no_array_that_it_is_given_and_takes_any_pixels(results):
    found = results["kept_arrays"]
    assert found == {"data": True, "state": True, "kinds": list(_PIXEL_KINDS)}


@pytest.mark.parametrize("writer", BACKENDS)
def test_a_pickle_of_one_backend_is_read_by_another(writer, tmp_path):
    reader = NEXT[writer]
    if importlib.util.find_spec(reader) is None:
        pytest.skip(f"{reader} is not installed")
    expected = result(writer, "write_pickle", tmp_path / "fitted.pickle")
    found = result(reader, "read_pickle", tmp_path / "fitted.pickle")
    for mine, other in zip(found["probabilities"], expected, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-4)
    for losses in found["losses"]:  # training goes on from there
        assert losses[-1] < losses[0]


def test_an_unknown_backend_gives_keras_own_error():
    done = start("abacus", "determinism")
    assert done.returncode == 1
    assert "abacus" in done.stderr


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    print(json.dumps({t.__name__: t() for t in ALL} if name == "all" else TASKS[name](*rest)))
