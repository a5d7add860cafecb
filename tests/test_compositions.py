"""The classifiers inside scikit-learn's own tools, on scikit-learn's own digits."""

import pickle
import subprocess
import sys
from inspect import signature

import joblib
import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmnist import CNNClassifier, DNNClassifier, LeNetClassifier
from skmnist._utils.backend import load_keras

# A Keras optimizer brings its own rate; the parameter must then keep its default.
DEFAULT_RATE = DNNClassifier().learning_rate
NAMES = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


def dnn(**parameters):
    """A dense network that learns the digits in three short epochs."""
    return DNNClassifier(
        **{
            "hidden_units": (32,),
            "dropout": 0.0,
            "epochs": 3,
            "learning_rate": 0.02,
            "dtype": "float32",
            "random_state": 0,
            **parameters,
        }
    )


def cnn(**parameters):
    return CNNClassifier(
        **{
            "conv_blocks": [{"filters": 8, "padding": "same", "pool": "max"}, 16],
            "epochs": 5,
            "augmentation": None,
            "dtype": "float32",
            "random_state": 0,
            **parameters,
        }
    )


@pytest.fixture(scope="module")
def small(digits):
    """A few hundred training rows."""
    X_train, _, y_train, _ = digits
    return X_train[:400], y_train[:400]


@pytest.fixture(scope="module")
def fitted(digits):
    """One of each kind, fitted on all training digits; no test may change them."""
    X_train, _, y_train, _ = digits
    classifiers = {
        "DNN": dnn(epochs=8),
        "LeNet": LeNetClassifier(epochs=6, learning_rate=0.01, dtype="float32", random_state=0),
        "CNN": cnn(),
    }
    return {kind: c.fit(X_train, y_train) for kind, c in classifiers.items()}


# Keras 3.15's variables don't know NumPy's newest way to ask for an array.
KERAS_ARRAYS = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
KINDS = pytest.mark.parametrize("kind", ["DNN", "LeNet", "CNN"])


# -- as a classifier -------------------------------------------------------------------


@KINDS
def test_a_small_network_recognises_more_than_nine_of_ten_digits(kind, fitted, digits):
    _, X_test, _, y_test = digits
    assert fitted[kind].score(X_test, y_test) > 0.9


@KINDS
def test_it_is_a_classifier_to_scikit_learn(kind, fitted):
    assert is_classifier(fitted[kind])
    assert fitted[kind].__sklearn_tags__().target_tags.required


@KINDS
def test_probabilities_are_one_row_for_each_row_and_sum_to_one(kind, fitted, digits):
    _, X_test, _, _ = digits
    for rows in (X_test[:1], X_test):
        probabilities = fitted[kind].predict_proba(rows)
        assert probabilities.shape == (len(rows), 10)
        assert probabilities.dtype == np.float64
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert np.array_equal(fitted[kind].predict(X_test), probabilities.argmax(axis=1))


@KINDS
def test_predict_takes_any_numeric_dtype_whatever_fit_had(kind, fitted, digits):
    _, X_test, _, _ = digits
    expected = fitted[kind].predict_proba(X_test[:50])
    for dtype in ("float32", "float64", "int64", "float16", ">f4", "uint16"):
        np.testing.assert_allclose(
            fitted[kind].predict_proba(X_test[:50].astype(dtype)), expected, atol=1e-6
        )


def test_the_dtype_of_the_pixels_in_fit_does_not_matter(small):
    X, y = small
    as_bytes = dnn().fit(X, y).predict_proba(X)
    for dtype in ("float64", "float32", "float16", "int8", "uint16", ">i4", "int64", "uint64"):
        assert np.array_equal(dnn().fit(X.astype(dtype), y).predict_proba(X), as_bytes)


@KINDS
def test_every_public_parameter_has_a_plain_name_to_tune(kind, fitted):
    classifier = fitted[kind]
    names = set(signature(type(classifier)).parameters)
    assert names == set(classifier.get_params(deep=False))
    assert names == set(classifier._parameter_constraints)
    for name, value in classifier.get_params(deep=False).items():
        assert clone(classifier).set_params(**{name: value}).get_params()[name] is value


def test_string_labels_come_back_as_they_went_in(small):
    X, y = small
    classifier = dnn().fit(X, NAMES[y])
    assert classifier.classes_.tolist() == sorted(NAMES)
    guesses = classifier.predict(X)
    assert guesses.dtype.kind == "U"
    assert (guesses == NAMES[y]).mean() > 0.8
    assert set(guesses) <= set(NAMES)


