import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits, make_circles
from sklearn.exceptions import NotFittedError
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from skmnist import compare
from skmnist._utils.backend import load_keras
from skmnist.classifiers import DNNClassifier, LeNetClassifier
from skmnist.display import (
    HistoryDisplay,
    MistakesDisplay,
    NetworkDisplay,
    ScoresDisplay,
    draw_comparison,
)
from skmnist.display._network import NetworkLayer

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
    display = ScoresDisplay.from_comparison(result, ax=ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["knn", "weak"]
    assert ax.yaxis_inverted()
    texts = [text.get_text() for text in ax.texts]
    assert texts == [f"{100 * row['accuracy']:.2f}" for row in result.rows]
    assert display.ax_ is ax
    assert display.figure_ is ax.figure


def test_the_bar_of_a_score_is_its_interval(result, ax):
    ScoresDisplay.from_comparison(result, ax=ax)
    row = result.rows[0]
    np.testing.assert_allclose(
        ax.lines[0].get_xdata(), [100 * row["accuracy_low"], 100 * row["accuracy_high"]]
    )


def test_a_bar_does_not_project_beyond_its_interval(ax):
    ScoresDisplay(["sure", "all right"], [[0.999], [1.0]], [[0.99, 1.0], [1.0, 1.0]]).plot(ax)
    for bar in ax.lines:
        assert bar.get_solid_capstyle() == "butt"
        assert max(bar.get_xdata()) <= 100


def test_one_score_alone_has_no_ring_around_it(ax):
    ScoresDisplay(["one"], [[0.9]], [[0.8, 0.95]]).plot(ax=ax)
    assert len(ax.collections) == 1


# Training curves


def test_training_and_validation_are_drawn_from_epoch_1(ax):
    display = HistoryDisplay.from_estimator(Fitted(), ax=ax)
    np.testing.assert_array_equal(line(ax, "training").get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(line(ax, "validation").get_ydata(), HISTORY["val_loss"])
    assert display.ax_.get_title() == "Fitted"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]


def test_several_fits_are_thin_lines_under_their_mean(ax):
    histories = [{"loss": [3.0, 2.0, 1.0]}, {"loss": [1.0, 1.0]}]
    HistoryDisplay.from_histories(histories, name="cnn", ax=ax)
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
        X, [0, 1, 0, 1, 1], [1, 1, 1, 0, 1], confidence=[0.5, 0.9, 0.7, 0.6, 1.0], ax=ax
    )
    np.testing.assert_array_equal(display.images[0].ravel(), X[2])
    assert display.images.shape == (3, 2, 2, 1)
    titles = [one.get_title() for one in display.axes_]
    assert titles == ["0 → 1  (70 %)", "1 → 0  (60 %)", "0 → 1  (50 %)"]


def test_without_confidence_mistakes_keep_their_order(ax):
    display = MistakesDisplay.from_predictions(np.eye(4), list("abcd"), list("abxy"), ax=ax)
    assert [one.get_title() for one in display.axes_] == ["c → x", "d → y"]


def test_at_most_n_images_are_drawn(ax):
    X = np.zeros((9, 3, 5))
    display = MistakesDisplay.from_predictions(X, np.zeros(9), np.ones(9), n_images=4, ax=ax)
    assert len(display.axes_) == 4
    assert display.images.shape == (9, 3, 5, 1)


def test_images_of_a_grid_do_not_overlap(ax):
    wrong = np.zeros(13), np.ones(13)
    display = MistakesDisplay.from_predictions(np.zeros((13, 4)), *wrong, ax=ax)
    ax.figure.draw_without_rendering()
    boxes = [one.get_position() for one in display.axes_]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_colour_images_are_drawn_in_colour(ax):
    X = np.full((2, 4, 4, 3), 200, dtype=np.uint8)
    display = MistakesDisplay.from_predictions(X, [0, 1], [1, 1], ax=ax)
    assert display.axes_[0].images[0].get_array().shape == (4, 4, 3)


def test_bright_ink_is_printed_as_dark_and_other_pictures_as_they_are(ax):
    dark_on_white = np.full((4, 16, 16), 255, dtype=np.uint8)
    dark_on_white[:, 4:12, 8] = 0
    for X, cmap in ((dark_on_white, "gray"), (255 - dark_on_white, "gray_r")):
        display = MistakesDisplay.from_predictions(X, [0] * 4, [1] * 4, ax=ax)
        assert display.axes_[0].images[0].get_cmap().name == cmap


def test_a_shape_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="image_shape"):
        MistakesDisplay.from_predictions(np.eye(4), [0] * 4, [1] * 4, image_shape=(3, 3))


