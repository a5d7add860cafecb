"""Progress: what is shown of tasks, fits and epochs, and where."""

import gc
import pickle
import sys
import types
import warnings
from multiprocessing import current_process

import numpy as np
import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skmnist import CNNStackingClassifier, CommitteeClassifier, DNNClassifier
from skmnist._utils.progress import _display, activity, progress_bar, watched
from skmnist._utils.progress._display import Display, use_display
from skmnist._utils.progress._screens import (
    HALF_A_MINUTE,
    Lines,
    Notebook,
    Nowhere,
    Terminal,
    line_of,
    screen_here,
    shown_rows,
)
from skmnist._utils.progress._tree import Task, duration
from skmnist._utils.sklearn import callbacks_of
from skmnist.display import ProgressDisplay
from skmnist.preprocessing import ColumnNormalizer

X, Y = load_digits(return_X_y=True)
X, Y = X[:200], Y[:200]


def dnn(**settings):
    settings = {"hidden_units": (8,), "epochs": 2, "random_state": 0, **settings}
    return DNNClassifier(**settings)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Recorder:
    """A screen that keeps each picture, as lines."""

    period = 0.0
    at_once = True

    def __init__(self):
        self.pictures = []
        self.closed = False

    def draw(self, rows):
        self.pictures.append([line_of(row) for row in rows])

    def close(self):
        self.closed = True

    @property
    def lines(self):
        """All lines, without the times."""
        return [line.split(", ")[0] for picture in self.pictures for line in picture]

    @property
    def text(self):
        return "\n".join("; ".join(picture) for picture in self.pictures)


@pytest.fixture
def shown(monkeypatch):
    """What is shown, instead of on the screen."""
    recorder = Recorder()
    monkeypatch.setattr(_display, "screen_here", lambda: recorder)
    return recorder