def test_object_labels_and_boolean_labels_come_back_as_they_went_in(small):
    X, y = small
    words = dnn(epochs=1).fit(X, NAMES[y].astype(object)).predict(X[:9])
    assert words.dtype == object
    truth = dnn(epochs=1).fit(X, y > 4).predict(X[:9])
    assert truth.dtype == bool


@KINDS
def test_rows_and_images_are_predicted_alike(kind, fitted, digits):
    _, X_test, _, _ = digits
    expected = fitted[kind].predict_proba(X_test)
    assert np.array_equal(fitted[kind].predict_proba(X_test.reshape(-1, 8, 8)), expected)
    assert np.array_equal(fitted[kind].predict_proba(X_test.reshape(-1, 8, 8, 1)), expected)


def test_rows_and_images_are_learned_alike(small):
    X, y = small
    of_rows = cnn(epochs=1).fit(X, y)
    for images in (X.reshape(-1, 8, 8), X.reshape(-1, 8, 8, 1)):
        of_images = cnn(epochs=1).fit(images, y)
        assert of_images.image_shape_ == of_rows.image_shape_ == (8, 8, 1)
        assert of_images.n_features_in_ == 64
        assert np.array_equal(of_images.predict_proba(X), of_rows.predict_proba(X))


def test_images_that_are_no_squares_are_learned_as_their_shape_says(small):
    X, y = small
    of_images = cnn(epochs=1, conv_blocks=[4]).fit(X.reshape(-1, 4, 16), y)
    of_rows = cnn(epochs=1, conv_blocks=[4], image_shape=(4, 16)).fit(X, y)
    assert of_images.image_shape_ == of_rows.image_shape_ == (4, 16, 1)
    assert np.array_equal(of_images.predict_proba(X), of_rows.predict_proba(X))


def test_colour_images_are_learned(small):
    X, y = small
    colour = np.repeat(X.reshape(-1, 8, 8, 1), 3, axis=3)
    classifier = cnn().fit(colour, y)
    assert classifier.image_shape_ == (8, 8, 3)
    assert classifier.score(colour, y) > 0.6
    assert classifier.predict_proba(colour[:3]).shape == (3, 10)


def test_pandas_columns_are_remembered_and_others_refused(small):
    pandas = pytest.importorskip("pandas")
    X, y = small
    columns = [f"pixel{i}" for i in range(64)]
    frame = pandas.DataFrame(X, columns=columns)
    classifier = dnn(epochs=1).fit(frame, pandas.Series(y))
    assert classifier.feature_names_in_.tolist() == columns
    expected = dnn(epochs=1).fit(X, y).predict_proba(X)
    assert np.array_equal(classifier.predict_proba(frame), expected)
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(frame.rename(columns={"pixel0": "other"}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        classifier.predict(X)


def test_set_output_leaves_predictions_plain_arrays(small):
    X, y = small
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), dnn(epochs=1))
    pipeline.fit(X, y)
    assert isinstance(pipeline.predict(X), np.ndarray)


def test_memory_mapped_pixels_that_may_not_be_written_are_learned(small, tmp_path):
    X, y = small
    joblib.dump((X, y), tmp_path / "data.joblib")
    mapped_X, mapped_y = joblib.load(tmp_path / "data.joblib", mmap_mode="r")
    assert isinstance(mapped_X, np.memmap)
    classifier = dnn(epochs=1).fit(mapped_X, mapped_y)
    expected = dnn(epochs=1).fit(X, y).predict_proba(X)
    assert np.array_equal(classifier.predict_proba(mapped_X), expected)


def test_pixels_in_any_memory_order_are_learned_alike(small):
    X, y = small
    expected = dnn(epochs=1).fit(X, y).predict_proba(X)
    wide = np.zeros((len(X), 128), np.uint8)
    wide[:, ::2] = X
    for view in (np.asfortranarray(X), wide[:, ::2], X[::-1].copy()[::-1]):
        classifier = dnn(epochs=1).fit(view, y)
        assert np.array_equal(classifier.predict_proba(view), expected)


def test_arrays_of_units_and_of_dropouts_are_as_good_as_lists(small):
    X, y = small
    expected = dnn(epochs=1, hidden_units=[8, 4], dropout=[0.25, 0.5]).fit(X, y).predict_proba(X)
    arrays = {"hidden_units": np.array([8, 4]), "dropout": np.array([0.25, 0.5])}
    for _ in range(2):  # the second finds a loop compiled for the first
        classifier = dnn(epochs=1, **arrays).fit(X, y)
        assert np.array_equal(classifier.predict_proba(X), expected)