def test_no_mistakes_are_no_images(ax):
    display = MistakesDisplay.from_predictions(np.eye(4), [0] * 4, [0] * 4, ax=ax)
    assert len(display.axes_) == 0


def test_a_pair_of_labels_chooses_one_kind_of_mistake(ax):
    y_true, y_pred = [4, 4, 4, 9, 1], [9, 4, 9, 4, 9]
    display = MistakesDisplay.from_predictions(
        np.eye(5, 4), y_true, y_pred, confidence=[0.6, 0.9, 0.8, 0.7, 0.5], pair=(4, 9), ax=ax
    )
    assert [one.get_title() for one in display.axes_] == ["4 → 9  (80 %)", "4 → 9  (60 %)"]


def test_a_pair_of_named_labels_may_have_no_mistakes(ax):
    y = ["cat", "dog", "cat", "dog"]
    display = MistakesDisplay.from_predictions(np.eye(4), y, y, pair=("cat", "dog"), ax=ax)
    assert display.images.shape == (0, 2, 2, 1)


@pytest.mark.parametrize("pair", [(1, 1), (1, 7), (0, 1, 2), ("0", "1")])
def test_a_pair_that_cannot_be_mistaken_is_refused(pair):
    with pytest.raises(ValueError, match=r"pair=.*expected a true label.*\[0, 1, 2\]"):
        MistakesDisplay.from_predictions(np.eye(4), [0, 1, 2, 1], [1, 1, 2, 1], pair=pair)


# Networks


@pytest.fixture(scope="module")
def residual():
    """A functional model with a shortcut over three layers, and another over one."""
    keras = load_keras()
    images = keras.Input((8, 8, 1), name="images")
    stem = keras.layers.Conv2D(4, 3, padding="same", name="stem")(images)
    inner = keras.layers.Conv2D(4, 3, padding="same", name="conv_1")(stem)
    inner = keras.layers.BatchNormalization(name="norm")(inner)
    inner = keras.layers.Conv2D(4, 3, padding="same", name="conv_2")(inner)
    added = keras.layers.Add(name="add")([stem, inner])
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(added)
    hidden = keras.layers.Dense(4, name="hidden")(pooled)
    both = keras.layers.Concatenate(name="both")([pooled, hidden])
    return keras.Model(images, keras.layers.Dense(3, name="output")(both), name="residual")


def boxes_and_arrows(ax):
    kinds = [type(patch).__name__ for patch in ax.patches]
    return kinds.count("FancyBboxPatch"), kinds.count("FancyArrowPatch")


def test_lenet_is_a_chain_of_boxes_that_tell_what_the_summary_tells(ax, digits):
    X_train, _, y_train, _ = digits
    lenet = LeNetClassifier(epochs=1, random_state=0).fit(X_train[:100], y_train[:100])
    display = NetworkDisplay.from_estimator(lenet, ax=ax)
    n_layers = len(lenet.network_.layers) + 1  # Keras doesn't count the input of a chain
    assert boxes_and_arrows(ax) == (n_layers, n_layers - 1)
    texts = [text.get_text() for text in ax.texts]
    for layer in lenet.network_.layers:
        assert {layer.name, type(layer).__name__, f"{layer.count_params():,}"} <= set(texts)
        assert " x ".join(map(str, layer.output.shape[1:])) in texts
    assert ax.get_title() == "lenet5: 61,706 parameters"
    assert display.ax_ is ax
    assert display.figure_ is ax.figure


def test_a_shortcut_is_an_arrow_beside_the_boxes(ax, residual):
    display = NetworkDisplay.from_estimator(residual, name="shortcuts", ax=ax)
    by_name = {layer.name: layer for layer in display.layers}
    names = list(by_name)
    assert [names[i] for i in by_name["add"].inputs] == ["stem", "conv_2"]
    assert [names[i] for i in by_name["both"].inputs] == ["pool", "hidden"]
    assert boxes_and_arrows(ax) == (10, 9 + 2)
    assert sum(layer.n_parameters for layer in display.layers) == residual.count_params()
    assert ax.get_title().startswith("shortcuts: ")


def test_every_layer_stands_below_those_it_takes_its_input_from(residual, ax):
    for i, layer in enumerate(NetworkDisplay.from_estimator(residual, ax=ax).layers):
        assert all(other < i for other in layer.inputs)


def test_shortcuts_that_overlap_keep_apart(ax):
    inputs = [(), (0,), (1, 0), (2, 0), (3, 1), (4,), (5, 4)]
    layers = [NetworkLayer(f"layer {i}", "Add", ((3,),), 0, of) for i, of in enumerate(inputs)]
    NetworkDisplay(layers).plot(ax=ax)
    ax.figure.draw_without_rendering()
    arrows = [patch for patch in ax.patches if type(patch).__name__ == "FancyArrowPatch"]
    extents = [arrow.get_path().get_extents() for arrow in arrows]
    beside = [(extent.x1, extent.y0, extent.y1) for extent in extents if extent.height > 1]
    assert len(beside) == 4
    for i, (x, start, end) in enumerate(beside):
        for other_x, other_start, other_end in beside[:i]:
            assert abs(x - other_x) > 1 or end < other_start or other_end < start


