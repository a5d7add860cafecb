"""Keras's callbacks, every one that Keras exports, in a fit, a search, a Pipeline and a pickle."""

import inspect
import io
import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmnist import CommitteeClassifier, DNNClassifier, PretrainedClassifier
from skmnist._utils.backend import load_keras
from skmnist.persistence import load, save

keras = load_keras()
CALLBACKS = keras.callbacks

# Keras 3.15's variables don't know NumPy's newest way to ask for an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def few(digits):
    X, _, y, _ = digits
    return X[:200], y[:200]


def dnn(*callbacks, **settings):
    settings = {"hidden_units": (16,), "epochs": 3, "dtype": "float32", **settings}
    return DNNClassifier(callbacks=list(callbacks), random_state=0, **settings)


class Losses(CALLBACKS.Callback):
    """Records the loss of each epoch, and never forgets."""

    def __init__(self):
        super().__init__()
        self.losses = []

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])


# -- the rule ----------------------------------------------------------------------------------


def test_a_callback_runs_itself_and_holds_what_it_recorded(few):
    losses = Losses()
    classifier = dnn(losses).fit(*few)
    assert losses.losses == classifier.history_["loss"]
    assert classifier.callbacks_ == [losses] == classifier.callbacks
    assert classifier.callbacks_[0] is losses


def test_a_clone_gets_copies_of_callbacks_and_leaves_the_given_ones_alone(few):
    losses = Losses()
    classifier = dnn(losses)
    other = clone(classifier).fit(*few)
    assert losses.losses == []
    assert other.callbacks_[0] is other.callbacks[0] is not losses
    assert other.callbacks_[0].losses == other.history_["loss"]
    assert not hasattr(clone(other), "callbacks_")


def test_a_second_fit_resets_what_keras_resets(few):
    stopping = CALLBACKS.EarlyStopping("loss", patience=1, min_delta=99.0)
    classifier = dnn(stopping, epochs=5)
    for _ in range(2):
        assert classifier.fit(*few).n_epochs_ == 2
        assert stopping.stopped_epoch == 1


@pytest.mark.parametrize("callbacks", [None, (), [], (Losses(),)])
def test_clones_keep_the_container_of_callbacks(callbacks):
    cloned = clone(DNNClassifier(callbacks=callbacks))
    assert type(cloned.callbacks) is type(callbacks)
    assert len(cloned.callbacks or ()) == len(callbacks or ())


def test_a_clone_keeps_metadata_requests_and_scikit_learns_callbacks():
    from sklearn import config_context
    from sklearn.callback import ProgressBar

    bar = ProgressBar()
    with config_context(enable_metadata_routing=True):
        classifier = dnn().set_fit_request(sample_weight=True).set_callbacks(bar)
        cloned = clone(classifier)
        assert cloned.get_metadata_routing().fit.requests["sample_weight"] is True
    assert cloned._skl_callbacks == [bar]


def test_copies_share_what_there_must_be_one_of_and_copy_what_was_recorded():
    class Held(Losses):
        def __init__(self):
            super().__init__()
            self.file, self.closed = io.StringIO(), io.StringIO()
            self.closed.close()
            self.nested = {"a": [1, np.zeros(2)], "self": self}
            self.inner = Losses()
            self.method = self.on_epoch_end

    held = Held()
    held.set_model(keras.Sequential())
    copied = clone(dnn(held)).callbacks[0]
    assert type(copied) is Held
    assert copied.file is held.file
    assert copied.closed is None
    assert copied._model is None
    assert copied.nested["self"] is copied
    assert copied.nested["a"] is not held.nested["a"]
    assert copied.nested["a"][1] is not held.nested["a"][1]
    assert copied.inner is not held.inner
    assert copied.inner.losses is not held.inner.losses
    assert copied.method.__self__ is copied
    assert held.model is not None


def test_a_pickle_has_the_callbacks_as_they_were_given_and_not_those_that_ran(few):
    losses = Losses()
    classifier = dnn(losses).fit(*few)
    back = pickle.loads(pickle.dumps(classifier))
    assert not hasattr(back, "callbacks_")
    assert back.callbacks[0].losses == []
    assert back.callbacks[0].model is None
    assert losses.model is not None
    assert np.array_equal(back.predict(few[0]), classifier.predict(few[0]))


