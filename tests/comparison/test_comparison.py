import csv
import json
import signal
import sys
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from rich.console import Console
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skmnist import DNNClassifier, compare, knn, svm
from skmnist._utils.progress._screens import Terminal
from skmnist.comparison import ComparisonResult, default_classifiers
from skmnist.comparison._measure import judges_of_epochs
from skmnist.comparison._significance import (
    corrected_resampled_ttest,
    mcnemar_exact,
    wilson_interval,
)


class StubNetwork(ClassifierMixin, BaseEstimator):
    """Nearest mean, with a network's fitted attributes."""

    def __init__(self, epochs=3, random_state=None):
        self.epochs = epochs
        self.random_state = random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.means_ = np.array([X[y == label].mean(axis=0) for label in self.classes_])
        losses = [1 / (epoch + 1) for epoch in range(self.epochs)]
        self.history_ = {"loss": losses, "accuracy": [1 - loss for loss in losses]}
        self.n_parameters_ = self.means_.size
        return self

    def predict(self, X):
        distances = ((X[:, None] - self.means_) ** 2).sum(axis=2)
        return self.classes_[distances.argmin(axis=1)]


class Broken(StubNetwork):
    """Fails in its second fit."""

    n_fits = 0

    def fit(self, X, y):
        Broken.n_fits += 1
        if Broken.n_fits > 1:
            raise RuntimeError("out of ink")
        return super().fit(X, y)


class Interrupting(StubNetwork):
    """Gets Ctrl-C in its second fit."""

    n_fits = 0

    def fit(self, X, y):
        Interrupting.n_fits += 1
        if Interrupting.n_fits == 2:
            signal.default_int_handler(signal.SIGINT, None)
        return super().fit(X, y)


@pytest.fixture(autouse=True)
def _fits_are_counted_anew():
    Broken.n_fits = Interrupting.n_fits = 0


@pytest.fixture(scope="module")
def small(digits):
    X, _, y, _ = digits
    return X[:300], y[:300]


@pytest.fixture(scope="module")
def result(small):
    classifiers = {"bayes": GaussianNB(), "svm": svm(), "stub": StubNetwork(), "knn": knn()}
    return compare(classifiers, *small, cv=4, verbose=0)


@pytest.fixture(scope="module")
def tested(digits):
    X_train, X_test, y_train, y_test = digits
    classifiers = {"bayes": GaussianNB(), "svm": svm()}
    return compare(classifiers, X_train, y_train, X_test=X_test, y_test=y_test, verbose=0)


def printed(result, width=100):
    console = Console(file=StringIO(), width=width)
    result.print(console)
    return console.file.getvalue()


# Scores


def test_every_classifier_is_scored_on_the_same_folds_as_by_scikit_learn(result, small):
    X, y = small
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    expected = cross_val_predict(GaussianNB(), X, y, cv=folds)
    test, y_pred, _ = result.predictions["bayes"]
    np.testing.assert_array_equal(np.sort(test), np.arange(300))
    np.testing.assert_array_equal(y_pred, expected[test])
    np.testing.assert_array_equal(test, result.predictions["svm"].test)


def test_the_table_is_sorted_by_accuracy_and_holds_what_was_measured(result):
    accuracies = [row["accuracy"] for row in result.rows]
    assert accuracies == sorted(accuracies, reverse=True)
    for row in result.rows:
        assert row["n_folds"] == 4
        assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]
        assert min(row["fit_time"], row["predict_time_1"], row["predict_time_1000"]) > 0
        assert row["size"] > 500


def test_log_loss_is_blank_without_probabilities(result):
    log_loss = {row["classifier"]: row["log_loss"] for row in result.rows}
    assert np.isnan(log_loss["svm"])
    assert log_loss["knn"] > 0
    assert result.predictions["svm"].confidence is None
    assert result.predictions["knn"].confidence.max() == 1


def test_one_test_set_gives_wilson_s_interval(tested, digits):
    _, X_test, _, y_test = digits
    row = tested.rows[0]
    n_right = round(row["accuracy"] * len(X_test))
    assert (row["accuracy_low"], row["accuracy_high"]) == wilson_interval(n_right, len(y_test))
    assert [fold.n_train for fold in tested.folds] == [1397, 1397]


def test_confusion_matrices_count_every_sample_once(result):
    for name, matrix in result.confusion.items():
        assert matrix.shape == (10, 10)
        assert matrix.sum() == 300
        row = next(row for row in result.rows if row["classifier"] == name)
        assert np.trace(matrix) == pytest.approx(300 * row["accuracy"])


