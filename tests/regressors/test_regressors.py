"""Networks that predict numbers."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits, make_friedman1
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmnist import CNNRegressor, DNNRegressor, KerasRegressor
from skmnist._utils.backend import load_keras


@pytest.fixture(scope="module")
def friedman():
    X, y = make_friedman1(1500, noise=0.5, random_state=0)
    return train_test_split(X, y, random_state=0)


@pytest.fixture(scope="module")
def fitted(friedman):
    X, _, y, _ = friedman
    return DNNRegressor(hidden_units=(64, 64), random_state=0).fit(X, y)


def quick(**settings):
    return DNNRegressor(**{"hidden_units": 16, "epochs": 5, "random_state": 0, **settings})


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_it_is_as_good_as_the_mlp_regressor_and_better_than_a_line(friedman, fitted):
    X, X_test, y, y_test = friedman
    peer = MLPRegressor(hidden_layer_sizes=(64, 64), max_iter=100, random_state=0)
    peer.fit(X, y)
    line = LinearRegression().fit(X, y)
    score = fitted.score(X_test, y_test)
    assert score > peer.score(X_test, y_test) - 0.02
    assert score > line.score(X_test, y_test) + 0.1
    assert score > 0.95
    assert score == r2_score(y_test, fitted.predict(X_test))


def test_the_unit_of_the_targets_does_not_matter(friedman, fitted):
    X, X_test, y, _ = friedman
    other = DNNRegressor(hidden_units=(64, 64), random_state=0)
    other.fit(X, 1e6 * y - 3e7)
    assert np.allclose((other.predict(X_test) + 3e7) / 1e6, fitted.predict(X_test), atol=0.3)


def test_targets_are_left_as_they_are_if_asked_to_or_if_the_loss_has_a_unit(friedman):
    X, _, y, _ = friedman
    for settings in ({"target_scaling": None}, {"loss": "poisson"}, {"loss": "mape"}):
        regressor = quick(**settings, epochs=20, learning_rate=0.02).fit(X, y)
        assert regressor.target_offset_.tolist() == [0]
        assert regressor.target_scale_.tolist() == [1]
    assert quick().fit(X, y).target_offset_.tolist() == [pytest.approx(y.mean())]


@pytest.mark.parametrize("loss", ["mae", "huber", "log_cosh", "squared_error", "MeanSquaredError"])
def test_losses_by_name(friedman, loss):
    X, X_test, y, y_test = friedman
    regressor = quick(loss=loss, epochs=30, learning_rate=0.01).fit(X, y)
    assert regressor.score(X_test, y_test) > 0.6


@pytest.mark.parametrize("loss", ["poisson", "mean_squared_logarithmic_error"])
def test_losses_of_counts_have_positive_predictions(friedman, loss):
    X, X_test, y, y_test = friedman
    counts, counts_test = np.maximum(y, 0).round(), np.maximum(y_test, 0).round()
    regressor = quick(loss=loss, epochs=40, learning_rate=0.01).fit(X, counts)
    assert regressor.score(X_test, counts_test) > 0.6
    assert (regressor.predict(X_test) > 0).all()


def test_a_loss_may_be_a_function(friedman):
    X, X_test, y, y_test = friedman

    def quantile(targets, outputs):
        ops = load_keras().ops
        error = targets - outputs
        return ops.mean(ops.maximum(0.9 * error, -0.1 * error), axis=-1)

    high = quick(loss=quantile, epochs=60, learning_rate=0.01).fit(X, y)
    assert 0.8 < (y_test < high.predict(X_test)).mean() < 0.97


def test_several_targets_at_once(friedman):
    X, X_test, y, y_test = friedman
    regressor = quick(epochs=30, learning_rate=0.01).fit(X, np.stack([y, -100 * y], axis=1))
    predictions = regressor.predict(X_test)
    assert predictions.shape == (len(X_test), 2)
    assert regressor.n_outputs_ == 2
    assert regressor.score(X_test, np.stack([y_test, -100 * y_test], axis=1)) > 0.6
    with pytest.raises(ValueError, match="y has 1 columns, and had 2 before"):
        regressor.partial_fit(X, y)


def test_one_column_is_a_vector_with_a_warning(friedman):
    X, _, y, _ = friedman
    with pytest.warns(DataConversionWarning):
        regressor = quick().fit(X, y[:, None])
    assert np.array_equal(regressor.predict(X), quick().fit(X, y).predict(X))


def test_a_convolutional_network_finds_where_something_is(friedman):
    images = load_digits().images
    rows = np.arange(8)[:, None]
    heights = (images * rows).sum(axis=(1, 2)) / images.sum(axis=(1, 2))
    regressor = CNNRegressor(conv_blocks=8, hidden_units=16, epochs=10, random_state=0)
    assert regressor.fit(images[::2], heights[::2]).score(images[1::2], heights[1::2]) > 0.8


def test_early_stopping_keeps_the_best_epoch(friedman):
    X, X_test, y, y_test = friedman
    regressor = quick(epochs=200, early_stopping=True, n_iter_no_change=3, learning_rate=0.02)
    regressor.fit(X, y, X_val=X_test, y_val=y_test)
    curve = regressor.history_["val_loss"]
    assert len(curve) < 200
    assert regressor.best_epoch_ == 1 + int(np.argmin(curve))
    loss = np.mean(((regressor.predict(X_test) - y_test) / regressor.target_scale_) ** 2)
    assert loss == pytest.approx(min(curve), rel=1e-3)


def test_continuing_and_partial_fit(friedman):
    X, X_test, y, y_test = friedman
    warm = quick(warm_start=True).fit(X, y).fit(X, y)
    assert warm.n_epochs_ == 10
    online = quick(learning_rate=0.01)
    for _ in range(20):
        online.partial_fit(X, y)
    assert online.score(X_test, y_test) > 0.6


def test_weights_of_zero_leave_samples_out(friedman):
    X, _, y, _ = friedman
    wrong = np.where(np.arange(len(y)) % 2, y, 1e9)
    weighted = quick().fit(X, wrong, sample_weight=np.arange(len(y)) % 2)
    assert np.array_equal(weighted.predict(X), quick().fit(X[1::2], y[1::2]).predict(X))


def test_scikit_learns_tools(friedman):
    X, _, y, _ = friedman
    pipeline = make_pipeline(StandardScaler(), quick(epochs=20, learning_rate=0.01))
    assert cross_val_score(pipeline, X, y, cv=2).mean() > 0.5
    own_units = TransformedTargetRegressor(quick(target_scaling=None), transformer=StandardScaler())
    assert own_units.fit(X, y).score(X, y) > 0.3
    search = GridSearchCV(quick(learning_rate=0.01), {"hidden_units": [1, 32]}, cv=2)
    assert search.fit(X, y).best_params_ == {"hidden_units": 32}


def test_constant_targets_are_learned_without_a_warning(friedman):
    X = friedman[0]
    assert np.allclose(quick().fit(X, np.full(len(X), 7.0)).predict(X), 7, atol=0.5)


def test_a_network_no_better_than_a_constant_is_warned_of():
    X, y = load_diabetes(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="best constant prediction. Scale y"):
        quick(target_scaling=None, hidden_units=(), learning_rate=1e-4, epochs=10).fit(X, y)


def test_targets_that_are_scaled_already_need_no_advice_to_scale_them():
    X, y = load_diabetes(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="best constant prediction. Lower"):
        quick(hidden_units=(), learning_rate=1e-7, epochs=10).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "cross_entropy"}, "loss='cross_entropy' is unknown"),
        ({"monitor": "accuracy", "early_stopping": True}, "a regression has no accuracy"),
        ({"target_scaling": "yes"}, "target_scaling"),
        ({"validation_fraction": 0.9999}, "validation_fraction=0.9999 can't be held out"),
    ],
)
def test_unusable_settings_are_refused(friedman, settings, message):
    X, _, y, _ = friedman
    with pytest.raises(ValueError, match=message):
        quick(**settings).fit(X, y)


@pytest.mark.parametrize("targets", [["a", "b"] * 50, [np.nan] * 100, [np.inf] * 100])
def test_unusable_targets_are_refused(friedman, targets):
    with pytest.raises(ValueError, match=r"y|dtype|string"):
        quick().fit(friedman[0][:100], targets)


def test_a_network_of_ones_own_reaches_the_same(friedman):
    X, X_test, y, y_test = friedman

    def build(n_features_in, n_outputs, width=16):
        keras = load_keras()
        hidden = keras.layers.Dense(width, activation="relu")
        return keras.Sequential(
            [keras.Input((n_features_in,)), hidden, keras.layers.Dense(n_outputs)]
        )

    regressor = KerasRegressor(build, width=64, epochs=40, learning_rate=0.01, random_state=0)
    regressor.fit(X, y)
    assert regressor.score(X_test, y_test) > 0.7
    assert mean_absolute_error(y_test, regressor.predict(X_test)) < 2.5
    two = np.stack([y, 2 * y], axis=1)
    assert regressor.fit(X, two).predict(X_test).shape == (len(X_test), 2)
    with pytest.raises(ValueError, match="the network has 3 outputs, and y has 1 targets"):
        KerasRegressor(lambda: build(10, 3)).fit(X, y)