def test_a_layer_used_twice_is_drawn_twice_and_counted_once(ax):
    keras = load_keras()
    shared = keras.layers.Dense(4, name="shared")
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    output = shared(left) + shared(right)
    model = keras.Model([left, right], output, name="twins")
    display = NetworkDisplay.from_estimator(model, ax=ax)
    assert [layer.kind for layer in display.layers].count("Dense") == 2
    assert ax.get_title() == "twins: 20 parameters"


def test_text_fits_its_boxes_on_small_axes_too(residual):
    ax = Figure(figsize=(4, 3)).subplots()
    NetworkDisplay.from_estimator(residual, ax=ax)
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_an_unfitted_classifier_has_no_network_to_draw():
    with pytest.raises(NotFittedError):
        NetworkDisplay.from_estimator(LeNetClassifier())


def test_what_has_no_known_layers_is_refused():
    keras = load_keras()
    for estimator in (SVC(), keras.Sequential([keras.layers.Dense(3)])):
        with pytest.raises(TypeError, match="can't be drawn; expected a fitted network"):
            NetworkDisplay.from_estimator(estimator)


# scikit-learn's own display of the decision boundary


def test_the_decision_boundary_of_a_network_is_what_it_predicts(ax):
    X, y = make_circles(60, factor=0.5, noise=0.05, random_state=0)
    network = DNNClassifier(
        hidden_units=(4,), output_activation="sigmoid", epochs=2, random_state=0
    ).fit(X, y)
    display = DecisionBoundaryDisplay.from_estimator(
        network, X, grid_resolution=5, response_method="predict_proba", ax=ax
    )
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    np.testing.assert_allclose(display.response.ravel(), network.predict_proba(grid)[:, 1])
    labels = DecisionBoundaryDisplay.from_estimator(
        network, X, grid_resolution=5, response_method="predict", ax=ax
    )
    np.testing.assert_array_equal(labels.response.ravel(), network.predict(grid))


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
        MistakesDisplay(np.zeros((1, 2, 2, 1)), np.array([0]), np.array([1])),
        NetworkDisplay([NetworkLayer("only", "Dense", ((3,),), 6, ())]),
    ],
    ids=lambda display: type(display).__name__,
)
def test_without_axes_a_new_figure_is_made(display, monkeypatch):
    monkeypatch.setattr(plt, "subplots", lambda **_: (None, Figure().subplots()))
    assert display.plot() is display
    assert display.figure_ is display.ax_.figure


def test_every_way_to_make_a_display_draws_it(result, residual, monkeypatch):
    monkeypatch.setattr(plt, "subplots", lambda **_: (None, Figure().subplots()))
    drawn = [
        ScoresDisplay.from_comparison(result),
        HistoryDisplay.from_estimator(Fitted()),
        HistoryDisplay.from_histories([HISTORY], metric="val_loss"),
        MistakesDisplay.from_predictions(np.eye(4), [0] * 4, [1] * 4),
        NetworkDisplay.from_estimator(residual),
    ]
    for display in drawn:
        assert display.ax_.has_data() or display.ax_.child_axes
        assert display.figure_ is display.ax_.figure


@pytest.mark.parametrize("n_mistakes", [1, 7, 25])
def test_mistakes_fill_a_figure_of_their_own(n_mistakes):
    wrong = np.zeros(n_mistakes), np.ones(n_mistakes)
    display = MistakesDisplay.from_predictions(np.zeros((n_mistakes, 8, 8)), *wrong)
    display.figure_.draw_without_rendering()
    first = display.axes_[0].get_window_extent()
    plt.close(display.figure_)
    assert first.width == pytest.approx(first.height)
    assert first.width > 0.8 * display.figure_.bbox.width / 5


def test_pictures_of_a_comparison_show_every_classifier(result, monkeypatch):
    figures = []
    monkeypatch.setattr("skmnist.display._confusion.png_of", figures.append)
    monkeypatch.setattr("skmnist.display._mistakes.png_of", figures.append)
    draw_comparison(result)
    confusion, mistakes = figures
    assert [ax.get_title().split(":")[0] for ax in confusion.axes] == ["knn", "weak"]
    titles = [part.get_suptitle() for part in mistakes.subfigs]
    assert [title.strip().split(":")[0] for title in titles] == ["knn", "weak"]