def test_the_table_is_a_data_frame_too(result):
    frame = result.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert set(frame.index) == {"bayes", "svm", "stub", "knn"}


# Networks


@pytest.mark.parametrize("in_a_pipeline", [False, True])
def test_a_network_s_curves_have_the_held_out_part_and_the_same_bits(in_a_pipeline, digits):
    X, X_test, y, y_test = digits
    network = DNNClassifier(hidden_units=(8,), epochs=2, random_state=0)
    classifier = make_pipeline(StandardScaler(), network) if in_a_pipeline else network
    data = {"X": X[:200], "y": y[:200], "X_test": X_test[:50], "y_test": y_test[:50]}
    result = compare({"one": classifier}, **data, verbose=0)
    (history,) = result.histories["one"]
    assert history["val_accuracy"][-1] == pytest.approx(result.rows[0]["accuracy"])
    alone = clone(classifier).fit(data["X"], data["y"])
    np.testing.assert_array_equal(result.folds[0].y_pred, alone.predict(data["X_test"]))


def test_what_would_steer_the_training_is_not_held_out_for_its_curves(digits):
    _, X_test, _, y_test = digits
    stopping = DNNClassifier(hidden_units=(8,), epochs=1, early_stopping=True)
    assert judges_of_epochs(stopping, X_test, y_test) == {}
    assert judges_of_epochs(SVC(), X_test, y_test) == {}
    assert stopping.get_metadata_routing().fit.requests.get("X_val") is None


def test_a_network_s_history_and_parameters_are_kept(result):
    assert list(result.histories) == ["stub"]
    assert len(result.histories["stub"]) == 4
    parameters = {row["classifier"]: row["n_parameters"] for row in result.rows}
    assert parameters["stub"] == 640
    assert parameters["svm"] is None


@pytest.mark.parametrize(
    "wrapped",
    [
        make_pipeline(MinMaxScaler(), StubNetwork()),
        GridSearchCV(StubNetwork(), {"epochs": [2, 3]}, cv=2),
    ],
    ids=["pipeline", "search"],
)
def test_a_network_s_history_is_found_inside(wrapped, small):
    result = compare({"wrapped": wrapped}, *small, cv=2, verbose=0)
    assert [list(history) for history in result.histories["wrapped"]] == [["loss", "accuracy"]] * 2


def test_the_default_networks_and_baselines_run(small):
    result = compare(default_classifiers(epochs=2), *small, cv=2, verbose=0)
    assert result.failed == {}
    assert list(result.histories) == ["dnn", "lenet", "cnn"]
    parameters = {row["classifier"]: row["n_parameters"] for row in result.rows}
    assert all((parameters[name] or 0) > 0 for name in result.histories)
    assert len(result.significance) == 15


# Significance


def test_folds_are_compared_by_the_corrected_t_test_with_holm_s_correction(result):
    scores = {
        name: np.array([fold.accuracy for fold in result.folds if fold.classifier == name])
        for name in result.classifiers
    }
    by_hand = []
    for pair in result.significance:
        differences = scores[pair["better"]] - scores[pair["other"]]
        t = differences.mean() / np.sqrt((1 / 4 + 1 / 3) * differences.var(ddof=1))
        by_hand.append(2 * stats.t.sf(t, df=3))
        assert pair["difference"] == pytest.approx(differences.mean())
        assert pair["p_value"] == pytest.approx(by_hand[-1])
        assert pair["p_value"] == pytest.approx(corrected_resampled_ttest(differences, 1 / 3))
    assert len(by_hand) == 6
    assert by_hand == sorted(by_hand)
    adjusted = np.maximum.accumulate(np.array(by_hand) * np.arange(6, 0, -1)).clip(max=1)
    np.testing.assert_allclose([pair["p_holm"] for pair in result.significance], adjusted)
    assert "Nadeau & Bengio" in result.test_name


def test_one_test_set_is_compared_by_mcnemar_s_test(tested, digits):
    *_, y_test = digits
    right = {name: y_pred == y_test for name, (_, y_pred, _) in tested.predictions.items()}
    (pair,) = tested.significance
    assert pair["better"] == "svm"
    assert pair["p_value"] == mcnemar_exact(right["svm"], right["bayes"])
    assert pair["significant"]
    assert "McNemar" in tested.test_name


def test_the_print_says_what_is_significant_and_by_which_test(tested):
    assert "svm beats bayes (McNemar's exact test (Dietterich 1998)" in printed(tested, width=200)


def test_a_classifier_does_not_differ_from_itself(small):
    result = compare([("one", svm()), ("two", svm())], *small, cv=3, verbose=0)
    (pair,) = result.significance
    assert pair["p_value"] == 1.0
    assert "no difference is significant" in printed(result)