# -- in scikit-learn's tools -----------------------------------------------------------


def test_a_pipeline_scales_before_the_network(small, digits):
    X, y = small
    _, X_test, _, y_test = digits
    pipeline = make_pipeline(StandardScaler(), dnn()).fit(X, y)
    assert pipeline.score(X_test, y_test) > 0.8
    by_hand = dnn().fit(StandardScaler().fit_transform(X), y)
    assert np.array_equal(
        pipeline.predict_proba(X), by_hand.predict_proba(StandardScaler().fit_transform(X))
    )
    # Standardised already: columns that are constant leave a little less than 1.
    assert abs(by_hand.pixel_offset_) < 1e-9
    assert 0.9 < by_hand.pixel_scale_ <= 1


def test_a_grid_search_in_two_processes_tunes_plain_names(small):
    X, y = small
    grid = {"hidden_units": [(8,), (32,)], "learning_rate": [1e-6, 0.02], "optimizer": ["adam"]}
    search = GridSearchCV(dnn(), grid, cv=2, n_jobs=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["learning_rate"] == 0.02
    assert search.best_score_ > 0.7
    # The workers' scores are those of this process.
    alone = GridSearchCV(dnn(), grid, cv=2).fit(X, y)
    assert np.array_equal(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


def test_a_grid_search_tunes_the_convolutions(small):
    X, y = small
    blocks = [[4], [{"filters": 8, "kernel_size": 5, "padding": "same", "pool": "avg"}]]
    search = GridSearchCV(
        cnn(epochs=2), {"conv_blocks": blocks, "augmentation": [None, "shift"]}, cv=2, n_jobs=2
    ).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["conv_blocks"] in blocks


def test_a_grid_search_takes_a_keras_optimizer_and_never_trains_it(small):
    keras = load_keras()
    X, y = small
    optimizers = [keras.optimizers.Adam(1e-6), keras.optimizers.Adam(0.02, beta_1=0.8)]
    search = GridSearchCV(
        dnn(learning_rate=DEFAULT_RATE),
        {"optimizer": optimizers},
        cv=2,
        n_jobs=2,
        error_score="raise",
    ).fit(X, y)
    means = search.cv_results_["mean_test_score"]
    assert means[1] > means[0]
    assert search.best_estimator_.optimizer.beta_1 == 0.8
    for optimizer in [*optimizers, search.best_estimator_.optimizer]:
        assert int(optimizer.iterations) == 0
        assert not optimizer.built


def test_successive_halving_takes_epochs_as_its_resource(small):
    X, y = small
    search = HalvingGridSearchCV(
        dnn(),
        {"learning_rate": [1e-6, 1e-5, 0.01, 0.02]},
        resource="epochs",
        min_resources=1,
        max_resources=4,
        factor=2,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.n_resources_ == [1, 2, 4]
    assert search.best_params_["epochs"] == 4
    assert search.best_params_["learning_rate"] in (0.01, 0.02)
    assert search.best_estimator_.n_epochs_ == 4


def test_cross_validation_scores_by_many_measures(small):
    X, y = small
    measures = ["accuracy", "neg_log_loss", "roc_auc_ovr"]
    scores = cross_validate(dnn(), X, y, cv=3, scoring=measures, return_estimator=True)
    assert scores["test_accuracy"].min() > 0.7
    assert scores["test_neg_log_loss"].min() > -1.5
    assert scores["test_roc_auc_ovr"].min() > 0.9
    # Stratified, because it is seen to be a classifier: all classes in each fold.
    assert all(len(e.classes_) == 10 for e in scores["estimator"])


def test_cross_val_predict_gives_each_row_the_guess_of_a_network_that_never_saw_it(small):
    X, y = small
    probabilities = cross_val_predict(dnn(), X, y, cv=2, method="predict_proba")
    assert probabilities.shape == (400, 10)
    assert (probabilities.argmax(axis=1) == y).mean() > 0.7


def test_a_stacking_ensemble_holds_a_network(small, digits):
    X, y = small
    _, X_test, _, y_test = digits
    stack = StackingClassifier(
        [("network", dnn()), ("bayes", GaussianNB())], LogisticRegression(max_iter=1000), cv=2
    ).fit(X, y)
    assert stack.score(X_test, y_test) > 0.85
    assert stack.transform(X_test[:3]).shape == (3, 20)


def test_a_soft_vote_averages_the_networks_probabilities(small):
    X, y = small
    vote = VotingClassifier([("a", dnn()), ("b", dnn(random_state=1))], voting="soft").fit(X, y)
    mean = np.mean([e.predict_proba(X) for e in vote.estimators_], axis=0)
    np.testing.assert_allclose(vote.predict_proba(X), mean)


def test_bagging_gives_each_network_its_own_seed_and_rows(small):
    X, y = small
    bag = BaggingClassifier(dnn(), n_estimators=2, random_state=0, max_features=0.5).fit(X, y)
    first, second = bag.estimators_
    assert first.random_state != second.random_state
    assert first.n_features_in_ == 32
    assert bag.score(X, y) > 0.7


def test_calibration_holds_networks_fitted_and_to_be_fitted(small, fitted):
    X, y = small
    calibrated = CalibratedClassifierCV(dnn(), cv=2).fit(X, y)
    assert calibrated.score(X, y) > 0.8
    before = fitted["DNN"].predict_proba(X)
    frozen = CalibratedClassifierCV(FrozenEstimator(fitted["DNN"])).fit(X, y)
    assert frozen.score(X, y) > 0.9
    np.testing.assert_allclose(frozen.predict_proba(X).sum(axis=1), 1)
    assert np.array_equal(fitted["DNN"].predict_proba(X), before)


def test_one_against_the_rest_makes_a_network_of_two_classes_each(small):
    X, y = small
    rest = OneVsRestClassifier(dnn(output_activation="sigmoid")).fit(X, y)
    assert len(rest.estimators_) == 10
    assert rest.estimators_[0].network_.output_shape == (None, 1)
    assert rest.score(X, y) > 0.8


def test_a_learning_curve_rises_with_the_data(digits):
    X, _, y, _ = digits
    sizes, _, scores = learning_curve(dnn(), X[:600], y[:600], train_sizes=[50, 300], cv=2)
    assert sizes.tolist() == [50, 300]
    assert scores[1].mean() > scores[0].mean()


def test_permutation_importance_finds_the_corner_unimportant(fitted, digits):
    _, X_test, _, y_test = digits
    importance = permutation_importance(
        fitted["DNN"], X_test[:100], y_test[:100], n_repeats=1, random_state=0
    ).importances_mean
    assert importance.shape == (64,)
    assert importance[0] == 0  # the upper left pixel is always background
    assert importance.max() > 0


# -- state -----------------------------------------------------------------------------


@KINDS
def test_a_clone_is_unfitted_and_learns_the_same(kind, fitted, digits):
    X_train, X_test, y_train, _ = digits
    copy = clone(fitted[kind])
    assert not hasattr(copy, "classes_")
    assert copy.get_params() == fitted[kind].get_params()
    if kind == "DNN":
        assert np.array_equal(
            copy.fit(X_train, y_train).predict_proba(X_test), fitted[kind].predict_proba(X_test)
        )


def test_pickle_and_joblib_give_the_same_bits_in_a_fresh_process(fitted, digits, tmp_path):
    _, X_test, _, _ = digits
    np.save(tmp_path / "X.npy", X_test)
    expected = {}
    for kind, classifier in fitted.items():
        # The live parts are there when it is pickled; they must not hinder.
        expected[kind] = classifier.predict_proba(X_test)
        assert classifier.network_ is not None
        (tmp_path / f"{kind}.pickle").write_bytes(pickle.dumps(classifier))
        joblib.dump(classifier, tmp_path / f"{kind}.joblib")
    script = tmp_path / "load.py"
    script.write_text(
        "import pickle, sys, pathlib, joblib, numpy as np\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "X = np.load(folder / 'X.npy')\n"
        "for path in folder.glob('*.pickle'):\n"
        "    c = pickle.loads(path.read_bytes())\n"
        "    np.save(folder / f'pickle_{path.stem}.npy', c.predict_proba(X))\n"
        "for path in folder.glob('*.joblib'):\n"
        "    c = joblib.load(path)\n"
        "    np.save(folder / f'joblib_{path.stem}.npy', c.predict_proba(X))\n"
    )
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, timeout=900)
    for kind in fitted:
        for how in ("pickle", "joblib"):
            assert np.array_equal(np.load(tmp_path / f"{how}_{kind}.npy"), expected[kind])


@KINDS
def test_the_fitted_state_is_plain_arrays_and_parameters(kind, fitted):
    text = pickle.dumps(fitted[kind])
    # No class of Keras or TensorFlow is named in the file.
    assert b"tensorflow" not in text
    assert b"ckeras" not in text
    assert len(text) < 8 * fitted[kind].n_parameters_ + 20_000


def test_a_pickled_classifier_can_be_trained_further(small):
    X, y = small
    straight = dnn(warm_start=True, schedule="constant").fit(X, y)
    detour = pickle.loads(pickle.dumps(straight))
    assert np.array_equal(detour.fit(X, y).predict_proba(X), straight.fit(X, y).predict_proba(X))


def test_the_live_network_is_a_copy_that_predicts_the_same(fitted, digits):
    _, X_test, _, _ = digits
    before = fitted["CNN"].predict_proba(X_test)
    network = pickle.loads(pickle.dumps(fitted["CNN"])).network_
    scaled = (X_test / fitted["CNN"].pixel_scale_).reshape(-1, 8, 8, 1).astype(np.float32)
    np.testing.assert_allclose(np.asarray(network(scaled)), before, atol=1e-5)
    assert network.count_params() == fitted["CNN"].n_parameters_
    network.set_weights([np.zeros_like(w) for w in network.get_weights()])
    assert np.array_equal(fitted["CNN"].predict_proba(X_test), before)
    assert "Total params" in fitted["CNN"].summary()


def test_a_keras_optimizer_is_usable_after_clone_and_pickle(small):
    keras = load_keras()
    X, y = small
    mine = keras.optimizers.Adam(0.02)
    original = dnn(learning_rate=DEFAULT_RATE, optimizer=mine)
    expected = original.fit(X, y).predict_proba(X)
    for copy in (clone(original), pickle.loads(pickle.dumps(original)), original):
        assert np.array_equal(copy.fit(X, y).predict_proba(X), expected)
        assert int(copy.optimizer.iterations) == 0
    assert original.optimizer is mine
    assert np.array_equal(dnn(learning_rate=0.02).fit(X, y).predict_proba(X), expected)


def test_a_keras_optimizer_with_a_schedule_of_its_own_decides_the_rate(small):
    keras = load_keras()
    X, y = small
    decay = keras.optimizers.schedules.ExponentialDecay(0.02, decay_steps=25, decay_rate=0.5)
    scheduled = dnn(
        learning_rate=DEFAULT_RATE, optimizer=keras.optimizers.Adam(decay), batch_size=16
    ).fit(X, y)
    assert scheduled.score(X, y) > 0.8
    # 25 steps an epoch, so each begins at half the rate of the one before.
    assert scheduled.history_["learning_rate"] == pytest.approx([0.02, 0.01, 0.005])


def test_averaged_weights_are_kept_however_training_ends(small):
    keras = load_keras()
    X, y = small
    settings = {
        "learning_rate": DEFAULT_RATE,
        "optimizer": keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9),
        "schedule": "constant",
        "validation_fraction": 0.25,
    }
    whole = dnn(**settings).fit(X, y)
    stopping = dnn(early_stopping=True, tol=0, **settings).fit(X, y)
    assert stopping.best_epoch_ == whole.n_epochs_ == 3
    assert np.array_equal(stopping.predict_proba(X), whole.predict_proba(X))
    raw = settings | {"optimizer": keras.optimizers.Adam(0.01)}
    assert not np.array_equal(dnn(**raw).fit(X, y).predict_proba(X), whole.predict_proba(X))


# -- weights ---------------------------------------------------------------------------


def test_sample_weights_are_routed_through_a_pipeline_and_a_search(small):
    X, y = small
    weights = np.random.default_rng(0).uniform(0.1, 5, len(X))
    scaled = StandardScaler().fit_transform(X)
    expected = dnn().fit(scaled, y, sample_weight=weights).predict_proba(scaled)
    assert not np.array_equal(expected, dnn().fit(scaled, y).predict_proba(scaled))
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            dnn().set_fit_request(sample_weight=True).set_score_request(sample_weight=True),
        )
        assert np.array_equal(pipeline.fit(X, y, sample_weight=weights).predict_proba(X), expected)
        search = GridSearchCV(pipeline, {"dnnclassifier__epochs": [1, 3]}, cv=2)
        search.fit(X, y, sample_weight=weights)
        assert search.best_params_ == {"dnnclassifier__epochs": 3}
        assert np.array_equal(search.predict_proba(X), expected)


