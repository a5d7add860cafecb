"""Keras's callbacks and others', around a network of the user's own."""

import csv
import io
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, scale

from skmnist import KerasClassifier, KerasRegressor
from skmnist._utils.backend import load_keras
from skmnist.training._contract import TrainingDivergedError

keras = load_keras()
CALLBACKS = keras.callbacks

# Keras 3.15's variables don't know NumPy's newest way to ask for an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def few(digits):
    X, _, y, _ = digits
    return (X[:200] / 16).astype("float32"), y[:200]


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X[:200]).astype("float32"), scale(y[:200])


def build(n_features_in, n_classes, hidden=8):
    return keras.Sequential(
        [
            keras.Input((n_features_in,), name="pixels"),
            keras.layers.Dense(hidden, activation="relu", name="hidden"),
            keras.layers.Dense(n_classes, activation="softmax", name="digit"),
        ],
        name="mine",
    )


def build_regressor(n_features_in, n_outputs):
    return keras.Sequential([keras.Input((n_features_in,)), keras.layers.Dense(n_outputs)])


def classifier(*callbacks, **settings):
    settings = {"epochs": 3, "validation_fraction": 0.25, **settings}
    return KerasClassifier(build, callbacks=list(callbacks), random_state=0, **settings)


def half(epoch, rate):
    return float(rate * 0.5)


# -- the network that they see -----------------------------------------------------------------


class Look(CALLBACKS.Callback):
    """Uses the network in all ways, in each epoch."""

    def __init__(self, X, y):
        super().__init__()
        self.X, self.y = X, y
        self.layers, self.results, self.outputs = [], [], None

    def on_epoch_end(self, epoch, logs=None):
        self.layers = [layer.name for layer in self.model.layers]
        self.results.append(self.model.evaluate(self.X, self.y, verbose=0, return_dict=True))
        self.outputs = self.model.predict(self.X, verbose=0)


def test_the_model_of_a_callback_is_the_users_own_network(few):
    look = Look(*few)
    fitted = classifier(look).fit(*few)
    assert look.model.name == "mine"
    assert look.layers == ["hidden", "digit"]
    assert look.model.get_layer("hidden").units == 8
    assert look.model.input_shape == (None, 64)
    np.testing.assert_allclose(look.outputs, fitted.predict_proba(few[0]), atol=1e-6)


@pytest.mark.parametrize("one_hot", [False, True])
def test_it_evaluates_what_the_history_has_with_all_metrics(few, one_hot):
    X, y = few
    look = Look(X, np.eye(10)[y] if one_hot else y)
    metrics = ["mae", keras.metrics.SparseTopKCategoricalAccuracy(3, name="top_3")]
    fitted = classifier(look, metrics=metrics, validation_fraction=None)
    fitted.fit(X, y, X_val=X, y_val=y)
    assert len(look.results) == 3
    for epoch, results in enumerate(look.results):
        assert set(results) == {"loss", "accuracy", "mae", "top_3"}
        for name, value in results.items():
            assert value == pytest.approx(fitted.history_[f"val_{name}"][epoch], rel=1e-4), name


def test_a_regressors_network_is_evaluated_on_numbers(diabetes):
    look = Look(*diabetes)
    fitted = KerasRegressor(
        build_regressor,
        epochs=2,
        learning_rate=0.1,
        metrics=["mae"],
        callbacks=[look],
        random_state=0,
    )
    fitted.fit(*diabetes, X_val=diabetes[0], y_val=diabetes[1])
    for name, value in look.results[-1].items():
        assert value == pytest.approx(fitted.history_[f"val_{name}"][-1], rel=1e-4), name
    np.testing.assert_allclose(look.outputs[:, 0], fitted.predict(diabetes[0]), atol=1e-5)