def test_one_classifier_alone_has_no_significance(small):
    result = compare([svm()], *small, cv=2, verbose=0)
    assert result.significance == []
    assert "ignifican" not in printed(result)


# What is taken


def test_nothing_given_means_the_digits(monkeypatch):
    monkeypatch.setattr(
        "skmnist.comparison._compare.default_classifiers",
        lambda: {"bayes": GaussianNB(), "knn": knn()},
    )
    result = compare(cv=3, verbose=0)
    assert [row["classifier"] for row in result.rows] == ["knn", "bayes"]
    assert result.y.shape == (1797,)


def test_a_list_is_named_by_classes_and_numbered_where_they_repeat(small):
    result = compare([SVC(), svm(), SVC(C=2), ("mine", SVC())], *small, cv=2, verbose=0)
    assert list(result.classifiers) == ["SVC", "SVC-2", "SVC-3", "mine"]


def test_images_strings_and_data_frames_are_taken(small):
    X, y = small
    words = np.array([f"digit {label}" for label in y])
    images = compare([svm()], X.reshape(-1, 8, 8), words, cv=2, verbose=0)
    frames = compare([svm()], pd.DataFrame(X).add_prefix("p"), words, cv=2, verbose=0)
    assert images.rows[0]["accuracy"] == frames.rows[0]["accuracy"] > 0.9


@pytest.mark.parametrize(
    ("cv", "n_folds", "n_predicted"),
    [
        (KFold(3), 3, 300),
        (RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0), 4, 600),
        ([(np.arange(100), np.arange(100, 150))], 1, 50),
    ],
    ids=["splitter", "repeated", "indices"],
)
def test_cv_takes_what_scikit_learn_takes(cv, n_folds, n_predicted, small):
    result = compare([GaussianNB()], *small, cv=cv, verbose=0)
    assert result.rows[0]["n_folds"] == n_folds
    assert len(result.predictions["GaussianNB"].test) == n_predicted


def test_the_given_classifiers_are_neither_fitted_nor_changed(small):
    tree = DecisionTreeClassifier()
    compare([tree], *small, cv=2, verbose=0)
    assert not hasattr(tree, "tree_")
    assert tree.random_state is None


def test_the_seed_reaches_every_step_and_decides_the_scores(small):
    def scores(seed):
        tree = make_pipeline(MinMaxScaler(), DecisionTreeClassifier(max_features=3))
        result = compare([tree], *small, cv=3, random_state=seed, verbose=0)
        return [fold.accuracy for fold in result.folds]

    assert scores(0) == scores(0) != scores(1)


def test_a_seed_that_a_classifier_has_is_kept(small):
    def predictions(seed):
        dummy = DummyClassifier(strategy="uniform", random_state=7)
        folds = [(np.arange(100), np.arange(100, 300))]
        result = compare([dummy], *small, cv=folds, random_state=seed, verbose=0)
        return result.folds[0].y_pred

    np.testing.assert_array_equal(predictions(0), predictions(1))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"classifiers": []}, ValueError, "classifiers is empty"),
        ({"classifiers": SVC()}, TypeError, "classifiers must be a list"),
        ({"classifiers": [LinearRegression()]}, TypeError, "'LinearRegression' is LinearReg"),
        ({"classifiers": {"class": SVC}}, TypeError, "'class' is .*expected an instance"),
        ({"classifiers": [("a", SVC()), ("a", SVC())]}, ValueError, r"come twice: \['a'\]"),
        ({"y": None}, ValueError, "X and y go together"),
        ({"X": None}, ValueError, "X and y go together"),
        ({"X_test": np.ones((2, 2))}, ValueError, "X_test and y_test go together"),
        ({"cv": 3}, ValueError, "cv=3 folds need 3 samples of each class, but class 0 has 2; give"),
        ({"y": [0, 1, 1, 1]}, ValueError, "2 samples of each class, but class 0 has 1"),
        ({"y": [0, 1, 0]}, ValueError, "X and y don't fit"),
        ({"y": np.linspace(0, 1, 4)}, ValueError, "X and y don't fit: .*continuous"),
        ({"X_test": np.ones((1, 2)), "y_test": [5]}, ValueError, r"labels that y lacks: \[5\]"),
    ],
)
def test_bad_input_is_refused_by_name(arguments, error, message):
    given = {"classifiers": [SVC()], "X": np.eye(4)[:, :2], "y": [0, 1, 0, 1], "cv": 2}
    with pytest.raises(error, match=message):
        compare(**{**given, **arguments}, verbose=0)


