import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from skmnist import compare
from skmnist.display import HistoryDisplay, MistakesDisplay, ScoresDisplay, draw_comparison

HISTORY = {"loss": [2.0, 1.0, 0.5], "val_loss": [2.2, 1.2, 0.8]}


class Fitted(BaseEstimator):
    """A network's history and nothing else."""

    history_ = HISTORY

    def fit(self, X, y):
        return self


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(scope="module")
def result():
    X, y = load_digits(return_X_y=True)
    classifiers = {"weak": SVC(C=0.01), "knn": KNeighborsClassifier(1)}
    return compare(classifiers, X[:300], y[:300], cv=3, verbose=0)


def line(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


# Scores


def test_scores_stand_best_on_top_with_their_values(result, ax):
    display = ScoresDisplay.from_comparison(result).plot(ax=ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["knn", "weak"]
    assert ax.yaxis_inverted()
    texts = [text.get_text() for text in ax.texts]
    assert texts == [f"{100 * row['accuracy']:.2f}" for row in result.rows]
    assert display.ax_ is ax
    assert display.figure_ is ax.figure


def test_the_bar_of_a_score_is_its_interval(result, ax):
    ScoresDisplay.from_comparison(result).plot(ax=ax)
    row = result.rows[0]
    np.testing.assert_allclose(
        ax.lines[0].get_xdata(), [100 * row["accuracy_low"], 100 * row["accuracy_high"]]
    )


def test_one_score_alone_has_no_ring_around_it(ax):
    ScoresDisplay(["one"], [[0.9]], [[0.8, 0.95]]).plot(ax=ax)
    assert len(ax.collections) == 1


# Training curves


def test_training_and_validation_are_drawn_from_epoch_1(ax):
    display = HistoryDisplay.from_estimator(Fitted()).plot(ax=ax)
    np.testing.assert_array_equal(line(ax, "training").get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(line(ax, "validation").get_ydata(), HISTORY["val_loss"])
    assert display.ax_.get_title() == "Fitted"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]


def test_several_fits_are_thin_lines_under_their_mean(ax):
    histories = [{"loss": [3.0, 2.0, 1.0]}, {"loss": [1.0, 1.0]}]
    HistoryDisplay.from_histories(histories, name="cnn").plot(ax=ax)
    assert len(ax.lines) == 3
    np.testing.assert_array_equal(line(ax, "training").get_ydata(), [2.0, 1.5])


def test_one_epoch_is_visible(ax):
    HistoryDisplay([{"loss": [1.0]}]).plot(ax=ax)
    assert line(ax, "training").get_marker() == "o"


def test_an_unknown_metric_is_refused_with_the_known_ones(ax):
    with pytest.raises(ValueError, match=r"metric='f1' .*\['loss', 'val_loss'\]"):
        HistoryDisplay([HISTORY]).plot(ax=ax, metric="f1")


def test_an_unfitted_network_has_no_history():
    with pytest.raises(NotFittedError):
        HistoryDisplay.from_estimator(SVC())


# Mistakes


def test_mistakes_are_the_wrong_predictions_surest_first(ax):
    X = np.arange(5 * 4).reshape(5, 4)
    display = MistakesDisplay.from_predictions(
        X, [0, 1, 0, 1, 1], [1, 1, 1, 0, 1], confidence=[0.5, 0.9, 0.7, 0.6, 1.0]
    ).plot(ax=ax)
    np.testing.assert_array_equal(display.images[0].ravel(), X[2])
    assert display.images.shape == (3, 2, 2, 1)
    titles = [one.get_title() for one in display.axes_]
    assert titles == ["0 → 1  (70 %)", "1 → 0  (60 %)", "0 → 1  (50 %)"]


def test_without_confidence_mistakes_keep_their_order(ax):
    display = MistakesDisplay.from_predictions(np.eye(4), list("abcd"), list("abxy")).plot(ax=ax)
    assert [one.get_title() for one in display.axes_] == ["c → x", "d → y"]


def test_at_most_n_images_are_drawn(ax):
    X = np.zeros((9, 3, 5))
    display = MistakesDisplay.from_predictions(X, np.zeros(9), np.ones(9)).plot(ax=ax, n_images=4)
    assert len(display.axes_) == 4
    assert display.images.shape == (9, 3, 5, 1)


def test_images_of_a_grid_do_not_overlap(ax):
    display = MistakesDisplay.from_predictions(np.zeros((13, 4)), np.zeros(13), np.ones(13))
    display.plot(ax=ax)
    ax.figure.draw_without_rendering()
    boxes = [one.get_position() for one in display.axes_]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_colour_images_are_drawn_in_colour(ax):
    X = np.full((2, 4, 4, 3), 200, dtype=np.uint8)
    display = MistakesDisplay.from_predictions(X, [0, 1], [1, 1]).plot(ax=ax)
    assert display.axes_[0].images[0].get_array().shape == (4, 4, 3)


def test_a_shape_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="image_shape"):
        MistakesDisplay.from_predictions(np.eye(4), [0] * 4, [1] * 4, image_shape=(3, 3))


def test_no_mistakes_are_no_images(ax):
    display = MistakesDisplay.from_predictions(np.eye(4), [0] * 4, [0] * 4).plot(ax=ax)
    assert len(display.axes_) == 0


# Pictures


def test_pictures_of_a_comparison_leave_pyplot_and_its_backend_alone(result):
    figures, backend = plt.get_fignums(), mpl.rcParams["backend"]
    pictures = draw_comparison(result)
    assert [name for name, png in pictures.items() if png is None] == ["learning_curves.png"]
    assert (plt.get_fignums(), mpl.rcParams["backend"]) == (figures, backend)


def test_a_classifier_without_mistakes_has_no_picture_of_them():
    X, y = np.repeat(np.eye(2), 10, axis=0), np.repeat([0, 1], 10)
    pictures = draw_comparison(compare([SVC()], X, y, cv=2, verbose=0))
    assert pictures["mistakes.png"] is None
    assert pictures["confusion.png"].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "display",
    [
        ScoresDisplay(["a"], [[0.5, 0.6]], [[0.4, 0.7]]),
        HistoryDisplay([HISTORY]),
        MistakesDisplay.from_predictions(np.eye(4), [0] * 4, [1] * 4),
    ],
    ids=lambda display: type(display).__name__,
)
def test_without_axes_a_new_figure_is_made(display, monkeypatch):
    monkeypatch.setattr(plt, "subplots", lambda: (None, Figure().subplots()))
    assert display.plot() is display
    assert display.figure_ is display.ax_.figure