def test_a_network_of_several_inputs_is_evaluated_with_its_inputs(few):
    X, y = few
    inputs = {"top": X[:, :32], "bottom": X[:, 32:]}

    def build_two(n_classes):
        top, bottom = (keras.Input((32,), name=name) for name in inputs)
        joined = keras.layers.Concatenate()([top, bottom])
        return keras.Model(
            {"top": top, "bottom": bottom},
            keras.layers.Dense(n_classes, activation="softmax")(joined),
        )

    look = Look(inputs, y)
    fitted = KerasClassifier(build_two, epochs=1, callbacks=[look], random_state=0).fit(inputs, y)
    np.testing.assert_allclose(look.outputs, fitted.predict_proba(inputs), atol=1e-6)


def test_labels_of_several_columns_are_evaluated(few):
    X, y = few
    labels = np.column_stack([y % 2, y > 4, y == 3]).astype(int)

    def build_labels(n_outputs):
        return keras.Sequential(
            [keras.Input((64,)), keras.layers.Dense(n_outputs, activation="sigmoid")]
        )

    look = Look(X, labels)
    fitted = KerasClassifier(build_labels, epochs=1, callbacks=[look], random_state=0)
    fitted.fit(X, labels, X_val=X, y_val=labels)
    for name, value in look.results[-1].items():
        assert value == pytest.approx(fitted.history_[f"val_{name}"][-1], rel=1e-4), name


def test_a_callback_may_set_weights_and_stop(few):
    class Zeros(CALLBACKS.Callback):
        def on_epoch_end(self, epoch, logs=None):
            for variable in self.model.get_layer("digit").trainable_variables:
                variable.assign(keras.ops.zeros_like(variable))
            self.model.stop_training = True

    fitted = classifier(Zeros()).fit(*few)
    assert fitted.n_epochs_ == 1
    np.testing.assert_allclose(fitted.predict_proba(few[0]), 0.1)


def test_batch_hooks_see_the_weights_change(few):
    class Seen(CALLBACKS.Callback):
        def __init__(self):
            super().__init__()
            self.sums = []

        def on_train_batch_end(self, batch, logs=None):
            kernel = keras.ops.convert_to_numpy(self.model.get_layer("digit").kernel)
            self.sums.append(float(np.abs(kernel).sum()))

    seen = Seen()
    classifier(seen, epochs=1, batch_size=50, validation_fraction=None).fit(*few)
    assert len(set(seen.sums)) == len(seen.sums) == 4


# -- one by one --------------------------------------------------------------------------------


def test_the_best_network_is_saved_whole_and_loaded_by_keras_alone(few, tmp_path):
    path = tmp_path / "best.keras"
    fitted = classifier(
        CALLBACKS.ModelCheckpoint(path, monitor="val_loss", save_best_only=True), epochs=4
    )
    losses = fitted.fit(*few, X_val=None).history_["val_loss"]
    assert losses.index(min(losses)) == 3
    network = keras.models.load_model(path)
    assert [layer.name for layer in network.layers] == ["hidden", "digit"]
    outputs = network.predict(few[0], verbose=0)
    np.testing.assert_allclose(outputs, fitted.predict_proba(few[0]), atol=1e-6)


def test_only_an_improvement_is_saved(few, tmp_path):
    checkpoint = CALLBACKS.ModelCheckpoint(
        tmp_path / "{epoch}.keras", monitor="accuracy", mode="min", save_best_only=True
    )
    fitted = classifier(checkpoint, learning_rate=0.01).fit(*few)
    accuracies = fitted.history_["accuracy"]
    lower = [i for i in range(3) if accuracies[i] < min(accuracies[:i], default=2)]
    assert [path.name for path in sorted(tmp_path.iterdir())] == [f"{i + 1}.keras" for i in lower]


def test_saved_weights_are_loaded_into_the_users_network(few, tmp_path):
    path = tmp_path / "{epoch:02d}.weights.h5"
    checkpoint = CALLBACKS.ModelCheckpoint(path, save_weights_only=True)
    fitted = classifier(checkpoint).fit(*few)
    network = build(64, 10)
    network.load_weights(tmp_path / "03.weights.h5")
    outputs = network.predict(few[0], verbose=0)
    np.testing.assert_allclose(outputs, fitted.predict_proba(few[0]), atol=1e-6)