# What goes wrong


def test_a_classifier_that_fails_is_named_and_the_others_go_on(small):
    with pytest.warns(FitFailedWarning, match=r"broken failed .*: RuntimeError: out of ink"):
        result = compare([("broken", Broken()), ("knn", knn())], *small, cv=3, verbose=0)
    assert repr(result).endswith("%, broken failed>")
    assert result.failed == {"broken": "RuntimeError: out of ink"}
    assert [row["classifier"] for row in result.rows] == ["knn"]
    assert result.rows[0]["n_folds"] == 3
    assert Broken.n_fits == 2
    assert "broken failed: RuntimeError: out of ink" in printed(result)


def test_fits_at_the_same_time_give_the_scores_of_one_after_another(small):
    broken = make_pipeline(FunctionTransformer(np.linalg.inv), SVC())
    classifiers = {"dnn": DNNClassifier(epochs=2), "broken": broken, "knn": knn()}
    with parallel_config("threading"), pytest.warns(FitFailedWarning):
        result = compare(classifiers, *small, cv=2, n_jobs=2, verbose=0)
    with pytest.warns(FitFailedWarning):
        alone = compare(classifiers, *small, cv=2, verbose=0)
    assert (alone.n_jobs, result.n_jobs) == (1, 2)
    assert result.failed == alone.failed
    assert list(result.failed) == ["broken"]
    for one, other in zip(alone.folds, result.folds, strict=True):
        assert (one.classifier, one.fold) == (other.classifier, other.fold)
        assert one.confidence.tobytes() == other.confidence.tobytes()
        assert one.history == other.history
    assert "2 fits ran at the same time" in printed(result)
    assert "at the same time" not in printed(alone)


@pytest.mark.parametrize("n_jobs", [0, True, "2", 1.5])
def test_a_number_of_jobs_that_is_none_is_refused(n_jobs, small):
    with pytest.raises(ValueError, match=f"n_jobs={n_jobs!r}; expected a number of workers"):
        compare([knn()], *small, n_jobs=n_jobs, verbose=0)


def test_where_all_fail_there_is_still_a_result(small, tmp_path):
    broken = make_pipeline(FunctionTransformer(np.linalg.inv), SVC())
    with pytest.warns(FitFailedWarning, match="broken failed"):
        result = compare({"broken": broken}, *small, cv=2, verbose=0, output=tmp_path)
    assert result.rows == []
    assert result.significance == []
    assert repr(result) == "<ComparisonResult: broken failed>"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["comparison.csv", "comparison.json"]


def test_ctrl_c_keeps_prints_and_writes_what_is_done(small, tmp_path, capsys):
    classifiers = [("knn", knn()), ("slow", Interrupting()), ("svm", svm())]
    result = compare(classifiers, *small, cv=3, output=tmp_path)
    done = [(fold.classifier, fold.fold) for fold in result.folds]
    assert done == [("knn", 0), ("slow", 0), ("svm", 0), ("knn", 1)]
    assert result.interrupted
    assert "Interrupted: 4 of 9 fits are done." in capsys.readouterr().out
    assert json.loads((tmp_path / "comparison.json").read_text())["interrupted"]


def test_what_was_measured_is_written_where_nobody_reads_the_table(small, tmp_path, monkeypatch):
    def closed_pipe(result):
        raise BrokenPipeError

    monkeypatch.setattr(ComparisonResult, "print", closed_pipe)
    with pytest.raises(BrokenPipeError):
        compare([knn()], *small, cv=2, output=tmp_path)
    assert (tmp_path / "comparison.csv").exists()


def test_after_ctrl_c_only_folds_that_all_finished_are_compared(small):
    classifiers = [("knn", knn()), ("slow", Interrupting()), ("svm", svm())]
    result = compare(classifiers, *small, cv=3, verbose=0)
    assert "McNemar" in result.test_name
    assert len(result.significance) == 3


def test_what_cannot_be_pickled_has_no_size(small):
    unpicklable = make_pipeline(FunctionTransformer(lambda X: X), SVC())
    result = compare({"lambda": unpicklable}, *small, cv=2, verbose=0)
    assert result.rows[0]["size"] is None


# What is shown and written


def test_verbose_0_is_silence(small, capfd):
    compare([svm()], *small, cv=2, verbose=0)
    assert capfd.readouterr() == ("", "")


def test_verbose_prints_the_table_and_leaves_a_piped_stderr_empty(small, capfd):
    compare([svm()], *small, cv=2)
    out, err = capfd.readouterr()
    assert "SVC" in out
    assert "Accuracy" in out
    assert err == ""