@pytest.fixture
def terminal(monkeypatch):
    """A terminal in the eyes of rich, 60 columns wide, on which every change is drawn."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(Terminal, "period", 0.0)


# -- the time left -----------------------------------------------------------------------


def test_the_time_left_is_that_of_the_steps_that_are_left():
    task = Task("Training", began=0.0, total=10)
    assert task.seconds_left(0.0) is None
    task.reach(1)
    assert task.seconds_left(50.0) == pytest.approx(450)  # the first step: it compiles
    task.reach(3)
    assert task.seconds_left(70.0) == pytest.approx(70)  # 10 s a step, without the first one
    assert task.seconds_left(72.0) == pytest.approx(68)
    assert task.seconds_left(150.0) is None  # it takes longer than expected


def test_steps_that_were_done_before_are_no_part_of_the_pace():
    task = Task("Search", began=0.0, total=20, unit="candidates")
    assert task.seconds_left(0.0) is None
    task.skip(10)
    assert task.seconds_left(0.0) is None
    task.reach(11)
    assert task.seconds_left(6.0) == pytest.approx(54)
    assert task.steps == "11/20 candidates"


def test_a_part_counts_as_far_as_it_is_done():
    whole = Task("Search", began=0.0, total=4, unit="candidates", group=2)
    whole.end("a fit that ended before it was seen")
    whole.parts["b"] = Task("candidate 1, fold 2", began=0.0, total=4)
    whole.parts["b"].reach(2)
    assert whole.fraction == pytest.approx(1.5 / 4)
    assert whole.steps == "0/2 candidates"
    whole.end("b")
    assert whole.steps == "1/2 candidates"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (59.7, "1 min"), (3570, "1 h 0 min")]
)
def test_times_are_rounded(seconds, text):
    assert duration(seconds) == text


# -- piped -------------------------------------------------------------------------------


@pytest.fixture
def lines(monkeypatch):
    """A file, to which the other tests write nothing."""
    monkeypatch.setattr(Lines, "period", HALF_A_MINUTE)
    return Lines()


def test_a_file_gets_one_line_every_half_minute(lines, capsys):
    clock = Clock()
    display = Display(lines, clock=clock)
    display.begin((0,), {"name": "Search", "total": 20, "unit": "candidates"}, at_once=True)
    for second in range(95):
        clock.now = float(second)
        if second == 10:
            display.reach((0,), 1, "best 97.31%")
        if second == 12:
            display.begin((0, 1), {"name": "candidate 2, fold 1", "total": 5, "unit": "epochs"})
        display.tick()
    display.close()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "Search, best 97.31%: 1/20 candidates, 30 s, 3 min left; candidate 2, fold 1: 0/5 epochs",
        "Search, best 97.31%: 1/20 candidates, 1:00, 2 min left; candidate 2, fold 1: 0/5 epochs",
        "Search, best 97.31%: 1/20 candidates, 1:30, 2 min left; candidate 2, fold 1: 0/5 epochs",
    ]


def test_what_is_quick_leaves_a_file_empty(capfd):
    with activity("Loading"), progress_bar(2) as announce:
        announce(1, "the second one")
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_closed_is_no_error(lines, monkeypatch):
    with open(sys.executable, "rb") as file:  # noqa: PTH123
        pass
    monkeypatch.setattr(sys, "stderr", file)
    clock = Clock()
    display = Display(lines, clock=clock)
    display.begin((0,), {"name": "Training"})
    clock.now = 31.0
    display.tick()
    assert display.rows()[0].title == "Training"


def test_without_stderr_nothing_is_shown(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with activity("Training"):
        assert isinstance(_display._open._screen, Nowhere)


# -- on a terminal -----------------------------------------------------------------------


def test_a_terminal_shows_steps_and_the_time_left(terminal, capfd):
    clock = Clock()
    display = Display(Terminal(), clock=clock)
    display.begin((0,), {"name": "Search", "total": 4, "unit": "candidates"}, at_once=True)
    clock.now = 60.0
    display.reach((0,), 1, "")
    display.close()
    out, err = capfd.readouterr()
    assert out == ""
    assert "Search" in err
    assert "1/4 candidates, 1:00, 3 min left" in err


def test_names_are_neither_markup_nor_commands_to_the_terminal(terminal, capfd):
    name = "[red]x[/red]\x1b[2J\rdigits\udcff"
    with activity(name):
        pass
    err = capfd.readouterr().err
    assert "[red]x[/red]?[2J?digits?" in err
    assert "\x1b[2J" not in err


def test_a_narrow_terminal_shortens_titles_and_not_the_numbers(terminal, capfd):
    with progress_bar(12, name="A title " + "that is long " * 9, unit="files") as announce:
        announce(3, "")
    err = capfd.readouterr().err
    assert "…" in err
    assert "3/12 files, 0 s" in err


def test_output_that_goes_elsewhere_does_not_go_to_the_terminal(terminal, capfd):
    with activity("Training"):
        print("epoch 1")
    out, err = capfd.readouterr()
    assert out == "epoch 1\n"
    assert "epoch" not in err


def test_at_most_so_many_rows_are_shown(shown):
    with progress_bar(50, name="Search") as announce:
        for number in range(30):
            announce.watch(f"candidate {number}").begin()
        rows = shown_rows(_display._open.rows())
    assert len(rows) == 12
    assert line_of(rows[-1]) == "and 20 more"


# -- in a notebook -----------------------------------------------------------------------


@pytest.fixture
def cell(monkeypatch):
    """What the output of a notebook's cell gets: IPython's messages."""
    published = []

    def display(data, *, raw, display_id, update):
        assert raw
        published.append((display_id, update, data))

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    monkeypatch.setattr(Notebook, "period", 0.0)
    return published


def test_a_notebook_shows_one_table_that_is_replaced(cell, capfd):
    dnn().set_callbacks(ProgressDisplay()).fit(X, Y)
    (first, was_update, data), *others = cell
    assert not was_update
    assert "DNNClassifier" in data["text/html"]
    assert all(identity == first and update for identity, update, _ in others)
    pictures = [data["text/html"] for _, _, data in cell]
    assert any("<progress" in html and "1/2 epochs" in html for html in pictures)
    assert cell[-1][2] == {"text/plain": "", "text/html": ""}
    assert capfd.readouterr() == ("", "")


def test_names_are_not_html(cell):
    with activity("<b>5 & 6</b>"):
        pass
    assert "&lt;b&gt;5 &amp; 6&lt;/b&gt;" in cell[0][2]["text/html"]
    assert "<b>" not in cell[0][2]["text/html"]


def test_an_interactive_shell_on_a_terminal_is_no_notebook(cell, capfd):
    sys.modules["IPython"].get_ipython = lambda: object()
    with activity("Loading"):
        pass
    assert cell == []


# -- silence -----------------------------------------------------------------------------


def test_verbose_0_shows_nothing(shown):
    with activity("Loading", 0), progress_bar(3, 0, name="Fits") as announce:
        announce(1, "the second")
        announce.skip(1)
        assert announce.watch("one") is None
        assert announce.seconds_left is None
        dnn().fit(X, Y)
    assert shown.pictures == []


def test_a_fit_without_callbacks_shows_nothing(shown):
    dnn().fit(X, Y).predict(X)
    assert shown.pictures == []


def test_a_verbose_fit_shows_its_epochs_and_the_time_left(shown, capfd):
    dnn(verbose=1).fit(X, Y)
    assert shown.lines[0] == "Fitting DNNClassifier: 0 s"
    assert "DNNClassifier: 1/2 epochs" in shown.lines
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == 2
    assert err == ""


def test_a_verbose_committee_shows_its_members(shown):
    CommitteeClassifier([("dnn", dnn())], n_estimators=2, verbose=1).fit(X, Y)
    assert "Fitting CommitteeClassifier: 0 s" in shown.lines
    assert "1/2 members" in shown.text
    assert "member 2: 1/2 epochs" in shown.lines


def test_a_verbose_fit_that_is_watched_is_shown_once(shown):
    network = dnn(verbose=1)
    with activity("Training"), watched(network):
        network.fit(X, Y)
    assert not [line for line in shown.lines if line.startswith("Fitting")]
    assert max(map(len, shown.pictures)) == 2


def test_a_process_that_works_for_another_has_no_terminal(terminal, monkeypatch):
    assert isinstance(screen_here(), Terminal)
    monkeypatch.setattr(current_process(), "_name", "LokyProcess-1")
    assert isinstance(screen_here(), Lines)


def test_what_takes_less_than_a_delay_is_not_shown(shown):
    with activity("Downloading", delay=2.0):
        pass
    assert shown.pictures == []


def test_everything_is_removed_at_the_end_also_after_an_error(shown):
    with pytest.raises(ZeroDivisionError), activity("Dividing"):
        1 / 0  # noqa: B018
    assert shown.closed
    assert _display._open is None


# -- one display -------------------------------------------------------------------------


def test_what_runs_within_a_task_is_shown_below_it(shown):
    with progress_bar(2, name="Reproducing") as announce:
        announce(1, "cnn")
        with activity("Training"):
            pass
    assert any(
        picture[0].startswith("Reproducing, cnn: 1/2") and picture[1:] == ["Training"]
        for picture in shown.pictures
    )


def test_the_display_stays_until_its_last_user_leaves(shown):
    first, second = use_display(), use_display()
    assert first is second
    _display.leave_display(first)
    assert not shown.closed
    _display.leave_display(second)
    assert shown.closed


# -- fits --------------------------------------------------------------------------------


def test_a_fit_shows_its_epochs(shown):
    dnn().set_callbacks(ProgressDisplay()).fit(X, Y)
    assert "DNNClassifier: 1/2 epochs" in shown.lines
    assert shown.closed


def test_a_watched_fit_learns_the_same_and_keeps_no_trace(shown):
    watched_one, alone = dnn(), dnn().fit(X, Y)
    with activity("Training"), watched(watched_one):
        watched_one.fit(X, Y)
    assert "DNNClassifier: 1/2 epochs" in shown.lines
    assert callbacks_of(watched_one) == []
    assert np.array_equal(watched_one.predict_proba(X), alone.predict_proba(X))
    assert len(pickle.dumps(watched_one)) == len(pickle.dumps(alone))


def test_a_watched_fit_keeps_the_callbacks_of_the_user(shown):
    monitor = ScoringMonitor(scoring="accuracy")
    network = dnn().set_callbacks(monitor)
    with activity("Training"), watched(network):
        network.fit(X, Y)
    assert callbacks_of(network) == [monitor]
    assert "DNNClassifier: 1/2 epochs" in shown.lines
    assert len([row for row in monitor.get_logs().data if row["task_name"] == "epoch"]) == 2


def test_what_takes_no_callbacks_is_fitted_as_ever(shown):
    with activity("Training"), watched(SVC()) as nothing:
        assert nothing is None
        SVC().fit(X, Y)
    assert set(shown.lines) == {"Training: 0 s"}


def test_a_pipeline_shows_the_epochs_without_warnings_of_its_other_steps(shown):
    pipeline = make_pipeline(ColumnNormalizer(), dnn())
    with activity("Training"), watched(pipeline):
        pipeline.fit(X, Y)
    assert "fit transform columnnormalizer" in shown.lines
    assert "fit final estimator, DNNClassifier: 1/2 epochs" in shown.text


def test_a_search_shows_candidates_folds_and_epochs(shown):
    search = GridSearchCV(dnn(), {"learning_rate": [0.01, 0.1]}, cv=2)
    search.set_callbacks(ProgressDisplay()).fit(X, Y)
    for line in (
        "search: 0/2 candidates",
        "search: 1/2 candidates",
        "candidate 1, fold 2: 1/2 epochs",
        "candidate 2, fold 1: 1/2 epochs",
        "refit with best params, DNNClassifier: 1/2 epochs",
    ):
        assert line in shown.text, line
    assert shown.closed


def test_a_search_is_shown_by_the_process_that_started_it(shown):
    search = GridSearchCV(LogisticRegression(max_iter=200), {"C": [0.1, 1]}, cv=2, n_jobs=2)
    search.set_callbacks(ProgressDisplay()).fit(X, Y)
    assert "candidate 2, fold 1" in shown.text
    assert "1/2 candidates" in shown.text
    assert shown.closed
    assert _display._open is None


def test_cross_validation_shows_the_fits_of_an_estimator_that_it_is_set_on(shown):
    scores = cross_validate(dnn().set_callbacks(ProgressDisplay()), X, Y, cv=2)
    assert len(scores["test_score"]) == 2
    assert shown.lines.count("DNNClassifier: 1/2 epochs") >= 2


def test_a_fit_that_stops_early_ends_before_its_last_epoch(shown):
    network = dnn(epochs=30, early_stopping=True, n_iter_no_change=1, tol=10.0)
    search = GridSearchCV(network, {"learning_rate": [0.01, 0.1]}, cv=2)
    search.set_callbacks(ProgressDisplay()).fit(X, Y)
    assert search.best_estimator_.n_epochs_ == 2
    assert "1/30 epochs" in shown.text
    assert "3/30 epochs" not in shown.text
    assert "search: 1/2 candidates" in shown.text


def test_the_bar_of_scikit_learn_is_full_after_a_fit_that_stopped_early(capfd):
    network = dnn(epochs=30, early_stopping=True, n_iter_no_change=1, tol=10.0)
    search = GridSearchCV(network, {"learning_rate": [0.01]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, Y)
    bars = capfd.readouterr().out.strip().splitlines()
    assert len([bar for bar in bars if "DNNClassifier" in bar]) == 3
    assert all("100%" in bar for bar in bars)


def test_a_fold_that_failed_is_not_shown_any_longer(shown):
    class FailsSecond(ScoringMonitor):
        def on_fit_task_end(self, estimator, context):
            if getattr(estimator, "learning_rate", 0) == 0.1 and context.task_name == "epoch":
                raise ValueError("out of ink")

    search = GridSearchCV(dnn(), {"learning_rate": [0.1, 0.01]}, cv=2, refit=False, error_score=0)
    search.estimator.set_callbacks(FailsSecond(scoring="accuracy"))
    with pytest.warns(match="out of ink"):
        search.set_callbacks(ProgressDisplay()).fit(X, Y)
    at_the_end = shown.pictures[-3]
    assert [line for line in at_the_end if line.startswith("candidate 1")] == []


def test_a_committee_shows_its_members(shown):
    committee = CommitteeClassifier([("dnn", dnn()), ("bayes", GaussianNB())])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* does not support callbacks", UserWarning)
        committee.set_callbacks(ProgressDisplay()).fit(X, Y)
    assert "member 1: 1/2 epochs" in shown.lines
    assert "member 2" in shown.lines
    assert "1/2 members" in shown.text


def test_a_stack_shows_its_folds_and_its_last_network(shown):
    stack = CNNStackingClassifier([("bayes", GaussianNB())], network=dnn(), cv=2, refit=True)
    stack.set_callbacks(ProgressDisplay()).fit(X, Y)
    assert "fold 2" in shown.lines
    assert "1/3 folds" in shown.text
    assert any(line.startswith("refit") for line in shown.lines)


def test_a_callback_whose_process_has_gone_shows_fits_by_itself(shown):
    pickled = pickle.dumps(ProgressDisplay())
    gc.collect()
    network = dnn().set_callbacks(pickle.loads(pickled)).fit(X, Y)
    assert "DNNClassifier: 1/2 epochs" in shown.lines
    assert network.n_epochs_ == 2


def test_a_message_to_a_display_that_has_closed_is_dropped(shown):
    with progress_bar(1, name="Search") as announce:
        watch = pickle.loads(pickle.dumps(announce.watch("candidate 1")))
    watch.begin()
    watch.end()
    assert "candidate 1" not in shown.lines


def test_two_fits_at_a_time_are_two_rows(shown):
    first, second = ProgressDisplay(), ProgressDisplay()

    class FitsWithin(ScoringMonitor):
        def on_fit_task_begin(self, estimator, context):
            if context.task_name == "epoch" and context.task_id == 1:
                dnn(hidden_units=(4,)).set_callbacks(second).fit(X, Y)

    dnn().set_callbacks(first, FitsWithin(scoring="accuracy")).fit(X, Y)
    both = [picture for picture in shown.pictures if len(picture) == 2]
    assert both
    assert all(line.startswith("DNNClassifier") for picture in both for line in picture)