def test_csv_and_history_have_the_numbers_of_the_estimator(few, tmp_path):
    history = CALLBACKS.History()
    log = CALLBACKS.CSVLogger(tmp_path / "log.csv")
    fitted = classifier(history, log, metrics=["mae"]).fit(*few)
    assert history.history == fitted.history_
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    for name in ("loss", "accuracy", "mae", "val_loss", "val_accuracy", "val_mae"):
        assert [float(row[name]) for row in rows] == pytest.approx(fitted.history_[name]), name


def test_early_stopping_restores_the_weights_of_the_best_epoch(few):
    class Spoils(CALLBACKS.Callback):
        """Makes every epoch after the second one worse: it goes uphill."""

        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.01 if epoch < 2 else -0.003

    stopping = CALLBACKS.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    fitted = classifier(Spoils(), stopping, epochs=9).fit(*few)
    two_epochs = classifier(Spoils(), epochs=2).fit(*few)
    assert fitted.n_epochs_ == 4
    assert stopping.best_epoch == 1
    np.testing.assert_array_equal(fitted.predict_proba(few[0]), two_epochs.predict_proba(few[0]))


def test_early_stopping_knows_which_way_every_metric_improves(few):
    metrics = ["mae", keras.metrics.AUC(name="area")]
    callbacks = [
        CALLBACKS.EarlyStopping(name, patience=1) for name in ("val_mae", "val_area", "accuracy")
    ]
    classifier(*callbacks, metrics=metrics, epochs=1).fit(*few)
    less, greater = keras.ops.less, keras.ops.greater
    assert [callback.monitor_op for callback in callbacks] == [less, greater, greater]


def test_callbacks_set_the_learning_rate(few):
    plateau = CALLBACKS.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=9.0)
    for callback, expected in (
        (CALLBACKS.LearningRateScheduler(half), [0.005, 0.0025, 0.00125]),
        (plateau, [0.01, 0.01, 0.005]),
    ):
        fitted = classifier(callback, learning_rate=0.01).fit(*few)
        assert fitted.history_["learning_rate"] == pytest.approx(expected)
    with pytest.raises(ValueError, match="ReduceLROnPlateau, which sets the learning rate"):
        classifier(plateau, learning_rate=0.01, schedule="cosine").fit(*few)


def test_they_set_the_rate_of_the_optimizer_that_the_function_compiled(few):
    def compiled():
        network = build(64, 10)
        network.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        return network

    scheduler = CALLBACKS.LearningRateScheduler(half)
    fitted = KerasClassifier(compiled, epochs=2, callbacks=[scheduler]).fit(*few)
    assert fitted.history_["learning_rate"] == pytest.approx([0.05, 0.025])
    assert isinstance(scheduler.model.optimizer, keras.optimizers.SGD)


def test_a_nan_ends_the_training_with_an_error(few):
    nan = CALLBACKS.TerminateOnNaN()
    with pytest.raises(TrainingDivergedError, match="Training diverged"):
        classifier(nan, optimizer="sgd", learning_rate=1e30, loss="mse").fit(*few)


def test_functions_are_called_by_a_lambda_callback(few):
    seen = []
    callback = CALLBACKS.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append((epoch, logs["val_accuracy"]))
    )
    fitted = classifier(callback).fit(*few)
    assert seen == list(enumerate(fitted.history_["val_accuracy"]))


def test_tensorboard_has_a_log_of_the_training(few, tmp_path):
    pytest.importorskip("tensorboard")
    classifier(CALLBACKS.TensorBoard(tmp_path, histogram_freq=1)).fit(*few)
    assert {path.name for path in tmp_path.iterdir()} >= {"train", "validation"}