def test_progress_names_the_classifier_and_the_fold_on_a_terminal(small, capfd, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    compare([svm()], *small, cv=2)
    assert "SVC, fold 2 of 2" in capfd.readouterr().err


def test_progress_shows_the_epochs_of_a_network_on_a_terminal(small, capfd, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(Terminal, "period", 0.0)
    network = DNNClassifier(hidden_units=(8,), epochs=3, random_state=0)
    shown = compare({"network": network}, *small, cv=2)
    err = capfd.readouterr().err
    assert "network, fold 2 of 2" in err
    assert "2/3 epochs" in err
    silent = compare({"network": network}, *small, cv=2, verbose=0)
    assert shown.rows[0]["accuracy"] == silent.rows[0]["accuracy"]
    assert shown.rows[0]["size"] == silent.rows[0]["size"]


def test_the_table_fits_80_columns(result):
    lines = printed(result, width=80).splitlines()
    assert any("stub" in line for line in lines)
    assert not any("…" in line for line in lines)


def test_names_are_no_markup(small):
    result = compare({"[red]svm[/red]": svm()}, *small, cv=2, verbose=0)
    assert "[red]svm[/red]" in printed(result)


def test_names_are_no_commands_to_the_terminal(small):
    table = printed(compare({"svm\x1b[2J": svm()}, *small, cv=2, verbose=0))
    assert "svm?[2J" in table
    assert "\x1b[2J" not in table


def test_the_csv_is_the_table(result, tmp_path):
    result.save(tmp_path)
    with (tmp_path / "comparison.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["classifier"] for row in rows] == [row["classifier"] for row in result.rows]
    assert [float(row["accuracy"]) for row in rows] == [row["accuracy"] for row in result.rows]
    assert next(row for row in rows if row["classifier"] == "svm")["log_loss"] == ""


def test_the_json_holds_everything_and_null_for_what_is_not_a_number(result, tmp_path):
    result.save(tmp_path / "new" / "folder")
    text = (tmp_path / "new" / "folder" / "comparison.json").read_text()
    report = json.loads(text, parse_constant=pytest.fail)
    rows = {row["classifier"]: row for row in report["rows"]}
    assert rows["svm"]["log_loss"] is None
    assert report["settings"]["svm"]["svc__C"] == 10
    assert report["settings"]["stub"] == {"class": "StubNetwork", "epochs": 3, "random_state": None}
    assert report["versions"]["python"] == sys.version.split()[0]
    assert report["machine"]["cores"] >= 1
    assert report["random_state"] == 0
    assert len(report["folds"]) == 16
    assert " at 0x" not in text


def test_pictures_are_written_and_nothing_else_is_left(result, tmp_path):
    result.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "comparison.csv",
        "comparison.json",
        "confusion.png",
        "learning_curves.png",
        "mistakes.png",
        "scores.png",
    ]
    for picture in tmp_path.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_saving_again_replaces_and_removes_pictures_of_before(result, tested, tmp_path):
    result.save(tmp_path)
    tested.save(tmp_path)
    assert not (tmp_path / "learning_curves.png").exists()
    assert len(json.loads((tmp_path / "comparison.json").read_text())["folds"]) == 2


def test_a_write_that_fails_leaves_the_old_file_whole(result, tmp_path, monkeypatch):
    result.save(tmp_path)
    before = (tmp_path / "comparison.csv").read_bytes()

    def full_disk(source, target):
        raise OSError("no space left")

    monkeypatch.setattr("skmnist.comparison._compare.os.replace", full_disk)
    with pytest.raises(OSError, match="no space left"):
        result.save(tmp_path)
    assert (tmp_path / "comparison.csv").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_a_folder_that_cannot_be_made_is_told_before_any_fit(small, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"output='.*file' can't be made a folder"):
        compare([Broken()], *small, cv=2, verbose=0, output=tmp_path / "file")
    assert Broken.n_fits == 0


def test_folds_of_equal_scores_leave_an_interval_and_a_doubt():
    iris = load_iris()
    X, y = iris.data[47:53], iris.target[47:53]  # three of each of two classes, far apart
    both = {"knn": knn(n_neighbors=1), "most frequent": DummyClassifier()}
    result = compare(both, X, y, cv=3, verbose=0)
    assert [row["accuracy"] for row in result.rows] == [1.0, 0.5]
    rows = {row["classifier"]: (row["accuracy_low"], row["accuracy_high"]) for row in result.rows}
    assert rows == {"knn": wilson_interval(6, 6), "most frequent": wilson_interval(3, 6)}
    (pair,) = result.significance
    assert (pair["p_value"], pair["significant"]) == (0.25, False)