def test_a_sample_of_weight_zero_is_as_if_left_out(small):
    X, y = small
    weights = np.ones(len(X))
    weights[y == 9] = 0
    strange = np.where((y == 9)[:, None], 255, X)  # would change the scale, were they seen
    classifier = dnn().fit(strange, y, sample_weight=weights)
    assert classifier.classes_.tolist() == list(range(9))
    left_out = dnn().fit(X[y != 9], y[y != 9])
    assert np.array_equal(classifier.predict_proba(X), left_out.predict_proba(X))


def test_the_scale_of_the_sample_weights_does_not_matter(small):
    X, y = small
    expected = dnn().fit(X, y).predict_proba(X)
    # A power of two, so that not even the last bit differs.
    halved = dnn().fit(X, y, sample_weight=np.full(len(X), 0.5)).predict_proba(X)
    assert np.array_equal(halved, expected)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 50.0, 1: 1.0}])
def test_class_weights_help_the_rare_class_and_change_no_array_of_the_caller(class_weight, small):
    X, y = small
    rare = (y == 8).astype(int) if isinstance(class_weight, str) else (y != 8).astype(int)
    label = 1 if isinstance(class_weight, str) else 0
    weights = np.ones(len(X))
    before = X.copy(), rare.copy(), weights.copy(), dict(class_weight or {}) if label == 0 else None
    plain = dnn(epochs=1).fit(X, rare, sample_weight=weights)
    weighted = dnn(epochs=1, class_weight=class_weight).fit(X, rare, sample_weight=weights)
    assert (weighted.predict(X) == label).sum() > (plain.predict(X) == label).sum()
    for was, now in zip(before, (X, rare, weights), strict=False):
        assert np.array_equal(was, now)
    if label == 0:
        assert class_weight == before[3]