def test_what_resumes_a_fit_of_keras_is_refused_with_the_way_out(few, tmp_path):
    backup = CALLBACKS.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(ValueError, match=r"BackupAndRestore, which .* resume=True"):
        classifier(backup).fit(*few)


def progress_bar(screen=None):
    tqdm = pytest.importorskip("tqdm.keras")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        return tqdm.TqdmCallback(verbose=0, file=screen or io.StringIO())


def test_a_progress_bar_of_tqdm_counts_the_epochs(few):
    screen = io.StringIO()
    classifier(progress_bar(screen)).fit(*few)
    assert "3/3" in screen.getvalue()
    assert "val_accuracy" in screen.getvalue()


# -- in a search in a Pipeline -----------------------------------------------------------------

MADE = {
    "CSVLogger": lambda folder: CALLBACKS.CSVLogger(folder / "log.csv"),
    "EarlyStopping": lambda folder: CALLBACKS.EarlyStopping("loss", restore_best_weights=True),
    "LambdaCallback": lambda folder: CALLBACKS.LambdaCallback(on_epoch_end=print),
    "LearningRateScheduler": lambda folder: CALLBACKS.LearningRateScheduler(half),
    "ModelCheckpoint": lambda folder: CALLBACKS.ModelCheckpoint(folder / "{epoch}.keras", "loss"),
    "ReduceLROnPlateau": lambda folder: CALLBACKS.ReduceLROnPlateau("loss"),
    "TerminateOnNaN": lambda folder: CALLBACKS.TerminateOnNaN(),
    "TqdmCallback": lambda folder: progress_bar(),
}


@pytest.mark.parametrize("name", MADE)
def test_a_callback_runs_in_a_search_in_a_pipeline(name, few, tmp_path):
    callback = MADE[name](tmp_path)
    pipeline = make_pipeline(MaxAbsScaler(), classifier(callback, validation_fraction=None))
    grid = {"kerasclassifier__epochs": [1, 2], "kerasclassifier__hidden": [8]}
    one_split = ShuffleSplit(1, random_state=0)
    search = GridSearchCV(pipeline, grid, cv=one_split, error_score="raise").fit(*few)
    best = search.best_estimator_[-1]
    assert len(best.history_["loss"]) == best.n_epochs_ == best.epochs
    (ran,) = best.callbacks_
    assert type(ran) is type(callback)
    assert ran is not callback
    assert ran.model.name == "mine"


# -- pruning -----------------------------------------------------------------------------------


def keras_pruning(optuna, estimator, trial):
    integration = pytest.importorskip("optuna_integration.keras")
    return estimator.set_params(callbacks=[integration.KerasPruningCallback(trial, "accuracy")])


def sklearn_pruning(optuna, estimator, trial):
    class Prune:
        """A callback of scikit-learn, which reports each epoch to the trial."""

        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            if context.task_name != "epoch":
                return False
            history = fitted_estimator.history_
            trial.report(history["accuracy"][-1], len(history["accuracy"]))
            if trial.should_prune():
                raise optuna.TrialPruned
            return False

        def teardown(self, estimator, context):
            pass

    return estimator.set_callbacks(Prune())


@pytest.mark.parametrize("prune", [keras_pruning, sklearn_pruning])
@pytest.mark.parametrize("storage", ["memory", "sqlite"])
def test_optuna_prunes_a_trial(prune, storage, few, tmp_path):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial):
        rate = [0.01, 1e-7][trial.number]
        estimator = prune(optuna, classifier(learning_rate=rate, epochs=4), trial)
        return estimator.fit(*few).history_["accuracy"][-1]

    study = optuna.create_study(
        storage=f"sqlite:///{tmp_path}/study.db" if storage == "sqlite" else None,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=0),
    )
    study.optimize(objective, n_trials=2)
    states = [(trial.state.name, len(trial.intermediate_values)) for trial in study.trials]
    assert states == [("COMPLETE", 4), ("PRUNED", 1)]
