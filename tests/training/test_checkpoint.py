"""A fit that was ended goes on from its checkpoint, and ends with the bits of one that wasn't."""

import functools
import json
import os
import pickle
import signal
import warnings
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import pytest
import sklearn
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.callback import ProgressBar
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmnist import (
    Augmentation,
    Checkpoint,
    CNNClassifier,
    CommitteeClassifier,
    DNNClassifier,
    DNNRegressor,
    KerasClassifier,
    Optimizer,
    PretrainedClassifier,
    SequenceDNNClassifier,
    clear_caches,
    load,
    save,
)
from skmnist._utils.backend import load_keras
from skmnist._utils.tensor_files import digest
from skmnist.training import _saver as saver

NAME = "skmnist_checkpoint"
DENSE = {"hidden_units": (8,), "epochs": 4, "dtype": "float32", "random_state": 0}


def build(n_features_in, n_classes, width=8):
    layers = load_keras().layers
    return load_keras().Sequential(
        [
            load_keras().Input((n_features_in,)),
            layers.Dense(width, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(n_classes, "softmax"),
        ]
    )


def largest(targets, outputs):
    return load_keras().ops.max(outputs, axis=-1)


def focal(targets, outputs):
    losses = load_keras().losses
    return losses.categorical_crossentropy(targets, outputs) + 0.1 * largest(targets, outputs)


@pytest.fixture(scope="module")
def few(digits):
    return digits[0][:160], digits[2][:160]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.checkpoint"


def assert_same(fitted, whole):
    for mine, other in zip(fitted._predictor_.variables, whole._predictor_.variables, strict=True):
        assert mine.dtype == other.dtype
        assert np.array_equal(mine, other)
    assert list(fitted.history_) == list(whole.history_)
    for name, curve in whole.history_.items():
        assert np.array_equal(fitted.history_[name], curve, equal_nan=True), name
    for name in ("n_epochs_", "best_epoch_", "fine_tune_history_"):
        assert getattr(fitted, name, None) == getattr(whole, name, None)


@pytest.fixture
def files(monkeypatch):
    """The contents that the file had, one after another."""
    contents, write = [], saver.write

    def note(path, content):
        contents.append(content)
        write(path, content)

    monkeypatch.setattr(saver, "write", note)
    return contents


@pytest.fixture(scope="module")
def whole(few):
    """A fit of four epochs that was not ended."""
    return DNNClassifier(**DENSE).fit(*few)


@pytest.fixture(scope="module")
def halfway(few, tmp_path_factory):
    """The file of such a fit that an error has ended in the third epoch."""

    def fail(epoch, logs):
        if epoch == 2:
            raise RuntimeError("the end")

    path = tmp_path_factory.mktemp("halfway") / "fit.checkpoint"
    failing = load_keras().callbacks.LambdaCallback(on_epoch_begin=fail)
    with pytest.raises(RuntimeError, match="the end"):
        DNNClassifier(callbacks=[failing], **DENSE).fit(*few, checkpoint=path, resume=True)
    return path.read_bytes()


@pytest.fixture
def at_halfway(path, halfway):
    """A copy of that file."""
    path.write_bytes(halfway)
    return path


# -- the same bits --------------------------------------------------------------------------

FITS = {
    "dropout, new order, own set": lambda: DNNClassifier(dropout=0.3, **DENSE),
    "averages, augmentation, early stopping": lambda: CNNClassifier(
        conv_blocks=[{"filters": 4, "batch_norm": True, "dropout": 0.2}],
        augmentation=Augmentation(rotation=10, noise=0.1, mixup=0.2),
        optimizer=Optimizer("adam", ema_momentum=0.9),
        learning_rate=0.02,
        schedule="plateau",
        class_weight="balanced",
        metrics=["auc"],
        early_stopping=True,
        n_iter_no_change=2,
        epochs=8,
        random_state=0,
    ),
    "regression": lambda: DNNRegressor(**DENSE, schedule="cosine", early_stopping=True),
    "words": lambda: SequenceDNNClassifier(embedding_dim=4, **DENSE),
    "own network, loss, metrics and schedule": lambda: KerasClassifier(
        build,
        width=6,
        loss=focal,
        metrics=[largest, "auc"],
        optimizer=load_keras().optimizers.SGD(
            load_keras().optimizers.schedules.ExponentialDecay(0.1, 5, 0.9), momentum=0.9
        ),
        epochs=4,
        random_state=0,
    ),
}


def assert_each_file_leads_there(make, files, data, path, **given):
    """Assert that a fit goes on from each of its files to where it ended."""
    whole = make().fit(*data, checkpoint=path, resume=True, **given)
    for content in list(files):
        path.write_bytes(content)
        assert_same(make().fit(*data, checkpoint=path, resume=True, **given), whole)
    return whole


@pytest.mark.parametrize("name", FITS)
def test_a_fit_goes_on_after_any_epoch_to_the_same_bits(name, few, path, files):
    given = {}
    if "own set" in name:
        given = {"X_val": few[0][:40].astype(float), "y_val": few[1][:40]}
    whole = assert_each_file_leads_there(FITS[name], files, few, path, **given)
    assert_same(FITS[name]().fit(*few, **given), whole)


def test_both_phases_of_a_pretrained_network_go_on(few, path, files):
    def make():
        return PretrainedClassifier(
            "MobileNet",
            weights=None,
            backbone_settings={"alpha": 0.25},
            last_layer="conv1_relu",
            hidden_units=(8,),
            epochs=2,
            fine_tune_epochs=2,
            early_stopping=True,
            random_state=0,
        )

    assert_each_file_leads_there(make, files, few, path)
    assert [len(_read(content).phases) for content in files[:4]] == [1, 1, 2, 2]


def _read(content):
    with NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        return saver.read_checkpoint(file.name)


def test_an_error_loses_an_epoch_and_after_the_end_nothing_is_left_to_do(few, at_halfway, whole):
    begun = []
    watch = load_keras().callbacks.LambdaCallback(
        on_train_begin=lambda logs: begun.append("training"),
        on_epoch_begin=lambda epoch, logs: begun.append(epoch),
    )
    for _ in range(2):
        network = DNNClassifier(callbacks=[watch], **DENSE)
        assert_same(network.fit(*few, checkpoint=at_halfway, resume=True), whole)
    assert begun == ["training", 2, 3]


def test_a_seed_that_the_system_drew_is_in_the_file(few, path, files):
    make = functools.partial(DNNClassifier, **{**DENSE, "random_state": None})
    whole = assert_each_file_leads_there(make, files, few, path)
    path.unlink()
    assert make().fit(*few, checkpoint=path, resume=True)._seed_ != whole._seed_


def test_a_warm_start_goes_on(few, path, files):
    first = pickle.dumps(DNNClassifier(**{**DENSE, "warm_start": True}).fit(*few))
    again = assert_each_file_leads_there(lambda: pickle.loads(first), files, few, path)
    assert again.n_epochs_ == 8
    # The optimizer's state too, for what follows.
    resumed = pickle.loads(first).fit(*few, checkpoint=path, resume=True)
    assert_same(resumed.fit(*few), again.fit(*few))
    with pytest.raises(ValueError, match=r"initial weights is .* there and .* here"):
        resumed.fit(*few, checkpoint=path, resume=True)


def test_a_rate_that_a_callback_has_set_is_kept(few, path, files):
    class Halve(load_keras().callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.004 / 2**epoch

    def make():
        return DNNClassifier(**DENSE, schedule="constant", callbacks=[Halve()])

    whole = assert_each_file_leads_there(make, files, few, path)
    assert whole.history_["learning_rate"][-1] == pytest.approx(0.001)


def test_epochs_are_printed_with_their_numbers(few, at_halfway, capsys):
    DNNClassifier(verbose=1, **DENSE).fit(*few, checkpoint=at_halfway, resume=True)
    assert [line.split()[2] for line in capsys.readouterr().out.splitlines()] == ["3/4", "4/4"]


def test_a_progress_bar_counts_the_epochs_that_remain(few, at_halfway, whole, capfd):
    network = DNNClassifier(**DENSE).set_callbacks(ProgressBar())
    assert_same(network.fit(*few, checkpoint=at_halfway, resume=True), whole)
    assert "100%" in capfd.readouterr().out
    assert_same(network.fit(*few, checkpoint=at_halfway, resume=True), whole)


def test_ctrl_c_keeps_what_was_learned_before(few, at_halfway, whole):
    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    ctrl_c = load_keras().callbacks.LambdaCallback(on_epoch_begin=interrupt)
    interrupted = DNNClassifier(callbacks=[ctrl_c], **DENSE)
    with pytest.warns(UserWarning, match="interrupted in epoch 3"):
        interrupted.fit(*few, checkpoint=at_halfway, resume=True)
    assert interrupted.history_["loss"] == whole.history_["loss"][:2]
    assert_same(DNNClassifier(**DENSE).fit(*few, checkpoint=at_halfway, resume=True), whole)


SCRIPT = """
import os, signal, sys
from sklearn.datasets import load_digits
from skmnist import Checkpoint, DNNClassifier
from skmnist._utils.backend import load_keras
keras = load_keras()
class Kill(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)
X, y = load_digits(return_X_y=True)
network = DNNClassifier(hidden_units=(8,), dropout=0.3, epochs=4, dtype="float32", random_state=0)
network.set_params(callbacks=[Kill()]).fit(X[:160], y[:160], checkpoint=sys.argv[1], resume=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.beside("-c", SCRIPT, "fit.checkpoint")
def test_a_process_that_was_killed_loses_nothing_but_an_epoch(beside):
    killed = beside("-c", SCRIPT, "fit.checkpoint")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    path = killed.folder / "fit.checkpoint"
    assert [len(phase.history["loss"]) for phase in saver.read_checkpoint(path).phases] == [2]
    X, y = (values[:160] for values in load_digits(return_X_y=True))
    make = functools.partial(DNNClassifier, dropout=0.3, **DENSE)
    assert_same(make().fit(X, y, checkpoint=path, resume=True), make().fit(X, y))


# -- the file -------------------------------------------------------------------------------


def test_without_resume_a_file_is_replaced(few, path, whole):
    DNNClassifier(**{**DENSE, "epochs": 1}).fit(*few, checkpoint=path)
    assert_same(DNNClassifier(**DENSE).fit(*few, checkpoint=path), whole)
    assert saver.read_checkpoint(path).identity["epochs"] == "4"


def test_files_are_written_as_often_as_wanted(few, path, monkeypatch):
    written = []

    def note(file, reached):
        phase = reached.phases[-1]
        written.append((len(phase.history["loss"]), phase.ended))

    monkeypatch.setattr(saver.CheckpointFile, "write", note)
    now = iter(range(0, 10_000, 40))  # an epoch in 40 seconds
    monkeypatch.setattr(saver, "monotonic", lambda: next(now))
    for settings, expected in (
        ({}, [1, 2, 3]),
        ({"every_epochs": 2}, [2]),
        ({"every_minutes": 1}, [2]),
        ({"every_epochs": 3, "every_minutes": 1}, [3]),
        ({"every_minutes": 99}, []),
    ):
        DNNClassifier(**DENSE).fit(*few, checkpoint=Checkpoint(path, **settings))
        assert written == [*((n, False) for n in expected), (4, True)], settings
        written.clear()


def test_a_full_disk_does_not_end_a_fit(few, at_halfway, whole, halfway, monkeypatch):

    def refuse(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(saver, "write", refuse)
    with pytest.warns(UserWarning, match=r"no checkpoint could be written: .*No space left"):
        assert_same(DNNClassifier(**DENSE).fit(*few, checkpoint=at_halfway), whole)
    assert at_halfway.read_bytes() == halfway


def test_where_nothing_can_be_written_is_known_before_the_fit(few, tmp_path):
    for place, error in (
        (tmp_path, IsADirectoryError),
        (tmp_path / "no" / "fit.checkpoint", FileNotFoundError),
    ):
        with pytest.raises(error) as caught:
            DNNClassifier(**DENSE).fit(*few, checkpoint=place)
        assert caught.value.filename == str(place)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_units": (9,)}, r"hidden_units is \(8,\) there and \(9,\) here"),
        ({"epochs": 5}, "epochs is 4 there and 5 here"),
        ({"learning_rate": 0.5}, "learning_rate is .* there and 0.5 here"),
        ({"dropout": 0.1}, "dropout is"),
        ({"loss": "mse"}, "loss is"),
        ({"optimizer": Optimizer("adam", beta_1=0.5)}, "optimizer is"),
        ({"augmentation": "shift"}, "augmentation is None there and Augmentation"),
        ({"random_state": 1}, "seed of random_state is"),
        ({"early_stopping": True}, "n_iter_no_change of early_stopping is None there and 10"),
        ({"class_weight": {3: 2}}, "sample_weight or class_weight is"),
        ({"metrics": ["auc"]}, "metrics is none there and"),
    ],
)
def test_other_settings_are_refused_by_name(change, message, few, at_halfway, halfway):
    with pytest.raises(ValueError, match=f"is of another fit: .*{message}") as caught:
        DNNClassifier(**{**DENSE, **change}).fit(*few, checkpoint=at_halfway, resume=True)
    assert str(at_halfway) in str(caught.value)
    assert "resume=False" in str(caught.value)
    assert at_halfway.read_bytes() == halfway


def test_other_data_are_refused_by_name(few, path):
    X, y = few
    given = {"X_val": X[:20], "y_val": y[:20]}
    DNNClassifier(**{**DENSE, "epochs": 1}).fit(X, y, checkpoint=path, **given)
    one_pixel = X.copy()
    one_pixel[7, 20] += 1
    weights = np.ones(len(X))
    weights[3] = 2
    for other, name in (
        ((one_pixel, y, None, given), "X is"),
        ((X.astype(np.float32), y, None, given), "X is .* uint8 .* there and .* float32"),
        ((X, y[::-1], None, given), "y is"),
        ((X, y, weights, given), "sample_weight or class_weight is"),
        ((X, y, None, {**given, "X_val": one_pixel[:20]}), "X_val is"),
        ((X, y, None, {**given, "y_val": y[20:40]}), "y_val is"),
        ((X, y, None, {}), "X_val is .* there and missing here"),
    ):
        with pytest.raises(ValueError, match=f"is of another fit: (.*; )?{name}"):
            DNNClassifier(**{**DENSE, "epochs": 1}).fit(
                *other[:3], checkpoint=path, resume=True, **other[3]
            )


def test_another_network_or_function_is_refused(few, path):
    KerasClassifier(build, epochs=2, random_state=0).fit(*few, checkpoint=path)

    def wider(n_features_in, n_classes):
        return build(n_features_in, n_classes, width=9)

    for other in (
        KerasClassifier(wider, epochs=2, random_state=0),
        DNNClassifier(**DENSE),
    ):
        with pytest.raises(ValueError, match="is of another fit: network is"):
            other.fit(*few, checkpoint=path, resume=True)


# -- files of others ------------------------------------------------------------------------


@pytest.fixture
def forged(few, at_halfway):
    """Return a function that changes a file, with its checksum, and tries to go on from it."""
    path = at_halfway

    def change(how):
        with safe_open(path, framework="np") as file:
            content = json.loads(file.metadata()[NAME])
        tensors = load_file(path)
        how(content, tensors)
        content.pop("sha256", None)
        content["sha256"] = digest(sorted(tensors.items()), json.dumps(content))
        save_file(tensors, path, {NAME: json.dumps(content)})
        return DNNClassifier(**DENSE).fit(*few, checkpoint=path, resume=True)

    return change


def _set(**parts):
    return lambda content, tensors: content.update(parts)


def _tensor(name, value):
    return lambda content, tensors: tensors.update({name: value})


def _without(name):
    return lambda content, tensors: tensors.pop(name)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (_set(format_version=2), "a later version needs a newer skmnist"),
        (_set(code="import os"), "its JSON has"),
        (_set(seed=-1), "seed is -1"),
        (_set(seed=True), "seed is True"),
        (_set(dtype="auto"), "dtype is 'auto'"),
        (_set(identity={"epochs": 4}), "identity is"),
        (_set(phases=[]), "expected phases"),
        (_set(phases=[{"ended": 1, "curves": ["loss"]}]), "phases is"),
        (_set(phases=[{"ended": False, "curves": ["loss"] * 3}]), "phases is"),
        (_set(phases=[{"ended": False, "curves": ["a", "b", "c"]}]), "its history isn't"),
        (_set(phases=[{"ended": False, "curves": ["loss", "b", "c"]}]), "its history lacks"),
        (_tensor("0/history/1", np.zeros(3)), "its history isn't"),
        (_tensor("0/history/1", np.zeros(2, np.float32)), "its history isn't"),
        (_tensor("0/latest/network/0", np.zeros((64, 9), np.float32)), "are not the network's"),
        (_tensor("0/latest/network/0", np.zeros((64, 8))), "are not the network's"),
        (_tensor("0/latest/optimizer/1", np.zeros(2, np.float32)), "are not the optimizer's"),
        (_tensor("0/best/network/0", np.zeros((64, 8), np.float32)), "are not the network's"),
        (_tensor("0/latest/network/0", np.full((64, 8), np.nan, np.float32)), "that are NaN"),
        (_tensor("9/latest/network/0", np.zeros(1)), "unknown tensors"),
        (_tensor("os.system", np.zeros(1)), "unknown tensors"),
        (_without("0/latest/network/0"), "unknown tensors"),
        (_without("0/history/2"), "its history isn't"),
    ],
)
def test_a_forged_file_is_refused(forged, how, message):
    with pytest.raises(ValueError, match=f"can't be resumed from: .*{message}"):
        forged(how)


def test_an_unchanged_file_is_taken(forged):
    assert forged(lambda content, tensors: None).n_epochs_ == 4


def test_more_epochs_than_planned_are_refused(forged):
    def lengthen(content, tensors):
        tensors.update({f"0/history/{i}": np.ones(9) for i in range(3)})

    with pytest.raises(ValueError, match="it has 9 epochs; expected 1 to 4"):
        forged(lengthen)


def test_a_file_that_is_no_checkpoint_is_not_replaced(few, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("important")
    with pytest.raises(ValueError, match="isn't a checkpoint, and would be replaced"):
        DNNClassifier(**DENSE).fit(*few, checkpoint=path)
    assert path.read_text() == "important"


def test_damage_anywhere_is_noticed(few, path, halfway):
    n = len(halfway)
    damaged = [halfway[:kept] for kept in (0, 5, 100, n // 2, n - 1)]
    damaged += [b"no checkpoint", pickle.dumps({"a": 1}), halfway + b"x"]
    for place in np.linspace(8, n - 1, 12).astype(int):
        flipped = bytearray(halfway)
        flipped[place] ^= 4
        damaged.append(bytes(flipped))
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"fit\.checkpoint.* can't be resumed from"):
            DNNClassifier(**DENSE).fit(*few, checkpoint=path, resume=True)


def test_a_model_is_no_checkpoint(few, at_halfway, whole):
    with pytest.raises(ValueError, match="can't be loaded as an estimator"):
        load(at_halfway)
    save(whole, at_halfway)
    with pytest.raises(ValueError, match="it isn't a checkpoint that fit has written"):
        DNNClassifier(**DENSE).fit(*few, checkpoint=at_halfway, resume=True)


# -- arguments ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"resume": True}, ValueError, "resume=True, but checkpoint is None"),
        ({"checkpoint": "a", "resume": "yes"}, TypeError, "resume='yes'; expected True or False"),
        ({"checkpoint": 3}, TypeError, "checkpoint=3; expected the path of a file"),
        ({"checkpoint": ""}, TypeError, "checkpoint=''; expected the path of a file"),
    ],
)
def test_arguments_that_are_none_are_refused(few, arguments, error, message):
    with pytest.raises(error, match=message):
        DNNClassifier(**DENSE).fit(*few, **arguments)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"path": 3}, TypeError, "path=3; expected the path"),
        ({"path": ""}, TypeError, "path=''; expected the path"),
        ({"path": "a", "every_epochs": 0}, ValueError, "every_epochs=0; expected a whole number"),
        ({"path": "a", "every_epochs": 1.5}, ValueError, "every_epochs=1.5; expected a whole"),
        ({"path": "a", "every_epochs": True}, ValueError, "every_epochs=True; expected a whole"),
        ({"path": "a", "every_minutes": 0}, ValueError, "every_minutes=0; expected a number over"),
        ({"path": "a", "every_minutes": "1"}, ValueError, "every_minutes='1'; expected a number"),
        ({"path": "a", "every_minutes": float("nan")}, ValueError, "every_minutes=nan; expected"),
    ],
)
def test_settings_of_a_checkpoint_are_checked(settings, error, message):
    with pytest.raises(error, match=f"Checkpoint: {message}"):
        Checkpoint(**settings)


def test_a_checkpoint_is_a_value():
    checkpoint = Checkpoint("a", every_epochs=2)
    assert checkpoint == Checkpoint("a", 2)
    assert repr(checkpoint) == "Checkpoint(path='a', every_epochs=2)"
    assert checkpoint.set_params(every_minutes=5).every_minutes == 5


def test_the_last_step_of_a_pipeline_goes_on(few, at_halfway, whole):
    pipeline = make_pipeline(FunctionTransformer(), DNNClassifier(**DENSE))
    given = {"dnnclassifier__checkpoint": at_halfway, "dnnclassifier__resume": True}
    assert_same(pipeline.fit(*few, **given)[-1], whole)
    with sklearn.config_context(enable_metadata_routing=True):
        network = DNNClassifier(**DENSE).set_fit_request(checkpoint=True, resume=True)
        routed = make_pipeline(FunctionTransformer(), network)
        assert_same(routed.fit(*few, checkpoint=at_halfway, resume=True)[-1], whole)


def test_a_committee_refuses_a_checkpoint_and_says_what_has_one(few, path):
    committee = CommitteeClassifier(DNNClassifier(**DENSE), n_estimators=2)
    with pytest.raises(
        TypeError, match=r"'checkpoint'\. Only fits of networks have .*FrozenEstimator"
    ):
        committee.fit(*few, checkpoint=path)


def test_without_a_checkpoint_nothing_is_described_or_written(few, monkeypatch):
    monkeypatch.setattr(saver, "write", None)
    monkeypatch.setattr("skmnist.training._loop.identity_of", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DNNClassifier(**DENSE).fit(*few)


def test_a_fit_in_a_loop_that_has_gone_on_elsewhere_begins_with_its_own_weights(few, whole):
    going_on = pickle.dumps(DNNClassifier(warm_start=True, **DENSE).fit(*few))
    clear_caches()
    pickle.loads(going_on).fit(*few)
    assert_same(DNNClassifier(**DENSE).fit(*few), whole)