def test_balanced_class_weights_are_those_sample_weights(small):
    X, y = small
    target = (y > 6).astype(int)
    counts = np.bincount(target)
    weights = (len(y) / (2 * counts))[target]
    by_class = dnn(class_weight="balanced").fit(X, target)
    by_sample = dnn().fit(X, target, sample_weight=weights)
    np.testing.assert_allclose(by_class.predict_proba(X), by_sample.predict_proba(X), atol=1e-5)


# -- scikit-learn's callbacks ----------------------------------------------------------


def test_a_progress_bar_shows_the_epochs(small, capfd):
    X, y = small
    dnn().set_callbacks(ProgressBar()).fit(X, y)
    out = capfd.readouterr().out
    assert "DNNClassifier" in out
    assert "100%" in out


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_progress_bar_on_a_search_shows_the_epochs_within(n_jobs, small, capfd):
    X, y = small
    search = GridSearchCV(dnn(), {"epochs": [1, 2]}, cv=2, n_jobs=n_jobs)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, y)
    out = capfd.readouterr().out
    assert "GridSearchCV" in out
    assert "DNNClassifier" in out
    assert "100%" in out
    assert search.best_estimator_.n_epochs_ == search.best_params_["epochs"]


def test_a_scoring_monitor_records_a_score_for_each_epoch(small):
    X, y = small
    monitor = ScoringMonitor(scoring="neg_log_loss")
    classifier = dnn().set_callbacks(monitor).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert [row["task_id"] for row in rows] == [0, 1, 2]
    scores = [row["neg_log_loss"] for row in rows]
    assert scores == sorted(scores)
    assert scores[-1] == pytest.approx(-log_loss(y, classifier.predict_proba(X)))