def test_a_file_has_no_callbacks(few, tmp_path):
    classifier = dnn().fit(*few)
    save(classifier, tmp_path / "dnn.safetensors")
    assert not hasattr(load(tmp_path / "dnn.safetensors"), "callbacks_")
    assert dnn().fit(*few).callbacks_ == []


def test_each_member_of_a_committee_has_its_own(few):
    losses = Losses()
    committee = CommitteeClassifier(
        estimators=dnn(losses, epochs=1), n_estimators=2, random_state=0
    )
    members = committee.fit(*few).estimators_
    assert losses.losses == []
    assert [len(member.callbacks_[0].losses) for member in members] == [1, 1]


# -- what they see -----------------------------------------------------------------------------


def test_params_have_the_epochs_the_steps_and_verbose(few):
    class Params(CALLBACKS.Callback):
        def on_train_begin(self, logs=None):
            self.seen = dict(self.params)

    callback = Params()
    dnn(callback, batch_size=64).fit(*few)
    assert callback.seen == {"epochs": 3, "steps": 4, "verbose": 1}


@pytest.mark.parametrize(
    "settings", [{"output_activation": "sigmoid"}, {"label_smoothing": 0.1}, {"loss": "huber"}]
)
@pytest.mark.parametrize("n_classes", [2, 10])
def test_a_callback_evaluates_the_network_on_class_numbers(few, n_classes, settings):
    X, y = few
    X, y = X[y < n_classes], y[y < n_classes]
    pixel_scale = X.max()

    class Evaluate(CALLBACKS.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.seen = self.model.evaluate(X.reshape(-1, 8, 8, 1) / pixel_scale, y, verbose=0)

    callback = Evaluate()
    classifier = dnn(callback, **settings).fit(X, y, X_val=X, y_val=y)
    loss, accuracy = callback.seen
    assert loss == pytest.approx(classifier.history_["val_loss"][-1], rel=1e-4)
    assert accuracy == pytest.approx(classifier.history_["val_accuracy"][-1])


def test_what_a_callback_adds_to_the_logs_is_in_the_history(few, tmp_path):
    class Adds(CALLBACKS.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["halves"] = np.float32(epoch / 2)
            logs["note"] = "no number"
            if epoch == 2:
                logs["late"] = 5

    classifier = dnn(Adds()).fit(*few)
    assert classifier.history_["halves"] == [0, 0.5, 1]
    np.testing.assert_array_equal(classifier.history_["late"], [np.nan, np.nan, 5])
    assert "note" not in classifier.history_
    classifier.set_params(callbacks=None)
    save(classifier, tmp_path / "dnn.safetensors")
    assert load(tmp_path / "dnn.safetensors").history_["halves"] == [0, 0.5, 1]


# -- the learning rate -------------------------------------------------------------------------


def half(epoch, rate):
    return float(rate * 0.5)


PLATEAU = {"monitor": "loss", "factor": 0.5, "patience": 1, "min_delta": 9.0}


class SetsTheRate(CALLBACKS.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = 0.001 * (1 + batch)


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        (CALLBACKS.LearningRateScheduler(half), [0.005, 0.0025, 0.00125]),
        (CALLBACKS.ReduceLROnPlateau(**PLATEAU), [0.01, 0.01, 0.005]),
        (SetsTheRate(), [0.004, 0.004, 0.004]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_callbacks_set_the_rate_of_a_constant_schedule(callback, expected, few):
    settings = {"schedule": "constant", "learning_rate": 0.01, "batch_size": 64}
    classifier = dnn(callback, **settings).fit(*few)
    assert classifier.history_["learning_rate"] == pytest.approx(expected)
    plain = dnn(**settings).fit(*few)
    assert not np.array_equal(classifier.predict_proba(few[0]), plain.predict_proba(few[0]))


@pytest.mark.parametrize(
    "callback",
    [
        CALLBACKS.LearningRateScheduler(half),
        CALLBACKS.ReduceLROnPlateau(monitor="loss"),
        SetsTheRate(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_beside_another_schedule_they_are_refused(callback, few):
    message = f"{type(callback).__name__}, which sets the learning rate.*schedule='constant'"
    with pytest.raises(ValueError, match=message):
        dnn(callback, schedule="one_cycle").fit(*few)


# -- every one that Keras exports --------------------------------------------------------------


def made(name, folder):
    """A callback of each kind, or the exception that Keras itself raises."""
    arguments = {
        "CSVLogger": (folder / "log.csv",),
        "EarlyStopping": ("loss",),
        "LambdaCallback": (),
        "LearningRateScheduler": (half,),
        "ModelCheckpoint": (folder / "{epoch}.keras", "loss"),
        "ReduceLROnPlateau": ("loss",),
        "RemoteMonitor": ("http://127.0.0.1:9",),
        "BackupAndRestore": (folder / "backup",),
        "OrbaxCheckpoint": (folder / "orbax",),
        "TensorBoard": (folder / "board",),
    }
    if name == "TensorBoard":
        pytest.importorskip("tensorboard")
    try:
        return getattr(CALLBACKS, name)(*arguments.get(name, ()))
    except ImportError as error:
        pytest.skip(f"Keras itself lacks a package for it: {error}")


REFUSED = {"BackupAndRestore", "SwapEMAWeights"}
EXPORTED = sorted(
    name
    for name, kind in vars(CALLBACKS).items()
    if inspect.isclass(kind) and name not in {"Callback", "CallbackList"}
)


@pytest.fixture(params=[name for name in EXPORTED if name not in REFUSED])
def callback(request, tmp_path):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Could not reach RemoteMonitor", UserWarning)
        yield made(request.param, tmp_path)


def test_the_list_is_that_of_keras():
    assert {"CSVLogger", "EarlyStopping", "History", "ProgbarLogger", "TensorBoard"} < set(EXPORTED)
    assert set(EXPORTED) > REFUSED


def test_every_callback_of_keras_runs_twice_and_changes_no_bit(callback, few):
    plain = dnn(schedule="constant", epochs=2).fit(*few).predict_proba(few[0])
    classifier = dnn(callback, schedule="constant", epochs=2)
    changes = isinstance(callback, CALLBACKS.LearningRateScheduler)
    for _ in range(2):
        assert np.array_equal(classifier.fit(*few).predict_proba(few[0]), plain) is not changes
        assert classifier.n_epochs_ == 2
        assert clone(classifier).fit(*few).n_epochs_ == 2


def test_every_callback_of_keras_runs_in_a_search_in_a_pipeline(callback, few):
    pipeline = make_pipeline(FunctionTransformer(), dnn(callback, schedule="constant", epochs=1))
    search = GridSearchCV(pipeline, {"dnnclassifier__epochs": [1, 2]}, cv=2, error_score="raise")
    search.fit(*few)
    best = search.best_estimator_[-1]
    assert len(best.history_["loss"]) == best.n_epochs_ == best.epochs
    assert type(best.callbacks_[0]) is type(callback)


def test_every_callback_of_keras_is_pickled_with_a_fitted_classifier(callback, few):
    if isinstance(callback, CALLBACKS.LambdaCallback | CALLBACKS.TensorBoard):
        pytest.skip("it holds functions that no pickle takes, fitted or not")
    classifier = dnn(callback, schedule="constant", epochs=1).fit(*few)
    back = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(back.predict(few[0]), classifier.predict(few[0]))
    assert back.fit(*few).n_epochs_ == 1


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_makes_no_sense_here_is_refused(name, few, tmp_path):
    with pytest.raises(ValueError, match=f"callbacks holds a {name}, which .*\\."):
        dnn(made(name, tmp_path)).fit(*few)


def test_the_progress_bar_of_keras_counts_steps_and_epochs(few, capsys):
    dnn(CALLBACKS.ProgbarLogger(), batch_size=64).fit(*few)
    out = capsys.readouterr().out
    assert "Epoch 3/3" in out
    assert "4/4" in out
    assert "accuracy" in out


def test_history_and_csv_have_the_numbers_of_the_classifier(few, tmp_path):
    history = CALLBACKS.History()
    csv = CALLBACKS.CSVLogger(tmp_path / "log.csv")
    classifier = dnn(history, csv).fit(*few)
    assert history.history == classifier.history_
    assert history.epoch == [0, 1, 2]
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0].startswith("epoch,accuracy,learning_rate,loss,")  # and Keras's empty ones
    assert len(lines) == 4


def test_a_saved_checkpoint_is_loaded_by_keras_alone(few, tmp_path):
    checkpoint = CALLBACKS.ModelCheckpoint(tmp_path / "{epoch}.keras", "loss")
    classifier = dnn(checkpoint).fit(*few)
    network = keras.models.load_model(tmp_path / "3.keras")
    outputs = network.predict(few[0].reshape(-1, 8, 8, 1) / 16, verbose=0)
    np.testing.assert_allclose(outputs, classifier.predict_proba(few[0]), atol=1e-5)


def test_both_phases_of_a_pretrained_classifier_are_seen(few):
    losses = Losses()
    classifier = PretrainedClassifier(
        "MobileNet",
        weights=None,
        backbone_settings={"alpha": 0.25},
        last_layer="conv1_relu",
        hidden_units=(8,),
        epochs=1,
        fine_tune_epochs=1,
        callbacks=[losses],
        random_state=0,
    ).fit(*few)
    expected = classifier.history_["loss"] + classifier.fine_tune_history_["loss"]
    assert losses.losses == expected


# -- others' -----------------------------------------------------------------------------------


def test_a_progress_bar_of_tqdm_runs_in_a_fit_and_in_a_search(few):
    tqdm = pytest.importorskip("tqdm.keras")
    screen = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        bar = tqdm.TqdmCallback(verbose=0, file=screen)
    dnn(bar).fit(*few)
    assert "3/3" in screen.getvalue()
    search = GridSearchCV(dnn(bar), {"epochs": [1, 2]}, cv=2, error_score="raise").fit(*few)
    assert search.best_estimator_.n_epochs_ == search.best_params_["epochs"]


def prune(make_callback, few, with_search=False):
    """Run two trials, of which the second is worse from the beginning."""
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial):
        rate = [0.01, 1e-7][trial.number]
        classifier = dnn(
            make_callback(optuna, trial), schedule="constant", learning_rate=rate, epochs=4
        )
        if with_search:
            return cross_val_score(classifier, *few, cv=2, error_score="raise").mean()
        return classifier.fit(*few).history_["accuracy"][-1]

    pruner = optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=0)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    study.optimize(objective, n_trials=2)
    return [(trial.state.name, len(trial.intermediate_values)) for trial in study.trials]


def own_pruning(optuna, trial):
    class Prune(CALLBACKS.Callback):
        def __init__(self, trial):
            super().__init__()
            self.trial = trial

        def on_epoch_end(self, epoch, logs=None):
            self.trial.report(logs["accuracy"], epoch)
            if self.trial.should_prune():
                raise optuna.TrialPruned

    return Prune(trial)


def integrated_pruning(optuna, trial):
    integration = pytest.importorskip("optuna_integration.keras")
    return integration.KerasPruningCallback(trial, "accuracy")


@pytest.mark.parametrize("make_callback", [own_pruning, integrated_pruning])
def test_optuna_prunes_a_trial_of_a_study_in_memory(make_callback, few):
    assert prune(make_callback, few) == [("COMPLETE", 4), ("PRUNED", 1)]


@pytest.mark.filterwarnings("ignore:The reported value is ignored:UserWarning")
def test_optuna_prunes_a_cross_validation_within_a_trial(few):
    assert prune(own_pruning, few, with_search=True) == [("COMPLETE", 4), ("PRUNED", 1)]


@pytest.mark.parametrize("make", [clone, lambda c: pickle.loads(pickle.dumps(c))])
def test_what_is_made_of_a_fitted_classifier_has_nothing_recorded(few, make):
    fitted = dnn(Losses(), epochs=3).fit(*few)
    again = make(fitted).fit(*few)
    assert len(fitted.callbacks[0].losses) == len(again.callbacks_[0].losses) == 3


@pytest.mark.parametrize("monitor", ["val_accuracy", "accuracy", "val_loss", "loss"])
def test_early_stopping_and_checkpoints_know_which_way_a_metric_improves(few, monitor, tmp_path):
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.keras", monitor=monitor, save_best_only=True
    )
    stop = keras.callbacks.EarlyStopping(monitor, patience=1)
    dnn(stop, best, validation_fraction=0.2, epochs=3).fit(*few)
    assert stop.monitor_op is not None
    assert (tmp_path / "best.keras").exists()