def test_a_scoring_monitor_sees_each_epochs_own_network(small):
    X, y = small
    monitor = ScoringMonitor(scoring="accuracy")
    dnn(schedule="constant").set_callbacks(monitor).fit(X, y)
    seen = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    alone = [dnn(schedule="constant", epochs=n).fit(X, y).score(X, y) for n in (1, 2, 3)]
    assert seen == pytest.approx(alone)


def test_callbacks_do_not_change_what_is_learned(small):
    X, y = small
    watched = dnn().set_callbacks(ScoringMonitor(scoring="accuracy")).fit(X, y)
    assert np.array_equal(watched.predict_proba(X), dnn().fit(X, y).predict_proba(X))


# -- Keras's callbacks -----------------------------------------------------------------


def test_keras_callbacks_hear_of_each_epoch_and_each_step(small):
    keras = load_keras()
    X, y = small
    heard = []

    class Listener(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            heard.append("train")

        def on_epoch_begin(self, epoch, logs=None):
            heard.append(f"epoch {epoch}")

        def on_train_batch_end(self, batch, logs=None):
            heard.append(f"step {batch}")
            assert set(logs) >= {"loss", "accuracy"}

        def on_epoch_end(self, epoch, logs=None):
            heard.append(f"end {epoch}")
            assert set(logs) >= {"loss", "accuracy", "learning_rate"}

        def on_train_end(self, logs=None):
            heard.append("over")

    classifier = dnn(epochs=2, batch_size=200, callbacks=[Listener()]).fit(X, y)
    epoch = "epoch {0}, step 0, step 1, end {0}"
    assert ", ".join(heard) == f"train, {epoch.format(0)}, {epoch.format(1)}, over"
    # Stepping in Python takes the same steps.
    alone = dnn(epochs=2, batch_size=200).fit(X, y)
    assert np.array_equal(classifier.predict_proba(X), alone.predict_proba(X))
    assert classifier.history_["loss"] == pytest.approx(alone.history_["loss"])


def test_a_lambda_callback_hears_of_epochs_and_of_steps(small):
    keras = load_keras()
    X, y = small
    epochs, steps = [], []
    listener = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: epochs.append((epoch, logs["loss"])),
        on_train_batch_end=lambda step, logs: steps.append(step),
    )
    classifier = dnn(batch_size=100, callbacks=[listener]).fit(X, y)
    assert epochs == list(enumerate(classifier.history_["loss"]))
    assert steps == [0, 1, 2, 3] * 3


def test_a_callback_of_the_users_stops_training(small):
    keras = load_keras()
    X, y = small

    class Enough(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    classifier = dnn(epochs=5, callbacks=[Enough()]).fit(X, y)
    assert classifier.n_epochs_ == 2
    assert len(classifier.history_["loss"]) == 2


def test_keras_early_stopping_starts_anew_in_each_fit(small):
    keras = load_keras()
    X, y = small
    stopping = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=99.0)
    classifier = dnn(epochs=5, callbacks=[stopping])
    # Nothing is ever better by 99, so each fit ends after its second epoch.
    assert classifier.fit(X, y).n_epochs_ == 2
    first = classifier.predict_proba(X)
    assert classifier.fit(X, y).n_epochs_ == 2
    assert np.array_equal(classifier.predict_proba(X), first)
    assert classifier.callbacks == [stopping]
    assert stopping.stopped_epoch == 1


def test_keras_early_stopping_restores_its_best_weights(small):
    keras = load_keras()
    X, y = small
    stopping = keras.callbacks.EarlyStopping(
        "loss", patience=2, min_delta=99.0, restore_best_weights=True
    )
    restored = dnn(epochs=5, schedule="constant", callbacks=[stopping]).fit(X, y)
    assert restored.n_epochs_ == 3
    first = dnn(epochs=1, schedule="constant").fit(X, y)
    assert np.array_equal(restored.predict_proba(X), first.predict_proba(X))


@KERAS_ARRAYS
def test_keras_reduce_lr_on_plateau_sets_the_rate_under_a_constant_schedule(small):
    keras = load_keras()
    X, y = small
    plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=99.0)
    classifier = dnn(epochs=4, schedule="constant", callbacks=[plateau]).fit(X, y)
    rates = classifier.history_["learning_rate"]
    assert rates == pytest.approx([0.02, 0.02, 0.01, 0.005])


def test_callbacks_go_with_a_search_in_two_processes(small):
    keras = load_keras()
    X, y = small
    stopping = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=99.0)
    search = GridSearchCV(
        dnn(epochs=4, callbacks=[stopping]), {"learning_rate": [0.01, 0.02]}, cv=2, n_jobs=2
    ).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.n_epochs_ == 2


# -- going on, stopping early ----------------------------------------------------------


def test_every_fit_begins_anew(small):
    X, y = small
    classifier = dnn().fit(X, y)
    first = classifier.predict_proba(X)
    assert np.array_equal(classifier.fit(X, y).predict_proba(X), first)
    assert classifier.n_epochs_ == 3


@pytest.mark.parametrize("make", [dnn, cnn], ids=["dense", "convolutional"])
def test_two_warm_fits_of_two_epochs_are_one_of_four(make, small):
    X, y = small
    settings = {"schedule": "constant"}
    if make is cnn:
        settings |= {"augmentation": "affine", "hidden_units": (8,), "dropout": 0.3}
    whole = make(epochs=4, **settings).fit(X, y)
    halves = make(epochs=2, warm_start=True, **settings).fit(X, y).fit(X, y)
    assert halves.n_epochs_ == 4
    assert halves.history_ == whole.history_
    assert halves.predict_proba(X).tobytes() == whole.predict_proba(X).tobytes()


def test_a_partial_fit_is_an_epoch_and_learns(small, digits):
    X, y = small
    _, X_test, _, y_test = digits
    classifier = dnn()
    for start in range(0, 400, 100):
        part = slice(start, start + 100)
        classifier.partial_fit(X[part], y[part], classes=range(10) if start == 0 else None)
    assert classifier.n_epochs_ == 4
    assert classifier.score(X_test, y_test) > 0.6
    assert classifier.classes_.tolist() == list(range(10))


def test_naming_the_classes_again_changes_nothing_in_partial_fit(small):
    X, y = small
    once = dnn().partial_fit(X, y, classes=range(10)).partial_fit(X, y)
    twice = dnn().partial_fit(X, y, classes=range(10)).partial_fit(X, y, classes=range(10))
    assert np.array_equal(once.predict_proba(X), twice.predict_proba(X))


def test_a_partial_fit_need_not_see_every_class(small):
    X, y = small
    some = y < 3
    classifier = dnn().partial_fit(X[some], y[some], classes=np.arange(10))
    assert classifier.predict_proba(X).shape == (400, 10)
    assert classifier.partial_fit(X, y).n_epochs_ == 2


def test_partial_fits_are_the_epochs_of_a_fit_at_a_constant_rate(small):
    X, y = small
    whole = dnn(epochs=2, schedule="constant").fit(X, y)
    parts = dnn().partial_fit(X, y, classes=range(10)).partial_fit(X, y)
    assert np.array_equal(parts.predict_proba(X), whole.predict_proba(X))


def test_early_stopping_goes_back_to_the_best_epoch(small):
    X, y = small
    settings = {"schedule": "constant", "learning_rate": 0.05, "validation_fraction": 0.25}
    stopped = dnn(epochs=40, early_stopping=True, n_iter_no_change=2, **settings).fit(X, y)
    losses = stopped.history_["val_loss"]
    assert stopped.n_epochs_ == len(losses) < 40
    assert stopped.best_epoch_ == np.argmin(losses) + 1 == stopped.n_epochs_ - 2
    best = dnn(epochs=stopped.best_epoch_, **settings).fit(X, y)
    assert np.array_equal(stopped.predict_proba(X), best.predict_proba(X))
    assert best.history_["val_loss"] == losses[: stopped.best_epoch_]


def test_early_stopping_holds_out_a_tenth_where_nothing_is_said(small):
    X, y = small
    classifier = dnn(epochs=2, early_stopping=True).fit(X, y)
    assert len(classifier.history_["val_accuracy"]) == 2
    # The scores are hits among 40 rows.
    assert (np.array(classifier.history_["val_accuracy"]) * 40) % 1 == pytest.approx(0)
    assert "val_loss" not in dnn(epochs=2).fit(X, y).history_


def test_early_stopping_judges_the_training_loss_where_nothing_is_held_out(small):
    X, y = small
    classifier = dnn(
        epochs=9, early_stopping=True, validation_fraction=0, tol=99.0, n_iter_no_change=2
    ).fit(X, y)
    assert classifier.n_epochs_ == 3
    # What is kept is the best epoch, however small the improvement was.
    assert classifier.best_epoch_ == 1 + int(np.argmin(classifier.history_["loss"]))
    assert "val_loss" not in classifier.history_


def test_what_is_held_out_is_the_same_part_of_each_class(digits):
    from skmnist._inputs.targets import stratified_split

    _, _, y, _ = digits
    train, judge = stratified_split(np.arange(len(y), dtype=np.int32), y, 0.2, seed=3)
    assert sorted([*train, *judge]) == list(range(len(y)))
    np.testing.assert_allclose(np.bincount(y[judge]), 0.2 * np.bincount(y), atol=1)


def test_rows_held_out_do_not_train(small):
    X, y = small
    from skmnist._inputs.targets import stratified_split

    classifier = dnn(validation_fraction=0.5).fit(X, y)
    train, judge = stratified_split(
        np.arange(400, dtype=np.int32), y.astype(np.int32), 0.5, classifier._seed_
    )
    spoiled = X.copy()
    spoiled[judge] = 0
    again = dnn(validation_fraction=0.5).fit(spoiled, y)
    assert again.history_["loss"] == classifier.history_["loss"]
    assert again.history_["val_loss"] != classifier.history_["val_loss"]
    assert len(train) == 200


def test_a_scorer_that_takes_no_weights_is_monitored(digits):
    from sklearn.callback import ScoringMonitor

    X, _, y, _ = digits
    monitor = ScoringMonitor(scoring=lambda fitted, X, y: {"accuracy": fitted.score(X, y)})
    DNNClassifier(hidden_units=(8,), epochs=2, random_state=0).set_callbacks(monitor).fit(
        X[:200], y[:200]
    )
    assert len(monitor.get_logs().data) == 3  # two epochs and the fit
